// SPDX-License-Identifier: MIT OR Apache-2.0
// Unicode case folding (simple: a character for a character), so that texts that differ in case alone become equal
// bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace rwatch::rules {

/// Bytes that folding may make of one byte: some two-byte letters fold to three.
inline constexpr std::size_t kFoldGrowth = 2;

/// Folds into `buffer`, which has room for kFoldGrowth times the text; gives back what it wrote. Bytes that are no
/// valid UTF-8 stay as they are. Free of allocation.
[[nodiscard]] std::string_view fold_case(std::string_view text, std::span<char> buffer) noexcept;

[[nodiscard]] std::string fold_case(std::string_view text);

/// Bytes of the character that `text` (not empty) begins with; 1 where it begins with no valid one.
[[nodiscard]] std::size_t first_char(std::string_view text) noexcept;

} // namespace rwatch::rules
