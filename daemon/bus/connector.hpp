// SPDX-License-Identifier: MIT OR Apache-2.0
// Opens a bus connection beside the main thread: a bus that accepts and then says nothing would otherwise hold the main
// thread, and with it signals and watchdog, for as long as sd-bus waits (90 s and more).
#pragma once

#include "bus/event_binding.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <sdbus-c++/sdbus-c++.h>
#include <string>
#include <systemd/sd-event.h>

namespace rwatch::bus {

class Connector {
  public:
    /// connection is null where it failed; then reason says why.
    using Done = std::function<void(std::unique_ptr<sdbus::IConnection> connection, const std::string& reason)>;

    /// `done` is called on the main thread, from the loop or from wait(). event outlives it.
    Connector(sd_event* event, Done done) : event_(event), done_(std::move(done)) {}
    /// An attempt under way is left to itself; what it opens is closed again.
    ~Connector() = default;
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;

    /// Begins an attempt. address: "system", "session" or a D-Bus address. None may be under way. Throws rwatch::Error.
    void begin(const std::string& address);
    /// Waits for the attempt, at most `limit_ns`; false where it is still under way.
    bool wait(std::int64_t limit_ns);

  private:
    struct Attempt;
    static int on_finished(sd_event_source* source, int fd, std::uint32_t events, void* self) noexcept;
    void finish();

    sd_event* event_;
    Done done_;
    std::shared_ptr<Attempt> attempt_; ///< shared with the thread; null: none under way
    EventSource source_;
};

} // namespace rwatch::bus
