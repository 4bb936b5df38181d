// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/health.hpp"

#include "core/time.hpp"

#include <algorithm>

namespace rwatch::app {

namespace {

using Counts = std::map<std::string, std::uint64_t>;

/// What grew since `before`, by name.
Counts growth(const Counts& now, const Counts& before) {
    Counts grown;
    for (const auto& [name, count] : now) {
        const auto found = before.find(name);
        const auto old = found == before.end() ? 0 : found->second;
        if (count > old)
            grown[name] = count - old;
    }
    return grown;
}

std::string list(const Counts& counts) {
    std::string text;
    for (const auto& [name, count] : counts)
        text.append(text.empty() ? "" : ", ").append(std::to_string(count)).append(" ").append(name);
    return text;
}

} // namespace

void Health::check(const Vitals& vitals) {
    alive_ = vitals.now_ns - vitals.heartbeat_ns < kPipelineStuck;
    check_losses(vitals);
    check_sinks(vitals);
    check_silence(vitals);
    judge(vitals);
}

void Health::check_losses(const Vitals& vitals) {
    if (!growth(vitals.lost, seen_lost_).empty()) {
        last_loss_ns_ = vitals.now_ns;
        new_loss_ = true;
    }
    seen_lost_ = vitals.lost;
    const auto untold = growth(vitals.lost, told_lost_);
    if (untold.empty())
        return;
    const auto whose = growth(vitals.lost_by, told_lost_by_);
    const auto most =
        std::max_element(whose.begin(), whose.end(), [](auto& a, auto& b) { return a.second < b.second; });
    const bool known = most != whose.end() && !most->first.empty();
    if (vitals.now_ns >= next_loss_alert_ns_) {
        named_.clear();
        next_loss_alert_ns_ = vitals.now_ns + kAlertEvery;
    } else if (!known || named_.size() >= kMostNamed || named_.contains(most->first)) {
        return;
    }
    std::vector<std::pair<std::string, alerts::FieldValue>> fields;
    for (const auto& [name, count] : untold)
        fields.emplace_back("lost." + name, static_cast<std::int64_t>(count));
    auto text = "Events were lost: " + list(untold);
    if (known) {
        named_.insert(most->first);
        text.append("; ").append(std::to_string(most->second)).append(" of them of ").append(most->first);
        fields.emplace_back("lost.by", most->first);
        fields.emplace_back("lost.by.count", static_cast<std::int64_t>(most->second));
    }
    raise_("rwatch events lost", rules::Priority::error,
           text + ". What they would have shown was not seen; look for what floods the machine.", std::move(fields));
    told_lost_ = vitals.lost;
    told_lost_by_ = vitals.lost_by;
}

void Health::check_sinks(const Vitals& vitals) {
    Counts dropped;
    for (const auto& sink : vitals.sinks)
        dropped[sink.name] = sink.dropped;
    // Sinks that a reload replaced count from 0 again.
    for (auto& [name, told] : told_dropped_)
        told = std::min(told, dropped[name]);
    const auto untold = growth(dropped, told_dropped_);
    if (untold.empty() || vitals.now_ns < next_sink_alert_ns_)
        return;
    std::vector<std::pair<std::string, alerts::FieldValue>> fields;
    for (const auto& [name, count] : untold)
        fields.emplace_back("dropped." + name, static_cast<std::int64_t>(count));
    raise_("rwatch alerts undelivered", rules::Priority::error,
           "Alerts could not be delivered: " + list(untold) + ". See `rwatchctl status`.", std::move(fields));
    told_dropped_ = dropped;
    // The alert above may itself be dropped by the same sink: slowly, so that it can't feed itself.
    next_sink_alert_ns_ = vitals.now_ns + 6 * kAlertEvery;
}

void Health::check_silence(const Vitals& vitals) {
    if (vitals.silent == told_silent_)
        return;
    if (vitals.silent.empty())
        raise_("rwatch probes answer again", rules::Priority::notice,
               "All probes see again what the daemon itself does", {});
    for (const auto& [probe, hooks] : vitals.silent) {
        if (const auto told = told_silent_.find(probe); told != told_silent_.end() && told->second == hooks)
            continue;
        std::string text;
        text.append("Probe '")
            .append(probe)
            .append("' no longer sees what the daemon itself does (")
            .append(hooks)
            .append(").");
        for (const auto& status : vitals.probes)
            if (status.name == probe)
                text.append(" What goes unseen is ").append(status.blind).append(".");
        text.append(" Somebody may have taken it off.");
        raise_("rwatch probe silent", rules::Priority::critical, std::move(text),
               {{"probe", probe}, {"probe.hooks", hooks}});
    }
    told_silent_ = vitals.silent;
}

void Health::judge(const Vitals& vitals) {
    std::vector<Trouble> troubles;
    const auto add = [&](std::string what, std::string why) { troubles.push_back({std::move(what), std::move(why)}); };
    if (!alive_)
        add("the pipeline", " has not moved for " + format_span(vitals.now_ns - vitals.heartbeat_ns));
    if (vitals.active_rules == 0)
        add("no rule is active", ": nothing can be detected");
    for (const auto& probe : vitals.probes)
        if (probe.attached.empty())
            add("probe '" + probe.name + "' is not attached", ": " + probe.blind);
    for (const auto& [probe, hooks] : vitals.silent)
        add("probe '" + probe + "' is silent", ": " + hooks);
    if (vitals.canary_stuck)
        add("the canary does not come back", ": whether the probes see is not known");
    if (last_loss_ns_ != 0 && vitals.now_ns - last_loss_ns_ < kLossRemembered)
        add("events were lost", " " + format_span((vitals.now_ns - last_loss_ns_) / kSecond * kSecond) + " ago");
    for (const auto& sink : vitals.sinks)
        if (sink.state != "ok" && !sink.absent)
            add("sink '" + sink.name + "'", ": " + sink.state);
    if (!vitals.bus_trouble.empty())
        add("bus", ": " + vitals.bus_trouble);
    report(troubles);
}

void Health::report(const std::vector<Trouble>& troubles) {
    reason_.clear();
    std::set<std::string> now;
    for (const auto& [what, why] : troubles) {
        reason_.append(reason_.empty() ? "" : "; ").append(what).append(why);
        now.insert(what);
        if (told_troubles_.count(what) == 0)
            news_.push_back(std::string("degraded: ").append(what).append(why));
    }
    if (now.empty() && !told_troubles_.empty())
        news_.emplace_back("running again: nothing is wrong any more");
    told_troubles_.swap(now);
    state_ = troubles.empty() ? "running" : "degraded";
}

} // namespace rwatch::app
