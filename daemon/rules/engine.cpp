// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/engine.hpp"

#include <ctime>
#include <map>
#include <utility>

namespace rwatch::rules {

namespace {

// So many events: a clock costs as much as a cheap condition. Whole events are timed, so that each rule has its turn,
// and one in a prime number, so that no pattern in what happens keeps a rule from it.
constexpr std::uint64_t kTimedOneIn = 61;

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
    std::map<std::pair<std::string_view, std::uint64_t>, std::unique_ptr<Correlator>> kept;
    for (std::size_t i = 0; i < correlators_.size(); ++i)
        if (correlators_[i] != nullptr)
            kept.emplace(std::pair(std::string_view(set_->rules()[i].name), set_->rules()[i].fingerprint),
                         std::move(correlators_[i]));
    std::vector<std::unique_ptr<Correlator>> next;
    for (const auto& rule : set != nullptr ? set->rules() : std::span<const Rule>()) {
        auto& correlator = next.emplace_back();
        if (!rule.correlation)
            continue;
        const auto found = kept.find({rule.name, rule.fingerprint});
        if (found == kept.end())
            correlator = std::make_unique<Correlator>(*rule.correlation);
        else
            correlator = std::move(kept.extract(found).mapped());
    }
    for (const auto& [key, correlator] : kept)
        evicted_before_ += correlator->evicted();
    kept.clear(); // its keys point into the old set
    correlators_ = std::move(next);
    workspace_ = Workspace(set == nullptr || set->rules().empty() ? nullptr : set->rules().front().condition.program());
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

void Engine::process(const event::Event& event, event::Scratch& scratch, MatchHandler& handler) noexcept {
    if (set_ == nullptr)
        return;
    workspace_.begin_event();
    const bool timed = ++events_ % kTimedOneIn == 0;
    for (const auto index : set_->for_call(event.call)) {
        auto& counters = set_->counters(index);
        if (counters.paused.load(std::memory_order_relaxed))
            continue;
        const auto& rule = set_->rules()[index];
        if (!holds(rule, counters, timed, event, scratch))
            continue;
        add(counters.matched, 1);
        const CorrelationResult* correlation = nullptr;
        if (const auto& correlator = correlators_[index]) {
            correlation = correlator->add(event, scratch, values_);
            if (correlation == nullptr)
                continue;
        }
        add(counters.hits, 1);
        counters.last_hit_ns.store(event.wall_ns, std::memory_order_relaxed);
        handler.on_match({index, rule, event, correlation});
    }
}

std::uint64_t Engine::evicted_groups() const noexcept {
    auto total = evicted_before_;
    for (const auto& correlator : correlators_)
        total += correlator != nullptr ? correlator->evicted() : 0;
    return total;
}

} // namespace rwatch::rules
