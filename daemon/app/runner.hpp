// SPDX-License-Identifier: MIT OR Apache-2.0
// The pipeline thread: reads the ring on a timer, takes over rule sets between two readings, and shows that it is
// alive.
#pragma once

#include "core/handle.hpp"
#include "pipeline/pipeline.hpp"
#include "sensor/event_source.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace rwatch::app {

class Runner : private sensor::RecordHandler {
  public:
    /// Runs between two readings, on the pipeline thread.
    struct Chore {
        std::int64_t every_ns;
        std::function<void()> work;
        std::int64_t next_ns = 0; ///< boot clock
    };

    Runner(sensor::EventSource& source, pipeline::Pipeline& pipeline, std::int64_t poll_ns, std::vector<Chore> chores);
    ~Runner() override;

    void start();
    /// Has the thread come round to its chores now. Any thread.
    void nudge() noexcept;
    /// Takes the probes off, drains the ring to its end, flushes the pipeline, ends the thread.
    void stop() noexcept;
    /// CLOCK_BOOTTIME of the thread's last sign of life, ns.
    [[nodiscard]] std::int64_t heartbeat_ns() const noexcept { return heartbeat_.load(std::memory_order_relaxed); }

  private:
    void on_record(std::span<const std::byte> record) noexcept override;
    void run() noexcept;
    void wait(std::size_t drained) noexcept;
    void sleep(std::int64_t ns) noexcept;
    void do_chores(std::int64_t now);

    sensor::EventSource& source_;
    pipeline::Pipeline& pipeline_;
    std::int64_t poll_ns_;
    std::vector<Chore> chores_;
    Fd nudge_;
    int quiet_ = 0; ///< readings in a row that found nothing
    std::atomic<bool> stopping_{false};
    std::atomic<std::int64_t> heartbeat_{0};
    std::int64_t wall_offset_ns_ = 0;
    std::thread thread_;
};

} // namespace rwatch::app
