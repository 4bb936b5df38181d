// SPDX-License-Identifier: MIT OR Apache-2.0
// open in every variant: the object that the kernel opened, by whatever name.
#include "watcher.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

constexpr std::size_t kHandleBytes = 128; // MAX_HANDLE_SZ

int result_of(long ret) {
    return ret < 0 ? 1 : 0;
}

void check_object(const Record& record, const std::string& path) {
    const auto& open = record.as<rw_open>();
    CHECK(open.ret >= 0);
    CHECK(record.text(open.path.path) == path);
    CHECK(open.path.root.len == 0);
    CHECK(open.path.mnt == 0);
    CHECK(open.base.path.len == 0);
    check_file(open.file, stat_of(path));
}

} // namespace

#ifdef SYS_open
TEST_CASE("open: open(2)") {
    const Directory directory;
    const auto file = directory.file("subject", 04750);
    const auto result = run([&] { return result_of(::syscall(SYS_open, file.c_str(), O_RDWR | O_NOFOLLOW, 0777)); });
    const auto& record = result.named(RW_OPEN, file);
    const auto& open = record.as<rw_open>();
    check_object(record, file);
    CHECK(open.c.call == RW_CALL_OPEN);
    CHECK(open.open_flags == (O_RDWR | O_NOFOLLOW));
    CHECK(open.mode == 0); // says nothing without O_CREAT
    CHECK(open.dfd == AT_FDCWD);
    CHECK(open.resolve == 0);
    CHECK((open.c.flags & (RW_F_CREATED | RW_F_UNLINKED | RW_F_PATH_TRUNC | RW_F_RAW_TRUNC)) == 0);
}

TEST_CASE("open: creat(2)") {
    const Directory directory;
    const auto file = directory.path("new");
    const auto result = run([&] { return result_of(::syscall(SYS_creat, file.c_str(), 0640)); });
    const auto& record = result.named(RW_OPEN, file);
    const auto& open = record.as<rw_open>();
    check_object(record, file);
    CHECK(open.c.call == RW_CALL_CREAT);
    CHECK(open.open_flags == (O_CREAT | O_WRONLY | O_TRUNC));
    CHECK(open.mode == 0640);
    CHECK((open.c.flags & RW_F_CREATED) != 0);
}
#endif

TEST_CASE("open: openat(2), created and not") {
    const Directory directory;
    const auto file = directory.path("new");
    const auto result = run([&] {
        ::umask(0);
        const long first = ::syscall(SYS_openat, AT_FDCWD, file.c_str(), O_CREAT | O_WRONLY, 0751);
        const long second = ::syscall(SYS_openat, AT_FDCWD, file.c_str(), O_CREAT | O_WRONLY, 0751);
        return first < 0 || second < 0 ? 1 : 0;
    });
    const auto opens = result.of(RW_OPEN);
    REQUIRE(opens.size() == 2);
    check_object(opens[0], file);
    CHECK(opens[0].common().call == RW_CALL_OPENAT);
    CHECK(opens[0].as<rw_open>().mode == 0751);
    CHECK((opens[0].common().flags & RW_F_CREATED) != 0);
    check_object(opens[1], file);
    CHECK((opens[1].common().flags & RW_F_CREATED) == 0);
}

TEST_CASE("open: relative to a directory's descriptor") {
    const Directory directory;
    const auto sub = directory.directory("sub");
    const auto file = directory.file("sub/subject");
    const auto result = run([&] {
        const int dfd = ::open(sub.c_str(), O_PATH | O_CLOEXEC);
        shared().numbers[0] = static_cast<std::uint64_t>(dfd);
        const bool good = ::syscall(SYS_openat, dfd, "subject", O_RDONLY) >= 0;
        return good && ::syscall(SYS_openat, dfd, "missing", O_RDONLY) < 0 ? 0 : 1;
    });
    REQUIRE(result.status == 0);
    check_object(result.named(RW_OPEN, "subject"), file);
    CHECK(result.named(RW_OPEN, "subject").as<rw_open>().dfd == static_cast<int>(shared().numbers[0]));
    const auto& failed = result.named(RW_OPEN, "missing");
    CHECK(failed.as<rw_open>().ret == -ENOENT);
    CHECK(failed.text(failed.as<rw_open>().base.path) == sub);
    CHECK(failed.as<rw_open>().file.ino == 0);
    CHECK(failed.as<rw_open>().path.path.len == 0);
}

