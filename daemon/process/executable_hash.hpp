// SPDX-License-Identifier: MIT OR Apache-2.0
// SHA-256 of what a process runs. May wait for a disk.
#pragma once

#include "process/lookups.hpp"

#include <atomic>
#include <cstdint>
#include <string>

namespace rwatch::process {

inline constexpr std::uint64_t kMaxHashed = 512U << 20U; ///< bytes; larger files are not hashed

/// Lower-case hex digits; "" where the file is gone, is another version by now, is too large, or `stop` became true.
/// By /proc/PID/exe, else by the path below proc_root/1/root or our own root.
[[nodiscard]] std::string hash_executable(const HashQuestion& question, const std::string& proc_root,
                                          const std::atomic<bool>& stop);

} // namespace rwatch::process
