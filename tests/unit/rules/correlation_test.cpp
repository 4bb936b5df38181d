// SPDX-License-Identifier: MIT OR Apache-2.0
// Counting: windows and their edges, groups, distinct values, bounds on memory.
#include "correlation_support.hpp"

#include <algorithm>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

TEST_CASE("event_count fires on the event that fills the window, and on each after it") {
    Feed feed(spec(kEvents, Op::gte, 3));
    CHECK(feed.at(0, "a") == nullptr);
    CHECK(feed.at(1 * kSecond, "a") == nullptr);
    const auto* result = feed.at(2 * kSecond, "a");
    REQUIRE(result != nullptr);
    CHECK(result->count == 3);
    CHECK(result->first_ns == 0);
    CHECK(result->timespan_ns == 10 * kSecond);
    REQUIRE(feed.at(3 * kSecond, "a") != nullptr);
    CHECK(feed.at(3 * kSecond, "a")->count == 5);
}

TEST_CASE("An event as old as the window is long still counts, an older one does not") {
    Feed edge(spec(kEvents, Op::gte, 2));
    CHECK(edge.at(5, "a") == nullptr);
    CHECK(edge.at(5 + 10 * kSecond, "a") != nullptr);
    Feed past(spec(kEvents, Op::gte, 2));
    CHECK(past.at(5, "a") == nullptr);
    CHECK(past.at(6 + 10 * kSecond, "a") == nullptr);
    const auto* result = past.at(7 + 10 * kSecond, "a");
    REQUIRE(result != nullptr);
    CHECK(result->first_ns == 6 + 10 * kSecond);
}

TEST_CASE("The window slides") {
    Feed feed(spec(kEvents, Op::gte, 4));
    // Three in every ten seconds, for long: never four.
    for (int i = 0; i < 100; ++i)
        CHECK(feed.at(i * 4 * kSecond, "a") == nullptr);
    CHECK(feed.at(99 * 4 * kSecond + 1, "a") != nullptr);
}

TEST_CASE("Groups count apart; no group-by is one group; a missing field is a group") {
    Feed feed(spec(kEvents, Op::gte, 2));
    CHECK(feed.at(1, "a") == nullptr);
    CHECK(feed.at(2, "b") == nullptr);
    CHECK(feed.at(3, "b") != nullptr);
    CHECK(feed.at(4, "") == nullptr);
    CHECK(feed.at(5, "") != nullptr);
    CHECK(feed.correlator.groups() == 3);
    auto all = spec(kEvents, Op::gte, 2);
    all.views[0].group_by.clear();
    Feed one(all);
    CHECK(one.at(1, "a") == nullptr);
    CHECK(one.at(2, "b") != nullptr);
}

TEST_CASE("value_count counts different values; a value seen again is younger") {
    Feed feed(spec(kValues, Op::gte, 3));
    for (int i = 0; i < 50; ++i)
        CHECK(feed.at(i, "a", 22) == nullptr);
    CHECK(feed.at(60, "a", 80) == nullptr);
    const auto* result = feed.at(70, "a", 443);
    REQUIRE(result != nullptr);
    CHECK(result->distinct == 3);
    CHECK(result->count == 52);
    // 22 is seen again late: the others leave the window before it.
    CHECK(feed.at(9 * kSecond, "a", 22) != nullptr);
    CHECK(feed.at(15 * kSecond, "a", 8080) == nullptr);
    REQUIRE(feed.at(16 * kSecond, "a", 8081) != nullptr);
    CHECK(feed.at(17 * kSecond, "a", 8082)->distinct == 4);
}

TEST_CASE("value_count without the value does not count") {
    Feed feed(spec(kValues, Op::gte, 1));
    MadeEvent event({{"evt.type", "execve"}, {"proc.name", "a"}});
    CHECK(feed.add(*event) == nullptr);
    CHECK(feed.correlator.groups() == 0);
    auto pair = spec(kValues, Op::gte, 1);
    pair.views[0].fields.push_back(field("proc.name"));
    Feed both(pair);
    CHECK(both.add(*event) == nullptr);
    CHECK(both.at(1, "a") != nullptr);
    auto nothing = spec(kValues, Op::gte, 1);
    nothing.views[0].fields = {event::FieldRef()};
    CHECK(Feed(nothing).at(1, "a") == nullptr);
}

