// SPDX-License-Identifier: MIT OR Apache-2.0
// Names of services for ports in conditions: "fd.rport = https". A table of our own, so that a rule means the same on
// every host and no name service is asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rwatch::rules {

/// The port of a well-known service, by its name or alias in /etc/services.
[[nodiscard]] std::optional<std::int64_t> port_of_service(std::string_view name) noexcept;

} // namespace rwatch::rules
