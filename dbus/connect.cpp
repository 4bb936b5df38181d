// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dbus/connect.hpp"

#include "core/handle.hpp"

#include <systemd/sd-bus.h>

namespace rwatch::dbus {

namespace {

/// sdbus-c++ 1.2 never frees its sd_bus where an address can't be opened, and the daemon tries again and again: look
/// first whether anyone listens.
void require_listener(const std::string& address) {
    sd_bus* made = nullptr;
    int result = sd_bus_new(&made);
    const Handle<sd_bus, sd_bus_close_unref> bus(made);
    if (result >= 0)
        result = sd_bus_set_address(made, address.c_str());
    if (result >= 0)
        result = sd_bus_start(made);
    if (result < 0)
        throw sdbus::createError(-result, "Failed to open bus");
}

} // namespace

std::unique_ptr<sdbus::IConnection> open_bus(const std::string& bus) {
    if (bus == "system")
        return sdbus::createSystemBusConnection();
    if (bus == "session")
        return sdbus::createSessionBusConnection();
    require_listener(bus);
    return sdbus::createSessionBusConnectionWithAddress(bus);
}

} // namespace rwatch::dbus
