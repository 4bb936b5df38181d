// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl watch: alerts as they come, a line each, until interrupted. Outlives restarts of the daemon.
#include "alert_text.hpp"
#include "command.hpp"
#include "core/escape.hpp"

namespace rwatch::ctl {

namespace {

void print_alert(const Context& context, Client& client, const std::string& id) {
    try {
        const auto alert = client.alert(id);
        context.print_line(context.json() ? context.one_line(in_contract_order(alert))
                                          : alert_line(alert, context.terminal()));
    } catch (const Failure& failure) {
        if (failure.status() == kNotAuthorised)
            throw;
        // Already out of the history, or the daemon just stopped: tell and go on.
        complain("alert " + escape(id) + ": " + failure.what());
    }
}

int run_watch(const Context& context) {
    auto client = context.client();
    // Asked at once, not at the first alert: may this user read alerts at all?
    AlertQuery newest;
    newest.limit = 1;
    (void)client.alerts(newest);
    client.watch(
        [&](const std::string& id) { print_alert(context, client, id); },
        [](bool running) { complain(running ? "rwatchd is back" : "rwatchd stopped; waiting for it to come back"); });
    return kOk;
}

} // namespace

constinit const Verb kWatchVerb{"watch",
                                "",
                                "Print alerts as they come",
                                "One line an alert; with --json one object a line. Ends with Ctrl-C.",
                                {},
                                0,
                                0,
                                run_watch};

} // namespace rwatch::ctl
