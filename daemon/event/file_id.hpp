// SPDX-License-Identifier: MIT OR Apache-2.0
// Which file it is, whatever it is called.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rwatch::event {

/// A file's identity. dev as stat(2) gives st_dev.
struct FileId {
    std::uint64_t dev = 0;
    std::uint64_t ino = 0; ///< 0: unknown
    bool operator==(const FileId&) const = default;
    [[nodiscard]] explicit operator bool() const noexcept { return ino != 0; }
};

struct FileIdHash {
    std::size_t operator()(const FileId& id) const noexcept { return (id.ino ^ (id.dev << 40U)) * 0x9e3779b97f4a7c15U; }
};

struct FileInfo {
    FileId id;
    std::uint32_t mode = 0; ///< S_IFMT and permission bits
    std::uint32_t nlink = 0;
    std::uint32_t uid = 0;
    std::int64_t mtime_ns = 0, ctime_ns = 0; ///< since the epoch; 0: unknown
    bool operator==(const FileInfo&) const = default;
};

} // namespace rwatch::event
