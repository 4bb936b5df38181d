// SPDX-License-Identifier: MIT OR Apache-2.0
// rwatchd: arguments, build the daemon, run it, exit status.
#include "app/daemon.hpp"
#include "app/replay.hpp"
#include "app/report.hpp"
#include "core/error.hpp"
#include "core/log.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>

namespace {

// systemd.exec(5), "Process Exit Codes"
constexpr int kFailure = 1;
constexpr int kNoPermission = 77;
constexpr int kConfigError = 78;

/// For all threads, which inherit the mask: the main loop reads these from a descriptor. A broken pipe is an error of
/// the write that meets it.
void prepare_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

int run(const rwatch::app::Options& options) {
    auto loaded = rwatch::app::load(options);
    if (options.check) {
        rwatch::app::print_check(loaded, std::cout);
        return has_errors(loaded.diagnostics) ? kFailure : 0;
    }
    for (const auto& diagnostic : loaded.diagnostics)
        rwatch::app::log_diagnostic(diagnostic, loaded.texts);
    if (has_errors(loaded.diagnostics))
        return kConfigError;
    if (!options.replay.empty())
        return rwatch::app::replay(options, loaded);
    rwatch::app::Daemon daemon(options, std::move(loaded));
    return daemon.run();
}

} // namespace

int main(int argc, char** argv) {
    const auto parsed = rwatch::app::parse_options(argc, argv);
    if (!parsed.options) {
        std::fputs(parsed.text.c_str(), parsed.status == 0 ? stdout : stderr);
        return parsed.status;
    }
    rwatch::log::init(parsed.options->verbose);
    if (parsed.options->replay.empty())
        prepare_signals();
    try {
        return run(*parsed.options);
    } catch (const rwatch::Error& e) {
        rwatch::log::error(e.what());
        const bool refused = e.code() == EPERM || e.code() == EACCES;
        if (refused)
            rwatch::log::error("rwatchd needs root, or CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE");
        return refused ? kNoPermission : kFailure;
    } catch (const std::exception& e) {
        rwatch::log::error(e.what());
        return kFailure;
    }
}