TEST_CASE("open: a failure says where a relative name starts from, an absolute one needs nothing") {
    const Directory directory;
    const auto missing = directory.path("missing");
    const auto result = run([&] {
        if (::chdir(directory.path().c_str()) != 0)
            return 1;
        ::syscall(SYS_openat, AT_FDCWD, "missing", O_RDONLY);
        ::syscall(SYS_openat, AT_FDCWD, missing.c_str(), O_RDONLY);
        ::syscall(SYS_openat, 999, "nothing", O_RDONLY);
        ::syscall(SYS_openat, AT_FDCWD, nullptr, O_RDONLY);
        ::syscall(SYS_openat, AT_FDCWD, reinterpret_cast<void*>(8), O_RDONLY);
        ::syscall(SYS_openat, AT_FDCWD, "", O_RDONLY);
        return 0;
    });
    const auto opens = result.of(RW_OPEN);
    REQUIRE(opens.size() == 6);
    CHECK(opens[0].as<rw_open>().ret == -ENOENT);
    CHECK(opens[0].text(opens[0].as<rw_open>().base.path) == directory.path());
    CHECK(opens[1].as<rw_open>().ret == -ENOENT);
    CHECK(opens[1].text(opens[1].as<rw_open>().raw) == missing);
    CHECK(opens[1].as<rw_open>().base.path.len == 0);
    CHECK(opens[2].as<rw_open>().ret == -EBADF);
    CHECK(opens[2].as<rw_open>().base.path.len == 0);
    CHECK(opens[3].as<rw_open>().ret == -EFAULT);
    CHECK(opens[3].as<rw_open>().raw.len == 0);
    CHECK(opens[3].as<rw_open>().base.path.len == 0);
    CHECK(opens[4].as<rw_open>().ret == -EFAULT);
    CHECK(opens[5].as<rw_open>().ret == -ENOENT);
}

TEST_CASE("open: in a chroot a failing absolute name starts from the root there") {
    const Directory directory;
    const auto result = run([&] {
        if (::chroot(directory.path().c_str()) != 0 || ::chdir("/") != 0)
            return 1;
        ::syscall(SYS_openat, AT_FDCWD, "/missing", O_RDONLY);
        return 0;
    });
    const auto& failed = result.named(RW_OPEN, "/missing");
    CHECK(failed.text(failed.as<rw_open>().base.path) == directory.path());
}

TEST_CASE("open: openat2(2)") {
    const Directory directory;
    directory.file("subject");
    const auto result = run([&] {
        const int dfd = ::open(directory.path().c_str(), O_PATH | O_CLOEXEC);
        open_how how{};
        how.flags = O_RDONLY;
        how.resolve = RESOLVE_IN_ROOT;
        const bool good = ::syscall(SYS_openat2, dfd, "/subject", &how, sizeof(how)) >= 0;
        ::syscall(SYS_openat2, dfd, "/missing", &how, sizeof(how));
        how.flags = O_CREAT | O_RDWR;
        how.mode = 0604;
        how.resolve = RESOLVE_BENEATH;
        return good && ::syscall(SYS_openat2, dfd, "made", &how, sizeof(how)) >= 0 ? 0 : 1;
    });
    REQUIRE(result.status == 0);
    const auto& record = result.named(RW_OPEN, "/subject");
    check_object(record, directory.path("subject"));
    CHECK(record.common().call == RW_CALL_OPENAT2);
    CHECK(record.as<rw_open>().resolve == RESOLVE_IN_ROOT);
    // Not from the root, though it begins with a slash.
    const auto& failed = result.named(RW_OPEN, "/missing");
    CHECK(failed.text(failed.as<rw_open>().base.path) == directory.path());
    const auto& made = result.named(RW_OPEN, "made").as<rw_open>();
    CHECK(made.open_flags == (O_CREAT | O_RDWR));
    CHECK(made.mode == 0604);
    CHECK(made.resolve == RESOLVE_BENEATH);
    CHECK((made.c.flags & RW_F_CREATED) != 0);
}

