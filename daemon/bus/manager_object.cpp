// SPDX-License-Identifier: MIT OR Apache-2.0
#include "bus/manager_object.hpp"

#include "bus/alert_filter.hpp"
#include "bus/convert.hpp"
#include "bus/guard.hpp"
#include "core/time.hpp"
#include "dbus/names.hpp"

#include <limits>
#include <memory>
#include <tuple>
#include <utility>

namespace rwatch::bus {

namespace {

template <typename Body> void answer(const sdbus::Result<>& result, Body&& body) {
    guarded(body);
    result.returnResults();
}

template <typename T, typename Body> void answer(const sdbus::Result<T>& result, Body&& body) {
    result.returnResults(guarded(body));
}

template <typename T, typename U, typename Body> void answer(const sdbus::Result<T, U>& result, Body&& body) {
    const auto both = guarded(body);
    result.returnResults(both.first, both.second);
}

/// What `body` gives, or the error that it throws, to the caller. Where even that fails the caller or the bus is gone,
/// and nobody is left to tell.
template <typename Result, typename Body> void reply(const Result& result, Body&& body) noexcept {
    sdbus::Error failure("", "");
    try {
        answer(result, body);
        return;
    } catch (const sdbus::Error& error) {
        failure = error;
    }
    try {
        result.returnError(failure);
    } catch (const sdbus::Error&) { // NOLINT(bugprone-empty-catch)
    }
}

void check_note(const std::string& text, const char* what) {
    if (text.size() > dbus::kMaxNote)
        throw sdbus::Error(dbus::kErrorInvalidArgument,
                           std::string(what) + " is longer than " + std::to_string(dbus::kMaxNote) + " bytes");
}

std::vector<std::string> named_rules(std::optional<std::vector<std::string>> rules, const std::string& selector) {
    if (!rules)
        throw sdbus::Error(dbus::kErrorNoSuchDetector, "no rule and no tag is named '" + escape(selector) + "'");
    for (auto& rule : *rules)
        rule = to_utf8(rule);
    return *std::move(rules);
}

/// "1:5: unknown field 'fd.nme' (did you mean 'fd.name'?)", a line for each error.
std::string told_in_lines(const Diagnostics& diagnostics) {
    std::string out;
    for (const auto& d : diagnostics) {
        if (d.severity != Severity::error)
            continue;
        out.append(out.empty() ? "" : "\n").append(std::to_string(d.where.line)).append(":");
        out.append(std::to_string(d.where.column)).append(": ").append(escape(d.message));
        if (!d.hint.empty())
            out.append(" (").append(escape(d.hint)).append(")");
    }
    return out;
}

sdbus::UnixFd handed_over(OpenedPipe opened) {
    if (opened.too_many)
        throw sdbus::Error(dbus::kErrorLimitsExceeded, "too many streams of events are open");
    if (!opened.pipe)
        throw sdbus::Error(dbus::kErrorInvalidCondition, to_utf8(told_in_lines(opened.diagnostics)));
    return {opened.pipe.release(), sdbus::adopt_fd};
}

std::string joined(const std::vector<std::string>& items) {
    std::string out;
    for (const auto& item : items)
        out.append(out.empty() ? "'" : ", '").append(escape(item)).append("'");
    return out;
}

} // namespace

ManagerObject::ManagerObject(sdbus::IConnection& connection, Control& control, Snapshot& snapshot,
                             Authorizer& authorizer)
    : AdaptorInterfaces(connection, dbus::kManagerPath), control_(control), snapshot_(snapshot),
      authorizer_(authorizer) {
    registerAdaptor();
}

ManagerObject::~ManagerObject() {
    unregisterAdaptor();
}

void ManagerObject::property_changed(const std::string& name) {
    getObject().emitPropertiesChangedSignal(Manager_adaptor::INTERFACE_NAME, {name});
}

Caller ManagerObject::caller() const {
    const auto* message = getObject().getCurrentlyProcessedMessage();
    if (message == nullptr)
        throw sdbus::Error(dbus::kErrorAccessDenied, "the caller is not known");
    return {message->getSender(), message->getCredsEuid()};
}

template <typename Result, typename Handler>
void ManagerObject::authorized(Result&& result, const char* action, Handler handler) {
    guarded([&] {
        const auto who = caller();
        auto pending = std::make_shared<std::remove_cvref_t<Result>>(std::forward<Result>(result));
        authorizer_.ask(who, action, [pending, who, action, handler = std::move(handler)](bool allowed) {
            reply(*pending, [&] {
                if (!allowed)
                    throw sdbus::Error(dbus::kErrorAccessDenied, std::string("not authorised: ") + action);
                return handler(who);
            });
        });
    });
}

void ManagerObject::Reload(sdbus::Result<std::uint64_t, std::vector<dbus::Dictionary>>&& result) {
    authorized(std::move(result), dbus::kActionReload, [this](const Caller&) {
        const auto done = control_.reload();
        snapshot_.invalidate();
        return std::pair(done.generation, dbus::to_dictionaries(to_json_list(done.diagnostics)));
    });
}

void ManagerObject::ListAlerts(sdbus::Result<std::vector<dbus::Dictionary>>&& result, dbus::Dictionary filter) {
    authorized(std::move(result), dbus::kActionReadAlerts, [this, filter = std::move(filter)](const Caller&) {
        std::vector<dbus::Dictionary> out;
        for (const auto& alert : list_alerts(control_.history(), parse_alert_filter(filter)))
            out.push_back(dbus::to_dictionary(listed_json(*alert)));
        return out;
    });
}

void ManagerObject::GetAlert(sdbus::Result<dbus::Dictionary>&& result, std::string id) {
    authorized(std::move(result), dbus::kActionReadAlerts, [this, id = std::move(id)](const Caller&) {
        const auto alert = control_.history().find(id);
        if (alert == nullptr)
            throw sdbus::Error(dbus::kErrorNoSuchAlert, "no alert '" + escape(id) + "' in the history");
        return dbus::to_dictionary(alerts::to_full_json(*alert));
    });
}

void ManagerObject::AcknowledgeAlerts(sdbus::Result<>&& result, std::vector<std::string> ids, std::string note) {
    authorized(
        std::move(result), dbus::kActionAcknowledge,
        [this, ids = std::move(ids), note = std::move(note)](const Caller& who) {
            if (ids.empty())
                throw sdbus::Error(dbus::kErrorInvalidArgument, "no alert is named");
            check_note(note, "the note");
            const auto unknown = control_.acknowledge(ids, {wall_now(), static_cast<std::uint32_t>(who.euid), note});
            snapshot_.invalidate();
            if (!unknown.empty())
                throw sdbus::Error(dbus::kErrorNoSuchAlert, "not in the history: " + joined(unknown));
        });
}

void ManagerObject::Pause(sdbus::Result<std::vector<std::string>>&& result, std::string selector, std::uint64_t usec,
                          std::string reason) {
    authorized(std::move(result), dbus::kActionPause,
               [this, selector = std::move(selector), usec, reason = std::move(reason)](const Caller& who) {
                   check_note(reason, "the reason");
                   // The end, wall clock now + usec, must be a time too.
                   constexpr auto kMostUsec =
                       static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / 4 / 1000);
                   if (usec > kMostUsec)
                       throw sdbus::Error(dbus::kErrorInvalidArgument, "the time is too long; 0 pauses until resumed");
                   auto rules = control_.pause(selector, static_cast<std::int64_t>(usec) * 1000, reason,
                                               static_cast<std::uint32_t>(who.euid));
                   snapshot_.invalidate();
                   return named_rules(std::move(rules), selector);
               });
}

