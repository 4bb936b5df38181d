// SPDX-License-Identifier: MIT OR Apache-2.0
// What systemd reports of a service, as a wire record: so that it goes the way of all events, and into captures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace rwatch::sensor {

/// A service that runs from now on, or no longer, as if process 1 had called so. unit, state: as systemd names them
/// ("ssh.service", "failed"). boot_ns: when.
[[nodiscard]] std::vector<std::byte> service_record(bool runs, std::string_view unit, std::string_view state,
                                                    std::uint64_t boot_ns);

} // namespace rwatch::sensor
