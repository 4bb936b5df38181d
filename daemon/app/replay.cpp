// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/replay.hpp"

#include "alerts/console.hpp"
#include "core/counted.hpp"
#include "core/error.hpp"
#include "core/escape.hpp"
#include "core/log.hpp"
#include "core/time.hpp"
#include "pipeline/replay.hpp"

#include <cerrno>
#include <fcntl.h>
#include <iostream>
#include <unistd.h>

namespace rwatch::app {

namespace {

void check_output() {
    if (!std::cout)
        throw Error("write", "standard output", errno);
}

} // namespace

int replay(const Options& options, const Loaded& loaded) {
    Fd file(::open(options.replay.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file)
        throw Error("open capture", options.replay, errno);
    pipeline::CaptureReader capture(std::move(file));
    const bool json = options.console == ConsoleOption::json;
    const bool colour = !json && alerts::wants_colour(STDOUT_FILENO);
    const auto report =
        pipeline::replay(capture, loaded.rules, loaded.config.alerts.debounce_ns,
                         [&](const std::shared_ptr<const alerts::Alert>& alert) {
                             std::cout << (json ? alerts::to_json_text(*alert) : alerts::console_line(*alert, colour))
                                       << '\n';
                             check_output();
                         });
    std::cout.flush();
    check_output();
    if (report.lost + report.undecodable > 0)
        log::warning("the capture lacks " + counted(report.lost + report.undecodable, "event"));
    if (!report.trouble.empty()) {
        log::error("capture '" + escape(options.replay) + "': " + escape(report.trouble) +
                   "; read up to there: " + counted(report.events, "event"));
        return 1;
    }
    log::notice(counted(report.events, "event") + " of '" + escape(report.header.hostname) + "' from " +
                rfc3339(report.header.wall_ns) + " on: " + counted(report.alerts, "alert"));
    return 0;
}

} // namespace rwatch::app
