// SPDX-License-Identifier: MIT OR Apache-2.0
// The bounded queue, and the sink that runs a writer behind it.
#include "alert_support.hpp"

#include "alerts/queue.hpp"
#include "alerts/queued_sink.hpp"
#include "alerts/sink_set.hpp"

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <poll.h>

using namespace rwatch;
using namespace rwatch::test;
using namespace std::chrono_literals;
using alerts::Queue;
using alerts::QueuedSink;

namespace {

/// Written to by a test's writer, read by the test. Outlives a writer that is left behind.
struct Log {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> ids;
    bool open = true; ///< a closed gate holds the writer as a blocking call would
    std::atomic<int> starts{0};
    std::atomic<bool> signals_blocked{false};

    void set_open(bool value) {
        const std::lock_guard lock(mutex);
        open = value;
        changed.notify_all();
    }
    std::size_t count() {
        const std::lock_guard lock(mutex);
        return ids.size();
    }
};

class GateWriter : public alerts::Writer {
  public:
    explicit GateWriter(std::shared_ptr<Log> log) : log_(std::move(log)) {}
    void start(alerts::Attempt&) override {
        ++log_->starts;
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        log_->signals_blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGPIPE) == 1;
    }
    bool write(const alerts::Alert& alert, alerts::Attempt&) override {
        std::unique_lock lock(log_->mutex);
        log_->changed.wait(lock, [&] { return log_->open; });
        log_->ids.push_back(alert.id);
        return true;
    }

  private:
    std::shared_ptr<Log> log_;
};

/// Fails, then waits for a retry that never succeeds; notices when to give up.
class FailingWriter : public alerts::Writer {
  public:
    bool write(const alerts::Alert&, alerts::Attempt& attempt) override {
        attempt.failed("cannot reach it");
        while (attempt.pause(kSecond))
            attempt.failed("cannot reach it");
        pollfd ready{attempt.give_up_fd(), POLLIN, 0};
        REQUIRE(::poll(&ready, 1, 1000) == 1);
        return false;
    }
};

class ThrowingWriter : public alerts::Writer {
  public:
    void start(alerts::Attempt&) override { throw std::runtime_error("not yet"); }
    bool write(const alerts::Alert& alert, alerts::Attempt&) override {
        if (alert.id == "bad")
            throw std::runtime_error("broken");
        return true;
    }
};

const std::atomic<bool> kStay{false}; // nobody takes over from who pops

} // namespace

TEST_CASE("queue: order, bounds, counted drops") {
    Queue<int> queue(3, 100);
    CHECK(queue.push(1, 1));
    CHECK(queue.push(2, 1));
    CHECK(queue.push(3, 1));
    CHECK_FALSE(queue.push(4, 1));
    CHECK(queue.dropped() == 1);
    CHECK(queue.size() == 3);
    CHECK(queue.pop(kStay) == 1);
    CHECK(queue.push(5, 1));
    CHECK(queue.pop(kStay) == 2);
    CHECK(queue.pop(kStay) == 3);
    CHECK(queue.pop(kStay) == 5);
}

TEST_CASE("queue: weight bounds it too, but one heavy item alone may pass") {
    Queue<int> queue(100, 10);
    CHECK(queue.push(1, 50));
    CHECK_FALSE(queue.push(2, 1));
    CHECK(queue.pop(kStay) == 1);
    CHECK(queue.push(3, 6));
    CHECK_FALSE(queue.push(4, 5));
    CHECK(queue.push(5, 4));
    CHECK(queue.dropped() == 2);
}

TEST_CASE("queue: close lets out what is in it until the deadline, and takes no more") {
    Queue<int> queue(10, 100);
    queue.push(1, 1);
    queue.push(2, 1);
    queue.close(std::chrono::steady_clock::now() + 10s);
    CHECK_FALSE(queue.push(3, 1));
    CHECK(queue.pop(kStay) == 1);
    queue.close(std::chrono::steady_clock::now() - 1s); // an earlier deadline counts
    CHECK_FALSE(queue.pop(kStay));
    CHECK(queue.size() == 1);
    queue.discard();
    CHECK(queue.dropped() == 2);
    CHECK_FALSE(queue.pop(kStay));
}

