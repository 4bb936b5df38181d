// SPDX-License-Identifier: MIT OR Apache-2.0
// The objects of calls by name, as the hooks on the way see them: what the kernel resolved, not what the string leads
// to a moment later. Where no such hook is to be had the record has no object, which is tested too.
#include "watcher.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

/// A folder "real" with the files a, b and c in it, and the link "link" that leads there.
struct Linked {
    Directory directory;
    std::string real = directory.directory("real");
    Linked() {
        for (const auto* name : {"a", "b", "c"})
            directory.file(std::string("real/") + name, 0640);
        REQUIRE(::symlink("real", directory.path("link").c_str()) == 0);
    }
    [[nodiscard]] std::uint64_t inode(const std::string& name) const { return stat_of(real + "/" + name).st_ino; }
};

struct Seen {
    std::string path, path2;
    std::uint64_t ino;
};

void check(const Record& record, const Seen& seen) {
    const auto& op = record.as<rw_fsop>();
    INFO("call " << op.c.call << " '" << record.text(op.raw) << "'");
    const bool any = objects_seen(op.c.kind);
    CHECK(record.text(op.path.path) == (any ? seen.path : ""));
    CHECK(record.text(op.path2.path) == (any ? seen.path2 : ""));
    CHECK(op.file.ino == (any ? seen.ino : 0));
}

Run in_folder(const Linked& linked, const std::function<int()>& body) {
    return run([&] { return ::chdir(linked.directory.path().c_str()) != 0 ? 99 : body(); });
}

} // namespace

TEST_CASE("objects: modes, owners and lengths, through a link to the folder") {
    const Linked linked;
    const auto inode = linked.inode("a");
    const auto result = in_folder(linked, [] {
        return ::syscall(SYS_fchmodat, AT_FDCWD, "link/a", 0751) == 0 &&
                       ::syscall(SYS_fchownat, AT_FDCWD, "link/a", 1, 2, 0) == 0 &&
                       ::syscall(SYS_truncate, "link/../link//a", 3) == 0 &&
                       ::syscall(SYS_fchmodat, AT_FDCWD, "link/missing", 0751) != 0
                   ? 0
                   : 1;
    });
    REQUIRE(result.status == 0);
    for (const auto kind : {RW_CHMOD, RW_CHOWN, RW_TRUNCATE})
        check(result.of(kind).at(0), {linked.real + "/a", "", inode});
    const auto& chmod = result.of(RW_CHMOD).at(0).as<rw_fsop>();
    CHECK(chmod.old_mode == (objects_seen(RW_CHMOD) ? 0640 : 0xffffffff));
    CHECK(chmod.mode == 0751);
    // A name that leads nowhere never came to the hook, and is not told with the object of the call before.
    const auto missing = result.of(RW_CHMOD).at(1);
    CHECK(missing.as<rw_fsop>().path.path.len == 0);
    CHECK(missing.as<rw_fsop>().file.ino == 0);
}

TEST_CASE("objects: what is made") {
    const Linked linked;
    const auto result = in_folder(linked, [] {
        return ::syscall(SYS_mkdirat, AT_FDCWD, "link/folder", 0700) == 0 &&
                       ::syscall(SYS_mknodat, AT_FDCWD, "link/pipe", S_IFIFO | 0600, 0) == 0 &&
                       ::syscall(SYS_symlinkat, "text", AT_FDCWD, "link/new") == 0 &&
                       ::syscall(SYS_linkat, AT_FDCWD, "link/a", AT_FDCWD, "link/other", 0) == 0
                   ? 0
                   : 1;
    });
    REQUIRE(result.status == 0);
    check(result.of(RW_MKDIR).at(0), {linked.real + "/folder", "", linked.inode("folder")});
    check(result.of(RW_MKNOD).at(0), {linked.real + "/pipe", "", linked.inode("pipe")});
    struct stat link {};
    REQUIRE(::lstat((linked.real + "/new").c_str(), &link) == 0);
    check(result.of(RW_SYMLINK).at(0), {"", linked.real + "/new", link.st_ino});
    check(result.of(RW_LINK).at(0), {linked.real + "/a", linked.real + "/other", linked.inode("a")});
}

TEST_CASE("objects: renamed, exchanged, refused") {
    const Linked linked;
    const auto a = linked.inode("a"), b = linked.inode("b");
    const auto result = in_folder(linked, [] {
        return ::syscall(SYS_renameat2, AT_FDCWD, "link/a", AT_FDCWD, "link/new", 0) == 0 &&
                       ::syscall(SYS_renameat2, AT_FDCWD, "link/b", AT_FDCWD, "link/c", RENAME_EXCHANGE) == 0 &&
                       ::syscall(SYS_renameat2, AT_FDCWD, "link/missing", AT_FDCWD, "link/c", 0) != 0
                   ? 0
                   : 1;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_RENAME);
    REQUIRE(records.size() == 3);
    check(records[0], {linked.real + "/a", linked.real + "/new", a});
    check(records[1], {linked.real + "/b", linked.real + "/c", b});
    CHECK(records[2].as<rw_fsop>().file.ino == 0);
    CHECK(records[2].as<rw_fsop>().path.path.len == 0);
}

TEST_CASE("objects: what is gone, as it was") {
    const Linked linked;
    const auto a = linked.inode("a");
    REQUIRE(::mkdir((linked.real + "/folder").c_str(), 0750) == 0);
    const auto folder = linked.inode("folder");
    const auto result = in_folder(linked, [] {
        return ::syscall(SYS_unlinkat, AT_FDCWD, "link/a", 0) == 0 &&
                       ::syscall(SYS_unlinkat, AT_FDCWD, "link/folder", AT_REMOVEDIR) == 0
                   ? 0
                   : 1;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_UNLINK);
    check(records.at(0), {linked.real + "/a", "", a});
    check(records.at(1), {linked.real + "/folder", "", folder});
    if (objects_seen(RW_UNLINK)) {
        CHECK(records[0].as<rw_fsop>().file.mode == (S_IFREG | 0640));
        CHECK(records[1].as<rw_fsop>().file.mode == (S_IFDIR | 0750));
    }
}

TEST_CASE("objects: a name that another thread swaps all the time") {
    const Linked linked;
    const auto a = linked.inode("a");
    constexpr std::size_t kTimes = 30;
    const auto result = in_folder(linked, [] {
        std::atomic<bool> done{false};
        std::thread swapper([&] {
            ::symlink("real/a", "way");
            for (bool odd = true; !done; odd = !odd) {
                ::symlink(odd ? "real/b" : "real/a", "next");
                ::rename("next", "way");
            }
        });
        while (::access("way", F_OK) != 0)
            ::usleep(100);
        for (std::size_t i = 0; i < kTimes; ++i) {
            ::chmod("real/a", 0640);
            ::chmod("real/b", 0640);
            ::syscall(SYS_fchmodat, AT_FDCWD, "way", 0600);
            struct stat st {};
            ::stat("real/a", &st);
            shared().numbers[i] = (st.st_mode & 07777) == 0600 ? 1 : 0; // which of the two it was
        }
        done = true;
        swapper.join();
        return 0;
    });
    REQUIRE(result.status == 0);
    std::size_t i = 0;
    for (const auto& record : result.of(RW_CHMOD)) {
        const auto& op = record.as<rw_fsop>();
        if (record.text(op.raw) != "way")
            continue;
        if (objects_seen(RW_CHMOD))
            CHECK((op.file.ino == a) == (shared().numbers[i] == 1));
        else
            CHECK(op.file.ino == 0);
        ++i;
    }
    CHECK(i == kTimes);
}
