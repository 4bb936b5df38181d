// SPDX-License-Identifier: MIT OR Apache-2.0
// Signatures of the calls that their arguments tell all about (Event::args): names as in Falco's table of events, and
// how a value is written and read.
#pragma once

#include "event/event.hpp"
#include "event/value.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace rwatch::event {

/// What an argument is: how much of its register the kernel takes, and how it is written.
enum class Form : std::uint8_t {
    text,    ///< a string, in Event::texts
    integer, ///< int
    natural, ///< unsigned int
    size,    ///< unsigned long
    address, ///< a pointer or a word, in hexadecimal
    persona, ///< unsigned int, in hexadecimal
    uid,
    gid,
    family,
    socket_type,
    ptrace_request,
    bpf_command,
    fd_flags,
    clone_flags,
    unshare_flags, ///< as clone_flags, of unsigned long
    mount_flags,
    umount_flags,
    memfd_flags,
    module_flags,
    signal,
    capabilities,
    tree_flags,       ///< of open_tree and mount_setattr
    move_flags,       ///< of move_mount
    fs_command,       ///< of fsconfig
    fs_flags,         ///< of fsopen, fsmount
    mount_attributes, ///< of fsmount
    pick_flags,       ///< of fspick
    protection,
    map_flags,
    prctl_option,
    key_command,
    clock_id,
    reboot_command,
    uring_opcode,
    count
};

struct CallArg {
    std::string_view name;
    Form form;
};

/// Empty for the other calls.
[[nodiscard]] std::span<const CallArg> signature_of(Call call) noexcept;
/// True where the call gives a descriptor.
[[nodiscard]] bool gives_descriptor(Call call) noexcept;

/// The part of a register that the kernel looks at; nothing else counts.
[[nodiscard]] std::uint64_t taken_as(Form form, std::uint64_t value) noexcept;
/// As a number of the argument's own type: an int may be negative.
[[nodiscard]] std::int64_t number_of(Form form, std::uint64_t value) noexcept;
/// Appends an argument of the event as rules see it: "AF_INET", "CLONE_NEWNS|CLONE_NEWUSER", "0x7ffe0010". An unknown
/// bit or value is a number. `index` is below arg_count.
void put_arg(const Event& event, std::size_t index, Scratch& out) noexcept;
/// Reads what put_arg writes, but text and names of users and groups; numbers in decimal or 0x hexadecimal too.
[[nodiscard]] std::optional<std::uint64_t> parse_arg(Form form, std::string_view text) noexcept;

} // namespace rwatch::event
