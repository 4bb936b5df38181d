// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/rule_tests.hpp"

#include "alerts/debounce.hpp"
#include "core/counted.hpp"
#include "event/builder.hpp"
#include "rules/engine.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace rwatch::pipeline {

namespace {

constexpr std::int64_t kBegin = 1'000'000'000'000;              // boot clock of a test's first event, ns
constexpr std::int64_t kWallOffset = 1'700'000'000'000'000'000; // any date

/// Counts what one rule lets through.
class Counter : public rules::MatchHandler {
  public:
    Counter(std::string rule, std::int64_t default_debounce_ns)
        : rule_(std::move(rule)), factory_("test"),
          debounce_(default_debounce_ns, factory_, [](const alerts::Alert&) {}),
          scratch(std::make_unique<event::Scratch>()) {}

    void on_match(const rules::Match& match) noexcept override {
        if (match.rule.name != rule_ || !debounce_.admit(match, *scratch))
            return;
        debounce_.opened(std::make_shared<const alerts::Alert>(factory_.make(match, *scratch)));
        ++alerts;
    }

  private:
    std::string rule_;
    alerts::AlertFactory factory_;
    alerts::Debounce debounce_;

  public:
    std::unique_ptr<event::Scratch> scratch;
    std::uint64_t alerts = 0;
};

/// Feeds one step (all its repeats) to the engine; what is wrong with it, or nothing.
std::optional<std::string> feed(const rules::TestCase::Step& step, rules::Engine& engine, Counter& counter,
                                std::int64_t& now, std::uint64_t& number) {
    now = std::max(now, kBegin + step.at_ns);
    for (std::uint32_t n = 0; n < step.repeat; ++n) {
        event::EventBuilder builder;
        std::string error;
        for (const auto& [field, value] : step.fields)
            if (!builder.set(field, rules::with_number(value, n), error))
                return error;
        auto& event = builder.finish();
        if (n > 0)
            now += step.every_ns;
        event.number = ++number;
        event.boot_ns = static_cast<std::uint64_t>(now);
        event.wall_ns = now + kWallOffset;
        counter.scratch->reset();
        engine.process(event, *counter.scratch, counter);
    }
    return std::nullopt;
}

/// A set of one rule and all that it counts, enabled.
std::shared_ptr<const rules::RuleSet> alone(const rules::RuleSet& set, std::uint32_t rule) {
    std::vector<std::uint32_t> wanted{rule};
    for (std::size_t i = 0; i < wanted.size(); ++i)
        if (const auto& correlation = set.rules()[wanted[i]].correlation)
            for (const auto& source : correlation->sources)
                if (source.rule < set.rules().size() &&
                    std::find(wanted.begin(), wanted.end(), source.rule) == wanted.end())
                    wanted.push_back(source.rule);
    std::sort(wanted.begin(), wanted.end());
    std::vector<rules::Rule> rules;
    const auto place = [&](std::uint32_t& index) {
        const auto found = std::lower_bound(wanted.begin(), wanted.end(), index);
        index = found == wanted.end() || *found != index ? index : static_cast<std::uint32_t>(found - wanted.begin());
    };
    for (const auto index : wanted) {
        auto& copy = rules.emplace_back(set.rules()[index]);
        copy.enabled = true;
        copy.silent = copy.silent && index != rule;
        if (!copy.correlation)
            continue;
        for (auto& source : copy.correlation->sources)
            place(source.rule);
        for (auto& view : copy.correlation->views)
            place(view.rule);
    }
    return std::make_shared<const rules::RuleSet>(std::move(rules));
}

TestOutcome run(const rules::Rule& rule, const std::shared_ptr<const rules::RuleSet>& set, const rules::TestCase& test,
                std::int64_t default_debounce_ns) {
    TestOutcome outcome{rule.name, test.name, false, {}, test.where};
    rules::Engine engine;
    engine.install(set);
    Counter counter(rule.name, default_debounce_ns);
    std::int64_t now = kBegin;
    std::uint64_t number = 0;
    for (const auto& step : test.events) {
        if (auto error = feed(step, engine, counter, now, number)) {
            outcome.detail = *error;
            outcome.where = step.where;
            return outcome;
        }
    }
    outcome.passed = counter.alerts == test.alerts;
    if (!outcome.passed)
        outcome.detail = "expected " + counted(test.alerts, "alert") + ", got " + grouped(counter.alerts);
    return outcome;
}

} // namespace

std::vector<TestOutcome> run_tests(const rules::RuleSet& set, std::int64_t default_debounce_ns) {
    std::vector<TestOutcome> outcomes;
    for (std::uint32_t i = 0; i < set.rules().size(); ++i) {
        const auto& rule = set.rules()[i];
        const auto only = rule.tests.empty() ? nullptr : alone(set, i);
        for (const auto& test : rule.tests)
            outcomes.push_back(run(rule, only, test, default_debounce_ns));
    }
    return outcomes;
}

} // namespace rwatch::pipeline
