// SPDX-License-Identifier: MIT OR Apache-2.0
// Correlations find the rules that they count, when all rules are compiled: by name or id, whichever form they have and
// in whichever file they stand; other correlations too.
#pragma once

#include "rules/items.hpp"
#include "rules/rule.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rwatch::rules {

inline constexpr std::size_t kMaxCorrelationChain = 16;  ///< correlations that count correlations
inline constexpr std::size_t kMaxCorrelationBases = 256; ///< rules with a condition that one correlation hears of
inline constexpr std::uint32_t kNoRule = 0xffffffff;     ///< a source that is skipped

/// A rule on its way into a set.
struct Candidate {
    enum class State : std::uint8_t {
        good,
        skipped, ///< told; a correlation goes on without it
        broken   ///< told; the set will not be used
    };
    const RuleItem* item = nullptr;
    Rule rule; ///< good: complete but for `correlation`, `silent` and a correlation's fingerprint
    State state = State::good;
};

/// Completes the rules. Indices of rules are those of the candidates until compact() puts them right. Correlations may
/// become skipped or broken.
void link_correlations(std::vector<Candidate>& candidates, Diagnostics& out);

/// The good rules, in order.
[[nodiscard]] std::vector<Rule> compact(std::vector<Candidate> candidates);

} // namespace rwatch::rules
