// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sensor/service_record.hpp"

#include "ebpf/abi/rwatch_abi.h"

#include <algorithm>
#include <cstring>

namespace rwatch::sensor {

namespace {

constexpr std::size_t kMostText = 512; // systemd's own limit for the name of a unit is 255

} // namespace

std::vector<std::byte> service_record(bool runs, std::string_view unit, std::string_view state, std::uint64_t boot_ns) {
    rw_syscall head{};
    head.c.kind = RW_SERVICE;
    head.c.call = runs ? RW_CALL_SERVICE_START : RW_CALL_SERVICE_STOP;
    head.c.ktime = boot_ns;
    head.c.pid = head.c.tid = head.c.vpid = 1;
    std::vector<std::byte> out(sizeof head);
    const auto put = [&](rw_str& where, std::string_view text) {
        text = text.substr(0, kMostText);
        where.off = static_cast<__u16>(out.size());
        where.len = static_cast<__u16>(text.size());
        const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
        out.insert(out.end(), bytes, bytes + text.size());
    };
    put(head.text[0], unit);
    put(head.text[1], state);
    head.c.size = static_cast<__u32>(out.size());
    std::memcpy(out.data(), &head, sizeof head);
    return out;
}

} // namespace rwatch::sensor
