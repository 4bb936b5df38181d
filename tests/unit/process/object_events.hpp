// SPDX-License-Identifier: MIT OR Apache-2.0
// Events of the test's own process about real files.
#pragma once

#include "event/event.hpp"
#include "process/file_info.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace rwatch::test {

inline event::FileInfo info(const std::string& path) {
    const auto st = process::stat_file(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW);
    REQUIRE(st);
    return st->info;
}

/// An event of this very process.
inline event::Event make(event::Kind kind) {
    event::Event e;
    e.kind = kind;
    e.pid = e.tid = static_cast<std::uint32_t>(::getpid());
    struct stat st {};
    REQUIRE(::stat("/proc/self/ns/mnt", &st) == 0);
    e.mntns = static_cast<std::uint32_t>(st.st_ino);
    e.has_result = true;
    e.dfd = e.dfd2 = AT_FDCWD;
    return e;
}

/// Text that lives as long as the tests: events only point.
inline std::string_view keep(std::string_view text) {
    static std::deque<std::string> texts;
    return texts.emplace_back(text);
}

inline event::Event opened(const std::string& path) {
    auto e = make(event::Kind::open);
    e.object.name = keep(path);
    e.object.file = info(path);
    e.result = 3;
    return e;
}

/// A call by path: base is the working directory as the kernel tells it.
inline event::Event called(event::Kind kind, std::string_view base, std::string_view raw, std::string_view raw2 = {}) {
    auto e = make(kind);
    e.object.base = e.target.base = keep(base);
    e.object.raw = keep(raw);
    e.target.raw = keep(raw2);
    return e;
}

} // namespace rwatch::test
