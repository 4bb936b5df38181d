// SPDX-License-Identifier: MIT OR Apache-2.0
// The one way in which a sink that can block gets its thread, its bounded queue, its counters and its end. What differs
// between journal, file, webhook and console is a Writer.
#pragma once

#include "alerts/sink.hpp"

#include <memory>
#include <string>
#include <thread>

namespace rwatch::alerts {

/// What a writer sees of the sink that it works for.
class Attempt {
  public:
    virtual ~Attempt() = default;
    /// An attempt failed: counted, and `why` is the sink's state until one succeeds.
    virtual void failed(std::string why) = 0;
    /// Sets the state without counting an attempt.
    virtual void troubled(std::string why) = 0;
    /// Waits before a retry; false where the time to stop has come: give up.
    [[nodiscard]] virtual bool pause(std::int64_t ns) = 0;
    [[nodiscard]] virtual bool given_up() const noexcept = 0;
    /// Readable from the moment of giving up: for poll beside one's own descriptors.
    [[nodiscard]] virtual int give_up_fd() const noexcept = 0;
};

/// Carries alerts out, one at a time, on the sink's thread. May block: a thread that is stuck past the time to stop is
/// left behind, so a writer must not touch anything that it doesn't own.
class Writer {
  public:
    virtual ~Writer() = default;
    /// On the sink's thread, before the first alert: finds out early, with Attempt::troubled, whether it will work.
    virtual void start(Attempt&) {}
    /// True where delivered. Failures are told through `attempt`; an exception counts as one.
    [[nodiscard]] virtual bool write(const Alert& alert, Attempt& attempt) = 0;
};

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

    void submit(std::shared_ptr<const Alert> alert) noexcept override;
    [[nodiscard]] SinkStatus status() const override;
    void stop(std::int64_t limit_ns) noexcept override;

  private:
    class State;
    static void run(const std::shared_ptr<State>& state);

    const rules::Priority least_;
    std::shared_ptr<State> state_; // shared with the thread, which may outlive us where it is stuck
    std::thread thread_;
};

} // namespace rwatch::alerts
