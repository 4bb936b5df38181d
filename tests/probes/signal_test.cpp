// SPDX-License-Identifier: MIT OR Apache-2.0
// Signals and other calls that are about another process, and flags of new ones.
#include "watcher.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

constexpr pid_t kNoProcess = 0x3fffffff; // above the highest pid that there can be

/// A child of the child that waits for ever.
pid_t sleeper() {
    const pid_t pid = ::fork();
    if (pid == 0)
        for (;;)
            ::pause();
    return pid;
}

void end(pid_t pid) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
}

struct Sent {
    unsigned call;
    std::size_t place; ///< of the signal among the arguments
    std::uint64_t signal;
    bool known = true; ///< whom it is about
};

} // namespace

TEST_CASE("signals: every call, and whom it is about") {
    const auto result = run([] {
        const pid_t other = sleeper();
        const long fd = ::syscall(SYS_pidfd_open, other, 0);
        siginfo_t info{};
        info.si_code = SI_QUEUE;
        shared().numbers[0] = static_cast<std::uint64_t>(other);
        ::syscall(SYS_kill, other, 0);       // asks whether it lives
        ::syscall(SYS_kill, other, SIGCHLD); // often
        ::syscall(SYS_kill, ::getpid(), SIGCONT);
        ::syscall(SYS_tgkill, ::getpid(), ::gettid(), SIGCONT);
        ::syscall(SYS_kill, other, SIGCONT);
        ::syscall(SYS_tkill, other, SIGCONT);
        ::syscall(SYS_tgkill, other, other, SIGCONT);
        ::syscall(SYS_rt_sigqueueinfo, other, SIGCONT, &info);
        ::syscall(SYS_rt_tgsigqueueinfo, other, other, SIGCONT, &info);
        ::syscall(SYS_pidfd_send_signal, fd, SIGCONT, nullptr, 0);
        ::syscall(SYS_pidfd_send_signal, fd, 0, nullptr, 0);
        ::syscall(SYS_pidfd_send_signal, 0, SIGCONT, nullptr, 0);
        ::syscall(SYS_kill, kNoProcess, SIGTERM);
        ::syscall(SYS_kill, -kNoProcess, SIGTERM);
        end(other);
        return 0;
    });
    const Sent expected[] = {
        {RW_CALL_KILL, 1, SIGCONT},
        {RW_CALL_TKILL, 1, SIGCONT},
        {RW_CALL_TGKILL, 2, SIGCONT},
        {RW_CALL_RT_SIGQUEUEINFO, 1, SIGCONT},
        {RW_CALL_RT_TGSIGQUEUEINFO, 2, SIGCONT},
        {RW_CALL_PIDFD_SEND_SIGNAL, 1, SIGCONT},
        {RW_CALL_PIDFD_SEND_SIGNAL, 1, SIGCONT, false},
        {RW_CALL_KILL, 1, SIGTERM},
        {RW_CALL_KILL, 1, SIGTERM, false},
        {RW_CALL_KILL, 1, SIGKILL},
    };
    const auto records = result.of(RW_SIGNAL);
    REQUIRE(records.size() == std::size(expected));
    for (std::size_t i = 0; i < records.size(); ++i) {
        INFO("record " << i);
        const auto& call = records[i].as<rw_syscall>();
        CHECK(call.c.call == expected[i].call);
        CHECK(call.args[expected[i].place] == expected[i].signal);
        CHECK(call.target == (i == 7 ? kNoProcess : expected[i].known ? shared().numbers[0] : 0));
    }
    CHECK(records[5].as<rw_syscall>().ret == 0);
    CHECK(records[6].as<rw_syscall>().ret == -EBADF);
    CHECK(records[7].as<rw_syscall>().ret == -ESRCH);
    CHECK(static_cast<std::int32_t>(records[8].as<rw_syscall>().args[0]) == -kNoProcess);
}

TEST_CASE("signals: in a pid namespace of its own numbers mean others, and nobody is named") {
    const auto result = run([] {
        if (::unshare(CLONE_NEWPID) != 0)
            return 1;
        const pid_t inside = ::fork();
        if (inside == 0) {
            ::syscall(SYS_kill, kNoProcess, SIGTERM);
            ::_exit(0);
        }
        shared().numbers[0] = static_cast<std::uint64_t>(inside);
        return ::waitpid(inside, nullptr, 0) == inside ? 0 : 2;
    });
    REQUIRE(result.status == 0);
    Records inside;
    for (const auto& record : records_of(static_cast<std::uint32_t>(shared().numbers[0])))
        if (record.common().kind == RW_SIGNAL)
            inside.push_back(record);
    REQUIRE(inside.size() == 1);
    CHECK(inside[0].as<rw_syscall>().target == 0);
    CHECK(inside[0].common().vpid == 1);
}

