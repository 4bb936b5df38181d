// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl reload: all or nothing, and every reason why not.
#include "command.hpp"
#include "diagnostics_text.hpp"
#include "json_read.hpp"
#include "render.hpp"

namespace rwatch::ctl {

namespace {

int run_reload(const Context& context) {
    const auto answer = context.client().reload();
    const auto diagnostics = diagnostics_of(answer.diagnostics);
    const bool ok = !has_errors(diagnostics);
    if (context.json()) {
        context.print(Json{{"ok", ok}, {"generation", answer.generation}, {"diagnostics", answer.diagnostics}});
        return ok ? kOk : kFailed;
    }
    // The files are usually readable here too: show the line that is meant.
    std::string out = render_all(diagnostics, read_sources(diagnostics), context.terminal());
    const auto generation = "generation " + std::to_string(answer.generation);
    out += ok ? "Reloaded: " + generation + " is in force.\n"
              : paint("Not reloaded:", Tint::red, context.terminal()) + " " + count_text(diagnostics) + "; " +
                    generation + " stays in force.\n";
    context.print(out);
    return ok ? kOk : kFailed;
}

} // namespace

constinit const Verb kReloadVerb{"reload",
                                 "",
                                 "Load rules and configuration anew",
                                 "All or nothing: where anything is wrong, every problem is printed, the exit status\n"
                                 "is 1 and the rules in force stay.",
                                 {},
                                 0,
                                 0,
                                 run_reload};

} // namespace rwatch::ctl
