// SPDX-License-Identifier: MIT OR Apache-2.0
// The alerts of late, for D-Bus and rwatchctl. In memory, bounded: the oldest go first, and how many is told. Owned by
// the main thread.
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
    std::string unit;                               ///< of the system or of the user's own manager; "" any
    bool unacknowledged = false;
    std::size_t limit = 0; ///< the newest so many; 0: all
};

class History {
  public:
    static constexpr std::size_t kMaxBytes =
        128U << 20U; ///< of all alerts kept; past it the oldest go, whatever the capacity

    /// capacity: alerts kept, at least 1.
    explicit History(std::size_t capacity);
    void add(std::shared_ptr<const Alert> alert);
    /// Newest last.
    [[nodiscard]] std::vector<std::shared_ptr<const Alert>> list(const HistoryFilter& filter) const;
    [[nodiscard]] std::shared_ptr<const Alert> find(std::string_view id) const;
    /// False where there is no such alert. One already acknowledged keeps its note until
    /// there is another.
    bool acknowledge(std::string_view id, const Acknowledgement& ack);
    [[nodiscard]] std::size_t size() const noexcept { return alerts_.size(); }
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

  private:
    void drop_oldest();
    [[nodiscard]] std::optional<std::size_t> position(std::string_view id) const;

    std::size_t capacity_;
    std::deque<std::shared_ptr<const Alert>> alerts_;
    std::unordered_map<std::string, std::uint64_t> numbers_; ///< by id; minus dropped_ it is the place in alerts_
    std::size_t bytes_ = 0;
    std::uint64_t dropped_ = 0;
};

} // namespace rwatch::alerts
