// SPDX-License-Identifier: MIT OR Apache-2.0
// Tests of paths that the kernel side can judge: of the file that a call is about, and of the program that calls.
#pragma once

#include "rules/fragment.hpp"
#include "rules/program.hpp"

#include <cstdint>
#include <optional>

namespace rwatch::rules {

enum class Subject : std::uint8_t { path, exe };

/// Whose path a test is about. Nothing where it is about something else, or may be true of other paths than those that
/// it names.
[[nodiscard]] std::optional<Subject> subject_of(const Test& test);
/// Of such a test: what the path must hold one of; nothing where that is not known.
[[nodiscard]] Fragments fragments_of(const Test& test);

} // namespace rwatch::rules
