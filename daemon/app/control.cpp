// SPDX-License-Identifier: MIT OR Apache-2.0
// What the bus objects ask of the daemon, and what admins do to it through them.
#include "app/daemon.hpp"
#include "core/error.hpp"
#include "core/escape.hpp"
#include "core/log.hpp"
#include "core/time.hpp"
#include "event/decode.hpp"
#include "pipeline/event_stream.hpp"
#include "pipeline/recorder.hpp"
#include "sensor/service_record.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace rwatch::app {

namespace {

// Each is work for every event, and a capture takes memory for what its reader has not taken yet.
constexpr std::size_t kMostStreams = 16, kMostCaptures = 4;

/// By the kind's name: events that the pipeline received.
std::uint64_t received(const pipeline::Counters& counters, const std::string& name) {
    for (std::size_t kind = 0; kind < event::kKinds; ++kind)
        if (event::name_of(static_cast<event::Kind>(kind)) == name)
            return counters.received[kind].load(std::memory_order_relaxed);
    return 0;
}

std::string join(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names)
        text.append(text.empty() ? "'" : ", '").append(name).append("'");
    return text;
}

} // namespace

std::map<std::string, std::uint64_t> Daemon::losses() const {
    auto lost = loss_watch_.losses().by_kind;
    if (const auto undecodable = pipeline_.counters().undecodable.load(std::memory_order_relaxed); undecodable != 0)
        lost["undecodable"] = undecodable;
    if (const auto failed = pipeline_.counters().failed.load(std::memory_order_relaxed); failed != 0)
        lost["alerts without memory"] = failed;
    return lost;
}

std::map<std::string, std::uint64_t> Daemon::shortfalls() const {
    auto out = enricher_.shortfalls();
    const auto& counters = pipeline_.counters();
    const auto put = [&](const char* name, std::uint64_t count) {
        if (count != 0)
            out[name] = count;
    };
    put("correlation groups forgotten", counters.evicted_groups.load(std::memory_order_relaxed));
    put("debounce windows closed early", counters.closed_early.load(std::memory_order_relaxed));
    put("values cut", counters.cut_values.load(std::memory_order_relaxed));
    put("alert texts cut", factory_.cut());
    put("orders to the probes put right", sifter_->restored());
    for (const auto& [kind, count] : source_->held())
        out[kind + "s of servers held back"] = count;
    return out;
}

bus::OpenedPipe Daemon::open_events(const std::string& condition) {
    bus::OpenedPipe out;
    std::optional<rules::Condition> wanted;
    if (condition.find_first_not_of(" \t\n") != std::string::npos) {
        wanted = rules::compile_condition(condition, {"condition", 1, 1}, out.diagnostics);
        if (!wanted)
            return out;
    }
    return open_pipe<pipeline::EventStream>(kMostStreams, std::move(wanted));
}

bus::OpenedPipe Daemon::open_capture() {
    pipeline::CaptureHeader header;
    header.wire_version = event::kWireVersion;
    header.wall_ns = wall_now();
    header.hostname = factory_.hostname();
    header.rwatch = RWATCH_VERSION;
    utsname system{};
    if (::uname(&system) == 0)
        header.kernel = system.release;
    return open_pipe<pipeline::Recorder>(kMostCaptures, std::move(header));
}

void Daemon::service_changed(bool runs, const std::string& unit, const std::string& state) {
    std::vector<std::vector<std::byte>> records;
    (void)services_box_.take(records); // what the pipeline has not come to yet
    records.push_back(sensor::service_record(runs, unit, state, static_cast<std::uint64_t>(boot_now())));
    services_box_.put(std::move(records));
    runner_.nudge();
}

void Daemon::services_watched(const std::string& trouble) {
    services_unseen_ = escape(trouble);
    if (!trouble.empty())
        log::notice("starts and stops of services are not seen: " + services_unseen_);
}

/// Once nobody follows any more, opens that no rule wants need not come.
void Daemon::drop_closed_listeners() {
    if (std::erase_if(listeners_, [](const auto& listener) { return listener->closed(); }) > 0)
        listeners_box_.put(listeners_);
}

/// A pipe, and a listener that writes to it; at most so many of that kind.
template <typename Kind, typename First> bus::OpenedPipe Daemon::open_pipe(std::size_t most, First first) {
    bus::OpenedPipe out;
    drop_closed_listeners();
    const auto of_kind = std::count_if(listeners_.begin(), listeners_.end(), [](const auto& listener) {
        return dynamic_cast<const Kind*>(listener.get()) != nullptr;
    });
    out.too_many = static_cast<std::size_t>(of_kind) >= most;
    if (out.too_many)
        return out;
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        throw Error("make a pipe", "", errno);
    out.pipe.reset(ends[0]);
    listeners_.push_back(std::make_shared<Kind>(std::move(first), Fd(ends[1])));
    hook(event::CallSet().set());
    listeners_box_.put(listeners_);
    runner_.nudge();
    return out;
}

