// SPDX-License-Identifier: MIT OR Apache-2.0
// The daemon's life: start, timers, reload, stop. What the bus asks of it is in control.cpp.
#include "app/daemon.hpp"

#include "app/open_sensor.hpp"
#include "app/report.hpp"
#include "core/counted.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <csignal>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

namespace rwatch::app {

namespace {

constexpr std::int64_t kStopLimit = 5 * kSecond;    // for sinks to deliver what they hold
constexpr std::int64_t kReplaceLimit = 2 * kSecond; // the same at a reload: the main loop waits meanwhile
constexpr std::int64_t kTakeoverLimit = kSecond;    // for a pipeline that stands still; it reads every few milliseconds
constexpr useconds_t kTakeoverLook = 500;
constexpr std::int64_t kAccountsEvery = 5 * kSecond;

std::string hostname() {
    char name[256] = {};
    gethostname(name, sizeof name - 1);
    return name;
}

std::uint32_t own_pid_namespace() {
    struct stat ns {};
    if (::stat("/proc/self/ns/pid", &ns) != 0)
        throw Error("look up", "/proc/self/ns/pid", errno);
    return static_cast<std::uint32_t>(ns.st_ino);
}

/// What is counted for a rule goes on where the rule keeps its name.
void carry_over(const rules::RuleSet& from, const rules::RuleSet& to) {
    for (std::size_t i = 0; i < to.rules().size(); ++i) {
        const auto old = from.find(to.rules()[i].name);
        if (old < 0)
            continue;
        const auto& a = from.counters(static_cast<std::size_t>(old));
        auto& b = to.counters(i);
        b.matched = a.matched.load();
        b.hits = a.hits.load();
        b.suppressed = a.suppressed.load();
        b.evicted = a.evicted.load();
        b.cost_ns = a.cost_ns.load();
        b.timed = a.timed.load();
        b.last_hit_ns = a.last_hit_ns.load();
    }
}

/// Of sinks that are gone.
void tell_undelivered(const std::vector<alerts::SinkStatus>& sinks) {
    for (const auto& sink : sinks)
        if (sink.dropped != 0)
            log::warning("sink '" + sink.name + "': " + counted(sink.dropped, "alert") + " undelivered");
}

} // namespace

Daemon::Daemon(Options options, Loaded loaded)
    : options_(std::move(options)), config_(loaded.config), rules_(std::move(loaded.rules)),
      rule_files_(loaded.rule_files), started_ns_(wall_now()), factory_(hostname()), outlet_(config_, options_.console),
      history_(config_.alerts.history),
      health_([this](auto&&... args) { raise(std::forward<decltype(args)>(args)...); }),
      source_(open_sensor(config_, *rules_, canary_.thread_id(), hooked_)),
      self_(static_cast<std::uint32_t>(::getpid()), own_pid_namespace()), canary_watch_(config_.sensor.canary_ns),
      sifter_(std::make_shared<pipeline::Sifter>(source_->sieve(), enricher_)),
      pipeline_(enricher_, self_, factory_, config_.alerts.debounce_ns,
                [this](const std::shared_ptr<const alerts::Alert>& alert) { outlet_.submit(alert); }),
      loss_watch_(*source_, [this](std::uint64_t cgroup) { return enricher_.name_of(cgroup); }),
      runner_(*source_, pipeline_, config_.sensor.poll_ns,
              {{0, [this] { take_news(); }},
               {kSecond,
                [this] {
                    pipeline_.tick(static_cast<std::uint64_t>(boot_now()));
                    enricher_.chores();
                }},
               {LossWatch::kEvery, [this] { loss_watch_.look(); }}}),
      mark_(options_.state_dir) {
    // Probes are attached: what starts from now on is in the ring, what runs already is in /proc.
    enricher_.fill();
    listeners_.push_back(sifter_);
    listeners_box_.put(listeners_);
    pauses_.apply(*rules_);
    watched_names_ = enricher_.watch(rules_->watched_paths());
    put_in_force();
    if (options_.bus != "none")
        bus_.emplace(loop_.get(), options_.bus, static_cast<bus::Control&>(*this));
}

void Daemon::put_in_force() {
    auto wanted = wanted_by(*rules_, watched_names_);
    needed_ = source_->sieve() == nullptr ? event::CallSet().set() : wanted.calls;
    hook(hooked_ | needed_);
    rules_box_.put({rules_, std::make_shared<const rules::Interest>(std::move(wanted.interest))});
    runner_.nudge();
}

void Daemon::hook(const event::CallSet& calls) {
    if (calls == hooked_)
        return;
    hooked_ = calls;
    source_->want_calls(calls);
    canary_watch_.hooks_changed(boot_now());
}

void Daemon::unhook() {
    if (!rules_box_.full()) // else the rules before these still have their say
        hook(listeners_.size() > 1 ? event::CallSet().set() : needed_);
}

/// What is opened once a reload has been answered must be seen by the new rules: until the pipeline has taken them the
/// probes pass over what the old ones did not want.
void Daemon::await_in_force() const noexcept {
    const auto until = boot_now() + kTakeoverLimit;
    while (rules_box_.full() && boot_now() < until)
        ::usleep(kTakeoverLook);
}

/// On the pipeline's thread, between two readings of the ring.
void Daemon::take_news() {
    if (rules_box_.full())
        sifter_->install(nullptr); // what the new rules want comes from now on
    if (InForce next; rules_box_.take(next)) {
        source_->hurry(next.interest->urgent);
        pipeline_.install(std::move(next.rules));
        sifter_->install(std::move(next.interest));
    }
    if (std::vector<std::shared_ptr<pipeline::Listener>> listeners; listeners_box_.take(listeners)) {
        sifter_->hear_all(listeners.size() > 1);
        pipeline_.install(std::move(listeners));
    }
    if (std::vector<std::vector<std::byte>> records; services_box_.take(records))
        for (const auto& record : records)
            pipeline_.record(record, wall_now() - boot_now());
    enricher_.take_answers();
    pipeline_.resume(boot_now());
}

Daemon::~Daemon() {
    stop();
}

int Daemon::run() {
    watch_signals();
    loop_.on_readable(outlet_.main_sink().fd(), [this] { on_alerts(); });
    loop_.on_readable(loss_watch_.fd(), [this] { check_health(); });
    start_timers();
    watch_accounts();
    runner_.start();
    every_second();
    if (bus_) {
        bus_->on_state([](const bus::BusState& state) {
            log::notice(state.connected
                            ? "on the bus"
                            : "not on the bus: " + state.reason + "; detection goes on, rwatchctl will not answer");
        });
        bus_->start();
    }
    tell_probes();
    log::notice("watching: " + counted(rules_->rules().size(), "rule") + " from " + counted(rule_files_, "file"));
    if (!mark_.trouble().empty())
        log::notice("no mark of a killed daemon can be kept: " + mark_.trouble());
    tell_gap();
    sd_notify(0, "READY=1");
    tell_systemd();
    const int status = loop_.run();
    stop();
    return status;
}

void Daemon::tell_probes() const {
    std::string second;
    for (const auto& probe : source_->probes())
        if (!probe.attached.empty() && !probe.reason.empty())
            second.append(second.empty() ? "" : ", ").append(probe.name);
    if (!second.empty())
        log::notice("probes on less than their best hooks: " + second + " ('rwatchctl status' says why)");
}

void Daemon::watch_signals() {
    for (const int signal : {SIGTERM, SIGINT})
        loop_.on_signal(signal, [this] { loop_.quit(0); });
    loop_.on_signal(SIGHUP, [this] {
        const auto result = reload();
        for (const auto& diagnostic : result.diagnostics)
            log_diagnostic(diagnostic, {});
    });
}

void Daemon::start_timers() {
    loop_.every(kSecond, [this] { every_second(); });
    loop_.every(RunMark::kEvery, [this] { mark_.touch(); });
    std::uint64_t watchdog_usec = 0;
    if (sd_watchdog_enabled(0, &watchdog_usec) > 0)
        loop_.every(static_cast<std::int64_t>(watchdog_usec) * 1000 / 3, [this] { feed_watchdog(); });
}

void Daemon::watch_accounts() {
    const auto refresh = [this] { enricher_.refresh(); };
    // An account made a moment ago already has its name in alerts; looking now and then finds what is mounted over a
    // file.
    loop_.every(kAccountsEvery, refresh);
    try {
        loop_.on_change("/etc", {"passwd", "group"}, refresh);
    } catch (const Error& e) {
        log::notice(std::string("names of new accounts come late: ") + e.what());
    }
}

void Daemon::feed_watchdog() {
    // The main loop lives; the pipeline must too. A daemon that is blind is worth a restart.
    if (boot_now() - runner_.heartbeat_ns() < Health::kPipelineStuck && !canary_watch_.hopeless())
        sd_notify(0, "WATCHDOG=1");
}

void Daemon::every_second() {
    if (canary_watch_.check(boot_now(), {canary_.begun_ns(), canary_.ended_ns()}, source_->probes(), self_))
        canary_.sing();
    check_health();
    end_pauses();
    drop_closed_listeners();
    unhook();
    tell_systemd();
}

void Daemon::check_health() {
    Vitals vitals;
    vitals.now_ns = boot_now();
    vitals.heartbeat_ns = runner_.heartbeat_ns();
    for (std::size_t i = 0; i < rules_->rules().size(); ++i)
        vitals.active_rules += rules_->is_active(i) ? 1 : 0;
    vitals.probes = probe_statuses();
    vitals.silent = canary_watch_.silent();
    vitals.canary_stuck = canary_watch_.stuck();
    loss_watch_.refresh();
    vitals.lost = losses();
    vitals.lost_by = loss_watch_.losses().by_group;
    vitals.sinks = outlet_.statuses();
    if (bus_ && !bus_->state().connected && !bus_->state().reason.empty())
        vitals.bus_trouble = bus_->state().reason;
    const auto before = health_.state() + health_.reason();
    health_.check(vitals);
    for (const auto& line : health_.take_news())
        log::warning(line);
    if (bus_ && health_.take_new_loss())
        bus_->events_lost(vitals.lost);
    if (bus_ && health_.state() + health_.reason() != before)
        bus_->state_changed();
}

void Daemon::tell_gap() {
    if (!mark_.gap())
        return;
    const auto& gap = *mark_.gap();
    const auto from = rfc3339(gap.last_alive_ns), to = rfc3339(started_ns_);
    std::string text = "The daemon before this one ";
    text.append(gap.same_boot ? "was killed or crashed" : "went down with the machine");
    text.append(": nothing was watched for ").append(format_span(std::max(started_ns_ - gap.last_alive_ns, kSecond)));
    text.append(" at most, from ").append(from).append(" to ").append(to);
    raise("rwatch was not stopped in order", gap.same_boot ? rules::Priority::critical : rules::Priority::notice, text,
          {{"gap.from", from}, {"gap.to", to}});
}

void Daemon::end_pauses() {
    const auto next = pauses_.next_end();
    if (next == 0 || next > wall_now())
        return;
    const auto ended = pauses_.expire(wall_now());
    pauses_.apply(*rules_);
    put_in_force();
    for (const auto& pause : ended)
        raise("rwatch detector resumed", rules::Priority::notice, "The pause of '" + pause.selector + "' is over",
              {{"pause.selector", pause.selector}, {"pause.reason", pause.reason}});
    if (bus_)
        bus_->detectors_changed();
}

void Daemon::tell_systemd() {
    std::uint64_t lost = 0;
    for (const auto& [name, count] : losses())
        lost += count;
    std::size_t attached = 0;
    for (const auto& probe : source_->probes())
        attached += probe.attached.empty() ? 0 : 1;
    std::string text = counted(rules_->rules().size(), "rule") + ", " + std::to_string(attached) + " of " +
                       counted(source_->probes().size(), "probe") + ", " + counted(lost, "event") + " lost";
    if (health_.state() == "degraded")
        text += "; degraded: " + health_.reason();
    if (text == last_status_)
        return;
    sd_notifyf(0, "STATUS=%s", text.c_str());
    last_status_ = std::move(text);
}

void Daemon::on_alerts() {
    for (const auto& alert : outlet_.main_sink().take()) {
        history_.add(alert);
        if (bus_)
            bus_->alert_raised(*alert);
    }
}

void Daemon::raise(std::string rule, rules::Priority priority, const std::string& output,
                   std::vector<std::pair<std::string, alerts::FieldValue>> fields) {
    ++own_alerts_;
    outlet_.submit(std::make_shared<const alerts::Alert>(
        factory_.make_internal(std::move(rule), priority, output, std::move(fields))));
}

bus::ReloadResult Daemon::reload() {
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", static_cast<unsigned long long>(boot_now() / 1000));
    auto loaded = load(options_);
    bus::ReloadResult result;
    result.diagnostics = loaded.diagnostics;
    result.ok = !has_errors(loaded.diagnostics);
    if (result.ok)
        apply(std::move(loaded), result.diagnostics);
    else
        log::error("reload refused, the old rules stay: " + counted(count_errors(result.diagnostics), "error"));
    result.generation = generation_;
    sd_notify(0, "READY=1");
    if (result.ok) {
        log::notice("reloaded: generation " + std::to_string(generation_) + ", " +
                    counted(rules_->rules().size(), "rule") + " from " + counted(rule_files_, "file"));
        if (bus_)
            bus_->rules_reloaded();
    }
    tell_systemd();
    return result;
}

void Daemon::apply(Loaded loaded, Diagnostics& notes) {
    const auto& next = loaded.config;
    if (next.sensor != config_.sensor || next.alerts != config_.alerts)
        notes.push_back({Severity::note,
                         "needs-restart",
                         {},
                         "changes under 'sensor' and 'alerts' take effect at the next start",
                         "systemctl restart rwatchd"});
    if (std::none_of(loaded.rules->rules().begin(), loaded.rules->rules().end(),
                     [](const rules::Rule& rule) { return rule.enabled; }))
        notes.push_back({Severity::warning,
                         "no-rules",
                         {},
                         "no rule is enabled: nothing can be detected",
                         "are there files in the rule directories?"});
    tell_undelivered(outlet_.replace(next, kReplaceLimit));
    config_ = next;
    carry_over(*rules_, *loaded.rules);
    rules_ = std::move(loaded.rules);
    rule_files_ = loaded.rule_files;
    pauses_.apply(*rules_);
    watched_names_ = enricher_.watch(rules_->watched_paths());
    put_in_force();
    await_in_force();
    ++generation_;
}

void Daemon::stop() noexcept {
    if (std::exchange(stopping_, true))
        return;
    sd_notify(0, "STOPPING=1");
    runner_.stop(); // probes off, ring drained, debounce told
    on_alerts();
    outlet_.stop(kStopLimit);
    tell_undelivered(outlet_.statuses());
    bus_.reset();
    mark_.clear();
}

} // namespace rwatch::app
