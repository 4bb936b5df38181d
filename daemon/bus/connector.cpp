// SPDX-License-Identifier: MIT OR Apache-2.0
#include "bus/connector.hpp"

#include "core/error.hpp"
#include "dbus/connect.hpp"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>

namespace rwatch::bus {

/// What main thread and helper share.
struct Connector::Attempt {
    std::mutex mutex;
    std::condition_variable changed;
    bool finished = false;
    std::unique_ptr<sdbus::IConnection> connection;
    std::string reason;
    Fd wake; ///< eventfd: readable once finished

    void run(const std::string& address) noexcept {
        std::unique_ptr<sdbus::IConnection> opened;
        std::string failure;
        try {
            opened = dbus::open_bus(address);
        } catch (const std::exception& error) {
            failure = error.what();
        }
        const std::lock_guard lock(mutex);
        connection = std::move(opened);
        reason = std::move(failure);
        finished = true;
        changed.notify_all();
        eventfd_write(wake.get(), 1);
    }
};

void Connector::begin(const std::string& address) {
    auto attempt = std::make_shared<Attempt>();
    attempt->wake = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!attempt->wake)
        throw Error("make an eventfd", "bus connection", errno);
    sd_event_source* source = nullptr;
    const int result = sd_event_add_io(event_, &source, attempt->wake.get(), EPOLLIN, on_finished, this);
    if (result < 0)
        throw Error("add to the event loop", "bus connection", result);
    source_.reset(source);
    try {
        std::thread([attempt, address] { attempt->run(address); }).detach();
    } catch (const std::system_error& error) {
        source_.reset();
        throw Error("start a thread", "bus connection", error.code().value());
    }
    attempt_ = std::move(attempt);
}

bool Connector::wait(std::int64_t limit_ns) {
    if (attempt_ == nullptr)
        return true;
    {
        std::unique_lock lock(attempt_->mutex);
        const auto& attempt = *attempt_;
        if (!attempt_->changed.wait_for(lock, std::chrono::nanoseconds(limit_ns), [&] { return attempt.finished; }))
            return false;
    }
    finish();
    return true;
}

int Connector::on_finished(sd_event_source* /*source*/, int /*fd*/, std::uint32_t /*events*/, void* self) noexcept {
    static_cast<Connector*>(self)->finish();
    return 0;
}

void Connector::finish() {
    const auto attempt = std::exchange(attempt_, nullptr);
    source_.reset();
    const std::lock_guard lock(attempt->mutex);
    done_(std::move(attempt->connection), attempt->reason);
}

} // namespace rwatch::bus
