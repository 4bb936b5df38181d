// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/rule_set.hpp"

#include <algorithm>

namespace rwatch::rules {

RuleSet::RuleSet(std::vector<Rule> rules)
    : rules_(std::move(rules)), counters_(std::make_unique<RuleCounters[]>(rules_.size())), late_(rules_.size()) {
    std::array<std::vector<std::uint32_t>, event::kCalls> by_call;
    for (std::uint32_t i = 0; i < rules_.size(); ++i) {
        by_name_.emplace(rules_[i].name, i);
        if (!rules_[i].enabled)
            continue;
        const auto shown = rules_[i].output.fields();
        late_[i] = rules_[i].condition.asks_late() ||
                   std::any_of(shown.begin(), shown.end(), [](const auto& ref) { return ref.field->late; });
        asks_late_ = asks_late_ || late_[i];
        const auto calls = rules_[i].condition.calls();
        for (std::size_t call = 0; call < event::kCalls; ++call)
            if (calls[call])
                by_call[call].push_back(i);
        const auto paths = rules_[i].condition.watched_paths();
        watched_paths_.insert(watched_paths_.end(), paths.begin(), paths.end());
    }
    index_ = RuleIndex(rules_, by_call);
    std::sort(watched_paths_.begin(), watched_paths_.end());
    watched_paths_.erase(std::unique(watched_paths_.begin(), watched_paths_.end()), watched_paths_.end());
}

std::ptrdiff_t RuleSet::find(std::string_view name) const noexcept {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? -1 : static_cast<std::ptrdiff_t>(found->second);
}

std::vector<std::size_t> RuleSet::select(std::string_view name_or_tag) const {
    std::vector<std::size_t> out;
    if (const auto index = find(name_or_tag); index >= 0) {
        out.push_back(static_cast<std::size_t>(index));
        return out;
    }
    for (std::size_t i = 0; i < rules_.size(); ++i)
        if (std::find(rules_[i].tags.begin(), rules_[i].tags.end(), name_or_tag) != rules_[i].tags.end())
            out.push_back(i);
    return out;
}

} // namespace rwatch::rules
