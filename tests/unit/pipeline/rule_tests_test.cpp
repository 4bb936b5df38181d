// SPDX-License-Identifier: MIT OR Apache-2.0
// Tests beside rules: those of correlations run with the rules that they count, and each document's example works.
#include "pipeline/rule_tests.hpp"

#include "core/diagnostic.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace rwatch;

namespace {

constexpr std::int64_t kDefaultDebounce = 10'000'000'000;

/// Of the rules of one file, and of a second one beside it.
std::vector<pipeline::TestOutcome> outcomes(const std::string& text, const std::string& beside = {}) {
    const std::array<rules::SourceText, 2> sources{{{"a.yaml", text}, {"b.yaml", beside}}};
    const auto loaded = rules::load(sources);
    for (const auto& d : loaded.diagnostics)
        UNSCOPED_INFO(render(d, d.where.file == "a.yaml" ? text : beside));
    REQUIRE(loaded.set != nullptr);
    return pipeline::run_tests(*loaded.set, kDefaultDebounce);
}

/// The rules in a section of the reference.
std::string examples(const std::string& section) {
    std::ifstream file(RWATCH_RULES_DOC);
    std::string text(std::istreambuf_iterator<char>(file), {});
    text.erase(0, text.find("\n## " + section));
    text.resize(std::min(text.size(), text.find("\n## ", 1)));
    std::string out;
    for (auto at = text.find("```yaml\n- rule: "); at != std::string::npos;
         at = text.find("```yaml\n- rule: ", at + 1)) {
        const auto begin = at + 8;
        out += text.substr(begin, text.find("```", begin) - begin);
    }
    return out;
}

constexpr std::string_view kRules = R"(
- rule: second
  desc: d
  condition: evt.type = chmod
  output: o
  priority: info
  tests: [{name: alone, events: [{evt.type: chmod, fd.name: /x}], alerts: 1}]
- rule: both
  desc: d
  correlation: {type: temporal_ordered, rules: [first, second], group-by: proc.sid, timespan: 10s}
  output: o
  priority: info
  enabled: false
  tests:
    - name: in order
      events: [{evt.type: execve, proc.name: a, proc.sid: 1}, {evt.type: chmod, fd.name: /x, proc.sid: 1, at: 9s}]
      alerts: 1
    - name: too late
      events: [{evt.type: execve, proc.name: a, proc.sid: 1}, {evt.type: chmod, fd.name: /x, proc.sid: 1, at: 11s}]
      alerts: 0
    - name: wrong
      events: [{evt.type: chmod, fd.name: /x, proc.sid: 1}, {evt.type: execve, proc.name: a, proc.sid: 1}]
      alerts: 1
- {rule: first, desc: d, condition: evt.type = execve, output: o, priority: info, enabled: false}
- {rule: other, desc: d, condition: evt.type = execve, output: o, priority: info}
)";

} // namespace

TEST_CASE("tests of a correlation run with the rules that it counts") {
    const auto all = outcomes(std::string(kRules));
    REQUIRE(all.size() == 4);
    CHECK(all[0].passed);
    CHECK(all[1].passed);
    CHECK(all[2].passed);
    CHECK_FALSE(all[3].passed);
    CHECK(all[3].detail == "expected 1 alert, got 0");
    // Silent for the correlation, and tested on its own nevertheless.
    auto enabled = std::string(kRules);
    const std::string off = "  enabled: false\n";
    enabled.erase(enabled.find(off), off.size());
    CHECK(outcomes(enabled)[0].passed);
}

TEST_CASE("tests of a rule of Sigma's form stand beside it") {
    const auto beside = examples("Sigma rules");
    REQUIRE(beside.find("rule: Curl To Temp") != std::string::npos);
    const std::string sigma = "title: Curl To Temp\n"
                              "logsource: {product: linux, category: process_creation}\n"
                              "detection: {selection: {CommandLine|contains: ' -o /tmp/'}, condition: selection}\n";
    const auto all = outcomes(sigma, beside);
    REQUIRE(all.size() == 1);
    CHECK(all[0].passed);
    CHECK_FALSE(outcomes(sigma, std::string(beside).replace(beside.find("-o /tmp"), 7, "-o /srv"))[0].passed);
}

TEST_CASE("the tutorial ends in a rule that works") {
    const auto text = examples("Tutorial");
    REQUIRE(text.find("rule: Token of myapp changed") != std::string::npos);
    const auto all = outcomes(text);
    REQUIRE(all.size() == 2);
    for (const auto& outcome : all) {
        INFO(outcome.test << ": " << outcome.detail);
        CHECK(outcome.passed);
    }
}

TEST_CASE("the reference's examples of correlations") {
    const auto text = examples("Correlation");
    REQUIRE(text.find("correlation:") != std::string::npos);
    auto tested = text + R"(
  tests:
    - name: fetched, then made executable
      events:
        - {evt.type: execve, proc.exepath: /usr/bin/curl, proc.sid: 5}
        - {evt.type: fchmodat, fd.name: /tmp/x, evt.arg.mode: S_IXUSR|S_IRUSR, proc.sid: 5, at: 30s}
      alerts: 1
    - name: in other sessions
      events:
        - {evt.type: execve, proc.exepath: /usr/bin/curl, proc.sid: 5}
        - {evt.type: fchmodat, fd.name: /tmp/x, evt.arg.mode: S_IXUSR|S_IRUSR, proc.sid: 6, at: 30s}
      alerts: 0
)";
    const auto all = outcomes(tested);
    REQUIRE(all.size() == 2);
    for (const auto& outcome : all) {
        INFO(outcome.test << ": " << outcome.detail);
        CHECK(outcome.passed);
    }
}

TEST_CASE("thousands of tests of one rule take no longer than thousands of rules") {
    constexpr std::size_t kTests = 20'000;
    constexpr double kMostSeconds = 30; // once some minutes
    std::string text =
        "- rule: r\n  desc: d\n  condition: evt.type = openat\n  output: o\n  priority: info\n  tests:\n";
    for (std::size_t i = 0; i < kTests; ++i)
        text += "    - {name: t, events: [{evt.type: openat, fd.name: /x}], alerts: 1}\n";
    const auto begin = std::clock();
    const auto all = outcomes(text);
    CHECK(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC < kMostSeconds);
    REQUIRE(all.size() == kTests);
    CHECK(std::all_of(all.begin(), all.end(), [](const auto& o) { return o.passed; }));
}
