// SPDX-License-Identifier: MIT OR Apache-2.0
// exec, fork and exit.
#include "watcher.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

const char* const kTrue = "/bin/true"; // a link on merged systems

int exec(const std::vector<std::string>& argv, const std::string& file) {
    std::vector<char*> pointers;
    for (const auto& argument : argv)
        pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    std::array<char*, 1> environment{nullptr};
    ::syscall(SYS_execve, file.c_str(), pointers.data(), environment.data());
    return 127;
}

const Record& only_exec(const Run& result) {
    for (const auto& record : result.records)
        if (record.common().kind == RW_EXEC)
            return record;
    FAIL("no exec seen");
    std::abort();
}

std::string resolved(const std::string& path) {
    return std::filesystem::canonical(path).string();
}

std::string copy_of_true(const Directory& directory, const std::string& name) {
    std::filesystem::copy_file(resolved(kTrue), directory.path(name));
    return directory.path(name);
}

} // namespace

TEST_CASE("exec: what runs, with what, where") {
    const Directory directory;
    const auto result = run([&] {
        if (::chdir(directory.path().c_str()) != 0)
            return 1;
        return exec({"zero", "one", "", "three words here"}, kTrue);
    });
    REQUIRE(result.status == 0);
    const auto& record = only_exec(result);
    const auto& exec = record.as<rw_exec>();
    CHECK(exec.c.call == RW_CALL_EXECVE);
    CHECK(std::string(exec.c.comm) == "true");
    CHECK(record.text(exec.exe_path.path) == resolved(kTrue));
    CHECK(record.text(exec.filename) == kTrue);
    CHECK(exec.interp.len == 0);
    CHECK(exec.argc == 4);
    CHECK(exec.sid == static_cast<std::uint32_t>(::getsid(0)));
    CHECK(record.text(exec.argv) == std::string("zero\0one\0\0three words here", 26));
    CHECK(record.text(exec.cwd.path) == directory.path());
    check_file(exec.exe, stat_of(kTrue));
    CHECK(exec.c.exe_ino == exec.exe.ino);
    CHECK(exec.c.exe_dev == exec.exe.dev);
    CHECK((exec.c.flags & (RW_F_ARGV_TRUNC | RW_F_MEMFD | RW_F_UNLINKED | RW_F_PATH_TRUNC)) == 0);
    std::uint64_t effective = 0;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("CapEff:"))
            effective = std::stoull(line.substr(7), nullptr, 16);
    CHECK(exec.cap_effective == effective);
    CHECK(exec.cap_permitted >= effective);
}

TEST_CASE("exec: argv longer than is kept") {
    const Directory directory;
    std::vector<std::string> argv{"true"};
    for (int i = 0; i < 2000; ++i)
        argv.push_back(std::string(99, static_cast<char>('a' + i % 26)));
    const auto result = run([&] { return exec(argv, kTrue); });
    REQUIRE(result.status == 0);
    const auto& record = only_exec(result);
    const auto& exec = record.as<rw_exec>();
    CHECK((exec.c.flags & RW_F_ARGV_TRUNC) != 0);
    CHECK(exec.argc == 2001);
    std::string whole;
    for (const auto& argument : argv)
        whole += argument + '\0';
    CHECK(exec.argv.len == RW_ARGV_MAX);
    CHECK(record.text(exec.argv) == whole.substr(0, RW_ARGV_MAX));
}

TEST_CASE("exec: argv of just the size that is kept") {
    const auto result = run([&] { return exec({"true", std::string(RW_ARGV_MAX - 6, 'x')}, kTrue); });
    const auto& record = only_exec(result);
    CHECK((record.common().flags & RW_F_ARGV_TRUNC) == 0);
    CHECK(record.as<rw_exec>().argv.len == RW_ARGV_MAX - 1);
    CHECK(record.text(record.as<rw_exec>().argv).ends_with("xxx"));
}

TEST_CASE("exec: a script") {
    const Directory directory;
    const auto script = directory.file("script", 0755);
    std::ofstream(script) << "#!/bin/sh -e\nexit 3\n";
    const auto result = run([&] { return exec({"ignored", "argument"}, script); });
    CHECK(WEXITSTATUS(result.status) == 3);
    const auto& record = only_exec(result);
    const auto& exec = record.as<rw_exec>();
    CHECK(record.text(exec.filename) == script);
    CHECK(record.text(exec.interp) == "/bin/sh");
    CHECK(record.text(exec.exe_path.path) == resolved("/bin/sh"));
    CHECK(record.text(exec.argv) == std::string("/bin/sh\0-e\0", 11) + script + std::string("\0argument", 9));
    CHECK(exec.c.exe_ino == stat_of("/bin/sh").st_ino);
}

