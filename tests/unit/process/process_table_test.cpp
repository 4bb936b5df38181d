// SPDX-License-Identifier: MIT OR Apache-2.0
// Who is who: fork, exec, exit, pids that come back, parents, and what /proc repairs.
#include "machine.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

using namespace rwatch;
using namespace std::literals;
using event::Event;
using event::Kind;
using process::NodeStore;
using process::ProcessTable;
using process::Units;
using test::ancestors;
using test::Machine;

TEST_CASE("a process is never blank: what the event says is there") {
    Machine m;
    const auto e = m.open(50, 7);
    CHECK(e.process->pid == 50);
    CHECK(e.process->start_ns == 7);
    CHECK(e.process->ppid == 1);
    CHECK(e.process->comm == "test");
    CHECK(e.process->cmdline == "test");
    CHECK(e.process->exe.id == event::FileId{1, 100});
    CHECK(e.process->uid == 1000);
    CHECK(e.process->alive);
    CHECK(m.table.counters().incomplete == 1);
    CHECK(m.open(50, 7).process == e.process);
    CHECK(m.table.size() == 1);
}

TEST_CASE("fork, exec, exit") {
    Machine m;
    const auto shell = m.exec(50, 7, "/usr/bin/bash", "-bash\0-i"sv, "bash");
    CHECK(shell.process->exe_path == "/usr/bin/bash");
    CHECK(shell.process->cmdline == "bash -i");
    m.fork(50, 7, 60, 9);
    const auto* child = m.table.find(60);
    REQUIRE(child != nullptr);
    CHECK(child->parent == shell.process);
    CHECK(child->ppid == 50);
    CHECK(child->vpid == 67);
    CHECK(child->start_ns == 9);
    CHECK(child->exe_path == "/usr/bin/bash");
    CHECK(child->argv == "-bash\0-i"sv);
    CHECK(child->cwd == "/home/a");
    CHECK(child->exec_ns == 0);

    const auto cat = m.exec(60, 9, "/usr/bin/cat", "cat\0/etc/shadow"sv, "cat");
    CHECK(cat.process == child);
    CHECK(cat.process->exe_path == "/usr/bin/cat");
    CHECK(cat.process->cmdline == "cat /etc/shadow");
    CHECK(cat.process->exe.id == event::FileId{1, 100});
    CHECK(cat.process->exec_ns == cat.boot_ns);
    CHECK(cat.process->parent->cmdline == "bash -i");

    m.exit(60, 9);
    CHECK_FALSE(m.table.find(60)->alive);
    // An event of another CPU that comes late still knows who it was.
    CHECK(m.open(60, 9).process->exe_path == "/usr/bin/cat");
    m.now += NodeStore::kGraceNs + 1;
    m.open(50, 7);
    CHECK(m.table.find(60) == nullptr);
    CHECK(m.table.size() == 1);
}

TEST_CASE("a POSIX session counts its living processes, and who never ran a program is known") {
    Machine m;
    const auto in_session = [&m](std::uint32_t pid, std::uint64_t start, std::uint32_t sid) {
        auto e = m.make(Kind::exec, pid, start);
        e.sid = sid;
        return m.send(e);
    };
    const auto shell = in_session(50, 7, 50);
    CHECK(shell.process->sid == 50);
    REQUIRE(shell.process->session_size != nullptr);
    CHECK(*shell.process->session_size == 1);
    CHECK(shell.process->execed);
    for (std::uint32_t pid = 60; pid < 70; ++pid)
        m.fork(50, 7, pid, pid);
    CHECK(*shell.process->session_size == 11);
    CHECK(m.table.find(60)->sid == 50);
    CHECK_FALSE(m.table.find(60)->execed);
    in_session(60, 60, 50);
    CHECK(m.table.find(60)->execed);
    CHECK(*shell.process->session_size == 11);
    in_session(61, 61, 61); // setsid, then exec
    CHECK(*shell.process->session_size == 10);
    CHECK(*m.table.find(61)->session_size == 1);
    m.exit(60, 60);
    m.exit(61, 61);
    CHECK(*shell.process->session_size == 9);
    CHECK(*m.table.find(61)->session_size == 0);
    m.now += NodeStore::kGraceNs + 1;
    m.open(50, 7);
    CHECK(m.table.find(61) == nullptr);
    CHECK(*shell.process->session_size == 9);
}

TEST_CASE("who a process was before") {
    Machine m;
    CHECK(m.exec(50, 7, "/usr/bin/bash", "bash"sv, "bash").old_euid == 1000); // the first event of it: as now
    auto e = m.make(Kind::exec, 50, 7);
    e.euid = 0;
    CHECK(m.send(e).old_euid == 1000);
    e = m.make(Kind::setid, 50, 7);
    CHECK(m.send(e).old_euid == 0);
    e = m.make(Kind::setid, 50, 7);
    e.tid = 51;
    CHECK(m.send(e).old_euid == event::kUnset);
}

