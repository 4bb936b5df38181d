// SPDX-License-Identifier: MIT OR Apache-2.0
// The shipped rules load without a word of complaint, and every test beside them passes.
#include "core/files.hpp"
#include "pipeline/rule_tests.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace rwatch;

namespace {
constexpr std::int64_t kDefaultDebounce = 10'000'000'000;

rules::LoadResult load_shipped() {
    const std::array<std::string, 1> directory{RWATCH_RULES_DIR};
    const std::array<std::string_view, 1> suffixes{".yaml"};
    Diagnostics diagnostics;
    const auto files = read_files(find_files(directory, suffixes, diagnostics), 1U << 20U, diagnostics);
    REQUIRE(diagnostics.empty());
    REQUIRE(files.size() >= 6);
    std::vector<rules::SourceText> texts;
    for (const auto& file : files)
        texts.push_back({file.path, file.text});
    return rules::load(texts);
}
} // namespace

TEST_CASE("the shipped rules") {
    const auto loaded = load_shipped();
    for (const auto& diagnostic : loaded.diagnostics) {
        UNSCOPED_INFO(render(diagnostic));
        CHECK(diagnostic.severity == Severity::note);
    }
    REQUIRE(loaded.set);

    SECTION("each says what it is, what to do, where to read on, and is tested both ways") {
        for (const auto& rule : loaded.set->rules()) {
            INFO(rule.name);
            CHECK(!rule.description.empty());
            CHECK(!rule.respond.empty());
            CHECK(!rule.references.empty());
            CHECK(!rule.tags.empty());
            CHECK(rule.debounce);
            CHECK(std::any_of(rule.tests.begin(), rule.tests.end(), [](const auto& t) { return t.alerts > 0; }));
            CHECK(std::any_of(rule.tests.begin(), rule.tests.end(), [](const auto& t) { return t.alerts == 0; }));
        }
    }
    SECTION("their tests pass") {
        const auto outcomes = pipeline::run_tests(*loaded.set, kDefaultDebounce);
        CHECK(outcomes.size() >= 30);
        for (const auto& outcome : outcomes) {
            INFO(outcome.rule << ": " << outcome.test << ": " << outcome.detail);
            CHECK(outcome.passed);
        }
    }
}

TEST_CASE("a test that must fail fails, and says why") {
    const std::string text = R"(
- rule: r
  desc: d
  condition: evt.type = openat and fd.name = /x
  output: o
  priority: Notice
  tests:
    - { name: wrong count, events: [{ evt.type: openat, fd.name: /x }], alerts: 0 }
    - { name: wrong value, events: [{ evt.rawres: many }], alerts: 1 }
)";
    const std::vector<rules::SourceText> texts{{"f.yaml", text}};
    const auto loaded = rules::load(texts);
    REQUIRE(loaded.set);
    const auto outcomes = pipeline::run_tests(*loaded.set, 0);
    REQUIRE(outcomes.size() == 2);
    CHECK(!outcomes[0].passed);
    CHECK(outcomes[0].detail == "expected 0 alerts, got 1");
    CHECK(!outcomes[1].passed);
    CHECK(outcomes[1].detail == "'many' is no value of field 'evt.rawres'");
}
