// SPDX-License-Identifier: MIT OR Apache-2.0
// What the bus objects may ask of the daemon. Implemented by app; every call comes on the main thread.
#pragma once

#include "alerts/history.hpp"
#include "alerts/sink.hpp"
#include "core/diagnostic.hpp"
#include "core/handle.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace rwatch::bus {

struct ProbeStatus {
    std::string name;     ///< "open", "exec"
    std::string attached; ///< how: "tp_btf:sched_process_exec", "tracepoint:syscalls (5 of 5)"; "" not at all
    std::string reason;   ///< not attached, or not the best way: why; "" otherwise
    std::string blind;    ///< what is not seen for it; "" nothing
    std::vector<std::string> alternatives; ///< best first
    std::uint64_t events = 0;              ///< received
};

struct Status {
    std::string version;
    std::string state; ///< "running", "degraded", "starting", "stopping"
    std::string state_reason;
    std::string services_unseen; ///< why starts and stops of services are no events; "" they are
    std::uint64_t generation = 0;
    std::uint64_t rules_loaded = 0, rules_enabled = 0, rules_paused = 0;
    std::int64_t started_ns = 0; ///< wall clock
    std::vector<ProbeStatus> probes;
    std::uint64_t events_received = 0;
    std::uint64_t events_sifted = 0; ///< that the probes passed over, since no rule can want them
    std::map<std::string, std::uint64_t>
        events_lost; ///< by kind or reason: "open", "undecodable"; only those that are not 0
    std::map<std::string, std::uint64_t>
        events_lost_by; ///< by whose they were: unit, container or control group; "" unknown
    std::map<std::string, std::uint64_t>
        shortfalls; ///< what could not be known, kept or shown whole, by what it is; only those that are not 0
    std::uint64_t alerts_raised = 0, alerts_suppressed = 0;
    std::vector<alerts::SinkStatus> sinks;
    std::uint64_t processes = 0; ///< in the process table
};

struct Pause {
    std::string selector, reason;
    std::uint32_t uid = 0;     ///< who
    std::int64_t since_ns = 0; ///< wall clock
    std::int64_t until_ns = 0; ///< wall clock; 0: until resumed
};

struct Detector {
    std::string name, description, state; ///< state: "active", "counted", "paused", "disabled"
    rules::Priority priority = rules::Priority::notice;
    std::vector<std::string> tags;
    std::uint64_t matched = 0, hits = 0, suppressed = 0, evicted = 0;
    std::int64_t last_hit_ns = 0; ///< wall clock; 0: never
    std::uint64_t mean_cost_ns = 0;
    std::uint64_t tried = 0; ///< events that it was tried on, by a sample
    std::optional<Pause> pause;
    std::string file;
    std::uint32_t line = 0;
};

struct ReloadResult {
    bool ok = false;
    std::uint64_t generation = 0; ///< in force after the call
    Diagnostics diagnostics;
};

/// The reading end of a stream of events or of a capture, or why there is none.
struct OpenedPipe {
    Fd pipe;
    Diagnostics diagnostics; ///< of a condition that is wrong
    bool too_many = false;   ///< are open
};

class Control {
  public:
    virtual ~Control() = default;
    [[nodiscard]] virtual Status status() const = 0;
    [[nodiscard]] virtual std::vector<Detector> detectors() const = 0;
    virtual ReloadResult reload() = 0;
    [[nodiscard]] virtual const alerts::History& history() const = 0;
    /// Ids that exist are acknowledged; gives back those that do not.
    virtual std::vector<std::string> acknowledge(const std::vector<std::string>& ids,
                                                 const alerts::Acknowledgement& ack) = 0;
    /// Names of the rules that pause or wake by this; nothing where the selector names no rule. for_ns 0: until
    /// resumed.
    virtual std::optional<std::vector<std::string>> pause(const std::string& selector, std::int64_t for_ns,
                                                          const std::string& reason, std::uint32_t uid) = 0;
    virtual std::optional<std::vector<std::string>> resume(const std::string& selector, std::uint32_t uid) = 0;
    /// condition: "" all events.
    virtual OpenedPipe open_events(const std::string& condition) = 0;
    /// Of what the pipeline is told from now on, with all that it knows of it.
    virtual OpenedPipe open_capture() = 0;
    /// What systemd says: a service runs from now on, or no longer. state: its ActiveState.
    virtual void service_changed(bool runs, const std::string& unit, const std::string& state) = 0;
    /// Whether systemd will say so: why not, or "".
    virtual void services_watched(const std::string& trouble) = 0;
};

} // namespace rwatch::bus