TEST_CASE("whom a ptrace or a signal is about") {
    Machine m;
    (void)m.exec(50, 7, "/usr/sbin/sshd", "sshd"sv, "sshd");
    auto e = m.make(GENERATE(Kind::ptrace, Kind::signal), 60, 9);
    e.target_pid = 50;
    CHECK(m.send(e).target_process == m.table.find(50));
    e.target_pid = 51; // nobody, or a thread
    CHECK(m.send(e).target_process == nullptr);
    e.target_pid = 0; // not known to the kernel side
    CHECK(m.send(e).target_process == nullptr);
}

TEST_CASE("what systemd reports changes nothing about process 1") {
    Machine m;
    m.exec(1, 10, "/usr/lib/systemd/systemd", "init", "systemd");
    auto report = m.make(event::Kind::service, 1, 0);
    report.comm = {};
    report.exe = {};
    report.cgroup = 0;
    report.ppid = 0;
    const auto e = m.send(report);
    CHECK(e.process->comm == "systemd");
    CHECK(e.process->exe_path == "/usr/lib/systemd/systemd");
    CHECK(e.process->start_ns == 10);
    CHECK(e.process->uid == 1000);
    CHECK(m.table.counters().lost_execs == 0);
    CHECK(m.table.counters().incomplete == 0);
}

TEST_CASE("exec of scripts, memfds and with cut arguments") {
    Machine m;
    auto e = m.make(Kind::exec, 50, 7);
    e.object.name = "/usr/bin/dash";
    e.interp = "/bin/sh";
    e.filename = "../b/x.sh";
    e.cwd = "/home/a";
    e.cap_effective = 3;
    e.cap_permitted = 7;
    e.tty = 34816;
    e.flags = event::kFlagMemfd | event::kFlagArgvTruncated;
    e = m.send(e);
    CHECK(e.process->script == "/home/b/x.sh");
    CHECK(e.process->filename == "../b/x.sh");
    CHECK(e.process->exe_memfd);
    CHECK_FALSE(e.process->exe_unlinked);
    CHECK(e.process->args_truncated);
    CHECK(e.process->cap_effective == 3);
    CHECK(e.process->cap_permitted == 7);
    CHECK(e.process->tty == 34816);
    // The next image starts clean.
    e = m.exec(50, 7, "/usr/bin/true", "true", "true");
    CHECK(e.process->script.empty());
    CHECK_FALSE(e.process->exe_memfd);
    CHECK_FALSE(e.process->args_truncated);
}

TEST_CASE("credentials and name follow the first thread, not the others") {
    Machine m;
    m.open(50, 7);
    auto e = m.make(Kind::open, 50, 7);
    e.tid = 51;
    e.comm = "worker";
    e.euid = 0;
    e = m.send(e);
    CHECK(e.process->comm == "test");
    CHECK(e.process->euid == 1000);
    e = m.make(Kind::open, 50, 7);
    e.euid = 0;
    e.loginuid = 1000;
    e = m.send(e);
    CHECK(e.process->euid == 0);
    CHECK(e.process->loginuid == 1000);
}

TEST_CASE("a pid that comes back is another process") {
    Machine m;
    m.exec(50, 7, "/first", "first", "first");
    SECTION("after its exit") {
        m.exit(50, 7);
        CHECK(m.exec(50, 8, "/second", "second", "second").process->exe_path == "/second");
        CHECK(m.table.counters().nodes.reused == 0);
    }
    SECTION("where the exit was lost") {
        CHECK(m.exec(50, 8, "/second", "second", "second").process->exe_path == "/second");
        CHECK(m.table.counters().nodes.reused == 1);
    }
    // A late event of the first still finds the first.
    const auto late = m.open(50, 7);
    CHECK(late.process->exe_path == "/first");
    CHECK_FALSE(late.process->alive);
    CHECK(m.table.find(50)->exe_path == "/second");
    m.now += NodeStore::kGraceNs * 2;
    CHECK(m.open(50, 8).process->exe_path == "/second");
    CHECK(m.table.size() == 1);
}

TEST_CASE("a late event of a process that is forgotten does not hide the new one") {
    Machine m;
    m.exec(50, 20, "/new", "new", "new");
    const auto late = m.open(50, 10);
    CHECK_FALSE(late.process->alive);
    CHECK(m.open(50, 20).process->exe_path == "/new");
    CHECK(m.table.find(50)->alive);
}

