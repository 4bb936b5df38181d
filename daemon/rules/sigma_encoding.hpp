// SPDX-License-Identifier: MIT OR Apache-2.0
// How a text looks in other forms: what Sigma's transforming modifiers compute.
#pragma once

#include "rules/sigma_string.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::rules {

[[nodiscard]] std::string base64(std::string_view bytes);
/// What of the text's Base64 stays the same, for each of the three places that it can have in a longer text.
[[nodiscard]] std::array<std::string, 3> base64_offsets(std::string_view bytes);
/// UTF-16 of an ASCII text.
[[nodiscard]] std::string widened(std::string_view ascii, bool big_endian);
/// Every way to write the dashes that begin a word: - / and the dashes of typography. Empty where there are more than
/// `most` ways.
[[nodiscard]] std::vector<SigmaString> with_other_dashes(const SigmaString& text, std::size_t most);
/// What is wrong with an address block; empty where nothing is.
[[nodiscard]] std::string wrong_network(std::string_view text);

/// What is wrong with a regular expression, empty where nothing is. What RE2 alone does not take (look-around …) is no
/// fault here: a rule that is skipped may have it. size: of its program, what an expression costs that is too large
/// for one too.
[[nodiscard]] std::string wrong_regex(std::string_view text, std::size_t& size);

} // namespace rwatch::rules
