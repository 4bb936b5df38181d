// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/correlation.hpp"

#include <algorithm>
#include <new>
#include <random>

namespace rwatch::rules {

namespace {

constexpr std::size_t kLeastEntries = 1'024; // of one group: so far the told count is exact whatever the bound
constexpr int kStalePerEvent = 2;            // quiet groups that each event clears away

/// One secret for the whole process: without it nobody can name files so that two groups look like one.
Hash128 process_seed() {
    static const Hash128 seed = [] {
        std::random_device random;
        Hash128 hash;
        for (int i = 0; i < 4; ++i)
            hash.add((static_cast<std::uint64_t>(random()) << 32U) | random());
        return hash;
    }();
    return seed;
}

void add_value(Hash128& hash, const event::Value& value) noexcept {
    hash.add(static_cast<std::uint64_t>(value.type));
    switch (value.type) {
    case event::Type::string:
        return hash.add(value.string);
    case event::Type::integer:
        return hash.add(static_cast<std::uint64_t>(value.integer));
    case event::Type::boolean:
        return hash.add(static_cast<std::uint64_t>(value.boolean));
    case event::Type::address:
        hash.add(static_cast<std::uint64_t>(value.address.family));
        return hash.add(
            std::string_view(reinterpret_cast<const char*>(value.address.bytes.data()), value.address.bytes.size()));
    }
}

/// Makes room for one more item, and as much for giving all of them back, so that giving one back never takes memory.
/// May throw bad_alloc.
template <typename Item> void make_room(std::vector<Item>& items, std::vector<std::uint32_t>& free) {
    if (items.size() < items.capacity())
        return;
    const auto capacity = std::max<std::size_t>(64, items.capacity() * 2);
    free.reserve(capacity);
    items.reserve(capacity);
}

bool holds(const CorrelationSpec::Bound& bound, double number) noexcept {
    using Op = CorrelationSpec::Bound::Op;
    switch (bound.op) {
    case Op::lt:
        return number < bound.number;
    case Op::lte:
        return number <= bound.number;
    case Op::gt:
        return number > bound.number;
    case Op::gte:
        return number >= bound.number;
    case Op::eq:
        return number == bound.number;
    case Op::neq:
        return number != bound.number;
    }
    return false;
}

} // namespace

Correlator::Correlator(const CorrelationSpec& spec, const Limits& limits)
    : spec_(spec), limits_(limits), most_entries_(kLeastEntries), seed_(process_seed()) {
    for (const auto& bound : spec_.bounds)
        most_entries_ = std::max<std::size_t>(most_entries_, static_cast<std::size_t>(bound.number) + 1);
    most_entries_ = std::min(most_entries_, limits_.entries);
    result_.timespan_ns = spec_.timespan_ns;
}

const CorrelationResult* Correlator::add(const event::Event& event, event::Scratch& scratch,
                                         event::Values& values) noexcept {
    const auto mark = scratch.mark();
    const auto counted = by_value() ? counted_values(event, scratch, values) : 1;
    const auto key = key_of(event, scratch, values);
    scratch.release(mark);
    if (counted == 0)
        return nullptr;
    // Events of other processors may come a little late: for the window they happen now.
    now_ = std::max(now_, static_cast<std::int64_t>(event.boot_ns));
    drop_stale();
    const auto group = find_group(key);
    if (group == kNoItem)
        return nullptr;
    touch(group);
    expire(group);
    for (std::size_t i = 0; i < counted; ++i)
        count(group, by_value() ? found_[i] : 0);
    return judge(groups_[group]);
}

std::size_t Correlator::counted_values(const event::Event& event, event::Scratch& scratch,
                                       event::Values& values) noexcept {
    event::read(*spec_.field, event, scratch, values);
    std::size_t n = 0;
    for (const auto& value : values.items()) {
        auto hash = seed_;
        add_value(hash, value);
        found_[n++] = hash.high;
    }
    return n;
}

Hash128 Correlator::key_of(const event::Event& event, event::Scratch& scratch, event::Values& values) const noexcept {
    auto key = seed_;
    for (const auto& field : spec_.group_by) {
        event::read(field, event, scratch, values);
        key.add(static_cast<std::uint64_t>(values.items().size()));
        for (const auto& value : values.items())
            add_value(key, value);
    }
    return key;
}

std::uint32_t Correlator::find_group(const Hash128& key) noexcept {
    const auto found = group_index_.find(key.high, [&](std::uint32_t g) { return groups_[g].key == key; });
    if (found != kNoItem)
        return found;
    if (live_groups_ >= limits_.groups)
        evict();
    return new_group(key);
}

std::uint32_t Correlator::new_group(const Hash128& key) noexcept {
    try {
        if (free_groups_.empty()) {
            make_room(groups_, free_groups_);
            groups_.emplace_back();
            free_groups_.push_back(static_cast<std::uint32_t>(groups_.size() - 1));
        }
        const auto group = free_groups_.back();
        group_index_.insert(group, key.high);
        free_groups_.pop_back();
        groups_[group] = {};
        groups_[group].key = key;
        ++live_groups_;
        return group;
    } catch (const std::bad_alloc&) {
        ++evicted_; // this one was never counted
        return kNoItem;
    }
}

void Correlator::drop_group(std::uint32_t group) noexcept {
    while (groups_[group].oldest != kNoItem)
        drop_entry(groups_[group].oldest);
    unlink(group);
    group_index_.erase(group);
    free_groups_.push_back(group);
    --live_groups_;
}

void Correlator::evict() noexcept {
    if (quietest_ == kNoItem)
        return;
    if (groups_[quietest_].last >= now_ - spec_.timespan_ns)
        ++evicted_;
    drop_group(quietest_);
}

void Correlator::drop_stale() noexcept {
    for (int i = 0; i < kStalePerEvent && quietest_ != kNoItem && groups_[quietest_].last < now_ - spec_.timespan_ns;
         ++i)
        drop_group(quietest_);
}

void Correlator::unlink(std::uint32_t group) noexcept {
    const auto& g = groups_[group];
    if (g.quieter == kNoItem && g.busier == kNoItem && quietest_ != group)
        return;
    (g.quieter == kNoItem ? quietest_ : groups_[g.quieter].busier) = g.busier;
    (g.busier == kNoItem ? busiest_ : groups_[g.busier].quieter) = g.quieter;
}

void Correlator::touch(std::uint32_t group) noexcept {
    unlink(group);
    auto& g = groups_[group];
    g.last = now_;
    g.quieter = busiest_;
    g.busier = kNoItem;
    (busiest_ == kNoItem ? quietest_ : groups_[busiest_].busier) = group;
    busiest_ = group;
}

void Correlator::expire(std::uint32_t group) noexcept {
    const auto& g = groups_[group];
    while (g.oldest != kNoItem && entries_[g.oldest].time < now_ - spec_.timespan_ns)
        drop_entry(g.oldest);
}

std::uint64_t Correlator::value_hash(std::uint32_t group, std::uint64_t value) const noexcept {
    Hash128 hash = seed_;
    hash.add(static_cast<std::uint64_t>(group));
    hash.add(value);
    return hash.low;
}

void Correlator::count(std::uint32_t group, std::uint64_t value) noexcept {
    auto entry = kNoItem;
    if (by_value())
        entry = value_index_.find(value_hash(group, value), [&](std::uint32_t e) {
            return entries_[e].group == group && entries_[e].value == value;
        });
    if (entry != kNoItem) {
        detach(entry);
    } else {
        if (groups_[group].count >= most_entries_)
            drop_entry(groups_[group].oldest);
        entry = new_entry(group);
        if (entry == kNoItem)
            return;
        try {
            if (by_value())
                value_index_.insert(entry, value_hash(group, value));
        } catch (const std::bad_alloc&) {
            free_entries_.push_back(entry);
            return;
        }
        entries_[entry] = {};
        entries_[entry].group = group;
        entries_[entry].value = value;
        ++groups_[group].count;
    }
    entries_[entry].time = now_;
    ++entries_[entry].hits;
    ++groups_[group].hits;
    append(group, entry);
}

std::uint32_t Correlator::new_entry(std::uint32_t group) noexcept {
    while (free_entries_.empty() && entries_.size() >= limits_.entries && quietest_ != group)
        evict();
    if (free_entries_.empty() && entries_.size() >= limits_.entries)
        drop_entry(groups_[group].oldest);
    if (free_entries_.empty()) {
        try {
            make_room(entries_, free_entries_);
            entries_.emplace_back();
            free_entries_.push_back(static_cast<std::uint32_t>(entries_.size() - 1));
        } catch (const std::bad_alloc&) {
            return kNoItem;
        }
    }
    const auto entry = free_entries_.back();
    free_entries_.pop_back();
    return entry;
}

void Correlator::append(std::uint32_t group, std::uint32_t entry) noexcept {
    auto& g = groups_[group];
    auto& e = entries_[entry];
    e.older = g.newest;
    e.newer = kNoItem;
    (g.newest == kNoItem ? g.oldest : entries_[g.newest].newer) = entry;
    g.newest = entry;
}

void Correlator::detach(std::uint32_t entry) noexcept {
    const auto& e = entries_[entry];
    auto& g = groups_[e.group];
    (e.older == kNoItem ? g.oldest : entries_[e.older].newer) = e.newer;
    (e.newer == kNoItem ? g.newest : entries_[e.newer].older) = e.older;
}

void Correlator::drop_entry(std::uint32_t entry) noexcept {
    detach(entry);
    auto& g = groups_[entries_[entry].group];
    --g.count;
    g.hits -= entries_[entry].hits;
    if (by_value())
        value_index_.erase(entry);
    free_entries_.push_back(entry);
}

const CorrelationResult* Correlator::judge(const Group& group) noexcept {
    const auto all = std::all_of(spec_.bounds.begin(), spec_.bounds.end(),
                                 [&](const auto& bound) { return holds(bound, static_cast<double>(group.count)); });
    if (!all || group.oldest == kNoItem)
        return nullptr;
    result_.count = by_value() ? group.hits : group.count;
    result_.distinct = by_value() ? group.count : 0;
    result_.first_ns = entries_[group.oldest].time;
    return &result_;
}

} // namespace rwatch::rules