TEST_CASE("a lost exec is noticed by the executable") {
    Machine m;
    m.exec(50, 7, "/usr/bin/bash", "bash", "bash");
    auto e = m.make(Kind::open, 50, 7);
    e.exe = {1, 333};
    e.comm = "evil";
    e = m.send(e);
    CHECK(e.process->exe_path.empty()); // not the old one: that would be a lie
    CHECK(e.process->exe.id == event::FileId{1, 333});
    CHECK(e.process->cmdline == "evil");
    CHECK(m.table.counters().lost_execs == 1);
}

TEST_CASE("what events did not tell is read from /proc, if it is the same process") {
    Machine m;
    const auto tick = process::ProcReader().tick_ns();
    m.dir.write("1/stat", "1 (systemd) S 0 1 1 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0");
    m.dir.write("40/stat", "40 (sshd) S 1 40 40 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 400 0 0");
    m.dir.write("40/cmdline", std::string("sshd:\0-D\0", 9));
    m.dir.write("50/stat", "50 (bash) S 40 50 50 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0");
    m.dir.write("50/cmdline", std::string("bash\0-l\0", 8));
    m.dir.write("50/cgroup", "0::/user.slice/user-0.slice/session-2.scope\n");
    SECTION("the same start: all is known, ancestors too") {
        auto e = m.make(Kind::open, 50, 500 * tick + 5);
        e.cgroup = 0;
        e = m.send(e);
        CHECK(e.process->argv == "bash\0-l"sv);
        CHECK(e.process->start_ns == 500 * tick + 5);
        CHECK(ancestors(e.process) == std::vector<std::uint32_t>{40, 1});
        CHECK(e.process->parent->cmdline == "sshd -D");
        REQUIRE(e.placement != nullptr);
        CHECK(e.placement->session == "2");
        CHECK(e.process->placement == e.placement);
        CHECK(m.table.counters().repaired == 3);
    }
    SECTION("another start: another process") {
        const auto e = m.open(50, 501 * tick + 5);
        CHECK(e.process->argv.empty());
        CHECK(ancestors(e.process) == std::vector<std::uint32_t>{1});
        CHECK(m.table.counters().repaired == 1); // the parent
    }
    SECTION("at start everything is taken in; events then meet it by ticks") {
        m.table.fill_from_proc();
        CHECK(m.table.size() == 3);
        const auto* before = m.table.find(50);
        REQUIRE(before != nullptr);
        CHECK(ancestors(before) == std::vector<std::uint32_t>{40, 1});
        const auto e = m.open(50, 500 * tick + 77);
        CHECK(e.process == before);
        CHECK(e.process->start_ns == 500 * tick + 77);
        // Known exactly now: a start in the same tick is another process.
        CHECK(m.open(50, 500 * tick + 78).process != before);
        m.table.fill_from_proc();
        CHECK(m.table.size() == 4);
    }
}

TEST_CASE("a sweep retires those whose exit was lost, where /proc can be believed") {
    Machine m;
    const auto tick = process::ProcReader().tick_ns();
    m.dir.write("50/stat", "50 (bash) S 0 50 50 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0");
    m.open(50, 500 * tick);
    m.open(51, 501 * tick);
    m.table.sweep(100, m.now);
    CHECK(m.table.alive() == 2); // pid 1 was never seen in both: this may be another pid namespace
    m.dir.write("1/stat", "1 (systemd) S 0 1 1 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0");
    m.open(1, tick);
    m.table.sweep(100, m.now);
    CHECK(m.table.alive() == 2);
    CHECK(m.table.find(50)->alive);
    CHECK_FALSE(m.table.find(51)->alive);
}

TEST_CASE("our own process, and a real child, from the real /proc") {
    Units units;
    ProcessTable table(ProcessTable::kCapacity, units);
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    table.fill_from_proc();
    const auto* self = table.find(static_cast<std::uint32_t>(::getpid()));
    REQUIRE(self != nullptr);
    CHECK(self->exe_path == std::filesystem::read_symlink("/proc/self/exe"));
    const auto* forked = table.find(static_cast<std::uint32_t>(child));
    REQUIRE(forked != nullptr);
    CHECK(forked->parent == self);
    CHECK(forked->exe_path == self->exe_path);

    Event e;
    e.kind = Kind::open;
    e.pid = e.tid = static_cast<std::uint32_t>(child);
    e.start_ns = forked->start_ns + 5; // within its tick
    e.boot_ns = e.start_ns + 1;
    e.comm = forked->comm;
    table.enrich(e);
    CHECK(e.process == forked);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    e.kind = Kind::exit;
    table.enrich(e);
    CHECK_FALSE(forked->alive);
}
