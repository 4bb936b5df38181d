// SPDX-License-Identifier: MIT OR Apache-2.0
// proc.*: the session and terminal of the process that acted, and its times.
#include "event/field_tables.hpp"

#include <optional>
#include <sys/socket.h>
#include <sys/stat.h>

namespace rwatch::event {

namespace {

const Process* session_leader(const Event& e) noexcept {
    const auto* process = e.process;
    for (std::size_t i = 0; i < EventBuilder::kMostAncestors && process != nullptr; ++i, process = process->parent)
        if (process->pid == e.process->sid)
            return process;
    return nullptr;
}

// One of Process::streams: S_IFMT >> 12, a socket's family << 4.
constexpr unsigned kTypeShift = 12, kFamilyShift = 4, kTypeMask = 15;

std::string_view stream_type(unsigned stream) noexcept {
    return file_type((stream & kTypeMask) << kTypeShift, static_cast<std::uint16_t>(stream >> kFamilyShift));
}

template <std::size_t Number> void get_stream(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (const unsigned stream = e.process == nullptr ? 0 : e.process->streams[Number]; stream != 0)
        out.add(stream_type(stream));
}

template <std::size_t Number> bool set_stream(EventBuilder& b, const FieldArg&, std::string_view text) {
    for (const unsigned stream :
         {S_IFREG >> kTypeShift, S_IFDIR >> kTypeShift, S_IFIFO >> kTypeShift,
          S_IFSOCK >> kTypeShift | AF_INET << kFamilyShift, S_IFSOCK >> kTypeShift | AF_INET6 << kFamilyShift,
          S_IFSOCK >> kTypeShift | AF_UNIX << kFamilyShift})
        if (stream_type(stream) == text) {
            b.process().streams[Number] = static_cast<std::uint8_t>(stream);
            return true;
        }
    return false;
}

void add_tty(const Event& e, Values& out, Scratch& s) noexcept {
    if (e.process == nullptr || e.process->tty == 0)
        return;
    // The device as the kernel encodes it: major << 20 | minor.
    constexpr std::uint32_t kPtyMajor = 136;
    constexpr std::uint32_t kVirtualMajor = 4;
    const auto number = e.process->tty >> 20U;
    const auto minor_number = e.process->tty & 0xfffffU;
    const auto mark = s.mark();
    s.put(number >= kPtyMajor && number < kPtyMajor + 8 ? "pts/"
          : number == kVirtualMajor                     ? (minor_number >= 64 ? "ttyS" : "tty")
                                                        : "dev/");
    s.put(static_cast<std::int64_t>(number == kVirtualMajor && minor_number >= 64 ? minor_number - 64 : minor_number));
    out.add(s.since(mark));
}

/// Wall time, ns since the epoch.
std::optional<std::int64_t> started_at(const Event& e, const Process* process) noexcept {
    if (process == nullptr || process->start_ns == 0 || process->start_ns > e.boot_ns)
        return std::nullopt;
    return e.wall_ns - static_cast<std::int64_t>(e.boot_ns - process->start_ns);
}

template <std::int32_t Generation> void get_start(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (const auto started = started_at(e, ancestor(e, Generation)))
        out.add(*started);
}
template <std::int32_t Generation> void get_age(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (const auto started = started_at(e, ancestor(e, Generation)))
        out.add(e.wall_ns - *started);
}

constexpr Field kRows[] = {
    {"proc.duration", Type::integer, false, ArgKind::none, kAllKinds, get_age<0>, nullptr,
     "Nanoseconds since the process started"},
    {"proc.exe_ino.ctime", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.process != nullptr && e.process->exe.ctime_ns != 0)
             out.add(e.process->exe.ctime_ns);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         return parse_number(text, b.process().exe.ctime_ns);
     },
     "When the executable's inode last changed, ns since the epoch"},
    {"proc.exe_ino.ctime_duration_proc_start", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         const auto started = started_at(e, e.process);
         if (started && e.process->exe.ctime_ns != 0 && *started >= e.process->exe.ctime_ns)
             out.add(*started - e.process->exe.ctime_ns);
     },
     nullptr, "From the last change of the executable's inode to the start of the process, ns"},
    {"proc.exe_ino.mtime", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.process != nullptr && e.process->exe.mtime_ns != 0)
             out.add(e.process->exe.mtime_ns);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         return parse_number(text, b.process().exe.mtime_ns);
     },
     "When the executable was last written, ns since the epoch"},
    {"proc.is_sid_leader", Type::boolean, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.process != nullptr && e.process->sid != 0)
             out.add(e.process->sid == e.process->pid);
     },
     nullptr, "Whether the process leads its POSIX session"},
    {"proc.pid.ts", Type::integer, false, ArgKind::none, kAllKinds, get_start<0>, nullptr,
     "When the process started, ns since the epoch"},
    {"proc.ppid.duration", Type::integer, false, ArgKind::none, kAllKinds, get_age<1>, nullptr,
     "Nanoseconds since the parent started"},
    {"proc.ppid.ts", Type::integer, false, ArgKind::none, kAllKinds, get_start<1>, nullptr,
     "When the parent started, ns since the epoch"},
    {"proc.session_size", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.process != nullptr && e.process->session_size != nullptr)
             out.add(static_cast<std::int64_t>(*e.process->session_size));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         b.process().session_size = &b.session_size();
         return parse_number(text, b.session_size());
     },
     "Living processes of the POSIX session proc.sid (ours)"},
    {"proc.sessionid", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.session != kUnset)
             out.add(static_cast<std::int64_t>(e.session));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) { return parse_number(text, b.event().session); },
     "Audit session of the login (ours); missing for services"},
    {"proc.sid", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.process != nullptr && e.process->sid != 0)
             out.add(static_cast<std::int64_t>(e.process->sid));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         auto& sid = b.process().sid;
         return parse_number(text, sid) && sid != 0; // 0 is unknown
     },
     "POSIX session id: the pid of the shell or service that the process descends from"},
    {"proc.sid.exe", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* leader = session_leader(e))
             add_string(out, argument_zero(*leader));
     },
     nullptr, "argv[0] of the process that leads the POSIX session, where it is an ancestor"},
    {"proc.sid.exepath", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* leader = session_leader(e))
             add_string(out, leader->exe_path);
     },
     nullptr, "Executable of the process that leads the POSIX session, where it is an ancestor"},
    {"proc.sname", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* leader = session_leader(e))
             out.add(std::string_view(leader->comm));
     },
     nullptr, "Name of the process that leads the POSIX session, where it is an ancestor"},
    {"proc.stderr.type", Type::string, false, ArgKind::none, kAllKinds, get_stream<2>, set_stream<2>,
     "What standard error was when the program started; as proc.stdin.type"},
    {"proc.stdin.type", Type::string, false, ArgKind::none, kAllKinds, get_stream<0>, set_stream<0>,
     "What standard input was when the program started: file (also a terminal), directory, fifo (also a pipe), ipv4, "
     "ipv6 or unix; missing where it was closed, and for a program that ran before rwatchd"},
    {"proc.stdout.type", Type::string, false, ArgKind::none, kAllKinds, get_stream<1>, set_stream<1>,
     "What standard output was when the program started; as proc.stdin.type"},
    {"proc.tty", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.process != nullptr)
             out.add(static_cast<std::int64_t>(e.process->tty));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) { return parse_number(text, b.process().tty); },
     "Device number of the controlling terminal, 0 for none"},
    {"proc.ttyname", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept { add_tty(e, out, s); }, nullptr,
     "The controlling terminal, 'pts/3' (ours); missing where there is none"},
};

} // namespace

std::span<const Field> session_fields() noexcept {
    return kRows;
}

} // namespace rwatch::event
