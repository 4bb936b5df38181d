// SPDX-License-Identifier: MIT OR Apache-2.0
// Windows, keys, summaries and bounds of debounce.
#include "alert_support.hpp"

#include "alerts/debounce.hpp"

using namespace rwatch;
using namespace rwatch::test;
using alerts::Debounce;

namespace {

/// Debounce as the pipeline drives it.
struct Bench {
    alerts::AlertFactory factory{"h"};
    std::vector<alerts::Alert> summaries;
    Debounce debounce;
    MatchMaker maker;

    explicit Bench(std::int64_t default_for_ns = 0, std::string_view output = "%proc.exepath reads %fd.name")
        : debounce(default_for_ns, factory, [this](alerts::Alert alert) { summaries.push_back(std::move(alert)); }),
          maker(output) {
        maker.set("proc.exepath", "/usr/bin/cat");
        maker.set("fd.name", "/etc/shadow");
    }
    void use_spec(std::int64_t for_ns, std::vector<std::string_view> by) {
        rules::DebounceSpec spec;
        spec.for_ns = for_ns;
        for (const auto name : by)
            spec.by.push_back(MatchMaker::ref(name));
        maker.rule.debounce = spec;
    }
    bool hit(double seconds) {
        maker.at(seconds);
        if (!debounce.admit(maker.match(), *maker.scratch))
            return false;
        debounce.opened(std::make_shared<const alerts::Alert>(factory.make(maker.match(), *maker.scratch)));
        return true;
    }
    void expire(double seconds) {
        maker.at(seconds);
        debounce.expire(static_cast<std::int64_t>(maker.builder.event().boot_ns));
    }
};

} // namespace

TEST_CASE("debounce: the first goes out, repeats come as one summary at the window's end") {
    Bench bench;
    bench.use_spec(60 * kSecond, {"proc.exepath"});
    CHECK(bench.hit(0));
    CHECK_FALSE(bench.hit(1));
    CHECK_FALSE(bench.hit(2));
    CHECK_FALSE(bench.hit(30.5));
    bench.expire(59.9);
    CHECK(bench.summaries.empty());
    bench.expire(60);
    REQUIRE(bench.summaries.size() == 1);
    const auto& summary = bench.summaries[0];
    CHECK(summary.suppressed == 3);
    CHECK(summary.summary);
    CHECK(summary.output == "/usr/bin/cat reads /etc/shadow (repeated 3 times in 1min)");
    CHECK(summary.wall_ns == kWhen + 60 * kSecond); // the window's end
    CHECK(summary.rule == "Sensitive file read");
    CHECK_FALSE(summary.id.empty());
    CHECK_FALSE(summary.output_fields.empty());
}

TEST_CASE("debounce: nothing held back, nothing told, and the window closes") {
    Bench bench;
    bench.use_spec(10 * kSecond, {});
    CHECK(bench.hit(0));
    CHECK(bench.debounce.windows() == 1);
    bench.expire(10);
    CHECK(bench.summaries.empty());
    CHECK(bench.debounce.windows() == 0);
    CHECK(bench.hit(10.1));
}

TEST_CASE("debounce: steady repeats give one summary a window and no further alert") {
    Bench bench;
    bench.use_spec(10 * kSecond, {"proc.exepath"});
    int admitted = 0;
    for (int second = 0; second < 100; ++second)
        admitted += bench.hit(second) ? 1 : 0;
    CHECK(admitted == 1);
    CHECK(bench.summaries.size() == 9);
    std::uint64_t told = 0;
    for (const auto& summary : bench.summaries) {
        CHECK(summary.output.find("times in 10s)") != std::string::npos);
        CHECK(summary.output.find("repeated", summary.output.find("repeated") + 1) ==
              std::string::npos); // of the first alert, not of a summary
        told += summary.suppressed;
    }
    bench.debounce.flush();
    told += bench.summaries.back().suppressed;
    CHECK(told == 99); // every repeat is told once
    CHECK(bench.debounce.windows() == 0);
}

TEST_CASE("debounce: after a silence longer than the window the next is new") {
    Bench bench;
    bench.use_spec(10 * kSecond, {});
    CHECK(bench.hit(0));
    CHECK_FALSE(bench.hit(5));
    CHECK(bench.hit(500));
    REQUIRE(bench.summaries.size() == 1);
    CHECK(bench.summaries[0].output.ends_with(" (repeated once in 10s)"));
}

