// SPDX-License-Identifier: MIT OR Apache-2.0
// Wire records (ebpf/abi/rwatch_abi.h) to events. Trusts nothing: a record of a wrong size, kind or string offset gives
// nothing and is counted by the caller.
#pragma once

#include "event/event.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace rwatch::event {

/// Versions of the wire format that decode() reads: this rwatch's own, and those of captures of older ones.
inline constexpr std::uint32_t kWireVersion = 8, kOldestWireVersion = 6;

/// The event points into `record`. wall_offset_ns: CLOCK_REALTIME minus CLOCK_BOOTTIME. process, placement and
/// directory stay null, number 0.
[[nodiscard]] std::optional<Event> decode(std::span<const std::byte> record, std::int64_t wall_offset_ns) noexcept;

/// The kernel's s_dev encoding (major << 20 | minor) to st_dev of stat(2).
[[nodiscard]] std::uint64_t device_number(std::uint32_t kernel_dev) noexcept;

} // namespace rwatch::event
