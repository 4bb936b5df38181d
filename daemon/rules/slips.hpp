// SPDX-License-Identifier: MIT OR Apache-2.0
// What to write in a condition in place of a word that other languages have, or of a slip.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rwatch::rules {

/// A hint for a word that can't stand where one of `candidates` could; may be empty.
[[nodiscard]] std::string hint_for(std::string_view word, std::span<const std::string_view> candidates);

/// "fd.rport => 5" is the value '>' behind '=', and a 5 that does not belong there: what was meant, or empty.
[[nodiscard]] std::string_view slip_in(std::string_view value) noexcept;

} // namespace rwatch::rules
