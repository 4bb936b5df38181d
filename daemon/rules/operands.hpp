// SPDX-License-Identifier: MIT OR Apache-2.0
// From what a test says (left side, operator, right side) to what it does: checks that the operator fits the types,
// reads literals as values of the left side's type.
#pragma once

#include "rules/ast.hpp"
#include "rules/program.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace rwatch::rules {

/// Whether values of this type can be compared so. (A list: by exists, in and intersects alone.)
[[nodiscard]] bool fits_type(Operator op, event::Type type) noexcept;

/// A whole number as it is written in a condition: decimal, or hexadecimal behind 0x.
[[nodiscard]] std::optional<std::int64_t> read_integer(std::string_view text) noexcept;

/// `literals`: those of the expression with lists put in. One or more errors go to `report`; then nothing comes back.
[[nodiscard]] std::optional<Test> make_test(Source left, std::optional<Source> right, const Expr& expr,
                                            const std::vector<Literal>& literals, const ReportOperand& report);

} // namespace rwatch::rules