TEST_CASE("A flood of one value does not push the others out") {
    Feed feed(spec(kValues, Op::gte, 5));
    for (int port = 1; port <= 4; ++port) {
        CHECK(feed.at(port, "a", port) == nullptr);
        for (int i = 0; i < 3000; ++i)
            CHECK(feed.at(port, "a", 1) == nullptr);
    }
    CHECK(feed.at(5, "a", 5) != nullptr);
}

TEST_CASE("Every bound") {
    const auto fires_at = [](Op op, double number) {
        Feed feed(spec(kEvents, op, number));
        std::string out;
        for (int i = 1; i <= 5; ++i)
            if (feed.at(i, "a") != nullptr)
                out += std::to_string(i);
        return out;
    };
    CHECK(fires_at(Op::lt, 3) == "12");
    CHECK(fires_at(Op::lte, 3) == "123");
    CHECK(fires_at(Op::gt, 3) == "45");
    CHECK(fires_at(Op::gte, 3) == "345");
    CHECK(fires_at(Op::eq, 3) == "3");
    CHECK(fires_at(Op::neq, 3) == "1245");
    auto both = spec(kEvents, Op::gte, 2);
    both.bounds.push_back({Op::lt, 4});
    Feed feed(both);
    CHECK(feed.at(1, "a") == nullptr);
    CHECK(feed.at(2, "a") != nullptr);
    CHECK(feed.at(3, "a") != nullptr);
    CHECK(feed.at(4, "a") == nullptr);
}

TEST_CASE("Where groups are too many the quietest goes, and is counted while it still mattered") {
    Feed feed(spec(kEvents, Op::gte, 2), {.groups = 3, .entries = 100});
    feed.at(1, "a");
    feed.at(2, "b");
    feed.at(3, "c");
    feed.at(4, "a"); // b is the quietest now
    feed.at(5, "d");
    CHECK(feed.correlator.groups() == 3);
    CHECK(feed.correlator.evicted() == 1);
    CHECK(feed.at(6, "b") == nullptr); // it began anew, in place of c
    CHECK(feed.at(7, "a") != nullptr);
    CHECK(feed.correlator.evicted() == 2);
    // Groups whose window is over are no loss.
    feed.at(60 * kSecond, "e");
    feed.at(60 * kSecond, "f");
    feed.at(60 * kSecond, "g");
    CHECK(feed.correlator.evicted() == 2);
}

TEST_CASE("Where entries are too many other groups go first, then the group's own oldest") {
    Feed feed(spec(kEvents, Op::gte, 4), {.groups = 10, .entries = 4});
    feed.at(1, "a");
    feed.at(2, "b");
    feed.at(3, "b");
    feed.at(4, "b");
    CHECK(feed.at(5, "b") != nullptr);
    CHECK(feed.correlator.evicted() == 1);
    CHECK(feed.correlator.groups() == 1);
    const auto* result = feed.at(6, "b");
    REQUIRE(result != nullptr);
    CHECK(result->count == 4);
    CHECK(result->first_ns == 3);
}

