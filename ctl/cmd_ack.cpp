// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl ack ID...: marks alerts as seen.
#include "command.hpp"
#include "render.hpp"

#include <array>

namespace rwatch::ctl {

namespace {

constexpr std::array<OptionSpec, 1> kAckOptions{{{"note", '\0', "TEXT", "kept and shown with the alert"}}};

int run_ack(const Context& context) {
    const auto& ids = context.args().positionals();
    context.client().acknowledge(ids, context.args().value("note").value_or(""));
    if (context.json())
        context.print(Json{{"acknowledged", ids}});
    else
        context.print("Acknowledged " + counted(ids.size(), "alert") + ".\n");
    return kOk;
}

} // namespace

constinit const Verb kAckVerb{"ack",
                              "ID...",
                              "Acknowledge alerts",
                              "Ids that exist are acknowledged even where others do not; those are named and the\n"
                              "exit status is 1.",
                              kAckOptions,
                              1,
                              kAnyNumber,
                              run_ack};

} // namespace rwatch::ctl
