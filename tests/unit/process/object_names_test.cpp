// SPDX-License-Identifier: MIT OR Apache-2.0
// Names of path-based calls against the real file system.
#include "process/objects.hpp"

#include "object_events.hpp"
#include "temp_dir.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace rwatch;
using event::Kind;
using process::Objects;
using test::called;
using test::info;
using test::make;

namespace fs = std::filesystem;

namespace {

/// A symbolic link that was followed before. A walk within the kernel's cache does not go through one whose time of
/// access is still to be written ("relatime"); the call that an event tells of wrote it.
void make_followed(const std::string& target, const std::string& link) {
    fs::create_symlink(target, link);
    timespec later{};
    REQUIRE(::clock_gettime(CLOCK_REALTIME, &later) == 0);
    later.tv_sec += 60;
    const timespec times[] = {later, {0, UTIME_OMIT}};
    REQUIRE(::utimensat(AT_FDCWD, link.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
}

} // namespace

TEST_CASE("names of calls by path") {
    const test::TempDir dir;
    dir.write("a/real", "x");
    make_followed("a", dir.at("b"));
    make_followed("real", dir.at("a/link"));
    Objects objects;

    SECTION("chmod follows links, in the directory and at the end") {
        auto e = called(Kind::chmod, dir.at("b"), "link");
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/real"));
        CHECK(e.object.file.id == info(dir.at("a/real")).id);
        CHECK(S_ISREG(e.object.file.mode));
        CHECK(objects.counters().resolved == 1);
    }
    SECTION("chown, truncate and attributes are named as chmod") {
        auto e = called(GENERATE(Kind::chown, Kind::truncate, Kind::xattr), dir.at("b"), "link");
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/real"));
        CHECK(e.object.file.id == info(dir.at("a/real")).id);
    }
    SECTION("an open that was submitted through io_uring is not done yet: its name leads to the file") {
        auto e = called(Kind::open, dir.at("b"), "link");
        e.flags = event::kFlagIoUring;
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/real"));
        CHECK(e.object.file.id == info(dir.at("a/real")).id);
        CHECK(objects.counters().resolved == 1);
    }
    SECTION("but for AT_SYMLINK_NOFOLLOW") {
        auto e = called(Kind::chmod, dir.path(), "b/link");
        e.call_flags = AT_SYMLINK_NOFOLLOW;
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/link"));
        CHECK(S_ISLNK(e.object.file.mode));
    }
    SECTION("an absolute path, with dots, needs no base") {
        const auto raw = dir.path() + "/./b/../b//real";
        auto e = called(Kind::chmod, "", raw);
        objects.enrich(e);
        // ".." of a link's target is not what the text says: "b/.." is where a stands.
        CHECK(e.object.name == dir.at("a/real"));
    }
    SECTION("unlink: the name that was, in the directory that is") {
        auto e = called(Kind::unlink, dir.at("b"), "gone");
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/gone"));
        CHECK_FALSE(e.object.file.id);
    }
    SECTION("unlink of a directory with a slash behind") {
        auto e = called(Kind::unlink, dir.path(), "b/gone/");
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/gone"));
    }
    SECTION("rename: the file stands under the new name") {
        fs::rename(dir.at("a/real"), dir.at("a/x.enc"));
        auto e = called(Kind::rename, dir.path(), "b/real", "b/x.enc");
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/real"));
        CHECK(e.target.name == dir.at("a/x.enc"));
        CHECK(e.object.file.id == info(dir.at("a/x.enc")).id);
        CHECK(e.target.file.id == e.object.file.id);
    }
    SECTION("mkdir and mknod: what was made, with what it became") {
        fs::create_directory(dir.at("a/new"));
        fs::permissions(dir.at("a/new"), fs::perms{0710});
        auto e = called(Kind::mkdir, dir.path(), "b/new/");
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/new"));
        CHECK(e.object.file.mode == (S_IFDIR | 0710));
        REQUIRE(::mkfifo(dir.at("a/pipe").c_str(), 0600) == 0);
        e = called(Kind::mknod, dir.at("b"), "pipe");
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/pipe"));
        CHECK(S_ISFIFO(e.object.file.mode));
        e = called(Kind::mkdir, dir.at("b"), "link"); // stands there already, and is not followed
        e.result = -EEXIST;
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/link"));
    }
    SECTION("a rename that failed: the file stands where it stood") {
        auto e = called(Kind::rename, dir.path(), "a/real", "a/none/x");
        e.result = -ENOENT;
        objects.enrich(e);
        CHECK(e.object.file.id == info(dir.at("a/real")).id);
        CHECK(e.target.name == dir.at("a/none/x"));
        CHECK_FALSE(e.target.file.id);
    }
    SECTION("link(2) does not follow a symbolic link, linkat can") {
        fs::create_hard_link(dir.at("a/real"), dir.at("hard"));
        auto e = called(Kind::link, dir.path(), "b/link", "hard");
        e.call_flags = AT_SYMLINK_FOLLOW;
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/real"));
        CHECK(e.target.name == dir.at("hard"));
        CHECK(e.object.file.nlink == 2);
        e = called(Kind::link, dir.path(), "b/link", "hard");
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/link"));
    }
    SECTION("symlink: the text counts from where the link is") {
        fs::create_symlink("../a/real", dir.at("a/new"));
        auto e = make(Kind::symlink);
        e.object.raw = "../a/real";
        e.target.raw = "b/new";
        const auto base = dir.path();
        e.target.base = base;
        objects.enrich(e);
        CHECK(e.target.name == dir.at("a/new"));
        CHECK(e.object.name == dir.at("a/real"));
        CHECK(e.object.raw == "../a/real");
    }
    SECTION("symlink to nothing") {
        auto e = make(Kind::symlink);
        e.object.raw = "/etc/none/../shadow-not-there";
        const auto raw = dir.at("dangling");
        e.target.raw = raw;
        objects.enrich(e);
        CHECK(e.object.name == "/etc/shadow-not-there");
        CHECK(objects.counters().unresolved > 0);
    }
    SECTION("the working directory of a living process, where the kernel told no base") {
        auto e = called(Kind::chmod, "", fs::path(dir.at("a/real")).lexically_relative(fs::current_path()).string());
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/real"));
    }
    SECTION("no base and no process") {
        auto e = called(Kind::chmod, "", "x");
        e.pid = 0x7fffffff;
        objects.enrich(e);
        CHECK(e.object.name.empty());
    }
    SECTION("/proc/self is the caller") {
        const auto raw = "/proc/self/root" + dir.at("b/real");
        auto e = called(Kind::chmod, "", raw);
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/real"));
        const auto fd = ::open(dir.at("a").c_str(), O_PATH | O_CLOEXEC);
        const auto by_fd = "/proc/self/fd/" + std::to_string(fd) + "/real";
        e = called(Kind::chmod, "", by_fd);
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/real"));
        ::close(fd);
        const auto thread = "/proc/" + std::to_string(::getpid()) + "/task/" + std::to_string(::gettid()) +
                            "/cwd/../../../../.." + dir.at("a/real");
        e = called(Kind::chmod, "", thread);
        objects.enrich(e);
        CHECK(e.object.name == dir.at("a/real"));
    }
    SECTION("too long, or with a NUL: kept as text or not at all, never looked up") {
        const std::string raw = "/" + std::string(5000, 'x');
        auto e = called(Kind::chmod, "", raw);
        objects.enrich(e);
        CHECK(e.object.name.empty());
        const std::string nul("/etc\0/shadow", 12);
        e = called(Kind::chmod, "", nul);
        objects.enrich(e);
        CHECK(e.object.name.empty());
        CHECK(objects.counters().unresolved == 2);
    }
}

TEST_CASE("chmod of a hard link is chmod of the watched file") {
    const test::TempDir dir;
    const auto secret = dir.write("secret", "x");
    fs::create_hard_link(secret, dir.at("link"));
    Objects objects;
    const std::vector<std::string> watched{secret};
    objects.set_watched(watched);
    auto e = called(Kind::chmod, dir.path(), "link");
    objects.enrich(e);
    CHECK(e.object.name == secret);
    CHECK(e.object.alias == dir.at("link"));
}

TEST_CASE("opens that failed") {
    const test::TempDir dir;
    dir.write("a/f", "x");
    make_followed("a", dir.at("b"));
    Objects objects;
    auto e = called(Kind::open, dir.at("b"), "./f");
    e.result = -EACCES;
    objects.enrich(e);
    CHECK(e.object.name == dir.at("a/f"));
    e = called(Kind::open, dir.at("b"), "./none");
    e.result = -ENOENT;
    objects.enrich(e);
    CHECK(e.object.name == dir.at("b/none")); // as text: nothing is asked for what is not there
    CHECK(objects.counters().resolved == 1);
}

TEST_CASE("a process in a chroot means its own root") {
    const test::TempDir dir;
    dir.write("jail/etc/shadow", "x");
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const char state = ::chroot(dir.at("jail").c_str()) == 0 && ::chdir("/") == 0 ? 'y' : 'n';
        if (::write(ready[1], &state, 1) == 1)
            ::pause();
        ::_exit(0);
    }
    char state = 0;
    REQUIRE(::read(ready[0], &state, 1) == 1);
    if (state == 'y') {
        Objects objects;
        auto e = called(Kind::chmod, "", "/etc/shadow");
        e.pid = e.tid = static_cast<std::uint32_t>(child);
        objects.enrich(e);
        CHECK(e.object.name == dir.at("jail/etc/shadow"));
    } else {
        WARN("chroot is not allowed here: not tried");
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST_CASE("offline, nothing is asked of the files of now") {
    const test::TempDir dir;
    dir.write("a/real", "x");
    make_followed("a", dir.at("b"));
    Objects objects;
    objects.set_offline(true);
    auto e = called(Kind::chmod, dir.at("b"), "real");
    objects.enrich(e);
    CHECK(e.object.name == dir.at("b/real"));
    CHECK_FALSE(e.object.file.id);
}
