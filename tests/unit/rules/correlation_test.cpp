// SPDX-License-Identifier: MIT OR Apache-2.0
// Counting: windows and their edges, groups, distinct values, bounds on memory.
#include "rules_support.hpp"

#include "rules/correlation.hpp"

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

event::FieldRef field(std::string_view name) {
    std::string error, hint;
    const auto ref = event::resolve_field(name, error, hint);
    REQUIRE(ref);
    return *ref;
}

CorrelationSpec spec(CorrelationSpec::Type type, CorrelationSpec::Bound::Op op, std::uint64_t number) {
    CorrelationSpec out;
    out.type = type;
    out.timespan_ns = 10 * kSecond;
    out.bounds = {{op, static_cast<double>(number)}};
    out.group_by = {field("proc.name")};
    if (type == CorrelationSpec::Type::value_count)
        out.field = field("fd.rport");
    return out;
}

using Op = CorrelationSpec::Bound::Op;
constexpr auto kEvents = CorrelationSpec::Type::event_count;
constexpr auto kValues = CorrelationSpec::Type::value_count;

/// Feeds one correlator.
class Feed {
  public:
    explicit Feed(const CorrelationSpec& spec, const Correlator::Limits& limits = {}) : correlator(spec, limits) {}

    const CorrelationResult* at(std::int64_t ns, const std::string& name, int port = 1) {
        MadeEvent event({{"evt.type", "connect"},
                         {"proc.name", name},
                         {"fd.rip", "192.0.2.1"},
                         {"fd.rport", std::to_string(port)}});
        event->boot_ns = static_cast<std::uint64_t>(ns);
        return correlator.add(*event, scratch(), values_);
    }

    Correlator correlator;

  private:
    event::Values values_;
};

} // namespace

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
    all.group_by.clear();
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
    auto counts = spec(kValues, Op::gte, 1);
    counts.field = field("fd.rport");
    Correlator correlator(counts);
    MadeEvent event({{"evt.type", "execve"}, {"proc.name", "a"}});
    event::Values values;
    CHECK(correlator.add(*event, scratch(), values) == nullptr);
    CHECK(correlator.groups() == 0);
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
    const auto fires_at = [](Op op, std::uint64_t number) {
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
    event::Values values;
    auto& memory = scratch();
    for (int i = 0; i < 20'000; ++i) {
        MadeEvent other({{"evt.type", "connect"},
                         {"proc.name", "p" + std::to_string(i)},
                         {"fd.rip", "192.0.2.1"},
                         {"fd.rport", std::to_string(i)}});
        other->boot_ns = static_cast<std::uint64_t>(i);
        memory.reset();
        (void)feed.correlator.add(*other, memory, values);
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
