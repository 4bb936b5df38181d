// SPDX-License-Identifier: MIT OR Apache-2.0
// The main thread's sd-event loop with callbacks that may throw: an exception is logged, and the loop goes on.
#pragma once

#include "core/handle.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <systemd/sd-event.h>
#include <vector>

namespace rwatch::app {

class Loop {
  public:
    using Callback = std::function<void()>;

    Loop(); ///< throws Error
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    [[nodiscard]] sd_event* get() const noexcept { return event_.get(); }
    /// The signal must be blocked in all threads.
    void on_signal(int signal, Callback callback);
    void on_readable(int fd, Callback callback);
    /// When a file of the folder with one of these names was put in its place or written and closed. Throws Error where
    /// the kernel grants no watch.
    void on_change(const std::string& folder, std::vector<std::string> names, Callback callback);
    /// Every so often, the first time after one period.
    void every(std::int64_t ns, Callback callback);

    /// Until quit(); gives the status given there.
    int run();
    void quit(int status) noexcept;

  private:
    struct Entry;
    Entry& add(Callback callback);

    Handle<sd_event, sd_event_unref> event_;
    std::vector<std::unique_ptr<Entry>> entries_;
};

} // namespace rwatch::app
