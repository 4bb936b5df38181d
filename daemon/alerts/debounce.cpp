// SPDX-License-Identifier: MIT OR Apache-2.0
#include "alerts/debounce.hpp"

#include "core/time.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace rwatch::alerts {

namespace {

constexpr std::size_t kEntryBytes = 256; // a window's own nodes, beside key and alert

/// Beginnings of names of fields that differ between repeats of the same thing.
constexpr std::array<std::string_view, 14> kVolatile{
    "evt.num",  "evt.time",  "evt.rawtime", "evt.datetime", "evt.args",      "evt.rawres", "fd.num",
    "proc.pid", "proc.vpid", "proc.ppid",   "proc.apid",    "proc.duration", "proc.start", "thread.tid"};
/// Arguments (evt.arg.…) that hold numbers of descriptors.
constexpr std::array<std::string_view, 3> kVolatileArguments{"fd", "dirfd", "res"};

bool is_volatile(const event::FieldRef& ref) noexcept {
    const auto begins = [&](auto name) { return ref.field->name.starts_with(name); };
    return std::any_of(kVolatile.begin(), kVolatile.end(), begins) ||
           std::find(kVolatileArguments.begin(), kVolatileArguments.end(), ref.arg.key) != kVolatileArguments.end();
}

/// With its length before it: no value can pass for the end of one and the begin of another.
void add_part(std::string& key, std::string_view part) {
    key += std::to_string(part.size());
    key += ':';
    key += part;
}

void add_field(std::string& key, const event::FieldRef& ref, const event::Event& event, event::Scratch& scratch) {
    event::Values values;
    if (ref.field != nullptr)
        event::read(ref, event, scratch, values);
    key += '/'; // a missing field differs from an empty one
    std::string text;
    for (const auto& value : values.items()) {
        text.clear();
        event::append_text(value, text);
        add_part(key, text);
    }
}

std::string key_of(const rules::Match& match, event::Scratch& scratch) {
    const auto& rule = match.rule;
    std::string key;
    add_part(key, rule.name);
    if (rule.debounce || match.correlation != nullptr) {
        for (const auto& ref : rule.debounce ? rule.debounce->by : match.correlation->view->group_by)
            add_field(key, ref, match.event, scratch);
        return key;
    }
    for (const auto& ref : rule.output.fields())
        if (!is_volatile(ref))
            add_field(key, ref, match.event, scratch);
    return key;
}

} // namespace

struct Debounce::State {
    struct Window;
    using Ends = std::multimap<std::uint64_t, Window*>; // by end

    struct Window {
        const std::string* key = nullptr; // of the map that holds the window
        std::shared_ptr<const Alert> alert;
        std::uint64_t begin_ns = 0, for_ns = 0; // boot clock
        std::uint64_t last_ns = 0;              // of the last repeat
        std::int64_t last_wall_ns = 0;
        std::uint64_t repeats = 0;
        std::size_t bytes = 0;
        Ends::iterator end;
    };

    void summarise(Window& window, std::uint64_t end_ns);
    void close(Window& window);
    void close_early();

    std::uint64_t default_for_ns = 0;
    AlertFactory& factory;
    Emit emit;
    std::unordered_map<std::string, Window> windows;
    Ends ends;
    std::size_t bytes = 0;
    std::uint64_t closed_early_count = 0;
    Window* admitted = nullptr; ///< the window that the last admit() opened
};

/// Tells what the window held back until `end_ns` (boot clock), if anything, and begins to count anew. The summary's
/// time is that end, so that a log of alerts goes forward.
void Debounce::State::summarise(Window& window, std::uint64_t end_ns) {
    const auto repeats = std::exchange(window.repeats, 0);
    if (repeats == 0 || !window.alert)
        return;
    Alert alert = *window.alert;
    alert.wall_ns = window.last_wall_ns + static_cast<std::int64_t>(end_ns - std::min(end_ns, window.last_ns));
    alert.id = factory.next_id(alert.wall_ns);
    alert.suppressed = repeats;
    alert.summary = true;
    const auto times = repeats == 1 ? std::string("once") : std::to_string(repeats) + " times";
    alert.output += " (repeated " + times + " in " +
                    format_span(static_cast<std::int64_t>(end_ns - std::min(end_ns, window.begin_ns))) + ")";
    emit(std::move(alert));
}

