// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/outlet.hpp"

#include "alerts/console.hpp"
#include "alerts/journal.hpp"
#include "alerts/json_file.hpp"
#include "alerts/webhook.hpp"

#include <unistd.h>

namespace rwatch::app {

namespace {
constexpr const char* kJournalSocket = "/run/systemd/journal/socket";
}

Outlet::Outlet(const config::Config& config, ConsoleOption console)
    : console_(console), no_journal_(access(kJournalSocket, F_OK) != 0), main_sink_(config.alerts.queue),
      sinks_(make(config)) {}

std::shared_ptr<alerts::SinkSet> Outlet::make(const config::Config& config) const {
    auto sinks = std::make_shared<alerts::SinkSet>();
    const auto capacity = config.alerts.queue;
    if (console_ != ConsoleOption::none) {
        const auto mode = console_ == ConsoleOption::json ? alerts::ConsoleMode::json : alerts::ConsoleMode::text;
        sinks->add(alerts::make_console_sink(STDOUT_FILENO, mode, alerts::wants_colour(STDOUT_FILENO), capacity));
    }
    if (config.journal.enabled && !no_journal_)
        sinks->add(alerts::make_journal_sink(capacity));
    if (config.file.enabled)
        sinks->add(alerts::make_json_file_sink(static_cast<const alerts::JsonFileOptions&>(config.file), capacity));
    if (config.webhook.enabled)
        sinks->add(alerts::make_webhook_sink(static_cast<const alerts::WebhookOptions&>(config.webhook), capacity));
    return sinks;
}

std::shared_ptr<alerts::SinkSet> Outlet::current() const noexcept {
    const std::lock_guard lock(mutex_);
    return sinks_;
}

void Outlet::submit(const std::shared_ptr<const alerts::Alert>& alert) noexcept {
    current()->submit(alert);
    main_sink_.submit(alert);
}

void Outlet::replace(const config::Config& config, std::int64_t limit_ns) {
    auto next = make(config);
    {
        const std::lock_guard lock(mutex_);
        next.swap(sinks_);
    }
    next->stop(limit_ns);
}

void Outlet::stop(std::int64_t limit_ns) noexcept {
    current()->stop(limit_ns);
}

std::vector<alerts::SinkStatus> Outlet::statuses() const {
    auto all = current()->statuses();
    all.push_back(main_sink_.status());
    if (no_journal_) {
        auto& journal = all.emplace_back();
        journal.name = "journal";
        journal.state = "absent: no journald on this machine";
        journal.absent = true;
    }
    return all;
}

} // namespace rwatch::app
