// SPDX-License-Identifier: MIT OR Apache-2.0
// Brings alerts from the thread that raised them to the main loop, which keeps the history and tells the bus.
#pragma once

#include "alerts/sink.hpp"
#include "core/handle.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace rwatch::app {

class MainSink : public alerts::Sink {
  public:
    explicit MainSink(std::size_t capacity);

    void submit(std::shared_ptr<const alerts::Alert> alert) noexcept override;
    [[nodiscard]] alerts::SinkStatus status() const override;
    /// The main loop is its reader: nothing to wait for.
    void stop(std::int64_t) noexcept override {}

    /// Readable where alerts wait.
    [[nodiscard]] int fd() const noexcept { return ready_.get(); }
    /// All that wait, oldest first. Main thread.
    [[nodiscard]] std::vector<std::shared_ptr<const alerts::Alert>> take();

  private:
    std::size_t capacity_;
    Fd ready_;
    mutable std::mutex mutex_; ///< held for a push or a swap only
    std::vector<std::shared_ptr<const alerts::Alert>> waiting_;
    std::atomic<std::uint64_t> delivered_{0}, dropped_{0};
};

} // namespace rwatch::app
