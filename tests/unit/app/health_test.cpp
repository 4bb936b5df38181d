// SPDX-License-Identifier: MIT OR Apache-2.0
// The state tells blindness, losses and trouble, and each is an alert that does not repeat without end.
#include "app/health.hpp"

#include <catch2/catch.hpp>

using namespace rwatch;

namespace {

struct Watch {
    std::vector<std::string> raised;
    app::Health health{[this](const std::string& rule, rules::Priority, const std::string& output, const auto&) {
        raised.push_back(rule + ": " + output);
    }};
};

app::Vitals well(std::int64_t now) {
    app::Vitals vitals;
    vitals.now_ns = vitals.heartbeat_ns = now;
    vitals.active_rules = 1;
    bus::ProbeStatus probe;
    probe.name = "open";
    probe.attached = "tracepoint";
    vitals.probes = {probe};
    alerts::SinkStatus sink;
    sink.name = "file";
    sink.state = "ok";
    vitals.sinks = {sink};
    return vitals;
}

constexpr std::int64_t kS = 1'000'000'000;

} // namespace

TEST_CASE("all is well") {
    Watch w;
    w.health.check(well(kS));
    CHECK(w.health.state() == "running");
    CHECK(w.health.reason().empty());
    CHECK(w.raised.empty());
}

TEST_CASE("a missing probe is blindness") {
    Watch w;
    auto vitals = well(kS);
    vitals.probes[0].attached.clear();
    vitals.probes[0].blind = "opens";
    w.health.check(vitals);
    CHECK(w.health.state() == "degraded");
    CHECK(w.health.reason() == "probe 'open' is not attached: opens");
}

TEST_CASE("a probe that fell silent is told once, with what goes unseen; and that it answers again") {
    Watch w;
    auto vitals = well(kS);
    vitals.probes[0].blind = "opens of files";
    vitals.silent = {{"open", "openat, open"}};
    w.health.check(vitals);
    w.health.check(vitals);
    REQUIRE(w.raised.size() == 1);
    CHECK(w.raised[0].starts_with(
        "rwatch probe silent: Probe 'open' no longer sees what the daemon itself does (openat, open). "
        "What goes unseen is opens of files."));
    CHECK(w.health.state() == "degraded");
    CHECK(w.health.reason() == "probe 'open' is silent: openat, open");
    vitals.silent = {{"open", "openat"}};
    w.health.check(vitals);
    CHECK(w.raised.size() == 2);
    vitals.silent.clear();
    w.health.check(vitals);
    REQUIRE(w.raised.size() == 3);
    CHECK(w.raised[2].starts_with("rwatch probes answer again"));
    CHECK(w.health.state() == "running");
    vitals.canary_stuck = true;
    w.health.check(vitals);
    CHECK(w.health.state() == "degraded");
}

TEST_CASE("without an active rule nothing is well") {
    Watch w;
    auto vitals = well(kS);
    vitals.active_rules = 0;
    w.health.check(vitals);
    CHECK(w.health.state() == "degraded");
    CHECK(w.health.reason() == "no rule is active: nothing can be detected");
}

TEST_CASE("an alert about losses names whose events most of them were, since the alert before") {
    Watch w;
    auto vitals = well(1000 * kS);
    vitals.lost = {{"open", 50}};
    vitals.lost_by = {{"", 1}, {"cron.service", 9}, {"flood.service", 40}};
    w.health.check(vitals);
    REQUIRE(w.raised.size() == 1);
    CHECK(w.raised[0].starts_with("rwatch events lost: Events were lost: 50 open; 40 of them of flood.service."));
    vitals = well(1020 * kS);
    vitals.lost = {{"open", 60}};
    vitals.lost_by = {{"", 1}, {"cron.service", 19}, {"flood.service", 40}};
    w.health.check(vitals);
    REQUIRE(w.raised.size() == 2);
    CHECK(w.raised[1].starts_with("rwatch events lost: Events were lost: 10 open; 10 of them of cron.service."));
    vitals = well(1040 * kS);
    vitals.lost = {{"open", 61}};
    vitals.lost_by = {{"", 2}, {"cron.service", 19}, {"flood.service", 40}};
    w.health.check(vitals);
    REQUIRE(w.raised.size() == 3);
    CHECK(w.raised[2].starts_with("rwatch events lost: Events were lost: 1 open. "));
}

TEST_CASE("another flooder is named at once, though a loss was told a moment ago; many of them are not") {
    Watch w;
    auto vitals = well(1000 * kS);
    const auto lose = [&](const std::string& name, std::uint64_t count) {
        vitals.now_ns = vitals.heartbeat_ns = vitals.now_ns + kS / 10;
        vitals.lost["open"] += count;
        vitals.lost_by[name] += count;
        w.health.check(vitals);
    };
    lose("build.service", 5);
    lose("flood.service", 7);
    REQUIRE(w.raised.size() == 2);
    CHECK(w.raised[1].starts_with("rwatch events lost: Events were lost: 7 open; 7 of them of flood.service."));
    lose("flood.service", 7);
    lose("", 70);
    CHECK(w.raised.size() == 2);
    for (int i = 0; i < 20; ++i)
        lose("many-" + std::to_string(i), 100);
    CHECK(w.raised.size() == app::Health::kMostNamed);
    vitals.now_ns = 1011 * kS;
    lose("flood.service", 10);
    CHECK(w.raised.size() == app::Health::kMostNamed + 1);
}

