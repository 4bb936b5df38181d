// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dbus/names.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <systemd/sd-bus.h>

namespace rwatch::dbus {

std::string detector_path(std::string_view rule) {
    // A C string ends at NUL; a name that holds one would share the path of its beginning.
    std::string name(rule);
    std::ranges::replace(name, '\0', '\x01');
    char* path = nullptr;
    if (sd_bus_path_encode(kDetectorPrefix, name.c_str(), &path) < 0)
        throw std::bad_alloc();
    const std::unique_ptr<char, decltype(&std::free)> owner(path, &std::free);
    return path;
}

} // namespace rwatch::dbus