void ManagerObject::Resume(sdbus::Result<std::vector<std::string>>&& result, std::string selector) {
    authorized(std::move(result), dbus::kActionPause, [this, selector = std::move(selector)](const Caller& who) {
        auto rules = control_.resume(selector, static_cast<std::uint32_t>(who.euid));
        snapshot_.invalidate();
        return named_rules(std::move(rules), selector);
    });
}

void ManagerObject::OpenEventStream(sdbus::Result<sdbus::UnixFd>&& result, std::string condition) {
    authorized(std::move(result), dbus::kActionReadEvents, [this, condition = std::move(condition)](const Caller&) {
        if (condition.size() > dbus::kMaxCondition)
            throw sdbus::Error(dbus::kErrorInvalidCondition,
                               "the condition is longer than " + std::to_string(dbus::kMaxCondition) + " bytes");
        return handed_over(control_.open_events(condition));
    });
}

void ManagerObject::OpenCapture(sdbus::Result<sdbus::UnixFd>&& result) {
    authorized(std::move(result), dbus::kActionReadEvents,
               [this](const Caller&) { return handed_over(control_.open_capture()); });
}

std::vector<dbus::Dictionary> ManagerObject::ListDetectors() {
    return guarded([&] { return dbus::to_dictionaries(to_json_list(snapshot_.detectors())); });
}

