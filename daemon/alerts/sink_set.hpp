// SPDX-License-Identifier: MIT OR Apache-2.0
// All sinks as one: an alert goes to each, and one that is stuck holds up none of the others, at the end neither.
#pragma once

#include "alerts/sink.hpp"

#include <memory>
#include <vector>

namespace rwatch::alerts {

/// Filled before it is shared; after that submit and statuses may be called from any thread.
class SinkSet {
  public:
    void add(std::unique_ptr<Sink> sink) { sinks_.push_back(std::move(sink)); }
    /// Never blocks, never throws.
    void submit(const std::shared_ptr<const Alert>& alert) noexcept;
    [[nodiscard]] std::vector<SinkStatus> statuses() const;
    /// Stops all at the same time: lasts no longer than the slowest may.
    void stop(std::int64_t limit_ns) noexcept;
    [[nodiscard]] bool empty() const noexcept { return sinks_.empty(); }

  private:
    std::vector<std::unique_ptr<Sink>> sinks_;
};

} // namespace rwatch::alerts
