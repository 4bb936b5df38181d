// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/rule.hpp"

#include <array>

namespace rwatch::rules {

std::string_view to_string(CorrelationTerms::Type type) noexcept {
    constexpr std::array<std::string_view, 8> kNames{"event_count",      "value_count", "temporal",
                                                     "temporal_ordered", "value_sum",   "value_avg",
                                                     "value_percentile", "value_median"};
    return kNames[static_cast<std::size_t>(type)];
}

std::string with_number(const std::string& value, std::uint32_t n) {
    constexpr std::string_view kMark = "${n}";
    std::string out = value;
    for (auto at = out.find(kMark); at != std::string::npos; at = out.find(kMark, at))
        out.replace(at, kMark.size(), std::to_string(n));
    return out;
}

} // namespace rwatch::rules