TEST_CASE("open: open_by_handle_at(2)") {
    const Directory directory;
    const auto file = directory.file("subject");
    const auto result = run([&] {
        const auto memory = std::make_unique<char[]>(sizeof(file_handle) + kHandleBytes);
        auto* handle = reinterpret_cast<file_handle*>(memory.get());
        handle->handle_bytes = kHandleBytes;
        int mount = 0;
        if (::name_to_handle_at(AT_FDCWD, file.c_str(), handle, &mount, 0) != 0)
            return 2;
        const int dfd = ::open(directory.path().c_str(), O_RDONLY | O_CLOEXEC);
        return ::open_by_handle_at(dfd, handle, O_RDWR) < 0 ? 1 : 0;
    });
    REQUIRE(result.status == 0);
    for (const auto& record : result.of(RW_OPEN)) {
        if (record.common().call != RW_CALL_OPEN_BY_HANDLE_AT)
            continue;
        check_object(record, file);
        CHECK(record.as<rw_open>().raw.len == 0);
        CHECK(record.as<rw_open>().open_flags == O_RDWR);
        return;
    }
    FAIL("not seen");
}

TEST_CASE("open: other names of one file") {
    const Directory directory;
    const auto sub = directory.directory("sub");
    const auto file = directory.file("subject");
    REQUIRE(::symlink(file.c_str(), directory.path("soft").c_str()) == 0);
    REQUIRE(::symlink("../soft", directory.path("sub/softer").c_str()) == 0);
    REQUIRE(::link(file.c_str(), directory.path("sub/hard").c_str()) == 0);
    const auto target = stat_of(file);
    struct Case {
        std::string passed, seen;
    };
    const std::vector<Case> cases{{directory.path("soft"), file},
                                  {directory.path("sub/softer"), file},
                                  {directory.path("sub/hard"), directory.path("sub/hard")},
                                  {directory.path("sub/../subject"), file},
                                  {directory.path("./sub/.././/subject"), file},
                                  {"/proc/self/root" + file, file},
                                  {"/proc/self/cwd/../subject", file},
                                  {"../subject", file},
                                  {"softer", file}};
    const auto result = run([&] {
        if (::chdir(sub.c_str()) != 0)
            return 1;
        int bad = 0;
        for (const auto& one : cases)
            bad += ::syscall(SYS_openat, AT_FDCWD, one.passed.c_str(), O_RDONLY) < 0 ? 1 : 0;
        return bad;
    });
    REQUIRE(result.status == 0);
    for (const auto& one : cases) {
        INFO(one.passed);
        const auto& record = result.named(RW_OPEN, one.passed);
        CHECK(record.text(record.as<rw_open>().path.path) == one.seen);
        check_file(record.as<rw_open>().file, target);
        CHECK(record.as<rw_open>().file.nlink == 2);
    }
}

TEST_CASE("open: a file without a name, and one made without") {
    const Directory directory;
    const auto file = directory.path("gone");
    const auto result = run([&] {
        const int fd = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        ::unlink(file.c_str());
        const auto again = "/proc/self/fd/" + std::to_string(fd);
        std::strcpy(shared().text, again.c_str());
        const bool good = ::syscall(SYS_openat, AT_FDCWD, again.c_str(), O_RDONLY) >= 0;
        return good && ::syscall(SYS_openat, AT_FDCWD, directory.path().c_str(), O_TMPFILE | O_RDWR, 0600) >= 0 ? 0 : 1;
    });
    REQUIRE(result.status == 0);
    const auto& record = result.named(RW_OPEN, shared().text);
    CHECK((record.common().flags & RW_F_UNLINKED) != 0);
    CHECK(record.as<rw_open>().file.nlink == 0);
    CHECK(record.text(record.as<rw_open>().path.path) == file);
    const auto& nameless = result.named(RW_OPEN, directory.path());
    CHECK((nameless.common().flags & RW_F_UNLINKED) != 0);
    CHECK(nameless.as<rw_open>().mode == 0600);
}

