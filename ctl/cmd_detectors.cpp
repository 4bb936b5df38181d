// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl detectors: every rule, what it found, what it costs, and who paused it.
#include "command.hpp"
#include "core/time.hpp"
#include "json_read.hpp"
#include "render.hpp"
#include "users.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace rwatch::ctl {

namespace {

std::string pause_text(const Json& pause, const Terminal& terminal) {
    if (!pause.is_object())
        return {};
    auto out = "by " + user_name(number(pause, "uid"));
    const auto until = time_of(pause, "until_usec");
    out += until == 0 ? " until resumed" : " until " + (terminal.tty ? short_time(until) : rfc3339(until));
    const auto reason = text(pause, "reason");
    return reason.empty() ? out : out + ": " + reason;
}

std::string last_hit(const Json& detector, const Terminal& terminal) {
    const auto time = time_of(detector, "last_hit_usec");
    if (time == 0)
        return {};
    return terminal.tty ? short_time(time) : rfc3339(time);
}

Tint tint_of_state(const std::string& state) noexcept {
    return state == "active" || state == "counted" ? Tint::green : state == "paused" ? Tint::yellow : Tint::grey;
}

std::string detectors_table(const Json& detectors, const Terminal& terminal) {
    Table table({{"STATE"},
                 {"PRIORITY"},
                 {"RULE", false, true},
                 {"HITS", true},
                 {"SUPPRESSED", true},
                 {"EVICTED", true, false, true},
                 {"LAST HIT"},
                 {"COST", true},
                 {"PAUSED", false, true, true}});
    for (const auto& detector : detectors) {
        const auto state = text(detector, "state");
        const auto priority = text(detector, "priority");
        const auto evicted = number(detector, "evicted");
        const auto cost = number(detector, "mean_cost_ns");
        table.add({{state, tint_of_state(state)},
                   {priority, tint_of_priority(priority)},
                   {text(detector, "name"), Tint::none},
                   {grouped(number(detector, "hits")), Tint::none},
                   {grouped(number(detector, "suppressed")), Tint::none},
                   {evicted == 0 ? "" : grouped(evicted), Tint::yellow},
                   {last_hit(detector, terminal), Tint::none},
                   {cost == 0 ? "" : format_span(static_cast<std::int64_t>(cost)), Tint::none},
                   {pause_text(member(detector, "pause"), terminal), Tint::yellow}});
    }
    return table.render(terminal);
}

double total_cost(const Json& detector) {
    return static_cast<double>(number(detector, "tried")) * static_cast<double>(number(detector, "mean_cost_ns"));
}

/// What the rules cost in the daemon, the dearest first.
std::string cost_table(const Json& detectors, const Terminal& terminal) {
    std::vector<const Json*> order;
    double all = 0;
    for (const auto& detector : detectors) {
        order.push_back(&detector);
        all += total_cost(detector);
    }
    std::stable_sort(order.begin(), order.end(),
                     [](const Json* a, const Json* b) { return total_cost(*a) > total_cost(*b); });
    Table table({{"SHARE", true}, {"TRIED", true}, {"COST", true}, {"MATCHED", true}, {"RULE", false, true}});
    for (const auto* detector : order) {
        const auto cost = number(*detector, "mean_cost_ns");
        const auto share = all == 0 ? 0 : std::lround(1000 * total_cost(*detector) / all);
        table.add({{std::to_string(share / 10) + "." + std::to_string(share % 10) + " %", Tint::none},
                   {grouped(number(*detector, "tried")), Tint::none},
                   {cost == 0 ? "" : format_span(static_cast<std::int64_t>(cost)), Tint::none},
                   {grouped(number(*detector, "matched")), Tint::none},
                   {text(*detector, "name"), Tint::none}});
    }
    return table.render(terminal);
}

constexpr std::array<OptionSpec, 1> kDetectorsOptions{
    {{"cost", '\0', "", "what each rule costs the daemon, the dearest first"}}};

int run_detectors(const Context& context) {
    const auto detectors = context.client().detectors();
    if (context.json())
        context.print(detectors);
    else
        context.print(context.args().has("cost") ? cost_table(detectors, context.terminal())
                                                 : detectors_table(detectors, context.terminal()));
    return kOk;
}

} // namespace

constinit const Verb kDetectorsVerb{
    "detectors",
    "",
    "List rules: state, hits, cost",
    "HITS are alerts before repeats were held back, SUPPRESSED the repeats, EVICTED groups that\n"
    "its correlation had no room to count on with, COST the mean time of one evaluation.\n"
    "A rule that is counted raises nothing itself: correlations hear of it. With --cost SHARE is\n"
    "the rule's part of the time that all rules take, TRIED the events that its condition was\n"
    "tried on, as far as a sample tells. What it costs in the kernel says check --explain.",
    kDetectorsOptions,
    0,
    0,
    run_detectors};

} // namespace rwatch::ctl
