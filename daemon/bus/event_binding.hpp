// SPDX-License-Identifier: MIT OR Apache-2.0
// Runs an sdbus-c++ connection in an sd-event loop, beside the signals, timers and watches of the main thread.
#pragma once

#include "core/handle.hpp"

#include <functional>
#include <sdbus-c++/sdbus-c++.h>
#include <string>
#include <systemd/sd-event.h>

namespace rwatch::bus {

using EventSource = Handle<sd_event_source, sd_event_source_disable_unref>;

/// Bound for its life. One thread.
class EventBinding {
  public:
    /// Messages handled in one turn of the loop; then other sources get theirs, so that a flood of calls can't starve
    /// the watchdog.
    static constexpr int kMaxPerTurn = 8;
    using Lost = std::function<void(const std::string& reason)>;

    /// `lost` is called once, when the connection has ended; it must not destroy the binding or the connection (arm a
    /// timer that does). Throws rwatch::Error.
    EventBinding(sd_event* event, sdbus::IConnection& connection, Lost lost);
    EventBinding(const EventBinding&) = delete;
    EventBinding& operator=(const EventBinding&) = delete;

  private:
    static int on_prepare(sd_event_source* source, void* self) noexcept;
    static int on_io(sd_event_source* source, int fd, std::uint32_t events, void* self) noexcept;
    static int on_time(sd_event_source* source, std::uint64_t usec, void* self) noexcept;
    void prepare() noexcept;
    void process() noexcept;
    void end(const std::string& reason) noexcept;

    sdbus::IConnection& connection_;
    Lost lost_;
    EventSource io_, timer_;
};

} // namespace rwatch::bus
