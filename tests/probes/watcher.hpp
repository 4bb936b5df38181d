// SPDX-License-Identifier: MIT OR Apache-2.0
// What the probe tests share: one attached sensor, children that make exactly the calls under test, and their records
// with the strings taken out. The machine is never quiet, so a test looks at the records of its own child alone.
#pragma once

#include "ebpf/abi/rwatch_abi.h"
#include "sensor/bpf_source.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <vector>

namespace rwatch::test {

/// A copy of one record.
class Record {
  public:
    explicit Record(std::span<const std::byte> bytes) : bytes_(bytes.begin(), bytes.end()) {}
    [[nodiscard]] const rw_common& common() const { return as<rw_common>(); }
    template <typename T> [[nodiscard]] const T& as() const { return *reinterpret_cast<const T*>(bytes_.data()); }
    [[nodiscard]] std::string text(rw_str s) const {
        return {reinterpret_cast<const char*>(bytes_.data()) + s.off, s.len};
    }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

  private:
    std::vector<std::byte> bytes_;
};

using Records = std::vector<Record>;

/// How many alternatives the sensor leaves out: from RWATCH_PROBE_SKIP, so that the same tests run on the older ways.
[[nodiscard]] std::size_t skipped_alternatives();
/// True where the sensor is not on its best alternatives: then paths end at 64 components and calls of fork have no
/// name.
[[nodiscard]] bool older();

/// True where calls of this kind (enum rw_kind) pass a hook that names their object; else its record has names as
/// passed.
[[nodiscard]] bool objects_seen(unsigned kind);

/// The sensor of all tests; fails the test where it can't be opened.
[[nodiscard]] sensor::BpfSource& watcher();

/// Memory that a child writes for its parent, zeroed at the start of each run().
struct Shared {
    std::uint64_t numbers[32];
    char text[8192];
};
[[nodiscard]] Shared& shared();

struct Run {
    pid_t pid = 0;
    int status = 0;  ///< as wait(2)
    Records records; ///< of the child, the last is its exit
    /// Those of one kind.
    [[nodiscard]] Records of(unsigned kind) const;
    /// Of that kind, the one whose name as passed (raw, or raw2) is this.
    [[nodiscard]] const Record& named(unsigned kind, const std::string& raw) const;
};

/// Forks, runs `body` in the child (its result is the exit code), waits, and collects what the sensor saw of it.
Run run(const std::function<int()>& body);
/// The records of one process, up to its exit. Fails the test if none comes within seconds.
[[nodiscard]] Records records_of(std::uint32_t pid);

/// A directory of the test's own, removed with what is in it.
class Directory {
  public:
    Directory();
    ~Directory();
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    [[nodiscard]] std::string path(const std::string& name = "") const {
        return name.empty() ? path_ : path_ + "/" + name;
    }
    /// Makes a file of that name.
    std::string file(const std::string& name, mode_t mode = 0644) const;
    std::string directory(const std::string& name) const;

  private:
    std::string path_;
};

[[nodiscard]] struct stat stat_of(const std::string& path);

/// A control group (v2) of the test's own, removed at the end: nothing may be left in it.
class ControlGroup {
  public:
    /// name: below the root of the hierarchy, with '/' between levels.
    explicit ControlGroup(const std::string& name);
    ~ControlGroup();
    ControlGroup(const ControlGroup&) = delete;
    ControlGroup& operator=(const ControlGroup&) = delete;
    [[nodiscard]] std::uint64_t id() const { return stat_of(path_).st_ino; }
    /// Moves the calling process into it.
    void enter() const;

  private:
    std::string root_, path_;
};

/// s_dev as the kernel encodes it.
[[nodiscard]] std::uint32_t kernel_dev(dev_t dev);
[[nodiscard]] std::string read_file(const std::string& path);
/// Checks a record's file against stat(2).
void check_file(const rw_file& file, const struct stat& expected);

} // namespace rwatch::test
