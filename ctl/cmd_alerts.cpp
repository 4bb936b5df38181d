// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl alerts: the history as a table, newest last, so that the newest stands above the prompt.
#include "alert_text.hpp"
#include "command.hpp"
#include "core/priority.hpp"
#include "core/time.hpp"
#include "json_read.hpp"
#include "render.hpp"

#include <array>
#include <charconv>

namespace rwatch::ctl {

namespace {

constexpr std::array<OptionSpec, 7> kAlertsOptions{{
    {"since", 'S', "TIME", "only those at or after TIME: 03:00, -2h, yesterday, '2026-11-24 03:00'"},
    {"until", 'U', "TIME", "only those at or before TIME"},
    {"rule", 'r', "RULE", "only those of this rule"},
    {"priority", 'p', "PRIORITY", "only this priority and more urgent ones"},
    {"unit", 'u', "UNIT", "only those caused by processes of this systemd unit"},
    {"unacked", '\0', "", "only those that nobody has acknowledged"},
    {"lines", 'n', "N", "only the newest N"},
}};

AlertQuery query_of(const Arguments& args) {
    AlertQuery query;
    if (const auto since = args.value("since"))
        query.filter.insert_or_assign("since_usec", time_usec(*since, "since"));
    if (const auto until = args.value("until"))
        query.filter.insert_or_assign("until_usec", time_usec(*until, "until"));
    for (const char* key : {"rule", "unit"})
        if (const auto value = args.value(key))
            query.filter.insert_or_assign(key, *value);
    if (const auto value = args.value("priority")) {
        const auto priority = parse_priority(*value);
        if (!priority)
            throw UsageError("--priority: '" + escape(*value) + "' is no priority; there are " + priority_names());
        query.filter.insert_or_assign("priority", std::string(to_string(*priority)));
    }
    if (args.has("unacked"))
        query.filter.insert_or_assign("unacknowledged", true);
    if (const auto lines = args.value("lines")) {
        const auto [end, error] = std::from_chars(lines->data(), lines->data() + lines->size(), query.limit);
        if (error != std::errc{} || end != lines->data() + lines->size() || query.limit == 0)
            throw UsageError("-n: '" + escape(*lines) + "' is no number above 0");
    }
    return query;
}

std::string time_cell(const Json& alert, const Terminal& terminal) {
    const auto raw = text(alert, "time");
    const auto time = parse_time(raw, 0);
    return terminal.tty && time ? short_time(*time) : raw;
}

std::string alerts_table(const Json& alerts, const Terminal& terminal) {
    Table table({{"TIME"},
                 {"PRIORITY"},
                 {"RULE", false, true},
                 {"UNIT", false, true, true},
                 {"REPEATS", true, false, true},
                 {"ACK", false, false, true},
                 {"ID"},
                 {"WHAT", false, true}});
    for (const auto& alert : alerts) {
        const auto priority = text(alert, "priority");
        const auto repeats = number(alert, "suppressed");
        const bool acknowledged = member(alert, "acknowledged").is_object();
        table.add({{time_cell(alert, terminal), Tint::none},
                   {priority, tint_of_priority(priority)},
                   {text(alert, "rule"), Tint::none},
                   {text(alert, "unit"), Tint::none},
                   {repeats == 0 ? "" : grouped(repeats), Tint::none},
                   {acknowledged ? "yes" : "", Tint::grey},
                   {text(alert, "id"), Tint::grey},
                   {text(alert, "output"), Tint::none}});
    }
    return table.render(terminal);
}

int run_alerts(const Context& context) {
    const auto query = query_of(context.args());
    const auto alerts = context.client().alerts(query);
    if (context.json()) {
        Json ordered = Json::array();
        for (const auto& alert : alerts)
            ordered.push_back(in_contract_order(alert));
        context.print(ordered);
        return kOk;
    }
    if (alerts.empty()) {
        if (context.terminal().tty)
            context.print(std::string("No alerts") + (query.filter.empty() ? ".\n" : " that match.\n"));
        return kOk;
    }
    context.print(alerts_table(alerts, context.terminal()));
    return kOk;
}

} // namespace

constinit const Verb kAlertsVerb{"alerts",
                                 "",
                                 "List alerts, newest last",
                                 "Where standard output is no terminal: one alert a line, columns separated by tabs:\n"
                                 "time, priority, rule, unit, repeats, acknowledged, id, output.",
                                 kAlertsOptions,
                                 0,
                                 0,
                                 run_alerts};

} // namespace rwatch::ctl
