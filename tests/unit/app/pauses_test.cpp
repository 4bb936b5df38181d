// SPDX-License-Identifier: MIT OR Apache-2.0
// Pauses by name and by tag, across reloads and through their end.
#include "app/pauses.hpp"

#include <catch2/catch.hpp>

using namespace rwatch;

namespace {

rules::RuleSet make_set() {
    std::vector<rules::Rule> all(3);
    all[0].name = "one";
    all[0].tags = {"net", "scan"};
    all[1].name = "two";
    all[1].tags = {"net"};
    all[2].name = "three";
    return rules::RuleSet(std::move(all));
}

bus::Pause pause_of(const std::string& selector, std::int64_t until = 0) {
    bus::Pause pause;
    pause.selector = selector;
    pause.until_ns = until;
    return pause;
}

std::string paused(const rules::RuleSet& set) {
    std::string text;
    for (std::size_t i = 0; i < set.rules().size(); ++i)
        text += set.counters(i).paused ? 'P' : '-';
    return text;
}

} // namespace

TEST_CASE("a rule, a tag, nothing") {
    const auto set = make_set();
    app::Pauses pauses;
    CHECK(pauses.add(pause_of("one"), set) == std::vector<std::string>{"one"});
    CHECK(paused(set) == "P--");
    CHECK(pauses.add(pause_of("net"), set) == std::vector<std::string>{"one", "two"});
    CHECK(paused(set) == "PP-");
    CHECK(pauses.add(pause_of("nonsense"), set).empty());
    CHECK(pauses.of(set.rules()[0])->selector == "one");
    CHECK(pauses.of(set.rules()[2]) == nullptr);
}

TEST_CASE("resume by what was paused, by a tag over it, and one rule out of a tag") {
    const auto set = make_set();
    app::Pauses pauses;
    pauses.add(pause_of("one"), set);
    CHECK(pauses.remove("one", set) == std::vector<std::string>{"one"});
    CHECK(paused(set) == "---");
    pauses.add(pause_of("one"), set);
    CHECK(pauses.remove("net", set) == std::vector<std::string>{"one"});
    CHECK(paused(set) == "---");
    pauses.add(pause_of("net"), set);
    CHECK(pauses.remove("one", set) == std::vector<std::string>{"one"});
    CHECK(paused(set) == "-P-");
    CHECK(pauses.remove("three", set).empty());
}

TEST_CASE("a pause ends, and outlives a reload until then") {
    const auto set = make_set();
    app::Pauses pauses;
    pauses.add(pause_of("one", 1000), set);
    pauses.add(pause_of("three"), set);
    CHECK(pauses.next_end() == 1000);
    const auto next = make_set();
    pauses.apply(next);
    CHECK(paused(next) == "P-P");
    CHECK(pauses.expire(999).empty());
    CHECK(pauses.expire(1000).size() == 1);
    pauses.apply(next);
    CHECK(paused(next) == "--P");
    CHECK(pauses.next_end() == 0);
}
