// SPDX-License-Identifier: MIT OR Apache-2.0
// Who else follows what the pipeline does: live streams of events, and recordings. Called on the pipeline thread, and
// never makes it wait.
#pragma once

#include "event/event.hpp"
#include "event/fields.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rwatch::pipeline {

/// What was found out for an alert, beyond its event.
struct Findings {
    std::string_view hash;                   ///< SHA-256 of the executable, 64 hex digits; "" not known
    const event::Placement* place = nullptr; ///< null: not known
    bool complete = true;                    ///< nothing more will come
};

/// One event on its way to the rules.
struct Passing {
    std::span<const std::byte> record; ///< as it came
    std::int64_t wall_offset_ns = 0;
    const event::Event& event; ///< enriched
    bool later = false;        ///< rules that ask for a hash see it once that is known
};

class Listener {
  public:
    virtual ~Listener() = default;
    /// Before the rules. `scratch` is reset.
    virtual void on_event(const Passing& passing, event::Scratch& scratch) noexcept = 0;
    /// The event that was left for later goes on, with this hash ("" where none came in time).
    virtual void on_late(std::uint64_t /*number*/, std::string_view /*hash*/) noexcept {}
    /// An alert of this event waits for nothing more.
    virtual void on_complete(std::uint64_t /*number*/, const Findings& /*findings*/) noexcept {}
    /// Every few milliseconds, with nothing else to do.
    virtual void on_rest() noexcept = 0;
    /// About once a second.
    virtual void on_tick(std::uint64_t boot_ns) noexcept = 0;
    /// Looks whether nobody is behind it any more. Any thread.
    [[nodiscard]] virtual bool closed() noexcept = 0;
};

} // namespace rwatch::pipeline