TEST_CASE("Ever new groups stay within the bounds") {
    Feed feed(spec(kValues, Op::gte, 3), {.groups = 1000, .entries = 2000});
    for (int i = 0; i < 20'000; ++i) {
        MadeEvent other({{"evt.type", "connect"},
                         {"proc.name", "p" + std::to_string(i)},
                         {"fd.rip", "192.0.2.1"},
                         {"fd.rport", std::to_string(i)}});
        other->boot_ns = static_cast<std::uint64_t>(i);
        (void)feed.add(*other);
    }
    CHECK(feed.correlator.groups() == 1000);
    CHECK(feed.correlator.evicted() == 19'000);
    CHECK(feed.at(20'001, "p19999", 1) == nullptr);
    CHECK(feed.at(20'002, "p19999", 2) != nullptr);
}

TEST_CASE("An event that comes late counts as of now") {
    Feed feed(spec(kEvents, Op::gte, 2));
    CHECK(feed.at(100 * kSecond, "a") == nullptr);
    CHECK(feed.at(80 * kSecond, "a") != nullptr);
}

TEST_CASE("value_count of several fields counts their combinations") {
    auto pair = spec(kValues, Op::gte, 3);
    pair.views[0].group_by.clear();
    pair.views[0].fields.push_back(field("proc.name"));
    Feed feed(pair);
    CHECK(feed.at(1, "a", 22) == nullptr);
    CHECK(feed.at(2, "b", 22) == nullptr);
    CHECK(feed.at(3, "a", 22) == nullptr);
    CHECK(feed.at(4, "b", 80) != nullptr);
}

TEST_CASE("An event of several rules counts once, and fires once for its group") {
    auto counts = temporal(kEvents, 2);
    MadeEvent event({{"evt.type", "connect"}, {"proc.name", "a"}});
    Feed feed(counts);
    CHECK(feed.add(*event, 1) == nullptr);
    CHECK(feed.again(*event, 2) == nullptr);
    const auto* result = feed.add(*event, 2);
    REQUIRE(result != nullptr);
    CHECK(result->count == 2);
    CHECK(result->sources == 3);
    CHECK(feed.again(*event, 1) == nullptr);
    Feed rules(temporal(kTemporal, 2));
    CHECK(rules.add(*event, 1) == nullptr);
    CHECK(rules.again(*event, 2) != nullptr);
    CHECK(rules.again(*event, 2) == nullptr);
}

TEST_CASE("temporal wants its rules in any order within the window, and fires on each event after") {
    CHECK(Feed(temporal(kTemporal, 3)).run("abc") == "--x");
    CHECK(Feed(temporal(kTemporal, 3)).run("cba") == "--x");
    CHECK(Feed(temporal(kTemporal, 3)).run("aabbccab") == "----xxxx");
    CHECK(Feed(temporal(kTemporal, 3)).run("(abc)") == "x");
    CHECK(Feed(temporal(kTemporal, 2)).run("a.........b") == "----------x");
    CHECK(Feed(temporal(kTemporal, 2)).run("a..........b") == "------------");
    CHECK(Feed(temporal(kTemporal, 2)).run("a.....a....b") == "-----------x");
    auto two = temporal(kTemporal, 3);
    two.bounds = {{Op::eq, 2}};
    CHECK(Feed(two).run("aabcb") == "--x--");
    Feed groups(temporal(kTemporal, 2));
    CHECK(groups.at(1, "p", 1, 1) == nullptr);
    CHECK(groups.at(2, "q", 1, 2) == nullptr);
    const auto* result = groups.at(3, "p", 1, 2);
    REQUIRE(result != nullptr);
    CHECK(result->distinct == 2);
    CHECK(result->count == 2);
    CHECK(result->first_ns == 1);
    CHECK(result->sources == 3);
}

TEST_CASE("temporal_ordered wants them in their order, and fires where the last one comes") {
    CHECK(Feed(temporal(kOrdered, 3)).run("abc") == "--x");
    CHECK(Feed(temporal(kOrdered, 3)).run("acb") == "---");
    CHECK(Feed(temporal(kOrdered, 3)).run("acbc") == "---x");
    CHECK(Feed(temporal(kOrdered, 3)).run("abacac") == "---x-x");
    CHECK(Feed(temporal(kOrdered, 2)).run("ababb") == "-x-xx");
    CHECK(Feed(temporal(kOrdered, 2)).run("a.........b") == "----------x");
    CHECK(Feed(temporal(kOrdered, 2)).run("a..........b") == "------------");
    // The chain with the latest begin counts.
    CHECK(Feed(temporal(kOrdered, 3)).run("ab....ab....c") == "------------x");
    CHECK(Feed(temporal(kOrdered, 3)).run("a......b....c") == "-------------");
    // One event is one step.
    CHECK(Feed(temporal(kOrdered, 2)).run("(ab)") == "-");
    CHECK(Feed(temporal(kOrdered, 2)).run("(ab)(ab)") == "-x");
    CHECK(Feed(temporal(kOrdered, 3)).run("(abc)(abc)(abc)") == "--x");
    auto some = temporal(kOrdered, 3);
    some.bounds = {{Op::gte, 2}};
    CHECK(Feed(some).run("acbbc") == "--xxx");
    Feed feed(temporal(kOrdered, 2));
    feed.at(1, "p", 1, 1);
    feed.at(5, "p", 1, 1);
    const auto* result = feed.at(7, "p", 1, 2);
    REQUIRE(result != nullptr);
    CHECK(result->first_ns == 5);
    CHECK(result->distinct == 2);
}

TEST_CASE("An event by way of one rule after another is one step, too") {
    MadeEvent event({{"evt.type", "connect"}, {"proc.name", "a"}});
    Feed feed(temporal(kOrdered, 2));
    CHECK(feed.add(*event, 1) == nullptr);
    CHECK(feed.again(*event, 2) == nullptr);
    CHECK(feed.add(*event, 2) != nullptr);
    Feed said(expression(kOrdered, "a and b", 2));
    CHECK(said.add(*event, 1) == nullptr);
    CHECK(said.again(*event, 2) == nullptr);
    CHECK(said.add(*event, 2) != nullptr);
}

TEST_CASE("Conditions over rules") {
    CHECK(Feed(expression(kTemporal, "a and not b", 2)).run("aabaa") == "xx---");
    CHECK(Feed(expression(kTemporal, "a and not b", 2)).run("b..........a") == "-----------x");
    CHECK(Feed(expression(kTemporal, "(a or b) and c", 3)).run("abcc") == "--xx");
    CHECK(Feed(expression(kTemporal, "not a and not b", 2)).run("ab") == "--");
    CHECK(Feed(expression(kOrdered, "a and b and c", 3)).run("abc") == "--x");
    CHECK(Feed(expression(kOrdered, "a and b and c", 3)).run("acb") == "---");
    CHECK(Feed(expression(kOrdered, "a and b and c", 3)).run("abac") == "---x");
    CHECK(Feed(expression(kOrdered, "a and b", 2)).run("(ab)(ab)") == "-x");
    CHECK(Feed(expression(kOrdered, "(a or b) and c", 3)).run("ac") == "-x");
    CHECK(Feed(expression(kOrdered, "(a or b) and c", 3)).run("bc") == "-x");
    CHECK(Feed(expression(kOrdered, "(a or b) and c", 3)).run("ca") == "--");
    CHECK(Feed(expression(kOrdered, "a and not b", 2)).run("aba") == "x--");
}

TEST_CASE("Sums, averages, percentiles and medians slide with the window") {
    using Type = CorrelationSpec::Type;
    const auto values = [](Type type, double percentile = 50) {
        auto numbers = spec(type, Op::gte, 0);
        numbers.percentile = percentile;
        Feed feed(numbers);
        std::vector<double> out;
        std::int64_t second = 0;
        for (const int port : {10, 40, 20, 30}) {
            const auto* result = feed.at(second * kSecond, "a", port);
            REQUIRE(result != nullptr);
            out.push_back(result->value);
            second += 4;
        }
        return out; // the last window is 40, 20, 30
    };
    CHECK(values(Type::value_sum) == std::vector<double>{10, 50, 70, 90});
    CHECK(values(Type::value_avg) == std::vector<double>{10, 25, 70.0 / 3, 30});
    CHECK(values(Type::value_median) == std::vector<double>{10, 25, 20, 30});
    CHECK(values(Type::value_percentile, 100) == std::vector<double>{10, 40, 40, 40});
    CHECK(values(Type::value_percentile, 0) == std::vector<double>{10, 10, 10, 20});
    CHECK(values(Type::value_percentile, 25) == std::vector<double>{10, 17.5, 15, 25});
    Feed above(spec(Type::value_avg, Op::gt, 24.5));
    CHECK(above.at(1, "a", 24) == nullptr);
    CHECK(above.at(2, "a", 25) == nullptr);
    CHECK(above.at(3, "a", 25) != nullptr);
}

TEST_CASE("A group that must forget numbers says so") {
    Feed feed(spec(CorrelationSpec::Type::value_sum, Op::gte, 1), {.groups = 10, .entries = 3});
    for (int i = 1; i <= 3; ++i)
        feed.at(i, "a", i);
    CHECK(feed.correlator.evicted() == 0);
    const auto* result = feed.at(4, "a", 4);
    REQUIRE(result != nullptr);
    CHECK(result->value == 2 + 3 + 4);
    CHECK(feed.correlator.evicted() == 1);
}
