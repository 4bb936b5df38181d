// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchctl replay FILE: rules over what was recorded, without a daemon.
#include "alert_text.hpp"
#include "command.hpp"
#include "config/config.hpp"
#include "core/error.hpp"
#include "core/escape.hpp"
#include "core/time.hpp"
#include "diagnostics_text.hpp"
#include "pipeline/replay.hpp"
#include "render.hpp"
#include "rule_files.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>

namespace rwatch::ctl {

namespace {

constexpr std::array<OptionSpec, 1> kReplayOptions{{
    {"rules", '\0', "FILE-OR-DIR", "these rules; without it, those that rwatchd would load"},
}};

/// Throws Failure where they have errors, with all of them.
std::shared_ptr<const rules::RuleSet> rules_to_run(const Context& context) {
    const auto place = context.args().value("rules");
    const auto loaded = load_rules(place ? read_rule_files({*place}) : read_installed_rules());
    if (loaded.ok)
        return loaded.result.set;
    auto plain = context.terminal();
    plain.colour = false;
    throw Failure(kFailed, "the rules can't be used\n" + render_all(loaded.diagnostics, loaded.sources(), plain));
}

void tell(const std::string& path, const pipeline::ReplayReport& report) {
    const auto name = "'" + escape(path) + "'";
    if (report.lost + report.undecodable > 0)
        complain(name + " lacks " + counted(report.lost + report.undecodable, "event"));
    if (!report.trouble.empty())
        throw Failure(kFailed, name + ": " + escape(report.trouble) + "; read up to there: " +
                                   counted(report.events, "event") + ", " + counted(report.alerts, "alert"));
    complain(counted(report.events, "event") + " of '" + escape(report.header.hostname) + "' from " +
             long_time(report.header.wall_ns) + " on: " + counted(report.alerts, "alert"));
}

int run_replay(const Context& context) {
    const auto& path = context.args().positionals().front();
    const auto rules = rules_to_run(context);
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file)
        throw Failure(kFailed, "cannot open '" + escape(path) + "': " + errno_text(errno));
    pipeline::CaptureReader capture(std::move(file));
    tell(path, pipeline::replay(capture, rules, config::Config{}.alerts.debounce_ns,
                                [&](const std::shared_ptr<const alerts::Alert>& alert) {
                                    context.print_line(
                                        context.json() ? context.one_line(alerts::to_full_json(*alert))
                                                       : alert_line(alerts::to_full_json(*alert), context.terminal()));
                                }));
    return kOk;
}

} // namespace

constinit const Verb kReplayVerb{"replay",
                                 "FILE",
                                 "Run rules over what was recorded, with no daemon",
                                 "FILE is one of 'rwatchctl record'. The same rules give the same alerts as they did\n"
                                 "then, with the same times. One line an alert; with --json one object a line. Exit\n"
                                 "status 1 where FILE is damaged, or was not ended in order: it is read up to there.",
                                 kReplayOptions,
                                 1,
                                 1,
                                 run_replay};

} // namespace rwatch::ctl
