// SPDX-License-Identifier: MIT OR Apache-2.0
// An alert: what a rule said about an event, complete in itself, so that it can outlive event, process and rule set.
#pragma once

#include "rules/engine.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rwatch::alerts {

using FieldValue = std::variant<std::monostate, bool, std::int64_t, std::string>; ///< monostate: missing (null in JSON)

/// Of a field what event::read gave, several as one text. A text's bytes are as they are.
[[nodiscard]] FieldValue field_value(const event::FieldRef& ref, const event::Values& values);
[[nodiscard]] nlohmann::ordered_json to_json(const FieldValue& value);

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

/// What a correlation had counted, with times that mean something to who reads the alert.
struct Correlation {
    std::string type;                    ///< Sigma's word: "event_count", "value_count" …
    std::uint64_t count = 0;             ///< events in the window
    std::uint64_t distinct = 0;          ///< value_count: different values; temporal types: different rules
    std::int64_t first_ns = 0;           ///< wall clock of the oldest event in the window
    std::int64_t timespan_ns = 0;        ///< of the rule
    std::optional<double> value = {};    ///< numeric types: sum, average, percentile
    std::vector<std::string> rules = {}; ///< over other rules: those that took part
};

/// Strings of an alert that AlertFactory made are valid UTF-8 without NUL and bounded (kMax…), so that none of its
/// readers has to care.
struct Alert {
    std::string id; ///< unique; sorts by time: 13 hex digits of microseconds since the epoch, '-', 4 of a counter
    std::int64_t wall_ns = 0; ///< of the event
    std::string hostname;
    std::string rule;
    rules::Priority priority = rules::Priority::notice;
    std::string output;
    std::vector<std::string> tags;
    std::vector<std::pair<std::string, FieldValue>> output_fields; ///< never empty
    std::uint64_t suppressed = 0; ///< repeats held back since the last alert of this key
    bool summary = false;         ///< tells repeats only; no new event
    std::optional<Correlation> correlation;

    // Beyond Falco's format
    std::uint32_t pid = 0;
    std::string unit, slice, user_unit, session, machine;
    std::string session_user, session_tty, session_host, session_service; ///< as logind has it
    std::string container, container_type, container_name, image, pod;    ///< container: its id as shown
    std::string login_user;                                               ///< who logged in, by the kernel's audit
    std::string tty;                                                      ///< of the process
    std::string description, respond;
    std::vector<std::string> references;
    std::vector<ProcessInfo> processes; ///< the event's process first, then its ancestors
    std::optional<Acknowledgement> acknowledged;
};

/// Sets all that the alert tells of where its process ran.
void put_placement(Alert& alert, const event::Placement& placement);
/// Adds proc.hash.sha256 to the output fields, or gives it its value where it was missing.
void put_hash(Alert& alert, std::string_view sha256);

/// The contract's JSON object (log, webhook, --console=json).
[[nodiscard]] nlohmann::ordered_json to_json(const Alert& alert);
/// The same with description, respond, references, processes, unit, session … and acknowledgement (D-Bus GetAlert,
/// rwatchctl show --json).
[[nodiscard]] nlohmann::ordered_json to_full_json(const Alert& alert);

/// to_json as one line of text, without newline.
[[nodiscard]] std::string to_json_text(const Alert& alert);

/// About how many bytes of memory the alert holds: what queues and history bound themselves by.
[[nodiscard]] std::size_t memory_of(const Alert& alert) noexcept;

/// Makes alerts of matches. Any thread: next_id and make_internal; make: the thread of the scratch.
class AlertFactory {
  public:
    static constexpr std::size_t kMaxOutput = 8192; ///< bytes of the rendered output
    static constexpr std::size_t kMaxFieldText =
        16384; ///< bytes of one output field, and of the process's own command line
    static constexpr std::size_t kMaxFieldsText = 65536;  ///< bytes of all output fields of an alert
    static constexpr std::size_t kMaxAncestorText = 1024; ///< bytes of an ancestor's path, and of its command line
    static constexpr std::size_t kMaxProcesses = 32;      ///< the process and its ancestors

    explicit AlertFactory(std::string hostname);
    [[nodiscard]] const std::string& hostname() const noexcept { return hostname_; }
    /// output_fields: those of the output template, then evt.type, proc.pid, proc.exepath … where the event has them.
    [[nodiscard]] Alert make(const rules::Match& match, event::Scratch& scratch);
    /// An alert about rwatch itself: losses, pauses, a full queue. Rule names begin with "rwatch ".
    [[nodiscard]] Alert make_internal(std::string rule, rules::Priority priority, std::string_view output,
                                      std::vector<std::pair<std::string, FieldValue>> fields);
    [[nodiscard]] std::string next_id(std::int64_t wall_ns);
    /// Texts that were cut to a limit (they end in "…").
    [[nodiscard]] std::uint64_t cut() const noexcept { return cut_.load(std::memory_order_relaxed); }

  private:
    std::string clip(std::string_view text, std::size_t most);
    void add_fields(Alert& alert, const rules::Match& match, event::Scratch& scratch);
    void add_processes(Alert& alert, const event::Event& event);

    std::string hostname_;
    std::vector<event::FieldRef> basics_;
    std::atomic<std::uint32_t> counter_{0};
    std::atomic<std::uint64_t> cut_{0};
};

} // namespace rwatch::alerts