TEST_CASE("exec: a memfd by execveat") {
    const auto binary = read_file(resolved(kTrue));
    const auto result = run([&] {
        const int fd = static_cast<int>(::syscall(SYS_memfd_create, "payload", MFD_CLOEXEC));
        if (::write(fd, binary.data(), binary.size()) != static_cast<ssize_t>(binary.size()))
            return 1;
        std::array<char*, 2> argv{const_cast<char*>("innocent"), nullptr};
        std::array<char*, 1> environment{nullptr};
        ::syscall(SYS_execveat, fd, "", argv.data(), environment.data(), AT_EMPTY_PATH);
        return 127;
    });
    REQUIRE(result.status == 0);
    const auto& record = only_exec(result);
    const auto& exec = record.as<rw_exec>();
    CHECK(exec.c.call == RW_CALL_EXECVEAT);
    CHECK((exec.c.flags & RW_F_MEMFD) != 0);
    CHECK((exec.c.flags & RW_F_UNLINKED) != 0);
    CHECK(exec.exe.nlink == 0);
    CHECK(record.text(exec.exe_path.path) == "/memfd:payload");
    CHECK(record.text(exec.argv) == "innocent");
    CHECK(record.text(exec.filename).starts_with("/dev/fd/"));
}

TEST_CASE("exec: execveat relative to a directory, and by an absolute name") {
    const Directory directory;
    const auto file = copy_of_true(directory, "memfd:looks-like-one");
    const bool relative = GENERATE(true, false);
    const auto result = run([&] {
        const int dfd = ::open(directory.path().c_str(), O_PATH | O_CLOEXEC);
        std::array<char*, 2> argv{const_cast<char*>("x"), nullptr};
        std::array<char*, 1> environment{nullptr};
        ::syscall(SYS_execveat, dfd, relative ? "memfd:looks-like-one" : file.c_str(), argv.data(), environment.data(),
                  0);
        return 127;
    });
    REQUIRE(result.status == 0);
    const auto& record = only_exec(result);
    // With an absolute name it is execve in all but its number.
    CHECK(record.common().call == (relative ? RW_CALL_EXECVEAT : RW_CALL_EXECVE));
    CHECK(record.text(record.as<rw_exec>().exe_path.path) == file);
    CHECK((record.common().flags & (RW_F_MEMFD | RW_F_UNLINKED)) == 0);
}

TEST_CASE("exec: a binary without a name any more") {
    const Directory directory;
    const auto file = copy_of_true(directory, "gone");
    const auto result = run([&] {
        const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        ::unlink(file.c_str());
        return exec({"gone"}, "/proc/self/fd/" + std::to_string(fd));
    });
    REQUIRE(result.status == 0);
    const auto& record = only_exec(result);
    CHECK((record.common().flags & RW_F_UNLINKED) != 0);
    CHECK((record.common().flags & RW_F_MEMFD) == 0);
    CHECK(record.text(record.as<rw_exec>().exe_path.path) == file);
}

TEST_CASE("exec: the names of the control group, also when it is gone at once") {
    const auto slice = "rwatch-test-" + std::to_string(::getpid()) + ".slice";
    std::uint64_t id = 0;
    const auto result = [&] {
        const ControlGroup group(slice + "/inner.service");
        id = group.id();
        return run([&] {
            group.enter();
            return exec({"true"}, kTrue);
        });
    }();
    REQUIRE(result.status == 0);
    const auto& record = only_exec(result);
    CHECK(record.common().cgroup == id);
    CHECK(record.text(record.as<rw_exec>().cgroup) == "inner.service/" + slice + "/");
}

TEST_CASE("exec: what the standard streams are") {
    using Streams = std::array<std::uint8_t, 3>;
    constexpr std::uint8_t kFifo = S_IFIFO >> 12, kFile = S_IFREG >> 12, kSocket = S_IFSOCK >> 12;
    const auto streams = [](const std::function<void()>& arrange) {
        const auto result = run([&] {
            arrange();
            return exec({"true"}, kTrue);
        });
        REQUIRE(result.status == 0);
        const auto record = only_exec(result);
        return std::to_array(record.as<rw_exec>().streams);
    };
    CHECK(streams([] {
              std::array<int, 2> ends{};
              if (::pipe(ends.data()) == 0) {
                  ::dup2(ends[0], 0);
                  ::dup2(::open("/proc/self/status", O_RDONLY), 1);
                  ::close(2);
              }
          }) == Streams{kFifo, kFile, 0});
    CHECK(streams([] {
              ::dup2(::socket(AF_INET, SOCK_STREAM, 0), 0);
              ::dup2(::socket(AF_INET6, SOCK_DGRAM, 0), 1);
              ::dup2(::socket(AF_UNIX, SOCK_STREAM, 0), 2);
          }) == Streams{kSocket | AF_INET << 4, kSocket | AF_INET6 << 4, kSocket | AF_UNIX << 4});
}

