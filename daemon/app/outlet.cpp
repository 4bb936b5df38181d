// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/outlet.hpp"

#include "alerts/console.hpp"
#include "alerts/journal.hpp"
#include "alerts/json_file.hpp"
#include "alerts/webhook.hpp"

#include <functional>
#include <unistd.h>

namespace rwatch::app {

namespace {
constexpr const char* kJournalSocket = "/run/systemd/journal/socket";
}

/// A sink that there shall be.
struct Outlet::Wish {
    std::string name;
    std::function<std::unique_ptr<alerts::Writer>()> make;
    bool changed = false; ///< since the last configuration
    rules::Priority least = rules::Priority::debug;
};

Outlet::Outlet(const config::Config& config, ConsoleOption console)
    : config_(config), console_(console), no_journal_(access(kJournalSocket, F_OK) != 0),
      main_sink_(config.alerts.queue), sinks_(std::make_shared<alerts::SinkSet>()) {
    replace(config, 0);
}

std::vector<Outlet::Wish> Outlet::wishes(const config::Config& config) const {
    std::vector<Wish> out;
    if (console_ != ConsoleOption::none) {
        const auto mode = console_ == ConsoleOption::json ? alerts::ConsoleMode::json : alerts::ConsoleMode::text;
        out.push_back({"console", [mode] {
                           return alerts::make_console_writer(STDOUT_FILENO, mode, alerts::wants_colour(STDOUT_FILENO));
                       }});
    }
    if (config.journal.enabled && !no_journal_)
        out.push_back({"journal", alerts::make_journal_writer});
    if (config.file.enabled)
        out.push_back({"file",
                       [&config] {
                           return alerts::make_json_file_writer(
                               static_cast<const alerts::JsonFileOptions&>(config.file));
                       },
                       config.file != config_.file});
    if (config.webhook.enabled)
        out.push_back({"webhook",
                       [&config] {
                           return alerts::make_webhook_writer(
                               static_cast<const alerts::WebhookOptions&>(config.webhook));
                       },
                       config.webhook != config_.webhook, config.webhook.min_priority});
    return out;
}

std::shared_ptr<alerts::SinkSet> Outlet::current() const noexcept {
    const std::lock_guard lock(mutex_);
    return sinks_;
}

void Outlet::submit(const std::shared_ptr<const alerts::Alert>& alert) noexcept {
    current()->submit(alert);
    main_sink_.submit(alert);
}

std::vector<alerts::SinkStatus> Outlet::replace(const config::Config& config, std::int64_t limit_ns) {
    const auto before = current();
    auto next = std::make_shared<alerts::SinkSet>();
    for (const auto& wish : wishes(config)) {
        auto sink = before->find(wish.name);
        if (!sink)
            sink = std::make_shared<alerts::QueuedSink>(wish.name, config_.alerts.queue, wish.make(), wish.least);
        else if (wish.changed)
            sink->replace(wish.make(), wish.least);
        next->add(std::move(sink));
    }
    config_ = config;
    auto gone = before->without(*next);
    {
        const std::lock_guard lock(mutex_);
        sinks_ = std::move(next);
    }
    gone.stop(limit_ns);
    return gone.statuses();
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
