// SPDX-License-Identifier: MIT OR Apache-2.0
// Holds back repeats of an alert and counts them: the first goes out at once, the rest are told in one summary at the
// end of the window. Event time, bounded memory; on the pipeline thread.
#pragma once

#include "alerts/alert.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace rwatch::alerts {

class Debounce {
  public:
    static constexpr std::size_t kMaxKeys =
        65536; ///< past this the window that ends soonest is closed early, its summary told
    static constexpr std::size_t kMaxBytes =
        64U << 20U; ///< of keys and alerts held for summaries; the same happens past it
    using Emit = std::function<void(Alert)>;

    /// default_for_ns: window of rules that have no `debounce` of their own. Their key is what their correlation groups
    /// by or, without one, all output fields but those that differ from one repeat to the next by nature: times,
    /// counters, numbers of processes. 0: no window. factory: gives ids to summaries; must live longer. emit: takes
    /// summaries; must not call back.
    Debounce(std::int64_t default_for_ns, AlertFactory& factory, Emit emit);
    Debounce(const Debounce&) = delete;
    Debounce& operator=(const Debounce&) = delete;
    ~Debounce();

    /// True where the match shall become an alert now; false where it was counted as a repeat. Closes windows that
    /// ended before the event.
    [[nodiscard]] bool admit(const rules::Match& match, event::Scratch& scratch);
    /// After admit() said true: the alert that the window will repeat in its summary.
    void opened(std::shared_ptr<const Alert> alert);
    /// Closes windows that ended at `boot_ns` or before. One that held something back emits a summary and goes on for
    /// another period, so that steady repeats give one alert a window. Call about once a second.
    void expire(std::int64_t boot_ns);
    /// Closes all (at stop, or before a replay ends).
    void flush();

    [[nodiscard]] std::size_t windows() const noexcept;        ///< open now
    [[nodiscard]] std::uint64_t closed_early() const noexcept; ///< for lack of room

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace rwatch::alerts
