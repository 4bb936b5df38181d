// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/engine.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

namespace rwatch::rules {

namespace {

std::uint64_t monotonic_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

/// One thread writes each counter, so no locked instruction is needed.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

} // namespace

Engine::Engine() = default;
Engine::~Engine() = default;

void Engine::install(std::shared_ptr<const RuleSet> set) {
    if (set == nullptr)
        set = std::make_shared<const RuleSet>(std::vector<Rule>());
    correlations_ = Correlations(*set, std::move(correlations_), set_.get());
    const auto rules = set->rules();
    const auto with_condition =
        std::find_if(rules.begin(), rules.end(), [](const auto& rule) { return rule.condition.program() != nullptr; });
    workspace_ = Workspace(with_condition == rules.end() ? nullptr : with_condition->condition.program());
    candidates_ = RuleIndex::Memory(set->index());
    set_ = std::move(set);
}

bool Engine::holds(const Rule& rule, RuleCounters& counters, bool timed, const event::Event& event,
                   event::Scratch& scratch) noexcept {
    if (!timed)
        return rule.condition.matches(event, scratch, workspace_);
    const auto begin = monotonic_ns();
    const bool result = rule.condition.matches(event, scratch, workspace_);
    add(counters.cost_ns, monotonic_ns() - begin);
    add(counters.timed, 1);
    return result;
}

void Engine::process(const event::Event& event, event::Scratch& scratch, MatchHandler& handler, Share share) noexcept {
    if (set_ == nullptr)
        return;
    workspace_.begin_event();
    const bool timed = ++events_ % kTimedOneIn == 0;
    set_->index().each(event, scratch, candidates_, [&](std::uint32_t index) {
        if (share != Share::all && set_->is_late(index) != (share == Share::late))
            return;
        auto& counters = set_->counters(index);
        if (counters.paused.load(std::memory_order_relaxed))
            return;
        const auto& rule = set_->rules()[index];
        if (!holds(rule, counters, timed, event, scratch))
            return;
        add(counters.matched, 1);
        if (!rule.correlation && !rule.silent)
            raise(*set_, index, event, nullptr, handler);
        correlations_.follow(index, event, events_, *set_, scratch, values_, handler);
    });
}

} // namespace rwatch::rules
