// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/pauses.hpp"

#include <algorithm>

namespace rwatch::app {

namespace {

std::vector<std::string> names(const rules::RuleSet& set, const std::vector<std::size_t>& indices) {
    std::vector<std::string> out;
    out.reserve(indices.size());
    for (const auto i : indices)
        out.push_back(set.rules()[i].name);
    return out;
}

} // namespace

std::vector<std::string> Pauses::add(const bus::Pause& pause, const rules::RuleSet& set) {
    auto concerned = names(set, set.select(pause.selector));
    if (!concerned.empty()) {
        by_selector_[pause.selector] = pause;
        apply(set);
    }
    return concerned;
}

std::vector<std::string> Pauses::remove(const std::string& selector, const rules::RuleSet& set) {
    const auto selected = set.select(selector);
    std::vector<std::size_t> held;
    for (const auto i : selected)
        if (set.counters(i).paused)
            held.push_back(i);
    by_selector_.erase(selector);
    // A tag wakes what was paused by name. A name can't wake one rule out of a paused tag without the rest: then the
    // tag's pause is split by name.
    for (const auto i : selected)
        while (const auto* pause = of(set.rules()[i])) {
            const auto tag = *pause;
            by_selector_.erase(tag.selector);
            for (const auto other : set.select(tag.selector))
                if (std::find(selected.begin(), selected.end(), other) == selected.end() &&
                    of(set.rules()[other]) == nullptr) {
                    auto single = tag;
                    single.selector = set.rules()[other].name;
                    by_selector_[single.selector] = single;
                }
        }
    apply(set);
    std::erase_if(held, [&](std::size_t i) { return set.counters(i).paused.load(); });
    return names(set, held);
}

std::vector<bus::Pause> Pauses::expire(std::int64_t now_ns) {
    std::vector<bus::Pause> ended;
    std::erase_if(by_selector_, [&](const auto& entry) {
        const bool over = entry.second.until_ns != 0 && entry.second.until_ns <= now_ns;
        if (over)
            ended.push_back(entry.second);
        return over;
    });
    return ended;
}

void Pauses::apply(const rules::RuleSet& set) const {
    for (std::size_t i = 0; i < set.rules().size(); ++i)
        set.counters(i).paused.store(of(set.rules()[i]) != nullptr, std::memory_order_relaxed);
}

const bus::Pause* Pauses::of(const rules::Rule& rule) const {
    if (const auto named = by_selector_.find(rule.name); named != by_selector_.end())
        return &named->second;
    for (const auto& tag : rule.tags)
        if (const auto tagged = by_selector_.find(tag); tagged != by_selector_.end())
            return &tagged->second;
    return nullptr;
}

std::int64_t Pauses::next_end() const noexcept {
    std::int64_t next = 0;
    for (const auto& [selector, pause] : by_selector_)
        if (pause.until_ns != 0 && (next == 0 || pause.until_ns < next))
            next = pause.until_ns;
    return next;
}

} // namespace rwatch::app