TEST_CASE("exec: the controlling terminal") {
    const auto result = run([] {
        const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
        if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0 || ::setsid() < 0)
            return 1;
        const int slave = ::open(::ptsname(master), O_RDWR | O_CLOEXEC);
        shared().numbers[0] = kernel_dev(stat_of("/proc/self/fd/" + std::to_string(slave)).st_rdev);
        if (slave < 0 || ::ioctl(slave, TIOCSCTTY, 0) != 0)
            return 2;
        ::signal(SIGHUP, SIG_IGN);
        return exec({"true"}, kTrue);
    });
    REQUIRE(result.status == 0);
    CHECK(only_exec(result).as<rw_exec>().tty == shared().numbers[0]);
    CHECK(only_exec(result).as<rw_exec>().sid == static_cast<std::uint32_t>(result.pid)); // setsid above
    CHECK(shared().numbers[0] != 0);
}

TEST_CASE("exec: by a thread that is not the first") {
    const auto result = run([] {
        std::thread([] { exec({"true", "from a thread"}, kTrue); }).join();
        return 1;
    });
    REQUIRE(result.status == 0);
    const auto& c = only_exec(result).common();
    CHECK(c.pid == static_cast<std::uint32_t>(result.pid));
    CHECK(c.tid == c.pid); // the kernel gives it the first thread's id
    CHECK(result.of(RW_EXIT).size() == 1);
}

TEST_CASE("fork: each call that makes a process, and none for a thread") {
    struct Case {
        long number;
        unsigned call;
    };
    const std::vector<Case> cases{
#ifdef SYS_fork
        {SYS_fork, RW_CALL_FORK},
        {SYS_vfork, RW_CALL_VFORK},
#endif
        {SYS_clone, RW_CALL_CLONE},
        {SYS_clone3, RW_CALL_CLONE3},
    };
    for (const auto& one : cases) {
        INFO(one.call);
        const auto result = run([&] {
            std::thread([] {}).join();
            clone_args arguments{};
            arguments.exit_signal = SIGCHLD;
            pid_t child = 0;
            if (one.number == SYS_clone3)
                child = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof(arguments)));
            else if (one.call == RW_CALL_VFORK)
                child = ::vfork(); // as a system call it would return twice on one stack
            else
                child = static_cast<pid_t>(::syscall(one.number, SIGCHLD, 0, 0, 0, 0));
            if (child == 0)
                ::_exit(7);
            shared().numbers[0] = static_cast<std::uint64_t>(child);
            int status = 0;
            ::waitpid(child, &status, 0);
            return WEXITSTATUS(status) == 7 ? 0 : 1;
        });
        REQUIRE(result.status == 0);
        const auto forks = result.of(RW_FORK);
        REQUIRE(forks.size() == 1);
        const auto& fork = forks[0].as<rw_fork>();
        CHECK(fork.c.call == (older() ? 0U : one.call));
        CHECK(fork.child_pid == shared().numbers[0]);
        CHECK(fork.child_vpid == fork.child_pid);
        CHECK(fork.child_pidns == fork.c.pidns);
        CHECK(fork.child_mntns == fork.c.mntns);
        CHECK(fork.child_cgroup == fork.c.cgroup);
        CHECK(fork.child_start > fork.c.start);
        const auto child = records_of(fork.child_pid);
        CHECK(child.back().common().start == fork.child_start);
        CHECK(child.back().common().ppid == static_cast<std::uint32_t>(result.pid));
        CHECK(child.back().common().parent_start == fork.c.start);
        CHECK(child.back().as<rw_exit>().status == 7 << 8);
    }
}

TEST_CASE("exit: status as wait(2) has it") {
    SECTION("a code") {
        const auto result = run([] { return 42; });
        CHECK(result.records.back().as<rw_exit>().status == 42 << 8);
        CHECK(result.records.back().common().call == RW_CALL_PROCEXIT);
    }
    SECTION("a signal") {
        const auto result = run([] {
            ::raise(SIGKILL);
            return 0;
        });
        CHECK(result.records.back().as<rw_exit>().status == static_cast<std::uint32_t>(SIGKILL));
    }
    SECTION("the first thread goes before the last: one exit, at the end") {
        const auto result = run([] {
            std::thread([] {
                ::usleep(50'000);
                ::syscall(SYS_exit, 9); // of the thread alone; the process's code is the first thread's
            }).detach();
            ::syscall(SYS_exit, 5);
            return 0;
        });
        CHECK(result.of(RW_EXIT).size() == 1);
        CHECK(result.records.back().as<rw_exit>().status == static_cast<std::uint32_t>(result.status));
        CHECK(result.records.back().common().tid != result.records.back().common().pid);
    }
    SECTION("many threads at once") {
        const auto result = run([] {
            for (int i = 0; i < 20; ++i)
                std::thread([] { ::pause(); }).detach();
            return 11;
        });
        if (!older()) // before 6.16 the kernel does not say which thread is the last
            CHECK(result.of(RW_EXIT).size() == 1);
        CHECK(result.records.back().as<rw_exit>().status == 11 << 8);
    }
}
