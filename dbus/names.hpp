// SPDX-License-Identifier: MIT OR Apache-2.0
// The names by which daemon and client find each other on D-Bus. Interfaces and members stand in org.rwatch1.xml.
#pragma once

#include <string>
#include <string_view>

namespace rwatch::dbus {

inline constexpr const char* kBusName = "org.rwatch1";
inline constexpr const char* kManagerPath = "/org/rwatch1";
inline constexpr const char* kDetectorPrefix = "/org/rwatch1/detector";

inline constexpr const char* kErrorRulesInvalid = "org.rwatch1.Error.RulesInvalid";
inline constexpr const char* kErrorNoSuchAlert = "org.rwatch1.Error.NoSuchAlert";
inline constexpr const char* kErrorNoSuchDetector = "org.rwatch1.Error.NoSuchDetector";
inline constexpr const char* kErrorInvalidArgument = "org.rwatch1.Error.InvalidArgument";
inline constexpr const char* kErrorInvalidCondition = "org.rwatch1.Error.InvalidCondition";
inline constexpr const char* kErrorAccessDenied = "org.freedesktop.DBus.Error.AccessDenied";
inline constexpr const char* kErrorLimitsExceeded = "org.freedesktop.DBus.Error.LimitsExceeded";
inline constexpr const char* kErrorFailed = "org.freedesktop.DBus.Error.Failed";

// polkit actions
inline constexpr const char* kActionReload = "org.rwatch1.reload";
inline constexpr const char* kActionPause = "org.rwatch1.pause";
inline constexpr const char* kActionAcknowledge = "org.rwatch1.acknowledge";
inline constexpr const char* kActionReadAlerts = "org.rwatch1.read-alerts";
inline constexpr const char* kActionReadEvents = "org.rwatch1.read-events";

/// Most alerts that one ListAlerts gives; the caller asks again for older ones.
inline constexpr std::size_t kMaxListed = 500;
/// Bytes of a note or reason.
inline constexpr std::size_t kMaxNote = 4096;
/// Bytes of a condition.
inline constexpr std::size_t kMaxCondition = 4096;

/// Object path of a rule: distinct for distinct names, valid for any bytes.
[[nodiscard]] std::string detector_path(std::string_view rule);

} // namespace rwatch::dbus
