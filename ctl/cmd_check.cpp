// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl check FILE-OR-DIR...: what the daemon would say to these rules, without a daemon.
#include "command.hpp"
#include "diagnostics_text.hpp"
#include "render.hpp"
#include "rule_files.hpp"

#include <utility>

namespace rwatch::ctl {

namespace {

std::string rules_summary(const RuleFiles& files, const rules::LoadResult& result, const Diagnostics& diagnostics) {
    std::string out;
    if (result.set != nullptr) {
        out = counted(result.set->rules().size(), "rule");
        for (const auto& [count, kind] : {std::pair(result.macros, "macro"), {result.lists, "list"}})
            if (count > 0)
                out += ", " + counted(count, kind);
        out += " in ";
    }
    return out + counted(files.texts.size(), "file") + ": " + count_text(diagnostics) + "\n";
}

int run_check(const Context& context) {
    const auto files = read_rule_files(context.args().positionals());
    const auto result = rules::load(files.texts);
    auto diagnostics = files.diagnostics;
    diagnostics.insert(diagnostics.end(), result.diagnostics.begin(), result.diagnostics.end());
    const bool ok = !has_errors(diagnostics) && result.set != nullptr;
    if (context.json()) {
        context.print(Json{{"ok", ok},
                           {"files", files.texts.size()},
                           {"rules", result.set == nullptr ? 0 : result.set->rules().size()},
                           {"diagnostics", diagnostics_json(diagnostics)}});
        return ok ? kOk : kFailed;
    }
    Sources sources;
    for (const auto& text : files.texts)
        sources.emplace(text.file, text.text);
    context.print(render_all(diagnostics, sources, context.terminal()) + rules_summary(files, result, diagnostics));
    return ok ? kOk : kFailed;
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
