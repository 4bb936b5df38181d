// SPDX-License-Identifier: MIT OR Apache-2.0
// The daemon's own messages (not alerts). The only user of spdlog. Library layers do not log; app and main do.
#pragma once

#include <string_view>

namespace rwatch::log {

/// Sends messages to standard error: with sd-daemon's <N> prefixes where the journal reads it, else with time and
/// level.
void init(bool verbose = false);

void debug(std::string_view message);
void info(std::string_view message);
void notice(std::string_view message);
void warning(std::string_view message);
void error(std::string_view message);

} // namespace rwatch::log
