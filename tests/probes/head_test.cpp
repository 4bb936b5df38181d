// SPDX-License-Identifier: MIT OR Apache-2.0
// The head of every record: who did it.
#include "watcher.hpp"

#include "core/time.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

/// Field 22 of /proc/PID/stat, counted behind the parenthesis that ends comm.
std::uint64_t start_ticks(pid_t pid) {
    const auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
    std::istringstream rest(text.substr(text.rfind(')') + 2));
    std::string word;
    for (int field = 3; field <= 22; ++field)
        rest >> word;
    return std::stoull(word);
}

std::uint64_t cgroup_inode() {
    std::istringstream lines(read_file("/proc/self/cgroup"));
    std::string path;
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("0::"))
            path = line.substr(3);
    std::istringstream mounts(read_file("/proc/self/mounts"));
    std::string what, where, type;
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream(line) >> what >> where >> type;
        if (type == "cgroup2")
            return stat_of(where + path).st_ino;
    }
    FAIL("no cgroup2 is mounted");
    return 0;
}

std::uint64_t namespace_inode(const char* name) {
    return stat_of(std::string("/proc/self/ns/") + name).st_ino;
}

} // namespace

TEST_CASE("head: process, parent, credentials, audit, namespaces, cgroup") {
    const Directory directory;
    const auto file = directory.file("subject");
    const auto before = static_cast<std::uint64_t>(boot_now());
    const auto result = run([&] {
        ::prctl(PR_SET_NAME, "probe-subject");
        shared().numbers[0] = start_ticks(::getpid());
        if (::setresgid(static_cast<gid_t>(-1), 1002, static_cast<gid_t>(-1)) != 0 ||
            ::setresuid(static_cast<uid_t>(-1), 1001, static_cast<uid_t>(-1)) != 0)
            return 1;
        return ::open(file.c_str(), O_RDONLY | O_CLOEXEC) < 0 ? 1 : 0;
    });
    const auto after = static_cast<std::uint64_t>(boot_now());
    REQUIRE(result.status == 0);
    const auto& c = result.named(RW_OPEN, file).common();
    CHECK(c.pid == static_cast<std::uint32_t>(result.pid));
    CHECK(c.tid == c.pid);
    CHECK(c.vpid == c.pid);
    CHECK(c.ppid == static_cast<std::uint32_t>(::getpid()));
    const auto tick = static_cast<std::uint64_t>(kSecond / ::sysconf(_SC_CLK_TCK));
    CHECK(c.start / tick == shared().numbers[0]);
    CHECK(c.parent_start / tick == start_ticks(::getpid()));
    CHECK(c.ktime >= before);
    CHECK(c.ktime <= after);
    CHECK(c.uid == ::getuid());
    CHECK(c.euid == 1001);
    CHECK(c.gid == ::getgid());
    CHECK(c.egid == 1002);
    CHECK(c.loginuid == static_cast<std::uint32_t>(std::stoull(read_file("/proc/self/loginuid"))));
    CHECK(c.session == static_cast<std::uint32_t>(std::stoull(read_file("/proc/self/sessionid"))));
    CHECK(std::string(c.comm) == "probe-subject");
    const auto exe = stat_of("/proc/self/exe");
    CHECK(c.exe_ino == exe.st_ino);
    CHECK(c.exe_dev == kernel_dev(exe.st_dev));
    CHECK(c.cgroup == cgroup_inode());
    CHECK(c.pidns == namespace_inode("pid"));
    CHECK(c.mntns == namespace_inode("mnt"));
    CHECK((c.flags & RW_F_COMPAT) == 0);
    CHECK(c.size == result.named(RW_OPEN, file).size());
}

TEST_CASE("head: a thread has its own tid and the process's start") {
    const Directory directory;
    const auto file = directory.file("subject");
    const auto result = run([&] {
        ::usleep(20'000); // the thread starts visibly later
        std::thread([&] {
            shared().numbers[0] = static_cast<std::uint64_t>(::syscall(SYS_gettid));
            ::close(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        }).join();
        return 0;
    });
    const auto& c = result.named(RW_OPEN, file).common();
    CHECK(c.pid == static_cast<std::uint32_t>(result.pid));
    CHECK(c.tid == shared().numbers[0]);
    CHECK(c.tid != c.pid);
    CHECK(c.start == result.records.back().common().start);
}

TEST_CASE("head: a process in namespaces of its own") {
    const Directory directory;
    const auto file = directory.file("subject");
    const auto result = run([&] {
        if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0)
            return 1;
        const pid_t inner = ::fork();
        if (inner == 0) {
            shared().numbers[1] = stat_of("/proc/self/ns/mnt").st_ino;
            ::_exit(::getpid() == 1 && ::open(file.c_str(), O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 1);
        }
        shared().numbers[0] = static_cast<std::uint64_t>(inner);
        shared().numbers[2] = stat_of("/proc/self/ns/pid_for_children").st_ino;
        int status = 0;
        ::waitpid(inner, &status, 0);
        return status == 0 ? 0 : 1;
    });
    REQUIRE(result.status == 0);
    Run inner;
    inner.records = records_of(static_cast<std::uint32_t>(shared().numbers[0]));
    const auto& c = inner.named(RW_OPEN, file).common();
    CHECK(c.pid == shared().numbers[0]);
    CHECK(c.vpid == 1);
    CHECK(c.ppid == static_cast<std::uint32_t>(result.pid));
    CHECK(c.pidns == shared().numbers[2]);
    CHECK(c.pidns != namespace_inode("pid"));
    CHECK(c.mntns != namespace_inode("mnt"));
    // The parent saw a child in the new namespaces.
    const auto forks = result.of(RW_FORK);
    REQUIRE(forks.size() == 1);
    const auto& fork = forks[0].as<rw_fork>();
    CHECK(fork.child_pid == c.pid);
    CHECK(fork.child_vpid == 1);
    CHECK(fork.child_pidns == c.pidns);
    CHECK(fork.child_mntns == c.mntns);
    CHECK(fork.child_start == c.start);
    CHECK(fork.child_cgroup == c.cgroup);
}
