// SPDX-License-Identifier: MIT OR Apache-2.0
// From what a test says (field, operator, literals) to what it does: checks that the operator fits the field's type,
// reads the literals as values of it.
#pragma once

#include "rules/ast.hpp"
#include "rules/program.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rwatch::rules {

struct OperandError {
    std::uint32_t at; ///< offset in the condition
    std::string code, message, hint;
};

/// One or more errors go to `report`; then nothing comes back.
[[nodiscard]] std::optional<Test> make_test(const event::FieldRef& field, Operator op, std::uint32_t op_at,
                                            const std::vector<Literal>& literals,
                                            const std::function<void(OperandError)>& report);

} // namespace rwatch::rules
