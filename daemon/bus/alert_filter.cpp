// SPDX-License-Identifier: MIT OR Apache-2.0
#include "bus/alert_filter.hpp"

#include "core/suggest.hpp"
#include "dbus/names.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_set>

namespace rwatch::bus {

namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string& reason) {
    throw sdbus::Error(dbus::kErrorInvalidArgument, reason);
}

std::uint64_t unsigned_of(const std::string& key, const Json& value) {
    if (value.is_number_unsigned())
        return value.get<std::uint64_t>();
    if (value.is_number_integer() && value.get<std::int64_t>() >= 0)
        return static_cast<std::uint64_t>(value.get<std::int64_t>());
    refuse("filter '" + key + "' must be a number, not negative");
}

std::int64_t nanoseconds_of(const std::string& key, const Json& value) {
    const auto usec = unsigned_of(key, value);
    // Past year 2262: as good as never.
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / 1000;
    return static_cast<std::int64_t>(std::min(usec, kMost)) * 1000;
}

std::string text_of(const std::string& key, const Json& value) {
    if (!value.is_string())
        refuse("filter '" + key + "' must be a text");
    return value.get<std::string>();
}

bool boolean_of(const std::string& key, const Json& value) {
    if (!value.is_boolean())
        refuse("filter '" + key + "' must be a boolean");
    return value.get<bool>();
}

rules::Priority priority_of(const std::string& key, const Json& value) {
    const auto priority = rules::parse_priority(text_of(key, value));
    if (!priority)
        refuse("filter '" + key + "' must be a priority: " + priority_names());
    return *priority;
}

struct Setter {
    std::string_view key;
    void (*set)(AlertFilter&, const std::string&, const Json&);
};

constexpr std::array<Setter, 8> kSetters{{
    {"since_usec",
     [](AlertFilter& f, const std::string& k, const Json& v) { f.history.since_ns = nanoseconds_of(k, v); }},
    {"until_usec",
     [](AlertFilter& f, const std::string& k, const Json& v) {
         // Inclusive to the whole microsecond.
         const auto ns = nanoseconds_of(k, v);
         f.history.until_ns = std::min(ns, std::numeric_limits<std::int64_t>::max() - 999) + 999;
     }},
    {"rule", [](AlertFilter& f, const std::string& k, const Json& v) { f.history.rule = text_of(k, v); }},
    {"priority", [](AlertFilter& f, const std::string& k, const Json& v) { f.history.priority = priority_of(k, v); }},
    {"unit", [](AlertFilter& f, const std::string& k, const Json& v) { f.history.unit = text_of(k, v); }},
    {"unacknowledged",
     [](AlertFilter& f, const std::string& k, const Json& v) { f.history.unacknowledged = boolean_of(k, v); }},
    {"limit",
     [](AlertFilter& f, const std::string& k, const Json& v) {
         const auto limit = unsigned_of(k, v);
         f.history.limit =
             limit == 0 ? dbus::kMaxListed : static_cast<std::size_t>(std::min<std::uint64_t>(limit, dbus::kMaxListed));
     }},
    {"before", [](AlertFilter& f, const std::string& k, const Json& v) { f.before = text_of(k, v); }},
}};

const Setter& setter_of(const std::string& key) {
    const auto* setter = std::find_if(kSetters.begin(), kSetters.end(), [&](const Setter& s) { return s.key == key; });
    if (setter != kSetters.end())
        return *setter;
    std::array<std::string_view, kSetters.size()> names;
    std::transform(kSetters.begin(), kSetters.end(), names.begin(), [](const Setter& s) { return s.key; });
    const auto hint = did_you_mean(key, names);
    refuse("unknown filter '" + key + "'" + (hint.empty() ? "" : ", " + hint));
}

} // namespace

AlertFilter parse_alert_filter(const dbus::Dictionary& dictionary) {
    AlertFilter filter;
    filter.history.limit = dbus::kMaxListed;
    for (const auto& [key, value] : dictionary)
        setter_of(key).set(filter, key, dbus::to_json(value));
    return filter;
}

std::vector<std::shared_ptr<const alerts::Alert>> list_alerts(const alerts::History& history,
                                                              const AlertFilter& filter) {
    if (filter.before.empty())
        return history.list(filter.history);
    // By place in the history, not by id: an alert may be made later than one whose event came after its own.
    const auto everything = history.list({});
    const auto at = std::find_if(everything.begin(), everything.end(),
                                 [&](const auto& alert) { return alert->id == filter.before; });
    if (at == everything.end())
        return {};
    const std::unordered_set<std::shared_ptr<const alerts::Alert>> older(everything.begin(), at);
    auto all = filter.history;
    all.limit = 0;
    auto list = history.list(all);
    std::erase_if(list, [&](const auto& alert) { return !older.contains(alert); });
    if (list.size() > filter.history.limit)
        list.erase(list.begin(), list.end() - static_cast<std::ptrdiff_t>(filter.history.limit));
    return list;
}

} // namespace rwatch::bus
