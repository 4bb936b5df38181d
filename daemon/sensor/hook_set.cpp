// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sensor/hook_set.hpp"

#include "core/error.hpp"

#include <algorithm>
#include <atomic>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <exception>
#include <fstream>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace rwatch::sensor {

namespace {

constexpr std::size_t kMostClosers = 24;    ///< threads that take hooks off
constexpr std::uint32_t kMostEvents = 1024; ///< kept; those beyond are closed as usual

} // namespace

void BpfLinkDeleter::operator()(bpf_link* link) const noexcept {
    bpf_link__destroy(link);
}

HookSet::HookSet()
    : events_(bpf_map_create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "rw_call_events", sizeof(std::uint32_t),
                             sizeof(std::uint32_t), kMostEvents, nullptr)) {}

bool HookSet::hangs(std::size_t index) const noexcept {
    const auto& held = hooks_[index];
    return held.link || held.event || held.what.kprobe != nullptr;
}

int HookSet::hang(std::size_t index) {
    auto& held = hooks_[index];
    if (hangs(index))
        return 0;
    int err = 0;
    switch (held.what.way) {
    case ProgramHook::Way::call:
        err = hang_on_call(held, static_cast<std::uint32_t>(index));
        break;
    case ProgramHook::Way::own:
    case ProgramHook::Way::raw:
        held.link.reset(bpf_raw_tracepoint_open(
            held.what.way == ProgramHook::Way::raw ? held.what.place.c_str() : nullptr, held.what.program));
        err = held.link ? 0 : errno;
        break;
    case ProgramHook::Way::kprobe:
        break;
    }
    held.what.trouble = err == 0 ? std::string() : errno_text(err);
    return err;
}

int HookSet::hang_on_call(Held& held, std::uint32_t slot) {
    perf_event_attr what{};
    what.type = PERF_TYPE_TRACEPOINT;
    what.size = sizeof(what);
    if (!(std::ifstream(held.what.place + "/id") >> what.config))
        return EACCES; // the folder is there
    Fd event(static_cast<int>(::syscall(SYS_perf_event_open, &what, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
    if (!event)
        return errno;
    held.link.reset(bpf_link_create(held.what.program, event.get(), BPF_PERF_EVENT, nullptr));
    const bool linked = static_cast<bool>(held.link);
    if ((!linked && ::ioctl(event.get(), PERF_EVENT_IOC_SET_BPF, held.what.program) != 0) ||
        ::ioctl(event.get(), PERF_EVENT_IOC_ENABLE, 0) != 0) {
        const int err = errno;
        held.link.reset();
        return err;
    }
    const int fd = event.get();
    if (!linked)
        held.event = std::move(event);
    else if (events_ && slot < kMostEvents)
        (void)bpf_map_update_elem(events_.get(), &slot, &fd, BPF_ANY); // the link keeps it, too
    return 0;
}

void HookSet::take_off(std::span<const std::size_t> indices) noexcept {
    std::vector<std::thread> closers;
    std::atomic<std::size_t> next{0};
    const auto close = [&] {
        for (std::size_t i = next++; i < indices.size(); i = next++) {
            auto& held = hooks_[indices[i]];
            held.link.reset();
            held.event.reset();
            held.what.kprobe.reset();
            const auto slot = static_cast<std::uint32_t>(indices[i]);
            if (events_ && held.what.way == ProgramHook::Way::call && slot < kMostEvents)
                bpf_map_delete_elem(events_.get(), &slot);
        }
    };
    try {
        while (closers.size() + 1 < std::min(kMostClosers, indices.size()))
            closers.emplace_back(close);
    } catch (const std::exception&) {
        // Fewer, then: this thread closes in any case.
    }
    close();
    for (auto& closer : closers)
        closer.join();
}

void HookSet::take_all_off() noexcept {
    std::vector<std::size_t> all;
    try {
        for (std::size_t i = 0; i < hooks_.size(); ++i)
            if (hangs(i))
                all.push_back(i);
    } catch (const std::exception&) {
        hooks_.clear(); // one after the other
        return;
    }
    take_off(all);
}

} // namespace rwatch::sensor
