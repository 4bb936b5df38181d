// SPDX-License-Identifier: MIT OR Apache-2.0
#include "app/loss_watch.hpp"

#include "core/error.hpp"

#include <exception>
#include <sys/eventfd.h>

namespace rwatch::app {

LossWatch::LossWatch(const sensor::EventSource& source, Name name)
    : source_(source), name_(std::move(name)), ready_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!ready_)
        throw Error("create event descriptor", "", errno);
}

void LossWatch::look() noexcept {
    try {
        Losses now;
        std::uint64_t total = 0;
        for (const auto& [kind, count] : source_.losses()) {
            now.by_kind[kind] += count;
            total += count;
        }
        if (total == seen_)
            return;
        std::uint64_t known = 0;
        for (const auto& loss : source_.group_losses()) {
            now.by_group[name_(loss.cgroup)] += loss.count;
            known += loss.count;
        }
        if (total > known)
            now.by_group[""] += total - known;
        news_.put(std::move(now));
        seen_ = total;
        eventfd_write(ready_.get(), 1);
    } catch (const std::exception&) {
        // No memory: seen_ is as it was, so the next look tries again.
    }
}

void LossWatch::refresh() {
    eventfd_t ignored = 0;
    eventfd_read(ready_.get(), &ignored);
    news_.take(losses_);
}

} // namespace rwatch::app
