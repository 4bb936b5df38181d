// SPDX-License-Identifier: MIT OR Apache-2.0
// All rules of one generation, made from texts in one go: all or nothing. Shared between the main and the pipeline
// thread while in flight; const but for its counters.
#pragma once

#include "core/diagnostic.hpp"
#include "rules/rule.hpp"
#include "rules/rule_index.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rwatch::rules {

/// What is counted for each rule. Written by the pipeline thread (paused: by the main thread), read by any; all
/// relaxed.
struct RuleCounters {
    std::atomic<std::uint64_t> matched{0};    ///< events for which the condition was true
    std::atomic<std::uint64_t> hits{0};       ///< alerts before debounce
    std::atomic<std::uint64_t> suppressed{0}; ///< of these, held back by debounce
    std::atomic<std::uint64_t> evicted{0};    ///< groups that its correlation had no room to count on with
    std::atomic<std::uint64_t> cost_ns{0};    ///< of the evaluations that were timed
    std::atomic<std::uint64_t> timed{0};      ///< how many were timed (a sample)
    std::atomic<std::int64_t> last_hit_ns{0}; ///< wall clock; 0: never
    std::atomic<bool> paused{false};
};

struct SourceText {
    std::string file; ///< name for diagnostics
    std::string text;
};

class RuleSet {
  public:
    explicit RuleSet(std::vector<Rule> rules);
    RuleSet(const RuleSet&) = delete;
    RuleSet& operator=(const RuleSet&) = delete;

    [[nodiscard]] std::span<const Rule> rules() const noexcept { return rules_; }
    [[nodiscard]] RuleCounters& counters(std::size_t rule) const noexcept { return counters_[rule]; }
    /// Enabled, and not paused now.
    [[nodiscard]] bool is_active(std::size_t rule) const noexcept {
        return rules_[rule].enabled && !counters_[rule].paused.load(std::memory_order_relaxed);
    }
    /// Index of an enabled or disabled rule by name; -1 where there is none.
    [[nodiscard]] std::ptrdiff_t find(std::string_view name) const noexcept;
    /// Indices of the rules a selector names: a rule's name, or a tag; never both (the name wins).
    [[nodiscard]] std::vector<std::size_t> select(std::string_view name_or_tag) const;
    /// What rules compare whole with a path field, as patterns of glob(7): these files are also known by device and
    /// inode.
    [[nodiscard]] std::span<const std::string> watched_paths() const noexcept { return watched_paths_; }
    /// Whether an enabled rule asks for what may be known only a little later (event::Field::late).
    [[nodiscard]] bool asks_late() const noexcept { return asks_late_; }
    [[nodiscard]] bool is_late(std::size_t rule) const noexcept { return late_[rule]; }
    /// Rules to try for an event, enabled ones only.
    [[nodiscard]] const RuleIndex& index() const noexcept { return index_; }

  private:
    std::vector<Rule> rules_;
    std::unordered_map<std::string_view, std::uint32_t> by_name_; ///< keys point into rules_
    std::unique_ptr<RuleCounters[]> counters_;
    std::vector<std::string> watched_paths_;
    std::vector<bool> late_; ///< by rule
    bool asks_late_ = false;
    RuleIndex index_;
};

inline constexpr std::size_t kMaxRules = 10'000;

struct LoadResult {
    std::shared_ptr<const RuleSet> set; ///< null where diagnostics has errors
    Diagnostics diagnostics;            ///< in the order of files and lines
    std::size_t macros = 0, lists = 0;  ///< defined in the texts
};

/// Reads, collects and compiles: lists, macros and rules over all texts in the order given.
[[nodiscard]] LoadResult load(std::span<const SourceText> texts);

} // namespace rwatch::rules
