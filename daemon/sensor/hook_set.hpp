// SPDX-License-Identifier: MIT OR Apache-2.0
// Where programs hang, or can be hung: each hook by itself, so that calls which nobody asks for cost nothing. Private
// to bpf_source.
#pragma once

#include "core/handle.hpp"
#include "event/event.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct bpf_link;

namespace rwatch::sensor {

struct BpfLinkDeleter {
    void operator()(bpf_link* link) const noexcept;
};
using BpfLink = std::unique_ptr<bpf_link, BpfLinkDeleter>;

/// One place, and the program for it.
struct ProgramHook {
    enum class Way : std::uint8_t {
        own,   ///< the program knows where: tp_btf, fentry
        raw,   ///< a tracepoint by its name, for raw_tp
        call,  ///< a tracepoint of a system call, by its folder in tracefs
        kprobe ///< hung by its maker, till the end
    };
    Way way = Way::own;
    std::string place;                    ///< raw: the tracepoint's name; call: the folder
    int program = -1;                     ///< borrowed
    std::size_t family = 0;               ///< place in families()
    event::Call call = event::Call::none; ///< none: all of the family's, or a family without calls
    std::string name;                     ///< as told: "openat"
    bool tells = false;                   ///< a record comes from here, the others prepare it
    std::string trouble;                  ///< why it could not be hung; "" otherwise
    BpfLink kprobe;
};

class HookSet {
  public:
    HookSet();

    void add(ProgramHook hook) { hooks_.push_back({std::move(hook), Fd(), Fd()}); }
    [[nodiscard]] std::size_t size() const noexcept { return hooks_.size(); }
    [[nodiscard]] const ProgramHook& hook(std::size_t index) const noexcept { return hooks_[index].what; }
    [[nodiscard]] bool hangs(std::size_t index) const noexcept;

    /// 0, or errno, which is kept as the hook's trouble too.
    int hang(std::size_t index);
    /// Takes them off, all at once: each waits in the kernel for a grace period of all CPUs, 15 ms or so.
    void take_off(std::span<const std::size_t> indices) noexcept;
    void take_all_off() noexcept;

  private:
    struct Held {
        ProgramHook what;
        Fd link;
        Fd event; ///< before 5.15 there is no link: the program hangs on the perf event itself
    };

    [[nodiscard]] int hang_on_call(Held& held, std::uint32_t slot);

    /// The kernel's perf events of calls. Closing the last descriptor of one waits for grace periods of all CPUs, under
    /// a lock: a hundred of them take seconds, in which a daemon that is started anew would be blind. So a map keeps a
    /// reference to each, and when that goes a worker of the kernel closes them on its own time.
    Fd events_; ///< invalid where the kernel grants none: then closing takes its time
    std::vector<Held> hooks_;
};

} // namespace rwatch::sensor
