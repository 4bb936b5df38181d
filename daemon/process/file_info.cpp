// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/file_info.hpp"

#include "core/handle.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace rwatch::process {

namespace {

std::int64_t nanoseconds(const statx_timestamp& t) noexcept {
    constexpr std::int64_t kPerSecond = 1'000'000'000;
    constexpr std::int64_t kLatest = INT64_MAX / kPerSecond - 1;
    if (t.tv_sec > kLatest || t.tv_sec < -kLatest)
        return 0; // a file system may hold anything
    return t.tv_sec * kPerSecond + t.tv_nsec;
}

} // namespace

std::optional<StatResult> stat_file(int dirfd, const char* path, int flags) noexcept {
    struct statx st {};
    if (::statx(dirfd, path, flags | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_MNT_ID, &st) != 0)
        return std::nullopt;
    StatResult out;
    out.info.id = {makedev(st.stx_dev_major, st.stx_dev_minor), st.stx_ino};
    out.info.mode = st.stx_mode;
    out.info.nlink = st.stx_nlink;
    out.info.uid = st.stx_uid;
    out.info.mtime_ns = nanoseconds(st.stx_mtime);
    out.info.ctime_ns = nanoseconds(st.stx_ctime);
    if ((st.stx_mask & STATX_MNT_ID) != 0)
        out.mount_id = st.stx_mnt_id;
    return out;
}

bool read_link(int dirfd, const char* path, std::string& out) {
    std::array<char, PATH_MAX> text; // readlink fills what is used
    const auto length = ::readlinkat(dirfd, path, text.data(), text.size());
    if (length < 0)
        return false;
    out.append(text.data(), static_cast<std::size_t>(length));
    return true;
}

std::string read_small_file(const std::string& path, std::size_t most) {
    std::string out;
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd)
        return out;
    constexpr std::size_t kStep = 4096;
    while (out.size() < most) {
        const auto had = out.size();
        out.resize(std::min(had + kStep, most));
        const auto got = ::read(fd.get(), out.data() + had, out.size() - had);
        out.resize(had + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got <= 0)
            break;
    }
    return out;
}

} // namespace rwatch::process
