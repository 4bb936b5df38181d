// SPDX-License-Identifier: MIT OR Apache-2.0
// The way of one record: decode, complete, run the rules, debounce, raise alerts. One thread; it never waits. Where
// records come from and where alerts go is the caller's.
#pragma once

#include "alerts/alert.hpp"
#include "alerts/debounce.hpp"
#include "event/event.hpp"
#include "pipeline/listener.hpp"
#include "pipeline/self_watch.hpp"
#include "rules/engine.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace rwatch::pipeline {

/// Written by the pipeline thread, read by any.
struct Counters {
    std::array<std::atomic<std::uint64_t>, event::kKinds> received{};
    std::atomic<std::uint64_t> undecodable{0};
    std::atomic<std::uint64_t> alerts{0};     ///< handed to the output, summaries included
    std::atomic<std::uint64_t> suppressed{0}; ///< repeats that debounce held back
    std::atomic<std::uint64_t> failed{0};     ///< alerts that could not be made for want of memory
    std::atomic<std::uint64_t> unhashed{0};   ///< starts of programs that rules saw without the hash they ask for
    // What limits cost; as of the last tick.
    std::atomic<std::uint64_t> evicted_groups{0}; ///< of correlations
    std::atomic<std::uint64_t> closed_early{0};   ///< debounce windows
    std::atomic<std::uint64_t> cut_values{0};     ///< values of fields that found no room while rules were tried
    [[nodiscard]] std::uint64_t received_total() const noexcept;
};

/// What an alert can still wait for.
class Completion {
  public:
    virtual ~Completion() = default;
    /// What is known by now. Called until it is complete, or the time is over.
    [[nodiscard]] virtual Findings look() noexcept = 0;
};

/// Completes an event: its process, unit and objects. What it adds lives until the next call.
class Enricher {
  public:
    virtual ~Enricher() = default;
    virtual void enrich(event::Event& event) noexcept = 0;

    /// What an alert of this event should wait for; null: nothing.
    [[nodiscard]] virtual std::unique_ptr<Completion> completion(const event::Event& event) = 0;
    /// Whether the hash of what is started here is looked up for rules, and not known yet. To be asked of an exec just
    /// enriched.
    [[nodiscard]] virtual bool waits_for_hash(const event::Event& event) noexcept = 0;
    /// Enriches the same exec once more, as it was: `then` is a copy of its process.
    virtual void revisit(event::Event& event, event::Process& then) noexcept = 0;
    /// Whether rules ask for hashes: then every program that starts is hashed.
    virtual void want_hashes(bool wanted) noexcept = 0;
};

class Pipeline : private rules::MatchHandler {
  public:
    static constexpr std::int64_t kWait = 500'000'000; ///< ns that an alert, or a rule that asks for a hash, waits
    static constexpr std::size_t kMostHeld = 1024;     ///< alerts; the oldest goes out as it is
    static constexpr std::size_t kMostPostponed = 256; ///< execs; others are tried without the hash

    /// Takes alerts; must not block.
    using Output = std::function<void(std::shared_ptr<const alerts::Alert>)>;

    /// enricher, self and factory outlive it. default_debounce_ns: see alerts::Debounce.
    Pipeline(Enricher& enricher, SelfWatch& self, alerts::AlertFactory& factory, std::int64_t default_debounce_ns,
             Output output);

    /// Another rule set, from the next record on.
    void install(std::shared_ptr<const rules::RuleSet> set);
    /// Who else follows, from the next record on.
    void install(std::vector<std::shared_ptr<Listener>> listeners) noexcept { listeners_ = std::move(listeners); }
    /// One wire record. wall_offset_ns: CLOCK_REALTIME minus CLOCK_BOOTTIME.
    void record(std::span<const std::byte> record, std::int64_t wall_offset_ns) noexcept;
    /// Goes on with what waited: for what was found out since, or long enough. Call every few milliseconds.
    void resume(std::int64_t boot_ns) noexcept;
    /// Whether anything waits that resume() goes on with.
    [[nodiscard]] bool waits() const noexcept { return !held_.empty() || !postponed_.empty(); }
    /// Ends debounce windows whose time has come. Call about once a second.
    void tick(std::uint64_t boot_ns) noexcept;
    /// Tells what debounce still holds back, and what waits: at the end.
    void flush() noexcept;

    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

  private:
    /// An alert on its way out.
    struct Held {
        std::shared_ptr<alerts::Alert> alert;
        std::unique_ptr<Completion> completion; ///< null: it waits for those before it
        std::uint64_t number = 0;               ///< of its event
        std::int64_t until_ns = 0;              ///< boot clock
    };
    /// An exec that rules which ask for its hash have not seen.
    struct Postponed {
        std::vector<std::byte> record;
        std::int64_t wall_offset_ns = 0;
        std::uint64_t number = 0;
        event::Process process; ///< as it was
        std::int64_t until_ns = 0;
    };

    void on_match(const rules::Match& match) noexcept override;
    void raise(alerts::Alert alert);
    void hold(Held held);
    bool completed(Held& held, bool time_over);
    void send_front();
    bool postpone(std::span<const std::byte> record, std::int64_t wall_offset_ns, const event::Event& event) noexcept;
    bool try_again(Postponed& exec, bool time_over) noexcept;

    Enricher& enricher_;
    SelfWatch& self_;
    alerts::AlertFactory& factory_;
    Output output_;
    Counters counters_;
    rules::Engine engine_;
    alerts::Debounce debounce_;
    std::unique_ptr<event::Scratch> scratch_; ///< 64 KiB: not on a stack
    std::vector<std::shared_ptr<Listener>> listeners_;
    std::deque<Held> held_;
    std::deque<Postponed> postponed_;
    std::uint64_t number_ = 0;
};

} // namespace rwatch::pipeline
