// SPDX-License-Identifier: MIT OR Apache-2.0
// The table of hooks: for each family of events the ways to get it, best first, and what goes unseen without it. Data
// only; probe_loader tries them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rwatch::sensor {

/// Where a program of the object goes.
enum class Place : std::uint8_t {
    own,        ///< what its section says (tp_btf, raw_tp)
    fentry,     ///< the same: the start of a function, by a trampoline
    kprobe,     ///< the same: the start of a function, by a breakpoint
    call_enter, ///< tracepoint/syscalls/sys_enter_X of each call of the family
    call_exit,  ///< tracepoint/syscalls/sys_exit_X of each call of the family
};

struct ProgramUse {
    std::string_view program; ///< name in the object
    Place place;
    std::string_view only = {}; ///< of the family's calls the one it is for; "" all
};

struct Alternative {
    std::string_view name; ///< "tp_btf:sched_process_exec"
    std::span<const ProgramUse> programs;
};

/// A system call that is watched. `number` is this architecture's, -1 where it has no such call.
struct WatchedCall {
    std::string_view name; ///< as in sys_enter_NAME
    int number;
    std::uint8_t call;       ///< enum rw_call
    std::uint8_t texts = 0;  ///< as in struct rw_watched
    std::uint8_t filter = 0; ///< enum rw_filter
    std::uint8_t file = 0;   ///< as in struct rw_watched
};

struct Family {
    std::string_view name;
    std::span<const WatchedCall> calls; ///< empty for those that no system call's tracepoint brings
    std::span<const Alternative> alternatives;
    std::string_view blind;
    bool always = false; ///< its programs that are not of one call are needed whatever calls are wanted
};

[[nodiscard]] std::span<const Family> families() noexcept;

/// Calls that only name how a process was made; they have no hook of their own.
[[nodiscard]] std::span<const WatchedCall> process_calls() noexcept;

} // namespace rwatch::sensor
