// SPDX-License-Identifier: MIT OR Apache-2.0
// The one way in which a sink that can block gets its thread, its bounded queue, its counters and its end. What differs
// between journal, file, webhook and console is a Writer.
#pragma once

#include "alerts/sink.hpp"
#include "alerts/writer.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace rwatch::alerts {

class QueuedSink : public Sink {
  public:
    static constexpr std::size_t kMaxQueuedBytes = 64U << 20U; ///< of alerts waiting in one sink
    static constexpr std::int64_t kSlow = 5'000'000'000;       ///< an attempt that lasts longer is told in the state
    static constexpr std::int64_t kGrace = 500'000'000;        ///< for a writer to notice that it must give up

    /// name: as in SinkStatus. Alerts less urgent than `least` pass by, uncounted. Throws Error where there is no
    /// thread or descriptor to be had.
    QueuedSink(std::string name, std::size_t capacity, std::unique_ptr<Writer> writer,
               rules::Priority least = rules::Priority::debug);
    QueuedSink(const QueuedSink&) = delete;
    QueuedSink& operator=(const QueuedSink&) = delete;
    ~QueuedSink() override; ///< stops without waiting for what is queued

    [[nodiscard]] const std::string& name() const noexcept;
    void submit(std::shared_ptr<const Alert> alert) noexcept override;
    [[nodiscard]] SinkStatus status() const override;
    void stop(std::int64_t limit_ns) noexcept override;
    /// Another writer takes over from the next alert on: counters and what is queued stay, and so does the alert that
    /// the old one is at, unless that is stuck. Takes kGrace at most. Not while another thread is in replace or stop.
    /// Throws Error as the constructor; after that nothing is delivered any more.
    void replace(std::unique_ptr<Writer> writer, rules::Priority least = rules::Priority::debug);

  private:
    struct State;
    class Worker;
    void start();
    void end_thread() noexcept;

    std::atomic<rules::Priority> least_;
    std::shared_ptr<State> state_;
    mutable std::mutex mutex_;       ///< of worker_, which only replace changes
    std::shared_ptr<Worker> worker_; ///< shared with the thread
    std::thread thread_;
};

} // namespace rwatch::alerts
