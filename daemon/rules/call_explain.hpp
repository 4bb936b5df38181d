// SPDX-License-Identifier: MIT OR Apache-2.0
// What rules ask of calls other than opens, in words.
#pragma once

#include "event/event.hpp"
#include "rules/rule_set.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace rwatch::rules {

/// What one rule asks of one call.
struct CallNeed {
    event::Call call = event::Call::none;
    std::vector<std::string> outcomes; ///< empty: all
    std::vector<std::string> values;   ///< some of them, "AF_PACKET", "0755", "22"; empty: all
    std::size_t more_values = 0;       ///< that are not listed
    std::vector<std::string> exes;     ///< of programs whose path holds one of these, see shown(Fragment); empty: all
    [[nodiscard]] bool every() const noexcept { return outcomes.empty() && values.empty() && exes.empty(); }
};

/// Of one rule.
struct CallExplanation {
    std::vector<CallNeed> needs;      ///< in the order of calls
    std::vector<std::uint32_t> tests; ///< of its program
    std::set<std::uint32_t> judged;   ///< those that the kernel judges, for one of the calls
};

/// By rule. Without exec, fork and exit, which always come, and opens.
[[nodiscard]] std::vector<CallExplanation> explain_calls(const RuleSet& set);

} // namespace rwatch::rules
