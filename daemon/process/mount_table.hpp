// SPDX-License-Identifier: MIT OR Apache-2.0
// The mounts of one namespace, from mountinfo (proc(5)): which file systems there are, and under which name the host
// knows a file that somebody reaches through a bind mount.
#pragma once

#include "core/handle.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rwatch::process {

struct Mount {
    std::uint64_t id = 0;
    std::uint64_t dev = 0; ///< as stat(2)
    std::string root;      ///< of the mount within its file system
    std::string point;
    std::string type;
};

inline constexpr std::size_t kMaxMountinfo = 32U << 20U; ///< bytes read; 100,000 mounts is the kernel's own limit
inline constexpr std::size_t kMaxMounts = 100'000;

/// Lines that are no mount are left out.
[[nodiscard]] std::vector<Mount> parse_mountinfo(std::string_view text);

class MountTable {
  public:
    /// file: "/proc/1/mountinfo". One that can't be read is an empty table.
    explicit MountTable(std::string file);

    /// Readable in the sense of POLLPRI|POLLERR when mounts have changed; -1 where there is none.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    /// Reads again.
    void refresh();

    [[nodiscard]] std::span<const Mount> mounts() const noexcept { return mounts_; }
    [[nodiscard]] const Mount* by_id(std::uint64_t id) const noexcept;

    /// Mounts of file systems as a whole, in the order in which append_name() prefers them.
    [[nodiscard]] std::vector<const Mount*> whole() const;

    /// Appends the host's name of `inside` (an absolute path within the file system `dev`) to `out`; false where no
    /// mount shows it. Of several mounts that show it: the one of the whole file system; else the earliest, so that a
    /// bind mount made later never hides the original.
    bool append_name(std::uint64_t dev, std::string_view inside, std::string& out) const;

  private:
    std::string file_;
    Fd fd_;
    std::vector<Mount> mounts_;
    std::unordered_map<std::uint64_t, std::size_t> by_id_;
    std::unordered_map<std::uint64_t, std::vector<std::size_t>> by_dev_;
};

} // namespace rwatch::process
