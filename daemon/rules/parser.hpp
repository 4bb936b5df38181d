// SPDX-License-Identifier: MIT OR Apache-2.0
// Falco's condition language. Words are as libs' userspace/libsinsp/filter/parser.h defines them.
//
//   Condition = Or
//   Or        = And { "or" And }
//   And       = Not { "and" Not }
//   Not       = { "not" } Check
//   Check     = "(" Or ")" | Field Operator | Macro
//   Operator  = "exists"
//             | ( "<" | "<=" | ">" | ">=" ) Number
//             | ( "=" | "==" | "!=" | "contains" | "icontains" | "bcontains" | "startswith" | "bstartswith" |
//             "endswith"
//                 | "glob" | "iglob" | "regex" ) Value
//             | ( "in" | "intersects" | "pmatch" ) List
//   List      = "(" [ Value { "," Value } ] ")" | Identifier
//   Field     = Identifier "." Identifier { "." Identifier } [ "[" Argument "]" ]
//   Macro     = Identifier
//   Value     = a text in " or ' with escapes, or anything without white space and ( ) " ' = ,
//
// "not" binds closest, then "and", then "or". Keywords are lower case; between a keyword and what follows stands white
// space or "(".
#pragma once

#include "core/diagnostic.hpp"
#include "rules/ast.hpp"
#include "rules/mapped_text.hpp"

#include <cstddef>
#include <optional>

namespace rwatch::rules {

inline constexpr std::size_t kMaxConditionDepth = 200;      ///< nested parentheses
inline constexpr std::size_t kMaxConditionText = 4U << 20U; ///< bytes of one condition

/// Nothing where `out` got an error (the first in the text: after it nothing certain can be said).
[[nodiscard]] std::optional<Expr> parse_condition(const MappedText& text, Diagnostics& out);

/// The values of a list as Falco would put them into a condition: "a, 'b c', d". Nothing where they are no values.
[[nodiscard]] std::optional<std::vector<Literal>> parse_values(std::string_view text);

} // namespace rwatch::rules
