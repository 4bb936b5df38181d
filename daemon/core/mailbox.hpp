// SPDX-License-Identifier: MIT OR Apache-2.0
// What one thread leaves for another to take when it comes round: the newest counts.
#pragma once

#include <atomic>
#include <mutex>
#include <utility>

namespace rwatch {

/// The lock is held to move one value; looking into an empty box takes no lock.
template <typename T> class Mailbox {
  public:
    void put(T value) {
        const std::lock_guard lock(mutex_);
        value_ = std::move(value);
        full_.store(true, std::memory_order_release);
    }
    /// Whether something waits to be taken.
    [[nodiscard]] bool full() const noexcept { return full_.load(std::memory_order_acquire); }
    /// False where there is nothing new.
    bool take(T& out) {
        if (!full_.load(std::memory_order_acquire))
            return false;
        const std::lock_guard lock(mutex_);
        out = std::move(value_);
        full_.store(false, std::memory_order_release);
        return true;
    }

  private:
    std::mutex mutex_;
    std::atomic<bool> full_{false};
    T value_{};
};

} // namespace rwatch
