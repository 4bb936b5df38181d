// SPDX-License-Identifier: MIT OR Apache-2.0
// Our own events, which the canary makes: they are no matter for rules, but show that their probes are alive.
#pragma once

#include "event/event.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace rwatch::pipeline {

class SelfWatch {
  public:
    /// vpid: our pid as our own pid namespace counts; pidns: its inode.
    SelfWatch(std::uint32_t vpid, std::uint32_t pidns) noexcept : vpid_(vpid), pidns_(pidns) {}

    /// Pipeline thread. True for an event of ours, or of a process that we started: noted, and to be dropped.
    [[nodiscard]] bool take(const event::Event& event) noexcept;

    /// CLOCK_BOOTTIME of the last such event, ns; 0: none yet. Any thread.
    [[nodiscard]] std::uint64_t last(event::Call call) const noexcept {
        return calls_[static_cast<std::size_t>(call)].load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t last(event::Kind kind) const noexcept {
        return kinds_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
    }

  private:
    std::uint32_t vpid_, pidns_;
    std::uint32_t child_ = 0; ///< started last; a pid may come again, with another start
    std::uint64_t child_start_ns_ = 0;
    std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(event::Call::count)> calls_{};
    std::array<std::atomic<std::uint64_t>, event::kKinds> kinds_{};
};

} // namespace rwatch::pipeline
