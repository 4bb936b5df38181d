// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/correlations.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

namespace rwatch::rules {

namespace {

// What all correlations of a set may remember together; each may have its share, but enough for its own bound.
constexpr std::size_t kAllEntries = std::size_t{1} << 21U, kAllGroups = std::size_t{1} << 18U;
constexpr std::size_t kLeastEntriesOfAll = 4096, kLeastGroups = 256;

bool counts(const Rule& rule) noexcept {
    return rule.correlation && rule.enabled;
}

Correlator::Limits limits_of(const CorrelationSpec& spec, std::size_t correlations) {
    Correlator::Limits limits;
    auto least = kLeastEntriesOfAll;
    if (!is_numeric(spec.type))
        for (const auto& bound : spec.bounds)
            least = std::max<std::size_t>(least, 2 * static_cast<std::size_t>(bound.number));
    limits.entries = std::min(limits.entries, std::max(kAllEntries / correlations, least));
    limits.groups = std::min(limits.groups, std::max(kAllGroups / correlations, kLeastGroups));
    return limits;
}

} // namespace

Correlations::Correlations(const RuleSet& set, Correlations before, const RuleSet* before_set)
    : evicted_(before.evicted_) {
    std::map<std::pair<std::string_view, std::uint64_t>, std::unique_ptr<Correlator>> kept;
    for (std::size_t i = 0; i < before.correlators_.size(); ++i)
        if (before.correlators_[i] != nullptr)
            kept.emplace(std::pair(std::string_view(before_set->rules()[i].name), before_set->rules()[i].fingerprint),
                         std::move(before.correlators_[i]));
    const auto rules = set.rules();
    const auto total = static_cast<std::size_t>(std::count_if(rules.begin(), rules.end(), counts));
    for (const auto& rule : rules) {
        auto& correlator = correlators_.emplace_back();
        if (!counts(rule))
            continue;
        const auto found = kept.find({rule.name, rule.fingerprint});
        if (found == kept.end()) {
            correlator = std::make_unique<Correlator>(*rule.correlation, limits_of(*rule.correlation, total));
        } else {
            correlator = std::move(kept.extract(found).mapped());
            correlator->follow(*rule.correlation);
        }
    }
    connect(set);
}

void Correlations::connect(const RuleSet& set) {
    const auto rules = set.rules();
    first_edge_.assign(rules.size() + 1, 0);
    const auto each_edge = [&](auto visit) {
        for (std::uint32_t to = 0; to < rules.size(); ++to)
            for (std::uint32_t source = 0; counts(rules[to]) && source < rules[to].correlation->sources.size();
                 ++source)
                if (const auto from = rules[to].correlation->sources[source].rule; from != to && from < rules.size())
                    visit(from, Edge{to, source});
    };
    each_edge([&](std::uint32_t from, Edge) { ++first_edge_[from + 1]; });
    for (std::size_t i = 0; i < rules.size(); ++i)
        first_edge_[i + 1] += first_edge_[i];
    edges_.resize(first_edge_.back());
    auto next = first_edge_;
    std::vector<std::uint32_t> feeders(rules.size(), 0); // that have no rank yet
    each_edge([&](std::uint32_t from, Edge edge) {
        edges_[next[from]++] = edge;
        ++feeders[edge.to];
    });
    rank_.resize(rules.size());
    by_rank_.reserve(rules.size());
    for (std::uint32_t i = 0; i < rules.size(); ++i)
        if (feeders[i] == 0)
            by_rank_.push_back(i);
    for (std::size_t i = 0; i < by_rank_.size(); ++i) {
        rank_[by_rank_[i]] = static_cast<std::uint32_t>(i);
        for (auto e = first_edge_[by_rank_[i]]; e < first_edge_[by_rank_[i] + 1]; ++e)
            if (--feeders[edges_[e].to] == 0)
                by_rank_.push_back(edges_[e].to);
    }
    arrived_.assign(rules.size(), 0);
    waiting_.reserve(rules.size());
}

void Correlations::put(std::uint32_t to, std::uint32_t source) noexcept {
    if (arrived_[to] == 0) {
        waiting_.push_back(rank_[to]); // within what is reserved: each rule waits once
        std::push_heap(waiting_.begin(), waiting_.end(), std::greater<>());
    }
    arrived_[to] |= 1ULL << source;
}

void Correlations::tell(std::size_t from) noexcept {
    for (auto e = first_edge_[from]; e < first_edge_[from + 1]; ++e)
        put(edges_[e].to, edges_[e].source);
}

void Correlations::follow(std::size_t rule, const event::Event& event, std::uint64_t serial, const RuleSet& set,
                          event::Scratch& scratch, event::Values& values, MatchHandler& handler) noexcept {
    if (correlators_[rule] != nullptr)
        put(static_cast<std::uint32_t>(rule), 0); // counts what its own condition matches
    else
        tell(rule);
    while (!waiting_.empty()) {
        std::pop_heap(waiting_.begin(), waiting_.end(), std::greater<>());
        const auto to = by_rank_[waiting_.back()];
        waiting_.pop_back();
        const auto sources = std::exchange(arrived_[to], 0);
        auto& counters = set.counters(to);
        if (counters.paused.load(std::memory_order_relaxed))
            continue;
        const auto& views = set.rules()[to].correlation->views;
        const auto view = std::lower_bound(views.begin(), views.end(), rule,
                                           [](const auto& v, std::size_t index) { return v.rule < index; });
        if (to != rule)
            counters.matched.store(counters.matched.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        auto& correlator = *correlators_[to];
        const auto before = correlator.evicted();
        const auto* result = correlator.add({event, serial, sources, *view}, scratch, values);
        if (const auto evicted = correlator.evicted() - before; evicted != 0) {
            counters.evicted.store(counters.evicted.load(std::memory_order_relaxed) + evicted,
                                   std::memory_order_relaxed);
            evicted_ += evicted;
        }
        if (result == nullptr)
            continue;
        if (!set.rules()[to].silent)
            raise(set, to, event, result, handler);
        tell(to);
    }
}

} // namespace rwatch::rules
