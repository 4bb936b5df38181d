// SPDX-License-Identifier: MIT OR Apache-2.0
// Falco's condition language. Words are as libs' userspace/libsinsp/filter/parser.h defines them.
//
//   Condition   = Or
//   Or          = And { "or" And }
//   And         = Not { "and" Not }
//   Not         = { "not" } Check
//   Check       = "(" Or ")" | Left Test | Macro
//   Left        = Field | Transformer
//   Test        = "exists"
//               | ( "<" | "<=" | ">" | ">=" ) ( Number | Right )
//               | TextOp ( Value | Right | ( "oneof" | "anyof" | "allof" ) List )
//               | ( "in" | "intersects" | "pmatch" ) ( List | Right )
//   TextOp      = "=" | "==" | "!=" | "contains" | "icontains" | "bcontains" | "startswith" | "bstartswith" |
//                 "endswith" | "glob" | "iglob" | "regex"
//   Right       = Transformer | "val(" Field ")"
//   Transformer = ( "tolower(" | "toupper(" | "b64(" | "basename(" | "len(" | "join(" | "concat(" | "getopt(" )
//                 Argument { "," Argument } ")" [ "[" Index "]" ]
//   Argument    = Part | "(" [ Part { "," Part } ] ")"
//   Part        = Field | Transformer | a text in quotes | Number
//   List        = "(" [ Value { "," Value } ] ")" | Identifier
//   Field       = Identifier "." Identifier { "." Identifier } [ "[" Index "]" ]
//   Macro       = Identifier
//   Value       = a text in " or ' with escapes, or anything without white space and ( ) " ' = ,
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
inline constexpr std::size_t kMaxOperandDepth = 32;         ///< nested transformers
inline constexpr std::size_t kMaxOperandArguments = 32;     ///< of one transformer or list
inline constexpr std::size_t kMaxConditionText = 4U << 20U; ///< bytes of one condition

/// Nothing where `out` got an error (the first in the text: after it nothing certain can be said), but for a
/// parenthesis that is not closed: the end closes it, so that what stands in it can be judged.
[[nodiscard]] std::optional<Expr> parse_condition(const MappedText& text, Diagnostics& out);

/// The operand that a text begins with ("tolower(proc.name) rest"), with how many bytes it has; nothing and an error
/// where there is none. As in an output template.
struct ParsedOperand {
    std::optional<Operand> operand;
    std::size_t length = 0;
    std::size_t error_at = 0;
    std::string error;
};
[[nodiscard]] ParsedOperand parse_operand(std::string_view text);

/// The values of a list as Falco would put them into a condition: "a, 'b c', d". Nothing where they are no values.
[[nodiscard]] std::optional<std::vector<Literal>> parse_values(std::string_view text);

} // namespace rwatch::rules
