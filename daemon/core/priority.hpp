// SPDX-License-Identifier: MIT OR Apache-2.0
// How urgent an alert is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rwatch {

/// syslog's numbers, Falco's names.
enum class Priority : std::uint8_t { emergency, alert, critical, error, warning, notice, informational, debug };

[[nodiscard]] std::string_view to_string(Priority priority) noexcept; ///< "Warning"
/// As Falco reads it: the whole name in either case, or "info".
[[nodiscard]] std::optional<Priority> parse_priority(std::string_view text) noexcept;
/// "Emergency, Alert, …, Debug": for who gave another.
[[nodiscard]] std::string priority_names();

} // namespace rwatch
