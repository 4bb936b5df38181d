// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client.hpp"

#include "core/escape.hpp"
#include "dbus/connect.hpp"
#include "dbus/names.hpp"
#include "dbus/rwatch1_proxy.hpp"
#include "render.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <deque>
#include <poll.h>

namespace rwatch::ctl {

namespace {

constexpr auto kCallTimeout = std::chrono::minutes(2); // a reload of many rules takes its time
constexpr const char* kInterface = org::rwatch1::Manager_proxy::INTERFACE_NAME;
constexpr const char* kBusService = "org.freedesktop.DBus";
constexpr const char* kBusPath = "/org/freedesktop/DBus";

std::unique_ptr<sdbus::IConnection> connect(const std::string& bus) {
    try {
        return dbus::open_bus(bus);
    } catch (const sdbus::Error& error) {
        throw BusUnreachable("cannot reach the bus '" + escape(bus) + "': " + escape(error.getMessage()));
    }
}

/// Runs `call`, its D-Bus errors as failures.
template <typename Call> auto checked(Call&& call) {
    try {
        return call();
    } catch (const sdbus::Error& error) {
        throw failure_of(error);
    }
}

/// One page of alerts.
std::vector<dbus::Dictionary> alerts_page(sdbus::IProxy& manager, dbus::Dictionary filter, std::size_t limit,
                                          const std::string& before) {
    filter.insert_or_assign("limit", static_cast<std::uint64_t>(limit));
    if (!before.empty())
        filter.insert_or_assign("before", before);
    std::vector<dbus::Dictionary> out;
    manager.callMethod("ListAlerts").onInterface(kInterface).withArguments(filter).storeResultsTo(out);
    return out;
}

void wait_for_message(const sdbus::IConnection& connection) {
    const auto data = connection.getEventLoopPollData();
    pollfd waiting{data.fd, data.events, 0};
    ::poll(&waiting, 1, data.getPollTimeout());
}

} // namespace

Failure failure_of(const sdbus::Error& error) {
    const auto& name = error.getName();
    const auto text = escape(error.getMessage());
    if (name == dbus::kErrorAccessDenied || name == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired")
        return {kNotAuthorised, text.empty() ? "not authorised" : text};
    constexpr std::array<std::string_view, 4> kGone{
        "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.Disconnected", "org.freedesktop.DBus.Error.NoServer"};
    if (std::find(kGone.begin(), kGone.end(), name) != kGone.end())
        return {kNotRunning, "rwatchd went away: " + text};
    return {kFailed, text.empty() ? escape(name) : text};
}

std::string snake_case(std::string_view name) {
    std::string out;
    const auto upper = [&](std::size_t i) {
        return i < name.size() && std::isupper(static_cast<unsigned char>(name[i])) != 0;
    };
    // A word begins at a capital that follows a small letter: "EventsLost", but "USec" is one word.
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (i > 0 && upper(i) && !upper(i - 1))
            out += '_';
        out += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
    }
    return out;
}

Client::Client(const std::string& bus) : connection_(connect(bus)) {
    checked([&] {
        connection_->setMethodCallTimeout(kCallTimeout);
        require_daemon();
        manager_ = sdbus::createProxy(*connection_, dbus::kBusName, dbus::kManagerPath);
    });
}

void Client::require_daemon() {
    // A call to the name itself would have the bus start the daemon.
    bool owned = false;
    auto bus = sdbus::createProxy(*connection_, kBusService, kBusPath);
    bus->callMethod("NameHasOwner")
        .onInterface(kBusService)
        .withArguments(std::string(dbus::kBusName))
        .storeResultsTo(owned);
    if (!owned)
        throw Failure(kNotRunning, "rwatchd is not running");
}

Json Client::status() {
    dbus::Dictionary all;
    checked([&] {
        manager_->callMethod("GetAll")
            .onInterface("org.freedesktop.DBus.Properties")
            .withArguments(std::string(kInterface))
            .storeResultsTo(all);
    });
    Json out = Json::object();
    for (const auto& [name, value] : all)
        out[snake_case(name)] = dbus::to_json(value);
    return out;
}

ReloadAnswer Client::reload() {
    ReloadAnswer answer;
    std::vector<dbus::Dictionary> diagnostics;
    checked(
        [&] { manager_->callMethod("Reload").onInterface(kInterface).storeResultsTo(answer.generation, diagnostics); });
    answer.diagnostics = dbus::to_json(diagnostics);
    return answer;
}

Json Client::alerts(const AlertQuery& query) {
    std::deque<dbus::Dictionary> all;
    std::string before;
    checked([&] {
        while (query.limit == 0 || all.size() < query.limit) {
            const auto wanted =
                query.limit == 0 ? dbus::kMaxListed : std::min(query.limit - all.size(), dbus::kMaxListed);
            const auto older = alerts_page(*manager_, query.filter, wanted, before);
            all.insert(all.begin(), older.begin(), older.end());
            if (older.size() < wanted)
                break;
            before = dbus::to_json(older.front()).value("id", "");
            if (before.empty())
                break;
        }
    });
    Json out = Json::array();
    for (const auto& alert : all)
        out.push_back(dbus::to_json(alert));
    return out;
}

Json Client::alert(const std::string& id) {
    dbus::Dictionary out;
    checked([&] { manager_->callMethod("GetAlert").onInterface(kInterface).withArguments(id).storeResultsTo(out); });
    return dbus::to_json(out);
}

void Client::acknowledge(const std::vector<std::string>& ids, const std::string& note) {
    checked([&] { manager_->callMethod("AcknowledgeAlerts").onInterface(kInterface).withArguments(ids, note); });
}

Fd Client::open_events(const std::string& condition) {
    return checked([&] {
        sdbus::UnixFd events;
        try {
            manager_->callMethod("OpenEventStream")
                .onInterface(kInterface)
                .withArguments(condition)
                .storeResultsTo(events);
        } catch (const sdbus::Error& error) {
            if (error.getName() == dbus::kErrorInvalidCondition)
                throw Failure(kFailed, "the condition is wrong:\n" + escape_lines(error.getMessage()));
            throw;
        }
        return Fd(events.release());
    });
}

Fd Client::open_capture() {
    return checked([&] {
        sdbus::UnixFd capture;
        manager_->callMethod("OpenCapture").onInterface(kInterface).storeResultsTo(capture);
        return Fd(capture.release());
    });
}

Json Client::detectors() {
    std::vector<dbus::Dictionary> out;
    checked([&] { manager_->callMethod("ListDetectors").onInterface(kInterface).storeResultsTo(out); });
    return dbus::to_json(out);
}

std::vector<std::string> Client::pause(const std::string& selector, std::uint64_t usec, const std::string& reason) {
    std::vector<std::string> rules;
    checked([&] {
        manager_->callMethod("Pause")
            .onInterface(kInterface)
            .withArguments(selector, usec, reason)
            .storeResultsTo(rules);
    });
    return rules;
}

std::vector<std::string> Client::resume(const std::string& selector) {
    std::vector<std::string> rules;
    checked(
        [&] { manager_->callMethod("Resume").onInterface(kInterface).withArguments(selector).storeResultsTo(rules); });
    return rules;
}

void Client::watch(const std::function<void(const std::string&)>& on_alert,
                   const std::function<void(bool)>& on_daemon) {
    // Signals are noted as they come and handled between them: the handlers call the daemon.
    std::deque<std::function<void()>> pending;
    checked([&] {
        manager_->uponSignal("AlertRaised")
            .onInterface(kInterface)
            .call([&](const std::string& id, const std::string&, const std::string&, const std::uint64_t&) {
                pending.emplace_back([&on_alert, id] { on_alert(id); });
            });
        manager_->finishRegistration();
        auto bus = sdbus::createProxy(*connection_, kBusService, kBusPath);
        bus->uponSignal("NameOwnerChanged")
            .onInterface(kBusService)
            .call([&](const std::string& name, const std::string&, const std::string& now) {
                if (name == dbus::kBusName)
                    pending.emplace_back([&on_daemon, running = !now.empty()] { on_daemon(running); });
            });
        bus->finishRegistration();
        while (true) {
            while (connection_->processPendingRequest()) {
            }
            if (pending.empty()) {
                wait_for_message(*connection_);
                continue;
            }
            const auto next = std::move(pending.front());
            pending.pop_front();
            next();
        }
    });
}

} // namespace rwatch::ctl
