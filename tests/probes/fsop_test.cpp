// SPDX-License-Identifier: MIT OR Apache-2.0
// chmod, rename, unlink, link, symlink, mkdir, mknod: names with where they start from, descriptors with their object.
#include "watcher.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

using namespace rwatch;
using namespace rwatch::test;

namespace {

constexpr std::uint32_t kUnknownMode = 0xffffffff;

struct ExpectedChange {
    unsigned kind, call;
    std::string raw, base; ///< base "": absent
    std::string raw2, base2;
    int ret;
    std::uint32_t flags = 0;
};

void check(const Run& result, const ExpectedChange& expected) {
    INFO("call " << expected.call << " '" << expected.raw << "' '" << expected.raw2 << "'");
    const auto found = result.of(expected.kind);
    for (const auto& record : found) {
        const auto& op = record.as<rw_fsop>();
        if (op.c.call != expected.call || record.text(op.raw) != expected.raw || record.text(op.raw2) != expected.raw2)
            continue;
        CHECK(record.text(op.base.path) == expected.base);
        CHECK(record.text(op.base2.path) == expected.base2);
        CHECK(op.ret == expected.ret);
        CHECK(op.call_flags == expected.flags);
        return;
    }
    FAIL("not among " << found.size() << " records");
}

/// Runs in the directory, with a descriptor of it as 100.
Run run_in(const Directory& directory, const std::function<int()>& body) {
    return run([&] {
        const int dfd = ::open(directory.path().c_str(), O_PATH | O_CLOEXEC);
        if (dfd < 0 || ::dup2(dfd, 100) != 100 || ::chdir(directory.path().c_str()) != 0)
            return 99;
        return body();
    });
}

} // namespace

TEST_CASE("chmod: by name") {
    const Directory directory;
    const auto file = directory.file("subject", 0640);
    const auto result = run_in(directory, [&] {
#ifdef SYS_chmod
        if (::syscall(SYS_chmod, file.c_str(), 0755) != 0 || ::syscall(SYS_chmod, "subject", 04711) != 0)
            return 1;
#endif
        if (::syscall(SYS_fchmodat, 100, "subject", 0701) != 0)
            return 2;
        ::syscall(SYS_fchmodat2, 100, "subject", 0707, AT_SYMLINK_NOFOLLOW);
        ::syscall(SYS_fchmodat, AT_FDCWD, "missing", 0777);
        ::syscall(SYS_fchmodat, AT_FDCWD, nullptr, 0777);
        return 0;
    });
    REQUIRE(result.status == 0);
    const auto here = directory.path();
#ifdef SYS_chmod
    check(result, {RW_CHMOD, RW_CALL_CHMOD, file, "", "", "", 0});
    check(result, {RW_CHMOD, RW_CALL_CHMOD, "subject", here, "", "", 0});
    CHECK(result.named(RW_CHMOD, file).as<rw_fsop>().mode == 0755);
    CHECK(result.named(RW_CHMOD, "subject").as<rw_fsop>().mode == 04711);
    CHECK(result.named(RW_CHMOD, "subject").as<rw_fsop>().dfd == AT_FDCWD);
    CHECK(result.named(RW_CHMOD, "subject").as<rw_fsop>().old_mode == (objects_seen(RW_CHMOD) ? 0755 : kUnknownMode));
#endif
    check(result, {RW_CHMOD, RW_CALL_FCHMODAT, "subject", here, "", "", 0});
    check(result, {RW_CHMOD, RW_CALL_FCHMODAT, "missing", here, "", "", -ENOENT});
    check(result, {RW_CHMOD, RW_CALL_FCHMODAT, "", "", "", "", -EFAULT});
    if (std::filesystem::exists("/sys/kernel/tracing/events/syscalls/sys_enter_fchmodat2"))
        check(result, {RW_CHMOD, RW_CALL_FCHMODAT2, "subject", here, "", "", 0, AT_SYMLINK_NOFOLLOW});
}

