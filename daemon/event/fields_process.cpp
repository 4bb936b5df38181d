// SPDX-License-Identifier: MIT OR Apache-2.0
// proc.* and thread.*: the process that acted, and its ancestors. The executable's path is the identity; names can be
// chosen freely by whoever runs it.
#include "event/field_tables.hpp"

#include <algorithm>
#include <array>

namespace rwatch::event {

namespace {

constexpr std::size_t kMostAncestors = EventBuilder::kMostAncestors; // walked for a bare proc.aname

std::string_view comm_of(const Process& p) noexcept {
    return p.comm;
}
std::string_view exe_path_of(const Process& p) noexcept {
    return p.exe_path;
}
std::string_view cmdline_of(const Process& p) noexcept {
    return p.cmdline;
}

/// Arguments after the first, separated by blanks.
std::string_view arguments_of(const Process& p, Scratch& s) noexcept {
    std::string_view rest = p.argv;
    const auto zero = rest.find('\0');
    const auto mark = s.mark();
    if (zero == std::string_view::npos)
        return {};
    rest.remove_prefix(zero + 1);
    while (true) {
        const auto next = rest.find('\0');
        s.put(rest.substr(0, next));
        if (next == std::string_view::npos)
            return s.since(mark);
        s.put(' ');
        rest.remove_prefix(next + 1);
    }
}

/// Without argv[0].
std::int64_t count_arguments(const Process& p) noexcept {
    return std::count(p.argv.begin(), p.argv.end(), '\0');
}

/// argv[0] and the arguments: the command line as it was given.
std::string_view exe_line_of(const Process& p, Scratch& s) noexcept {
    const auto mark = s.mark();
    for (const char c : std::string_view(p.argv))
        s.put(c == '\0' ? ' ' : c);
    return s.since(mark);
}

void get_exe_line(const Process* p, Scratch& s, Values& out) noexcept {
    if (p != nullptr)
        add_string(out, exe_line_of(*p, s));
}

/// [N]: that item of argv; bare: all of them.
void get_argv(const Event& e, const FieldArg& arg, Scratch&, Values& out) noexcept {
    if (e.process == nullptr || e.process->argv.empty())
        return;
    std::string_view rest = e.process->argv;
    for (std::int32_t i = 0;; ++i) {
        const auto end = rest.find('\0');
        if (arg.index < 0 || arg.index == i)
            out.add(rest.substr(0, end));
        if (end == std::string_view::npos || arg.index == i)
            return;
        rest.remove_prefix(end + 1);
    }
}

template <std::string_view (*Part)(const Process&) noexcept>
void get_own(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (e.process != nullptr)
        add_string(out, Part(*e.process));
}

template <std::string_view (*Part)(const Process&) noexcept>
void get_parent(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (const auto* process = ancestor(e, 1))
        add_string(out, Part(*process));
}

/// [N]: that ancestor (0 the process itself); bare: all of them, nearest first.
template <std::string_view (*Part)(const Process&) noexcept>
void get_ancestors(const Event& e, const FieldArg& arg, Scratch&, Values& out) noexcept {
    if (arg.index >= 0) {
        if (const auto* process = ancestor(e, arg.index))
            add_string(out, Part(*process));
        return;
    }
    const auto* process = ancestor(e, 1);
    for (std::size_t i = 0; i < kMostAncestors && process != nullptr; ++i, process = process->parent)
        add_string(out, Part(*process));
}

void rebuild_cmdline(Process& p) {
    Scratch scratch;
    const auto arguments = arguments_of(p, scratch);
    p.cmdline = p.comm;
    if (!arguments.empty())
        p.cmdline.append(" ").append(arguments);
}

bool set_comm(Process& p, std::string_view text) {
    p.comm = text.substr(0, 15); // TASK_COMM_LEN less the terminator
    rebuild_cmdline(p);
    return true;
}

bool set_exe_path(Process& p, std::string_view text) {
    p.exe_path = text;
    if (p.comm.empty())
        set_comm(p, base_name(text));
    if (p.argv.empty())
        p.argv = text;
    return true;
}

/// "comm arg1 arg2": Falco's form; sets comm and arguments.
bool set_cmdline(Process& p, std::string_view text) {
    const auto blank = std::min(text.find(' '), text.size());
    const auto zero = std::string(argument_zero(p));
    p.argv = zero.empty() ? std::string(text.substr(0, blank)) : zero;
    std::string rest(text.substr(blank));
    for (char& c : rest)
        c = c == ' ' ? '\0' : c;
    p.argv += rest;
    p.comm = text.substr(0, std::min<std::size_t>(blank, 15));
    p.cmdline = text;
    return true;
}

bool set_arguments(Process& p, std::string_view text) {
    auto zero = std::string(argument_zero(p));
    p.argv = zero.empty() ? p.comm : zero;
    if (!text.empty()) {
        p.argv += '\0';
        for (const char c : text)
            p.argv += c == ' ' ? '\0' : c;
    }
    rebuild_cmdline(p);
    return true;
}

bool set_exe_line(Process& p, std::string_view text) {
    p.argv = text;
    std::replace(p.argv.begin(), p.argv.end(), ' ', '\0');
    if (p.comm.empty())
        p.comm = base_name(argument_zero(p)).substr(0, 15);
    rebuild_cmdline(p);
    return true;
}

/// Items before it that no one has set are empty.
bool set_argv(EventBuilder& b, const FieldArg& arg, std::string_view text) {
    auto& p = b.process();
    std::string argv;
    std::string_view rest = p.argv;
    const std::int32_t index = std::max(arg.index, 0);
    for (std::int32_t i = 0; i <= index || !rest.empty(); ++i) {
        const auto end = std::min(rest.find('\0'), rest.size());
        argv.append(i == 0 ? "" : std::string_view("\0", 1)).append(i == index ? text : rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    p.argv = std::move(argv);
    rebuild_cmdline(p);
    return true;
}

template <bool (*Set)(Process&, std::string_view)>
bool set_own(EventBuilder& b, const FieldArg&, std::string_view text) {
    return Set(b.process(), text);
}
template <bool (*Set)(Process&, std::string_view)>
bool set_parent(EventBuilder& b, const FieldArg&, std::string_view text) {
    return Set(b.ancestor(1), text);
}
template <bool (*Set)(Process&, std::string_view)>
bool set_ancestor(EventBuilder& b, const FieldArg& arg, std::string_view text) {
    const auto n = arg.index < 0 ? 1 : static_cast<std::size_t>(arg.index);
    return n <= EventBuilder::kMostAncestors && Set(b.ancestor(n), text);
}

template <bool Process::*Flag> void get_flag(const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
    if (e.process != nullptr)
        out.add(e.process->*Flag);
}
template <bool Process::*Flag> bool set_flag(EventBuilder& b, const FieldArg&, std::string_view text) {
    return parse_flag(text, b.process().*Flag);
}

template <std::uint64_t Process::*Set>
void get_capabilities(const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
    if (e.process == nullptr)
        return;
    const auto mark = s.mark();
    put_capabilities(e.process->*Set, s);
    out.add(s.since(mark));
}
template <std::uint64_t Process::*Set> bool set_capabilities(EventBuilder& b, const FieldArg&, std::string_view text) {
    return parse_capabilities(text, b.process().*Set);
}

constexpr std::string_view kHashName = "SHA256=";

void get_hashes(const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
    if (e.exe_hash.empty())
        return;
    const auto mark = s.mark();
    s.put(kHashName);
    for (const char c : e.exe_hash)
        s.put(c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c);
    out.add(s.since(mark));
}

bool set_hashes(EventBuilder& b, const FieldArg&, std::string_view text) {
    if (!text.starts_with(kHashName))
        return false;
    std::string hash(text.substr(kHashName.size()));
    std::transform(hash.begin(), hash.end(), hash.begin(),
                   [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
    b.event().exe_hash = b.keep(hash);
    return true;
}

constexpr Field kProcessFields[] = {
    {"proc.aargs", Type::string, true, ArgKind::index, kAllKinds,
     [](const Event& e, const FieldArg& arg, Scratch& s, Values& out) noexcept {
         const auto* process = ancestor(e, std::max(arg.index, 0));
         if (arg.index < 0 && process != nullptr)
             process = process->parent;
         for (std::size_t i = 0; i < kMostAncestors && process != nullptr; ++i, process = process->parent) {
             add_string(out, arguments_of(*process, s));
             if (arg.index >= 0)
                 return;
         }
     },
     nullptr, "Arguments of an ancestor: [1] is the parent; bare: any ancestor"},
    {"proc.acmdline", Type::string, true, ArgKind::index, kAllKinds, get_ancestors<cmdline_of>,
     set_ancestor<set_cmdline>, "Command line of an ancestor: [1] is the parent; bare: any ancestor"},
    {"proc.aexe", Type::string, true, ArgKind::index, kAllKinds, get_ancestors<argument_zero>, nullptr,
     "argv[0] of an ancestor"},
    {"proc.aexepath", Type::string, true, ArgKind::index, kAllKinds, get_ancestors<exe_path_of>,
     set_ancestor<set_exe_path>, "Executable of an ancestor: [1] is the parent; bare: any ancestor"},
    {"proc.aname", Type::string, true, ArgKind::index, kAllKinds, get_ancestors<comm_of>, set_ancestor<set_comm>,
     "Name of an ancestor: [0] the process, [1] its parent; bare: any ancestor"},
    {"proc.apid", Type::integer, true, ArgKind::index, kAllKinds,
     [](const Event& e, const FieldArg& arg, Scratch&, Values& out) noexcept {
         if (arg.index >= 0) {
             if (const auto* process = ancestor(e, arg.index))
                 out.add(static_cast<std::int64_t>(process->pid));
             return;
         }
         const auto* process = ancestor(e, 1);
         for (std::size_t i = 0; i < kMostAncestors && process != nullptr; ++i, process = process->parent)
             out.add(static_cast<std::int64_t>(process->pid));
     },
     [](EventBuilder& b, const FieldArg& arg, std::string_view text) {
         const auto n = arg.index < 0 ? 1 : static_cast<std::size_t>(arg.index);
         return n <= EventBuilder::kMostAncestors && parse_number(text, b.ancestor(n).pid);
     },
     "Pid of an ancestor"},
    {"proc.argv", Type::string, true, ArgKind::index, kAllKinds, get_argv, set_argv,
     "An item of argv: [0] as proc.exe, [1] the first argument; bare: any of them (ours)"},
    {"proc.args", Type::string, false, ArgKind::index, kAllKinds,
     [](const Event& e, const FieldArg& arg, Scratch& s, Values& out) noexcept {
         if (arg.index >= 0)
             get_argv(e, {arg.index + 1, {}}, s, out);
         else if (e.process != nullptr)
             out.add(arguments_of(*e.process, s));
     },
     [](EventBuilder& b, const FieldArg& arg, std::string_view text) {
         return arg.index < 0 ? set_arguments(b.process(), text) : set_argv(b, {arg.index + 1, {}}, text);
     },
     "Arguments without argv[0], separated by blanks; [0]: the first of them"},
    {"proc.cmdlenargs", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept {
         if (e.process != nullptr)
             out.add(static_cast<std::int64_t>(arguments_of(*e.process, s).size()) -
                     std::max<std::int64_t>(count_arguments(*e.process) - 1, 0));
     },
     nullptr, "Bytes of all arguments together, without argv[0]"},
    {"proc.cmdline", Type::string, false, ArgKind::none, kAllKinds, get_own<cmdline_of>, set_own<set_cmdline>,
     "Name and arguments, separated by blanks"},
    {"proc.cmdnargs", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.process != nullptr)
             out.add(count_arguments(*e.process));
     },
     nullptr, "Number of arguments, without argv[0]"},
    {"proc.cwd", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.process != nullptr)
             add_string(out, e.process->cwd);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         b.process().cwd = text;
         return true;
     },
     "Working directory when the program was started"},
    {"proc.exe", Type::string, false, ArgKind::none, kAllKinds, get_own<argument_zero>,
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         auto& p = b.process();
         p.argv.replace(0, argument_zero(p).size(), text);
         return true;
     },
     "argv[0]: whatever the caller chose"},
    {"proc.exe.dev", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.exe)
             out.add(static_cast<std::int64_t>(e.exe.dev));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) { return parse_number(text, b.event().exe.dev); },
     "Device of the executable (ours)"},
    {"proc.exe.ino", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.exe)
             out.add(static_cast<std::int64_t>(e.exe.ino));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) { return parse_number(text, b.event().exe.ino); },
     "Inode of the executable (ours)"},
    {"proc.exe_ino", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.exe)
             out.add(static_cast<std::int64_t>(e.exe.ino));
     },
     nullptr, "Inode of the executable"},
    {"proc.exeline", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept { get_exe_line(e.process, s, out); },
     set_own<set_exe_line>, "argv[0] and the arguments, separated by blanks"},
    {"proc.exepath", Type::string, false, ArgKind::none, kAllKinds, get_own<exe_path_of>, set_own<set_exe_path>,
     "The executable that runs, as the kernel has it; for a script, the interpreter"},
    {.name = "proc.hash.sha256",
     .type = Type::string,
     .list = false,
     .arg = ArgKind::none,
     .kinds = kAllKinds,
     .get = [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept { add_string(out, e.exe_hash); },
     .set =
         [](EventBuilder& b, const FieldArg&, std::string_view text) {
             b.event().exe_hash = b.keep(text);
             return true;
         },
     .doc = "SHA-256 of the executable, 64 lower-case hex digits (ours)",
     .late = true},
    {.name = "proc.hashes",
     .type = Type::string,
     .list = false,
     .arg = ArgKind::none,
     .kinds = kAllKinds,
     .get = get_hashes,
     .set = set_hashes,
     .doc = "The same as Sysmon writes it, for Sigma's Hashes: 'SHA256=' and 64 upper-case hex digits (ours)",
     .late = true},
    {"proc.is_exe_from_memfd", Type::boolean, false, ArgKind::none, kAllKinds, get_flag<&Process::exe_memfd>,
     set_flag<&Process::exe_memfd>, "The executable is a memfd: it never was a file"},
    {"proc.is_exe_unlinked", Type::boolean, false, ArgKind::none, kAllKinds, get_flag<&Process::exe_unlinked>,
     set_flag<&Process::exe_unlinked>, "The executable had no name left when it was started (ours)"},
    {"proc.is_in_host_mntns", Type::boolean, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.host_mounts)
             out.add(*e.host_mounts);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         return parse_flag(text, b.event().host_mounts.emplace());
     },
     "After the call the process is in the host's mount namespace, that of process 1 (ours)"},
    {"proc.name", Type::string, false, ArgKind::none, kAllKinds, get_own<comm_of>, set_own<set_comm>,
     "The command name, 15 bytes at most: whatever the process chose"},
    {"proc.never_execed", Type::boolean, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.process != nullptr)
             out.add(!e.process->execed);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         bool never = false;
         const bool good = parse_flag(text, never);
         b.process().execed = !never;
         return good;
     },
     "The process was forked and has run no program of its own since (ours)"},
    {"proc.pcmdline", Type::string, false, ArgKind::none, kAllKinds, get_parent<cmdline_of>, set_parent<set_cmdline>,
     "Command line of the parent"},
    {"proc.pexe", Type::string, false, ArgKind::none, kAllKinds, get_parent<argument_zero>, nullptr,
     "argv[0] of the parent"},
    {"proc.pexeline", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch& s, Values& out) noexcept { get_exe_line(ancestor(e, 1), s, out); },
     set_parent<set_exe_line>, "argv[0] and the arguments of the parent, separated by blanks (ours)"},
    {"proc.pexepath", Type::string, false, ArgKind::none, kAllKinds, get_parent<exe_path_of>, set_parent<set_exe_path>,
     "Executable of the parent"},
    {"proc.pid", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept { out.add(static_cast<std::int64_t>(e.pid)); },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         auto& e = b.event();
         if (!parse_number(text, e.pid))
             return false;
         b.process().pid = e.tid = e.vpid = e.pid;
         return true;
     },
     "Process id, in the initial pid namespace"},
    {"proc.pname", Type::string, false, ArgKind::none, kAllKinds, get_parent<comm_of>, set_parent<set_comm>,
     "Name of the parent"},
    {"proc.ppid", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         out.add(static_cast<std::int64_t>(e.ppid));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         if (!parse_number(text, b.event().ppid))
             return false;
         b.ancestor(1).pid = b.event().ppid;
         return true;
     },
     "Process id of the parent, now"},
    {"proc.pvpid", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (const auto* parent = ancestor(e, 1))
             out.add(static_cast<std::int64_t>(parent->vpid));
     },
     nullptr, "Process id of the parent as it sees itself"},
    {"proc.script", Type::string, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         if (e.process != nullptr)
             add_string(out, e.process->script);
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) {
         b.process().script = text;
         return true;
     },
     "The script that a #! line made the kernel start an interpreter for (ours)"},
    {"proc.vpid", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept {
         out.add(static_cast<std::int64_t>(e.vpid));
     },
     [](EventBuilder& b, const FieldArg&, std::string_view text) { return parse_number(text, b.event().vpid); },
     "Process id as the process itself sees it"},
    {"thread.cap_effective", Type::string, false, ArgKind::none, kAllKinds, get_capabilities<&Process::cap_effective>,
     set_capabilities<&Process::cap_effective>,
     "Effective capabilities when the program was started: 'CAP_CHOWN CAP_KILL'"},
    {"thread.cap_permitted", Type::string, false, ArgKind::none, kAllKinds, get_capabilities<&Process::cap_permitted>,
     set_capabilities<&Process::cap_permitted>, "Permitted capabilities when the program was started"},
    {"thread.ismain", Type::boolean, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept { out.add(e.tid == e.pid); }, nullptr,
     "Whether it is the process's first thread"},
    {"thread.tid", Type::integer, false, ArgKind::none, kAllKinds,
     [](const Event& e, const FieldArg&, Scratch&, Values& out) noexcept { out.add(static_cast<std::int64_t>(e.tid)); },
     [](EventBuilder& b, const FieldArg&, std::string_view text) { return parse_number(text, b.event().tid); },
     "Thread id, in the initial pid namespace"},
};

} // namespace

std::span<const Field> process_fields() noexcept {
    return kProcessFields;
}

} // namespace rwatch::event
