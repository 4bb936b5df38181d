// SPDX-License-Identifier: MIT OR Apache-2.0
// The keys of a rule that are maps of their own: debounce, tests. They are ours, not Falco's.
#pragma once

#include "core/yaml.hpp"
#include "rules/items.hpp"

#include <optional>
#include <string>
#include <vector>

namespace rwatch::rules {

inline constexpr std::int64_t kMaxDebounce = 7LL * 86400 * 1'000'000'000;
inline constexpr std::size_t kMaxGroupFields = 16;
inline constexpr std::int64_t kMaxTestRepeat = 1'000'000;
inline constexpr std::int64_t kMaxTestTime =
    10LL * 366 * 86400 * 1'000'000'000; ///< from a test's begin to its last event

inline constexpr std::size_t kMaxNameText = 1024; ///< bytes of the name of a rule, macro, list or exception, of a tag

/// What is wrong with a name or a tag, which D-Bus, the journal and terminals carry; empty: nothing.
[[nodiscard]] std::string wrong_name(std::string_view name);

/// Where and to whom is reported.
struct ReadContext {
    const std::string& file;
    Diagnostics& out;
    Severity unknown_key; ///< of a key that no reader knows
};

[[nodiscard]] std::optional<DebounceItem> read_debounce(const yaml::Node& node, const ReadContext& context);
[[nodiscard]] std::vector<TestCase> read_tests(const yaml::Node& node, const ReadContext& context);

} // namespace rwatch::rules