void Debounce::State::close(Window& window) {
    if (admitted == &window)
        admitted = nullptr;
    bytes -= window.bytes;
    ends.erase(window.end);
    windows.erase(windows.find(*window.key));
}

void Debounce::State::close_early() {
    Window& window = *ends.begin()->second;
    summarise(window, window.last_ns);
    close(window);
}

Debounce::Debounce(std::int64_t default_for_ns, AlertFactory& factory, Emit emit)
    : state_(new State{static_cast<std::uint64_t>(std::max<std::int64_t>(default_for_ns, 0)),
                       factory,
                       std::move(emit),
                       {},
                       {},
                       0,
                       0,
                       nullptr}) {}

Debounce::~Debounce() = default;

bool Debounce::admit(const rules::Match& match, event::Scratch& scratch) {
    auto& state = *state_;
    const auto& event = match.event;
    expire(static_cast<std::int64_t>(event.boot_ns));
    state.admitted = nullptr;
    const auto own = match.rule.debounce ? std::max<std::int64_t>(match.rule.debounce->for_ns, 0) : 0;
    const auto for_ns = match.rule.debounce ? static_cast<std::uint64_t>(own) : state.default_for_ns;
    if (for_ns == 0)
        return true;
    auto [found, is_new] = state.windows.try_emplace(key_of(match, scratch));
    auto& window = found->second;
    if (!is_new) {
        ++window.repeats;
        window.last_ns = std::max(window.last_ns, event.boot_ns);
        window.last_wall_ns = std::max(window.last_wall_ns, event.wall_ns);
        return false;
    }
    window.key = &found->first;
    window.begin_ns = window.last_ns = event.boot_ns;
    window.last_wall_ns = event.wall_ns;
    window.for_ns = for_ns;
    window.bytes = kEntryBytes + found->first.size();
    // Not yet among the ends, so that making room can't close the new one.
    while (!state.ends.empty() && (state.windows.size() > kMaxKeys || state.bytes + window.bytes > kMaxBytes)) {
        ++state.closed_early_count;
        state.close_early();
    }
    window.end = state.ends.emplace(event.boot_ns + for_ns, &window);
    state.bytes += window.bytes;
    state.admitted = &window;
    return true;
}

void Debounce::opened(std::shared_ptr<const Alert> alert) {
    auto* window = std::exchange(state_->admitted, nullptr);
    if (window == nullptr)
        return;
    const auto bytes = memory_of(*alert);
    window->bytes += bytes;
    state_->bytes += bytes;
    window->alert = std::move(alert);
}

void Debounce::expire(std::int64_t boot_ns) {
    auto& state = *state_;
    const auto now = static_cast<std::uint64_t>(boot_ns);
    while (!state.ends.empty() && state.ends.begin()->first <= now) {
        State::Window& window = *state.ends.begin()->second;
        const auto end = state.ends.begin()->first;
        const bool repeated = window.repeats > 0;
        state.summarise(window, end);
        if (!repeated || end + window.for_ns <= now) {
            state.close(window);
            continue;
        }
        state.ends.erase(window.end);
        window.begin_ns = end;
        window.end = state.ends.emplace(end + window.for_ns, &window);
    }
}

void Debounce::flush() {
    while (!state_->ends.empty())
        state_->close_early();
}

std::size_t Debounce::windows() const noexcept {
    return state_->windows.size();
}
std::uint64_t Debounce::closed_early() const noexcept {
    return state_->closed_early_count;
}

} // namespace rwatch::alerts
