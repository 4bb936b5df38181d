// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/units.hpp"

#include "temp_dir.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace rwatch;
using process::Units;

namespace {

std::uint64_t inode(const std::string& path) {
    struct stat st {};
    REQUIRE(::stat(path.c_str(), &st) == 0);
    return st.st_ino;
}

/// Where cgroup v2 is mounted on this machine; "" where it is not, or where we may not make groups.
std::string real_mount() {
    std::ifstream mounts("/proc/self/mounts");
    for (std::string line; std::getline(mounts, line);) {
        const auto first = line.find(' ');
        const auto second = line.find(' ', first + 1);
        if (line.compare(second + 1, 8, "cgroup2 ") == 0)
            return line.substr(first + 1, second - first - 1);
    }
    return {};
}

} // namespace

TEST_CASE("the path in /proc/PID/cgroup") {
    using process::cgroup_in;
    CHECK(cgroup_in("0::/system.slice/x.service\n") == "/system.slice/x.service");
    CHECK(cgroup_in("0::/system.slice/x.service (deleted)\n") == "/system.slice/x.service");
    CHECK(cgroup_in("5:memory:/m\n1:name=systemd:/system.slice/x.service\n0::/\n") == "/system.slice/x.service");
    CHECK(cgroup_in("1:name=systemd:/a\n0::/b\n") == "/b");
    CHECK(cgroup_in("5:memory:/m\n0::/\n") == "/");
    CHECK(cgroup_in("").empty());
    CHECK(cgroup_in("garbage\n::\n").empty());
}

TEST_CASE("a group by its number, found by a walk") {
    const test::TempDir dir;
    dir.write("proc/self/cgroup", "0::/\n");
    std::filesystem::create_directories(dir.at("cg/system.slice/nginx.service"));
    Units units(dir.at("proc"), dir.at("cg"));
    const auto id = inode(dir.at("cg/system.slice/nginx.service"));
    const auto use = units.find(id, 0);
    REQUIRE(use.get() != nullptr);
    CHECK(use.get()->unit == "nginx.service");
    CHECK(use.get()->cgroup == "/system.slice/nginx.service");
    CHECK(units.find(id, 0).get() == use.get());
    CHECK(units.size() == 1);

    std::uint64_t same = 0;
    CHECK(units.find("/system.slice/nginx.service", same).get() == use.get());
    CHECK(same == id);
    CHECK(units.find(0, 1).get() == nullptr);
}

TEST_CASE("a group that is gone is known by its process, also at the second try") {
    const test::TempDir dir;
    dir.write("proc/self/cgroup", "0::/\n");
    std::filesystem::create_directories(dir.at("cg"));
    Units units(dir.at("proc"), dir.at("cg"));
    constexpr std::uint64_t kGone = 987'654'321;
    CHECK(units.find(kGone, 7).get() == nullptr);
    CHECK(units.unresolved() == 1);
    dir.write("proc/7/cgroup", "0::/user.slice/user-0.slice/session-9.scope (deleted)\n");
    const auto use = units.find(kGone, 7);
    REQUIRE(use.get() != nullptr);
    CHECK(use.get()->session == "9");
}

TEST_CASE("what the kernel told of a group that is gone needs no one else") {
    const test::TempDir dir;
    dir.write("proc/self/cgroup", "0::/\n");
    std::filesystem::create_directories(dir.at("cg"));
    Units units(dir.at("proc"), dir.at("cg"));
    constexpr std::uint64_t kGone = 987'654'321, kOther = 987'654'322;
    units.learn(kGone, "gone.service/system.slice/");
    const auto use = units.find(kGone, 7);
    REQUIRE(use.get() != nullptr);
    CHECK(use.get()->unit == "gone.service");
    CHECK(use.get()->slice == "system.slice");
    CHECK(use.get()->cgroup == "/system.slice/gone.service");
    // Learned late, and by those that held it as unknown.
    const auto unknown = units.find(kOther, 7);
    CHECK(unknown.get() == nullptr);
    units.learn(kOther, "session-4.scope/user-0.slice/user.slice/");
    REQUIRE(unknown.get() != nullptr);
    CHECK(unknown.get()->session == "4");
    units.learn(kOther, "other.service/");
    CHECK(unknown.get()->session == "4");
    units.learn(0, "x/");
    units.learn(5, "");
    CHECK(units.size() == 2);
}

TEST_CASE("a process that has moved on does not name the group it came from") {
    const test::TempDir dir;
    dir.write("proc/self/cgroup", "0::/\n");
    std::filesystem::create_directories(dir.at("cg/new.slice"));
    dir.write("proc/7/cgroup", "0::/new.slice\n");
    Units units(dir.at("proc"), dir.at("cg"));
    CHECK(units.find(987'654'321, 7).get() == nullptr);
}

TEST_CASE("systemd on cgroup v1") {
    const test::TempDir dir;
    dir.write("proc/self/cgroup", "3:cpu:/\n1:name=systemd:/init.scope\n");
    dir.write("proc/7/cgroup", "3:cpu:/\n1:name=systemd:/system.slice/cron.service\n");
    dir.write("proc/8/cgroup", "3:cpu:/\n1:name=systemd:/system.slice/cron.service\n");
    Units units(dir.at("proc"));
    const auto use = units.find(1, 7);
    REQUIRE(use.get() != nullptr);
    CHECK(use.get()->unit == "cron.service");
    CHECK(units.find(1, 8).get() == use.get());
    // Gone: in the root as far as can be told.
    const auto gone = units.find(1, 9);
    REQUIRE(gone.get() != nullptr);
    CHECK(gone.get()->unit.empty());
}

TEST_CASE("memory is bounded; what is in use stays") {
    const test::TempDir dir;
    dir.write("proc/self/cgroup", "0::/\n");
    constexpr std::size_t kRoom = 100;
    Units units(dir.at("proc"), dir.at("none"), kRoom);
    std::uint64_t id = 0;
    const auto kept = units.find("/kept.slice", id);
    for (int i = 0; i < 1000; ++i)
        (void)units.find("/s" + std::to_string(i) + ".slice", id);
    CHECK(units.size() <= kRoom);
    CHECK(units.evicted() == 1001 - kRoom);
    REQUIRE(kept.get() != nullptr);
    CHECK(kept.get()->slice == "kept.slice");

    std::vector<Units::Use> uses;
    for (int i = 0; i < 300; ++i)
        uses.push_back(units.find("/u" + std::to_string(i) + ".slice", id));
    CHECK(units.size() <= kRoom);
    CHECK(uses.back().get() == nullptr); // no room, and said so
}

TEST_CASE("a real cgroup, by handle") {
    const auto mount = real_mount();
    const auto path = mount + "/rwatch-test-" + std::to_string(::getpid()) + ".slice";
    if (mount.empty() || ::geteuid() != 0 || ::mkdir(path.c_str(), 0755) != 0) {
        WARN("cgroup v2 is not mounted or not writable here: not tried");
        return;
    }
    const auto id = inode(path);
    {
        Units units;
        const auto use = units.find(id, 0);
        REQUIRE(use.get() != nullptr);
        CHECK(use.get()->slice == "rwatch-test-" + std::to_string(::getpid()) + ".slice");
        CHECK(units.unresolved() == 0); // the handle was enough, no walk
    }
    REQUIRE(::rmdir(path.c_str()) == 0);
    Units units;
    CHECK(units.find(id, 0).get() == nullptr);
}
