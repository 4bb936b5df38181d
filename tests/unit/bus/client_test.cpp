// SPDX-License-Identifier: MIT OR Apache-2.0
// The real rwatchctl against the real service over a daemon of fixed answers: every verb, every exit status.
#include "bus_fixture.hpp"
#include "child.hpp"

using namespace rwatch;
using namespace rwatch::test;
using Json = nlohmann::json;

namespace {

constexpr uid_t kNobody = 65534;

class ClientFixture : public BusFixture {
  public:
    /// Runs rwatchctl to its end.
    Outcome ctl(std::vector<std::string> args, uid_t uid = 0) {
        args.insert(args.begin(), {RWATCHCTL, "--bus", bus.address()});
        Child child(args, uid);
        turn_until([&] { return child.poll_end(); });
        return child.outcome();
    }
    Json json(std::vector<std::string> args, int status = 0) {
        args.emplace_back("--json");
        const auto outcome = ctl(args);
        INFO(outcome.out << outcome.err);
        CHECK(outcome.status == status);
        return Json::parse(outcome.out);
    }
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("rwatchctl status, and its exit statuses") {
    ClientFixture f;
    auto outcome = f.ctl({"status"});
    CHECK(outcome.status == 3);
    CHECK(has(outcome.out, "not running"));
    CHECK(f.json({"status"}, 3).at("state") == "not running");
    CHECK(f.ctl({"alerts"}).status == 3);
    f.service.start();
    outcome = f.ctl({"status"});
    CHECK(outcome.status == 0);
    CHECK(has(outcome.out, "running since"));
    CHECK(has(outcome.out, "generation 7"));
    CHECK(f.ctl({"status"}, kNobody).status == 0);
    const auto status = f.json({"status"});
    CHECK(status.at("version") == "1.2.3");
    CHECK(status.at("generation") == 7);
    CHECK(f.ctl({"statu"}).status == 2);
    CHECK(f.ctl({"status", "more"}).status == 2);
    CHECK(f.ctl({"show"}).status == 2);
    CHECK(f.ctl({"--jsom", "status"}).status == 2);
    CHECK(f.ctl({}).status == 2);
    f.bus.stop();
    outcome = f.ctl({"status"});
    CHECK(outcome.status == 3);
    CHECK(has(outcome.out, "unknown (cannot reach the bus"));
}

TEST_CASE("rwatchctl alerts reads all pages and filters") {
    ClientFixture f;
    f.service.start();
    CHECK(f.ctl({"alerts"}).out.empty());
    CHECK(f.json({"alerts"}) == Json::array());
    CHECK(f.ctl({"show", "last"}).status == 1);
    constexpr int kCount = 1201; // three pages
    for (int i = 0; i < kCount; ++i) {
        std::array<char, 16> id{};
        std::snprintf(id.data(), id.size(), "id-%04d", i);
        f.control.alerts_kept.add(make_alert(id.data(), 1'700'000'000 * kSecond + i * kSecond));
    }
    const auto all = f.json({"alerts"});
    REQUIRE(all.size() == kCount);
    for (int i = 0; i < kCount; ++i)
        if (!has(all[static_cast<std::size_t>(i)].at("id"), std::to_string(i)))
            FAIL("out of order at " << i);
    CHECK(f.json({"alerts", "-n", "700"}).size() == 700);
    CHECK(f.json({"alerts", "-n", "700"}).front().at("id") == "id-0501");
    CHECK(f.json({"alerts", "--until", "2023-11-14T22:13:22Z"}).size() == 3);
    CHECK(f.json({"alerts", "--rule", "nothing"}).empty());
    CHECK(f.json({"alerts", "--priority", "emergency"}).empty());
    CHECK(f.ctl({"alerts", "-n1"}).out ==
          "2023-11-14T22:33:20.000000000Z\tCritical\tfirst rule\tssh.service\t-\t-\tid-1200\tsomething happened\n");
    CHECK(f.ctl({"alerts", "-n", "0"}).status == 2);
    CHECK(f.ctl({"alerts", "--since", "whenever"}).status == 2);
    CHECK(f.ctl({"alerts", "--priority", "huge"}).status == 2);
    CHECK(f.ctl({"alerts"}, kNobody).status == 4);
}

TEST_CASE("rwatchctl show and ack") {
    ClientFixture f;
    f.service.start();
    f.control.alerts_kept.add(make_alert("a1", kSecond));
    auto hostile = make_alert("a2", 2 * kSecond);
    hostile->output = "\x1b[2J\xff evil";
    f.control.alerts_kept.add(hostile);
    const auto shown = f.ctl({"show", "a1"});
    CHECK(shown.status == 0);
    CHECK(has(shown.out, "Do next: look at it"));
    CHECK(has(f.ctl({"show", "last"}).out, "\\x1b[2J\xef\xbf\xbd evil"));
    CHECK(f.json({"show", "a1"}).at("processes").size() == 1);
    CHECK(f.ctl({"show", "a3"}).status == 1);
    CHECK(f.ctl({"show", "a1"}, kNobody).status == 4);
    CHECK(f.ctl({"ack", "a1", "--note", "seen it"}).status == 0);
    CHECK(has(f.ctl({"show", "a1"}).out, "seen it"));
    CHECK(f.json({"alerts", "--unacked"}).size() == 1);
    CHECK(f.ctl({"ack", "a2", "nope"}).status == 1);
    CHECK(f.json({"alerts", "--unacked"}).empty());
    CHECK(f.ctl({"ack", "a2"}, kNobody).status == 4);
}

TEST_CASE("rwatchctl pause, resume and detectors") {
    ClientFixture f;
    f.service.start();
    auto outcome = f.ctl({"pause", "third", "--for", "10m", "--reason", "noise"});
    CHECK(outcome.status == 0);
    CHECK(has(outcome.out, "Paused 1 rule until "));
    CHECK(has(f.ctl({"detectors"}).out, "paused\tWarning\tthird\t5\t0\t"));
    CHECK(has(f.ctl({"detectors"}).out, "by root until 1970-01-01T00:10:10"));
    const auto third = f.json({"detectors"}).at(2);
    CHECK(third.at("pause").at("reason") == "noise");
    CHECK(f.json({"resume", "common"}).at("resumed") == Json{"third"});
    CHECK(f.ctl({"resume", "common"}).out == "Nothing to resume: no pause of 'common'.\n");
    CHECK(f.ctl({"resume", "nothing"}).status == 1);
    CHECK(f.ctl({"pause", "nothing"}).status == 1);
    CHECK(f.ctl({"pause", "third", "--for", "long"}).status == 2);
    CHECK(f.ctl({"pause", "third", "--for", "0"}).status == 2);
    CHECK(f.ctl({"pause", "third"}, kNobody).status == 4);
    CHECK(f.ctl({"detectors"}, kNobody).status == 0);
}

TEST_CASE("rwatchctl reload prints what is wrong and fails") {
    ClientFixture f;
    f.service.start();
    f.control.reload_result = {true, 8, {}};
    auto outcome = f.ctl({"reload"});
    CHECK(outcome.status == 0);
    CHECK(outcome.out == "Reloaded: generation 8 is in force.\n");
    f.control.reload_result = {false,
                               8,
                               {{Severity::error,
                                 "unknown-key",
                                 {"/nowhere/a.yaml", 3, 5},
                                 "unknown key 'conditon'",
                                 "did you mean 'condition'?"}}};
    outcome = f.ctl({"reload"});
    CHECK(outcome.status == 1);
    CHECK(has(outcome.out, "/nowhere/a.yaml:3:5: error: unknown key 'conditon' [unknown-key]"));
    CHECK(has(outcome.out, "did you mean 'condition'?"));
    CHECK(has(outcome.out, "Not reloaded: 1 error; generation 8 stays in force."));
    CHECK(f.json({"reload"}, 1).at("diagnostics").at(0).at("line") == 3);
    CHECK(f.ctl({"reload"}, kNobody).status == 4);
}

TEST_CASE("rwatchctl watch prints alerts as they come and outlives the daemon") {
    BusFixture f; // its own service stays unused: this one must be able to end
    auto service = std::make_unique<bus::Service>(f.event.get(), f.bus.address(), f.control);
    service->start();
    Child watch({RWATCHCTL, "--bus", f.bus.address(), "watch"}, 0);
    Child json({RWATCHCTL, "--bus", f.bus.address(), "watch", "--json"}, 0);
    Child nobody({RWATCHCTL, "--bus", f.bus.address(), "watch"}, kNobody);
    f.turn_until([&] { return nobody.poll_end(); });
    CHECK(nobody.outcome().status == 4);
    int count = 0;
    const auto raise = [&] {
        auto alert = make_alert("w" + std::to_string(count++), kSecond);
        f.control.alerts_kept.add(alert);
        service->alert_raised(*alert);
        f.turn_for(std::chrono::milliseconds(100));
    };
    // The watchers may still be starting: alerts until both have seen one.
    f.turn_until([&] {
        raise();
        return has(watch.out(), "\n") && has(json.out(), "\n");
    });
    CHECK(has(watch.out(), "Critical first rule: something happened [w"));
    CHECK(Json::parse(json.out().substr(0, json.out().find('\n'))).at("rule") == "first rule");

    service.reset();
    f.turn_until([&] { return has(watch.err(), "rwatchd stopped"); });
    service = std::make_unique<bus::Service>(f.event.get(), f.bus.address(), f.control);
    service->start();
    f.turn_until([&] { return has(watch.err(), "rwatchd is back"); });
    const auto before = watch.out().size();
    f.turn_until([&] {
        raise();
        return watch.out().size() > before;
    });
    CHECK(has(watch.out().substr(before), "first rule"));
}
