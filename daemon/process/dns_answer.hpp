// SPDX-License-Identifier: MIT OR Apache-2.0
// What a name server's answer says (RFC 1035): which addresses the name has that was asked for. The bytes are
// anybody's.
#pragma once

#include "event/value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::process {

struct DnsAnswer {
    static constexpr std::size_t kMostAddresses = 64; ///< more are left out
    std::string name; ///< of the question, in small letters, without the last dot; other bytes than those of names as
                      ///< \DDD (RFC 1035 5.1)
    std::vector<event::Address> addresses; ///< A and AAAA of the answer section, whichever of its aliases they are of
};

/// Nothing where it is no answer to one question. One that was cut is read as far as it goes.
[[nodiscard]] std::optional<DnsAnswer> parse_dns_answer(std::string_view message);

} // namespace rwatch::process
