// SPDX-License-Identifier: MIT OR Apache-2.0
// The process table under load: memory stays bounded whatever happens, and what goes is counted.
#include "cpu_clock.hpp"
#include "machine.hpp"

#include <catch2/catch.hpp>
#include <malloc.h>

using namespace rwatch;
using namespace std::literals;
using event::Kind;
using process::NodeStore;
using test::ancestors;
using test::kSecond;
using test::Machine;

TEST_CASE("reads of /proc are limited in number") {
    Machine m(100'000);
    for (std::uint32_t pid = 10; pid < 5010; ++pid)
        m.open(pid, pid);
    CHECK(m.table.counters().repaired == 0);
    CHECK(m.table.counters().incomplete == 5000);
    CHECK(m.table.size() == 5000);
}

TEST_CASE("a million short processes keep memory bounded, and the living their ancestors") {
    constexpr std::size_t kRoom = 4096;
    Machine m(kRoom);
    m.exec(10, 1, "/sbin/sshd", "sshd", "sshd");
    m.fork(10, 1, 11, 2);
    m.exec(11, 2, "/bin/bash", "bash", "bash");
    m.fork(11, 2, 12, 3);
    m.exit(11, 2);
    m.exit(10, 1);
    std::uint64_t start = 100;
    for (int i = 0; i < 1'000'000; ++i) {
        const auto pid = static_cast<std::uint32_t>(100 + i % 30000);
        m.fork(12, 3, pid, ++start);
        m.exit(pid, start);
    }
    CHECK(m.table.size() <= kRoom);
    CHECK(ancestors(m.table.find(12)) == std::vector<std::uint32_t>{11, 10});
    CHECK(m.table.find(12)->alive);
    CHECK(m.table.counters().nodes.evicted_dead > 0);
    CHECK(m.table.counters().nodes.evicted_live == 0);
}

TEST_CASE("after a million short processes memory is where it was, and no ancestor of the living is forgotten") {
    Machine m(process::ProcessTable::kCapacity);
    std::uint64_t start = 100'000;
    // Lines of descent whose older half is dead for long.
    constexpr std::uint32_t kLines = 50, kDepth = 8;
    for (std::uint32_t line = 0; line < kLines; ++line) {
        const auto first = 10 + line * 100;
        m.exec(first, first, "/sbin/daemon", "daemon", "daemon");
        for (std::uint32_t i = 0; i + 1 < kDepth; ++i) {
            m.fork(first + i, first + i, first + i + 1, first + i + 1);
            if (i < kDepth / 2)
                m.exit(first + i, first + i);
        }
    }
    const auto burst = [&](int count) {
        for (int i = 0; i < count; ++i) {
            const auto pid = static_cast<std::uint32_t>(10'000 + i % 30'000);
            m.fork(17, 17, pid, ++start);
            m.exec(pid, start, "/usr/bin/true", "true", "true");
            m.exit(pid, start);
            m.now += 2'000'000; // 500 a second
        }
        m.now += 2 * NodeStore::kGraceNs;
        m.open(17, 17);
    };
    burst(50'000); // what the table needs at this rate is allocated
    const auto nodes = m.table.size(), bytes = m.table.bytes();
    const auto heap = ::mallinfo2().uordblks;
    burst(1'000'000);
    CHECK(m.table.size() == nodes);
    CHECK(m.table.bytes() == bytes);
    CHECK(::mallinfo2().uordblks <= heap + 64U * 1024U);
    CHECK(m.table.counters().nodes.evicted_live == 0);
    CHECK(m.table.counters().nodes.evicted_dead == 0);
    for (std::uint32_t line = 0; line < kLines; ++line)
        CHECK(ancestors(m.table.find(10 + line * 100 + kDepth - 1)).size() == kDepth - 1);
}

TEST_CASE("a chain of a million parents that die keeps the nearest of them") {
    constexpr std::size_t kRoom = 4096;
    Machine m(kRoom);
    std::uint64_t start = 1;
    std::uint32_t pid = 100;
    m.exec(pid, start, "/first", "first", "first");
    for (int i = 0; i < 1'000'000; ++i) {
        const auto child = static_cast<std::uint32_t>(100 + (i + 1) % 30000);
        m.fork(pid, start, child, start + 1);
        m.exit(pid, start);
        pid = child;
        ++start;
    }
    CHECK(m.table.size() <= kRoom);
    CHECK(m.table.find(pid)->alive);
    CHECK(ancestors(m.table.find(pid)).size() >= NodeStore::kMostAncestors);
    CHECK(m.table.counters().nodes.evicted_live == 0);
}

TEST_CASE("more living processes than there is room for") {
    constexpr std::size_t kRoom = 256;
    Machine m(kRoom);
    m.exec(10, 1, "/bomb", "bomb", "bomb");
    for (std::uint32_t i = 0; i < 10'000; ++i)
        m.fork(10, 1, 100 + i, 1000 + i);
    CHECK(m.table.size() <= kRoom);
    CHECK(m.table.counters().nodes.evicted_live > 0);
    CHECK(m.table.find(10) != nullptr); // the one who is busy stays
    SECTION("a chain of the living, of which only the last can go") {
        std::uint32_t pid = 20'000;
        for (std::uint32_t i = 0; i < 10'000; ++i, ++pid)
            m.fork(pid, 20'000 + i, pid + 1, 20'001 + i);
        CHECK(m.table.size() <= kRoom);
    }
}

TEST_CASE("bytes are bounded: huge arguments in many processes") {
    Machine m(65536);
    const std::string argv = "x" + std::string(1, '\0') + std::string(16'000, 'a');
    for (std::uint32_t i = 0; i < 10'000; ++i)
        m.exec(100 + i, 1000 + i, "/x", argv, "x");
    CHECK(m.table.bytes() <= NodeStore::kMaxBytes / 4 * 5 + (1U << 16U));
    CHECK(m.table.counters().nodes.trimmed > 0);
    CHECK(m.table.find(10'099)->args_truncated);
    CHECK(m.table.find(10'099)->cmdline.size() <= NodeStore::kShortArgs);
    // Long paths can't be cut: then whole processes go.
    const std::string path = "/" + std::string(4000, 'p');
    for (std::uint32_t i = 0; i < 40'000; ++i)
        m.exec(20'000 + i, 1000 + i, path, "x", "x");
    CHECK(m.table.bytes() <= NodeStore::kMaxBytes / 4 * 5 + (1U << 16U));
    CHECK(m.table.counters().nodes.evicted_live > 0);
}

TEST_CASE("garbage events do no harm") {
    Machine m(64);
    std::uint64_t state = 4711;
    const auto random = [&] { return state = state * 6364136223846793005U + 1442695040888963407U; };
    for (int i = 0; i < 200'000; ++i) {
        auto e = m.make(static_cast<Kind>(1 + (random() >> 33U) % 10),
                        static_cast<std::uint32_t>((random() >> 33U) % 100), (random() >> 33U) % 4);
        e.ppid = static_cast<std::uint32_t>((random() >> 33U) % 100);
        e.parent_start_ns = (random() >> 33U) % 4;
        e.child_pid = static_cast<std::uint32_t>((random() >> 33U) % 100);
        e.child_start_ns = (random() >> 33U) % 4;
        e.exe.ino = (random() >> 33U) % 3;
        e.boot_ns += (random() >> 33U) % 16 == 0 ? kSecond : 0;
        m.now = e.boot_ns;
        e = m.send(e);
        CHECK(e.process->pid == e.pid);
        std::size_t depth = 0;
        for (const auto* p = e.process; p != nullptr && depth < 1000; p = p->parent)
            ++depth;
        REQUIRE(depth < 1000); // no ring
        REQUIRE(m.table.size() <= 64);
    }
}

TEST_CASE("enrich speed", "[.bench]") {
    Machine m(65536);
    for (std::uint32_t i = 0; i < 2000; ++i)
        m.exec(100 + i, 1000 + i, "/usr/bin/x", "x\0y"sv, "test");
    auto e = m.make(Kind::open, 100, 1000);
    WARN("process: " << test::cost_ns(5'000'000, [&](int i) {
             e.pid = e.tid = 100 + static_cast<std::uint32_t>(i % 2000);
             e.start_ns = 1000 + static_cast<std::uint64_t>(i % 2000);
             m.table.enrich(e);
         }) << " ns an open");
    auto fork = m.make(Kind::fork, 100, 1000);
    auto exit = m.make(Kind::exit, 100, 1000);
    WARN("process: " << test::cost_ns(300'000, [&](int i) {
             fork.child_pid = exit.pid = exit.tid = static_cast<std::uint32_t>(5000 + i % 20000);
             fork.child_start_ns = exit.start_ns = static_cast<std::uint64_t>(100000 + i);
             fork.boot_ns = exit.boot_ns += 100'000;
             m.table.enrich(fork);
             m.table.enrich(exit);
         }) << " ns a fork and exit");
}
