// SPDX-License-Identifier: MIT OR Apache-2.0
// What there is to know of the running kernel before probes are loaded. Private to the loader.
#pragma once

#include <cstdint>
#include <string>

namespace rwatch::sensor {

[[nodiscard]] bool exists(const std::string& path);

/// Folder of the tracepoints of system calls; "" where tracefs is not mounted.
[[nodiscard]] std::string tracefs_events();
/// Mounts tracefs where systemd would, if it is nowhere. Gives what is wrong, "" for nothing.
[[nodiscard]] std::string ensure_tracefs();

/// What the kernel says to programs on functions, as errno; 0: it takes them.
[[nodiscard]] int fentry_refused();
[[nodiscard]] bool has_kprobes();
[[nodiscard]] bool is_kernel_since(unsigned major_number, unsigned minor_number);

/// Inode of the root of cgroup v2 as this process sees it, which is the group's id; 0 where v2 is not mounted at the
/// usual places.
[[nodiscard]] std::uint64_t cgroup_root() noexcept;

} // namespace rwatch::sensor
