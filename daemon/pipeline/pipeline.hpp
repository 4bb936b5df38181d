// SPDX-License-Identifier: MIT OR Apache-2.0
// The way of one record: decode, complete, run the rules, debounce, raise alerts. One thread; it never waits. Where
// records come from and where alerts go is the caller's.
#pragma once

#include "alerts/alert.hpp"
#include "alerts/debounce.hpp"
#include "event/event.hpp"
#include "pipeline/self_watch.hpp"
#include "rules/engine.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace rwatch::pipeline {

/// Written by the pipeline thread, read by any.
struct Counters {
    std::array<std::atomic<std::uint64_t>, event::kKinds> received{};
    std::atomic<std::uint64_t> undecodable{0};
    std::atomic<std::uint64_t> alerts{0};     ///< handed to the output, summaries included
    std::atomic<std::uint64_t> suppressed{0}; ///< repeats that debounce held back
    std::atomic<std::uint64_t> failed{0};     ///< alerts that could not be made for want of memory
    // What limits cost; as of the last tick.
    std::atomic<std::uint64_t> evicted_groups{0}; ///< of correlations
    std::atomic<std::uint64_t> closed_early{0};   ///< debounce windows
    std::atomic<std::uint64_t> cut_values{0};     ///< values of fields that found no room while rules were tried
    [[nodiscard]] std::uint64_t received_total() const noexcept;
};

/// Completes an event: its process, unit and objects. What it adds lives until the next call.
class Enricher {
  public:
    virtual ~Enricher() = default;
    virtual void enrich(event::Event& event) noexcept = 0;
};

class Pipeline : private rules::MatchHandler {
  public:
    /// Takes alerts; must not block.
    using Output = std::function<void(std::shared_ptr<const alerts::Alert>)>;

    /// enricher, self and factory outlive it. default_debounce_ns: see alerts::Debounce.
    Pipeline(Enricher& enricher, SelfWatch& self, alerts::AlertFactory& factory, std::int64_t default_debounce_ns,
             Output output);

    /// Another rule set, from the next record on.
    void install(std::shared_ptr<const rules::RuleSet> set);
    /// One wire record. wall_offset_ns: CLOCK_REALTIME minus CLOCK_BOOTTIME.
    void record(std::span<const std::byte> record, std::int64_t wall_offset_ns) noexcept;
    /// Ends debounce windows whose time has come. Call about once a second.
    void tick(std::uint64_t boot_ns) noexcept;
    /// Tells what debounce still holds back: at the end.
    void flush() noexcept;

    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

  private:
    void on_match(const rules::Match& match) noexcept override;
    void raise(alerts::Alert alert);

    Enricher& enricher_;
    SelfWatch& self_;
    alerts::AlertFactory& factory_;
    Output output_;
    Counters counters_;
    rules::Engine engine_;
    alerts::Debounce debounce_;
    std::unique_ptr<event::Scratch> scratch_; ///< 64 KiB: not on a stack
    std::uint64_t number_ = 0;
};

} // namespace rwatch::pipeline
