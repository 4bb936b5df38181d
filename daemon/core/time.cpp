// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/time.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <limits>
#include <utility>

namespace rwatch {

namespace {

struct Unit {
    std::string_view name;
    std::int64_t ns;
};

constexpr std::int64_t kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour, kWeek = 7 * kDay;
constexpr std::array kUnits{
    Unit{"ns", 1},        Unit{"us", 1000},        Unit{"ms", kMillisecond}, Unit{"s", kSecond},
    Unit{"sec", kSecond}, Unit{"second", kSecond}, Unit{"seconds", kSecond}, Unit{"m", kMinute},
    Unit{"min", kMinute}, Unit{"minute", kMinute}, Unit{"minutes", kMinute}, Unit{"h", kHour},
    Unit{"hr", kHour},    Unit{"hour", kHour},     Unit{"hours", kHour},     Unit{"d", kDay},
    Unit{"day", kDay},    Unit{"days", kDay},      Unit{"w", kWeek},         Unit{"week", kWeek},
    Unit{"weeks", kWeek},
};

void skip_blanks(std::string_view& text) noexcept {
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
}

std::optional<std::int64_t> unit_ns(std::string_view name) noexcept {
    if (name.empty())
        return kSecond;
    for (const auto& unit : kUnits)
        if (unit.name == name)
            return unit.ns;
    return std::nullopt;
}

/// Whether nanoseconds since the epoch can hold it, with a day to spare for time zones.
bool representable(std::time_t seconds) noexcept {
    constexpr std::int64_t kLatest = std::numeric_limits<std::int64_t>::max() / kSecond - kDay / kSecond;
    return seconds < kLatest && seconds > -kLatest;
}

/// strptime over the whole of `text`; local time, fields that the format leaves out from `base`.
std::optional<std::int64_t> parse_local(const std::string& text, const char* format, const std::tm& base) {
    std::tm tm = base;
    const char* end = strptime(text.c_str(), format, &tm);
    if (end == nullptr || *end != '\0')
        return std::nullopt;
    const int day = tm.tm_mday;
    tm.tm_isdst = -1;
    const auto seconds = std::mktime(&tm);
    // mktime takes the 30th of February for the 2nd of March, and any year.
    if (seconds == -1 || tm.tm_mday != day || !representable(seconds))
        return std::nullopt;
    return static_cast<std::int64_t>(seconds) * kSecond;
}

std::optional<std::int64_t> parse_rfc3339(const std::string& text) {
    std::tm tm{};
    const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest == nullptr)
        return std::nullopt;
    std::int64_t fraction = 0;
    if (*rest == '.') {
        std::int64_t scale = kSecond;
        if (std::isdigit(static_cast<unsigned char>(rest[1])) == 0)
            return std::nullopt;
        for (++rest; std::isdigit(static_cast<unsigned char>(*rest)) != 0; ++rest) {
            scale /= 10;
            fraction += (*rest - '0') * scale;
        }
    }
    std::int64_t offset = 0;
    if (std::strcmp(rest, "Z") != 0) {
        int hours = 0;
        int minutes = 0;
        char sign = 0;
        int used = 0;
        if (std::sscanf(rest, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) != 3 || rest[used] != '\0' ||
            (sign != '+' && sign != '-') || hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
            return std::nullopt;
        offset = (hours * kHour + minutes * kMinute) * (sign == '+' ? 1 : -1);
    }
    const int day = tm.tm_mday;
    const auto seconds = timegm(&tm);
    if (tm.tm_mday != day || !representable(seconds))
        return std::nullopt;
    return static_cast<std::int64_t>(seconds) * kSecond + fraction - offset;
}

std::int64_t now(clockid_t clock) noexcept {
    timespec ts{};
    clock_gettime(clock, &ts);
    return static_cast<std::int64_t>(ts.tv_sec) * kSecond + ts.tv_nsec;
}

} // namespace

std::int64_t wall_now() noexcept {
    return now(CLOCK_REALTIME);
}
std::int64_t boot_now() noexcept {
    return now(CLOCK_BOOTTIME);
}

std::string rfc3339(std::int64_t wall_ns) {
    std::int64_t seconds = wall_ns / kSecond;
    std::int64_t fraction = wall_ns % kSecond;
    if (fraction < 0) {
        fraction += kSecond;
        --seconds;
    }
    const auto when = static_cast<std::time_t>(seconds);
    std::tm tm{};
    gmtime_r(&when, &tm);
    std::array<char, 64> text{};
    const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &tm);
    std::snprintf(text.data() + length, text.size() - length, ".%09lldZ", static_cast<long long>(fraction));
    return text.data();
}

