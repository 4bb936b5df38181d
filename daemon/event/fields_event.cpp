// SPDX-License-Identifier: MIT OR Apache-2.0
// evt.*: the call itself: its name, time, result and arguments.
#include "event/field_tables.hpp"

#include <array>
#include <ctime>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rwatch::event {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

/// strftime of the event's wall time, then its nanoseconds.
std::string_view clock_text(const Event& e, const char* format, bool utc, std::string_view suffix,
                            Scratch& scratch) noexcept {
    const auto seconds = static_cast<std::time_t>(e.wall_ns / kNsPerSecond);
    std::tm tm{};
    if (utc)
        gmtime_r(&seconds, &tm);
    else
        localtime_r(&seconds, &tm);
    std::array<char, 40> text;
    const auto mark = scratch.mark();
    scratch.put(std::string_view(text.data(), std::strftime(text.data(), text.size(), format, &tm)));
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

std::string_view category(Kind kind) noexcept {
    switch (kind) {
    case Kind::exec:
    case Kind::fork:
    case Kind::exit:
        return "process";
    case Kind::connect:
        return "net";
    default:
        return "file";
    }
}

std::string_view result_text(const Event& e) noexcept {
    return e.result >= 0 ? "SUCCESS" : errno_name(static_cast<int>(-e.result));
}

/// Read or write access by the flags of an open. O_PATH gives neither.
bool opens_for(const Event& e, bool write) noexcept {
    const auto access = e.open_flags & O_ACCMODE;
    if (e.kind != Kind::open || (e.open_flags & O_PATH) != 0)
        return false;
    return access == O_RDWR || access == (write ? O_WRONLY : O_RDONLY);
}

/// One named argument, as Falco's event tables name them.
struct Argument {
    std::string_view name;
    KindSet kinds;
    void (*get)(const Event&, Scratch&, Values&) noexcept;
};

std::string_view composed_flags(const Event& e, Scratch& scratch) noexcept {
    const auto mark = scratch.mark();
    put_open_flags(e.open_flags, scratch);
    if (e.created)
        scratch.put("|FD_CREATED");
    return scratch.since(mark);
}

std::string_view composed_mode(std::uint32_t mode, Scratch& scratch) noexcept {
    const auto mark = scratch.mark();
    put_mode(mode, scratch);
    return scratch.since(mark);
}

constexpr KindSet kChmod = set_of(Kind::chmod), kUnlink = set_of(Kind::unlink), kExec = set_of(Kind::exec);

void add_number(Values& out, std::int64_t number, Scratch& scratch) noexcept {
    const auto mark = scratch.mark();
    scratch.put(number);
    out.add(scratch.since(mark));
}

constexpr std::array kArguments{
    Argument{"dirfd", kPathOps,
             [](const Event& e, Scratch&, Values& out) noexcept { out.add(static_cast<std::int64_t>(e.dfd)); }},
    Argument{"fd", kOpen | kConnect | kChmod,
             [](const Event& e, Scratch&, Values& out) noexcept {
                 out.add(e.kind == Kind::open ? e.result : static_cast<std::int64_t>(e.fd));
             }},
    Argument{"filename", kChmod | kExec,
             [](const Event& e, Scratch&, Values& out) noexcept {
                 add_string(out, e.kind == Kind::exec ? e.filename : e.object.raw);
             }},
    Argument{"flags", kOpen, [](const Event& e, Scratch& s, Values& out) noexcept { out.add(composed_flags(e, s)); }},
    Argument{"linkpath", set_of(Kind::symlink),
             [](const Event& e, Scratch&, Values& out) noexcept { add_string(out, e.target.raw); }},
    Argument{"mode", kOpen | kChmod,
             [](const Event& e, Scratch& s, Values& out) noexcept { out.add(composed_mode(e.mode, s)); }},
    Argument{"name", kOpen | kUnlink,
             [](const Event& e, Scratch&, Values& out) noexcept { add_string(out, e.object.raw); }},
    Argument{"newpath", kTwoNames,
             [](const Event& e, Scratch&, Values& out) noexcept { add_string(out, e.target.raw); }},
    Argument{"oldpath", kTwoNames,
             [](const Event& e, Scratch&, Values& out) noexcept { add_string(out, e.object.raw); }},
    Argument{"path", kOpen | kUnlink | kConnect,
             [](const Event& e, Scratch&, Values& out) noexcept {
                 add_string(out, e.kind == Kind::connect ? e.unix_path : e.object.raw);
             }},
    Argument{"res", kAllKinds,
             [](const Event& e, Scratch&, Values& out) noexcept {
                 if (e.has_result)
                     out.add(e.result);
             }},
    Argument{"status", set_of(Kind::exit),
             [](const Event& e, Scratch& s, Values& out) noexcept { add_number(out, e.status, s); }},
    Argument{"target", set_of(Kind::symlink),
             [](const Event& e, Scratch&, Values& out) noexcept { add_string(out, e.object.raw); }},
};

void get_argument(const Event& e, const FieldArg& arg, Scratch& s, Values& out) noexcept {
    for (const auto& argument : kArguments)
        if (argument.name == arg.key && (argument.kinds & set_of(e.kind)) != 0)
            argument.get(e, s, out);
}

void get_arguments(const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
    Values one;
    const auto mark = s.mark();
    std::string_view blank;
    // Arguments that are composed stand in the scratch before this string: read them first, then join.
    for (const auto& argument : kArguments) {
        if ((argument.kinds & set_of(e.kind)) == 0)
            continue;
        one.clear();
        const auto before = s.mark();
        s.put(blank);
        s.put(argument.name);
        s.put('=');
        const auto value_at = s.mark();
        argument.get(e, s, one);
        if (one.empty())
            s.put("<NA>");
        else if (one.items()[0].type == Type::integer)
            s.put(one.items()[0].integer);
        else if (s.mark() == value_at)
            s.put(one.items()[0].string);
        if (s.mark() != before)
            blank = " ";
    }
    out.add(s.since(mark));
}

bool set_argument(EventBuilder& b, const FieldArg& arg, std::string_view text) {
    auto& e = b.event();
    if (arg.key == "flags") {
        lean(b, Call::openat);
        e.created = text.find("FD_CREATED") != std::string_view::npos;
        return parse_open_flags(text, e.open_flags);
    }
    if (arg.key == "mode")
        return parse_mode(text, e.mode);
    if (arg.key == "status") {
        lean(b, Call::procexit);
        return parse_number(text, e.status);
    }
    if (arg.key == "filename" || arg.key == "name" || arg.key == "path" || arg.key == "oldpath" || arg.key == "target")
        e.object.raw = b.keep(text);
    else if (arg.key == "newpath" || arg.key == "linkpath")
        e.target.raw = b.keep(text);
    else
        return false;
    return true;
}

constexpr Field kRows[] = {
    {"evt.arg", Type::string, false, ArgKind::key, kAllKinds, get_argument, set_argument,
     "An argument of the call by name: flags, mode, name, filename, path, oldpath, newpath, target, linkpath, dirfd, "
     "fd, res, status"},
    {"evt.args", Type::string, false, ArgKind::none, kAllKinds, get_arguments, nullptr, "All arguments as one text"},
    {"evt.category", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept { out.add(category(e.kind)); }, nullptr,
     "file, net or process", false, true, false, true},
    {"evt.datetime", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
         out.add(clock_text(e, "%Y-%m-%d %H:%M:%S", false, "", s));
     },
     nullptr, "Local date and time with nanoseconds"},
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
    {"evt.res", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.has_result)
             add_string(out, result_text(e));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         constexpr int kLastErrno = 133;
         b.event().has_result = true;
         b.event().result = 0;
         for (int code = 1; code <= kLastErrno && text != "SUCCESS"; ++code)
             if (errno_name(code) == text)
                 b.event().result = -code;
         return text == "SUCCESS" || b.event().result != 0;
     },
     "SUCCESS, or the error's name (ENOENT)"},
    {"evt.time", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
         out.add(clock_text(e, "%H:%M:%S", false, "", s));
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
         out.add(clock_text(e, "%Y-%m-%dT%H:%M:%S", true, "Z", s));
     },
     nullptr, "Date and time in UTC (RFC 3339)"},
    {"evt.time.minute", Type::integer, false, ArgKind::none, kAllKinds,
     get_moment<[](const std::tm& tm) noexcept { return tm.tm_min; }>, nullptr,
     "Minute of the local time, 0 to 59 (ours)"},
    {"evt.time.month", Type::integer, false, ArgKind::none, kAllKinds,
     get_moment<[](const std::tm& tm) noexcept { return tm.tm_mon + 1; }>, nullptr,
     "Month of the local time, 1 to 12 (ours)"},
    {"evt.time.week", Type::integer, false, ArgKind::none, kAllKinds, get_moment<iso_week>, nullptr,
     "Week of the year of the local time, 1 to 53 as in ISO 8601 (ours)"},
    {"evt.time.year", Type::integer, false, ArgKind::none, kAllKinds,
     get_moment<[](const std::tm& tm) noexcept { return tm.tm_year + 1900; }>, nullptr,
     "Year of the local time (ours)"},
    {"evt.type", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept { out.add(name_of(e.call)); },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         auto& e = b.event();
         e.call = call_named(text);
         e.kind = kind_of(e.call);
         return e.call != Call::none;
     },
     "Name of the system call: openat, execve, connect …; procexit for the end of a process", false, true, false, true},
};

} // namespace

std::string_view argument_named(std::string_view name) noexcept {
    for (const auto& argument : kArguments)
        if (argument.name == name)
            return argument.name;
    return {};
}

std::span<const Field> event_fields() noexcept {
    return kRows;
}

} // namespace rwatch::event
