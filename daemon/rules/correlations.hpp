// SPDX-License-Identifier: MIT OR Apache-2.0
// All correlations of a rule set: which rule feeds which, and the way of an event through them, each after all that
// feeds it.
#pragma once

#include "event/event.hpp"
#include "rules/correlation.hpp"
#include "rules/match.hpp"
#include "rules/rule_set.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace rwatch::rules {

class Correlations {
  public:
    Correlations() = default;
    /// Those of `set`. What `before` counted for rules of an equal name and fingerprint goes on. before_set: what
    /// `before` was made of.
    Correlations(const RuleSet& set, Correlations before, const RuleSet* before_set);

    /// A rule's condition matched: counts it in all that hear of it, and raises what fires. Paused correlations neither
    /// count nor fire. serial: of the event, from 1, ever higher.
    void follow(std::size_t rule, const event::Event& event, std::uint64_t serial, const RuleSet& set,
                event::Scratch& scratch, event::Values& values, MatchHandler& handler) noexcept;

    /// What was thrown out while it still counted, since the beginning. RuleCounters have it by rule.
    [[nodiscard]] std::uint64_t evicted() const noexcept { return evicted_; }

  private:
    /// A rule tells a correlation when it matches or fires.
    struct Edge {
        std::uint32_t to, source;
    };

    void connect(const RuleSet& set);
    void tell(std::size_t from) noexcept;
    void put(std::uint32_t to, std::uint32_t source) noexcept;

    std::vector<std::unique_ptr<Correlator>> correlators_; ///< by rule; null for plain rules
    std::vector<Edge> edges_;
    std::vector<std::uint32_t> first_edge_;     ///< by rule, and one more
    std::vector<std::uint32_t> rank_, by_rank_; ///< what feeds a correlation has a lower rank
    std::vector<std::uint64_t> arrived_;        ///< by rule: sources that await their turn
    std::vector<std::uint32_t> waiting_;        ///< ranks, a heap
    std::uint64_t evicted_ = 0;
};

} // namespace rwatch::rules
