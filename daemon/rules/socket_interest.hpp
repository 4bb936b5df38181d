// SPDX-License-Identifier: MIT OR Apache-2.0
// Which calls of socket(2) the rules of a set may want: by address family, type of socket, and whether it came to be.
// Programs make sockets all day, and rules are about raw ones and rare families.
#pragma once

#include "rules/rule_set.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace rwatch::rules {

struct SocketInterest {
    static constexpr std::size_t kFamilies = 64, kTypes = 16; ///< others are wanted
    /// By family: a bit for each type, the upper half for calls that failed.
    std::array<std::uint32_t, kFamilies> wanted{};

    /// type: with its flags.
    [[nodiscard]] bool wants(std::uint64_t family, std::uint64_t type, std::int64_t result) const noexcept;
};

/// Of a set's enabled rules that are not paused now. Whatever is not told by those three is taken as true.
[[nodiscard]] SocketInterest socket_interest(const RuleSet& set);

} // namespace rwatch::rules
