// SPDX-License-Identifier: MIT OR Apache-2.0
// What the properties are read from. One GetAll or GetManagedObjects asks for many properties: they all come from one
// reading of the daemon, so that they agree with one another and cost one reading, not hundreds.
#pragma once

#include "bus/control.hpp"

#include <cstdint>
#include <string>
#include <systemd/sd-event.h>
#include <unordered_map>

namespace rwatch::bus {

class Snapshot {
  public:
    /// Both outlive it.
    Snapshot(sd_event* event, const Control& control) : event_(event), control_(control) {}

    /// As of this turn of the event loop.
    [[nodiscard]] const Status& status();
    [[nodiscard]] const std::vector<Detector>& detectors();
    /// Null where no rule of that name is in force. Valid until the next turn or invalidate().
    [[nodiscard]] const Detector* detector(const std::string& name);
    /// Something changed within the turn: read anew.
    void invalidate() noexcept { status_turn_ = detectors_turn_ = kNone; }

  private:
    static constexpr std::uint64_t kNone = ~std::uint64_t{0};
    [[nodiscard]] std::uint64_t turn() const noexcept;

    sd_event* event_;
    const Control& control_;
    std::uint64_t status_turn_ = kNone, detectors_turn_ = kNone;
    Status status_;
    std::vector<Detector> detectors_;
    std::unordered_map<std::string, std::size_t> by_name_;
};

} // namespace rwatch::bus
