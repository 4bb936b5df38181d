// SPDX-License-Identifier: MIT OR Apache-2.0
// Whose child a process is, whatever the kernel calls its parent by now; and where it was put.
#include "machine.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

using namespace rwatch;
using event::Event;
using event::Kind;
using process::NodeStore;
using process::ProcessTable;
using process::Units;
using test::ancestors;
using test::Machine;

TEST_CASE("parents stay those of the fork, and stay while a descendant lives") {
    Machine m;
    m.exec(10, 1, "/sbin/sshd", "sshd", "sshd");
    m.fork(10, 1, 11, 2);
    m.exec(11, 2, "/bin/bash", "bash", "bash");
    m.fork(11, 2, 12, 3);
    m.exit(11, 2);
    m.now += NodeStore::kGraceNs * 2;
    auto e = m.make(Kind::open, 12, 3);
    e.ppid = 1; // adopted by init
    e = m.send(e);
    CHECK(ancestors(e.process) == std::vector<std::uint32_t>{11, 10});
    CHECK(e.process->parent->exe_path == "/bin/bash");
    CHECK(m.table.size() == 3);
    m.exit(12, 3);
    m.now += NodeStore::kGraceNs * 2;
    m.open(10, 1);
    CHECK(m.table.size() == 1); // 12 went, and with it 11
}

TEST_CASE("who forked is the parent, whatever the child is told") {
    Machine m;
    m.exec(10, 1, "/sbin/init", "init", "init");
    m.exec(40, 2, "/bin/bash", "bash", "bash");
    SECTION("CLONE_PARENT: the kernel calls the shell's parent its parent") {
        m.fork(40, 2, 50, 3);
        auto e = m.make(Kind::exec, 50, 3);
        e.ppid = 10;
        e.parent_start_ns = 1;
        CHECK(ancestors(m.send(e).process) == std::vector<std::uint32_t>{40});
    }
    SECTION("a double fork, and the one in between gone for long: adopted by a sub-reaper") {
        m.fork(40, 2, 50, 3);
        m.fork(50, 3, 51, 4);
        m.exit(50, 3);
        m.now += NodeStore::kGraceNs * 3;
        auto e = m.make(Kind::open, 51, 4);
        e.ppid = 10;
        e.parent_start_ns = 1;
        CHECK(ancestors(m.send(e).process) == std::vector<std::uint32_t>{50, 40});
        CHECK(e.ppid == 10); // the parent now is the event's
    }
    SECTION("vfork: the child runs another program while the parent waits") {
        m.fork(40, 2, 50, 3);
        CHECK(m.exec(50, 3, "/bin/ls", "ls", "ls").process->parent->exe_path == "/bin/bash");
        CHECK(m.open(40, 2).process->exe_path == "/bin/bash");
    }
    SECTION("a thread forks: its process is the parent, its credentials are the child's") {
        auto e = m.make(Kind::fork, 40, 2);
        e.tid = 41;
        e.euid = 0;
        e.child_pid = 50;
        e.child_vpid = 1;
        e.child_start_ns = 3;
        (void)m.send(e);
        CHECK(ancestors(m.table.find(50)) == std::vector<std::uint32_t>{40});
        CHECK(m.table.find(50)->euid == 0);
        CHECK(m.table.find(50)->vpid == 1); // first of a pid namespace
        CHECK(m.table.find(40)->euid == 1000);
    }
}

TEST_CASE("an exec that is looked at again is what it was") {
    Machine m;
    m.exec(40, 2, "/bin/bash", "bash", "bash");
    m.fork(40, 2, 50, 3);
    auto first = m.make(Kind::exec, 50, 3);
    first.object.name = "/tmp/dropper";
    first = m.send(first);
    auto then = *first.process;
    (void)m.exec(50, 3, "/bin/sh", "sh", "sh");
    const auto counted = m.table.size();
    m.table.revisit(first, then);
    CHECK(first.process->exe_path == "/tmp/dropper");
    CHECK(ancestors(first.process) == std::vector<std::uint32_t>{40});
    CHECK(m.table.find(50)->exe_path == "/bin/sh");
    m.exit(50, 3);
    m.now += NodeStore::kGraceNs * 2;
    (void)m.open(40, 2);
    CHECK(m.table.size() < counted);
    m.table.revisit(first, then);
    CHECK(first.process->parent == nullptr); // forgotten: nothing points there
}

TEST_CASE("on cgroup v1 who logs in is where the login moved him") {
    const test::TempDir dir;
    dir.write("self/cgroup", "1:name=systemd:/init.scope\n");
    dir.write("50/cgroup", "1:name=systemd:/system.slice/ssh.service\n");
    Units units(dir.path());
    ProcessTable table(100, units, dir.path());
    Event e;
    e.kind = Kind::exec;
    e.boot_ns = 1000;
    e.pid = e.tid = 50;
    e.start_ns = 7;
    e.cgroup = 1;
    table.enrich(e);
    REQUIRE(e.placement != nullptr);
    CHECK(e.placement->unit == "ssh.service");
    dir.write("50/cgroup", "1:name=systemd:/user.slice/user-1000.slice/session-3.scope\n");
    table.enrich(e);
    CHECK(e.placement->session == "3");
    std::filesystem::remove_all(dir.at("50")); // gone before we looked
    table.enrich(e);
    CHECK(e.placement->session == "3");
}
