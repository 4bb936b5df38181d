// SPDX-License-Identifier: MIT OR Apache-2.0
// Where all alerts leave: the sinks that the configuration names. Where that changes, a sink of the same name goes on
// with its queue and its counters.
#pragma once

#include "alerts/sink_set.hpp"
#include "app/main_sink.hpp"
#include "app/options.hpp"
#include "config/config.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace rwatch::app {

class Outlet {
  public:
    /// The sinks are made here, before there are other threads. Throws Error.
    Outlet(const config::Config& config, ConsoleOption console);

    /// Any thread. The lock is held to copy a pointer.
    void submit(const std::shared_ptr<const alerts::Alert>& alert) noexcept;
    /// Sinks as this configuration has them from now on. Those that it has no more deliver what they hold, at most for
    /// limit_ns: how they ended. Main thread. Throws Error.
    std::vector<alerts::SinkStatus> replace(const config::Config& config, std::int64_t limit_ns);
    /// Main thread.
    void stop(std::int64_t limit_ns) noexcept;
    [[nodiscard]] std::vector<alerts::SinkStatus> statuses() const;
    [[nodiscard]] MainSink& main_sink() noexcept { return main_sink_; }

  private:
    struct Wish;
    [[nodiscard]] std::vector<Wish> wishes(const config::Config& config) const;
    [[nodiscard]] std::shared_ptr<alerts::SinkSet> current() const noexcept;

    config::Config config_;
    ConsoleOption console_;
    bool no_journal_; ///< wanted, but there is no journald
    MainSink main_sink_;
    mutable std::mutex mutex_;
    std::shared_ptr<alerts::SinkSet> sinks_;
};

} // namespace rwatch::app
