// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl pause and resume: switch detectors off for a while, on the record.
#include "command.hpp"
#include "core/escape.hpp"
#include "core/time.hpp"
#include "render.hpp"

#include <array>

namespace rwatch::ctl {

namespace {

constexpr std::array<OptionSpec, 2> kPauseOptions{{
    {"for", '\0', "SPAN", "how long: 10m, 1h30min; without it, until resumed"},
    {"reason", '\0', "TEXT", "why; kept, shown and part of the alert about the pause"},
}};

std::string listed(const std::vector<std::string>& rules) {
    std::string out;
    for (const auto& rule : rules)
        out += "  " + escape(rule) + "\n";
    return out;
}

int run_pause(const Context& context) {
    std::uint64_t usec = 0;
    if (const auto span = context.args().value("for")) {
        usec = span_usec(*span, "for");
        if (usec == 0)
            throw UsageError("--for: '" + escape(*span) + "' is too short");
    }
    const auto rules =
        context.client().pause(context.args().positionals().front(), usec, context.args().value("reason").value_or(""));
    if (context.json()) {
        context.print(Json{{"paused", rules}, {"usec", usec}});
        return kOk;
    }
    const auto until =
        usec == 0 ? "until resumed" : "until " + long_time(wall_now() + static_cast<std::int64_t>(usec) * 1000);
    context.print("Paused " + counted(rules.size(), "rule") + " " + until + ":\n" + listed(rules));
    return kOk;
}

int run_resume(const Context& context) {
    const auto rules = context.client().resume(context.args().positionals().front());
    if (context.json())
        context.print(Json{{"resumed", rules}});
    else if (rules.empty())
        context.print("Nothing to resume: no pause of '" + escape(context.args().positionals().front()) + "'.\n");
    else
        context.print("Resumed " + counted(rules.size(), "rule") + ":\n" + listed(rules));
    return kOk;
}

} // namespace

constinit const Verb kPauseVerb{"pause",
                                "RULE-OR-TAG",
                                "Pause a rule, or all rules with a tag",
                                "A pause is itself alerted, with who and why; 'rwatchctl detectors' shows it.",
                                kPauseOptions,
                                1,
                                1,
                                run_pause};

constinit const Verb kResumeVerb{"resume", "RULE-OR-TAG", "End a pause", "", {}, 1, 1, run_resume};

} // namespace rwatch::ctl
