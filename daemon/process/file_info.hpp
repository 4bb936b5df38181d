// SPDX-License-Identifier: MIT OR Apache-2.0
// statx(2) in the terms of events. Never waits for a server: what the kernel has cached is good enough for an identity.
#pragma once

#include "event/event.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace rwatch::process {

struct StatResult {
    event::FileInfo info;
    std::uint64_t mount_id = 0; ///< as in mountinfo; 0: the kernel does not tell (before 5.8)
};

/// flags: AT_*; AT_STATX_DONT_SYNC and AT_NO_AUTOMOUNT are added. Nothing where the file can't be reached.
[[nodiscard]] std::optional<StatResult> stat_file(int dirfd, const char* path, int flags) noexcept;

/// The link's text, appended to `out`; false (and nothing appended) where it can't be read.
bool read_link(int dirfd, const char* path, std::string& out);

/// At most `most` bytes of a file; "" where it can't be read. For files of /proc, whose size is told as 0.
[[nodiscard]] std::string read_small_file(const std::string& path, std::size_t most);

} // namespace rwatch::process
