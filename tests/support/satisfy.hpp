// SPDX-License-Identifier: MIT OR Apache-2.0
// Finds an event for which a condition is true, from the condition's own values: so that a rule of a corpus can be seen
// to fire without a test written for it. Takes the tree as its reader made it; whether the event found is right is
// decided by the compiled condition, so a wrong guess here can fail a test but never pass one.
#pragma once

#include "rules/ast.hpp"
#include "rules/condition.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rwatch::rules::test {

using Assignment = std::vector<std::pair<std::string, std::string>>; ///< fields in the order in which they are set

/// What names in the tree stand for; null where there is none of that name.
struct NamedParts {
    std::function<const std::vector<std::string>*(std::string_view)> list = [](std::string_view) { return nullptr; };
    std::function<const Expr*(std::string_view)> macro = [](std::string_view) { return nullptr; };
    /// The field table's name of a field as the tree writes it; "" leaves the test alone.
    std::function<std::string(std::string_view)> field = [](std::string_view name) { return std::string(name); };
};

/// Gives an event that was made its number and times, as a real one has them: an hour after the host's start.
void stamp(event::Event& event);

/// What to give an EventBuilder so that `condition`, compiled from `tree`, is true of the
/// stamped event; nothing where none was found within
/// a bounded number of tries.
[[nodiscard]] std::optional<Assignment> satisfy(const Expr& tree, const Condition& condition, const NamedParts& names);

/// A text that the regular expression matches as a whole; nothing where it uses what is not understood here.
[[nodiscard]] std::optional<std::string> example_of(std::string_view regex);

} // namespace rwatch::rules::test
