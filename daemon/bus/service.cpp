// SPDX-License-Identifier: MIT OR Apache-2.0
#include "bus/service.hpp"

#include "bus/authorizer.hpp"
#include "bus/convert.hpp"
#include "bus/detector_object.hpp"
#include "bus/manager_object.hpp"
#include "bus/unit_watch.hpp"
#include "core/error.hpp"
#include "core/escape.hpp"
#include "dbus/names.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <limits>

namespace rwatch::bus {

namespace {

constexpr std::uint64_t kRetryAccuracyUsec = 10'000;

} // namespace

/// One connection and what lives on it; made and unmade as a whole.
struct Service::Link {
    Link(std::unique_ptr<sdbus::IConnection> opened, sd_event* event, Control& control, Snapshot& snapshot,
         EventBinding::Lost lost)
        : connection(std::move(opened)), authorizer(*connection), manager(*connection, control, snapshot, authorizer),
          detectors(*connection, snapshot), binding(event, *connection, std::move(lost)),
          units(*connection, {[&control](bool runs, const std::string& unit, const std::string& state) {
                                  control.service_changed(runs, unit, state);
                              },
                              [&control](const std::string& trouble) { control.services_watched(trouble); }}) {
        connection->setMethodCallTimeout(std::chrono::nanoseconds(kCallTimeoutNs));
        detectors.sync(false);
        // Last, so that whoever sees the name finds everything in place.
        connection->requestName(dbus::kBusName);
    }

    std::unique_ptr<sdbus::IConnection> connection;
    Authorizer authorizer;
    ManagerObject manager;
    DetectorObjects detectors;
    EventBinding binding;
    UnitWatch units;
};

Service::Service(sd_event* event, std::string address, Control& control)
    : event_(event), address_(std::move(address)), control_(control), snapshot_(event, control),
      connector_(event, [this](std::unique_ptr<sdbus::IConnection> connection, const std::string& reason) {
          connected(std::move(connection), reason);
      }) {
    sd_event_source* source = nullptr;
    const int result = sd_event_add_time(event_, &source, CLOCK_MONOTONIC, std::numeric_limits<std::uint64_t>::max(),
                                         kRetryAccuracyUsec, on_retry, this);
    if (result < 0)
        throw Error("add to the event loop", "bus retry timer", result);
    retry_.reset(source);
    sd_event_source_set_enabled(retry_.get(), SD_EVENT_OFF);
}

Service::~Service() = default;

void Service::start() {
    try_connect();
    if (!connector_.wait(kStartPatienceNs))
        set_state(false, "the bus does not answer");
}

alerts::SinkStatus Service::sink_status() const {
    alerts::SinkStatus status;
    status.name = "bus";
    status.state = state_.connected ? "ok" : state_.reason.empty() ? "not connected" : state_.reason;
    status.delivered = delivered_;
    status.dropped = dropped_;
    status.failed = failed_;
    return status;
}

int Service::on_retry(sd_event_source* /*source*/, std::uint64_t /*usec*/, void* self) noexcept {
    static_cast<Service*>(self)->try_connect();
    return 0;
}

void Service::try_connect() noexcept {
    link_.reset();
    try {
        connector_.begin(address_);
    } catch (const std::exception& error) {
        failed_to_connect(error.what());
    }
}

void Service::connected(std::unique_ptr<sdbus::IConnection> connection, const std::string& reason) noexcept {
    if (connection == nullptr) {
        failed_to_connect(reason);
        return;
    }
    try {
        link_ = std::make_unique<Link>(std::move(connection), event_, control_, snapshot_,
                                       [this](const std::string& why) { lost(why); });
        backoff_ns_ = kFirstRetryNs;
        set_state(true, {});
    } catch (const std::exception& error) {
        failed_to_connect(error.what());
    }
}

void Service::failed_to_connect(const std::string& reason) noexcept {
    retry_in(backoff_ns_);
    backoff_ns_ = std::min(backoff_ns_ * 2, kMaxRetryNs);
    set_state(false, "cannot join the bus: " + reason);
}

void Service::lost(const std::string& reason) noexcept {
    // Called from inside the link: the timer takes it down.
    retry_in(kFirstRetryNs);
    set_state(false, "the bus is gone: " + reason);
}

void Service::retry_in(std::int64_t ns) noexcept {
    sd_event_source_set_time_relative(retry_.get(), static_cast<std::uint64_t>(ns / 1000));
    sd_event_source_set_enabled(retry_.get(), SD_EVENT_ONESHOT);
}

void Service::set_state(bool connected, const std::string& reason) {
    auto text = escape(reason);
    if (state_.connected == connected && state_.reason == text)
        return;
    state_ = {connected, std::move(text)};
    if (on_state_)
        on_state_(state_);
}

template <typename Body> bool Service::tell(Body&& body) noexcept {
    if (!link_ || !state_.connected)
        return false;
    try {
        snapshot_.invalidate();
        body(*link_);
        return true;
    } catch (const std::exception&) {
        // A lost connection shows itself in the loop, with its reason; here it is enough to count.
        ++failed_;
        return false;
    }
}

void Service::alert_raised(const alerts::Alert& alert) noexcept {
    const bool told = tell([&](Link& link) {
        link.manager.emitAlertRaised(to_utf8(alert.id), to_utf8(alert.rule),
                                     std::string(rules::to_string(alert.priority)), usec_of(alert.wall_ns));
    });
    ++(told ? delivered_ : dropped_);
}

void Service::acknowledged(const std::vector<std::string>& ids) noexcept {
    tell([&](Link& link) {
        for (const auto& id : ids)
            link.manager.emitAlertAcknowledged(to_utf8(id));
    });
}

void Service::rules_reloaded() noexcept {
    tell([&](Link& link) {
        link.detectors.sync(true);
        link.manager.property_changed("Generation");
        link.manager.emitRulesReloaded(snapshot_.status().generation);
    });
}

void Service::detectors_changed() noexcept {
    tell([](Link& link) { link.detectors.sync(true); });
}

void Service::state_changed() noexcept {
    tell([](Link& link) { link.manager.property_changed("State"); });
}

void Service::events_lost(const std::map<std::string, std::uint64_t>& totals) noexcept {
    tell([&](Link& link) {
        std::map<std::string, std::uint64_t> valid;
        for (const auto& [kind, count] : totals)
            valid[to_utf8(kind)] += count;
        link.manager.emitEventsLost(valid);
    });
}

} // namespace rwatch::bus
