// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sensor/call_events.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <fstream>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace rwatch::sensor {

CallEvents::CallEvents()
    : map_(bpf_map_create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "rw_call_events", sizeof(std::uint32_t), sizeof(std::uint32_t),
                          kMost, nullptr)) {}

bpf_link* CallEvents::attach(bpf_program* program, const std::string& folder) {
    perf_event_attr what{};
    what.type = PERF_TYPE_TRACEPOINT;
    what.size = sizeof(what);
    if (!(std::ifstream(folder + "/id") >> what.config)) {
        errno = EACCES; // the folder is there
        return nullptr;
    }
    Fd event(static_cast<int>(::syscall(SYS_perf_event_open, &what, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
    if (!event)
        return nullptr;
    auto* const link = bpf_program__attach_perf_event(program, event.get());
    if (link == nullptr)
        return nullptr;
    keep(event.release(), bpf_link__fd(link));
    return link;
}

/// Before 5.15 there is no link to end: the program hangs on the event itself, and must end with our descriptor.
void CallEvents::keep(int event, int link) noexcept {
    if (map_ && event != link && count_ < kMost && bpf_map_update_elem(map_.get(), &count_, &event, BPF_ANY) == 0)
        ++count_;
}

} // namespace rwatch::sensor
