// SPDX-License-Identifier: MIT OR Apache-2.0
// One reader of the live stream of events: a pipe that never makes the pipeline wait, and what the reader wants to see.
#pragma once

#include "core/handle.hpp"
#include "event/fields.hpp"
#include "pipeline/listener.hpp"
#include "pipeline/pipe_writer.hpp"
#include "rules/condition.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rwatch::pipeline {

class EventStream final : public Listener {
  public:
    /// wanted: nothing means every event. pipe: its writing end. Made on any thread; the rest is the pipeline's. Throws
    /// Error.
    EventStream(std::optional<rules::Condition> wanted, Fd pipe);

    /// Writes the event, where it is wanted, as one line of JSON: {"time", "source": "rwatch", "output_fields": {…}}.
    /// What finds no room is counted, and told by a line {"lost": N} before the next that does.
    void on_event(const Passing& passing, event::Scratch& scratch) noexcept override;
    /// Writes what was left of a line.
    void on_rest() noexcept override { pipe_.flush(); }
    /// Notices that nobody reads any more.
    void on_tick(std::uint64_t boot_ns) noexcept override;
    [[nodiscard]] bool closed() noexcept override { return pipe_.closed(); }

  private:
    [[nodiscard]] std::string line_of(const event::Event& event, event::Scratch& scratch);

    std::optional<rules::Condition> wanted_;
    PipeWriter pipe_;
    std::vector<event::FieldRef> fields_;
    event::Values values_;
    std::uint64_t lost_ = 0;
};

} // namespace rwatch::pipeline
