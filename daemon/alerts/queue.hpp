// SPDX-License-Identifier: MIT OR Apache-2.0
// Between the thread that makes alerts and the thread that carries them out: bounded by number and by bytes, never
// waits on the side of the maker, counts what it refuses.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace rwatch::alerts {

/// Any number of threads push, one pops. The lock is held for a few instructions only.
template <typename T> class Queue {
  public:
    using Clock = std::chrono::steady_clock;

    /// capacity: items; max_weight: sum of the weights (an item alone may be heavier).
    Queue(std::size_t capacity, std::size_t max_weight) : capacity_(capacity), max_weight_(max_weight) {}

    /// False, and counted as dropped, where it is full or closed, or there is no memory.
    bool push(T item, std::size_t weight) noexcept {
        {
            const std::lock_guard lock(mutex_);
            const bool full = items_.size() >= capacity_ || (!items_.empty() && weight_ + weight > max_weight_);
            if (full || closed_ || !store(std::move(item), weight)) {
                ++dropped_;
                return false;
            }
        }
        ready_.notify_one();
        return true;
    }

    /// Waits for an item. Nothing where the queue is closed and either empty or past its deadline, or where `leave` is
    /// set (see wake).
    [[nodiscard]] std::optional<T> pop(const std::atomic<bool>& leave) {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [&] { return leave || closed_ || !items_.empty(); });
        if (leave || items_.empty() || (closed_ && Clock::now() >= deadline_))
            return std::nullopt;
        std::optional<T> item(std::move(items_.front().first));
        weight_ -= items_.front().second;
        items_.pop_front();
        return item;
    }

    /// What was popped goes to the front again, however full it is.
    void put_back(T item, std::size_t weight) {
        {
            const std::lock_guard lock(mutex_);
            items_.emplace_front(std::move(item), weight);
            weight_ += weight;
        }
        ready_.notify_one();
    }

    /// Who waits in pop looks at its `leave`.
    void wake() noexcept {
        { const std::lock_guard lock(mutex_); }
        ready_.notify_all();
    }

    /// Takes no more; what is in it can be popped until the deadline.
    void close(Clock::time_point deadline) noexcept {
        {
            const std::lock_guard lock(mutex_);
            deadline_ = closed_ ? std::min(deadline_, deadline) : deadline;
            closed_ = true;
        }
        ready_.notify_all();
    }

    /// Throws away what is left; counted as dropped.
    void discard() noexcept {
        const std::lock_guard lock(mutex_);
        dropped_ += items_.size();
        items_.clear();
        weight_ = 0;
    }

    [[nodiscard]] std::size_t size() const noexcept {
        const std::lock_guard lock(mutex_);
        return items_.size();
    }
    [[nodiscard]] std::uint64_t dropped() const noexcept {
        const std::lock_guard lock(mutex_);
        return dropped_;
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  private:
    bool store(T item, std::size_t weight) noexcept {
        try {
            items_.emplace_back(std::move(item), weight);
        } catch (...) {
            return false;
        }
        weight_ += weight;
        return true;
    }

    const std::size_t capacity_;
    const std::size_t max_weight_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<std::pair<T, std::size_t>> items_;
    std::size_t weight_ = 0;
    std::uint64_t dropped_ = 0;
    bool closed_ = false;
    Clock::time_point deadline_{};
};

} // namespace rwatch::alerts
