// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl show ID: one alert, explained.
#include "alert_text.hpp"
#include "command.hpp"
#include "core/time.hpp"
#include "json_read.hpp"

namespace rwatch::ctl {

namespace {

constexpr std::string_view kNewest = "last";

std::string newest_id(Client& client) {
    AlertQuery query;
    query.limit = 1;
    const auto list = client.alerts(query);
    if (list.empty())
        throw Failure(kFailed, "there is no alert yet");
    return text(list.front(), "id");
}

int run_show(const Context& context) {
    auto client = context.client();
    const auto& wanted = context.args().positionals().front();
    const auto alert = client.alert(wanted == kNewest ? newest_id(client) : wanted);
    if (context.json())
        context.print(in_contract_order(alert));
    else
        context.print(alert_text(alert, context.terminal(), wall_now()));
    return kOk;
}

} // namespace

constinit const Verb kShowVerb{"show",
                               "ID",
                               "Explain one alert",
                               "What happened, which process did it and where that came from, and what to do next.\n"
                               "ID is as 'rwatchctl alerts' shows it, or 'last' for the newest alert.",
                               {},
                               1,
                               1,
                               run_show};

} // namespace rwatch::ctl
