// SPDX-License-Identifier: MIT OR Apache-2.0
// A rule as the engine and the outside see it: what its text said, compiled. Immutable once its RuleSet is made.
#pragma once

#include "core/diagnostic.hpp"
#include "core/priority.hpp"
#include "event/fields.hpp"
#include "rules/condition.hpp"
#include "rules/output_format.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rwatch::rules {

using rwatch::parse_priority;
using rwatch::Priority;
using rwatch::to_string;

/// What a correlation counts and when it fires. Words and meaning are Sigma's.
struct CorrelationTerms {
    enum class Type : std::uint8_t {
        event_count,      ///< events
        value_count,      ///< different values
        temporal,         ///< different rules that matched
        temporal_ordered, ///< rules that matched in the order given, from the first on
        value_sum,
        value_avg,
        value_percentile,
        value_median
    };
    struct Bound {
        enum class Op : std::uint8_t { lt, lte, gt, gte, eq, neq };
        Op op;
        double number;
    };
    /// Of a condition over rules, in the order in which a stack machine runs it.
    struct Step {
        enum class Op : std::uint8_t { rule, all, any, negation }; ///< all, any: of the two last results
        Op op;
        std::uint32_t rule = 0; ///< which of the correlation's rules
    };
    Type type = Type::event_count;
    std::int64_t timespan_ns = 0;
    std::vector<Bound> bounds;    ///< all must hold
    std::vector<Step> expression; ///< temporal types: must hold instead of `bounds`, where it is not empty
    double percentile = 50;       ///< of value_percentile
    bool generate = false;        ///< the rules that it counts alert on their own, too
};

[[nodiscard]] std::string_view to_string(CorrelationTerms::Type type) noexcept; ///< "event_count"
[[nodiscard]] constexpr bool within(const CorrelationTerms::Bound& bound, double number) noexcept {
    using Op = CorrelationTerms::Bound::Op;
    switch (bound.op) {
    case Op::lt:
        return number < bound.number;
    case Op::lte:
        return number <= bound.number;
    case Op::gt:
        return number > bound.number;
    case Op::gte:
        return number >= bound.number;
    case Op::eq:
        return number == bound.number;
    case Op::neq:
        return number != bound.number;
    }
    return false;
}
/// True for the types that calculate with numbers.
[[nodiscard]] constexpr bool is_numeric(CorrelationTerms::Type type) noexcept {
    return type >= CorrelationTerms::Type::value_sum;
}
[[nodiscard]] constexpr bool is_temporal(CorrelationTerms::Type type) noexcept {
    return type == CorrelationTerms::Type::temporal || type == CorrelationTerms::Type::temporal_ordered;
}

inline constexpr std::size_t kMaxCorrelatedRules = 64; ///< of one correlation

/// A correlation with all names resolved.
struct CorrelationSpec : CorrelationTerms {
    struct Source {
        std::uint32_t rule = 0; ///< index in the set; the rule's own: what its condition matches
        std::string name;       ///< of that rule
    };
    /// How events are read that matched one rule's condition, whatever correlations they came through.
    struct View {
        std::uint32_t rule = 0; ///< index in the set
        std::vector<event::FieldRef>
            group_by; ///< empty: one group. A null field: these events don't have it, which is a value of its own
        std::vector<event::FieldRef> fields; ///< what is counted; a null field: nothing
    };
    std::vector<Source> sources;
    std::vector<View> views; ///< by rule
};

/// Repeats of an alert within a time are counted and told in a summary.
struct DebounceSpec {
    std::int64_t for_ns = 0;
    std::vector<event::FieldRef> by; ///< empty: one key for the rule
};

/// A value of a test's event with the number of the repeat, from 0, in place of "${n}".
[[nodiscard]] std::string with_number(const std::string& value, std::uint32_t n);

/// One test that stands beside a rule.
struct TestCase {
    struct Step {
        std::vector<std::pair<std::string, std::string>> fields; ///< field, value: see with_number()
        std::int64_t at_ns = 0;                                  ///< after the test's begin
        std::int64_t every_ns = 0;                               ///< between repeats
        std::uint32_t repeat = 1;
        Location where;
    };
    std::string name;
    std::vector<Step> events;
    std::uint64_t alerts = 0; ///< how many the rule must raise after debounce (summaries not counted)
    Location where;
};

struct Rule {
    std::string name;
    std::string description;             ///< `desc`
    std::string respond;                 ///< what the admin should do next
    std::vector<std::string> references; ///< links
    Priority priority = Priority::notice;
    std::vector<std::string> tags;
    bool enabled = true;
    bool silent = false; ///< only correlations hear of it: one counts it without `generate`
    Location where;
    std::string condition_text; ///< as written; "" for a correlation over other rules
    Condition condition;
    OutputFormat output;
    std::optional<CorrelationSpec> correlation;
    std::optional<DebounceSpec> debounce;
    std::vector<TestCase> tests;
    std::uint64_t fingerprint =
        0; ///< equal where condition, correlation and what it counts are: counting state may survive
};

} // namespace rwatch::rules
