// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/users.hpp"

#include "temp_dir.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

using rwatch::process::Users;

TEST_CASE("names of users and groups") {
    const rwatch::test::TempDir dir;
    const auto passwd = dir.write("passwd", "root:x:0:0:root:/root:/bin/bash\n"
                                            "toor:x:0:0::/root:/bin/sh\n"
                                            "# a remark\n"
                                            "broken\n"
                                            ":x:7:7::/:\n"
                                            "huge:x:99999999999:1::/:\n"
                                            "text:x:1x:1::/:\n"
                                            "alice:x:1000:1000::/home/alice:/bin/bash");
    const auto group = dir.write("group", "root:x:0:\nwheel:x:10:alice\n");
    Users users(passwd, group);

    CHECK(users.directory().user(0) == "root");
    CHECK(users.directory().user(1000) == "alice");
    CHECK(users.directory().user(7).empty());
    CHECK(users.directory().user(1).empty());
    CHECK(users.directory().user(4294967295U).empty());
    CHECK(users.directory().group(10) == "wheel");
    CHECK(users.directory().group(1000).empty());
    CHECK_FALSE(users.refresh_if_changed());

    SECTION("a changed file is read again, and seen once adopted") {
        dir.write("new", "root:x:0:0::/:\nbob:x:1001:1001::/home/bob:/bin/bash\n");
        std::filesystem::rename(dir.at("new"), passwd);
        CHECK(users.refresh_if_changed());
        CHECK(users.directory().user(1001).empty());
        users.adopt();
        CHECK(users.directory().user(1001) == "bob");
        CHECK(users.directory().user(1000).empty());
        CHECK_FALSE(users.refresh_if_changed());
    }
    SECTION("two changes before they are adopted: the last one counts") {
        dir.write("group", "a:x:1:\n");
        CHECK(users.refresh_if_changed());
        dir.write("group", "ab:x:1:\n");
        CHECK(users.refresh_if_changed());
        users.adopt();
        CHECK(users.directory().group(1) == "ab");
    }
    SECTION("a file that is gone is empty") {
        std::filesystem::remove(passwd);
        CHECK(users.refresh_if_changed());
        users.adopt();
        CHECK(users.directory().user(0).empty());
        CHECK(users.directory().group(0) == "root");
    }
}
