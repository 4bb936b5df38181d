// SPDX-License-Identifier: MIT OR Apache-2.0
#include "status_text.hpp"

#include "json_read.hpp"
#include "render.hpp"

#include <algorithm>
#include <map>

namespace rwatch::ctl {

namespace {

using Json = nlohmann::ordered_json;

Tint tint_of_health(const std::string& state) noexcept {
    if (state == "running")
        return Tint::green;
    return state == "starting" || state == "degraded" ? Tint::yellow : Tint::red;
}

std::string dot(const Terminal& terminal) {
    return terminal.utf8 ? "\xe2\x97\x8f" : "*";
}
std::string cross(const Terminal& terminal) {
    return terminal.utf8 ? "\xe2\x9c\x97" : "x";
}

std::string padded_name(std::string text, std::size_t width) {
    const auto used = display_width(text);
    return text.append(width > used ? width - used : 0, ' ');
}

std::size_t name_width(const Json& list) {
    std::size_t width = 0;
    for (const auto& item : list)
        width = std::max(width, display_width(safe_text(item, "name")));
    return width;
}

std::string state_line(const Json& status, const Terminal& terminal, std::int64_t now_ns) {
    const auto state = safe_text(status, "state");
    auto line = paint(state, tint_of_health(state), terminal);
    if (const auto reason = safe_text(status, "state_reason"); !reason.empty())
        line += " (" + reason + ")";
    if (const auto since = time_of(status, "started_realtime_usec"); since != 0)
        line += " since " + long_time(since) + "; " + relative_time(since, now_ns);
    return line;
}

std::string rules_line(const Json& status, const Terminal& terminal) {
    const auto loaded = number(status, "rules_loaded");
    const auto enabled = number(status, "rules_enabled");
    const auto paused = number(status, "rules_paused");
    auto line = grouped(enabled - std::min(enabled, paused)) + " active of " + grouped(loaded);
    if (paused > 0)
        line += ", " + paint(grouped(paused) + " paused", Tint::yellow, terminal);
    if (loaded > enabled)
        line += ", " + grouped(loaded - enabled) + " disabled";
    return line + "; generation " + std::to_string(number(status, "generation"));
}

/// One line a probe; below it what is not as it should be.
std::string probe_lines(const Json& probe, std::size_t width, const Terminal& terminal) {
    const auto attached = safe_text(probe, "attached");
    const auto reason = safe_text(probe, "reason");
    const auto blind = safe_text(probe, "blind");
    const auto name = padded_name(safe_text(probe, "name"), width) + "  ";
    const std::string indent(width + 2, ' ');
    if (!attached.empty()) {
        const auto line =
            "\n" + name + attached + paint(", " + counted(number(probe, "events"), "event"), Tint::grey, terminal);
        return blind.empty() ? line : line + "\n" + indent + paint("not seen: " + blind, Tint::yellow, terminal);
    }
    auto line = "\n" + name +
                paint(cross(terminal) + " not attached" + (reason.empty() ? "" : ": " + reason), Tint::red, terminal);
    return blind.empty() ? line : line + "\n" + indent + paint("not seen: " + blind, Tint::red, terminal);
}

/// Why probes are attached by other than their best hooks: each reason once, with the probes that it is about.
std::string second_best_lines(const Json& probes, const Terminal& terminal) {
    std::map<std::string, std::string> names;
    for (const auto& probe : probes) {
        const auto reason = safe_text(probe, "reason");
        if (safe_text(probe, "attached").empty() || reason.empty())
            continue;
        auto& list = names[reason];
        list.append(list.empty() ? "" : ", ").append(safe_text(probe, "name"));
    }
    std::string out;
    for (const auto& [reason, list] : names)
        out.append("\n").append(paint(std::string(list).append(": ").append(reason), Tint::grey, terminal));
    return out;
}

std::string probes_text(const Json& probes, const Terminal& terminal) {
    const auto attached =
        std::count_if(probes.begin(), probes.end(), [](const Json& probe) { return !text(probe, "attached").empty(); });
    const auto all = static_cast<std::size_t>(attached) == probes.size() && !probes.empty();
    auto out = paint(std::to_string(attached) + " of " + std::to_string(probes.size()) + " attached",
                     all ? Tint::green : Tint::red, terminal);
    const auto width = name_width(probes);
    for (const auto& probe : probes)
        out += probe_lines(probe, width, terminal);
    return out + second_best_lines(probes, terminal);
}

/// Whose events were lost most, and how many; "" where that is not known.
std::string most_lost(const Json& status) {
    std::string owner;
    std::uint64_t most = 0;
    for (const auto& [name, count] : member(status, "events_lost_by").items()) {
        const auto lost = count.is_number_unsigned() ? count.get<std::uint64_t>() : 0;
        if (lost <= most)
            continue;
        most = lost;
        owner = name.empty() ? "" : escape(name) + " (" + grouped(lost) + ")";
    }
    return owner;
}

std::string events_line(const Json& status, const Terminal& terminal) {
    auto line = grouped(number(status, "events_received")) + " received, ";
    std::uint64_t total = 0;
    std::string kinds;
    for (const auto& [kind, count] : member(status, "events_lost").items()) {
        const auto lost = count.is_number_unsigned() ? count.get<std::uint64_t>() : 0;
        total += lost;
        kinds += (kinds.empty() ? "" : ", ") + escape(kind) + " " + grouped(lost);
    }
    if (total == 0) {
        const auto sifted = number(status, "events_sifted");
        return line + "none lost" + (sifted == 0 ? "" : "; " + grouped(sifted) + " calls passed over in the kernel");
    }
    line += paint(grouped(total) + " lost", Tint::red, terminal) + ": " + kinds;
    const auto owner = most_lost(status);
    return owner.empty() ? line : line + "; most of " + owner;
}

std::string alerts_line(const Json& status, const Terminal& terminal) {
    auto line = grouped(number(status, "alerts_raised")) + " raised, " +
                counted(number(status, "alerts_suppressed"), "repeat") + " suppressed";
    if (const auto open = number(status, "alerts_unacknowledged"); open > 0)
        line += "; " + paint(grouped(open) + " not acknowledged", Tint::yellow, terminal);
    if (const auto forgotten = number(status, "alerts_forgotten"); forgotten > 0)
        line += "; the oldest " + grouped(forgotten) + " no longer in the history";
    return line;
}

/// What limits and haste left out; "" where nothing was.
std::string shortfalls_line(const Json& status) {
    std::string line;
    for (const auto& [name, count] : member(status, "shortfalls").items())
        line += (line.empty() ? "" : ", ") + grouped(count.is_number_unsigned() ? count.get<std::uint64_t>() : 0) +
                " " + escape(name);
    return line;
}

std::string sink_line(const Json& sink, std::size_t width, const Terminal& terminal) {
    const auto name = padded_name(safe_text(sink, "name"), width) + "  ";
    const auto state = safe_text(sink, "state");
    if (member(sink, "absent") == true)
        return name + paint("not on this machine (" + state + ")", Tint::grey, terminal);
    const bool ok = state == "ok";
    auto line =
        name + (ok ? paint("ok", Tint::green, terminal) : paint(cross(terminal) + " failing", Tint::red, terminal));
    line += ", " + grouped(number(sink, "delivered")) + " delivered";
    if (const auto queued = number(sink, "queued"); queued > 0)
        line += ", " + paint(grouped(queued) + " waiting (of " + grouped(number(sink, "capacity")) + ")", Tint::yellow,
                             terminal);
    if (const auto dropped = number(sink, "dropped"); dropped > 0)
        line += ", " + paint(grouped(dropped) + " dropped", Tint::red, terminal);
    if (const auto failed = number(sink, "failed"); failed > 0)
        line += ", " + counted(failed, "failed attempt");
    return ok ? line : line + "\n" + std::string(width + 2, ' ') + paint(state, Tint::red, terminal);
}

std::string sinks_text(const Json& sinks, const Terminal& terminal) {
    if (sinks.empty())
        return paint("none: alerts go nowhere but here", Tint::yellow, terminal);
    const auto width = name_width(sinks);
    std::string out;
    for (const auto& sink : sinks)
        out += (out.empty() ? "" : "\n") + sink_line(sink, width, terminal);
    return out;
}

} // namespace

std::string status_text(const Json& status, const Terminal& terminal, std::int64_t now_ns) {
    const auto state = text(status, "state");
    std::string out = paint(dot(terminal), tint_of_health(state), terminal) + " rwatchd " +
                      safe_text(status, "version") + " - threat detector\n";
    out += field("State", state_line(status, terminal, now_ns));
    out += field("Rules", rules_line(status, terminal));
    out += field("Probes", probes_text(member(status, "probes"), terminal));
    if (const auto why = safe_text(status, "services_unseen"); !why.empty())
        out += field("Services", paint("starts and stops are not seen: " + why, Tint::yellow, terminal));
    out += field("Events", events_line(status, terminal));
    if (const auto line = shortfalls_line(status); !line.empty())
        out += field("Shortfalls", line);
    out += field("Alerts", alerts_line(status, terminal));
    out += field("Sinks", sinks_text(member(status, "sinks"), terminal));
    out += field("Processes", grouped(number(status, "processes_tracked")) + " tracked");
    return out;
}

std::string not_running_text(const std::string& reason, bool known, const Terminal& terminal) {
    const std::string circle = terminal.utf8 ? "\xe2\x97\x8b" : "o";
    const auto state = known ? paint("not running", Tint::red, terminal)
                             : paint("unknown", Tint::yellow, terminal) + " (" + reason + ")";
    return circle + " rwatchd - threat detector\n" + field("State", state) +
           field("", known ? "this machine is not watched; start it with: systemctl start rwatchd"
                           : "rwatchd also works without a bus; whether it runs says: systemctl status rwatchd");
}

} // namespace rwatch::ctl
