// SPDX-License-Identifier: MIT OR Apache-2.0
// chown, truncate and attributes: by name, by descriptor, and what of attributes is not told.
#include "watcher.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

#ifndef SYS_setxattrat
constexpr long SYS_setxattrat = 463, SYS_removexattrat = 466;
#endif

namespace {

struct Expected {
    unsigned call;
    std::string raw;
    std::uint32_t flags = 0;
    bool by_descriptor = false;
};

void check(const Record& record, const Expected& expected, const std::string& directory) {
    INFO("call " << expected.call);
    const auto& op = record.as<rw_fsop>();
    CHECK(op.c.call == expected.call);
    CHECK(record.text(op.raw) == expected.raw);
    CHECK(op.call_flags == expected.flags);
    const bool seen = op.ret == 0 && objects_seen(op.c.kind);
    const auto name = expected.by_descriptor ? "f" : expected.raw.substr(expected.raw.rfind('/') + 1);
    CHECK(record.text(op.path.path) == (expected.by_descriptor || seen ? directory + "/" + name : ""));
    CHECK((op.file.ino != 0) == (expected.by_descriptor || seen));
    CHECK(record.text(op.base.path) == (expected.raw.empty() || expected.raw[0] == '/' ? "" : directory));
}

} // namespace

TEST_CASE("chown: every call") {
    const Directory directory;
    const auto file = directory.file("f");
    REQUIRE(::symlink("f", directory.path("l").c_str()) == 0);
    const auto result = run([&] {
        if (::chdir(directory.path().c_str()) != 0)
            return 1;
        const int fd = ::open("f", O_RDONLY | O_CLOEXEC);
        ::syscall(SYS_chown, file.c_str(), 1, 2);
        ::syscall(SYS_lchown, "l", 3, -1L);
        ::syscall(SYS_fchown, fd, 4, 5);
        ::syscall(SYS_fchownat, AT_FDCWD, "f", 6, 7, AT_SYMLINK_NOFOLLOW);
        ::syscall(SYS_fchownat, fd, "", 8, 9, AT_EMPTY_PATH);
        ::syscall(SYS_chown, "missing", 0, 0);
        return 0;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_CHOWN);
    const Expected expected[] = {{RW_CALL_CHOWN, file},
                                 {RW_CALL_LCHOWN, "l", AT_SYMLINK_NOFOLLOW},
                                 {RW_CALL_FCHOWN, "", 0, true},
                                 {RW_CALL_FCHOWNAT, "f", AT_SYMLINK_NOFOLLOW},
                                 {RW_CALL_FCHOWNAT, "", AT_EMPTY_PATH, true},
                                 {RW_CALL_CHOWN, "missing"}};
    const std::uint32_t owners[][2] = {{1, 2}, {3, 0xffffffff}, {4, 5}, {6, 7}, {8, 9}, {0, 0}};
    REQUIRE(records.size() == std::size(expected));
    for (std::size_t i = 0; i < records.size(); ++i) {
        check(records[i], expected[i], directory.path());
        CHECK(records[i].as<rw_fsop>().owner == owners[i][0]);
        CHECK(records[i].as<rw_fsop>().group == owners[i][1]);
        CHECK(records[i].as<rw_fsop>().ret == (i == 5 ? -ENOENT : 0));
    }
    CHECK(records[2].as<rw_fsop>().file.uid == 4);
}

TEST_CASE("truncate: both calls") {
    const Directory directory;
    const auto file = directory.file("f");
    const auto result = run([&] {
        const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
        ::syscall(SYS_truncate, file.c_str(), 5'000'000'000L);
        ::syscall(SYS_ftruncate, fd, 0);
        ::syscall(SYS_ftruncate, -1L, 3);
        return 0;
    });
    const auto records = result.of(RW_TRUNCATE);
    REQUIRE(records.size() == 3);
    check(records[0], {RW_CALL_TRUNCATE, file}, directory.path());
    check(records[1], {RW_CALL_FTRUNCATE, "", 0, true}, directory.path());
    check(records[2], {RW_CALL_FTRUNCATE, ""}, directory.path());
    CHECK(records[0].as<rw_fsop>().length == 5'000'000'000);
    CHECK(records[1].as<rw_fsop>().length == 0);
    CHECK(records[1].as<rw_fsop>().dfd >= 0);
    CHECK(records[2].as<rw_fsop>().ret == -EBADF);
}

TEST_CASE("attributes: those that grant or guard, by every call") {
    const Directory directory;
    const auto file = directory.file("f");
    const auto result = run([&] {
        if (::chdir(directory.path().c_str()) != 0)
            return 1;
        const int fd = ::open("f", O_RDONLY | O_CLOEXEC);
        ::syscall(SYS_setxattr, file.c_str(), "user.comment", "x", 1, 0); // says nothing
        ::syscall(SYS_setxattr, file.c_str(), "security.", "x", 1, 0);
        ::syscall(SYS_lsetxattr, "f", "trusted.rwatch", "x", 1, 0);
        ::syscall(SYS_fsetxattr, fd, "security.rwatch", "x", 1, 0);
        ::syscall(SYS_removexattr, file.c_str(), "system.posix_acl_access");
        ::syscall(SYS_lremovexattr, "f", "trusted.rwatch");
        ::syscall(SYS_fremovexattr, fd, "security.rwatch");
        ::syscall(SYS_fremovexattr, fd, nullptr);
        ::syscall(SYS_fremovexattr, fd, "system.other");
        return 0;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_XATTR);
    const Expected expected[] = {{RW_CALL_SETXATTR, file},
                                 {RW_CALL_LSETXATTR, "f", AT_SYMLINK_NOFOLLOW},
                                 {RW_CALL_FSETXATTR, "", 0, true},
                                 {RW_CALL_REMOVEXATTR, file},
                                 {RW_CALL_LREMOVEXATTR, "f", AT_SYMLINK_NOFOLLOW},
                                 {RW_CALL_FREMOVEXATTR, "", 0, true}};
    const std::string names[] = {"security.",      "trusted.rwatch", "security.rwatch", "system.posix_acl_access",
                                 "trusted.rwatch", "security.rwatch"};
    REQUIRE(records.size() == std::size(expected));
    for (std::size_t i = 0; i < records.size(); ++i) {
        check(records[i], expected[i], directory.path());
        CHECK(records[i].text(records[i].as<rw_fsop>().attribute) == names[i]);
    }
}

TEST_CASE("attributes: the calls with a directory, where this kernel has them") {
    if (!std::filesystem::exists("/sys/kernel/tracing/events/syscalls/sys_enter_setxattrat")) {
        WARN("this kernel has no setxattrat: not tested");
        return;
    }
    const Directory directory;
    (void)directory.file("f");
    const auto result = run([&] {
        const int fd = ::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct {
            std::uint64_t value;
            std::uint32_t size, flags;
        } arguments{reinterpret_cast<std::uint64_t>("x"), 1, 0};
        ::syscall(SYS_setxattrat, fd, "f", AT_SYMLINK_NOFOLLOW, "security.rwatch", &arguments, sizeof(arguments));
        ::syscall(SYS_removexattrat, fd, "f", 0, "security.rwatch");
        ::syscall(SYS_removexattrat, fd, "f", 0, "user.rwatch");
        return 0;
    });
    const auto records = result.of(RW_XATTR);
    REQUIRE(records.size() == 2);
    check(records[0], {RW_CALL_SETXATTRAT, "f", AT_SYMLINK_NOFOLLOW}, directory.path());
    check(records[1], {RW_CALL_REMOVEXATTRAT, "f"}, directory.path());
    for (const auto& record : records)
        CHECK(record.text(record.as<rw_fsop>().attribute) == "security.rwatch");
}
