// SPDX-License-Identifier: MIT OR Apache-2.0
// What the engine tells: a rule fired.
#pragma once

#include "event/event.hpp"
#include "rules/rule_set.hpp"

#include <cstddef>
#include <cstdint>

namespace rwatch::rules {

/// What a correlation had counted when it fired.
struct CorrelationResult {
    std::uint64_t count = 0;    ///< events in the window; where values or rules count: those since each was seen first
    std::uint64_t distinct = 0; ///< value_count: different values; temporal types: different rules
    double value = 0;           ///< numeric types: sum, average, percentile
    std::int64_t first_ns = 0;  ///< boot clock of the oldest event in the window; where values or rules count: of the
                                ///< one that was not seen for longest
    std::int64_t timespan_ns = 0;
    std::uint64_t sources = 0;                   ///< a bit for each of the correlation's sources in the window
    const CorrelationSpec::View* view = nullptr; ///< how the last event was read
};

struct Match {
    std::size_t index; ///< of the rule in its set
    const Rule& rule;
    const event::Event& event;            ///< for a correlation the last one that it counted
    const CorrelationResult* correlation; ///< null for a plain rule
};

class MatchHandler {
  public:
    virtual ~MatchHandler() = default;
    /// Called inside Engine::process, for each rule that fires and is not silent.
    virtual void on_match(const Match& match) noexcept = 0;
};

/// Counts the rule's alert and tells it.
inline void raise(const RuleSet& set, std::size_t index, const event::Event& event,
                  const CorrelationResult* correlation, MatchHandler& handler) noexcept {
    auto& counters = set.counters(index);
    // One thread writes, so no locked instruction is needed.
    counters.hits.store(counters.hits.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    counters.last_hit_ns.store(event.wall_ns, std::memory_order_relaxed);
    handler.on_match({index, set.rules()[index], event, correlation});
}

} // namespace rwatch::rules
