// SPDX-License-Identifier: MIT OR Apache-2.0
// Reads the map `correlation`: of a Sigma correlation document, or of a rule in Falco's form, where it may also count
// what the rule's own condition matches. Same keys, same meaning.
#pragma once

#include "rules/items.hpp"
#include "rules/rule_keys.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace rwatch::rules {

inline constexpr std::int64_t kMaxBound = 100'000;                                ///< largest number that is counted to
inline constexpr std::int64_t kMaxTimespan = 366LL * 86400 * 1'000'000'000;       ///< of a correlation
inline constexpr std::size_t kMaxAliases = 64;                                    ///< of a correlation
inline constexpr std::size_t kMaxExpressionText = 4096, kMaxExpressionDepth = 32; ///< of a condition over rules

enum class CorrelationForm : std::uint8_t {
    own_condition_too, ///< Falco's: without `rules` it counts what its own condition matches
    rules_only         ///< Sigma's: names what it counts
};

/// node: the map under the key `correlation`; lines: of its file. Marked broken, or nothing, where a key was wrong (an
/// unknown one is told and does not stop the rest). Sigma also lets `generate` stand beside `correlation`: the caller
/// reads that.
[[nodiscard]] std::optional<CorrelationItem> read_correlation(const yaml::Node& node, const SourceLines& lines,
                                                              CorrelationForm form, const ReadContext& context);

} // namespace rwatch::rules
