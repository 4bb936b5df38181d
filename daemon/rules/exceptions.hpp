// SPDX-License-Identifier: MIT OR Apache-2.0
// A rule's `exceptions`, which Falco defines as text behind its condition: "(CONDITION) and not (FIELD OP (VALUES))".
#pragma once

#include "core/diagnostic.hpp"
#include "rules/items.hpp"

#include <optional>
#include <vector>

namespace rwatch::rules {

/// The condition with the exceptions behind it. Nothing where `out` got an error.
[[nodiscard]] std::optional<MappedText> with_exceptions(const MappedText& condition,
                                                        const std::vector<ExceptionItem>& exceptions, Diagnostics& out);

} // namespace rwatch::rules
