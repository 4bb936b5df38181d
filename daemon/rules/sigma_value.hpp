// SPDX-License-Identifier: MIT OR Apache-2.0
// The values of a Sigma rule and what its modifiers make of them: `Field|modifier|modifier: values`.
#pragma once

#include "rules/ast.hpp"
#include "rules/sigma_context.hpp"
#include "rules/sigma_string.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::rules {

inline constexpr std::size_t kMaxSigmaVariants =
    3125; ///< that modifiers may make of one value (windash: 5 dashes, five ways)
inline constexpr std::size_t kMaxSigmaModifiers = 32;    ///< of one field
inline constexpr std::size_t kMaxSigmaText = 16U << 10U; ///< bytes of one value, as written and after each modifier

struct SigmaValue {
    enum class Kind : std::uint8_t {
        null,
        text,
        number,
        boolean,
        regex,
        network,
        compare,
        field,
        exists,
        moment,
        variants
    };

    Kind kind = Kind::null;
    Location where;
    std::string written; ///< as the rule has it
    SigmaString text;  ///< text; network; the other field of `field`; number and boolean: what fields are compared with
    std::string regex; ///< with its flags, as RE2 reads it
    std::size_t regex_size = 0;                ///< instructions of its program, without flags
    double number = 0;                         ///< number, compare, moment
    bool boolean = false;                      ///< boolean, exists
    bool cased = false;                        ///< text: case counts
    bool open_begin = false, open_end = false; ///< field: its value may have something before, or after
    Operator op = Operator::eq;                ///< compare
    std::string_view moment;                   ///< moment; compare of one: "hour", else empty
    std::vector<SigmaValue> variants;          ///< any of them will do
};

/// One entry of a detection's map, or values that are bound to no field.
struct SigmaItem {
    std::string field; ///< empty: keywords, which may stand anywhere in the event
    Location where;
    std::vector<SigmaValue> values;
    bool all = false;     ///< all values must fit, else one is enough
    bool negated = false; ///< `neq`
};

/// key: "field|modifier|…", or null for plain keywords. value: a scalar or a list of scalars. Nothing where `context`
/// got an error.
[[nodiscard]] std::optional<SigmaItem> read_sigma_item(const yaml::Node* key, const yaml::Node& value,
                                                       const SigmaContext& context);

/// The value and all its variants.
[[nodiscard]] std::size_t count_values(const SigmaValue& value) noexcept;

/// Name of a placeholder in the value, nullptr where there is none. A rule that has one can't run.
[[nodiscard]] const std::string* placeholder(const SigmaValue& value) noexcept;

/// Pieces of time that a modifier may ask for, each the end of a field's name: evt.time.hour.
[[nodiscard]] bool is_sigma_moment(std::string_view modifier) noexcept;

} // namespace rwatch::rules
