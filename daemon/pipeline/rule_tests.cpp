// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/rule_tests.hpp"

#include "alerts/debounce.hpp"
#include "event/builder.hpp"
#include "rules/engine.hpp"

#include <optional>
#include <utility>

namespace rwatch::pipeline {

namespace {

constexpr std::int64_t kBegin = 1'000'000'000'000;              // boot clock of a test's first event, ns
constexpr std::int64_t kWallOffset = 1'700'000'000'000'000'000; // any date

/// Counts what a rule lets through.
class Counter : public rules::MatchHandler {
  public:
    Counter(std::int64_t default_debounce_ns)
        : factory_("test"), debounce_(default_debounce_ns, factory_, [](const alerts::Alert&) {}),
          scratch(std::make_unique<event::Scratch>()) {}

    void on_match(const rules::Match& match) noexcept override {
        if (!debounce_.admit(match, *scratch))
            return;
        debounce_.opened(std::make_shared<const alerts::Alert>(factory_.make(match, *scratch)));
        ++alerts;
    }

  private:
    alerts::AlertFactory factory_;
    alerts::Debounce debounce_;

  public:
    std::unique_ptr<event::Scratch> scratch;
    std::uint64_t alerts = 0;
};

std::string with_number(const std::string& text, std::uint32_t n) {
    constexpr std::string_view kMark = "${n}";
    std::string out = text;
    for (auto at = out.find(kMark); at != std::string::npos; at = out.find(kMark, at))
        out.replace(at, kMark.size(), std::to_string(n));
    return out;
}

/// Feeds one step (all its repeats) to the engine; what is wrong with it, or nothing.
std::optional<std::string> feed(const rules::TestCase::Step& step, rules::Engine& engine, Counter& counter,
                                std::int64_t& now, std::uint64_t& number) {
    now = std::max(now, kBegin + step.at_ns);
    for (std::uint32_t n = 0; n < step.repeat; ++n) {
        event::EventBuilder builder;
        std::string error;
        for (const auto& [field, value] : step.fields)
            if (!builder.set(field, with_number(value, n), error))
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

TestOutcome run(const rules::Rule& rule, const rules::TestCase& test, std::int64_t default_debounce_ns) {
    TestOutcome outcome{rule.name, test.name, false, {}, test.where};
    rules::Rule alone = rule;
    alone.enabled = true;
    std::vector<rules::Rule> one;
    one.push_back(std::move(alone));
    rules::Engine engine;
    engine.install(std::make_shared<const rules::RuleSet>(std::move(one)));
    Counter counter(default_debounce_ns);
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
        outcome.detail = "expected " + std::to_string(test.alerts) +
                         (test.alerts == 1 ? " alert, got " : " alerts, got ") + std::to_string(counter.alerts);
    return outcome;
}

} // namespace

std::vector<TestOutcome> run_tests(const rules::RuleSet& set, std::int64_t default_debounce_ns) {
    std::vector<TestOutcome> outcomes;
    for (const auto& rule : set.rules())
        for (const auto& test : rule.tests)
            outcomes.push_back(run(rule, test, default_debounce_ns));
    return outcomes;
}

} // namespace rwatch::pipeline
