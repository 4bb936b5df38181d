// SPDX-License-Identifier: MIT OR Apache-2.0
// Which detectors are paused, by whom, why and until when. Kept by selector, so that a reload does not wake a rule that
// an admin put to rest.
#pragma once

#include "bus/control.hpp"
#include "rules/rule_set.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rwatch::app {

class Pauses {
  public:
    /// Adds or replaces; gives the names of the rules it concerns, empty (and nothing kept) where the selector names
    /// none.
    std::vector<std::string> add(const bus::Pause& pause, const rules::RuleSet& set);
    /// Ends every pause of that selector, and of the rules that it names; gives the names of the rules that were paused
    /// and are not any more.
    std::vector<std::string> remove(const std::string& selector, const rules::RuleSet& set);
    /// Ends those whose time has come; gives them.
    std::vector<bus::Pause> expire(std::int64_t now_ns);
    /// Sets the `paused` mark of each rule of the set, as it should be now.
    void apply(const rules::RuleSet& set) const;
    /// The pause that holds this rule, null where none does.
    [[nodiscard]] const bus::Pause* of(const rules::Rule& rule) const;
    /// When the next one ends, wall clock; 0: none does.
    [[nodiscard]] std::int64_t next_end() const noexcept;

  private:
    std::map<std::string, bus::Pause> by_selector_;
};

} // namespace rwatch::app
