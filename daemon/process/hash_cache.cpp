// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/hash_cache.hpp"

#include <functional>

namespace rwatch::process {

std::size_t HashCache::Hash::operator()(const FileVersion& file) const noexcept {
    constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15; // 2^64 divided by the golden ratio
    return static_cast<std::size_t>((((file.id.ino * kSpread) ^ file.id.dev) * kSpread) ^
                                    static_cast<std::uint64_t>(file.ctime_ns));
}

HashCache::Entry* HashCache::entry_of(const FileVersion& file) noexcept {
    const auto found = by_file_.find(file);
    if (found == by_file_.end())
        return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &*found->second;
}

HashCache::State HashCache::want(const event::Process& process) noexcept {
    const auto file = version_of(process.exe);
    if (!file)
        return State::none;
    if (const auto* known = entry_of(file))
        return known->state;
    if (!lookups_.ask(HashQuestion{file, process.pid, process.exe_path})) {
        ++counters_.refused;
        return State::unknown;
    }
    if (entries_.size() >= capacity_) {
        by_file_.erase(entries_.back().file);
        entries_.pop_back();
    }
    entries_.push_front({file, State::waiting, {}});
    by_file_.emplace(file, entries_.begin());
    return State::waiting;
}

std::string_view HashCache::find(const event::FileInfo& exe) noexcept {
    const auto file = version_of(exe);
    const auto* entry = file ? entry_of(file) : nullptr;
    return entry == nullptr ? std::string_view{} : entry->sha256;
}

HashCache::State HashCache::state(const event::FileInfo& exe) noexcept {
    const auto* entry = entry_of(version_of(exe));
    return entry == nullptr ? State::unknown : entry->state;
}

void HashCache::told(HashAnswer&& answer) noexcept {
    auto* entry = entry_of(answer.file);
    if (entry == nullptr)
        return;
    if (answer.sha256.empty()) {
        // Not for good: the next process that runs it may live long enough.
        ++counters_.failed;
        entries_.erase(by_file_.find(answer.file)->second);
        by_file_.erase(answer.file);
        return;
    }
    entry->state = State::known;
    entry->sha256 = std::move(answer.sha256);
}

} // namespace rwatch::process