std::vector<bus::ProbeStatus> Daemon::probe_statuses() const {
    std::vector<bus::ProbeStatus> out;
    for (const auto& probe : source_->probes()) {
        auto& status = out.emplace_back();
        status.name = probe.name;
        status.attached = probe.attached;
        status.reason = probe.reason;
        status.blind = probe.attached.empty() ? probe.blind : std::string{};
        if (const auto silent = canary_watch_.silent().find(probe.name); silent != canary_watch_.silent().end()) {
            status.blind = probe.blind;
            status.reason.append(status.reason.empty() ? "" : "; ").append("silent: ").append(silent->second);
        }
        status.alternatives = probe.alternatives;
        status.events = received(pipeline_.counters(), probe.name);
    }
    return out;
}

std::vector<alerts::SinkStatus> Daemon::sink_statuses() const {
    auto all = outlet_.statuses();
    if (bus_)
        all.push_back(bus_->sink_status());
    return all;
}

bus::Status Daemon::status() const {
    bus::Status status;
    status.version = RWATCH_VERSION;
    status.state = stopping_ ? "stopping" : health_.state();
    status.state_reason = health_.reason();
    status.services_unseen = services_unseen_;
    status.generation = generation_;
    status.rules_loaded = rules_->rules().size();
    for (std::size_t i = 0; i < rules_->rules().size(); ++i) {
        status.rules_enabled += rules_->rules()[i].enabled ? 1 : 0;
        status.rules_paused += rules_->counters(i).paused ? 1 : 0;
    }
    status.started_ns = started_ns_;
    status.probes = probe_statuses();
    status.events_received = pipeline_.counters().received_total();
    for (const auto& [kind, count] : source_->sifted())
        status.events_sifted += count;
    status.events_lost = losses();
    status.events_lost_by = loss_watch_.losses().by_group;
    status.shortfalls = shortfalls();
    status.alerts_raised = pipeline_.counters().alerts.load(std::memory_order_relaxed) + own_alerts_;
    status.alerts_suppressed = pipeline_.counters().suppressed.load(std::memory_order_relaxed);
    status.sinks = sink_statuses();
    status.processes = enricher_.processes();
    return status;
}

std::vector<bus::Detector> Daemon::detectors() const {
    std::vector<bus::Detector> out;
    for (std::size_t i = 0; i < rules_->rules().size(); ++i) {
        const auto& rule = rules_->rules()[i];
        const auto& counters = rules_->counters(i);
        const auto* pause = pauses_.of(rule);
        auto& detector = out.emplace_back();
        detector.name = rule.name;
        detector.description = rule.description;
        detector.state = !rule.enabled ? "disabled" : pause != nullptr ? "paused" : rule.silent ? "counted" : "active";
        detector.priority = rule.priority;
        detector.tags = rule.tags;
        detector.matched = counters.matched;
        detector.hits = counters.hits;
        detector.suppressed = counters.suppressed;
        detector.evicted = counters.evicted;
        detector.last_hit_ns = counters.last_hit_ns;
        const std::uint64_t timed = counters.timed;
        detector.tried = timed * rules::Engine::kTimedOneIn;
        detector.mean_cost_ns = timed == 0 ? 0 : counters.cost_ns / timed;
        if (pause != nullptr)
            detector.pause = *pause;
        detector.file = rule.where.file;
        detector.line = rule.where.line;
    }
    return out;
}

std::vector<std::string> Daemon::acknowledge(const std::vector<std::string>& ids, const alerts::Acknowledgement& ack) {
    std::vector<std::string> unknown, known;
    for (const auto& id : ids)
        (history_.acknowledge(id, ack) ? known : unknown).push_back(id);
    if (bus_ && !known.empty())
        bus_->acknowledged(known);
    return unknown;
}

std::optional<std::vector<std::string>> Daemon::pause(const std::string& selector, std::int64_t for_ns,
                                                      const std::string& reason, std::uint32_t uid) {
    bus::Pause pause;
    pause.selector = selector;
    pause.reason = reason;
    pause.uid = uid;
    pause.since_ns = wall_now();
    pause.until_ns = for_ns == 0 ? 0 : pause.since_ns + for_ns;
    auto names = pauses_.add(pause, *rules_);
    if (names.empty())
        return std::nullopt;
    put_in_force();
    const auto until = for_ns == 0 ? std::string("until resumed") : "for " + format_span(for_ns);
    raise("rwatch detector paused", rules::Priority::warning,
          "Paused " + until + " by uid " + std::to_string(uid) + ": " + join(names) +
              (reason.empty() ? "" : " (" + reason + ")"),
          {{"pause.selector", selector},
           {"pause.reason", reason},
           {"pause.uid", static_cast<std::int64_t>(uid)},
           {"pause.until", pause.until_ns == 0 ? "" : rfc3339(pause.until_ns)}});
    if (bus_)
        bus_->detectors_changed();
    return names;
}

std::optional<std::vector<std::string>> Daemon::resume(const std::string& selector, std::uint32_t uid) {
    auto names = pauses_.remove(selector, *rules_);
    if (names.empty())
        return rules_->select(selector).empty() ? std::nullopt : std::optional(names);
    put_in_force();
    await_in_force();
    raise("rwatch detector resumed", rules::Priority::notice,
          "Resumed by uid " + std::to_string(uid) + ": " + join(names),
          {{"pause.selector", selector}, {"pause.uid", static_cast<std::int64_t>(uid)}});
    if (bus_)
        bus_->detectors_changed();
    return names;
}

} // namespace rwatch::app
