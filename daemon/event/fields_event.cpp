// SPDX-License-Identifier: MIT OR Apache-2.0
// evt.*: the call itself: its name, time and result.
#include "event/call_class.hpp"
#include "event/field_tables.hpp"

#include <array>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>

namespace rwatch::event {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

/// strftime of the event's wall time.
std::string_view clock_text(const Event& e, const char* format, bool utc, Scratch& scratch) noexcept {
    const auto seconds = static_cast<std::time_t>(e.wall_ns / kNsPerSecond);
    std::tm tm{};
    if (utc)
        gmtime_r(&seconds, &tm);
    else
        localtime_r(&seconds, &tm);
    std::array<char, 40> text;
    const auto mark = scratch.mark();
    scratch.put(std::string_view(text.data(), std::strftime(text.data(), text.size(), format, &tm)));
    return scratch.since(mark);
}

/// The same, then its nanoseconds.
std::string_view exact_clock_text(const Event& e, const char* format, bool utc, std::string_view suffix,
                                  Scratch& scratch) noexcept {
    const auto mark = scratch.mark();
    (void)clock_text(e, format, utc, scratch);
    auto fraction = e.wall_ns % kNsPerSecond;
    scratch.put('.');
    for (std::int64_t digit = kNsPerSecond / 10; digit > 0; digit /= 10)
        scratch.put(static_cast<char>('0' + fraction / digit % 10));
    scratch.put(suffix);
    return scratch.since(mark);
}

/// A part of the event's local time.
template <int (*Part)(const std::tm&) noexcept>
void get_moment(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    const auto seconds = static_cast<std::time_t>(e.wall_ns / kNsPerSecond);
    std::tm tm{};
    if (localtime_r(&seconds, &tm) != nullptr)
        out.add(static_cast<std::int64_t>(Part(tm)));
}

/// ISO 8601: the week of a day is the one of its Thursday.
int iso_week(const std::tm& tm) noexcept {
    std::array<char, 4> text;
    const auto size = std::strftime(text.data(), text.size(), "%V", &tm);
    int week = 0;
    (void)parse_number(std::string_view(text.data(), size), week);
    return week;
}

std::string_view result_text(const Event& e) noexcept {
    return e.result >= 0 ? "SUCCESS" : errno_name(static_cast<int>(-e.result));
}

void get_false(const Event&, const FieldArg&, Scratch&, Values& out) noexcept {
    out.add(false);
}

/// Read or write access by the flags of an open. O_PATH gives neither.
bool opens_for(const Event& e, bool write) noexcept {
    const auto access = e.open_flags & O_ACCMODE;
    if (e.kind != Kind::open || (e.open_flags & O_PATH) != 0)
        return false;
    return access == O_RDWR || access == (write ? O_WRONLY : O_RDONLY);
}

constexpr Field kEventFields[] = {
    {"evt.category", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept { out.add(category_of(e.kind)); }, nullptr,
     "file, net, process, user or other", false, true, false, true},
    {"evt.count", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event&, const FieldArg&, Scratch&, Values& out) noexcept { out.add(std::int64_t{1}); }, nullptr,
     "Always 1", false, true, false, true},
    {"evt.count.error", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.has_result && e.result < 0)
             out.add(std::int64_t{1});
     },
     nullptr, "1 where the call returned an error; else missing"},
    {"evt.datetime", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
         out.add(exact_clock_text(e, "%Y-%m-%d %H:%M:%S", false, "", s));
     },
     nullptr, "Local date and time with nanoseconds"},
    {"evt.datetime.s", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
         out.add(clock_text(e, "%Y-%m-%d %H:%M:%S", false, s));
     },
     nullptr, "Local date and time"},
    {"evt.dir", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event&, const FieldArg&, Scratch&, Values& out) noexcept { out.add(std::string_view("<")); }, nullptr,
     "Always '<': events are reported when the call returns", false, true, false, true},
    {"evt.failed", Type::boolean, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.has_result)
             out.add(e.result < 0);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         bool failed = false;
         if (!parse_flag(text, failed))
             return false;
         b.event().has_result = true;
         b.event().result = failed ? -EACCES : 0;
         return true;
     },
     "Whether the call returned an error"},
    {"evt.is_async", Type::boolean, false, ArgKind::none, kAllKinds, get_false, nullptr,
     "Always false: no event of ours is asynchronous", false, true, false, true},
    {"evt.is_io", Type::boolean, false, ArgKind::none, kAllKinds, get_false, nullptr,
     "Always false: reads and writes are no events of ours", false, true, false, true},
    {"evt.is_io_read", Type::boolean, false, ArgKind::none, kAllKinds, get_false, nullptr, "Always false, as evt.is_io",
     false, true, false, true},
    {"evt.is_io_write", Type::boolean, false, ArgKind::none, kAllKinds, get_false, nullptr,
     "Always false, as evt.is_io", false, true, false, true},
    {"evt.is_io_uring", Type::boolean, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept { out.add((e.flags & kFlagIoUring) != 0); },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         bool on = false;
         b.event().flags |= kFlagIoUring;
         if (text == "false")
             b.event().flags &= ~kFlagIoUring;
         return parse_flag(text, on);
     },
     "Submitted through io_uring, and told then: what comes of it is not known, the result is 0 (ours)"},
    {"evt.is_open_create", Type::boolean, false, ArgKind::none, kOpen,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.kind == Kind::open)
             out.add(e.created);
     },
     nullptr, "An open that created the file; set fd.created"},
    {"evt.is_open_exec", Type::boolean, false, ArgKind::none, kOpen,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.kind == Kind::open)
             out.add(e.created && (e.mode & 0111U) != 0);
     },
     nullptr, "An open that created a file with an execute bit; set evt.arg.flags and evt.arg.mode"},
    {"evt.is_open_read", Type::boolean, false, ArgKind::none, kOpen,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.kind == Kind::open)
             out.add(opens_for(e, false));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         bool on = false;
         lean(b, Call::openat);
         auto& flags = b.event().open_flags;
         if (!parse_flag(text, on))
             return false;
         const bool writes = (flags & O_ACCMODE) != O_RDONLY;
         flags = (flags & ~static_cast<std::uint32_t>(O_ACCMODE)) | (on ? (writes ? O_RDWR : O_RDONLY) : O_WRONLY);
         return true;
     },
     "An open with read access"},
    {"evt.is_open_write", Type::boolean, false, ArgKind::none, kOpen,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.kind == Kind::open)
             out.add(opens_for(e, true));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         bool on = false;
         lean(b, Call::openat);
         if (!parse_flag(text, on))
             return false;
         auto& flags = b.event().open_flags;
         flags = (flags & ~static_cast<std::uint32_t>(O_ACCMODE)) | (on ? O_WRONLY : O_RDONLY);
         return true;
     },
     "An open with write access"},
    {"evt.is_syslog", Type::boolean, false, ArgKind::none, kAllKinds, get_false, nullptr, "Always false, as evt.is_io",
     false, true, false, true},
    {"evt.num", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         out.add(static_cast<std::int64_t>(e.number));
     },
     nullptr, "Number of the event since the daemon's start"},
    {"evt.rawres", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.has_result)
             out.add(e.result);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         b.event().has_result = true;
         return parse_number(text, b.event().result);
     },
     "What the call returned: a descriptor, a pid, 0, or a negative error number"},
    {"evt.rawtime", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept { out.add(e.wall_ns); }, nullptr,
     "Nanoseconds since the epoch"},
    {"evt.rawtime.ns", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept { out.add(e.wall_ns % kNsPerSecond); },
     nullptr, "Nanoseconds of the second"},
    {"evt.rawtime.s", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept { out.add(e.wall_ns / kNsPerSecond); },
     nullptr, "Seconds since the epoch"},
    {"evt.res", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.has_result)
             add_string(out, result_text(e));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         b.event().has_result = true;
         b.event().result = 0;
         for (int code = 1; code <= kLastErrno && text != "SUCCESS"; ++code)
             if (errno_name(code) == text)
                 b.event().result = -code;
         return text == "SUCCESS" || b.event().result != 0;
     },
     "SUCCESS, or the error's name (ENOENT)"},
    {"evt.source", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event&, const FieldArg&, Scratch&, Values& out) noexcept { out.add(std::string_view("syscall")); },
     nullptr, "Always 'syscall'", false, true, false, true},
    {"evt.time", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
         out.add(exact_clock_text(e, "%H:%M:%S", false, "", s));
     },
     nullptr, "Local time with nanoseconds"},
    {"evt.time.day", Type::integer, false, ArgKind::none, kAllKinds,
     get_moment<[](const std::tm& tm) noexcept { return tm.tm_mday; }>, nullptr,
     "Day of the month of the local time, 1 to 31 (ours)"},
    {"evt.time.hour", Type::integer, false, ArgKind::none, kAllKinds,
     get_moment<[](const std::tm& tm) noexcept { return tm.tm_hour; }>, nullptr,
     "Hour of the local time, 0 to 23 (ours)"},
    {"evt.time.iso8601", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
         out.add(exact_clock_text(e, "%Y-%m-%dT%H:%M:%S", true, "Z", s));
     },
     nullptr, "Date and time in UTC (RFC 3339)"},
    {"evt.time.minute", Type::integer, false, ArgKind::none, kAllKinds,
     get_moment<[](const std::tm& tm) noexcept { return tm.tm_min; }>, nullptr,
     "Minute of the local time, 0 to 59 (ours)"},
    {"evt.time.month", Type::integer, false, ArgKind::none, kAllKinds,
     get_moment<[](const std::tm& tm) noexcept { return tm.tm_mon + 1; }>, nullptr,
     "Month of the local time, 1 to 12 (ours)"},
    {"evt.time.s", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
         out.add(clock_text(e, "%H:%M:%S", false, s));
     },
     nullptr, "Local time"},
    {"evt.time.week", Type::integer, false, ArgKind::none, kAllKinds, get_moment<iso_week>, nullptr,
     "Week of the year of the local time, 1 to 53 as in ISO 8601 (ours)"},
    {"evt.time.year", Type::integer, false, ArgKind::none, kAllKinds,
     get_moment<[](const std::tm& tm) noexcept { return tm.tm_year + 1900; }>, nullptr,
     "Year of the local time (ours)"},
    {"evt.type", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept { out.add(name_of(e.call)); },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         b.become(call_named(text));
         return b.event().call != Call::none;
     },
     "Name of the system call: openat, execve, connect …; procexit for the end of a process, service_start and "
     "service_stop for what systemd reports",
     false, true, false, true},
    {"syscall.type", Type::string, false, ArgKind::none, kAllKinds & ~set_of(Kind::exit) & ~set_of(Kind::service),
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.kind != Kind::exit && e.kind != Kind::service)
             add_string(out, name_of(e.call));
     },
     nullptr, "As evt.type, missing at the end of a process", false, true, false, true},
};

} // namespace

std::string_view category_of(Kind kind) noexcept {
    switch (kind) {
    case Kind::exec:
    case Kind::fork:
    case Kind::exit:
    case Kind::ptrace:
    case Kind::signal:
    case Kind::name_space:
        return "process";
    case Kind::connect:
    case Kind::accept:
    case Kind::bind:
    case Kind::dup:
    case Kind::send:
    case Kind::resolve:
    case Kind::socket:
        return "net";
    case Kind::setid:
        return "user";
    case Kind::module:
    case Kind::bpf:
    case Kind::system:
    case Kind::memory:
    case Kind::key:
    case Kind::clock:
    case Kind::io_uring:
    case Kind::service:
        return "other";
    default:
        return "file";
    }
}

std::span<const Field> event_fields() noexcept {
    return kEventFields;
}

} // namespace rwatch::event
