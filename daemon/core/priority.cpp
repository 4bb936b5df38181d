// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/priority.hpp"

#include "core/ascii.hpp"

#include <algorithm>
#include <array>

namespace rwatch {

namespace {

constexpr std::array<std::string_view, 8> kPriorities{"Emergency", "Alert",  "Critical",      "Error",
                                                      "Warning",   "Notice", "Informational", "Debug"};

} // namespace

std::string_view to_string(Priority priority) noexcept {
    return kPriorities[static_cast<std::size_t>(priority)];
}

std::optional<Priority> parse_priority(std::string_view text) noexcept {
    const auto is = [text](std::string_view name) {
        return text.size() == name.size() &&
               std::equal(text.begin(), text.end(), name.begin(), [](char a, char b) { return lower(a) == lower(b); });
    };
    for (std::size_t i = 0; i < kPriorities.size(); ++i)
        if (is(kPriorities[i]))
            return static_cast<Priority>(i);
    return is("info") ? std::optional(Priority::informational) : std::nullopt;
}

std::string priority_names() {
    std::string out;
    for (const auto name : kPriorities)
        out.append(out.empty() ? "" : ", ").append(name);
    return out;
}

} // namespace rwatch
