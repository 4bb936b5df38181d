// SPDX-License-Identifier: MIT OR Apache-2.0
// The words of conditions: operators, what may stand behind them, transformers. Parser, messages and the reference come
// from these tables.
#include "rules/ast.hpp"
#include "rules/lexer.hpp"

#include <algorithm>
#include <array>

namespace rwatch::rules {

namespace {

constexpr std::array kOperators{
    OperatorInfo{"exists", Operator::exists, OperandShape::none, "the field has a value"},
    OperatorInfo{"<=", Operator::le, OperandShape::number,
                 "at most a number, or another field by val(): its texts in the order of their bytes"},
    OperatorInfo{"<", Operator::lt, OperandShape::number, "less"},
    OperatorInfo{">=", Operator::ge, OperandShape::number, "at least"},
    OperatorInfo{">", Operator::gt, OperandShape::number, "more"},
    OperatorInfo{"==", Operator::eq, OperandShape::text, "the same as ="},
    OperatorInfo{"=", Operator::eq, OperandShape::text,
                 "is the value; an address: lies in the block. A port may be a service's name"},
    OperatorInfo{"!=", Operator::ne, OperandShape::text, "has a value, and no value of it is this one"},
    OperatorInfo{"glob", Operator::glob, OperandShape::text,
                 "fits the pattern of *, ? and [a-z] as a whole; * takes slashes too"},
    OperatorInfo{"iglob", Operator::iglob, OperandShape::text, "glob, whatever the case of ASCII letters"},
    OperatorInfo{"contains", Operator::contains, OperandShape::text, "has the text in it"},
    OperatorInfo{"icontains", Operator::icontains, OperandShape::text, "contains, whatever the case of ASCII letters"},
    OperatorInfo{"bcontains", Operator::bcontains, OperandShape::text, "has the bytes in it, written in hexadecimal"},
    OperatorInfo{"startswith", Operator::startswith, OperandShape::text, "begins with the text"},
    OperatorInfo{"bstartswith", Operator::bstartswith, OperandShape::text, "begins with the bytes, in hexadecimal"},
    OperatorInfo{"endswith", Operator::endswith, OperandShape::text, "ends with the text"},
    OperatorInfo{"regex", Operator::regex, OperandShape::text,
                 "fits the regular expression (RE2: linear time) as a whole"},
    OperatorInfo{"intersects", Operator::intersects, OperandShape::list, "has a value in common with the list"},
    OperatorInfo{"in", Operator::in, OperandShape::list,
                 "is one of the values; a word among them may be a list's name"},
    OperatorInfo{"pmatch", Operator::pmatch, OperandShape::list,
                 "is one of the paths or lies below one; components may be patterns"},
};

constexpr std::array<std::string_view, 3> kModifierNames{"oneof", "anyof", "allof"}; // by enum, without none

constexpr std::array kTransformers{
    // by enum
    TransformerInfo{"tolower", "tolower(T)", "the text, ASCII letters in lower case"},
    TransformerInfo{"toupper", "toupper(T)", "the text, ASCII letters in upper case"},
    TransformerInfo{"b64", "b64(T)", "what the base64 text stands for; missing where it is none"},
    TransformerInfo{"basename", "basename(T)", "what stands after the last slash"},
    TransformerInfo{"len", "len(T)", "bytes of a text, items of a list"},
    TransformerInfo{"join", "join(SEPARATOR, (T, T…))", "one text of many; numbers in a list are written out"},
    TransformerInfo{"concat", "concat(T, T…)", "one text of many"},
    TransformerInfo{"getopt", "getopt((T, T…), \"ab:\")",
                    "options among arguments and their values, as a list; getopt(…)[b]: the value of the last -b"},
};

} // namespace

std::span<const OperatorInfo> operators() noexcept {
    return kOperators;
}

std::span<const TransformerInfo> transformers() noexcept {
    return kTransformers;
}

std::optional<WrittenOperator> operator_named(std::string_view text) noexcept {
    while (!text.empty() && is_gap(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_gap(text.back()))
        text.remove_suffix(1);
    for (const auto& info : kOperators) {
        if (text == info.text)
            return WrittenOperator{&info, Modifier::none};
        for (std::size_t i = 0; i < kModifierNames.size() && info.operand == OperandShape::text; ++i)
            if (text.starts_with(info.text) && text.substr(info.text.size()).starts_with(' ') &&
                text.substr(info.text.size() + 1) == kModifierNames[i])
                return WrittenOperator{&info, static_cast<Modifier>(i + 1)};
    }
    return std::nullopt;
}

std::string_view to_string(Operator op) noexcept {
    if (op == Operator::eq)
        return "=";
    for (const auto& info : kOperators)
        if (info.op == op)
            return info.text;
    return "";
}

std::string_view to_string(Modifier modifier) noexcept {
    return modifier == Modifier::none ? std::string_view{} : kModifierNames[static_cast<std::size_t>(modifier) - 1];
}

std::string_view to_string(Transformer transformer) noexcept {
    return kTransformers[static_cast<std::size_t>(transformer)].name;
}

std::optional<Transformer> transformer_named(std::string_view name) noexcept {
    const auto* found = std::find_if(kTransformers.begin(), kTransformers.end(),
                                     [name](const TransformerInfo& info) { return info.name == name; });
    return found == kTransformers.end() ? std::nullopt
                                        : std::optional(static_cast<Transformer>(found - kTransformers.begin()));
}

} // namespace rwatch::rules
