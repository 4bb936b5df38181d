// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/self_watch.hpp"

namespace rwatch::pipeline {

bool SelfWatch::take(const event::Event& event) noexcept {
    const bool own = event.vpid == vpid_ && event.pidns == pidns_;
    if (!own && (child_ == 0 || event.pid != child_ || event.start_ns != child_start_ns_))
        return false;
    if (own && event.kind == event::Kind::fork) {
        child_ = event.child_pid;
        child_start_ns_ = event.child_start_ns;
    }
    calls_[static_cast<std::size_t>(event.call)].store(event.boot_ns, std::memory_order_relaxed);
    kinds_[static_cast<std::size_t>(event.kind)].store(event.boot_ns, std::memory_order_relaxed);
    return true;
}

} // namespace rwatch::pipeline
