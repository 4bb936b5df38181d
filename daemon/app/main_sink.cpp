// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/main_sink.hpp"

#include "core/error.hpp"

#include <sys/eventfd.h>

namespace rwatch::app {

MainSink::MainSink(std::size_t capacity) : capacity_(capacity), ready_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!ready_)
        throw Error("create event descriptor", "", errno);
    waiting_.reserve(capacity);
}

void MainSink::submit(std::shared_ptr<const alerts::Alert> alert) noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() >= capacity_) {
            ++dropped_;
            return;
        }
        waiting_.push_back(std::move(alert)); // never allocates: reserved
    }
    eventfd_write(ready_.get(), 1);
}

std::vector<std::shared_ptr<const alerts::Alert>> MainSink::take() {
    eventfd_t ignored = 0;
    eventfd_read(ready_.get(), &ignored);
    std::vector<std::shared_ptr<const alerts::Alert>> taken;
    taken.reserve(capacity_);
    const std::lock_guard lock(mutex_);
    taken.swap(waiting_);
    delivered_ += taken.size();
    return taken;
}

alerts::SinkStatus MainSink::status() const {
    alerts::SinkStatus status;
    status.name = "history";
    status.state = "ok";
    status.delivered = delivered_;
    status.dropped = dropped_;
    const std::lock_guard lock(mutex_);
    status.queued = waiting_.size();
    status.capacity = capacity_;
    return status;
}

} // namespace rwatch::app
