// SPDX-License-Identifier: MIT OR Apache-2.0
// The composition root: builds everything in the order in which it depends on one another, runs the main loop, and is
// what the bus objects ask.
#pragma once

#include "alerts/history.hpp"
#include "app/canary_watch.hpp"
#include "app/health.hpp"
#include "app/loop.hpp"
#include "app/loss_watch.hpp"
#include "app/options.hpp"
#include "app/outlet.hpp"
#include "app/pauses.hpp"
#include "app/run_mark.hpp"
#include "app/runner.hpp"
#include "app/sources.hpp"
#include "bus/control.hpp"
#include "bus/service.hpp"
#include "pipeline/pipeline.hpp"
#include "pipeline/sifter.hpp"
#include "pipeline/system_enricher.hpp"
#include "sensor/canary.hpp"
#include "sensor/event_source.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rwatch::app {

class Daemon : private bus::Control {
  public:
    /// loaded: without errors. SIGTERM, SIGINT and SIGHUP must be blocked. Attaches the probes: throws Error where
    /// that, or anything else that is needed, fails.
    Daemon(Options options, Loaded loaded);
    ~Daemon() override;
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    /// Until a signal ends it; the exit status.
    int run();

  private:
    // bus::Control
    [[nodiscard]] bus::Status status() const override;
    [[nodiscard]] std::vector<bus::Detector> detectors() const override;
    bus::ReloadResult reload() override;
    [[nodiscard]] const alerts::History& history() const override { return history_; }
    std::vector<std::string> acknowledge(const std::vector<std::string>& ids,
                                         const alerts::Acknowledgement& ack) override;
    std::optional<std::vector<std::string>> pause(const std::string& selector, std::int64_t for_ns,
                                                  const std::string& reason, std::uint32_t uid) override;
    std::optional<std::vector<std::string>> resume(const std::string& selector, std::uint32_t uid) override;

    bus::OpenedPipe open_events(const std::string& condition) override;
    bus::OpenedPipe open_capture() override;
    void service_changed(bool runs, const std::string& unit, const std::string& state) override;
    void services_watched(const std::string& trouble) override;

    /// Rules, and what the kernel is asked for on their behalf.
    struct InForce {
        std::shared_ptr<const rules::RuleSet> rules;
        std::shared_ptr<const rules::Interest> interest;
    };
    /// Hands rules_ to the pipeline; all hooks that they need are there by then.
    void put_in_force();
    void hook(const event::CallSet& calls);
    /// Takes hooks off that nobody needs any more.
    void unhook();
    void await_in_force() const noexcept;
    void take_news();
    void drop_closed_listeners();
    template <typename Kind, typename First> bus::OpenedPipe open_pipe(std::size_t most, First first);
    void watch_signals();
    void tell_probes() const;
    void start_timers();
    void watch_accounts();
    void stop() noexcept;
    void on_alerts();
    void every_second();
    void check_health();
    void end_pauses();
    void tell_gap();
    void feed_watchdog();
    void tell_systemd();
    void apply(Loaded loaded, Diagnostics& notes);
    void raise(std::string rule, rules::Priority priority, const std::string& output,
               std::vector<std::pair<std::string, alerts::FieldValue>> fields);
    [[nodiscard]] std::map<std::string, std::uint64_t> losses() const;
    [[nodiscard]] std::map<std::string, std::uint64_t> shortfalls() const;
    [[nodiscard]] std::vector<bus::ProbeStatus> probe_statuses() const;
    [[nodiscard]] std::vector<alerts::SinkStatus> sink_statuses() const;

    Options options_;
    config::Config config_;
    std::shared_ptr<const rules::RuleSet> rules_;
    std::vector<std::string> watched_names_; ///< other names of files that they name
    std::size_t rule_files_;
    std::int64_t started_ns_;
    std::uint64_t generation_ = 1;
    Loop loop_;
    alerts::AlertFactory factory_;
    /// Before the probes, which let its thread's events through, and before the sinks: its table of descriptors is a
    /// copy, and would keep the log locked.
    sensor::Canary canary_;
    Outlet outlet_;
    alerts::History history_;
    Pauses pauses_;
    Health health_;
    event::CallSet needed_, hooked_; ///< calls: by the rules, and now
    std::unique_ptr<sensor::EventSource> source_;
    pipeline::SelfWatch self_;
    CanaryWatch canary_watch_;
    pipeline::SystemEnricher enricher_;
    std::shared_ptr<pipeline::Sifter> sifter_; ///< on the pipeline's thread
    pipeline::Pipeline pipeline_;
    Mailbox<InForce> rules_box_;                                              ///< for the pipeline
    Mailbox<std::vector<std::shared_ptr<pipeline::Listener>>> listeners_box_; ///< for the pipeline
    Mailbox<std::vector<std::vector<std::byte>>> services_box_;               ///< records, for the pipeline
    LossWatch loss_watch_;
    Runner runner_;
    std::vector<std::shared_ptr<pipeline::Listener>> listeners_;
    std::optional<bus::Service> bus_;
    RunMark mark_;
    std::string last_status_;
    std::string services_unseen_ = "not on the bus"; ///< why; "" they are seen
    std::uint64_t own_alerts_ = 0;                   ///< raised about rwatch itself
    bool stopping_ = false;
};

} // namespace rwatch::app