TEST_CASE("losses are told at once, then at most every ten seconds, and forgotten after five minutes") {
    Watch w;
    auto vitals = well(1000 * kS);
    vitals.lost = {{"open", 5}};
    w.health.check(vitals);
    REQUIRE(w.raised.size() == 1);
    CHECK(w.raised[0].starts_with("rwatch events lost: Events were lost: 5 open."));
    CHECK(w.health.take_new_loss());
    CHECK(!w.health.take_new_loss());
    vitals = well(1001 * kS);
    vitals.lost = {{"open", 9}, {"exec", 1}};
    w.health.check(vitals);
    CHECK(w.raised.size() == 1);
    vitals.now_ns = vitals.heartbeat_ns = 1010 * kS;
    w.health.check(vitals);
    REQUIRE(w.raised.size() == 2);
    CHECK(w.raised[1].starts_with("rwatch events lost: Events were lost: 1 exec, 4 open."));
    CHECK(w.health.state() == "degraded");
    vitals.now_ns = vitals.heartbeat_ns = 1400 * kS;
    w.health.check(vitals);
    CHECK(w.health.state() == "running");
    CHECK(w.raised.size() == 2);
}

TEST_CASE("the log hears of each trouble once, and of the end of all") {
    Watch w;
    auto vitals = well(100 * kS);
    w.health.check(vitals);
    CHECK(w.health.take_news().empty());
    vitals.sinks[0].state = "cannot write: No space left on device";
    w.health.check(vitals);
    CHECK(w.health.take_news() ==
          std::vector<std::string>{"degraded: sink 'file': cannot write: No space left on device"});
    vitals.sinks[0].state = "queue full";
    vitals.bus_trouble = "no answer";
    w.health.check(vitals);
    CHECK(w.health.take_news() == std::vector<std::string>{"degraded: bus: no answer"});
    CHECK(w.health.reason() == "sink 'file': queue full; bus: no answer");
    vitals.sinks[0].state = "ok";
    w.health.check(vitals);
    CHECK(w.health.take_news().empty());
    vitals.bus_trouble.clear();
    w.health.check(vitals);
    CHECK(w.health.take_news() == std::vector<std::string>{"running again: nothing is wrong any more"});
}

TEST_CASE("a pipeline that stands still must not feed the watchdog") {
    Watch w;
    auto vitals = well(100 * kS);
    vitals.heartbeat_ns = 90 * kS;
    w.health.check(vitals);
    CHECK(!w.health.pipeline_alive());
    CHECK(w.health.reason() == "the pipeline has not moved for 10s");
}

TEST_CASE("what is not on this machine is no trouble") {
    Watch w;
    auto vitals = well(kS);
    vitals.sinks[0].state = "absent: no journald on this machine";
    vitals.sinks[0].absent = true;
    w.health.check(vitals);
    CHECK(w.health.state() == "running");
}

TEST_CASE("sinks that a reload replaced count from nothing, and what they drop is told") {
    Watch w;
    auto vitals = well(100 * kS);
    vitals.sinks[0].dropped = 50;
    w.health.check(vitals);
    vitals.sinks[0].dropped = 0;
    vitals.now_ns = vitals.heartbeat_ns = 200 * kS;
    w.health.check(vitals);
    vitals.sinks[0].dropped = 2;
    vitals.now_ns = vitals.heartbeat_ns = 300 * kS;
    w.health.check(vitals);
    REQUIRE(w.raised.size() == 2);
    CHECK(w.raised[1].find("2 file") != std::string::npos);
}

TEST_CASE("a sink in trouble degrades, and what it drops is an alert once a minute") {
    Watch w;
    auto vitals = well(100 * kS);
    vitals.sinks[0].state = "cannot write: No space left on device";
    vitals.sinks[0].dropped = 3;
    w.health.check(vitals);
    CHECK(w.health.state() == "degraded");
    REQUIRE(w.raised.size() == 1);
    CHECK(w.raised[0] == "rwatch alerts undelivered: Alerts could not be delivered: 3 file. See `rwatchctl status`.");
    vitals.sinks[0].dropped = 4;
    vitals.now_ns = vitals.heartbeat_ns = 130 * kS;
    w.health.check(vitals);
    CHECK(w.raised.size() == 1);
    vitals.now_ns = vitals.heartbeat_ns = 161 * kS;
    w.health.check(vitals);
    CHECK(w.raised.size() == 2);
}
