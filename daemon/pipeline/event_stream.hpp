// SPDX-License-Identifier: MIT OR Apache-2.0
// One reader of the live stream of events: a pipe that never makes the pipeline wait, and what the reader wants to see.
#pragma once

#include "core/handle.hpp"
#include "event/fields.hpp"
#include "rules/condition.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rwatch::pipeline {

class EventStream {
  public:
    static constexpr int kRoom = 1 << 20; ///< bytes that a reader may be behind, where the kernel allows so many

    /// wanted: nothing means every event. pipe: its writing end. Made on any thread; the rest is the pipeline's.
    EventStream(std::optional<rules::Condition> wanted, Fd pipe);

    /// Writes the event, where it is wanted, as one line of JSON: {"time", "source": "rwatch", "output_fields": {…}}.
    /// What finds no room is counted, and told by a line {"lost": N} before the next that does. `scratch` is reset.
    void offer(const event::Event& event, event::Scratch& scratch) noexcept;
    /// About once a second: notices that nobody reads any more, and writes what was left of a line.
    void look() noexcept;
    /// Looks whether nobody reads any more. Any thread.
    [[nodiscard]] bool closed() noexcept;

  private:
    [[nodiscard]] std::string line_of(const event::Event& event, event::Scratch& scratch);
    bool send_rest() noexcept;
    /// Bytes of `text` that went out.
    std::size_t send(std::string_view text) noexcept;

    std::optional<rules::Condition> wanted_;
    Fd pipe_;
    std::vector<event::FieldRef> fields_;
    event::Values values_;
    std::string rest_; ///< of a line that the pipe took in part
    std::uint64_t lost_ = 0;
    std::atomic<bool> closed_{false};
};

} // namespace rwatch::pipeline
