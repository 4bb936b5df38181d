// SPDX-License-Identifier: MIT OR Apache-2.0
// Abstract interpretation of the compiled conditions, as rules/interest does it for opens, for all outcomes and values
// of a call at once. Private to call_interest and call_explain.
#pragma once

#include "rules/call_tests.hpp"
#include "rules/fragment.hpp"
#include "rules/rule_set.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <vector>

namespace rwatch::rules {

/// Where a part of a condition may be true (or false): at all, and whatever the program.
struct CallReach {
    CallBits possible, always;
};

[[nodiscard]] bool any(const CallBits& bits) noexcept;
/// Of one value, a bit for each outcome.
[[nodiscard]] unsigned outcomes_in(const CallBits& bits, std::size_t value) noexcept;

/// One program's conditions, call by call.
class CallNeeds {
  public:
    CallNeeds(const Program& program, const PortRanges& ports) : program_(program), tests_(program, ports) {}

    void begin(event::Call call) { tests_.begin(call); }
    /// For a condition to be true.
    CallReach of(const Condition& condition);
    /// What the last one asked for in the program's path.
    [[nodiscard]] std::vector<Fragment> exe_fragments() const;
    /// Whether the kernel can, for the call at hand.
    [[nodiscard]] bool judges(std::uint32_t test);
    [[nodiscard]] const CallSpace& space() const noexcept { return tests_.space(); }

  private:
    [[nodiscard]] CallBits all() const { return CallBits(~std::uint64_t{0}, space().words()); }
    [[nodiscard]] CallBits none() const { return CallBits(std::uint64_t{0}, space().words()); }
    CallReach find(std::uint32_t node, bool truth);
    CallReach of_test(std::uint32_t test, bool truth);

    const Program& program_;
    CallTests tests_;
    std::set<std::uint32_t> exes_;
};

[[nodiscard]] PortRanges port_ranges(const RuleSet& set);

/// Of each enabled rule and judged call that it may want.
using SeeReach = std::function<void(std::size_t rule, event::Call call, CallNeeds& needs, const CallReach& reach)>;
void each_reach(const RuleSet& set, const PortRanges& ports, const SeeReach& see);

} // namespace rwatch::rules
