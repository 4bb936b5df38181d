// SPDX-License-Identifier: MIT OR Apache-2.0
// What follows from the modes of files.
#include "event/fields.hpp"

#include "field_value.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <sys/stat.h>

using namespace rwatch::event;
using rwatch::test::value;

TEST_CASE("an execute bit that was not there") {
    Event event;
    event.kind = Kind::chmod;
    event.call = Call::fchmodat;
    event.has_result = true;
    const auto added = [&](std::uint32_t before, std::uint32_t after) {
        event.old_mode = before;
        event.mode = after;
        return value(event, "fs.mode.exec_added") == "true";
    };
    CHECK(added(0644, 0755));
    CHECK(added(0644, 0100));
    CHECK(added(kUnset, 0755)); // unknown before: better told than missed
    CHECK(!added(0755, 0755));
    CHECK(!added(0755, 0644));
    event.object.file.mode = S_IFDIR | 0755;
    CHECK(!added(0644, 0755)); // a directory, where x is leave to search
    event.object.file.id = {1, 2};
    event.object.file.mode = S_IFREG | 0755;
    CHECK(added(0644, 0755));
    event.result = -EPERM;
    CHECK(!added(0644, 0755));
    event.result = 0;
    event.object.file = {};
    event.kind = Kind::mknod;
    event.call = Call::mknod;
    CHECK(added(kUnset, S_IFREG | 0755));
    CHECK(added(kUnset, 0755)); // no type: a regular file
    CHECK(!added(kUnset, S_IFIFO | 0755));
    CHECK(!added(kUnset, S_IFREG | 0644));
}
