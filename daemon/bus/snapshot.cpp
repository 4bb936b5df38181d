// SPDX-License-Identifier: MIT OR Apache-2.0
#include "bus/snapshot.hpp"

namespace rwatch::bus {

std::uint64_t Snapshot::turn() const noexcept {
    std::uint64_t iteration = 0;
    return sd_event_get_iteration(event_, &iteration) < 0 ? kNone : iteration;
}

const Status& Snapshot::status() {
    const auto now = turn();
    if (status_turn_ == kNone || status_turn_ != now) {
        status_ = control_.status();
        status_turn_ = now;
    }
    return status_;
}

const std::vector<Detector>& Snapshot::detectors() {
    const auto now = turn();
    if (detectors_turn_ == kNone || detectors_turn_ != now) {
        detectors_turn_ = kNone; // stays so where the reading throws
        detectors_ = control_.detectors();
        by_name_.clear();
        for (std::size_t i = 0; i < detectors_.size(); ++i)
            by_name_.try_emplace(detectors_[i].name, i);
        detectors_turn_ = now;
    }
    return detectors_;
}

const Detector* Snapshot::detector(const std::string& name) {
    const auto& all = detectors();
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &all[found->second];
}

} // namespace rwatch::bus
