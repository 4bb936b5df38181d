// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/slips.hpp"

#include "core/ascii.hpp"
#include "core/suggest.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace rwatch::rules {

std::string hint_for(std::string_view word, std::span<const std::string_view> candidates) {
    // What begins with a letter is a whole word.
    constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kOthers{{
        {"&&", "write 'and'"},
        {"||", "write 'or'"},
        {"!in", "write 'not FIELD in (…)'"},
        {"!", "write 'not' before the field"},
        {"=", "write '=' or '!='"},
        {"is", "write '='"},
        {"equals", "write '='"},
        {"like", "write 'glob'"},
        {"matches", "write 'regex'"},
    }};
    const auto small = lower(word);
    for (const auto& [other, hint] : kOthers)
        if (is_letter(other.front()) ? small == other : small.starts_with(other))
            return std::string(hint);
    if (small != word && std::find(candidates.begin(), candidates.end(), small) != candidates.end())
        return "keywords are lower case: '" + small + "'";
    return did_you_mean(word, candidates);
}

std::string_view slip_in(std::string_view value) noexcept {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSlips{
        {{">", "write '>='"}, {"<", "write '<='"}, {"!", "write '!='"}, {"~", "write 'regex'"}}};
    const auto* found =
        std::find_if(kSlips.begin(), kSlips.end(), [&](const auto& slip) { return slip.first == value; });
    return found == kSlips.end() ? std::string_view{} : found->second;
}

} // namespace rwatch::rules
