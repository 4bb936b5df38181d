// SPDX-License-Identifier: MIT OR Apache-2.0
// Calls other than opens as the kernel side tells them apart before it makes a record of one: by their outcome and by
// one value. As struct rw_calls of rwatch_interest.h.
#pragma once

#include "event/event.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rwatch::event {

enum class CallOutcome : std::uint8_t {
    done,
    begun,   ///< EINPROGRESS
    refused, ///< EACCES or EPERM
    failed,  ///< other errors
    count
};
inline constexpr std::size_t kCallOutcomes = static_cast<std::size_t>(CallOutcome::count);
inline constexpr std::int64_t kLastErrno = 133; ///< EHWPOISON; what fails otherwise is of no outcome

/// Of a result, as Event::result.
[[nodiscard]] std::optional<CallOutcome> outcome_of(std::int64_t result) noexcept;
[[nodiscard]] std::string_view name_of(CallOutcome one) noexcept; ///< "refused"

/// What a call is judged by beside its outcome.
enum class JudgedBy : std::uint8_t {
    none,       ///< it always comes
    outcome,    ///< by nothing else
    argument_0, ///< by that argument: a small number
    argument_1,
    argument_2,
    socket, ///< family and type
    mode,   ///< permission bits
    peer    ///< kind of address, and the server's port
};

[[nodiscard]] JudgedBy judged_by(Call call) noexcept;
/// Of a call that is judged by an argument: which.
[[nodiscard]] constexpr std::size_t argument_of(JudgedBy by) noexcept {
    return static_cast<std::size_t>(by) - static_cast<std::size_t>(JudgedBy::argument_0);
}

/// What a socket talks with, as far as its family and protocol say.
enum class PeerGroup : std::uint8_t { local, tcp4, udp4, other4, tcp6, udp6, other6, count };
inline constexpr std::size_t kPeerGroups = static_cast<std::size_t>(PeerGroup::count);

[[nodiscard]] PeerGroup peer_group(std::uint16_t family, std::uint8_t protocol) noexcept;
/// The end of which the port is looked at is the remote one; else the local.
[[nodiscard]] constexpr bool judges_remote(Kind kind) noexcept {
    return kind == Kind::connect || kind == Kind::send;
}

} // namespace rwatch::event
