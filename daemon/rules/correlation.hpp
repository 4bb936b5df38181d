// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts for one rule with a correlation: what each group of events holds within a sliding window that ends with the
// newest event. Event time only. Memory is bounded: where a bound is met, the group that was quiet for longest goes,
// and that is counted.
#pragma once

#include "event/event.hpp"
#include "event/fields.hpp"
#include "rules/hash.hpp"
#include "rules/hash_index.hpp"
#include "rules/match.hpp"
#include "rules/order_tree.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace rwatch::rules {

/// Something that a correlation counts.
struct Arrival {
    const event::Event& event;
    std::uint64_t serial;              ///< of the event: equal for all that comes of it
    std::uint64_t sources;             ///< a bit for each source that it came from, at least one
    const CorrelationSpec::View& view; ///< of the correlation's spec
};

class Correlator {
  public:
    struct Limits {
        std::size_t groups = 16'384;
        std::size_t entries = 262'144; ///< remembered events (values) of all groups together
    };

    /// spec must outlive it, or be followed by an equal one.
    explicit Correlator(const CorrelationSpec& spec) : Correlator(spec, Limits()) {}
    Correlator(const CorrelationSpec& spec, const Limits& limits);

    /// Goes on with a spec that differs in nothing but the indices of rules.
    void follow(const CorrelationSpec& spec) noexcept { spec_ = &spec; }

    /// Counts. Gives the result where the spec's condition holds with it, else null; valid until the next call. At most
    /// one for each group and event. An event without the counted field is not counted; a missing group-by field is a
    /// value of its own.
    const CorrelationResult* add(const Arrival& arrival, event::Scratch& scratch, event::Values& values) noexcept;

    /// Groups that were thrown out while they still counted, and numbers that a group had to forget early.
    [[nodiscard]] std::uint64_t evicted() const noexcept { return evicted_; }
    [[nodiscard]] std::size_t groups() const noexcept { return live_groups_; }

  private:
    __extension__ using Sum = __int128;

    /// An event, or a value (a rule) that was seen; a list in the order of time for each group.
    struct Entry {
        std::int64_t time = 0;
        std::uint64_t value = 0; ///< hash, number, source or the event's serial
        std::uint64_t hits = 0;
        std::uint32_t group = kNoItem, older = kNoItem, newer = kNoItem;
        std::uint32_t source = 0;
    };
    struct Group {
        Hash128 key;
        Sum sum = 0;
        std::int64_t last = 0;
        std::uint64_t hits = 0;
        std::uint64_t serial = 0, fired = 0;               ///< event that was counted last, that fired last
        std::uint64_t sources = 0;                         ///< a bit for each that has an entry
        std::uint32_t oldest = kNoItem, newest = kNoItem;  ///< entries
        std::uint32_t count = 0;                           ///< entries
        std::uint32_t tree = kNoItem;                      ///< their numbers
        std::uint32_t quieter = kNoItem, busier = kNoItem; ///< neighbours in the order of use
    };
    /// temporal_ordered, for each group and source: the latest begin of a chain of matches that ends with this source.
    struct Step {
        static constexpr std::int64_t kNever = INT64_MIN;
        std::int64_t begin = kNever, begin_before = kNever; ///< before: without the event `serial`, which is one step
        std::uint64_t serial = 0;                           ///< event that set it
    };

    [[nodiscard]] Hash128 key_of(const Arrival& arrival, event::Scratch& scratch, event::Values& values) const noexcept;
    [[nodiscard]] std::size_t read_values(const Arrival& arrival, event::Scratch& scratch,
                                          event::Values& values) noexcept;
    std::uint32_t find_group(const Hash128& key) noexcept;
    std::uint32_t new_group(const Hash128& key) noexcept;
    void drop_group(std::uint32_t group) noexcept;
    void evict() noexcept;
    void drop_stale() noexcept;
    void touch(std::uint32_t group) noexcept;
    void unlink(std::uint32_t group) noexcept;
    void expire(std::uint32_t group) noexcept;
    void count(std::uint32_t group, std::uint64_t value, std::uint32_t source) noexcept;
    std::uint32_t new_entry(std::uint32_t group) noexcept;
    void append(std::uint32_t group, std::uint32_t entry) noexcept;
    void detach(std::uint32_t entry) noexcept;
    void drop_entry(std::uint32_t entry) noexcept;
    void add_source(std::uint32_t group, std::uint32_t source) noexcept;
    void remove_source(std::uint32_t group, std::uint32_t source) noexcept;
    [[nodiscard]] std::uint64_t value_hash(std::uint32_t group, std::uint64_t value) const noexcept;
    [[nodiscard]] Step* steps(std::uint32_t group) noexcept { return &steps_[group * spec_->sources.size()]; }
    /// How many rules, from the first on, matched in their order with the last of them now; sets the result's begin.
    [[nodiscard]] std::size_t chain(std::uint32_t group, const Arrival& arrival) noexcept;
    /// Of an expression: whether all rules that matched did so in their order, the last of them now.
    [[nodiscard]] bool in_order(const Group& group, const Arrival& arrival) const noexcept;
    [[nodiscard]] double number(const Group& group) const noexcept;
    [[nodiscard]] double percentile(const Group& group) const noexcept;
    const CorrelationResult* judge(std::uint32_t group, const Arrival& arrival) noexcept;
    /// What matches several rules at once is one event, and nothing but events counts.
    [[nodiscard]] bool counts_events() const noexcept {
        return spec_->type == CorrelationSpec::Type::event_count || is_numeric(spec_->type);
    }
    /// An entry is a value or a rule, not an event. (An expression in order needs each event.)
    [[nodiscard]] bool by_value() const noexcept {
        return !counts_events() &&
               (spec_->type != CorrelationSpec::Type::temporal_ordered || spec_->expression.empty());
    }
    [[nodiscard]] bool has_tree() const noexcept {
        return spec_->type == CorrelationSpec::Type::value_percentile ||
               spec_->type == CorrelationSpec::Type::value_median;
    }
    [[nodiscard]] std::int64_t window_begin() const noexcept { return now_ - spec_->timespan_ns; }

    const CorrelationSpec* spec_;
    Limits limits_;
    std::size_t most_entries_; ///< of one group: more than any bound asks for
    Hash128 seed_;
    std::vector<Entry> entries_;
    std::vector<Group> groups_;
    std::vector<std::uint32_t> source_counts_; ///< entries by group and source, where there are several sources
    std::vector<Step> steps_;                  ///< by group and source
    std::vector<std::uint32_t> free_entries_, free_groups_;
    HashIndex group_index_, value_index_;
    OrderTree tree_;
    std::uint32_t quietest_ = kNoItem, busiest_ = kNoItem;
    std::size_t live_groups_ = 0;
    std::int64_t now_ = 0;
    std::uint64_t evicted_ = 0;
    std::array<std::uint64_t, event::Values::kMost> found_{};
    CorrelationResult result_;
};

} // namespace rwatch::rules
