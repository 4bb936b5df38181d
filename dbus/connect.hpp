// SPDX-License-Identifier: MIT OR Apache-2.0
// Opens the bus that --bus names: one way for daemon and client.
#pragma once

#include <memory>
#include <sdbus-c++/sdbus-c++.h>
#include <string>

namespace rwatch::dbus {

/// bus: "system", "session" or a D-Bus address. Blocks until the bus has greeted, for as long as sd-bus waits for that.
/// Throws sdbus::Error.
[[nodiscard]] std::unique_ptr<sdbus::IConnection> open_bus(const std::string& bus);

} // namespace rwatch::dbus
