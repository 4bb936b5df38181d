// SPDX-License-Identifier: MIT OR Apache-2.0
// Proves that probes see: makes every watched call itself, harmlessly (most fail, by arguments that can't be valid), on
// a thread whose events the probes let through. Who reads the ring then looks whether each came.
#pragma once

#include "core/handle.hpp"
#include "ebpf/abi/rwatch_abi.h"

#include <atomic>
#include <cstdint>
#include <thread>

namespace rwatch::sensor {

class Canary {
  public:
    /// Starts the thread; to be made before the probes are loaded, which must know its id, and before anything is
    /// opened that is to be closed by closing it: the thread keeps a copy of every descriptor that there is now.
    Canary();
    ~Canary();
    Canary(const Canary&) = delete;
    Canary& operator=(const Canary&) = delete;

    /// Of the thread, as this process's pid namespace counts.
    [[nodiscard]] std::uint32_t thread_id() const noexcept { return thread_id_; }
    /// Asks for a round: every call once, and a program that starts and ends. Does not wait for it.
    void sing() noexcept;
    /// CLOCK_BOOTTIME of begin and end of the last whole round, ns; 0 before the first.
    [[nodiscard]] std::int64_t begun_ns() const noexcept { return begun_ns_.load(std::memory_order_acquire); }
    [[nodiscard]] std::int64_t ended_ns() const noexcept { return ended_ns_.load(std::memory_order_acquire); }

    /// False for a call that nobody can make without harm.
    [[nodiscard]] static bool sings(rw_call call) noexcept;

  private:
    void run() noexcept;

    Fd wish_; ///< eventfd: a round is wanted, or the end
    std::atomic<bool> ending_{false};
    std::atomic<std::uint32_t> thread_id_{0};
    std::atomic<std::int64_t> begun_ns_{0}, ended_ns_{0};
    std::thread thread_;
};

} // namespace rwatch::sensor
