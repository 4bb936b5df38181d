// SPDX-License-Identifier: MIT OR Apache-2.0
// Names through mounts: the way up, and for a bind mount what it is a part of.
#include "watcher.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

bool own_mounts() {
    return ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

bool bind(const std::string& from, const std::string& to) {
    return ::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

int open_all(const std::vector<std::string>& paths) {
    int bad = 0;
    for (const auto& path : paths)
        bad += ::syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY) < 0 ? 1 : 0;
    return bad;
}

/// The path within the file system that /tmp's mount is of.
std::string within(const std::string& path) {
    static const bool own = stat_of("/tmp").st_dev != stat_of("/").st_dev;
    return own ? path.substr(std::string("/tmp").size()) : path;
}

} // namespace

TEST_CASE("mounts: a directory bound elsewhere") {
    const Directory directory;
    const auto source = directory.directory("source");
    const auto place = directory.directory("place");
    const auto file = directory.file("source/subject");
    directory.directory("source/sub");
    directory.file("source/sub/inner");
    const auto seen = place + "/subject";
    const auto inner = place + "/sub/inner";
    const auto result = run([&] {
        return own_mounts() && bind(source, place) ? open_all({seen, inner, place, file}) : 99;
    });
    REQUIRE(result.status == 0);
    const auto& record = result.named(RW_OPEN, seen);
    const auto& open = record.as<rw_open>();
    CHECK(record.text(open.path.path) == seen);
    CHECK(record.text(open.path.root) == within(source));
    CHECK(open.path.mnt == place.size());
    check_file(open.file, stat_of(file));
    const auto& below = result.named(RW_OPEN, inner);
    CHECK(below.text(below.as<rw_open>().path.path) == inner);
    CHECK(below.as<rw_open>().path.mnt == place.size());
    // The mount point itself: all of the name is the mount's.
    const auto& top = result.named(RW_OPEN, place);
    CHECK(top.text(top.as<rw_open>().path.path) == place);
    CHECK(top.text(top.as<rw_open>().path.root) == within(source));
    CHECK(top.as<rw_open>().path.mnt == place.size());
    // The original name has nothing of it.
    CHECK(result.named(RW_OPEN, file).as<rw_open>().path.root.len == 0);
}

TEST_CASE("mounts: a file bound on a file") {
    const Directory directory;
    const auto source = directory.file("secret");
    const auto place = directory.file("harmless");
    const auto result = run([&] { return own_mounts() && bind(source, place) ? open_all({place}) : 99; });
    REQUIRE(result.status == 0);
    const auto& record = result.named(RW_OPEN, place);
    const auto& open = record.as<rw_open>();
    CHECK(record.text(open.path.path) == place);
    CHECK(record.text(open.path.root) == within(source));
    CHECK(open.path.mnt == open.path.path.len);
    check_file(open.file, stat_of(source));
}

TEST_CASE("mounts: file systems in each other, and a bind within") {
    const Directory directory;
    const auto outer = directory.directory("outer");
    const auto place = directory.directory("place");
    const auto file = outer + "/a/inner/b/subject";
    const auto bound = place + "/b/subject";
    const auto result = run([&] {
        if (!own_mounts() || ::mount("none", outer.c_str(), "tmpfs", 0, nullptr) != 0)
            return 99;
        const auto inner = outer + "/a/inner";
        if (::mkdir((outer + "/a").c_str(), 0755) != 0 || ::mkdir(inner.c_str(), 0755) != 0 ||
            ::mount("none", inner.c_str(), "tmpfs", 0, nullptr) != 0 || ::mkdir((inner + "/b").c_str(), 0755) != 0 ||
            ::close(::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) != 0 || !bind(inner, place))
            return 98;
        return open_all({bound});
    });
    REQUIRE(result.status == 0);
    const auto& record = result.named(RW_OPEN, file);
    CHECK(record.text(record.as<rw_open>().path.path) == file);
    CHECK(record.as<rw_open>().path.root.len == 0);
    // The bind's root is its file system's root: another mount of the same, not a part.
    const auto& again = result.named(RW_OPEN, bound);
    CHECK(again.text(again.as<rw_open>().path.path) == bound);
    CHECK(again.as<rw_open>().path.root.len == 0);
    CHECK(again.as<rw_open>().file.ino == record.as<rw_open>().file.ino);
}

TEST_CASE("mounts: a bind mount as the root of the namespace") {
    const Directory directory;
    const auto root = directory.directory("root");
    directory.directory("root/old");
    directory.file("root/subject");
    const auto result = run([&] {
        if (!own_mounts() || !bind(root, root) || ::chdir(root.c_str()) != 0 ||
            ::syscall(SYS_pivot_root, ".", "old") != 0 || ::chdir("/") != 0 || ::umount2("/old", MNT_DETACH) != 0)
            return 99;
        ::syscall(SYS_openat, AT_FDCWD, "/missing", O_RDONLY);
        return open_all({"/subject", "/"});
    });
    REQUIRE(result.status == 0);
    const auto& record = result.named(RW_OPEN, "/subject");
    CHECK(record.text(record.as<rw_open>().path.path) == "/subject");
    CHECK(record.text(record.as<rw_open>().path.root) == within(root));
    CHECK(record.as<rw_open>().path.mnt == 0);
    const auto& top = result.named(RW_OPEN, "/");
    CHECK(top.text(top.as<rw_open>().path.path) == "/");
    CHECK(top.text(top.as<rw_open>().path.root) == within(root));
    CHECK(top.as<rw_open>().path.mnt == 1);
    CHECK(result.named(RW_OPEN, "/missing").as<rw_open>().base.path.len == 0);
}

TEST_CASE("mounts: a mount taken away under an open directory") {
    const Directory directory;
    const auto place = directory.directory("place");
    const auto result = run([&] {
        if (!own_mounts() || ::mount("none", place.c_str(), "tmpfs", 0, nullptr) != 0)
            return 99;
        const int dfd = ::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dfd < 0 || ::umount2(place.c_str(), MNT_DETACH) != 0)
            return 98;
        return ::syscall(SYS_openat, dfd, "left", O_CREAT | O_RDWR, 0600) < 0 ? 1 : 0;
    });
    REQUIRE(result.status == 0);
    const auto& record = result.named(RW_OPEN, "left");
    CHECK(record.text(record.as<rw_open>().path.path) == "/left"); // all that is left of the way
    CHECK(record.as<rw_open>().file.ino != 0);
}
