// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl: the table of verbs, and from arguments to exit status.
#include "command.hpp"
#include "core/escape.hpp"
#include "core/suggest.hpp"
#include "help.hpp"

#include <algorithm>
#include <array>
#include <clocale>
#include <csignal>
#include <vector>

namespace {

using namespace rwatch;
using namespace rwatch::ctl;

const std::array<const Verb*, 15> kVerbs{&kStatusVerb, &kAlertsVerb,    &kShowVerb,   &kAckVerb,    &kWatchVerb,
                                         &kEventsVerb, &kDetectorsVerb, &kPauseVerb,  &kResumeVerb, &kReloadVerb,
                                         &kCheckVerb,  &kTestVerb,      &kRecordVerb, &kReplayVerb, &kDoctorVerb};

constexpr std::array<OptionSpec, 5> kGlobal{{
    {"bus", '\0', "BUS", "system (the default), session, or a D-Bus address"},
    {"json", '\0', "", "print JSON"},
    {"no-pager", '\0', "", "do not page long output"},
    {"help", 'h', "", "print help, of the verb where one is given"},
    {"version", '\0', "", "print the version"},
}};

const Verb& find_verb(std::string_view name) {
    const auto found = std::find_if(kVerbs.begin(), kVerbs.end(), [&](const Verb* verb) { return verb->name == name; });
    if (found != kVerbs.end())
        return **found;
    std::vector<std::string_view> names;
    names.reserve(kVerbs.size());
    for (const auto* verb : kVerbs)
        names.push_back(verb->name);
    const auto hint = did_you_mean(name, names);
    throw UsageError("unknown verb '" + escape(name) + "'" + (hint.empty() ? "" : ", " + hint));
}

void check_count(const Verb& verb, std::size_t count) {
    if (count < verb.least)
        throw UsageError("'" + std::string(verb.name) + "' needs " + std::string(verb.arguments));
    if (count > verb.most)
        throw UsageError("too many arguments for '" + std::string(verb.name) + "'");
}

int run(std::span<const std::string_view> args) {
    const auto terminal = detect_terminal();
    Arguments parsed;
    const auto at = parse_arguments(args, 0, kGlobal, true, parsed);
    if (parsed.has("version")) {
        Context(parsed, terminal).print(std::string("rwatchctl " RWATCH_VERSION "\n"));
        return kOk;
    }
    if (at == args.size()) {
        if (!parsed.has("help"))
            throw UsageError("no verb");
        Context(parsed, terminal).print(general_help(kVerbs, kGlobal));
        return kOk;
    }
    const auto& verb = find_verb(args[at]);
    std::vector<OptionSpec> specs(kGlobal.begin(), kGlobal.end());
    specs.insert(specs.end(), verb.options.begin(), verb.options.end());
    parse_arguments(args, at + 1, specs, false, parsed);
    const Context context(parsed, terminal);
    if (parsed.has("help")) {
        context.print(verb_help(verb, kGlobal));
        return kOk;
    }
    check_count(verb, parsed.positionals().size());
    return verb.run(context);
}

} // namespace

int main(int argc, char** argv) {
    std::setlocale(LC_ALL, "");
    std::signal(SIGPIPE, SIG_DFL);
    const std::vector<std::string_view> args(argv + std::min(argc, 1), argv + argc);
    try {
        return run(args);
    } catch (const UsageError& error) {
        complain(std::string(error.what()) + "\nTry 'rwatchctl --help'.");
        return kUsage;
    } catch (const Failure& failure) {
        complain(failure.what());
        return failure.status();
    } catch (const std::exception& error) {
        complain(escape(error.what()));
        return kFailed;
    }
}
