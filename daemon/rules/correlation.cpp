// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/correlation.hpp"

#include "rules/rule_expression.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <new>
#include <random>

namespace rwatch::rules {

namespace {

constexpr std::size_t kLeastEntries = 1'024;  // of one group: so far the told count is exact whatever the bound
constexpr std::size_t kMostNumbers = 100'000; // of one group, to calculate with
constexpr int kStalePerEvent = 2;             // quiet groups that each event clears away

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

void add_field(Hash128& hash, const event::FieldRef& field, const event::Event& event, event::Scratch& scratch,
               event::Values& values) noexcept {
    if (field.field == nullptr)
        return hash.add(std::uint64_t{0});
    event::read(field, event, scratch, values);
    hash.add(static_cast<std::uint64_t>(values.items().size()));
    for (const auto& value : values.items())
        add_value(hash, value);
}

std::size_t most_entries(const CorrelationSpec& spec) noexcept {
    if (is_numeric(spec.type))
        return kMostNumbers;
    auto most = kLeastEntries;
    for (const auto& bound : spec.bounds)
        most = std::max<std::size_t>(most, static_cast<std::size_t>(bound.number) + 1);
    return most;
}

/// Calls for each bit that is set, lowest first.
template <typename Visit> void each_bit(std::uint64_t bits, Visit visit) noexcept {
    for (; bits != 0; bits &= bits - 1)
        visit(static_cast<std::uint32_t>(std::countr_zero(bits)));
}

} // namespace

Correlator::Correlator(const CorrelationSpec& spec, const Limits& limits)
    : spec_(&spec), limits_(limits), most_entries_(std::min(most_entries(spec), limits.entries)), seed_(process_seed()),
      tree_(seed_.low) {}

const CorrelationResult* Correlator::add(const Arrival& arrival, event::Scratch& scratch,
                                         event::Values& values) noexcept {
    const auto mark = scratch.mark();
    const auto found = read_values(arrival, scratch, values);
    const auto key = key_of(arrival, scratch, values);
    scratch.release(mark);
    if (found == 0)
        return nullptr;
    // Events of other processors may come a little late: for the window they happen now.
    now_ = std::max(now_, static_cast<std::int64_t>(arrival.event.boot_ns));
    drop_stale();
    const auto group = find_group(key);
    if (group == kNoItem)
        return nullptr;
    touch(group);
    expire(group);
    // What matches several of the rules is one event.
    if (counts_events() && groups_[group].serial == arrival.serial)
        return nullptr;
    groups_[group].serial = arrival.serial;
    if (is_temporal(spec_->type)) {
        each_bit(arrival.sources,
                 [&](std::uint32_t source) { count(group, by_value() ? source : arrival.serial, source); });
    } else {
        const auto source = static_cast<std::uint32_t>(std::countr_zero(arrival.sources));
        for (std::size_t i = 0; i < found; ++i)
            count(group, found_[i], source);
    }
    return judge(group, arrival);
}

std::size_t Correlator::read_values(const Arrival& arrival, event::Scratch& scratch, event::Values& values) noexcept {
    const auto& fields = arrival.view.fields;
    if (fields.empty()) {
        found_[0] = 0;
        return 1;
    }
    if (fields.size() > 1) {
        auto hash = seed_;
        for (const auto& field : fields) {
            add_field(hash, field, arrival.event, scratch, values);
            if (field.field == nullptr || values.empty())
                return 0;
        }
        found_[0] = hash.high;
        return 1;
    }
    if (fields.front().field == nullptr)
        return 0;
    event::read(fields.front(), arrival.event, scratch, values);
    std::size_t n = 0;
    for (const auto& value : values.items()) {
        if (is_numeric(spec_->type)) {
            found_[n++] = static_cast<std::uint64_t>(value.integer);
            continue;
        }
        auto hash = seed_;
        add_value(hash, value);
        found_[n++] = hash.high;
    }
    return n;
}

Hash128 Correlator::key_of(const Arrival& arrival, event::Scratch& scratch, event::Values& values) const noexcept {
    auto key = seed_;
    for (const auto& field : arrival.view.group_by)
        add_field(key, field, arrival.event, scratch, values);
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
            const auto sources = spec_->sources.size();
            if (sources > 1)
                source_counts_.resize((groups_.size() + 1) * sources);
            if (spec_->type == CorrelationSpec::Type::temporal_ordered && spec_->expression.empty())
                steps_.resize((groups_.size() + 1) * sources);
            groups_.emplace_back();
            free_groups_.push_back(static_cast<std::uint32_t>(groups_.size() - 1));
        }
        const auto group = free_groups_.back();
        group_index_.insert(group, key.high);
        free_groups_.pop_back();
        groups_[group] = {};
        groups_[group].key = key;
        if (!steps_.empty())
            std::fill_n(steps(group), spec_->sources.size(), Step());
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
    if (groups_[quietest_].last >= window_begin())
        ++evicted_;
    drop_group(quietest_);
}

