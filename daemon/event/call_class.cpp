// SPDX-License-Identifier: MIT OR Apache-2.0
#include "event/call_class.hpp"

#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>

namespace rwatch::event {

namespace {
constexpr std::array<std::string_view, kCallOutcomes> kNames{"done", "begun", "refused", "failed"};
}

std::optional<CallOutcome> outcome_of(std::int64_t result) noexcept {
    if (result >= 0)
        return CallOutcome::done;
    if (result < -kLastErrno)
        return std::nullopt;
    switch (-result) {
    case EINPROGRESS:
        return CallOutcome::begun;
    case EACCES:
    case EPERM:
        return CallOutcome::refused;
    default:
        return CallOutcome::failed;
    }
}

std::string_view name_of(CallOutcome one) noexcept {
    return one < CallOutcome::count ? kNames[static_cast<std::size_t>(one)] : std::string_view{};
}

JudgedBy judged_by(Call call) noexcept {
    switch (call) {
    case Call::ptrace:
    case Call::bpf:
    case Call::keyctl:
    case Call::prctl:
    case Call::syslog:
        return JudgedBy::argument_0;
    case Call::kill:
    case Call::tkill:
    case Call::rt_sigqueueinfo:
    case Call::pidfd_send_signal:
    case Call::umount2:
    case Call::memfd_create:
    case Call::fsconfig:
    case Call::io_uring_register:
        return JudgedBy::argument_1;
    case Call::tgkill:
    case Call::rt_tgsigqueueinfo:
    case Call::mmap:
    case Call::mprotect:
    case Call::pkey_mprotect:
        return JudgedBy::argument_2;
    case Call::socket:
        return JudgedBy::socket;
    case Call::chmod:
    case Call::fchmod:
    case Call::fchmodat:
    case Call::fchmodat2:
        return JudgedBy::mode;
    case Call::connect:
    case Call::accept:
    case Call::accept4:
    case Call::bind:
    case Call::listen:
    case Call::sendto:
    case Call::sendmsg:
    case Call::sendmmsg:
    case Call::dup:
    case Call::dup2:
    case Call::dup3:
    case Call::fcntl:
        return JudgedBy::peer;
    case Call::none:
    case Call::io_uring_submit:
        return JudgedBy::none;
    default:
        break;
    }
    switch (kind_of(call)) {
    case Kind::none:
    case Kind::exec:
    case Kind::fork:
    case Kind::exit:
    case Kind::open:
    case Kind::resolve:
    case Kind::service:
        return JudgedBy::none;
    default:
        return JudgedBy::outcome;
    }
}

PeerGroup peer_group(std::uint16_t family, std::uint8_t protocol) noexcept {
    if (family == AF_UNIX)
        return PeerGroup::local;
    const bool six = family == AF_INET6;
    switch (protocol) {
    case IPPROTO_TCP:
        return six ? PeerGroup::tcp6 : PeerGroup::tcp4;
    case IPPROTO_UDP:
        return six ? PeerGroup::udp6 : PeerGroup::udp4;
    default:
        return six ? PeerGroup::other6 : PeerGroup::other4;
    }
}

} // namespace rwatch::event
