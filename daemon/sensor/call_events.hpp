// SPDX-License-Identifier: MIT OR Apache-2.0
// The kernel's perf events of system calls, on which probes hang. Closing the last descriptor of one waits for grace
// periods of all CPUs, under a lock: a hundred of them take seconds, in which a daemon that is started anew would be
// blind. So a map keeps a reference to each, and when that goes a worker of the kernel closes them on its own time.
#pragma once

#include "core/handle.hpp"

#include <cstdint>
#include <string>

struct bpf_link;
struct bpf_program;

namespace rwatch::sensor {

class CallEvents {
  public:
    static constexpr std::uint32_t kMost = 1024; ///< events kept; those beyond are closed as usual

    CallEvents();

    /// Hangs the program on a tracepoint, given by its folder in tracefs. Null, with errno, where that can't be done.
    /// The link must be gone before this object.
    [[nodiscard]] bpf_link* attach(bpf_program* program, const std::string& folder);

  private:
    void keep(int event, int link) noexcept;

    Fd map_; ///< invalid where the kernel grants none: then closing takes its time
    std::uint32_t count_ = 0;
};

} // namespace rwatch::sensor
