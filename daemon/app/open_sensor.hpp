// SPDX-License-Identifier: MIT OR Apache-2.0
// The sensor as the rules need it.
#pragma once

#include "config/config.hpp"
#include "event/event.hpp"
#include "rules/interest.hpp"
#include "sensor/event_source.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace rwatch::app {

/// What the sensor must tell for these rules to work, theirs and what the daemon itself follows for them.
struct Wanted {
    rules::Interest interest;
    event::CallSet calls; ///< to be hooked
};
/// names: as of rules::interest_of.
[[nodiscard]] Wanted wanted_by(const rules::RuleSet& rules, std::span<const std::string> names);

/// Attaches the probes. canary: thread whose events they let through. calls: becomes those that are hooked. Throws
/// Error.
[[nodiscard]] std::unique_ptr<sensor::EventSource>
open_sensor(const config::Config& config, const rules::RuleSet& rules, std::uint32_t canary, event::CallSet& calls);

} // namespace rwatch::app