void Correlator::drop_stale() noexcept {
    for (int i = 0; i < kStalePerEvent && quietest_ != kNoItem && groups_[quietest_].last < window_begin(); ++i)
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
    while (g.oldest != kNoItem && entries_[g.oldest].time < window_begin())
        drop_entry(g.oldest);
}

std::uint64_t Correlator::value_hash(std::uint32_t group, std::uint64_t value) const noexcept {
    Hash128 hash = seed_;
    hash.add(static_cast<std::uint64_t>(group));
    hash.add(value);
    return hash.low;
}

void Correlator::count(std::uint32_t group, std::uint64_t value, std::uint32_t source) noexcept {
    auto entry = kNoItem;
    if (by_value())
        entry = value_index_.find(value_hash(group, value), [&](std::uint32_t e) {
            return entries_[e].group == group && entries_[e].value == value;
        });
    if (entry != kNoItem) {
        detach(entry);
        remove_source(group, entries_[entry].source);
    } else {
        if (groups_[group].count >= most_entries_) {
            evicted_ += is_numeric(spec_->type) ? 1 : 0;
            drop_entry(groups_[group].oldest);
        }
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
        if (is_numeric(spec_->type))
            groups_[group].sum += static_cast<std::int64_t>(value);
        if (has_tree())
            tree_.insert(groups_[group].tree, entry, static_cast<std::int64_t>(value));
    }
    entries_[entry].source = source;
    add_source(group, source);
    entries_[entry].time = now_;
    ++entries_[entry].hits;
    ++groups_[group].hits;
    append(group, entry);
}

