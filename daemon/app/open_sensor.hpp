// SPDX-License-Identifier: MIT OR Apache-2.0
// The sensor as the rules need it.
#pragma once

#include "config/config.hpp"
#include "event/event.hpp"
#include "rules/interest.hpp"
#include "sensor/event_source.hpp"

#include <cstdint>
#include <memory>

namespace rwatch::app {

/// Calls that must be hooked for these rules. interest: theirs.
[[nodiscard]] event::CallSet calls_needed(const rules::RuleSet& rules, const rules::Interest& interest);

/// Attaches the probes. canary: thread whose events they let through. calls: becomes those that are hooked. Throws
/// Error.
[[nodiscard]] std::unique_ptr<sensor::EventSource>
open_sensor(const config::Config& config, const rules::RuleSet& rules, std::uint32_t canary, event::CallSet& calls);

} // namespace rwatch::app
