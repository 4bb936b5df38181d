// SPDX-License-Identifier: MIT OR Apache-2.0
// The alerts of late, for D-Bus and rwatchctl. In memory, bounded: the oldest go first, and how many is told. Owned by the main thread.
#pragma once

#include "alerts/alert.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rwatch::alerts {

struct HistoryFilter {
    std::optional<std::int64_t> since_ns, until_ns; ///< wall clock
    std::string rule;                               ///< exact; "" any
    std::optional<rules::Priority> priority;        ///< this or more urgent
    std::string unit;
    bool unacknowledged = false;
    std::size_t limit = 0;                          ///< the newest so many; 0: all
};

class History {
  public:
    explicit History(std::size_t capacity);
    void add(std::shared_ptr<const Alert> alert);
    /// Newest last.
    [[nodiscard]] std::vector<std::shared_ptr<const Alert>> list(const HistoryFilter& filter) const;
    [[nodiscard]] std::shared_ptr<const Alert> find(std::string_view id) const;
    /// False where there is no such alert. An alert already acknowledged gets the new note.
    bool acknowledge(std::string_view id, const Acknowledgement& ack);
    [[nodiscard]] std::size_t size() const noexcept { return alerts_.size(); }
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

  private:
    std::size_t capacity_;
    std::deque<std::shared_ptr<const Alert>> alerts_;
    std::uint64_t dropped_ = 0;
};

} // namespace rwatch::alerts
