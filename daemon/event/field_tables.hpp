// SPDX-License-Identifier: MIT OR Apache-2.0
// The parts of the table of fields, a file for each family; fields.cpp joins them. Helpers that their rows share.
// Private to the event layer.
#pragma once

#include "event/builder.hpp"
#include "event/fields.hpp"

#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <span>
#include <sys/stat.h>

namespace rwatch::event {

[[nodiscard]] std::span<const Field> argument_fields() noexcept;   // evt.arg and its kin
[[nodiscard]] std::span<const Field> event_fields() noexcept;      // evt.*
[[nodiscard]] std::span<const Field> file_fields() noexcept;       // fd.* of files, fs.*
[[nodiscard]] std::span<const Field> network_fields() noexcept;    // fd.* of sockets
[[nodiscard]] std::span<const Field> process_fields() noexcept;    // proc.*, thread.*
[[nodiscard]] std::span<const Field> session_fields() noexcept;    // proc.* of sessions and times
[[nodiscard]] std::span<const Field> owner_fields() noexcept;      // user.*, group.*, systemd.*, container.*
[[nodiscard]] std::span<const Field> target_fields() noexcept;     // proc.target.*
[[nodiscard]] std::span<const Field> unsupplied_fields() noexcept; // Falco's that we do not have

/// The static name of an argument of evt.arg, "" where no event has one of that name.
[[nodiscard]] std::string_view argument_named(std::string_view name) noexcept;
/// Read what put_open_flags and put_mode write; "FD_CREATED" is passed over.
[[nodiscard]] bool parse_open_flags(std::string_view text, std::uint32_t& out) noexcept;
[[nodiscard]] bool parse_mode(std::string_view text, std::uint32_t& out) noexcept;
/// "CAP_CHOWN CAP_KILL": names of capabilities(7) in the order of their numbers; appends.
void put_capabilities(std::uint64_t set, Scratch& out, char separator = ' ') noexcept;
[[nodiscard]] bool parse_capabilities(std::string_view text, std::uint64_t& out, char separator = ' ') noexcept;

inline constexpr KindSet kOpen = set_of(Kind::open);
inline constexpr KindSet kConnect = set_of(Kind::connect);
/// Calls on sockets that tell both ends, or at least their own.
inline constexpr KindSet kConnections =
    kConnect | set_of(Kind::accept) | set_of(Kind::dup) | set_of(Kind::send) | set_of(Kind::resolve);
inline constexpr KindSet kSockets = kConnections | set_of(Kind::bind);
inline constexpr KindSet kTwoNames = set_of(Kind::rename) | set_of(Kind::link) | set_of(Kind::symlink);
inline constexpr KindSet kMakes = set_of(Kind::mkdir) | set_of(Kind::mknod);
/// Calls that change what a file has, by a path or by a descriptor.
inline constexpr KindSet kChanges =
    set_of(Kind::chmod) | set_of(Kind::chown) | set_of(Kind::truncate) | set_of(Kind::xattr);
inline constexpr KindSet kPathOps = kOpen | kChanges | set_of(Kind::unlink) | kTwoNames | kMakes;
/// Calls that may be about another process.
inline constexpr KindSet kAims = set_of(Kind::ptrace) | set_of(Kind::signal);
/// Calls with a signature (call_args.hpp).
inline constexpr KindSet kPlainCalls =
    set_of(Kind::fork) | set_of(Kind::socket) | set_of(Kind::setid) | kAims | set_of(Kind::name_space) |
    set_of(Kind::mount) | set_of(Kind::module) | set_of(Kind::bpf) | set_of(Kind::system) | set_of(Kind::memory) |
    set_of(Kind::key) | set_of(Kind::clock) | set_of(Kind::io_uring) | set_of(Kind::service);
/// Those of them that are calls of the system.
inline constexpr KindSet kRegisters = kPlainCalls & ~set_of(Kind::service);
/// Those of them that may tell the file behind a descriptor.
inline constexpr KindSet kWithFile = set_of(Kind::memory) | set_of(Kind::module) | set_of(Kind::io_uring);
/// Kinds of which an event may be about a descriptor.
inline constexpr KindSet kDescriptors = kOpen | kSockets | kChanges | set_of(Kind::socket) | set_of(Kind::ptrace) |
                                        set_of(Kind::name_space) | set_of(Kind::module) | set_of(Kind::bpf) |
                                        set_of(Kind::mount) | set_of(Kind::signal) | set_of(Kind::system) |
                                        set_of(Kind::memory) | set_of(Kind::io_uring);

/// True where the far end is the server's. Of a socket that became standard input nothing says which side it is; who
/// sends from a port that he chose to one that is no service's, answers.
[[nodiscard]] constexpr bool is_client(const Event& e) noexcept {
    return e.kind == Kind::connect || e.kind == Kind::dup || e.kind == Kind::resolve ||
           (e.kind == Kind::send && ((e.flags & kFlagBound) == 0 || e.remote_port < kServicePorts));
}

/// fchmod and its like: the object is the descriptor itself.
[[nodiscard]] constexpr bool changes_descriptor(Call call) noexcept {
    return call == Call::fchmod || call == Call::fchown || call == Call::ftruncate || call == Call::fsetxattr ||
           call == Call::fremovexattr;
}
/// The descriptor that the call was given or gave; negative for one that failed to give it.
[[nodiscard]] std::optional<std::int64_t> descriptor_of(const Event& event) noexcept;

/// Reads a whole decimal number that fits.
template <std::integral T> bool parse_number(std::string_view text, T& out) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

[[nodiscard]] inline bool parse_flag(std::string_view text, bool& out) noexcept {
    out = text == "true";
    return out || text == "false";
}

/// 0: the process itself, 1: its parent; null where it is not known.
[[nodiscard]] inline const Process* ancestor(const Event& event, std::int32_t n) noexcept {
    const Process* process = event.process;
    for (std::int32_t i = 0; i < n && process != nullptr; ++i)
        process = process->parent;
    return process;
}

/// What stands in argv before the first NUL.
[[nodiscard]] inline std::string_view argument_zero(const Process& process) noexcept {
    return std::string_view(process.argv).substr(0, process.argv.find('\0'));
}

/// Gives a builder's event a kind where the test set none.
inline void lean(EventBuilder& builder, Call call) noexcept {
    if (builder.event().call == Call::none)
        builder.become(call);
}

inline void add_string(Values& out, std::string_view text) noexcept {
    if (!text.empty())
        out.add(text);
}

/// Falco's names of types: file, directory, fifo, ipv4, ipv6, unix. `family` of a socket.
[[nodiscard]] std::string_view file_type(std::uint32_t mode, std::uint16_t family) noexcept;
/// AF_* to those names, or to Falco's letters.
[[nodiscard]] std::string_view socket_type(std::uint16_t family, bool letter) noexcept;

/// A file's name: the canonical one, and the way by which the kernel reached it where that is another.
inline void add_names(Values& out, const Object& object) noexcept {
    add_string(out, object.name);
    add_string(out, object.alias);
}

/// What stands before the last slash ("/" for a file in the root).
[[nodiscard]] inline std::string_view directory_of(std::string_view path) noexcept {
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos)
        return {};
    return slash == 0 ? path.substr(0, 1) : path.substr(0, slash);
}

[[nodiscard]] inline std::string_view base_name(std::string_view path) noexcept {
    return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

[[nodiscard]] inline std::string_view after_last_dot(std::string_view path) noexcept {
    const auto name = base_name(path);
    const auto dot = name.rfind('.');
    return dot == std::string_view::npos || dot == 0 ? std::string_view{} : name.substr(dot);
}

} // namespace rwatch::event
