// SPDX-License-Identifier: MIT OR Apache-2.0
// Times and durations as text. Nanoseconds everywhere inside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rwatch {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kMillisecond = 1'000'000;

/// "2026-11-24T03:22:01.123456789Z" from nanoseconds since the epoch (RFC 3339, UTC).
[[nodiscard]] std::string rfc3339(std::int64_t wall_ns);

/// "03:22:01" local time, for terminals.
[[nodiscard]] std::string local_clock(std::int64_t wall_ns);

/// "1h 5min", "10s", "250ms": the two largest units, as systemd prints time spans.
[[nodiscard]] std::string format_span(std::int64_t ns);

/// Reads "10s", "1h30m", "250ms", "2 min", a bare number (seconds); ns, us, ms, s/sec/second(s), m/min/minute(s),
/// h/hr/hour(s), d/day(s), w/week(s). Nothing for an empty, negative, overflowing or unknown text.
[[nodiscard]] std::optional<std::int64_t> parse_span(std::string_view text) noexcept;

/// Reads RFC 3339, "YYYY-MM-DD[ HH:MM[:SS]]" (local), "HH:MM[:SS]" (local, today), "now", "today", "yesterday", or
/// "-SPAN" / "SPAN ago" before `now_ns`.
[[nodiscard]] std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_ns);

/// CLOCK_REALTIME and CLOCK_BOOTTIME, ns.
[[nodiscard]] std::int64_t wall_now() noexcept;
[[nodiscard]] std::int64_t boot_now() noexcept;

} // namespace rwatch
