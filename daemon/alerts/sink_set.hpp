// SPDX-License-Identifier: MIT OR Apache-2.0
// All sinks as one: an alert goes to each, and one that is stuck holds up none of the others, at the end neither.
#pragma once

#include "alerts/queued_sink.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace rwatch::alerts {

/// Filled before it is shared; after that submit and statuses may be called from any thread.
class SinkSet {
  public:
    void add(std::shared_ptr<QueuedSink> sink) { sinks_.push_back(std::move(sink)); }
    /// Never blocks, never throws.
    void submit(const std::shared_ptr<const Alert>& alert) noexcept;
    [[nodiscard]] std::vector<SinkStatus> statuses() const;
    /// Stops all at the same time: lasts no longer than the slowest may.
    void stop(std::int64_t limit_ns) noexcept;
    [[nodiscard]] bool empty() const noexcept { return sinks_.empty(); }
    /// By SinkStatus::name; null where there is none.
    [[nodiscard]] std::shared_ptr<QueuedSink> find(std::string_view name) const;
    /// Those of which `other` has none of that name.
    [[nodiscard]] SinkSet without(const SinkSet& other) const;

  private:
    std::vector<std::shared_ptr<QueuedSink>> sinks_;
};

} // namespace rwatch::alerts
