// SPDX-License-Identifier: MIT OR Apache-2.0
#include "alerts/queued_sink.hpp"

#include "alerts/queue.hpp"
#include "core/error.hpp"
#include "core/handle.hpp"
#include "core/time.hpp"

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <pthread.h>
#include <sys/eventfd.h>
#include <system_error>

namespace rwatch::alerts {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxThreadName = 15; // of the kernel

/// Signals are the main thread's: a sink's thread is started with all blocked (SIGPIPE and SIGXFSZ then show as errno,
/// which is told).
class BlockedSignals {
  public:
    BlockedSignals() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;
    ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

} // namespace

class QueuedSink::State : public Attempt {
  public:
    State(std::string sink_name, std::size_t capacity, std::unique_ptr<Writer> sink_writer)
        : name(std::move(sink_name)), queue(capacity, kMaxQueuedBytes), writer(std::move(sink_writer)),
          event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (!event_)
            throw Error("create event descriptor of sink", name, errno);
    }

    void failed(std::string why) override {
        failures.fetch_add(1, std::memory_order_relaxed);
        troubled(std::move(why));
    }
    void troubled(std::string why) override {
        const std::lock_guard lock(mutex_);
        trouble_ = std::move(why);
    }
    bool pause(std::int64_t ns) override {
        std::unique_lock lock(mutex_);
        return !changed_.wait_for(lock, std::chrono::nanoseconds(ns), [this] { return given_up(); });
    }
    [[nodiscard]] bool given_up() const noexcept override { return give_up_.load(std::memory_order_acquire); }
    [[nodiscard]] int give_up_fd() const noexcept override { return event_.get(); }

    [[nodiscard]] std::string trouble() const {
        const std::lock_guard lock(mutex_);
        return trouble_;
    }

    void give_up() noexcept {
        {
            const std::lock_guard lock(mutex_);
            give_up_.store(true, std::memory_order_release);
        }
        changed_.notify_all();
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one); // can't fail: the counter was 0
    }

    void finish() noexcept {
        {
            const std::lock_guard lock(mutex_);
            finished_ = true;
        }
        changed_.notify_all();
    }
    [[nodiscard]] bool finished_by(Clock::time_point when) {
        std::unique_lock lock(mutex_);
        return changed_.wait_until(lock, when, [this] { return finished_; });
    }

    /// Counts the end of one alert once: by the thread, or, where it is stuck, by who leaves it behind.
    void settle(bool delivered) noexcept {
        if (busy_since.exchange(0) != 0)
            (delivered ? deliveries : drops).fetch_add(1, std::memory_order_relaxed);
    }

    const std::string name;
    Queue<std::shared_ptr<const Alert>> queue;
    const std::unique_ptr<Writer> writer;
    std::atomic<std::uint64_t> deliveries{0}, drops{0}, failures{0};
    std::atomic<std::int64_t> busy_since{0}; ///< boot clock; 0: idle

  private:
    Fd event_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::string trouble_;
    std::atomic<bool> give_up_{false};
    bool finished_ = false;
};

QueuedSink::QueuedSink(std::string name, std::size_t capacity, std::unique_ptr<Writer> writer, rules::Priority least)
    : least_(least), state_(std::make_shared<State>(std::move(name), capacity, std::move(writer))) {
    const BlockedSignals blocked;
    try {
        thread_ = std::thread([state = state_] { run(state); });
    } catch (const std::system_error& e) {
        throw Error("start thread of sink", state_->name, e.code().value());
    }
    pthread_setname_np(thread_.native_handle(), ("rw-" + state_->name).substr(0, kMaxThreadName).c_str());
}

QueuedSink::~QueuedSink() {
    stop(0);
}

void QueuedSink::run(const std::shared_ptr<State>& state) {
    try {
        state->writer->start(*state);
    } catch (const std::exception& e) {
        state->troubled(e.what());
    }
    while (const auto alert = state->queue.pop()) {
        state->busy_since.store(boot_now());
        bool delivered = false;
        try {
            delivered = state->writer->write(**alert, *state);
            if (delivered)
                state->troubled({});
        } catch (const std::exception& e) {
            state->failed(e.what());
        }
        state->settle(delivered);
    }
    state->queue.discard();
    state->finish();
}

void QueuedSink::submit(std::shared_ptr<const Alert> alert) noexcept {
    if (alert->priority > least_)
        return;
    const auto weight = memory_of(*alert);
    state_->queue.push(std::move(alert), weight);
}

SinkStatus QueuedSink::status() const {
    SinkStatus out;
    out.name = state_->name;
    out.delivered = state_->deliveries.load(std::memory_order_relaxed);
    out.dropped = state_->drops.load(std::memory_order_relaxed) + state_->queue.dropped();
    out.failed = state_->failures.load(std::memory_order_relaxed);
    out.queued = state_->queue.size();
    out.capacity = state_->queue.capacity();
    out.state = state_->trouble();
    const auto since = state_->busy_since.load();
    const auto busy = since == 0 ? 0 : boot_now() - since;
    if (out.state.empty() && busy > kSlow)
        out.state = "no answer for " + format_span(busy / kSecond * kSecond);
    if (out.state.empty())
        out.state = out.queued >= out.capacity ? "queue full" : "ok";
    return out;
}

void QueuedSink::stop(std::int64_t limit_ns) noexcept {
    if (!thread_.joinable())
        return;
    const auto deadline = Clock::now() + std::chrono::nanoseconds(limit_ns);
    state_->queue.close(deadline);
    if (!state_->finished_by(deadline)) {
        state_->give_up();
        if (!state_->finished_by(Clock::now() + std::chrono::nanoseconds(kGrace))) {
            // Stuck in a call that nothing can end (a journal that doesn't read, a dead network file system).
            state_->queue.discard();
            state_->settle(false);
            thread_.detach();
            return;
        }
    }
    thread_.join();
}

} // namespace rwatch::alerts
