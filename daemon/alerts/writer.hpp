// SPDX-License-Identifier: MIT OR Apache-2.0
// Where a sink's alerts are carried to: journal, file, webhook, console. A QueuedSink runs it.
#pragma once

#include "alerts/alert.hpp"

#include <cstdint>
#include <string>

namespace rwatch::alerts {

/// What a writer sees of the sink that it works for.
class Attempt {
  public:
    virtual ~Attempt() = default;
    /// An attempt failed: counted, and `why` is the sink's state until one succeeds.
    virtual void failed(std::string why) = 0;
    /// Sets the state without counting an attempt.
    virtual void troubled(std::string why) = 0;
    /// Waits before a retry; false where the time to stop has come: give up.
    [[nodiscard]] virtual bool pause(std::int64_t ns) = 0;
    [[nodiscard]] virtual bool given_up() const noexcept = 0;
    /// Readable from the moment of giving up: for poll beside one's own descriptors.
    [[nodiscard]] virtual int give_up_fd() const noexcept = 0;
};

/// Carries alerts out, one at a time, on the sink's thread. May block: a thread that is stuck past the time to stop is
/// left behind, so a writer must not touch anything that it doesn't own.
class Writer {
  public:
    virtual ~Writer() = default;
    /// On the sink's thread, before the first alert: finds out early, with Attempt::troubled, whether it will work.
    virtual void start(Attempt&) {}
    /// True where delivered. Failures are told through `attempt`; an exception counts as one.
    [[nodiscard]] virtual bool write(const Alert& alert, Attempt& attempt) = 0;
};

} // namespace rwatch::alerts
