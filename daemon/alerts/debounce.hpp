// SPDX-License-Identifier: MIT OR Apache-2.0
// Holds back repeats of an alert and counts them: the first goes out at once, the rest are told in one summary at the end of the window.
// Event time, bounded memory; on the pipeline thread.
#pragma once

#include "alerts/alert.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace rwatch::alerts {

class Debounce {
  public:
    static constexpr std::size_t kMaxKeys = 65536; ///< past this the oldest window is closed early, its summary told
    using Emit = std::function<void(Alert)>;

    /// default_for_ns: window of rules that have no `debounce` of their own; their key is all output fields but times and counters. 0: none.
    Debounce(std::int64_t default_for_ns, Emit emit);
    ~Debounce();

    /// True where the match shall become an alert now; false where it was counted as a repeat. Closes windows that ended before the event.
    [[nodiscard]] bool admit(const rules::Match& match, event::Scratch& scratch);
    /// After admit() said true: the alert that the window will repeat in its summary.
    void opened(const Alert& alert);
    /// Closes windows that ended before `boot_ns`: emits a summary for each that held something back. Call about once a second.
    void expire(std::int64_t boot_ns);
    /// Closes all (at stop, or before a replay ends).
    void flush();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace rwatch::alerts
