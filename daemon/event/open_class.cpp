// SPDX-License-Identifier: MIT OR Apache-2.0
#include "event/open_class.hpp"

#include "event/call_class.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <sys/stat.h>

namespace rwatch::event {

namespace {

constexpr std::array<std::string_view, kOpenClasses> kNames{"read",   "directory", "path",    "write",
                                                            "create", "program",   "refused", "failed"};

constexpr std::array<std::string_view, 11> kFields{"evt.failed",       "evt.is_io_uring",   "evt.is_open_create",
                                                   "evt.is_open_read", "evt.is_open_write", "evt.rawres",
                                                   "evt.res",          "fd.created",        "fd.num",
                                                   "fd.type",          "fd.typechar"};
constexpr std::array<std::string_view, 2> kModeFields{"fs.mode", "fs.mode.exec_added"};
constexpr std::uint32_t kProgramBits = 07111, kOtherBits = 0666;

constexpr std::array<std::uint32_t, 7> kTypes{S_IFREG, S_IFDIR, S_IFIFO, S_IFCHR, S_IFBLK, S_IFSOCK, S_IFLNK};
constexpr std::array<std::uint32_t, 5> kAccesses{O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE, O_PATH};

bool is_refusal(std::int64_t result) noexcept {
    return result == -EACCES || result == -EPERM;
}

/// Results that the class can have, with those of `more` that it can.
std::vector<std::int64_t> results_of(OpenClass one, std::span<const std::int64_t> more) {
    std::vector<std::int64_t> all{0, std::numeric_limits<std::int32_t>::max()};
    for (std::int64_t error = 1; error <= kLastErrno; ++error)
        all.push_back(-error);
    all.insert(all.end(), more.begin(), more.end());
    std::erase_if(all, [one](std::int64_t result) {
        if (result > std::numeric_limits<std::int32_t>::max() || result < std::numeric_limits<std::int32_t>::min())
            return true;
        if (one == OpenClass::refused)
            return !is_refusal(result);
        if (one == OpenClass::failed)
            return result >= 0 || is_refusal(result);
        return result < 0;
    });
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

} // namespace

OpenClass open_class(const Event& event) noexcept {
    if (is_refusal(event.result))
        return OpenClass::refused;
    if (event.result < 0)
        return OpenClass::failed;
    if (event.created)
        return (event.object.file.mode & kProgramBits) != 0 ? OpenClass::program : OpenClass::create;
    const auto access = event.open_flags & O_ACCMODE;
    if ((event.open_flags & O_PATH) != 0 || access == O_ACCMODE)
        return OpenClass::path;
    if (access != O_RDONLY)
        return OpenClass::write;
    return S_ISDIR(event.object.file.mode) ? OpenClass::directory : OpenClass::read;
}

std::string_view name_of(OpenClass one) noexcept {
    return one < OpenClass::count ? kNames[static_cast<std::size_t>(one)] : std::string_view{};
}

bool is_told_by(OpenClass one, std::string_view field) noexcept {
    const auto in = [field](const auto& list) { return std::find(list.begin(), list.end(), field) != list.end(); };
    return in(kFields) || (one != OpenClass::program && in(kModeFields));
}

std::vector<Event> samples_of(OpenClass one, std::span<const std::int64_t> results) {
    std::vector<Event> out;
    Event event;
    event.kind = Kind::open;
    event.call = Call::openat;
    event.has_result = true;
    event.object.file.id = {1, 1};
    const auto all = results_of(one, results);
    event.result = all.front();
    const auto add = [&] {
        if (open_class(event) == one)
            out.push_back(event);
    };
    // No field of is_told_by() depends on the number of the result and on anything else.
    for (const bool created : {false, true})
        for (const auto type : kTypes)
            for (const auto access : kAccesses)
                for (const auto mode : {0644U, 0755U}) {
                    event.created = created && event.result >= 0;
                    event.object.file.mode = type | mode;
                    event.open_flags = access;
                    add();
                }
    event = out.front();
    for (const auto result : all) {
        event.result = result;
        add();
    }
    if (one != OpenClass::create)
        return out;
    event.result = 0;
    event.created = true;
    for (std::uint32_t mode = 0; mode <= kOtherBits; ++mode) {
        event.object.file.mode = S_IFREG | mode;
        if ((mode & ~kOtherBits) == 0)
            add();
    }
    return out;
}

} // namespace rwatch::event
