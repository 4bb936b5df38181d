// SPDX-License-Identifier: MIT OR Apache-2.0
// The mode that a file had before a chmod, where no probe tells it.
#include "process/objects.hpp"

#include "object_events.hpp"
#include "temp_dir.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdint>
#include <sys/stat.h>

using namespace rwatch;
using event::Kind;
using process::Objects;
using test::called;
using test::opened;

TEST_CASE("the mode before a chmod, for files seen before") {
    const test::TempDir dir;
    const auto file = dir.write("f", "x");
    Objects objects;
    auto e = opened(file);
    e.created = true;
    e.object.file.mode = S_IFREG | 0600;
    objects.enrich(e);

    auto chmod = called(Kind::chmod, dir.path(), "f");
    chmod.mode = 0755;
    objects.enrich(chmod);
    CHECK(chmod.old_mode == 0600);
    chmod = called(Kind::chmod, dir.path(), "f");
    chmod.mode = 0700;
    chmod.result = -EPERM;
    objects.enrich(chmod);
    CHECK(chmod.old_mode == 0755);
    chmod = called(Kind::chmod, dir.path(), "f");
    chmod.mode = 0644;
    chmod.old_mode = 0751; // the kernel knows better
    objects.enrich(chmod);
    CHECK(chmod.old_mode == 0751);

    dir.write("unseen", "x");
    chmod = called(Kind::chmod, dir.path(), "unseen");
    objects.enrich(chmod);
    CHECK(chmod.old_mode == event::kUnset);
}

TEST_CASE("the mode before a chmod, where the kernel side keeps modes too") {
    const test::TempDir dir;
    const auto file = dir.write("f", "x");
    Objects objects;
    process::ModeCache::Seen kept;
    std::uint64_t count = 0;
    objects.ask_modes({[&](const event::FileId&) { return kept; }, [&] { return count; }});
    const auto opened_as = [&](std::uint32_t mode, std::uint64_t at) {
        auto e = opened(file);
        e.created = true;
        e.object.file.mode = S_IFREG | mode;
        e.boot_ns = at;
        objects.enrich(e);
    };
    const auto before = [&](std::uint64_t at) {
        auto e = called(Kind::chmod, dir.path(), "f");
        e.mode = 0755;
        e.result = -EPERM;
        e.boot_ns = at;
        objects.enrich(e);
        return e.old_mode;
    };
    opened_as(0755, 100);
    CHECK(before(200) == 0755);
    kept = {0644, 150};
    CHECK(before(200) == 0644);
    CHECK(before(140) == event::kUnset); // what was kept then is overwritten
    opened_as(0711, 160);
    CHECK(before(200) == 0711);
    kept = {};
    count = Objects::kModesKept + 1; // another file may have got the number since, and that be forgotten
    CHECK(before(200) == event::kUnset);
    opened_as(0600, 300);
    count *= 2;
    CHECK(before(400) == 0600);
}

TEST_CASE("the memory of modes is bounded and keeps the last") {
    process::ModeCache cache;
    for (std::uint64_t ino = 1; ino <= 1'000'000; ++ino)
        cache.put({1, ino}, {static_cast<std::uint32_t>(ino & 0777U), ino});
    CHECK(cache.find({1, 1'000'000}).mode == (1'000'000 & 0777U));
    CHECK(cache.find({1, 1}).mode == event::kUnset);
    cache.put({1, 1'000'000}, {0, 7});
    CHECK(cache.find({1, 1'000'000}).mode == 0);
    CHECK(cache.find({1, 1'000'000}).at_ns == 7);
    CHECK(cache.find({2, 1'000'000}).mode == event::kUnset);
}