std::string local_clock(std::int64_t wall_ns) {
    const auto when = static_cast<std::time_t>(wall_ns / kSecond);
    std::tm tm{};
    localtime_r(&when, &tm);
    std::array<char, 16> text{};
    std::strftime(text.data(), text.size(), "%H:%M:%S", &tm);
    return text.data();
}

std::string format_span(std::int64_t ns) {
    constexpr std::array<Unit, 8> kShown{Unit{"w", kWeek},     Unit{"d", kDay},    Unit{"h", kHour},
                                         Unit{"min", kMinute}, Unit{"s", kSecond}, Unit{"ms", kMillisecond},
                                         Unit{"us", 1000},     Unit{"ns", 1}};
    if (ns == 0)
        return "0s";
    std::string out = ns < 0 ? "-" : "";
    auto rest = ns < 0 ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
    int shown = 0;
    for (const auto& unit : kShown) {
        const auto count = rest / static_cast<std::uint64_t>(unit.ns);
        rest %= static_cast<std::uint64_t>(unit.ns);
        if (count != 0) {
            out.append(shown == 0 ? "" : " ").append(std::to_string(count)).append(unit.name);
            ++shown;
        } else if (shown != 0) {
            break;
        }
        // Below a second one unit is enough: "1s 250ms" is precise, "12ms 345us" is noise.
        if (shown == 2 || (shown == 1 && unit.ns < kSecond))
            break;
    }
    return out;
}

std::optional<std::int64_t> parse_span(std::string_view text) noexcept {
    skip_blanks(text);
    if (text.empty())
        return std::nullopt;
    std::int64_t total = 0;
    while (!text.empty()) {
        double number = 0;
        if (text.front() == '-' || text.front() == '+')
            return std::nullopt;
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
        if (error != std::errc{})
            return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        skip_blanks(text);
        std::size_t length = 0;
        while (length < text.size() && std::isalpha(static_cast<unsigned char>(text[length])) != 0)
            ++length;
        const auto unit = unit_ns(text.substr(0, length));
        if (!unit)
            return std::nullopt;
        const double part = number * static_cast<double>(*unit);
        // 2^62 ns is 146 years: two such parts can't overflow the sum below.
        if (!(part >= 0) || part > 4.6e18 || total > std::numeric_limits<std::int64_t>::max() / 2)
            return std::nullopt;
        total += static_cast<std::int64_t>(part);
        text.remove_prefix(length);
        skip_blanks(text);
    }
    return total;
}

std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_ns) {
    const auto now_s = static_cast<std::time_t>(now_ns / kSecond);
    std::tm today{};
    localtime_r(&now_s, &today);
    std::tm midnight = today;
    midnight.tm_hour = midnight.tm_min = midnight.tm_sec = 0;
    midnight.tm_isdst = -1;
    if (text == "now")
        return now_ns;
    if (text == "today" || text == "yesterday") {
        midnight.tm_mday -= text == "yesterday" ? 1 : 0;
        return static_cast<std::int64_t>(std::mktime(&midnight)) * kSecond;
    }
    constexpr std::string_view kAgo = " ago";
    auto span = text;
    if (span.starts_with("-"))
        span.remove_prefix(1);
    else if (span.ends_with(kAgo))
        span.remove_suffix(kAgo.size());
    else
        span = {};
    if (!span.empty()) {
        const auto back = parse_span(span);
        return back ? std::optional(now_ns - *back) : std::nullopt;
    }
    const std::string copy(text);
    if (const auto exact = parse_rfc3339(copy))
        return exact;
    for (const char* format : {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%H:%M:%S", "%H:%M"})
        if (const auto local = parse_local(copy, format, midnight))
            return local;
    return std::nullopt;
}

} // namespace rwatch
