// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts for a rule with a correlation: the events (or the distinct values of a field) of each group within a sliding
// window that ends with the newest event. Event time only. Memory is bounded: where a bound is met, the group that was
// quiet for longest goes, and that is counted.
#pragma once

#include "event/event.hpp"
#include "event/fields.hpp"
#include "rules/hash.hpp"
#include "rules/hash_index.hpp"
#include "rules/rule.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace rwatch::rules {

/// What a correlation had counted when it fired.
struct CorrelationResult {
    std::uint64_t count = 0;    ///< events in the window; for value_count those of the values in it, since each came in
    std::uint64_t distinct = 0; ///< value_count: different values
    std::int64_t first_ns =
        0; ///< boot clock of the oldest event in the window (value_count: of the value that was not seen for longest)
    std::int64_t timespan_ns = 0;
};

class Correlator {
  public:
    struct Limits {
        std::size_t groups = 16'384;
        std::size_t entries = 262'144; ///< remembered events (values) of all groups together
    };

    explicit Correlator(const CorrelationSpec& spec) : Correlator(spec, Limits()) {}
    Correlator(const CorrelationSpec& spec, const Limits& limits);

    /// Counts an event that matched the rule's condition. Gives the result where the spec's bounds hold with it, else
    /// null; valid until the next call. An event without the counted field is not counted; a missing group-by field is
    /// a group of its own.
    const CorrelationResult* add(const event::Event& event, event::Scratch& scratch, event::Values& values) noexcept;

    /// Groups that were thrown out while they still counted.
    [[nodiscard]] std::uint64_t evicted() const noexcept { return evicted_; }
    [[nodiscard]] std::size_t groups() const noexcept { return live_groups_; }

  private:
    /// An event, or a value that was seen; a list in the order of time for each group.
    struct Entry {
        std::int64_t time = 0;
        std::uint64_t value = 0; ///< hash
        std::uint64_t hits = 0;
        std::uint32_t group = kNoItem, older = kNoItem, newer = kNoItem;
    };
    struct Group {
        Hash128 key;
        std::int64_t last = 0;
        std::uint64_t hits = 0;
        std::uint32_t oldest = kNoItem, newest = kNoItem; ///< entries
        std::uint32_t count = 0;
        std::uint32_t quieter = kNoItem, busier = kNoItem; ///< neighbours in the order of use
    };

    [[nodiscard]] Hash128 key_of(const event::Event& event, event::Scratch& scratch,
                                 event::Values& values) const noexcept;
    [[nodiscard]] std::size_t counted_values(const event::Event& event, event::Scratch& scratch,
                                             event::Values& values) noexcept;
    std::uint32_t find_group(const Hash128& key) noexcept;
    std::uint32_t new_group(const Hash128& key) noexcept;
    void drop_group(std::uint32_t group) noexcept;
    void evict() noexcept;
    void drop_stale() noexcept;
    void touch(std::uint32_t group) noexcept;
    void unlink(std::uint32_t group) noexcept;
    void expire(std::uint32_t group) noexcept;
    void count(std::uint32_t group, std::uint64_t value) noexcept;
    std::uint32_t new_entry(std::uint32_t group) noexcept;
    void append(std::uint32_t group, std::uint32_t entry) noexcept;
    void detach(std::uint32_t entry) noexcept;
    void drop_entry(std::uint32_t entry) noexcept;
    [[nodiscard]] std::uint64_t value_hash(std::uint32_t group, std::uint64_t value) const noexcept;
    const CorrelationResult* judge(const Group& group) noexcept;
    [[nodiscard]] bool by_value() const noexcept { return spec_.type == CorrelationSpec::Type::value_count; }

    CorrelationSpec spec_;
    Limits limits_;
    std::size_t most_entries_; ///< of one group: more than any bound asks for
    Hash128 seed_;
    std::vector<Entry> entries_;
    std::vector<Group> groups_;
    std::vector<std::uint32_t> free_entries_, free_groups_;
    HashIndex group_index_, value_index_;
    std::uint32_t quietest_ = kNoItem, busiest_ = kNoItem;
    std::size_t live_groups_ = 0;
    std::int64_t now_ = 0;
    std::uint64_t evicted_ = 0;
    std::array<std::uint64_t, event::Values::kMost> found_{};
    CorrelationResult result_;
};

} // namespace rwatch::rules
