// SPDX-License-Identifier: MIT OR Apache-2.0
// Tells the probes which calls are wanted: writes the maps of ebpf/lib/interest.bpf.h. Whatever can't be written leaves
// the probes with more wanted than is, never with less.
#pragma once

#include "core/handle.hpp"
#include "ebpf/abi/rwatch_interest.h"
#include "sensor/event_source.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace rwatch::sensor {

class KernelSieve final : public Sieve {
  public:
    struct Maps {
        Fd interests, calls, changes, states, exes, files, made, filesystems;
    };
    /// Of the map of states, for that many of one set of rules: two sets, since one is written while another is used.
    [[nodiscard]] static std::size_t entries(std::size_t states) noexcept;

    /// keep_modes: no probe tells the mode before a chmod by name.
    KernelSieve(Maps maps, std::size_t states, bool keep_modes)
        : maps_(std::move(maps)), states_(states), keep_modes_(keep_modes) {}

    void want(const rules::Interest* interest) noexcept override;
    void tell_exe(const event::FileId& exe, event::OpenClasses wanted) noexcept override;
    void forget_exes() noexcept override;
    void watch_files(std::vector<event::FileId> files) override;
    [[nodiscard]] std::uint64_t mount_changes() const noexcept override { return changes().mounts; }
    void tell_mounts(std::uint64_t changes, std::vector<Place> places) noexcept override;
    bool restore() noexcept override;
    [[nodiscard]] std::optional<std::pair<std::uint32_t, std::uint64_t>>
    sifted_mode(const event::FileId& file) const noexcept override;
    [[nodiscard]] std::uint64_t sifted_modes() const noexcept override { return changes().made; }

  private:
    [[nodiscard]] rw_changes changes() const noexcept;
    void write_filesystems(const rules::TextAutomaton& automaton) noexcept;
    bool write_calls(const rules::CallInterest& calls) noexcept;
    bool write_states(std::uint32_t first, const rules::TextAutomaton& automaton) noexcept;
    /// Puts now_ in place, in two steps: probes that read it meanwhile want everything.
    void exchange(bool on) noexcept;

    Maps maps_;
    std::size_t states_; ///< for one set of rules
    bool keep_modes_;
    rw_interest now_{};
    std::unique_ptr<rw_calls> calls_ = std::make_unique<rw_calls>();       ///< in the map
    std::unique_ptr<rw_calls> calls_there_ = std::make_unique<rw_calls>(); ///< room to read it again
    std::vector<event::FileId> files_;                                     ///< in the map, sorted
    std::vector<Place> places_;                                            ///< one for each device
    const rules::Interest* interest_ = nullptr;                            ///< in force
};

} // namespace rwatch::sensor
