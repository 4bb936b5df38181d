// SPDX-License-Identifier: MIT OR Apache-2.0
// Conditions over rules, as temporal correlations have them (Sigma's "extended" conditions):
//
//   Or   = And { "or" And }
//   And  = Not { "and" Not }
//   Not  = { "not" } Check
//   Check = "(" Or ")" | Rule
//   Rule = a word of letters, digits, _ that begins with no digit, or a text in " or '
#pragma once

#include "rules/items.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace rwatch::rules {

/// Empty where `out` got an error. Where `rules` is empty it gets the rules in the order in which the text names them;
/// else it must hold the same as the text.
[[nodiscard]] std::vector<CorrelationTerms::Step> parse_rule_expression(const MappedText& text,
                                                                        std::vector<Word>& rules, Diagnostics& out);

/// matched: a bit for each of the correlation's rules. The expression is not empty.
[[nodiscard]] bool holds(std::span<const CorrelationTerms::Step> expression, std::uint64_t matched) noexcept;

} // namespace rwatch::rules
