// SPDX-License-Identifier: MIT OR Apache-2.0
// The daemon's presence on D-Bus. The bus may be absent, go and come back: detection never depends on it, and what is
// missing is told. Everything here is on the main thread.
#pragma once

#include "alerts/alert.hpp"
#include "alerts/sink.hpp"
#include "bus/connector.hpp"
#include "bus/control.hpp"
#include "bus/event_binding.hpp"
#include "bus/snapshot.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <systemd/sd-event.h>
#include <vector>

namespace rwatch::bus {

struct BusState {
    bool connected = false;
    std::string reason; ///< why not; "" where connected or never tried
};

class Service {
  public:
    static constexpr std::int64_t kFirstRetryNs = 250'000'000; ///< after the bus was lost; doubled after each failure
    static constexpr std::int64_t kMaxRetryNs = 30'000'000'000;
    /// Of the daemon's own calls to the bus, which block the main thread.
    static constexpr std::int64_t kCallTimeoutNs = 5'000'000'000;
    /// How long start() waits for the bus, so that usually the name is there when the daemon says that it is ready.
    static constexpr std::int64_t kStartPatienceNs = 2'000'000'000;
    using StateHandler = std::function<void(const BusState&)>;

    /// address: "system", "session" or a D-Bus address. event and control outlive it. Nothing is connected yet. Throws
    /// rwatch::Error.
    Service(sd_event* event, std::string address, Control& control);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// Called when the bus is gained or lost, and when the reason for its absence changes. Must not destroy the
    /// service.
    void on_state(StateHandler handler) { on_state_ = std::move(handler); }
    /// Connects, or else keeps trying from the loop; returns within kStartPatienceNs either way, and the calls'
    /// time-outs. Control must be ready to answer.
    void start();
    [[nodiscard]] const BusState& state() const noexcept { return state_; }
    /// As a sink among the others: delivered counts AlertRaised signals, dropped the alerts that came while there was
    /// no bus.
    [[nodiscard]] alerts::SinkStatus sink_status() const;

    // What happened, to be told to whoever listens. Where there is no bus this does nothing, but for the counter above;
    // none of these throws.
    void alert_raised(const alerts::Alert& alert) noexcept;
    void acknowledged(const std::vector<std::string>& ids) noexcept;
    /// A new generation is in force: detector objects follow.
    void rules_reloaded() noexcept;
    /// Pauses began or ended.
    void detectors_changed() noexcept;
    void state_changed() noexcept;
    /// Totals since the start. The caller bounds how often.
    void events_lost(const std::map<std::string, std::uint64_t>& totals) noexcept;

  private:
    struct Link;
    static int on_retry(sd_event_source* source, std::uint64_t usec, void* self) noexcept;
    void try_connect() noexcept;
    void connected(std::unique_ptr<sdbus::IConnection> connection, const std::string& reason) noexcept;
    void failed_to_connect(const std::string& reason) noexcept;
    void lost(const std::string& reason) noexcept;
    void retry_in(std::int64_t ns) noexcept;
    void set_state(bool connected, const std::string& reason);
    template <typename Body> bool tell(Body&& body) noexcept;

    sd_event* event_;
    std::string address_;
    Control& control_;
    Snapshot snapshot_;
    StateHandler on_state_;
    BusState state_;
    std::uint64_t delivered_ = 0, dropped_ = 0, failed_ = 0;
    std::int64_t backoff_ns_ = kFirstRetryNs;
    EventSource retry_;
    Connector connector_;
    std::unique_ptr<Link> link_; ///< null: no bus
};

} // namespace rwatch::bus
