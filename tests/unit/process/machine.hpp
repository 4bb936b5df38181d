// SPDX-License-Identifier: MIT OR Apache-2.0
// A machine made of events: a process table over an empty /proc, to which a test sends what happens.
#pragma once

#include "process/process_table.hpp"

#include "temp_dir.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

namespace rwatch::test {

inline constexpr std::uint64_t kSecond = 1'000'000'000;

/// A table over an empty /proc, and events one after the other.
struct Machine {
    explicit Machine(std::size_t capacity = 1000) : table(capacity, units, dir.path()) {}

    event::Event make(event::Kind kind, std::uint32_t pid, std::uint64_t start) {
        event::Event e;
        e.kind = kind;
        e.boot_ns = now += 1000;
        e.pid = e.tid = e.vpid = pid;
        e.start_ns = start;
        e.ppid = 1;
        e.comm = "test";
        e.exe = {1, 100};
        e.cgroup = 5;
        e.uid = e.euid = 1000;
        return e;
    }
    event::Event send(event::Event e) {
        table.enrich(e);
        REQUIRE(e.process != nullptr);
        return e;
    }
    event::Event open(std::uint32_t pid, std::uint64_t start) { return send(make(event::Kind::open, pid, start)); }
    void fork(std::uint32_t parent, std::uint64_t parent_start, std::uint32_t child, std::uint64_t child_start) {
        auto e = make(event::Kind::fork, parent, parent_start);
        e.child_pid = child;
        e.child_vpid = child + 7;
        e.child_start_ns = child_start;
        e.child_cgroup = 5;
        send(e);
    }
    event::Event exec(std::uint32_t pid, std::uint64_t start, std::string_view path, std::string_view argv,
                      std::string_view comm) {
        auto e = make(event::Kind::exec, pid, start);
        e.object.name = path;
        e.object.file.id = e.exe;
        e.argv = argv;
        e.comm = comm;
        e.cwd = "/home/a";
        e.filename = path;
        return send(e);
    }
    void exit(std::uint32_t pid, std::uint64_t start) { send(make(event::Kind::exit, pid, start)); }

    TempDir dir;
    process::Units units{dir.path(), dir.path()};
    process::ProcessTable table;
    std::uint64_t now = 100 * kSecond;
};

inline std::vector<std::uint32_t> ancestors(const event::Process* p) {
    std::vector<std::uint32_t> out;
    for (p = p->parent; p != nullptr; p = p->parent)
        out.push_back(p->pid);
    return out;
}

} // namespace rwatch::test