std::string ManagerObject::Version() {
    return guarded([&] { return to_utf8(snapshot_.status().version); });
}

std::string ManagerObject::State() {
    return guarded([&] { return to_utf8(snapshot_.status().state); });
}

std::string ManagerObject::ServicesUnseen() {
    return guarded([&] { return to_utf8(snapshot_.status().services_unseen); });
}

std::string ManagerObject::StateReason() {
    return guarded([&] { return to_utf8(snapshot_.status().state_reason); });
}

std::uint64_t ManagerObject::Generation() {
    return guarded([&] { return snapshot_.status().generation; });
}

std::uint64_t ManagerObject::StartedRealtimeUSec() {
    return guarded([&] { return usec_of(snapshot_.status().started_ns); });
}

std::uint64_t ManagerObject::RulesLoaded() {
    return guarded([&] { return snapshot_.status().rules_loaded; });
}

std::uint64_t ManagerObject::RulesEnabled() {
    return guarded([&] { return snapshot_.status().rules_enabled; });
}

std::uint64_t ManagerObject::RulesPaused() {
    return guarded([&] { return snapshot_.status().rules_paused; });
}

std::vector<dbus::Dictionary> ManagerObject::Probes() {
    return guarded([&] { return dbus::to_dictionaries(to_json_list(snapshot_.status().probes)); });
}

std::uint64_t ManagerObject::EventsReceived() {
    return guarded([&] { return snapshot_.status().events_received; });
}

std::uint64_t ManagerObject::EventsSifted() {
    return guarded([&] { return snapshot_.status().events_sifted; });
}

std::map<std::string, std::uint64_t> ManagerObject::EventsLost() {
    return guarded([&] { return snapshot_.status().events_lost; });
}

std::map<std::string, std::uint64_t> ManagerObject::EventsLostBy() {
    return guarded([&] { return snapshot_.status().events_lost_by; });
}

std::map<std::string, std::uint64_t> ManagerObject::Shortfalls() {
    return guarded([&] { return snapshot_.status().shortfalls; });
}

std::uint64_t ManagerObject::AlertsRaised() {
    return guarded([&] { return snapshot_.status().alerts_raised; });
}

std::uint64_t ManagerObject::AlertsSuppressed() {
    return guarded([&] { return snapshot_.status().alerts_suppressed; });
}

std::uint64_t ManagerObject::AlertsUnacknowledged() {
    return guarded([&] {
        alerts::HistoryFilter filter;
        filter.unacknowledged = true;
        return static_cast<std::uint64_t>(control_.history().list(filter).size());
    });
}

std::uint64_t ManagerObject::AlertsForgotten() {
    return guarded([&] { return control_.history().dropped(); });
}

std::vector<dbus::Dictionary> ManagerObject::Sinks() {
    return guarded([&] { return dbus::to_dictionaries(to_json_list(snapshot_.status().sinks)); });
}

std::uint64_t ManagerObject::ProcessesTracked() {
    return guarded([&] { return snapshot_.status().processes; });
}

} // namespace rwatch::bus
