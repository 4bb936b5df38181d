// SPDX-License-Identifier: MIT OR Apache-2.0
// The shipped rules load without a word of complaint, and every test beside them passes.
#include "core/files.hpp"
#include "pipeline/rule_tests.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace rwatch;

namespace {
constexpr std::int64_t kShippedDebounce = 10'000'000'000;

std::vector<rules::SourceText> read_shipped() {
    const std::array<std::string, 1> directory{RWATCH_RULES_DIR};
    const std::array<std::string_view, 1> suffixes{".yaml"};
    Diagnostics diagnostics;
    const auto files = read_files(find_files(directory, suffixes, diagnostics), 1U << 20U, diagnostics);
    REQUIRE(diagnostics.empty());
    REQUIRE(files.size() >= 6);
    std::vector<rules::SourceText> texts;
    texts.reserve(files.size());
    for (const auto& file : files)
        texts.push_back({file.path, file.text});
    return texts;
}

bool has_technique(const std::vector<std::string>& tags) {
    const auto is_technique = [](std::string_view tag) {
        return tag.size() >= 5 && tag[0] == 'T' && tag.find_first_not_of("0123456789.", 1) == std::string_view::npos;
    };
    return std::any_of(tags.begin(), tags.end(), is_technique);
}
} // namespace

TEST_CASE("the shipped rules") {
    const auto texts = read_shipped();
    const auto loaded = rules::load(texts);
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
    SECTION("they cover the tactics of ATT&CK, and name tactic and technique") {
        CHECK(loaded.set->rules().size() >= 60);
        for (const std::string tactic :
             {"execution", "persistence", "privilege_escalation", "defense_evasion", "credential_access", "discovery",
              "lateral_movement", "collection", "command_and_control", "exfiltration", "impact"}) {
            INFO(tactic);
            CHECK(std::any_of(loaded.set->rules().begin(), loaded.set->rules().end(), [&](const auto& rule) {
                return std::find(rule.tags.begin(), rule.tags.end(), "mitre_" + tactic) != rule.tags.end();
            }));
        }
        for (const auto& rule : loaded.set->rules()) {
            INFO(rule.name);
            CHECK(has_technique(rule.tags));
        }
    }
    SECTION("none decides by the name that a process chose for itself") {
        // Outputs (%field) may show it, tests (field:) may set it: a comparison may not read it.
        for (const auto& text : texts)
            for (const std::string field :
                 {"proc.name ", "proc.pname ", "proc.aname ", "proc.cmdline ", "proc.pcmdline "})
                for (auto at = text.text.find(field); at != std::string::npos; at = text.text.find(field, at + 1)) {
                    INFO(text.file << ": " << field << "at " << at);
                    CHECK(text.text[at - 1] == '%');
                }
    }
    SECTION("each can be told of a program, a parent and a unit to leave alone") {
        std::string more;
        for (const auto& rule : loaded.set->rules())
            more +=
                "- rule: \"" + rule.name +
                "\"\n  exceptions:\n    - { name: exe, values: [/opt/x] }\n    - { name: parent, values: [/opt/x] }\n"
                "    - { name: unit, values: [x.service] }\n  override: { exceptions: append }\n";
        auto extended = texts;
        extended.push_back({"99-mine.yaml", more});
        const auto again = rules::load(extended);
        for (const auto& diagnostic : again.diagnostics) {
            UNSCOPED_INFO(render(diagnostic));
            CHECK(diagnostic.severity == Severity::note);
        }
        CHECK(again.set);
    }
    SECTION("their tests pass") {
        const auto outcomes = pipeline::run_tests(*loaded.set, kShippedDebounce);
        CHECK(outcomes.size() >= 120);
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
    - { name: a value that is none in between, events: [{ evt.type: chmod, fs.mode: "${n}", repeat: 11 }], alerts: 1 }
)";
    const std::vector<rules::SourceText> texts{{"f.yaml", text}};
    const auto loaded = rules::load(texts);
    REQUIRE(loaded.set);
    const auto outcomes = pipeline::run_tests(*loaded.set, 0);
    REQUIRE(outcomes.size() == 2);
    CHECK(!outcomes[0].passed);
    CHECK(outcomes[0].detail == "expected 0 alerts, got 1");
    CHECK(!outcomes[1].passed);
    CHECK(outcomes[1].detail == "'8' is no value of field 'fs.mode'");
}
