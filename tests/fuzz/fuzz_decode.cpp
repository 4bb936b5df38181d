// SPDX-License-Identifier: MIT OR Apache-2.0
// Fuzz target: any bytes as a wire record, as they are and with a head that fits, so that what lies behind the head is
// reached without luck. Touches every byte that a decoded event points to: a sanitizer sees a view that leaves the
// record.
#include "event/decode.hpp"

#include "ebpf/abi/rwatch_abi.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

void judge(std::span<const std::byte> record) {
    const auto e = rwatch::event::decode(record, 1'700'000'000'000'000'000);
    if (!e)
        return;
    unsigned sum = 0;
    for (const auto view : {e->comm,        e->object.name, e->object.raw,  e->object.base,  e->object.mount_root,
                            e->target.name, e->target.raw,  e->target.base, e->argv,         e->cwd,
                            e->filename,    e->interp,      e->unix_path,   e->cgroup_names, e->texts[0],
                            e->texts[1],    e->texts[2],    e->texts[3],    e->attribute,    e->answer})
        for (const char c : view)
            sum += static_cast<unsigned char>(c);
    volatile unsigned kept = sum; // the reads above must happen
    (void)kept;
    const bool consistent = e->kind != rwatch::event::Kind::none && e->kind < rwatch::event::Kind::count &&
                            e->object.mount_length <= e->object.name.size() &&
                            e->target.mount_length <= e->target.name.size() && e->boot_ns != 0;
    if (!consistent)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    judge({reinterpret_cast<const std::byte*>(data), size});
    if (size < sizeof(rw_common))
        return 0;
    std::vector<std::uint8_t> fitted(data, data + size);
    rw_common head;
    std::memcpy(&head, data, sizeof head);
    head.kind = static_cast<__u16>(1 + head.kind % (RW_KIND_COUNT - 1));
    // A call of that kind where the byte names one: its signature tells what of the rest is looked at.
    const auto call = static_cast<rwatch::event::Call>(head.call % RW_CALL_COUNT);
    const bool fits = rwatch::event::kind_of(call) == static_cast<rwatch::event::Kind>(head.kind);
    head.call = fits ? static_cast<__u16>(call) : __u16{RW_CALL_NONE};
    head.size = static_cast<__u32>(size);
    head.ktime = 1 + head.ktime % 1'000'000'000'000;
    std::memcpy(fitted.data(), &head, sizeof head);
    judge({reinterpret_cast<const std::byte*>(fitted.data()), fitted.size()});
    return 0;
}
