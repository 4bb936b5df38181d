// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl status: whether this machine is watched, at a glance: what is not seen, lost or not delivered stands out.
#include "command.hpp"
#include "core/time.hpp"
#include "status_text.hpp"

namespace rwatch::ctl {

namespace {

int absent(const Context& context, const Failure& failure, bool known) {
    if (context.json())
        context.print(Json{{"state", known ? "not running" : "unknown"}, {"state_reason", failure.what()}});
    else
        context.print(not_running_text(failure.what(), known, context.terminal()));
    return kNotRunning;
}

int run_status(const Context& context) {
    try {
        const auto status = context.client().status();
        if (context.json())
            context.print(status);
        else
            context.print(status_text(status, context.terminal(), wall_now()));
        return kOk;
    } catch (const BusUnreachable& failure) {
        return absent(context, failure, false);
    } catch (const Failure& failure) {
        if (failure.status() != kNotRunning)
            throw;
        return absent(context, failure, true);
    }
}

} // namespace

constinit const Verb kStatusVerb{"status",
                                 "",
                                 "Show daemon, rules, probes, losses, alerts and sinks",
                                 "A probe that is not attached, events that were lost and alerts that could not be\n"
                                 "delivered are marked: what rwatchd does not see, it says.",
                                 {},
                                 0,
                                 0,
                                 run_status};

} // namespace rwatch::ctl
