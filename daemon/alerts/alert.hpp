// SPDX-License-Identifier: MIT OR Apache-2.0
// An alert: what a rule said about an event, complete in itself, so that it can outlive event, process and rule set.
#pragma once

#include "rules/engine.hpp"

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace rwatch::alerts {

using FieldValue = std::variant<std::monostate, bool, std::int64_t, std::string>; ///< monostate: missing (null in JSON)

/// One process of the chain that led to the event.
struct ProcessInfo {
    std::uint32_t pid = 0;
    std::string exe_path, cmdline, user;
    std::int64_t started_ns = 0; ///< wall clock
};

struct Acknowledgement {
    std::int64_t wall_ns = 0;
    std::uint32_t uid = 0;
    std::string note;
};

struct Alert {
    std::string id;           ///< unique; sorts by time: 13 hex digits of microseconds since the epoch, '-', 4 of a counter
    std::int64_t wall_ns = 0; ///< of the event
    std::string hostname;
    std::string rule;
    rules::Priority priority = rules::Priority::notice;
    std::string output;
    std::vector<std::string> tags;
    std::vector<std::pair<std::string, FieldValue>> output_fields; ///< never empty
    std::uint64_t suppressed = 0; ///< repeats held back since the last alert of this key
    bool summary = false;         ///< tells repeats only; no new event
    std::optional<rules::CorrelationResult> correlation;

    // Beyond Falco's format
    std::uint32_t pid = 0;
    std::string unit, slice, user_unit, session, container;
    std::string description, respond;
    std::vector<std::string> references;
    std::vector<ProcessInfo> processes; ///< the event's process first, then its ancestors
    std::optional<Acknowledgement> acknowledged;
};

/// The contract's JSON object (log, webhook, --console=json).
[[nodiscard]] nlohmann::ordered_json to_json(const Alert& alert);
/// The same with description, respond, references, processes, unit, session … and acknowledgement (D-Bus GetAlert, rwatchctl show --json).
[[nodiscard]] nlohmann::ordered_json to_full_json(const Alert& alert);

/// Makes alerts of matches.
class AlertFactory {
  public:
    explicit AlertFactory(std::string hostname);
    [[nodiscard]] Alert make(const rules::Match& match, event::Scratch& scratch);
    /// An alert about rwatch itself: losses, pauses, a full queue. Rule names begin with "rwatch ".
    [[nodiscard]] Alert make_internal(std::string rule, rules::Priority priority, std::string output, std::vector<std::pair<std::string, FieldValue>> fields);
    [[nodiscard]] std::string next_id(std::int64_t wall_ns);

  private:
    std::string hostname_;
    std::uint32_t counter_ = 0;
};

} // namespace rwatch::alerts
