// SPDX-License-Identifier: MIT OR Apache-2.0
// "Did you mean …?": the nearest of the names that would have been right.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace rwatch {

/// Edits between two names (optimal string alignment); the time is the product of their lengths.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `name` by edits, or empty where none is within a third of its
/// length.
[[nodiscard]] std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

/// "did you mean 'condition'?" or "".
[[nodiscard]] std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates);

} // namespace rwatch
