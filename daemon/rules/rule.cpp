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

} // namespace rwatch::rules
