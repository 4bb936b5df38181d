// SPDX-License-Identifier: MIT OR Apache-2.0
#include "alerts/history.hpp"

#include <algorithm>

namespace rwatch::alerts {

namespace {

bool fits(const HistoryFilter& filter, const Alert& alert) {
    if (filter.since_ns && alert.wall_ns < *filter.since_ns)
        return false;
    if (filter.until_ns && alert.wall_ns > *filter.until_ns)
        return false;
    if (!filter.rule.empty() && alert.rule != filter.rule)
        return false;
    if (filter.priority && alert.priority > *filter.priority)
        return false;
    if (!filter.unit.empty() && alert.unit != filter.unit && alert.user_unit != filter.unit)
        return false;
    return !filter.unacknowledged || !alert.acknowledged;
}

} // namespace

History::History(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {}

void History::drop_oldest() {
    const auto& oldest = *alerts_.front();
    bytes_ -= memory_of(oldest);
    if (const auto found = numbers_.find(oldest.id); found != numbers_.end() && found->second == dropped_)
        numbers_.erase(found);
    alerts_.pop_front();
    ++dropped_;
}

void History::add(std::shared_ptr<const Alert> alert) {
    numbers_[alert->id] = dropped_ + alerts_.size();
    bytes_ += memory_of(*alert);
    alerts_.push_back(std::move(alert));
    while (alerts_.size() > capacity_ || (alerts_.size() > 1 && bytes_ > kMaxBytes))
        drop_oldest();
}

std::vector<std::shared_ptr<const Alert>> History::list(const HistoryFilter& filter) const {
    std::vector<std::shared_ptr<const Alert>> out;
    for (auto it = alerts_.rbegin(); it != alerts_.rend() && (filter.limit == 0 || out.size() < filter.limit); ++it)
        if (fits(filter, **it))
            out.push_back(*it);
    std::reverse(out.begin(), out.end());
    return out;
}

std::optional<std::size_t> History::position(std::string_view id) const {
    const auto found = numbers_.find(std::string(id));
    if (found == numbers_.end())
        return std::nullopt;
    return static_cast<std::size_t>(found->second - dropped_);
}

std::shared_ptr<const Alert> History::find(std::string_view id) const {
    const auto at = position(id);
    return at ? alerts_[*at] : nullptr;
}

bool History::acknowledge(std::string_view id, const Acknowledgement& ack) {
    const auto at = position(id);
    if (!at)
        return false;
    // Sinks may still hold the old one: it is not changed but replaced.
    auto changed = std::make_shared<Alert>(*alerts_[*at]);
    changed->acknowledged = ack;
    if (const auto& before = alerts_[*at]->acknowledged; before && ack.note.empty())
        changed->acknowledged->note = before->note;
    alerts_[*at] = std::move(changed);
    return true;
}

} // namespace rwatch::alerts
