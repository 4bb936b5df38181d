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

/// What stays where another writer takes over.
struct QueuedSink::State {
    State(std::string sink_name, std::size_t capacity) : name(std::move(sink_name)), queue(capacity, kMaxQueuedBytes) {}

    const std::string name;
    Queue<std::shared_ptr<const Alert>> queue;
    std::atomic<std::uint64_t> deliveries{0}, drops{0}, failures{0};
};

/// A writer at work on a thread, which may outlive the sink where it is stuck.
class QueuedSink::Worker : public Attempt {
  public:
    Worker(std::shared_ptr<State> state, std::unique_ptr<Writer> writer)
        : state_(std::move(state)), writer_(std::move(writer)), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (!event_)
            throw Error("create event descriptor of sink", state_->name, errno);
    }

    void run() {
        try {
            writer_->start(*this);
        } catch (const std::exception& e) {
            troubled(e.what());
        }
        while (const auto alert = state_->queue.pop(leaving_))
            carry_out(*alert);
        if (!leaving_)
            state_->queue.discard();
        finish();
    }

    void failed(std::string why) override {
        state_->failures.fetch_add(1, std::memory_order_relaxed);
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
    /// Boot clock, since when it carries one alert out; 0: idle.
    [[nodiscard]] std::int64_t busy_since() const noexcept { return busy_since_.load(); }

    void give_up() noexcept {
        {
            const std::lock_guard lock(mutex_);
            give_up_.store(true, std::memory_order_release);
        }
        changed_.notify_all();
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one); // can't fail: the counter was 0
    }
    /// Another takes over: what is queued, and what this one can't deliver at once, is for that one.
    void leave() noexcept {
        leaving_.store(true);
        state_->queue.wake();
        give_up();
    }
    [[nodiscard]] bool finished_by(Clock::time_point when) {
        std::unique_lock lock(mutex_);
        return changed_.wait_until(lock, when, [this] { return finished_; });
    }
    /// Counts the end of one alert once: by the thread, or, where it is stuck, by who leaves it behind. False where
    /// the other did.
    bool settle(bool delivered) noexcept {
        if (busy_since_.exchange(0) == 0)
            return false;
        (delivered ? state_->deliveries : state_->drops).fetch_add(1, std::memory_order_relaxed);
        return true;
    }

  private:
    void carry_out(const std::shared_ptr<const Alert>& alert) {
        busy_since_.store(boot_now());
        bool delivered = false;
        try {
            delivered = writer_->write(*alert, *this);
            if (delivered)
                troubled({});
        } catch (const std::exception& e) {
            failed(e.what());
        }
        if (delivered || !leaving_)
            settle(delivered);
        else if (busy_since_.exchange(0) != 0)
            state_->queue.put_back(alert, memory_of(*alert));
    }
    void finish() noexcept {
        {
            const std::lock_guard lock(mutex_);
            finished_ = true;
        }
        changed_.notify_all();
    }

    const std::shared_ptr<State> state_;
    const std::unique_ptr<Writer> writer_;
    Fd event_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::string trouble_;
    std::atomic<bool> give_up_{false}, leaving_{false};
    std::atomic<std::int64_t> busy_since_{0};
    bool finished_ = false;
};

QueuedSink::QueuedSink(std::string name, std::size_t capacity, std::unique_ptr<Writer> writer, rules::Priority least)
    : least_(least), state_(std::make_shared<State>(std::move(name), capacity)),
      worker_(std::make_shared<Worker>(state_, std::move(writer))) {
    start();
}

QueuedSink::~QueuedSink() {
    stop(0);
}

void QueuedSink::start() {
    const BlockedSignals blocked;
    try {
        thread_ = std::thread([worker = worker_] { worker->run(); });
    } catch (const std::system_error& e) {
        throw Error("start thread of sink", state_->name, e.code().value());
    }
    pthread_setname_np(thread_.native_handle(), ("rw-" + state_->name).substr(0, kMaxThreadName).c_str());
}

void QueuedSink::replace(std::unique_ptr<Writer> writer, rules::Priority least) {
    auto next = std::make_shared<Worker>(state_, std::move(writer));
    worker_->leave();
    end_thread();
    least_.store(least, std::memory_order_relaxed);
    {
        const std::lock_guard lock(mutex_);
        worker_.swap(next);
    }
    start();
}

/// After it was told to give up or to leave.
void QueuedSink::end_thread() noexcept {
    if (!thread_.joinable())
        return;
    if (worker_->finished_by(Clock::now() + std::chrono::nanoseconds(kGrace)))
        return thread_.join();
    // Stuck in a call that nothing can end (a journal that doesn't read, a dead network file system).
    worker_->settle(false);
    thread_.detach();
}

const std::string& QueuedSink::name() const noexcept {
    return state_->name;
}

void QueuedSink::submit(std::shared_ptr<const Alert> alert) noexcept {
    if (alert->priority > least_.load(std::memory_order_relaxed))
        return;
    const auto weight = memory_of(*alert);
    state_->queue.push(std::move(alert), weight);
}

SinkStatus QueuedSink::status() const {
    std::shared_ptr<Worker> worker;
    {
        const std::lock_guard lock(mutex_);
        worker = worker_;
    }
    SinkStatus out;
    out.name = state_->name;
    out.delivered = state_->deliveries.load(std::memory_order_relaxed);
    out.dropped = state_->drops.load(std::memory_order_relaxed) + state_->queue.dropped();
    out.failed = state_->failures.load(std::memory_order_relaxed);
    out.queued = state_->queue.size();
    out.capacity = state_->queue.capacity();
    out.state = worker->trouble();
    const auto since = worker->busy_since();
    const auto busy = since == 0 ? 0 : boot_now() - since;
    if (out.state.empty() && busy > kSlow)
        out.state = "no answer for " + format_span(busy / kSecond * kSecond);
    if (out.state.empty())
        out.state = out.queued >= out.capacity ? "queue full" : "ok";
    return out;
}

void QueuedSink::stop(std::int64_t limit_ns) noexcept {
    const auto deadline = Clock::now() + std::chrono::nanoseconds(limit_ns);
    state_->queue.close(deadline);
    if (thread_.joinable() && !worker_->finished_by(deadline))
        worker_->give_up();
    end_thread();
    state_->queue.discard();
}

} // namespace rwatch::alerts
