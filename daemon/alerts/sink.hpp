// SPDX-License-Identifier: MIT OR Apache-2.0
// Where alerts go. A sink does its slow work on a thread of its own behind a bounded queue (queue.hpp); the pipeline
// thread only hands over.
#pragma once

#include "alerts/alert.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rwatch::alerts {

struct SinkStatus {
    std::string name;    ///< "journal", "file", "webhook", "console", "bus"
    std::string state;   ///< "ok", or why not: "cannot write '/var/log/…': No space left on device"
    bool absent = false; ///< what it writes to is not on this machine: nothing is sent there, and nothing is wrong
    std::uint64_t delivered = 0;
    std::uint64_t dropped = 0; ///< queue full, or given up
    std::uint64_t failed = 0;  ///< attempts that failed (and may have been repeated)
    std::uint64_t queued = 0;  ///< now
    std::uint64_t capacity = 0;
};

class Sink {
  public:
    virtual ~Sink() = default;
    /// Never blocks, never throws. The alert is shared by all sinks and never changed.
    virtual void submit(std::shared_ptr<const Alert> alert) noexcept = 0;
    /// From any thread.
    [[nodiscard]] virtual SinkStatus status() const = 0;
    /// Delivers what is queued, at most for `limit_ns`, then ends the thread. What could not be delivered is counted as
    /// dropped.
    virtual void stop(std::int64_t limit_ns) noexcept = 0;
};

} // namespace rwatch::alerts
