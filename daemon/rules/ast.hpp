// SPDX-License-Identifier: MIT OR Apache-2.0
// A condition as it was written, whichever form of rule it came from: readers make it, the compiler takes it. Offsets
// point into the condition's MappedText.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::rules {

enum class Operator : std::uint8_t {
    exists,
    eq,
    ne,
    lt,
    le,
    gt,
    ge,
    in,
    intersects,
    pmatch,
    contains,
    icontains,
    bcontains,
    startswith,
    bstartswith,
    endswith,
    glob,
    iglob,
    regex,
    // Sigma's, without a spelling in Falco's form:
    like, ///< the whole text, case folded: * any text, ? one character, \\ before either (or \\) takes its meaning
    like_cased, ///< the same, case kept
    search,     ///< RE2 anywhere in the text
};

/// What may stand on the right of an operator.
enum class OperandShape : std::uint8_t { none, number, text, list };

/// How many of a list's values must fit an operator that takes one: "startswith anyof (/a, /b)".
enum class Modifier : std::uint8_t { none, oneof, anyof, allof };

struct OperatorInfo {
    std::string_view text;
    Operator op;
    OperandShape operand;
    std::string_view doc; ///< when it is true
};

/// Every spelling, longer ones before their beginnings ("<=" before "<", "intersects" before "in").
[[nodiscard]] std::span<const OperatorInfo> operators() noexcept;
/// "contains", "startswith anyof"; blanks around it are passed over.
struct WrittenOperator {
    const OperatorInfo* info;
    Modifier modifier;
};
[[nodiscard]] std::optional<WrittenOperator> operator_named(std::string_view text) noexcept;
[[nodiscard]] std::string_view to_string(Operator op) noexcept;
[[nodiscard]] std::string_view to_string(Modifier modifier) noexcept; ///< "" for none

enum class Transformer : std::uint8_t { tolower, toupper, b64, basename, len, join, concat, getopt };
struct TransformerInfo {
    std::string_view name, usage, doc; ///< doc: what it makes
};
[[nodiscard]] std::span<const TransformerInfo> transformers() noexcept;
[[nodiscard]] std::string_view to_string(Transformer transformer) noexcept;
[[nodiscard]] std::optional<Transformer> transformer_named(std::string_view name) noexcept;

/// A value as written, without its quotes.
struct Literal {
    std::string text;
    std::uint32_t at = 0;
    bool bare = false; ///< not quoted: may name a list
};

/// One side of a comparison that comes from the event: a field, or what a transformer makes of fields and texts.
struct Operand {
    enum class Kind : std::uint8_t { field, text, transformer, list };
    Kind kind = Kind::field;
    std::string name; ///< the field as written ("proc.aname[2]"), the text, or the transformer's name
    std::uint32_t at = 0;
    std::vector<Operand> arguments;      ///< of a transformer; the items of a list
    std::optional<std::string> selector; ///< what stands in brackets behind a transformer: getopt(…)[p]
};

/// As it is written, for messages: tolower(proc.name).
[[nodiscard]] std::string to_string(const Operand& operand);

struct Expr {
    enum class Kind : std::uint8_t { all, any, negation, test, macro };
    Kind kind = Kind::test;
    std::uint32_t at = 0;
    std::vector<Expr> children; ///< all, any: two or more; negation: one

    std::string name; ///< macro: its name

    // Of a test
    Operand left;
    Operator op = Operator::exists;
    Modifier modifier = Modifier::none;
    std::uint32_t op_at = 0;
    std::vector<Literal> literals; ///< without a modifier one that fits is enough, but for "!="
    std::optional<Operand> right;  ///< what the event's own value is compared with, instead of literals
};

} // namespace rwatch::rules
