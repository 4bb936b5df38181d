// SPDX-License-Identifier: MIT OR Apache-2.0
// Whether the daemon sees and tells what it should: probes, losses, sinks, the pipeline's pulse. "Healthy" never hides
// blindness.
#pragma once

#include "alerts/alert.hpp"
#include "bus/control.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace rwatch::app {

/// Everything that is judged, taken at one moment.
struct Vitals {
    std::int64_t now_ns = 0; ///< CLOCK_BOOTTIME
    std::int64_t heartbeat_ns = 0;
    std::size_t active_rules = 0; ///< enabled and not paused
    std::vector<bus::ProbeStatus> probes;
    std::map<std::string, std::string> silent; ///< hooks that do not answer the canary, by probe
    bool canary_stuck = false;
    std::map<std::string, std::uint64_t> lost; ///< totals since the start, by kind or cause
    std::map<std::string, std::uint64_t>
        lost_by; ///< the same by whose they were: unit, container or control group; "" unknown
    std::vector<alerts::SinkStatus> sinks;
    std::string bus_trouble; ///< "" none
};

class Health {
  public:
    static constexpr std::int64_t kPipelineStuck = 5'000'000'000;    ///< without a sign of life
    static constexpr std::int64_t kLossRemembered = 300'000'000'000; ///< a loss keeps the state degraded for so long
    static constexpr std::int64_t kAlertEvery = 10'000'000'000;      ///< between two alerts about the same trouble
    static constexpr std::size_t kMostNamed = 8; ///< who lost most, in that time: each is told at once

    using Raise = std::function<void(std::string rule, rules::Priority priority, std::string output,
                                     std::vector<std::pair<std::string, alerts::FieldValue>> fields)>;

    explicit Health(Raise raise) : raise_(std::move(raise)) {}

    /// About once a second: notices what got worse, raises alerts about it.
    void check(const Vitals& vitals);
    /// "running" or "degraded", and why.
    [[nodiscard]] const std::string& state() const noexcept { return state_; }
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
    /// False where the watchdog must not be fed.
    [[nodiscard]] bool pipeline_alive() const noexcept { return alive_; }
    /// For the log: what became wrong since it was last asked, each trouble once however often its details change, and
    /// that all is well again.
    [[nodiscard]] std::vector<std::string> take_news() noexcept { return std::exchange(news_, {}); }
    /// True once after check() noticed a new loss.
    [[nodiscard]] bool take_new_loss() noexcept { return std::exchange(new_loss_, false); }

  private:
    struct Trouble {
        std::string what, why;
    };
    void check_losses(const Vitals& vitals);
    void check_sinks(const Vitals& vitals);
    void check_silence(const Vitals& vitals);
    void judge(const Vitals& vitals);
    void report(const std::vector<Trouble>& troubles);

    Raise raise_;
    std::map<std::string, std::uint64_t> told_lost_, told_lost_by_, seen_lost_;
    std::map<std::string, std::uint64_t> told_dropped_;
    std::map<std::string, std::string> told_silent_;
    std::set<std::string> told_troubles_, named_;
    std::vector<std::string> news_;
    std::int64_t last_loss_ns_ = 0, next_loss_alert_ns_ = 0, next_sink_alert_ns_ = 0;
    bool alive_ = true, new_loss_ = false;
    std::string state_ = "starting", reason_;
};

} // namespace rwatch::app
