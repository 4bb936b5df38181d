// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl test FILE-OR-DIR...: runs the tests that stand beside rules, without a daemon.
#include "command.hpp"
#include "config/config.hpp"
#include "core/escape.hpp"
#include "diagnostics_text.hpp"
#include "pipeline/rule_tests.hpp"
#include "render.hpp"
#include "rule_files.hpp"

#include <algorithm>

namespace rwatch::ctl {

namespace {

Json outcomes_json(const std::vector<pipeline::TestOutcome>& outcomes) {
    Json out = Json::array();
    for (const auto& outcome : outcomes)
        out.push_back({{"rule", to_utf8(outcome.rule)},
                       {"test", to_utf8(outcome.test)},
                       {"passed", outcome.passed},
                       {"detail", to_utf8(outcome.detail)}});
    return out;
}

std::string outcomes_text(const std::vector<pipeline::TestOutcome>& outcomes, const Terminal& terminal) {
    std::string out;
    std::string rule;
    for (const auto& outcome : outcomes) {
        if (out.empty() || outcome.rule != rule)
            out += escape(outcome.rule) + "\n";
        rule = outcome.rule;
        out += (outcome.passed ? paint("  ok    ", Tint::green, terminal) : paint("  FAIL  ", Tint::alarm, terminal)) +
               escape(outcome.test) + "\n";
        if (!outcome.passed)
            out += "        " + escape(outcome.detail) + "\n";
    }
    return out;
}

std::string tests_summary(const std::vector<pipeline::TestOutcome>& outcomes, const rules::RuleSet& set,
                          const Terminal& terminal) {
    const auto failed = static_cast<std::uint64_t>(
        std::count_if(outcomes.begin(), outcomes.end(), [](const auto& o) { return !o.passed; }));
    const auto untested = static_cast<std::uint64_t>(
        std::count_if(set.rules().begin(), set.rules().end(), [](const auto& r) { return r.tests.empty(); }));
    auto out = counted(outcomes.size(), "test") + ": " +
               (failed == 0 ? paint("all passed", Tint::green, terminal)
                            : paint(grouped(failed) + " failed", Tint::alarm, terminal));
    if (untested > 0)
        out += "; " + counted(untested, "rule") + (untested == 1 ? " has" : " have") + " no test";
    return out + "\n";
}

int run_test(const Context& context) {
    const auto loaded = load_rules(read_rule_files(context.args().positionals()));
    const auto outcomes = loaded.ok ? pipeline::run_tests(*loaded.result.set, config::Config{}.alerts.debounce_ns)
                                    : std::vector<pipeline::TestOutcome>{};
    const bool ok = loaded.ok && std::all_of(outcomes.begin(), outcomes.end(), [](const auto& o) { return o.passed; });
    if (context.json()) {
        context.print(Json{
            {"ok", ok}, {"tests", outcomes_json(outcomes)}, {"diagnostics", diagnostics_json(loaded.diagnostics)}});
        return ok ? kOk : kFailed;
    }
    auto out = render_all(loaded.diagnostics, loaded.sources(), context.terminal());
    out += loaded.ok ? outcomes_text(outcomes, context.terminal()) +
                           tests_summary(outcomes, *loaded.result.set, context.terminal())
                     : "No test was run: " + count_text(loaded.diagnostics) + "\n";
    context.print(out);
    return ok ? kOk : kFailed;
}

} // namespace

constinit const Verb kTestVerb{"test",
                               "FILE-OR-DIR...",
                               "Run the tests that stand beside rules, with no daemon",
                               "Each test of a rule gives made-up events and says how many alerts they must raise.\n"
                               "Exit status 1 where a test fails or a rule does not load.",
                               {},
                               1,
                               kAnyNumber,
                               run_test};

} // namespace rwatch::ctl