TEST_CASE("debounce: fields of `by` keep keys apart, others do not") {
    Bench bench;
    bench.use_spec(60 * kSecond, {"proc.exepath"});
    CHECK(bench.hit(0));
    bench.maker.set("fd.name", "/etc/gshadow");
    CHECK_FALSE(bench.hit(1));
    bench.maker.set("proc.exepath", "/usr/bin/less");
    CHECK(bench.hit(2));
    bench.maker.rule.name = "Another rule";
    CHECK(bench.hit(3));
    bench.maker.set("proc.exepath", "/usr/bin/cat");
    bench.maker.rule.name = "Sensitive file read";
    CHECK_FALSE(bench.hit(4));
    CHECK(bench.debounce.windows() == 3);
}

TEST_CASE("debounce: values can't be shifted from one field into the next") {
    Bench bench;
    bench.use_spec(60 * kSecond, {"proc.exepath", "fd.name"});
    bench.maker.set("proc.exepath", "/a");
    bench.maker.set("fd.name", "/b2:/c");
    CHECK(bench.hit(0));
    bench.maker.set("proc.exepath", "/a4:/b2");
    bench.maker.set("fd.name", "/c");
    CHECK(bench.hit(0));
}

TEST_CASE("debounce: by default the output's fields are the key, without numbers of processes, times and counters") {
    Bench bench(10 * kSecond, "%evt.time %evt.num %proc.exepath (%proc.pid, of %proc.ppid) reads %fd.name");
    CHECK(bench.hit(0));
    bench.maker.builder.process().pid = bench.maker.builder.event().pid = 4242;
    bench.maker.builder.event().number = 77;
    CHECK_FALSE(bench.hit(1));
    bench.maker.set("fd.name", "/etc/gshadow");
    CHECK(bench.hit(2));
}

TEST_CASE("debounce: a correlation without its own spec is debounced by its groups") {
    Bench bench(10 * kSecond, "%proc.exepath scans, last %fd.name");
    const rules::CorrelationSpec::View view{0, {MatchMaker::ref("proc.exepath"), event::FieldRef()}, {}};
    bench.maker.rule.correlation.emplace();
    bench.maker.counted.emplace().view = &view;
    CHECK(bench.hit(0));
    bench.maker.set("fd.name", "/other");
    CHECK_FALSE(bench.hit(1));
    bench.maker.set("proc.exepath", "/usr/bin/nmap");
    CHECK(bench.hit(2));
}

TEST_CASE("debounce: 0 lets everything through") {
    Bench bench(0);
    CHECK(bench.hit(0));
    CHECK(bench.hit(0));
    CHECK(bench.debounce.windows() == 0);
    Bench own(10 * kSecond);
    own.use_spec(0, {"proc.exepath"});
    CHECK(own.hit(0));
    CHECK(own.hit(0));
}

TEST_CASE("debounce: flush tells what is held back, with the time that it really took") {
    Bench bench;
    bench.use_spec(60 * kSecond, {});
    CHECK(bench.hit(0));
    CHECK_FALSE(bench.hit(3));
    CHECK_FALSE(bench.hit(5));
    bench.debounce.flush();
    REQUIRE(bench.summaries.size() == 1);
    CHECK(bench.summaries[0].output.ends_with(" (repeated 2 times in 5s)"));
    CHECK(bench.hit(6));
}

TEST_CASE("debounce: the number of keys is bounded, and what is closed early is told") {
    Bench bench;
    bench.use_spec(60 * kSecond, {"fd.name"});
    CHECK(bench.hit(0));
    CHECK_FALSE(bench.hit(0.001));
    // Keys alone: no alert is opened for them, as that is what takes the time here.
    for (std::size_t i = 0; i < Debounce::kMaxKeys; ++i) {
        bench.maker.builder.event().object.name = bench.maker.builder.keep("/tmp/" + std::to_string(i));
        bench.maker.at(1);
        REQUIRE(bench.debounce.admit(bench.maker.match(), *bench.maker.scratch));
        bench.maker.scratch->reset();
    }
    CHECK(bench.debounce.windows() == Debounce::kMaxKeys);
    CHECK(bench.debounce.closed_early() == 1);
    REQUIRE(bench.summaries.size() == 1);
    CHECK(bench.summaries[0].suppressed == 1);
}

TEST_CASE("debounce: the memory of keys and alerts is bounded") {
    Bench bench;
    bench.use_spec(60 * kSecond, {"fd.name"});
    auto heavy = make_alert();
    heavy.description.assign(1U << 20U, 'x');
    for (int i = 0; i < 100; ++i) {
        bench.maker.set("fd.name", "/tmp/" + std::to_string(i));
        bench.maker.at(1);
        REQUIRE(bench.debounce.admit(bench.maker.match(), *bench.maker.scratch));
        bench.debounce.opened(std::make_shared<const alerts::Alert>(heavy));
    }
    CHECK(bench.debounce.windows() < 70);
    CHECK(bench.debounce.closed_early() > 30);
}
