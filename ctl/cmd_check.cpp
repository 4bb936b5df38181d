// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl check FILE-OR-DIR...: what the daemon would say to these rules, without a daemon.
#include "command.hpp"
#include "core/escape.hpp"
#include "diagnostics_text.hpp"
#include "render.hpp"
#include "rule_files.hpp"
#include "rules/interest.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

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

using How = rules::RuleInterest::How;
using Interests = std::vector<rules::RuleInterest>; // by rule

/// Names of the classes of opens that are asked for so.
std::vector<std::string> classes(const rules::RuleInterest& interest, How how) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < event::kOpenClasses; ++i)
        if (interest.by_class[i] == how)
            out.emplace_back(event::name_of(static_cast<event::OpenClass>(i)));
    return out;
}

std::string listed(const std::vector<std::string>& items, std::size_t most) {
    std::string out;
    for (std::size_t i = 0; i < items.size() && i < most; ++i)
        out.append(i == 0 ? "" : ", ").append(items[i]);
    if (items.size() > most)
        out += " and " + std::to_string(items.size() - most) + " more";
    return out;
}

/// " done, begun of AF_INET SOCK_RAW by /usr/bin/curl"
std::string limits(const rules::CallNeed& need) {
    constexpr std::size_t kMostShown = 8;
    std::string out;
    if (!need.outcomes.empty())
        out += " " + listed(need.outcomes, kMostShown);
    if (!need.values.empty())
        out += " of " + listed(need.values, need.values.size());
    if (need.more_values > 0)
        out += " and " + std::to_string(need.more_values) + " more";
    if (!need.exes.empty())
        out += " by " + listed(need.exes, kMostShown);
    return out;
}

/// Calls that are asked for alike stand together.
std::string explain_calls(const rules::RuleInterest& interest) {
    std::vector<std::pair<std::string, std::string>> lines; // limits, and the calls
    for (const auto& need : interest.calls) {
        const auto text = limits(need);
        const auto same =
            std::find_if(lines.begin(), lines.end(), [&](const auto& line) { return line.first == text; });
        if (same == lines.end())
            lines.emplace_back(text, event::name_of(need.call));
        else
            same->second += ", " + std::string(event::name_of(need.call));
    }
    std::string out;
    for (const auto& [text, calls] : lines)
        out += "  " + std::string(text.empty() ? "every " : "") + calls + escape(text) + "\n";
    return out;
}

/// What the kernel is asked for: opens of which every one comes first, since they are what costs.
std::string explain(const rules::RuleSet& set, const Interests& interests) {
    constexpr std::size_t kMostShown = 8;
    std::string out;
    std::size_t none = 0;
    for (const bool floods : {true, false})
        for (std::size_t i = 0; i < interests.size(); ++i) {
            const auto& interest = interests[i];
            none += floods && interest.nothing() ? 1 : 0;
            if (interest.nothing() || interest.all() != floods)
                continue;
            out += escape(set.rules()[i].name) + "\n";
            if (const auto all = classes(interest, How::all); !all.empty())
                out += "  every open to " + listed(all, kMostShown) + "\n";
            if (const auto some = classes(interest, How::by_path); !some.empty())
                out += "  opens to " + listed(some, kMostShown) + " of " + escape(listed(interest.paths, kMostShown)) +
                       "\n";
            if (const auto some = classes(interest, How::by_exe); !some.empty())
                out += "  opens to " + listed(some, kMostShown) + " by " + escape(listed(interest.exes, kMostShown)) +
                       "\n";
            out += explain_calls(interest);
            if (!interest.left.empty())
                out += "  left to the daemon: " + listed(interest.left, kMostShown) + "\n";
        }
    return out + counted(none, "rule") +
           " of starts and ends of processes alone, which always come; so do, for the daemon itself, renames, links,\n"
           "removals, mounts, new directories and nodes, and changes of who a process is and how it is called\n";
}

Json calls_json(const rules::RuleInterest& interest) {
    auto out = Json::array();
    for (const auto& need : interest.calls)
        out.push_back({{"call", event::name_of(need.call)},
                       {"every", need.every()},
                       {"outcomes", need.outcomes},
                       {"values", need.values},
                       {"more_values", need.more_values},
                       {"exes", need.exes}});
    return out;
}

Json explain_json(const rules::RuleSet& set, const Interests& interests) {
    auto out = Json::array();
    for (std::size_t i = 0; i < interests.size(); ++i)
        out.push_back({{"rule", set.rules()[i].name},
                       {"every_open", classes(interests[i], How::all)},
                       {"opens_by_path", classes(interests[i], How::by_path)},
                       {"opens_by_exe", classes(interests[i], How::by_exe)},
                       {"paths", interests[i].paths},
                       {"exes", interests[i].exes},
                       {"calls", calls_json(interests[i])},
                       {"left_to_daemon", interests[i].left}});
    return out;
}

constexpr std::array<OptionSpec, 1> kCheckOptions{
    {{"explain", '\0', "", "which calls each rule has the kernel report"}}};

/// Rules that have the kernel report every read, listing or failed open of the machine: nearly all of its events.
Diagnostics floods(const rules::RuleSet& set, const Interests& interests) {
    using event::OpenClass;
    Diagnostics out;
    for (std::size_t i = 0; i < interests.size(); ++i) {
        const auto all = [&](OpenClass one) {
            return interests[i].by_class[static_cast<std::size_t>(one)] == How::all;
        };
        if (all(OpenClass::read) || all(OpenClass::directory) || all(OpenClass::failed))
            out.push_back({Severity::warning, "every-open", set.rules()[i].where,
                           "rule '" + set.rules()[i].name + "' asks for every open that " +
                               (all(OpenClass::read) || all(OpenClass::directory) ? "reads" : "fails") +
                               ": nearly all events of a machine",
                           "ask for a path, proc.exepath, evt.is_open_write = true or evt.rawres >= 0, in a part that "
                           "must hold"});
    }
    return out;
}

int run_check(const Context& context) {
    auto loaded = load_rules(read_rule_files(context.args().positionals()));
    const auto* set = loaded.result.set.get();
    const auto interests = set == nullptr ? Interests() : rules::explain_interest(*set);
    if (set != nullptr)
        for (auto& diagnostic : floods(*set, interests))
            loaded.diagnostics.push_back(std::move(diagnostic));
    const bool explained = context.args().has("explain") && set != nullptr;
    if (context.json()) {
        Json out{{"ok", loaded.ok},
                 {"files", loaded.texts.size()},
                 {"rules", set == nullptr ? 0 : set->rules().size()},
                 {"diagnostics", diagnostics_json(loaded.diagnostics)}};
        if (explained)
            out["interest"] = explain_json(*set, interests);
        context.print(out);
    } else {
        context.print(render_all(loaded.diagnostics, loaded.sources(), context.terminal()) +
                      (explained ? explain(*set, interests) : "") + rules_summary(loaded));
    }
    return loaded.ok ? kOk : kFailed;
}

} // namespace

constinit const Verb kCheckVerb{"check",
                                "FILE-OR-DIR...",
                                "Validate rules, with no daemon",
                                "Files load in the order of their names, as in the daemon; of a folder all *.yaml,\n"
                                "*.yml and *.json. Of several folders no file hides another; rwatchd --check tells\n"
                                "what it would load of its own. Exit status 1 where there is an error.",
                                kCheckOptions,
                                1,
                                kAnyNumber,
                                run_check};

} // namespace rwatch::ctl
