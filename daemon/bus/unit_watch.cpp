// SPDX-License-Identifier: MIT OR Apache-2.0
#include "bus/unit_watch.hpp"

#include <charconv>
#include <cstdint>
#include <map>
#include <vector>

namespace rwatch::bus {

namespace {

constexpr const char* kSystemd = "org.freedesktop.systemd1";
constexpr const char* kSystemdPath = "/org/freedesktop/systemd1";
constexpr const char* kSystemdManager = "org.freedesktop.systemd1.Manager";
constexpr std::string_view kUnits = "/org/freedesktop/systemd1/unit/", kService = ".service";
constexpr const char* kChanges =
    "type='signal',sender='org.freedesktop.systemd1',interface='org.freedesktop.DBus.Properties',"
    "member='PropertiesChanged',path_namespace='/org/freedesktop/systemd1/unit',arg0='org.freedesktop.systemd1.Unit'";

/// name, description, load state, active state, sub state, followed, path, job, job type, job path
using ListedUnit = sdbus::Struct<std::string, std::string, std::string, std::string, std::string, std::string,
                                 sdbus::ObjectPath, std::uint32_t, std::string, sdbus::ObjectPath>;

bool ended(std::string_view state) noexcept {
    return state == "inactive" || state == "failed";
}

} // namespace

std::string unit_of_path(std::string_view path) {
    if (!path.starts_with(kUnits))
        return {};
    path.remove_prefix(kUnits.size());
    std::string out;
    while (!path.empty()) {
        // sd_bus_path_encode(3): a byte that is no letter or digit is '_' and two hexadecimal digits.
        unsigned byte = 0;
        const char* digits = path.data() + 1;
        if (path[0] == '_' && path.size() >= 3 && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
            out += static_cast<char>(byte);
            path.remove_prefix(3);
        } else {
            out += path[0];
            path.remove_prefix(1);
        }
    }
    return out;
}

UnitWatch::UnitWatch(sdbus::IConnection& connection, Handlers handlers)
    : handlers_(std::move(handlers)), manager_(sdbus::createProxy(connection, kSystemd, kSystemdPath)),
      match_(connection.addMatch(kChanges, [this](sdbus::Message& message) { take(message); })) {
    manager_->finishRegistration();
    // systemd tells of units only while somebody is subscribed.
    manager_->callMethodAsync("Subscribe")
        .onInterface(kSystemdManager)
        .uponReplyInvoke([this](const sdbus::Error* error) {
            if (error == nullptr || error->getName() == "org.freedesktop.systemd1.AlreadySubscribed")
                begin();
            else
                handlers_.begun(error->getMessage());
        });
}

void UnitWatch::begin() {
    manager_->callMethodAsync("ListUnits")
        .onInterface(kSystemdManager)
        .uponReplyInvoke([this](const sdbus::Error* error, const std::vector<ListedUnit>& units) {
            if (error == nullptr)
                for (const auto& unit : units)
                    if (unit.get<0>().ends_with(kService) && !ended(unit.get<3>()))
                        running_.insert(unit.get<0>());
            listed_ = error == nullptr;
            handlers_.begun(error == nullptr ? std::string() : error->getMessage());
        });
}

void UnitWatch::take(sdbus::Message& message) {
    const auto unit = unit_of_path(message.getPath());
    if (!listed_ || !unit.ends_with(kService))
        return;
    try {
        std::string interface;
        std::map<std::string, sdbus::Variant> changed;
        message >> interface >> changed;
        if (const auto state = changed.find("ActiveState"); state != changed.end())
            see(unit, state->second.get<std::string>());
    } catch (const sdbus::Error&) { // NOLINT(bugprone-empty-catch): what is no such message says nothing
    }
}

/// systemd tells all properties of a unit when one of them has changed.
void UnitWatch::see(const std::string& unit, const std::string& state) {
    if (ended(state)) {
        if (running_.erase(unit) != 0)
            handlers_.changed(false, unit, state);
    } else if (running_.size() < kMostUnits && running_.insert(unit).second) {
        handlers_.changed(true, unit, state);
    }
}

} // namespace rwatch::bus
