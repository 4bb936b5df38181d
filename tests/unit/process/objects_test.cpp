// SPDX-License-Identifier: MIT OR Apache-2.0
// Identity of objects against real files, links and mounts: what is judged is what the kernel does.
#include "process/objects.hpp"

#include "cpu_clock.hpp"
#include "object_events.hpp"
#include "temp_dir.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace rwatch;
using event::Kind;
using process::Objects;
using test::called;
using test::info;
using test::make;
using test::opened;

namespace {

namespace fs = std::filesystem;

/// Runs in a child of its own mount namespace; the child's status is the result. Nothing (77) where that is not
/// allowed.
int in_own_mounts(const std::function<int()>& body) {
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
            ::_exit(77);
        ::_exit(body());
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

} // namespace

TEST_CASE("a name that nobody watches stays as it is") {
    const test::TempDir dir;
    Objects objects;
    const auto file = dir.write("f", "x");
    auto e = opened(file);
    objects.enrich(e);
    CHECK(e.object.name == file);
    CHECK(e.object.alias.empty());
    CHECK(objects.counters().renamed == 0);
}

TEST_CASE("a hard link is the file that is watched") {
    const test::TempDir dir;
    const auto secret = dir.write("etc/shadow", "x");
    fs::create_hard_link(secret, dir.at("innocent"));
    Objects objects;
    const std::vector<std::string> watched{secret, dir.at("not-there")};
    objects.set_watched(watched);

    auto e = opened(dir.at("innocent"));
    objects.enrich(e);
    CHECK(e.object.name == secret);
    CHECK(e.object.alias == dir.at("innocent"));

    SECTION("by its own name it has no alias") {
        e = opened(secret);
        objects.enrich(e);
        CHECK(e.object.name == secret);
        CHECK(e.object.alias.empty());
    }
    SECTION("without any name (a handle) too") {
        e = opened(secret);
        e.object.name = {};
        objects.enrich(e);
        CHECK(e.object.name == secret);
    }
    SECTION("as what is executed too") {
        e = opened(dir.at("innocent"));
        e.kind = Kind::exec;
        objects.enrich(e);
        CHECK(e.object.name == secret);
    }
    SECTION("replaced by renaming over it: the new file is watched, and the old one no more") {
        dir.write("etc/nshadow", "new");
        fs::rename(dir.at("etc/nshadow"), secret);
        e = called(Kind::rename, dir.at("etc"), "nshadow", "shadow");
        objects.enrich(e);
        CHECK(e.object.name == dir.at("etc/nshadow"));
        CHECK(e.target.name == secret);
        CHECK(e.target.file.id == info(secret).id);
        CHECK(e.object.file.id == info(secret).id);
        CHECK(objects.counters().learned == 1);
        fs::create_hard_link(secret, dir.at("again"));
        e = opened(dir.at("again"));
        objects.enrich(e);
        CHECK(e.object.name == secret);
        e = opened(dir.at("innocent"));
        objects.enrich(e);
        CHECK(e.object.name == dir.at("innocent"));
    }
    SECTION("replaced behind our back: the next open under the name tells") {
        dir.write("etc/nshadow", "new");
        fs::rename(dir.at("etc/nshadow"), secret);
        e = opened(secret);
        objects.enrich(e);
        fs::create_hard_link(secret, dir.at("again"));
        e = opened(dir.at("again"));
        objects.enrich(e);
        CHECK(e.object.name == secret);
    }
    SECTION("the last name goes: a new file with the same inode number is not it") {
        const auto old = info(secret);
        fs::remove(dir.at("innocent"));
        e = opened(secret);
        objects.enrich(e); // tells that there is one link
        fs::remove(secret);
        e = called(Kind::unlink, dir.at("etc"), "shadow");
        objects.enrich(e);
        CHECK(e.object.name == secret);
        auto other = make(Kind::open);
        const auto name = dir.write("other", "x");
        other.object.name = name;
        other.object.file = info(name);
        other.object.file.id = old.id;
        objects.enrich(other);
        CHECK(other.object.name == name);
    }
}

TEST_CASE("a file that comes to be under a watched name") {
    const test::TempDir dir;
    const auto secret = dir.at("later");
    Objects objects;
    const std::vector<std::string> watched{secret};
    objects.set_watched(watched);
    dir.write("later", "x");
    auto e = opened(secret);
    objects.enrich(e);
    fs::create_hard_link(secret, dir.at("link"));
    e = opened(dir.at("link"));
    objects.enrich(e);
    CHECK(e.object.name == secret);
}

TEST_CASE("another mount namespace can't teach us that its file is the watched one") {
    const test::TempDir dir;
    const auto secret = dir.write("secret", "x");
    const auto fake = dir.write("fake", "x");
    fs::create_hard_link(secret, dir.at("link"));
    Objects objects;
    const std::vector<std::string> watched{secret};
    objects.set_watched(watched);
    auto e = opened(fake);
    e.object.name = secret;
    e.mntns ^= 1U;
    objects.enrich(e);
    e = opened(dir.at("link"));
    objects.enrich(e);
    CHECK(e.object.name == secret);
}

TEST_CASE("whether the mount namespace is the host's, where both are known") {
    const process::HostView view;
    Objects objects;
    auto e = make(Kind::bpf);
    CHECK_FALSE(e.host_mounts);
    e.mntns = view.namespace_id();
    objects.enrich(e);
    CHECK(e.host_mounts == true);
    e.mntns ^= 1U;
    objects.enrich(e);
    CHECK(e.host_mounts == false);
    e = make(Kind::bpf);
    e.mntns = 0;
    objects.enrich(e);
    CHECK_FALSE(e.host_mounts);
}

TEST_CASE("a rule that names a file through a symbolic link") {
    const test::TempDir dir;
    dir.write("run/x.sock", "x");
    fs::create_directory_symlink("run", dir.at("var-run"));
    fs::create_symlink("run/x.sock", dir.at("direct"));
    Objects objects;
    SECTION("the directory is the link") {
        const std::vector<std::string> watched{dir.at("var-run/x.sock")};
        objects.set_watched(watched);
        auto e = opened(dir.at("run/x.sock"));
        objects.enrich(e);
        CHECK(e.object.name == dir.at("run/x.sock"));
        CHECK(e.object.alias == dir.at("var-run/x.sock"));
    }
    SECTION("the file is the link") {
        const std::vector<std::string> watched{dir.at("direct")};
        objects.set_watched(watched);
        auto e = opened(dir.at("run/x.sock"));
        objects.enrich(e);
        CHECK(e.object.alias == dir.at("direct"));
    }
    SECTION("both names are watched") {
        const std::vector<std::string> watched{dir.at("var-run/x.sock"), dir.at("run/x.sock")};
        objects.set_watched(watched);
        auto e = opened(dir.at("run/x.sock"));
        objects.enrich(e);
        CHECK(e.object.name == dir.at("run/x.sock"));
    }
}

TEST_CASE("a bind mount, as the kernel tells it") {
    const test::TempDir dir;
    dir.write("1/mountinfo", "26 1 254:0 / / rw - ext4 /dev/vda rw\n30 26 254:0 /etc /mnt/e rw - ext4 /dev/vda rw\n");
    Objects objects(dir.path());
    // Without pid 1's root and namespace the table of "self" counts.
    dir.write("self/mountinfo",
              "26 1 254:0 / / rw - ext4 /dev/vda rw\n30 26 254:0 /etc /mnt/e rw - ext4 /dev/vda rw\n");
    Objects own(dir.path());
    auto e = make(Kind::open);
    e.object.name = "/mnt/e/ssh/key";
    e.object.mount_root = "/etc";
    e.object.mount_length = 6;
    e.object.file.id = {254U << 8U, 99};
    auto kept = e;
    own.enrich(e);
    CHECK(e.object.name == "/etc/ssh/key");
    CHECK(e.object.alias == "/mnt/e/ssh/key");
    CHECK(own.counters().renamed == 1);
    SECTION("a table that can't be had leaves the name as it is") {
        objects.enrich(kept);
        CHECK(kept.object.name == "/mnt/e/ssh/key");
    }
    SECTION("a single file bound") {
        e = make(Kind::open);
        e.object.name = "/tmp/f";
        e.object.mount_root = "/etc/shadow";
        e.object.mount_length = 6;
        e.object.file.id = {254U << 8U, 99};
        own.enrich(e);
        CHECK(e.object.name == "/etc/shadow");
    }
    SECTION("both names of a rename that the kernel's hooks saw") {
        e = make(Kind::rename);
        e.object.name = "/mnt/e/old";
        e.target.name = "/mnt/e/new";
        for (auto* object : {&e.object, &e.target}) {
            object->mount_root = "/etc";
            object->mount_length = 6;
        }
        e.object.file.id = {254U << 8U, 99};
        own.enrich(e);
        CHECK(e.object.name == "/etc/old");
        CHECK(e.target.name == "/etc/new");
        CHECK(e.target.file.id == e.object.file.id);
    }
    SECTION("a device that no mount shows") {
        kept.object.file.id.dev = 1;
        own.enrich(kept);
        CHECK(kept.object.name == "/mnt/e/ssh/key");
        CHECK(kept.object.alias.empty());
    }
}

TEST_CASE("real bind mounts, in a namespace of our own") {
    const test::TempDir dir;
    const auto secret = dir.write("real/etc/secret", "x");
    fs::create_directories(dir.at("bound"));
    const int result = in_own_mounts([&] {
        if (::mount(dir.at("real/etc").c_str(), dir.at("bound").c_str(), nullptr, MS_BIND, nullptr) != 0)
            return 77;
        // The path of a chmod through the mount, as this namespace (here the "host") sees it.
        process::HostView view("/proc");
        if (view.namespace_id() != make(Kind::open).mntns)
            return 77; // pid 1's namespace is seen instead: not this one
        Objects objects;
        auto e = called(Kind::chmod, dir.at("bound"), "secret");
        objects.enrich(e);
        if (e.object.name != secret || e.object.alias != dir.at("bound/secret"))
            return 1;
        return 0;
    });
    if (result == 77)
        WARN("no mount namespace of our own here: not tried");
    else
        CHECK(result == 0);
}

TEST_CASE("a mount made later is noticed") {
    const test::TempDir dir;
    fs::create_directories(dir.at("later"));
    const int result = in_own_mounts([&] {
        Objects objects;
        process::HostView view;
        if (view.namespace_id() != make(Kind::open).mntns || objects.mounts_fd() < 0)
            return 77;
        if (::mount("tmpfs", dir.at("later").c_str(), "tmpfs", 0, nullptr) != 0)
            return 77;
        struct stat st {};
        if (::stat(dir.at("later").c_str(), &st) != 0)
            return 2;
        auto e = make(Kind::open);
        e.object.name = "/elsewhere/f";
        e.object.mount_root = "/sub";
        e.object.mount_length = 10;
        e.object.file.id = {st.st_dev, 5};
        objects.enrich(e);
        return e.object.name == dir.at("later/sub/f") ? 0 : 1;
    });
    if (result == 77)
        WARN("no mount namespace of our own here: not tried");
    else
        CHECK(result == 0);
}

TEST_CASE("objects speed", "[.bench]") {
    const test::TempDir dir;
    std::vector<std::string> watched;
    for (int i = 0; i < 1000; ++i)
        watched.push_back(dir.write("watched/file-number-" + std::to_string(i), "x"));
    const auto file = dir.write("watched/some-other-file", "x");
    Objects objects;
    objects.set_watched(watched);
    auto e = opened(file);
    WARN("objects: " << test::cost_ns(3'000'000, [&](int) { objects.enrich(e); }) << " ns an open");
    const auto chmod = called(Kind::chmod, dir.path(), "watched/some-other-file");
    WARN("objects: " << test::cost_ns(50'000, [&](int) {
             auto copy = chmod;
             objects.enrich(copy);
         }) << " ns a chmod by path");
}