TEST_CASE("queue: many makers, nothing lost and nothing twice") {
    constexpr int kEach = 5000;
    Queue<int> queue(100000, 1'000'000);
    std::vector<std::thread> makers;
    for (int m = 0; m < 4; ++m)
        makers.emplace_back([&queue, m] {
            for (int i = 0; i < kEach; ++i)
                queue.push(m * kEach + i, 1);
        });
    std::vector<bool> seen(4 * kEach, false);
    for (int i = 0; i < 4 * kEach; ++i) {
        const auto item = queue.pop(kStay);
        REQUIRE(item);
        REQUIRE_FALSE(seen[static_cast<std::size_t>(*item)]);
        seen[static_cast<std::size_t>(*item)] = true;
    }
    for (auto& maker : makers)
        maker.join();
    CHECK(queue.size() == 0);
    CHECK(queue.dropped() == 0);
}

TEST_CASE("sink: delivers in order on a thread of its own, with signals blocked") {
    const auto log = std::make_shared<Log>();
    QueuedSink sink("test", 10, std::make_unique<GateWriter>(log));
    sink.submit(shared_alert("a"));
    sink.submit(shared_alert("b"));
    REQUIRE(eventually([&] { return sink.status().delivered == 2; }));
    CHECK(log->ids == std::vector<std::string>{"a", "b"});
    CHECK(log->starts == 1);
    CHECK(log->signals_blocked);
    const auto status = sink.status();
    CHECK(status.name == "test");
    CHECK(status.state == "ok");
    CHECK(status.capacity == 10);
    CHECK(status.queued == 0);
    CHECK(status.dropped == 0);
}

TEST_CASE("sink: less urgent than asked for passes by, uncounted") {
    const auto log = std::make_shared<Log>();
    QueuedSink sink("test", 10, std::make_unique<GateWriter>(log), rules::Priority::error);
    auto alert = make_alert("urgent");
    alert.priority = rules::Priority::error;
    sink.submit(shared_alert("warning"));
    sink.submit(std::make_shared<const alerts::Alert>(alert));
    sink.stop(5 * kSecond);
    CHECK(log->ids == std::vector<std::string>{"urgent"});
    CHECK(sink.status().dropped == 0);
}

TEST_CASE("sink: a blocked writer blocks nobody; a full queue is counted and told") {
    const auto log = std::make_shared<Log>();
    log->set_open(false);
    QueuedSink sink("test", 5, std::make_unique<GateWriter>(log));
    sink.submit(shared_alert("first"));
    REQUIRE(eventually([&] { return sink.status().queued == 0; })); // the writer has it
    const auto took = time_of([&] {
        for (int i = 0; i < 20; ++i)
            sink.submit(shared_alert());
    });
    CHECK(took < 5s);
    CHECK(sink.status().dropped == 15);
    CHECK(sink.status().queued == 5);
    CHECK(sink.status().state == "queue full");
    log->set_open(true);
    REQUIRE(eventually([&] { return sink.status().delivered == 6; }));
    CHECK(sink.status().state == "ok");
}

TEST_CASE("sink: stop delivers what is queued") {
    const auto log = std::make_shared<Log>();
    log->set_open(false);
    QueuedSink sink("test", 1000, std::make_unique<GateWriter>(log));
    for (int i = 0; i < 500; ++i)
        sink.submit(shared_alert());
    log->set_open(true);
    sink.stop(10 * kSecond);
    CHECK(log->count() == 500);
    CHECK(sink.status().delivered == 500);
    sink.submit(shared_alert()); // too late: counted
    CHECK(sink.status().dropped == 1);
    sink.stop(kSecond); // twice is harmless
}

TEST_CASE("sink: a writer that is stuck is left behind in time, its alerts counted as dropped") {
    const auto log = std::make_shared<Log>();
    log->set_open(false);
    {
        QueuedSink sink("test", 10, std::make_unique<GateWriter>(log));
        for (int i = 0; i < 3; ++i)
            sink.submit(shared_alert());
        REQUIRE(eventually([&] { return sink.status().queued == 2; }));
        const auto took = time_of([&] { sink.stop(100 * kMillisecond); });
        CHECK(took >= 100ms);
        CHECK(took < 5s);
        CHECK(sink.status().dropped == 3);
        CHECK(sink.status().delivered == 0);
    }
    log->set_open(true); // it ends after its sink is gone, touching only what is its own
    REQUIRE(eventually([&] { return log->count() == 1; }));
    REQUIRE(eventually([&] { return log.use_count() == 1; }));
}

TEST_CASE("sink: retries end at the deadline, and the state says why") {
    QueuedSink sink("test", 10, std::make_unique<FailingWriter>());
    sink.submit(shared_alert());
    sink.submit(shared_alert());
    REQUIRE(eventually([&] { return sink.status().failed == 1; }));
    CHECK(sink.status().state == "cannot reach it");
    const auto took = time_of([&] { sink.stop(200 * kMillisecond); });
    CHECK(took >= 200ms);
    CHECK(took < 5s);
    CHECK(sink.status().dropped == 2);
}

