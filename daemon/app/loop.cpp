// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/loop.hpp"

#include "core/error.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <ctime>
#include <exception>
#include <string>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>

namespace rwatch::app {

namespace {
constexpr std::uint64_t kAccuracyUsec = 50'000; // timers may be this late, so that wake-ups fall together

void check(int result, const char* operation) {
    if (result < 0)
        throw Error(operation, "", -result);
}
} // namespace

struct Loop::Entry {
    Callback callback;
    std::uint64_t period_usec = 0;
    std::vector<std::string> names;
    Handle<sd_event_source, sd_event_source_disable_unref> source;

    void call() noexcept {
        try {
            callback();
        } catch (const std::exception& e) {
            log::error(std::string("main loop: ") + e.what());
        }
    }
};

Loop::Loop() {
    sd_event* event = nullptr;
    check(sd_event_new(&event), "create event loop");
    event_.reset(event);
}

Loop::~Loop() = default;

Loop::Entry& Loop::add(Callback callback) {
    entries_.push_back(std::make_unique<Entry>());
    entries_.back()->callback = std::move(callback);
    return *entries_.back();
}

void Loop::on_signal(int signal, Callback callback) {
    auto& entry = add(std::move(callback));
    sd_event_source* source = nullptr;
    const auto handler = [](sd_event_source*, const signalfd_siginfo*, void* self) {
        static_cast<Entry*>(self)->call();
        return 0;
    };
    check(sd_event_add_signal(event_.get(), &source, signal, handler, &entry), "watch signal");
    entry.source.reset(source);
}

void Loop::on_readable(int fd, Callback callback) {
    auto& entry = add(std::move(callback));
    sd_event_source* source = nullptr;
    const auto handler = [](sd_event_source*, int, std::uint32_t, void* self) {
        static_cast<Entry*>(self)->call();
        return 0;
    };
    check(sd_event_add_io(event_.get(), &source, fd, EPOLLIN, handler, &entry), "watch descriptor");
    entry.source.reset(source);
}

void Loop::on_change(const std::string& folder, std::vector<std::string> names, Callback callback) {
    auto& entry = add(std::move(callback));
    entry.names = std::move(names);
    sd_event_source* source = nullptr;
    const auto handler = [](sd_event_source*, const inotify_event* event, void* self) {
        auto& own = *static_cast<Entry*>(self);
        // More changes at once than the kernel remembers: maybe one of these, too.
        const bool named =
            event->len != 0 && std::find(own.names.begin(), own.names.end(), event->name) != own.names.end();
        if (named || (event->mask & IN_Q_OVERFLOW) != 0)
            own.call();
        return 0;
    };
    check(sd_event_add_inotify(event_.get(), &source, folder.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE, handler, &entry),
          "watch folder");
    entry.source.reset(source);
}

void Loop::every(std::int64_t ns, Callback callback) {
    auto& entry = add(std::move(callback));
    entry.period_usec = static_cast<std::uint64_t>(ns) / 1000;
    sd_event_source* source = nullptr;
    const auto handler = [](sd_event_source* timer, std::uint64_t, void* self) {
        auto& own = *static_cast<Entry*>(self);
        own.call();
        sd_event_source_set_time_relative(timer, own.period_usec);
        return sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
    };
    check(sd_event_add_time_relative(event_.get(), &source, CLOCK_MONOTONIC, entry.period_usec, kAccuracyUsec, handler,
                                     &entry),
          "set timer");
    entry.source.reset(source);
}

int Loop::run() {
    const int status = sd_event_loop(event_.get());
    check(status, "run event loop");
    return status;
}

void Loop::quit(int status) noexcept {
    sd_event_exit(event_.get(), status);
}

} // namespace rwatch::app
