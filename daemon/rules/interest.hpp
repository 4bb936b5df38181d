// SPDX-License-Identifier: MIT OR Apache-2.0
// Which calls the rules of a set may want, in terms that the kernel side can judge before it makes a record. Of opens:
// the class of the open, texts in the path of the file, and the path of the program; of others see call_interest. For
// each rule the weakest condition that can be told so; whatever can't be is taken as true. A call that is not wanted
// makes no rule true.
#pragma once

#include "event/event.hpp"
#include "event/open_class.hpp"
#include "rules/call_explain.hpp"
#include "rules/call_interest.hpp"
#include "rules/rule_set.hpp"
#include "rules/text_automaton.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::rules {

/// Of a program whose calls other than opens are wanted, beside the classes of its opens that are.
inline constexpr event::OpenClasses kMarkOfCalls = 1U << event::kOpenClasses;
inline constexpr event::OpenClasses kAllMarks = event::kAllOpenClasses | kMarkOfCalls;

struct Interest {
    event::OpenClasses always = 0;  ///< wanted whatever the path
    event::OpenClasses by_path = 0; ///< wanted where `paths` finds the class
    event::OpenClasses by_exe = 0;  ///< wanted where `exes` finds the class in the program's path
    TextAutomaton paths, exes;
    CallInterest calls;
    /// Kinds of events that a rule of priority Critical or above may want at once. Not those that are frequent: what it
    /// costs to be woken by each is not worth the milliseconds.
    event::KindSet urgent = 0;

    /// Whether a record is made of such an open; name: as the kernel walks it, "" where it is not known.
    [[nodiscard]] bool wants(event::OpenClass one, std::string_view name, std::string_view exe) const noexcept;
};

/// What the kernel is asked for on behalf of one rule.
struct RuleInterest {
    enum class How : std::uint8_t { nothing, by_path, by_exe, all };
    std::array<How, event::kOpenClasses> by_class{};
    std::vector<std::string> paths, exes; ///< fragments, with * where more may stand
    std::vector<CallNeed> calls;          ///< other than opens
    std::vector<std::string> left;        ///< fields that its tests ask for and that the kernel judges for none of them

    [[nodiscard]] bool all() const noexcept;     ///< of some class every open
    [[nodiscard]] bool nothing() const noexcept; ///< no open and no other call
};

/// Of a set's enabled rules that are not paused now. names: paths that are other names of files which rules name
/// (symbolic links lead to them).
[[nodiscard]] Interest interest_of(const RuleSet& set, std::span<const std::string> names);
/// The calls whose events a set's rules may want that are enabled and not paused now. interest: theirs.
[[nodiscard]] event::CallSet wanted_calls(const RuleSet& set, const Interest& interest);
/// By rule.
[[nodiscard]] std::vector<RuleInterest> explain_interest(const RuleSet& set);

} // namespace rwatch::rules