TEST_CASE("sink: an exception of a writer is a failure, not the end") {
    QueuedSink sink("test", 10, std::make_unique<ThrowingWriter>());
    REQUIRE(eventually([&] { return sink.status().state == "not yet"; }));
    sink.submit(shared_alert("bad"));
    REQUIRE(eventually([&] { return sink.status().dropped == 1; }));
    CHECK(sink.status().failed == 1);
    CHECK(sink.status().state == "broken");
    sink.submit(shared_alert("good"));
    REQUIRE(eventually([&] { return sink.status().delivered == 1; }));
    CHECK(sink.status().state == "ok");
}

TEST_CASE("queue: who leaves gets nothing more, and puts back what it had") {
    Queue<int> queue(2, 100);
    std::atomic<bool> leave{false};
    std::thread waiter([&] { CHECK_FALSE(queue.pop(leave)); });
    leave = true;
    queue.wake();
    waiter.join();
    queue.push(2, 1);
    queue.push(3, 1);
    CHECK_FALSE(queue.pop(leave));
    queue.put_back(1, 1); // however full
    for (const int expected : {1, 2, 3})
        CHECK(queue.pop(kStay) == expected);
    CHECK(queue.dropped() == 0);
}

TEST_CASE("sink: another writer takes over what is queued, the alert that failed first, and the counters") {
    const auto log = std::make_shared<Log>();
    QueuedSink sink("test", 10, std::make_unique<FailingWriter>());
    for (const auto* id : {"a", "b", "c"})
        sink.submit(shared_alert(id));
    REQUIRE(eventually([&] { return sink.status().failed == 1; }));
    const auto took = time_of([&] { sink.replace(std::make_unique<GateWriter>(log), rules::Priority::error); });
    CHECK(took < 5s);
    REQUIRE(eventually([&] { return sink.status().delivered == 3; }));
    CHECK(log->ids == std::vector<std::string>{"a", "b", "c"});
    CHECK(sink.status().state == "ok");
    CHECK(sink.status().dropped == 0);
    CHECK(sink.status().failed >= 1);
    sink.submit(shared_alert("not urgent enough any more"));
    sink.stop(5 * kSecond);
    CHECK(sink.status().delivered == 3);
}

TEST_CASE("sink: a stuck writer does not hold up the next; what it had is counted once") {
    const auto stuck = std::make_shared<Log>(), log = std::make_shared<Log>();
    stuck->set_open(false);
    QueuedSink sink("test", 10, std::make_unique<GateWriter>(stuck));
    for (const auto* id : {"a", "b"})
        sink.submit(shared_alert(id));
    REQUIRE(eventually([&] { return sink.status().queued == 1; }));
    sink.replace(std::make_unique<GateWriter>(log));
    REQUIRE(eventually([&] { return sink.status().delivered == 1; }));
    CHECK(sink.status().dropped == 1);
    stuck->set_open(true);
    REQUIRE(eventually([&] { return stuck.use_count() == 1; }));
    sink.submit(shared_alert("c"));
    REQUIRE(eventually([&] { return sink.status().delivered == 2; }));
    CHECK(log->ids == std::vector<std::string>{"b", "c"});
    CHECK(sink.status().dropped == 1);
}

TEST_CASE("sinks: a stuck one neither delays the others nor their end") {
    const auto good = std::make_shared<Log>();
    const auto stuck = std::make_shared<Log>();
    stuck->set_open(false);
    auto sinks = std::make_unique<alerts::SinkSet>();
    CHECK(sinks->empty());
    sinks->add(std::make_unique<QueuedSink>("stuck", 10, std::make_unique<GateWriter>(stuck)));
    sinks->add(std::make_unique<QueuedSink>("good", 10, std::make_unique<GateWriter>(good)));
    sinks->submit(shared_alert("a"));
    REQUIRE(eventually([&] { return good->count() == 1; }));
    sinks->submit(shared_alert("b"));
    const auto took = time_of([&] { sinks->stop(300 * kMillisecond); });
    CHECK(took < 5s);
    const auto statuses = sinks->statuses();
    REQUIRE(statuses.size() == 2);
    CHECK(sinks->find("good")->name() == "good");
    CHECK(sinks->find("bad") == nullptr);
    CHECK(statuses[0].name == "stuck");
    CHECK(statuses[0].dropped == 2);
    CHECK(statuses[1].delivered == 2);
    sinks.reset();
    stuck->set_open(true);
    CHECK(eventually([&] { return stuck.use_count() == 1; }));
}
