// SPDX-License-Identifier: MIT OR Apache-2.0
// Writes what the pipeline is told, and what it knows of it, to a pipe as a capture (capture_format.hpp). A process or
// a place is written when an event has to do with it and it is not as it was written last.
#pragma once

#include "core/handle.hpp"
#include "pipeline/capture_format.hpp"
#include "pipeline/listener.hpp"
#include "pipeline/pipe_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace rwatch::pipeline {

class Recorder final : public Listener {
  public:
    static constexpr std::size_t kMostWaiting = 32U << 20U; ///< bytes for a reader that is slow for a moment
    static constexpr std::size_t kMostAncestors = 256;      ///< told of one process

    /// pipe: its writing end. Made on any thread; the rest is the pipeline's. Throws Error.
    Recorder(const CaptureHeader& header, Fd pipe);

    /// Where there is no room the event is counted, which the capture tells before the next one that finds some.
    void on_event(const Passing& passing, event::Scratch& scratch) noexcept override;
    void on_late(std::uint64_t number, std::string_view hash) noexcept override;
    void on_complete(std::uint64_t number, const Findings& findings) noexcept override;
    void on_rest() noexcept override { pipe_.flush(); }
    void on_tick(std::uint64_t boot_ns) noexcept override;
    [[nodiscard]] bool closed() noexcept override { return pipe_.closed(); }

  private:
    struct KnownPlace {
        std::uint32_t ref = kNoRef;
        event::Placement as_written;
    };
    struct KnownProcess {
        std::uint32_t ref = kNoRef;
        event::Process as_written;
        std::uint32_t session_size = 0;
    };

    void write_names(const event::Directory& directory);
    [[nodiscard]] std::uint32_t place_ref(const event::Placement* place);
    [[nodiscard]] std::uint32_t process_ref(const event::Process* process);
    [[nodiscard]] std::uint32_t process_ref(const event::Process& process, std::uint32_t parent);
    void forget() noexcept;
    /// False where there was no room, or no memory.
    template <typename Write> bool put(Write&& write) noexcept;

    PipeWriter pipe_;
    std::string out_; ///< entries under work
    std::uint64_t names_version_ = 0;
    std::uint64_t lost_ = 0;
    std::unordered_map<const event::Placement*, KnownPlace> places_;
    std::unordered_map<const event::Process*, KnownProcess> processes_;
    std::vector<const event::Process*> chain_;
};

} // namespace rwatch::pipeline
