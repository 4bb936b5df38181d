// SPDX-License-Identifier: MIT OR Apache-2.0
// What is allowed in a condition and surely not meant: tests that no event can pass, parts that say nothing. All of it
// is warnings; none of it changes what a condition does.
#pragma once

#include "event/fields.hpp"
#include "rules/ast.hpp"
#include "rules/condition.hpp"
#include "rules/program.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rwatch::rules {

struct Lint {
    std::string code, message, hint;
};

/// What is wrong with asking for a field. One that no event of ours has is no error: the rule loads and waits for it.
[[nodiscard]] std::optional<Lint> lint_field(const event::FieldRef& field);

/// Whether events that match the condition can have the field.
[[nodiscard]] bool may_have(const Condition& condition, const event::Field& field);

/// What is wrong with constants whatever they are compared with: a field's name that is a text, a regular expression
/// that needs none.
[[nodiscard]] std::optional<Lint> lint_texts(Operator op, const std::vector<Literal>& literals);

/// What is wrong with the constants that a field is compared with, lists put in.
[[nodiscard]] std::optional<Lint> lint_constants(const event::FieldRef& field, Operator op,
                                                 const std::vector<Literal>& literals);

/// What is wrong with the parts of `node` taken together; `guilty` is the part to point at.
[[nodiscard]] std::optional<Lint> lint_parts(const Program& program, std::uint32_t node,
                                             const std::vector<std::uint32_t>& parts, std::size_t& guilty);

/// Where a rule is tried for most calls.
[[nodiscard]] std::optional<Lint> lint_calls(event::CallSet calls);

/// What is wrong with a rule's whole condition.
[[nodiscard]] std::optional<Lint> lint_root(const Program& program, std::uint32_t root);

} // namespace rwatch::rules