TEST_CASE("chmod: by descriptor, with the mode before") {
    const Directory directory;
    const auto file = directory.file("subject", 0640);
    const auto result = run_in(directory, [&] {
        const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
        shared().numbers[0] = static_cast<std::uint64_t>(fd);
        const bool good = ::syscall(SYS_fchmod, fd, 0750) == 0 && ::syscall(SYS_fchmod, fd, 01777) == 0;
        ::syscall(SYS_fchmod, 999, 0755);
        return good ? 0 : 1;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_CHMOD);
    REQUIRE(records.size() == 3);
    const auto& first = records[0].as<rw_fsop>();
    CHECK(first.c.call == RW_CALL_FCHMOD);
    CHECK(first.dfd == static_cast<int>(shared().numbers[0]));
    CHECK(records[0].text(first.path.path) == file);
    CHECK(first.file.ino == stat_of(file).st_ino);
    CHECK(first.file.mode == (S_IFREG | 0750));
    CHECK(first.mode == 0750);
    CHECK(first.old_mode == 0640);
    CHECK(first.base.path.len == 0);
    CHECK(records[1].as<rw_fsop>().old_mode == 0750);
    CHECK(records[1].as<rw_fsop>().mode == 01777);
    check_file(records[1].as<rw_fsop>().file, stat_of(file));
    CHECK(records[2].as<rw_fsop>().ret == -EBADF);
    CHECK(records[2].as<rw_fsop>().file.ino == 0);
    CHECK(records[2].as<rw_fsop>().old_mode == kUnknownMode);
}

TEST_CASE("chmod: the mode before one is not taken for the mode before another one") {
    const Directory directory;
    const auto file = directory.file("a", 0640);
    const auto result = run_in(directory, [&] {
        const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        const auto name = "/proc/self/fd/" + std::to_string(fd);
        const bool good = ::syscall(SYS_fchmod, fd, 0750) == 0 && ::syscall(SYS_fchmod, fd, 0640) == 0 &&
                          ::syscall(SYS_fchmodat, AT_FDCWD, name.c_str(), 0750) == 0;
        return good ? 0 : 1;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_CHMOD);
    REQUIRE(records.size() == 3);
    CHECK(records[1].as<rw_fsop>().old_mode == 0750);
    const auto before = records[2].as<rw_fsop>().old_mode;
    CHECK((before == 0640 || before == kUnknownMode));
}

TEST_CASE("chmod: by a name that is a descriptor of the process, which means nothing when it is gone") {
    const Directory directory;
    // A file each: its times are those of its one change.
    const std::array folders{"/proc/self/fd/", "/proc/thread-self/fd/", "/dev/fd/"};
    const std::array files{directory.file("a", 0640), directory.file("b", 0640), directory.file("c", 0640)};
    const auto result = run_in(directory, [&] {
        for (std::size_t i = 0; i < folders.size(); ++i) {
            const int fd = ::open(files[i].c_str(), O_PATH | O_CLOEXEC);
            if (::syscall(SYS_fchmodat, AT_FDCWD, (folders[i] + std::to_string(fd)).c_str(), 0750) != 0)
                return 1;
        }
        for (const auto* odd : {"/dev/fd/x", "/dev/fd/12345678", "/dev/fd/999", "/dev/fd/-1"})
            if (::syscall(SYS_fchmodat, AT_FDCWD, odd, 0750) == 0)
                return 2;
        return 0;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_CHMOD);
    REQUIRE(records.size() == 7);
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto& op = records[i].as<rw_fsop>();
        CHECK(op.dfd == AT_FDCWD);
        CHECK(records[i].text(op.path.path) == files[i]);
        check_file(op.file, stat_of(files[i]));
        CHECK(op.mode == 0750);
    }
    for (std::size_t i = files.size(); i < records.size(); ++i)
        CHECK(records[i].as<rw_fsop>().file.ino == 0);
}

TEST_CASE("rename: in every variant") {
    const Directory directory;
    directory.directory("sub");
    directory.file("a");
    directory.file("x");
    directory.file("y");
    const auto here = directory.path();
    const auto absolute = directory.path("sub/absolute");
    const auto result = run_in(directory, [&] {
#ifdef SYS_rename
        if (::syscall(SYS_rename, "a", absolute.c_str()) != 0)
            return 1;
#else
        if (::rename("a", absolute.c_str()) != 0)
            return 1;
#endif
#ifdef SYS_renameat
        if (::syscall(SYS_renameat, 100, "sub/absolute", AT_FDCWD, "b") != 0)
            return 2;
#endif
        if (::syscall(SYS_renameat2, AT_FDCWD, "x", 100, "y", RENAME_EXCHANGE) != 0)
            return 3;
        ::syscall(SYS_renameat2, AT_FDCWD, "missing", 100, "z", 0);
        return 0;
    });
    REQUIRE(result.status == 0);
#ifdef SYS_rename
    check(result, {RW_RENAME, RW_CALL_RENAME, "a", here, absolute, "", 0});
#endif
#ifdef SYS_renameat
    check(result, {RW_RENAME, RW_CALL_RENAMEAT, "sub/absolute", here, "b", here, 0});
#endif
    check(result, {RW_RENAME, RW_CALL_RENAMEAT2, "x", here, "y", here, 0, RENAME_EXCHANGE});
    check(result, {RW_RENAME, RW_CALL_RENAMEAT2, "missing", here, "z", here, -ENOENT});
    CHECK(result.named(RW_RENAME, "y").as<rw_fsop>().dfd2 == 100);
}

TEST_CASE("unlink: in every variant") {
    const Directory directory;
    directory.file("a");
    directory.file("b");
    directory.directory("sub");
    directory.directory("bare");
    const auto here = directory.path();
    const auto result = run_in(directory, [&] {
#ifdef SYS_unlink
        if (::syscall(SYS_unlink, "a") != 0)
            return 1;
#endif
#ifdef SYS_rmdir
        if (::syscall(SYS_rmdir, "bare") != 0)
            return 3;
#endif
        if (::syscall(SYS_unlinkat, 100, "b", 0) != 0 || ::syscall(SYS_unlinkat, AT_FDCWD, "sub", AT_REMOVEDIR) != 0)
            return 2;
        ::syscall(SYS_unlinkat, AT_FDCWD, "missing", 0);
        return 0;
    });
    REQUIRE(result.status == 0);
#ifdef SYS_unlink
    check(result, {RW_UNLINK, RW_CALL_UNLINK, "a", here, "", "", 0});
#endif
#ifdef SYS_rmdir
    check(result, {RW_UNLINK, RW_CALL_RMDIR, "bare", here, "", "", 0});
#endif
    check(result, {RW_UNLINK, RW_CALL_UNLINKAT, "b", here, "", "", 0});
    check(result, {RW_UNLINK, RW_CALL_UNLINKAT, "sub", here, "", "", 0, AT_REMOVEDIR});
    check(result, {RW_UNLINK, RW_CALL_UNLINKAT, "missing", here, "", "", -ENOENT});
}

TEST_CASE("link: in every variant, and of a descriptor") {
    const Directory directory;
    const auto file = directory.file("a");
    const auto here = directory.path();
    const auto result = run_in(directory, [&] {
#ifdef SYS_link
        if (::syscall(SYS_link, "a", "b") != 0)
            return 1;
#endif
        if (::syscall(SYS_linkat, 100, "a", AT_FDCWD, "c", AT_SYMLINK_FOLLOW) != 0)
            return 2;
        const int fd = ::open("a", O_RDONLY | O_CLOEXEC);
        return ::syscall(SYS_linkat, fd, "", AT_FDCWD, "d", AT_EMPTY_PATH) == 0 ? 0 : 3;
    });
    REQUIRE(result.status == 0);
#ifdef SYS_link
    check(result, {RW_LINK, RW_CALL_LINK, "a", here, "b", here, 0});
#endif
    check(result, {RW_LINK, RW_CALL_LINKAT, "a", here, "c", here, 0, AT_SYMLINK_FOLLOW});
    check(result, {RW_LINK, RW_CALL_LINKAT, "", "", "d", here, 0, AT_EMPTY_PATH});
    const auto& record = result.named(RW_LINK, "d");
    CHECK(record.text(record.as<rw_fsop>().path.path) == file);
    check_file(record.as<rw_fsop>().file, stat_of(file));
}

TEST_CASE("symlink: the text is not a name") {
    const Directory directory;
    const auto here = directory.path();
    const auto result = run_in(directory, [&] {
#ifdef SYS_symlink
        if (::syscall(SYS_symlink, "../some text", "a") != 0)
            return 1;
#endif
        return ::syscall(SYS_symlinkat, "/etc/shadow", 100, "b") == 0 ? 0 : 2;
    });
    REQUIRE(result.status == 0);
#ifdef SYS_symlink
    check(result, {RW_SYMLINK, RW_CALL_SYMLINK, "../some text", "", "a", here, 0});
#endif
    check(result, {RW_SYMLINK, RW_CALL_SYMLINKAT, "/etc/shadow", "", "b", here, 0});
    CHECK(result.named(RW_SYMLINK, "b").as<rw_fsop>().dfd2 == 100);
}

TEST_CASE("mkdir: in both variants") {
    const Directory directory;
    const auto here = directory.path();
    const auto absolute = directory.path("absolute");
    const auto result = run_in(directory, [&] {
#ifdef SYS_mkdir
        if (::syscall(SYS_mkdir, absolute.c_str(), 0750) != 0)
            return 1;
#endif
        if (::syscall(SYS_mkdirat, 100, "b", 01777) != 0)
            return 2;
        ::syscall(SYS_mkdirat, AT_FDCWD, "b", 0700);
        return 0;
    });
    REQUIRE(result.status == 0);
#ifdef SYS_mkdir
    check(result, {RW_MKDIR, RW_CALL_MKDIR, absolute, "", "", "", 0});
    CHECK(result.named(RW_MKDIR, absolute).as<rw_fsop>().mode == 0750);
    CHECK(result.named(RW_MKDIR, absolute).as<rw_fsop>().dfd == AT_FDCWD);
#endif
    check(result, {RW_MKDIR, RW_CALL_MKDIRAT, "b", here, "", "", 0});
    CHECK(result.named(RW_MKDIR, "b").as<rw_fsop>().mode == 01777);
    CHECK(result.named(RW_MKDIR, "b").as<rw_fsop>().dfd == 100);
    CHECK(result.of(RW_MKDIR).back().as<rw_fsop>().ret == -EEXIST);
}

TEST_CASE("mknod: in both variants") {
    const Directory directory;
    const auto here = directory.path();
    const auto result = run_in(directory, [&] {
#ifdef SYS_mknod
        if (::syscall(SYS_mknod, "pipe", S_IFIFO | 0640, 0) != 0)
            return 1;
#endif
        // The container that the test runs in may forbid devices: the record is there all the same.
        shared().numbers[0] = ::syscall(SYS_mknodat, 100, "zero", S_IFCHR | 0600, makedev(1, 5)) == 0
                                  ? 0
                                  : static_cast<std::uint64_t>(-errno);
        return 0;
    });
    REQUIRE(result.status == 0);
#ifdef SYS_mknod
    check(result, {RW_MKNOD, RW_CALL_MKNOD, "pipe", here, "", "", 0});
    CHECK(result.named(RW_MKNOD, "pipe").as<rw_fsop>().mode == (S_IFIFO | 0640));
    CHECK(result.named(RW_MKNOD, "pipe").as<rw_fsop>().node_dev == 0);
#endif
    check(result, {RW_MKNOD, RW_CALL_MKNODAT, "zero", here, "", "", static_cast<int>(shared().numbers[0])});
    const auto& zero = result.named(RW_MKNOD, "zero").as<rw_fsop>();
    CHECK(zero.mode == (S_IFCHR | 0600));
    CHECK(zero.node_dev == makedev(1, 5));
    CHECK(zero.dfd == 100);
}
