// SPDX-License-Identifier: MIT OR Apache-2.0
// What /proc tells of a process: for those that ran before us, and for those whose events were lost. Everything may
// vanish between two reads.
#pragma once

#include "event/event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::process {

inline constexpr std::size_t kMaxArgv = 16384; ///< bytes of argv kept, as the probes do

struct ProcInfo {
    event::Process process; ///< parent and placement null; start_ns a whole number of ticks
    std::string cgroup;     ///< text of /proc/PID/cgroup; "" unknown
};

/// What is asked of /proc/PID/stat.
struct ProcStat {
    std::string comm;
    std::uint32_t ppid = 0, sid = 0, tty = 0;
    std::uint64_t start_ticks = 0;
    char state = '?';
};

/// The text of /proc/PID/stat; comm may hold any byte, parentheses and newlines too.
[[nodiscard]] std::optional<ProcStat> parse_proc_stat(std::string_view text);

/// comm, and the arguments but the first, separated by blanks.
[[nodiscard]] std::string compose_cmdline(std::string_view comm, std::string_view argv);

class ProcReader {
  public:
    explicit ProcReader(std::string root = "/proc");

    /// Nothing where there is no such process. Fields that can't be read (no rights, hidepid, a kernel thread) stay
    /// empty.
    [[nodiscard]] std::optional<ProcInfo> read(std::uint32_t pid) const;
    /// Start of a process in ticks; nothing where there is none.
    [[nodiscard]] std::optional<std::uint64_t> start_ticks(std::uint32_t pid) const;
    /// All processes that can be seen, at most `most`.
    [[nodiscard]] std::vector<std::uint32_t> pids(std::size_t most) const;

    /// Boot-clock nanoseconds to the ticks in which /proc tells the start of a process.
    [[nodiscard]] std::uint64_t ticks(std::uint64_t ns) const noexcept { return ns / tick_ns_; }
    [[nodiscard]] std::uint64_t tick_ns() const noexcept { return tick_ns_; }

  private:
    void read_exe(const std::string& directory, event::Process& out) const;
    void read_status(const std::string& directory, event::Process& out) const;

    std::string root_;
    std::uint64_t tick_ns_;
};

} // namespace rwatch::process
