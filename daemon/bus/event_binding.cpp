// SPDX-License-Identifier: MIT OR Apache-2.0
// As sd_bus_attach_event works inside: before each wait, ask what to wait for; after it, handle messages. A message
// that is already read but not handled makes the time-out 0, so nothing waits in the connection unseen.
#include "bus/event_binding.hpp"

#include "core/error.hpp"

#include <ctime>
#include <limits>
#include <sys/epoll.h>

namespace rwatch::bus {

namespace {

void check(int result, std::string_view object) {
    if (result < 0)
        throw Error("add to the event loop", object, result);
}

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kAccuracyUsec = 1; // a reply that times out may be told at once; 0 would mean 250 ms

} // namespace

EventBinding::EventBinding(sd_event* event, sdbus::IConnection& connection, Lost lost)
    : connection_(connection), lost_(std::move(lost)) {
    const auto poll = connection_.getEventLoopPollData();
    sd_event_source* source = nullptr;
    check(sd_event_add_io(event, &source, poll.fd, static_cast<std::uint32_t>(poll.events), on_io, this),
          "bus connection");
    io_.reset(source);
    check(sd_event_source_set_prepare(source, on_prepare), "bus connection");
    check(sd_event_add_time(event, &source, CLOCK_MONOTONIC, kNever, kAccuracyUsec, on_time, this), "bus timer");
    timer_.reset(source);
    check(sd_event_source_set_enabled(source, SD_EVENT_OFF), "bus timer");
}

int EventBinding::on_prepare(sd_event_source* /*source*/, void* self) noexcept {
    static_cast<EventBinding*>(self)->prepare();
    return 0;
}

int EventBinding::on_io(sd_event_source* /*source*/, int /*fd*/, std::uint32_t /*events*/, void* self) noexcept {
    static_cast<EventBinding*>(self)->process();
    return 0;
}

int EventBinding::on_time(sd_event_source* /*source*/, std::uint64_t /*usec*/, void* self) noexcept {
    static_cast<EventBinding*>(self)->process();
    return 0;
}

void EventBinding::prepare() noexcept {
    try {
        const auto poll = connection_.getEventLoopPollData();
        // poll(2) and epoll(7) use the same bits for what sd-bus asks for.
        sd_event_source_set_io_events(io_.get(), static_cast<std::uint32_t>(poll.events));
        if (poll.timeout_usec == kNever) {
            sd_event_source_set_enabled(timer_.get(), SD_EVENT_OFF);
            return;
        }
        sd_event_source_set_time(timer_.get(), poll.timeout_usec);
        sd_event_source_set_enabled(timer_.get(), SD_EVENT_ONESHOT);
    } catch (const std::exception& error) {
        end(error.what());
    }
}

void EventBinding::process() noexcept {
    try {
        for (int handled = 0; handled < kMaxPerTurn; ++handled)
            if (!connection_.processPendingRequest())
                return;
    } catch (const std::exception& error) {
        end(error.what());
    }
}

void EventBinding::end(const std::string& reason) noexcept {
    sd_event_source_set_enabled(io_.get(), SD_EVENT_OFF);
    sd_event_source_set_enabled(timer_.get(), SD_EVENT_OFF);
    if (const auto lost = std::exchange(lost_, nullptr))
        lost(reason);
}

} // namespace rwatch::bus