TEST_CASE("another process's memory and descriptors") {
    const auto result = run([] {
        const pid_t other = sleeper();
        static char here[8], there[8];
        const iovec local{here, sizeof(here)}, remote{there, sizeof(there)};
        const long fd = ::syscall(SYS_pidfd_open, other, 0);
        shared().numbers[0] = static_cast<std::uint64_t>(other);
        ::syscall(SYS_process_vm_readv, other, &local, 1, &remote, 1, 0);
        ::syscall(SYS_process_vm_writev, other, &local, 1, &remote, 1, 0);
        shared().numbers[1] = static_cast<std::uint64_t>(::syscall(SYS_pidfd_getfd, fd, 0, 0));
        const int memory = ::open(("/proc/" + std::to_string(other) + "/mem").c_str(), O_RDWR | O_CLOEXEC);
        end(other);
        return memory >= 0 ? 0 : 1;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_PTRACE);
    REQUIRE(records.size() == 3);
    const unsigned calls[] = {RW_CALL_PROCESS_VM_READV, RW_CALL_PROCESS_VM_WRITEV, RW_CALL_PIDFD_GETFD};
    for (std::size_t i = 0; i < records.size(); ++i) {
        CHECK(records[i].common().call == calls[i]);
        CHECK(records[i].as<rw_syscall>().target == shared().numbers[0]);
    }
    CHECK(records[0].as<rw_syscall>().args[0] == shared().numbers[0]);
    CHECK(records[0].as<rw_syscall>().args[2] == 1);
    CHECK(records[1].as<rw_syscall>().ret == 8);
    CHECK(records[2].as<rw_syscall>().ret == static_cast<std::int64_t>(shared().numbers[1]));
    // What is written through /proc needs an open for writing, which is told with the file.
    const auto path = "/proc/" + std::to_string(shared().numbers[0]) + "/mem";
    const auto& opened = result.named(RW_OPEN, path);
    CHECK(opened.text(opened.as<rw_open>().path.path) == path);
    CHECK((opened.as<rw_open>().open_flags & O_ACCMODE) == O_RDWR);
}

TEST_CASE("capset tells the sets that are in force") {
    const auto result = run([] {
        struct {
            std::uint32_t version;
            int pid;
        } head{0x20080522, 0};
        struct {
            std::uint32_t effective, permitted, inheritable;
        } sets[2]{};
        if (::syscall(SYS_capget, &head, &sets) != 0)
            return 1;
        sets[0].effective = 1U << 5U;
        sets[0].inheritable = 1U << 3U;
        sets[1].effective = 0;
        if (::syscall(SYS_capset, &head, &sets) != 0)
            return 2;
        shared().numbers[0] = sets[0].permitted | static_cast<std::uint64_t>(sets[1].permitted) << 32U;
        shared().numbers[1] = sets[0].inheritable | static_cast<std::uint64_t>(sets[1].inheritable) << 32U;
        ::syscall(SYS_setgroups, 0, nullptr);
        ::syscall(SYS_setfsuid, 0);
        ::syscall(SYS_setfsgid, 5);
        return 0;
    });
    REQUIRE(result.status == 0);
    const auto records = result.of(RW_SETID);
    REQUIRE(records.size() == 4);
    const auto& call = records[0].as<rw_syscall>();
    CHECK(call.c.call == RW_CALL_CAPSET);
    CHECK(call.args[0] == shared().numbers[1]);
    CHECK(call.args[1] == shared().numbers[0]);
    CHECK(call.args[2] == 1U << 5U);
    CHECK(records[1].common().call == RW_CALL_SETGROUPS);
    CHECK(records[2].common().call == RW_CALL_SETFSUID);
    CHECK(records[3].common().call == RW_CALL_SETFSGID);
    CHECK(records[3].as<rw_syscall>().args[0] == 5);
}

TEST_CASE("new processes: flags, and the namespaces that they really have") {
    const auto result = run([] {
        clone_args request{};
        request.flags = CLONE_NEWUTS | CLONE_NEWUSER;
        request.exit_signal = SIGCHLD;
        const long made[] = {::syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | CLONE_PARENT_SETTID | SIGCHLD, 0,
                                       &shared().numbers[8], 0, 0),
                             ::syscall(SYS_clone3, &request, sizeof(request)), ::syscall(SYS_fork)};
        for (const long pid : made)
            if (pid == 0)
                ::_exit(0);
        for (std::size_t i = 0; i < std::size(made); ++i) {
            shared().numbers[i] = static_cast<std::uint64_t>(made[i]);
            ::waitpid(static_cast<pid_t>(made[i]), nullptr, 0);
        }
        return 0;
    });
    const auto records = result.of(RW_FORK);
    REQUIRE(records.size() == 3);
    for (std::size_t i = 0; i < records.size(); ++i)
        CHECK(records[i].as<rw_fork>().child_pid == shared().numbers[i]);
    const std::uint64_t asked = older() ? 0 : CLONE_PARENT_SETTID;
    CHECK(records[0].as<rw_fork>().flags == (CLONE_NEWNS | CLONE_NEWPID | asked));
    CHECK(records[1].as<rw_fork>().flags == (CLONE_NEWUTS | CLONE_NEWUSER));
    CHECK(records[2].as<rw_fork>().flags == 0);
}
