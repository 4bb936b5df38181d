// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl check FILE-OR-DIR...: what the daemon would say to these rules, without a daemon.
#include "command.hpp"
#include "diagnostics_text.hpp"
#include "render.hpp"
#include "rule_files.hpp"

#include <utility>

namespace rwatch::ctl {

namespace {

std::string rules_summary(const LoadedRules& loaded) {
    std::string out;
    if (loaded.result.set != nullptr) {
        out = counted(loaded.result.set->rules().size(), "rule");
        for (const auto& [count, kind] : {std::pair(loaded.result.macros, "macro"), {loaded.result.lists, "list"}})
            if (count > 0)
                out += ", " + counted(count, kind);
        out += " in ";
    }
    return out + counted(loaded.texts.size(), "file") + ": " + count_text(loaded.diagnostics) + "\n";
}

int run_check(const Context& context) {
    const auto loaded = load_rules(read_rule_files(context.args().positionals()));
    if (context.json())
        context.print(Json{{"ok", loaded.ok},
                           {"files", loaded.texts.size()},
                           {"rules", loaded.result.set == nullptr ? 0 : loaded.result.set->rules().size()},
                           {"diagnostics", diagnostics_json(loaded.diagnostics)}});
    else
        context.print(render_all(loaded.diagnostics, loaded.sources(), context.terminal()) + rules_summary(loaded));
    return loaded.ok ? kOk : kFailed;
}

} // namespace

constinit const Verb kCheckVerb{"check",
                                "FILE-OR-DIR...",
                                "Validate rules, with no daemon",
                                "Files load in the order of their names, as in the daemon; of a folder all *.yaml,\n"
                                "*.yml and *.json. Of several folders no file hides another; rwatchd --check tells\n"
                                "what it would load of its own. Exit status 1 where there is an error.",
                                {},
                                1,
                                kAnyNumber,
                                run_check};

} // namespace rwatch::ctl
