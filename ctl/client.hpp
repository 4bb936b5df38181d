// SPDX-License-Identifier: MIT OR Apache-2.0
// The daemon as rwatchctl sees it: calls over D-Bus, answers as JSON, failures as exit statuses. Never starts the
// daemon by calling it.
#pragma once

#include "core/handle.hpp"
#include "dbus/variant_json.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <sdbus-c++/sdbus-c++.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace rwatch::ctl {

using Json = nlohmann::ordered_json;

enum ExitStatus : int { kOk = 0, kFailed = 1, kUsage = 2, kNotRunning = 3, kNotAuthorised = 4 };

/// The command can't be done; what() is for the user.
class Failure : public std::runtime_error {
  public:
    Failure(ExitStatus status, const std::string& reason) : std::runtime_error(reason), status_(status) {}
    [[nodiscard]] ExitStatus status() const noexcept { return status_; }

  private:
    ExitStatus status_;
};

/// There is no bus to ask: whether the daemon runs is not known.
class BusUnreachable : public Failure {
  public:
    explicit BusUnreachable(const std::string& reason) : Failure(kNotRunning, reason) {}
};

/// What a D-Bus error means here.
[[nodiscard]] Failure failure_of(const sdbus::Error& error);

/// "StartedRealtimeUSec" → "started_realtime_usec"
[[nodiscard]] std::string snake_case(std::string_view name);

/// Filter of alerts(); as in Manager.ListAlerts, but limit 0 means all and more than one call's worth is read in
/// several.
struct AlertQuery {
    dbus::Dictionary filter;
    std::size_t limit = 0;
};

struct ReloadAnswer {
    std::uint64_t generation = 0;
    Json diagnostics;
};

class Client {
  public:
    /// bus: "system", "session" or a D-Bus address. Every function throws Failure: kNotRunning where there is no bus or
    /// no daemon on it.
    explicit Client(const std::string& bus);

    /// All properties of the manager, keys in snake case.
    [[nodiscard]] Json status();
    ReloadAnswer reload();
    /// Newest last.
    [[nodiscard]] Json alerts(const AlertQuery& query);
    [[nodiscard]] Json alert(const std::string& id);
    void acknowledge(const std::vector<std::string>& ids, const std::string& note);
    [[nodiscard]] Json detectors();
    /// The reading end of a pipe of lines, each an event of those that the condition ("": all) wants.
    [[nodiscard]] Fd open_events(const std::string& condition);
    /// The reading end of a pipe of a capture's entries.
    [[nodiscard]] Fd open_capture();
    std::vector<std::string> pause(const std::string& selector, std::uint64_t usec, const std::string& reason);
    std::vector<std::string> resume(const std::string& selector);

    /// Calls on_alert(id) for each alert raised from now on, and on_daemon(true or false) when the daemon comes or
    /// goes. Ends only by an exception.
    void watch(const std::function<void(const std::string& id)>& on_alert,
               const std::function<void(bool running)>& on_daemon);

  private:
    void require_daemon();

    std::unique_ptr<sdbus::IConnection> connection_;
    std::unique_ptr<sdbus::IProxy> manager_;
};

} // namespace rwatch::ctl
