// SPDX-License-Identifier: MIT OR Apache-2.0
// Keeps the sensor's sieve true to the rules in force, the programs that run, the files that rules watch and the
// mounts. Pipeline thread.
#pragma once

#include "pipeline/listener.hpp"
#include "pipeline/system_enricher.hpp"
#include "rules/interest.hpp"
#include "sensor/event_source.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace rwatch::pipeline {

class Sifter final : public Listener {
  public:
    static constexpr std::size_t kMostExes = 4000; ///< told of; below RW_EXES of ebpf/lib/interest.bpf.h

    static constexpr std::size_t kMostPaths = 16; ///< of one program; with more it may be any

    /// Both outlive it. sieve: null where the sensor has none.
    Sifter(sensor::Sieve* sieve, SystemEnricher& enricher);

    /// With the rules that it is made of: they must be in force. Null: everything is wanted.
    void install(std::shared_ptr<const rules::Interest> interest);
    /// Somebody else follows who wants every event.
    void hear_all(bool all);

    void on_event(const Passing& passing, event::Scratch& scratch) noexcept override;
    void on_rest() noexcept override;
    void on_tick(std::uint64_t boot_ns) noexcept override;
    [[nodiscard]] bool closed() noexcept override { return false; }

    /// How often somebody else had changed what the probes were told. Any thread.
    [[nodiscard]] std::uint64_t restored() const noexcept { return restored_.load(std::memory_order_relaxed); }

  private:
    [[nodiscard]] bool sifts() const noexcept;
    void put_in_force();
    template <typename Tell> void keep_true(const Tell& tell) noexcept;
    void tell_files();
    void tell_mounts();
    void forget_exes();
    [[nodiscard]] bool sifts_programs() const noexcept;
    [[nodiscard]] event::OpenClasses marks_of(const event::Process& process) const noexcept;
    void tell_exe(const event::FileId& id, const event::Process& process, std::size_t path);

    sensor::Sieve* sieve_;
    SystemEnricher& enricher_;
    std::shared_ptr<const rules::Interest> interest_;
    bool all_ = false;
    struct Exe {
        event::OpenClasses wanted = 0;
        std::vector<std::size_t> paths; ///< hashes of those that it is known by; with more than kMostPaths of any
        [[nodiscard]] bool is_known_by(std::size_t path) const noexcept;
    };
    std::unordered_map<event::FileId, Exe, event::FileIdHash> exes_; ///< what the sieve was told
    std::unordered_map<std::uint64_t, event::OpenClasses> running_; ///< when it was told of none, by number of the file
    std::uint64_t watched_version_ = 0;
    std::atomic<std::uint64_t> restored_{0};
    std::optional<std::uint64_t> mounts_; ///< changes of them that the sieve was told of
};

} // namespace rwatch::pipeline
