// SPDX-License-Identifier: MIT OR Apache-2.0
// What runs inside a handler of sdbus-c++: only sdbus::Error may leave it, anything else would end the daemon.
#pragma once

#include "core/escape.hpp"
#include "dbus/names.hpp"

#include <exception>
#include <sdbus-c++/sdbus-c++.h>
#include <utility>

namespace rwatch::bus {

/// Runs `body`; whatever it throws leaves as an sdbus::Error (rwatch::Error and the rest as
/// org.freedesktop.DBus.Error.Failed with its text).
template <typename Body> decltype(auto) guarded(Body&& body) {
    try {
        return std::forward<Body>(body)();
    } catch (const sdbus::Error&) {
        throw;
    } catch (const std::exception& error) {
        throw sdbus::Error(dbus::kErrorFailed, to_utf8(error.what()));
    } catch (...) {
        throw sdbus::Error(dbus::kErrorFailed, "failure of an unknown kind");
    }
}

} // namespace rwatch::bus
