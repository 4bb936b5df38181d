// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl status: whether this machine is watched, at a glance: what is not seen, lost or not delivered stands out.
#include "command.hpp"
#include "core/time.hpp"
#include "status_text.hpp"

namespace rwatch::ctl {

namespace {

int run(const Context& context) {
    try {
        const auto status = context.client().status();
        if (context.json())
            context.print(status);
        else
            context.print(status_text(status, context.terminal(), wall_now()));
        return kOk;
    } catch (const Failure& failure) {
        if (failure.status() != kNotRunning)
            throw;
        if (context.json())
            context.print(Json{{"state", "not running"}, {"state_reason", failure.what()}});
        else
            context.print(not_running_text(failure.what(), context.terminal()));
        return kNotRunning;
    }
}

} // namespace

constinit const Verb kStatusVerb{
    "status", "", "Show daemon, rules, probes, losses, alerts and sinks",
    "A probe that is not attached, events that were lost and alerts that could not be\n"
    "delivered are marked: what rwatchd does not see, it says.",
    {}, 0, 0, run};

} // namespace rwatch::ctl
