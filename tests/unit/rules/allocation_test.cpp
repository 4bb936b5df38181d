// SPDX-License-Identifier: MIT OR Apache-2.0
// The engine takes no memory while it matches. A program of its own, because it counts every allocation of the thread.
#include "rules_support.hpp"

#include <cstdlib>
#include <new>

namespace {
thread_local std::size_t allocations = 0;

void* take(std::size_t size) {
    ++allocations;
    void* memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr)
        throw std::bad_alloc();
    return memory;
}
} // namespace

void* operator new(std::size_t size) {
    return take(size);
}
void* operator new[](std::size_t size) {
    return take(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { // of std::stable_sort
    ++allocations;
    return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

class Count : public MatchHandler {
  public:
    void on_match(const Match&) noexcept override { ++matches; }
    std::size_t matches = 0;
};

/// Every operator on every type of field that it takes, alone and under "not".
std::string rules_with_all_operators() {
    const char* const kConditions[] = {
        "proc.name exists",
        "proc.name = a",
        "proc.name != a",
        "proc.name in (a, b, c, d, e, f, g, h, i, j)",
        "proc.aname intersects (a, b)",
        "proc.cmdline contains ell",
        "proc.cmdline icontains ELL",
        "proc.cmdline bcontains 656c",
        "proc.cmdline startswith a",
        "proc.cmdline bstartswith 61",
        "proc.cmdline endswith z",
        "fd.name pmatch (/etc, /usr/*/bin)",
        "fd.name glob /etc/*",
        "fd.name iglob /ETC/*",
        "fd.name regex \"/etc/(a|b|shadow.*)\"",
        "evt.args contains O_",
        "evt.arg.flags contains O_RDONLY",
        "evt.rawres >= 0",
        "evt.rawres in (1, 2, 3)",
        "evt.is_open_read = true",
        "fd.ip = 192.0.2.0/24",
        "fd.rport < 100",
        "proc.aname[2] = x",
        "user.name = root",
        "evt.time contains :",
    };
    std::string out;
    int n = 0;
    for (const auto* condition : kConditions)
        for (const auto* form : {"", "not "})
            out += "- {rule: r" + std::to_string(n++) + ", desc: d, output: o, priority: info, condition: '" + form +
                   condition + "'}\n";
    return out;
}

} // namespace

TEST_CASE("No memory is taken while correlations count, once their windows were full") {
    std::string text = "- {rule: a, desc: d, output: o, priority: info, condition: evt.type = openat}\n"
                       "- {rule: b, desc: d, output: o, priority: info, condition: evt.type = connect}\n";
    int n = 0;
    for (const auto* correlation :
         {"type: event_count, condition: {gte: 2}", "type: value_count, condition: {field: user.uid, gte: 1}",
          "type: temporal", "type: temporal_ordered", "type: temporal, condition: a and not b",
          "type: temporal_ordered, condition: a or b", "type: value_sum, condition: {field: user.uid, gte: 1}",
          "type: value_median, condition: {field: user.uid, gte: 0}"})
        text += "- {rule: c" + std::to_string(n++) + ", desc: d, output: o, priority: info, correlation: {" +
                correlation + ", rules: [a, b], timespan: 1s, group-by: [proc.pid]}}\n";
    Engine engine;
    engine.install(loaded(text));
    MadeEvent open({{"evt.type", "openat"}, {"fd.name", "/etc/shadow"}, {"user.uid", "7"}});
    MadeEvent connect({{"evt.type", "connect"}, {"fd.rip", "192.0.2.7"}, {"user.uid", "8"}});
    Count count;
    auto& memory = scratch();
    std::uint64_t now = 1'000'000'000'000;
    const auto run = [&](std::uint32_t times) {
        for (std::uint32_t i = 0; i < times; ++i)
            for (auto* event : {&open, &connect}) {
                (*event)->boot_ns = now += 500'000; // 2,000 in a window
                (*event)->pid = i / 4 % 600;
                memory.reset();
                engine.process(**event, memory, count);
            }
    };
    run(40'000); // pools grow until each window has been as full as it gets
    count.matches = 0;
    const auto before = allocations;
    run(20'000);
    CHECK(allocations == before);
    CHECK(count.matches > 100'000);
}

TEST_CASE("No memory is taken while events are matched") {
    Engine engine;
    engine.install(loaded(rules_with_all_operators()));
    MadeEvent open({{"evt.type", "openat"},
                    {"fd.name", "/etc/shadow"},
                    {"evt.arg.flags", "O_RDONLY"},
                    {"evt.rawres", "3"},
                    {"proc.name", "a"},
                    {"proc.cmdline", "a --hello"},
                    {"proc.aname[2]", "x"}});
    MadeEvent connect({{"evt.type", "connect"}, {"fd.rip", "192.0.2.7"}, {"fd.rport", "22"}, {"proc.name", "b"}});
    Count count;
    auto& memory = scratch();
    const auto run = [&](int times) {
        for (int i = 0; i < times; ++i)
            for (auto* event : {&open, &connect}) {
                memory.reset();
                engine.process(**event, memory, count);
            }
    };
    run(10); // RE2 and the C library's clock set up what they keep on first use
    count.matches = 0;
    const auto before = allocations;
    run(10'000);
    CHECK(allocations == before);
    CHECK(count.matches > 100'000);
}
