// SPDX-License-Identifier: MIT OR Apache-2.0
// Files that rules mean by a pattern, against the real file system.
#include "process/watch_list.hpp"

#include "object_events.hpp"
#include "process/objects.hpp"
#include "temp_dir.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

using namespace rwatch;
using process::Objects;
using test::opened;

namespace fs = std::filesystem;

TEST_CASE("a hard link to a file that fits a rule's pattern is that file, also when its first name is gone") {
    const test::TempDir dir;
    const auto key = dir.write("home/alice/.ssh/id_rsa", "x");
    dir.write("home/alice/.ssh/known_hosts", "x");
    fs::create_hard_link(key, dir.at("innocent"));
    fs::create_hard_link(key, dir.at("spare"));
    fs::create_hard_link(dir.at("home/alice/.ssh/known_hosts"), dir.at("other"));
    const auto star = dir.write("literal*", "x");
    fs::create_hard_link(star, dir.at("star"));
    Objects objects;
    const std::vector<std::string> watched{dir.at("home/*/.ssh/id_*"), dir.at("literal\\*"), "/proc/*/mem",
                                           "/*/*/*/none", "relative*"};
    objects.set_watched(watched);
    const auto name_of = [&](const std::string& path) {
        auto e = opened(path);
        objects.enrich(e);
        return std::string(e.object.name);
    };
    CHECK(name_of(dir.at("innocent")) == key);
    CHECK(name_of(dir.at("other")) == dir.at("other"));
    CHECK(name_of(dir.at("star")) == star);

    fs::remove(key);
    CHECK(name_of(dir.at("innocent")) == key);
    objects.set_watched(watched); // looked up again, as at a reload
    CHECK(name_of(dir.at("innocent")) == key);
    const auto later = dir.write("home/bob/.ssh/id_rsa", "x");
    fs::create_hard_link(later, dir.at("late"));
    CHECK(name_of(dir.at("late")) == dir.at("late"));
    objects.set_watched(watched);
    CHECK(name_of(dir.at("late")) == later);
    objects.set_watched(std::vector<std::string>{dir.at("none*")}); // other rules
    CHECK(name_of(dir.at("innocent")) == dir.at("innocent"));
}

TEST_CASE("what fits a pattern is not looked for where a server may never answer") {
    const test::TempDir dir;
    for (const auto* name : {"near/home/bob/.ssh/id_rsa", "far/home/bob/.ssh/id_rsa", "mixed/home/bob/.ssh/id_rsa"})
        dir.write(name, "x");
    const auto names_with = [&](const std::string& type) {
        const auto mount = [&](const std::string& point) {
            return "30 26 0:40 / " + dir.at(point) + " rw - " + type + " x rw\n";
        };
        dir.write("proc/self/mountinfo", "26 1 0:39 / / rw - nfs4 x rw\n" + mount("far/home") +
                                             mount("mixed/home/carol") + mount("near/other") +
                                             mount("near/home/bob/.ssh/id_rsa/below"));
        fs::remove(dir.at("proc/self/root"));
        fs::create_directory_symlink("/", dir.at("proc/self/root"));
        std::vector<std::string> patterns;
        for (const auto* root : {"near", "far", "mixed"})
            patterns.push_back(dir.at(root) + "/home/*/.ssh/id_*");
        patterns.push_back(dir.at("far/home/bob/.ssh/id_rsa")); // named whole, it is looked up
        return Objects::look_up(patterns, dir.at("proc"))->size();
    };
    CHECK(names_with("ext4") == 3);
    for (const auto* type : {"nfs4", "autofs", "fuse.sshfs"})
        CHECK(names_with(type) == 2);
}
