// SPDX-License-Identifier: MIT OR Apache-2.0
// The `detection` (or `filter`) of a Sigma document: what its names stand for, and the condition that joins them.
//
//   Condition = Or
//   Or        = And { "or" And }
//   And       = Not { "and" Not }
//   Not       = { "not" } Operand
//   Operand   = "(" Or ")" | ( "1" | "any" | "all" ) "of" ( "them" | Pattern ) | Name
//
// A pattern has * for any text. "them" and patterns take no name that begins with "_" (but patterns that do so
// themselves).
#pragma once

#include "rules/mapped_text.hpp"
#include "rules/sigma_value.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::rules {

inline constexpr std::size_t kMaxSigmaDepth = 200;    ///< nested parentheses and "not" of a condition
inline constexpr std::size_t kMaxSigmaParts = 10'000; ///< of a condition: names, and those that its selectors stand for

/// A map (all items must fit), keywords (one item), or a list of such (one is enough).
struct SigmaDetection {
    std::string name;
    Location where;
    std::vector<SigmaItem> items;
    std::vector<SigmaDetection> parts; ///< either these or items
};

/// A condition, its names looked up. Lives no longer than the detections that it points to.
struct SigmaCondition {
    enum class Kind : std::uint8_t { all, any, negation, detection };
    Kind kind = Kind::all;
    Location where;
    std::vector<SigmaCondition> children; ///< all, any: may be none; negation: one
    const SigmaDetection* detection = nullptr;
};

struct SigmaDetections {
    std::deque<SigmaDetection> named; ///< in the order of the file; conditions point into it
    SigmaCondition condition;         ///< where there are several: any of them
};

/// node: the map. other_keys: those that are no names. False where `context` got an error.
[[nodiscard]] bool read_sigma_detections(const yaml::Node& node, std::vector<std::string_view> other_keys,
                                         const SourceLines& lines, const SigmaContext& context, SigmaDetections& out);

/// The grammar alone. Nothing where `context` got an error.
[[nodiscard]] std::optional<SigmaCondition> read_sigma_condition(const yaml::Node& node,
                                                                 const std::deque<SigmaDetection>& named,
                                                                 const SourceLines& lines, const SigmaContext& context);

} // namespace rwatch::rules
