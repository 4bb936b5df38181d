// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/system_enricher.hpp"

#include "core/time.hpp"

#include <poll.h>

namespace rwatch::pipeline {

namespace {
constexpr std::size_t kSweepEachSecond = 256; // processes whose life is checked, in case their exit was lost
} // namespace

SystemEnricher::SystemEnricher() : table_(process::ProcessTable::kCapacity, units_) {}

void SystemEnricher::fill() {
    table_.fill_from_proc();
    processes_.store(table_.size(), std::memory_order_relaxed);
}

void SystemEnricher::enrich(event::Event& event) noexcept {
    std::unique_ptr<process::WatchList> list;
    if (watch_lists_.take(list))
        objects_.install(std::move(list));
    event.directory = &users_;
    objects_.enrich(event);
    table_.enrich(event);
}

void SystemEnricher::chores() noexcept {
    users_.adopt();
    pollfd mounts{objects_.mounts_fd(), POLLPRI, 0};
    if (mounts.fd >= 0 && poll(&mounts, 1, 0) > 0)
        objects_.refresh_mounts();
    table_.sweep(kSweepEachSecond, static_cast<std::uint64_t>(boot_now()));
    processes_.store(table_.size(), std::memory_order_relaxed);
}

void SystemEnricher::watch(std::span<const std::string> paths) {
    watch_lists_.put(process::Objects::look_up(paths));
}

} // namespace rwatch::pipeline