std::uint32_t Correlator::new_entry(std::uint32_t group) noexcept {
    while (free_entries_.empty() && entries_.size() >= limits_.entries && quietest_ != group)
        evict();
    if (free_entries_.empty() && entries_.size() >= limits_.entries) {
        evicted_ += is_numeric(spec_->type) ? 1 : 0;
        drop_entry(groups_[group].oldest);
    }
    if (free_entries_.empty()) {
        try {
            make_room(entries_, free_entries_);
            if (has_tree())
                tree_.resize(entries_.capacity());
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
    const auto& e = entries_[entry];
    auto& g = groups_[e.group];
    --g.count;
    g.hits -= e.hits;
    remove_source(e.group, e.source);
    if (by_value())
        value_index_.erase(entry);
    if (is_numeric(spec_->type))
        g.sum -= static_cast<std::int64_t>(e.value);
    if (has_tree())
        tree_.erase(g.tree, entry);
    free_entries_.push_back(entry);
}

void Correlator::add_source(std::uint32_t group, std::uint32_t source) noexcept {
    if (!source_counts_.empty())
        ++source_counts_[group * spec_->sources.size() + source];
    groups_[group].sources |= 1ULL << source;
}

void Correlator::remove_source(std::uint32_t group, std::uint32_t source) noexcept {
    if (!source_counts_.empty() && --source_counts_[group * spec_->sources.size() + source] == 0)
        groups_[group].sources &= ~(1ULL << source);
}

std::size_t Correlator::chain(std::uint32_t group, const Arrival& arrival) noexcept {
    std::size_t longest = 0;
    each_bit(arrival.sources, [&](std::uint32_t source) {
        auto* step = steps(group) + source;
        auto begin = now_;
        if (source > 0)
            begin = step[-1].serial == arrival.serial ? step[-1].begin_before : step[-1].begin;
        if (begin < window_begin())
            return;
        if (step->serial != arrival.serial)
            step->begin_before = step->begin;
        step->serial = arrival.serial;
        step->begin = begin;
        longest = source + 1;
        result_.first_ns = begin;
    });
    return longest;
}

bool Correlator::in_order(const Group& group, const Arrival& arrival) const noexcept {
    // From the last rule back to the first: the latest match of each before the one that was found after it.
    auto entry = group.newest;
    auto next = arrival.serial + 1;
    for (auto wanted = group.sources; wanted != 0;) {
        const auto source = 63U - static_cast<std::uint32_t>(std::countl_zero(wanted));
        while (entry != kNoItem && (entries_[entry].source != source || entries_[entry].value >= next))
            entry = entries_[entry].older;
        if (entry == kNoItem || (wanted == group.sources && entries_[entry].value != arrival.serial))
            return false;
        next = entries_[entry].value;
        wanted &= ~(1ULL << source);
    }
    return true;
}

double Correlator::percentile(const Group& group) const noexcept {
    const auto last = tree_.size(group.tree) - 1;
    const double place = spec_->percentile / 100 * static_cast<double>(last);
    const auto below = std::min(static_cast<std::uint32_t>(place), last);
    const auto low = static_cast<double>(tree_.at(group.tree, below));
    const auto high = static_cast<double>(tree_.at(group.tree, std::min(below + 1, last)));
    return low + (high - low) * (place - below);
}

double Correlator::number(const Group& group) const noexcept {
    switch (spec_->type) {
    case CorrelationSpec::Type::value_sum:
        return static_cast<double>(group.sum);
    case CorrelationSpec::Type::value_avg:
        return static_cast<double>(group.sum) / group.count;
    case CorrelationSpec::Type::value_percentile:
    case CorrelationSpec::Type::value_median:
        return percentile(group);
    default:
        return group.count;
    }
}

const CorrelationResult* Correlator::judge(std::uint32_t group, const Arrival& arrival) noexcept {
    auto& g = groups_[group];
    if (g.oldest == kNoItem)
        return nullptr;
    result_.first_ns = entries_[g.oldest].time;
    const bool ordered = spec_->type == CorrelationSpec::Type::temporal_ordered;
    bool fires = true;
    double counted = 0;
    if (!spec_->expression.empty()) {
        counted = std::popcount(g.sources);
        fires = holds(spec_->expression, g.sources) && (!ordered || in_order(g, arrival));
    } else {
        counted = ordered ? static_cast<double>(chain(group, arrival)) : number(g);
        fires = (!ordered || counted > 0) && std::all_of(spec_->bounds.begin(), spec_->bounds.end(),
                                                         [&](const auto& bound) { return within(bound, counted); });
    }
    if (!fires || g.fired == arrival.serial)
        return nullptr;
    g.fired = arrival.serial;
    result_.count = g.hits;
    result_.distinct = counts_events() ? 0 : static_cast<std::uint64_t>(counted);
    result_.value = is_numeric(spec_->type) ? counted : 0;
    result_.timespan_ns = spec_->timespan_ns;
    result_.sources = g.sources;
    result_.view = &arrival.view;
    return &result_;
}

} // namespace rwatch::rules
