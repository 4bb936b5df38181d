// SPDX-License-Identifier: MIT OR Apache-2.0
// Alerts on a terminal, one line each, for who sits before it at 3 a.m.; or as JSON lines for a pipe.
#pragma once

#include "alerts/writer.hpp"

#include <memory>
#include <string>

namespace rwatch::alerts {

enum class ConsoleMode : std::uint8_t { text, json };

/// "03:22:01  WARNING   Sensitive file read  cat (pid 123, root, ssh.service)  output", local time; no newline. Nothing
/// in it can move the cursor or forge a line.
[[nodiscard]] std::string console_line(const Alert& alert, bool colour);

/// True where `fd` is a terminal that takes colour and NO_COLOR (no-color.org) is unset or empty.
[[nodiscard]] bool wants_colour(int fd) noexcept;

/// Writes to a copy of `fd`. A terminal that was stopped, or a pipe that nobody reads, holds this sink alone.
[[nodiscard]] std::unique_ptr<Writer> make_console_writer(int fd, ConsoleMode mode, bool colour);

} // namespace rwatch::alerts