TEST_CASE("open: deep and long paths") {
    const Directory directory;
    SECTION("300 components, reached step by step") {
        const auto result = run([&] {
            if (::chdir(directory.path().c_str()) != 0)
                return 1;
            for (int i = 0; i < 300; ++i)
                if (::mkdir("d", 0755) != 0 || ::chdir("d") != 0)
                    return 1;
            return result_of(::syscall(SYS_openat, AT_FDCWD, "deep", O_CREAT | O_RDWR, 0600));
        });
        REQUIRE(result.status == 0);
        std::string expected = directory.path();
        for (int i = 0; i < 300; ++i)
            expected += "/d";
        expected += "/deep";
        const auto& record = result.named(RW_OPEN, "deep");
        const auto seen = record.text(record.as<rw_open>().path.path);
        if (older()) {
            CHECK((record.common().flags & RW_F_PATH_TRUNC) != 0);
            CHECK(expected.ends_with(seen));
            CHECK(seen.size() > 64);
        } else {
            CHECK((record.common().flags & RW_F_PATH_TRUNC) == 0);
            CHECK(seen == expected);
        }
    }
    SECTION("4,000 bytes in one name passed") {
        const std::string part(250, 'n');
        std::string path = directory.path();
        while (path.size() + part.size() + 1 < 4000) {
            path += "/" + part;
            REQUIRE(::mkdir(path.c_str(), 0755) == 0);
        }
        path += "/" + std::string(4000 - path.size() - 1, 'f');
        const auto result =
            run([&] { return result_of(::syscall(SYS_openat, AT_FDCWD, path.c_str(), O_CREAT | O_RDWR, 0600)); });
        REQUIRE(result.status == 0);
        const auto& record = result.named(RW_OPEN, path);
        check_object(record, path);
        CHECK((record.common().flags & (RW_F_PATH_TRUNC | RW_F_RAW_TRUNC)) == 0);
    }
    SECTION("longer than 4,096 bytes: the end is kept, and it is told") {
        const std::string part(250, 'n');
        const auto result = run([&] {
            if (::chdir(directory.path().c_str()) != 0)
                return 1;
            for (int i = 0; i < 20; ++i)
                if (::mkdir(part.c_str(), 0755) != 0 || ::chdir(part.c_str()) != 0)
                    return 1;
            return result_of(::syscall(SYS_openat, AT_FDCWD, "far", O_CREAT | O_RDWR, 0600));
        });
        REQUIRE(result.status == 0);
        const auto& record = result.named(RW_OPEN, "far");
        const auto seen = record.text(record.as<rw_open>().path.path);
        CHECK((record.common().flags & RW_F_PATH_TRUNC) != 0);
        CHECK(seen.ends_with("/" + part + "/far"));
        CHECK(seen.size() > 3800);
    }
}

TEST_CASE("open: the root directory, and O_PATH") {
    const auto result = run([&] { return result_of(::syscall(SYS_openat, AT_FDCWD, "/", O_PATH)); });
    const auto& record = result.named(RW_OPEN, "/");
    CHECK(record.text(record.as<rw_open>().path.path) == "/");
    CHECK(record.as<rw_open>().file.ino == stat_of("/").st_ino);
}

TEST_CASE("own process makes no events") {
    const Directory directory;
    (void)run([] { return 0; });
    const auto before = watcher().submitted();
    struct Mine : sensor::RecordHandler {
        void on_record(std::span<const std::byte> bytes) noexcept override {
            seen += Record(bytes).common().pid == static_cast<std::uint32_t>(::getpid()) ? 1 : 0;
        }
        int seen = 0;
    } mine;
    for (int i = 0; i < 100; ++i) {
        directory.file("mine" + std::to_string(i));
        ::unlink(directory.path("mine" + std::to_string(i)).c_str());
    }
    const pid_t child = ::fork(); // the fork is ours, the exit is the child's
    if (child == 0)
        ::_exit(0);
    ::waitpid(child, nullptr, 0);
    while (watcher().drain(mine, 1000) == 1000) {
    }
    CHECK(mine.seen == 0);
    CHECK(!before.empty());
}
