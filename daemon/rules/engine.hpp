// SPDX-License-Identifier: MIT OR Apache-2.0
// Runs a rule set over events, one at a time, on one thread. Counts for correlations; debounce is not here.
#pragma once

#include "event/event.hpp"
#include "rules/correlations.hpp"
#include "rules/match.hpp"
#include "rules/rule_set.hpp"

#include <cstdint>
#include <memory>

namespace rwatch::rules {

/// Rules that ask for what is known late (RuleSet::asks_late) are tried apart where it is not there yet.
enum class Share : std::uint8_t { all, prompt, late };

class Engine {
  public:
    /// One event of so many is timed: a clock costs as much as a cheap condition. Whole events, so that each rule has
    /// its turn, and one in a prime number, so that no pattern in what happens keeps a rule from it.
    static constexpr std::uint64_t kTimedOneIn = 61;

    Engine();
    ~Engine();

    /// Puts another rule set in place; correlation state of rules with an equal name and fingerprint goes on.
    void install(std::shared_ptr<const RuleSet> set);

    /// Tries every enabled, unpaused rule of the event's call. Paused rules do not count either, and no correlation
    /// hears of what they would have matched.
    void process(const event::Event& event, event::Scratch& scratch, MatchHandler& handler,
                 Share share = Share::all) noexcept;

    [[nodiscard]] const std::shared_ptr<const RuleSet>& rule_set() const noexcept { return set_; }
    /// Groups of correlations that were thrown out because the bound on their number was met.
    [[nodiscard]] std::uint64_t evicted_groups() const noexcept { return correlations_.evicted(); }

  private:
    /// Whether the rule's condition is true; counts, and in a timed event adds what it cost.
    [[nodiscard]] bool holds(const Rule& rule, RuleCounters& counters, bool timed, const event::Event& event,
                             event::Scratch& scratch) noexcept;

    std::shared_ptr<const RuleSet> set_;
    Workspace workspace_; ///< for the conditions of set_
    RuleIndex::Memory candidates_;
    Correlations correlations_;
    event::Values values_; ///< working memory of correlations
    std::uint64_t events_ = 0;
};

} // namespace rwatch::rules
