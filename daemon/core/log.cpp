// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/log.hpp"

#include "core/escape.hpp"

#include <cstdlib>
#include <memory>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace rwatch::log {

namespace {
bool journal_stream = false;

/// priority: syslog's number, which journald reads from the front of the line (sd-daemon(3)).
void write(spdlog::level::level_enum level, char priority, std::string_view message) {
    const auto text = escape(message);
    if (journal_stream)
        spdlog::log(level, "<{}>{}", priority, text);
    else
        spdlog::log(level, "{}", text);
}
} // namespace

void init(bool verbose) {
    journal_stream = std::getenv("JOURNAL_STREAM") != nullptr;
    auto logger = std::make_shared<spdlog::logger>("rwatchd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern(journal_stream ? "%v" : "rwatchd: %v");
    logger->set_level(verbose ? spdlog::level::debug : spdlog::level::info);
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
}

void debug(std::string_view message) {
    write(spdlog::level::debug, '7', message);
}
void info(std::string_view message) {
    write(spdlog::level::info, '6', message);
}
void notice(std::string_view message) {
    write(spdlog::level::info, '5', message);
}
void warning(std::string_view message) {
    write(spdlog::level::warn, '4', message);
}
void error(std::string_view message) {
    write(spdlog::level::err, '3', message);
}

} // namespace rwatch::log
