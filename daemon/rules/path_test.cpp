// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/path_test.hpp"

#include "rules/path_part.hpp"

#include <utility>

namespace rwatch::rules {

std::optional<Subject> subject_of(const Test& test) {
    const auto* field = test.left.field_in_any_case();
    if (field == nullptr || test.right || test.matcher == nullptr || test.need == Test::Need::none)
        return std::nullopt;
    if (field->field->name == "proc.exepath")
        return Subject::exe;
    const auto whole = path_part(field->field->name).field;
    const bool of_path = whole == "fd.name" || whole == "fs.path.name" || whole == "fs.path.new";
    return of_path ? std::optional(Subject::path) : std::nullopt;
}

Fragments fragments_of(const Test& test) {
    auto out = test.matcher->fragments();
    if (out)
        for (auto& fragment : *out)
            fragment = in_path(std::move(fragment), path_part(test.left.field_in_any_case()->field->name).which);
    return out;
}

} // namespace rwatch::rules
