// SPDX-License-Identifier: MIT OR Apache-2.0
// From a Sigma condition to the tree that the compiler takes, for all records of its log source.
#pragma once

#include "rules/ast.hpp"
#include "rules/mapped_text.hpp"
#include "rules/sigma_detection.hpp"
#include "rules/sigma_logsource.hpp"

#include <optional>

namespace rwatch::rules {

struct SigmaTree {
    Expr expr;
    MappedText text; ///< the tree in words; its bytes map to the places in the rule
};

/// rule: its place. Nothing where `context` got an error, or where no event can ever fit.
[[nodiscard]] std::optional<SigmaTree> make_sigma_tree(const SigmaCondition& condition, const SigmaSource& source,
                                                       const Location& rule, const SigmaContext& context);

} // namespace rwatch::rules
