// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/proc_reader.hpp"

#include "core/handle.hpp"
#include "core/time.hpp"
#include "process/file_info.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace rwatch::process {

namespace {

constexpr std::size_t kMaxProcFile = 65536; // bytes of stat, status, cgroup

std::string_view take_field(std::string_view& text) noexcept {
    const auto isblank = [](char c) { return c == ' ' || c == '\t' || c == '\n'; };
    while (!text.empty() && isblank(text.front()))
        text.remove_prefix(1);
    const auto end = std::find_if(text.begin(), text.end(), isblank);
    const auto field = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(field.size());
    return field;
}

template <typename T> T to_number(std::string_view text, T otherwise, int base = 10) noexcept {
    T out = otherwise;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
    return error == std::errc{} && end == text.data() + text.size() ? out : otherwise;
}

/// What stands behind "Name:" in /proc/PID/status.
std::string_view status_line(std::string_view text, std::string_view name) noexcept {
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
        if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ':')
            return line.substr(name.size() + 1);
    }
    return {};
}

void read_pair(std::string_view line, std::uint32_t& real, std::uint32_t& effective) noexcept {
    real = to_number(take_field(line), real);
    effective = to_number(take_field(line), effective);
}

std::uint32_t read_id(const std::string& path) {
    const auto text = read_small_file(path, kMaxProcFile);
    std::string_view rest = text;
    return to_number(take_field(rest), event::kUnset);
}

} // namespace

std::optional<ProcStat> parse_proc_stat(std::string_view text) {
    const auto open = text.find('(');
    const auto close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        return std::nullopt;
    ProcStat out;
    out.comm = text.substr(open + 1, close - open - 1);
    text.remove_prefix(close + 1);
    constexpr std::size_t kState = 3, kParent = 4, kSession = 6, kTty = 7, kStart = 22; // numbered as in proc(5)
    for (std::size_t n = kState; n <= kStart; ++n) {
        const auto field = take_field(text);
        if (field.empty())
            return std::nullopt;
        if (n == kState)
            out.state = field[0];
        else if (n == kParent)
            out.ppid = to_number(field, 0U);
        else if (n == kSession)
            out.sid = to_number(field, 0U);
        else if (n == kTty)
            out.tty = static_cast<std::uint32_t>(to_number(field, 0));
        else if (n == kStart)
            out.start_ticks = to_number(field, std::uint64_t{0});
    }
    return out;
}

std::string compose_cmdline(std::string_view comm, std::string_view argv) {
    std::string out(comm);
    const auto first = argv.find('\0');
    if (first == std::string_view::npos)
        return out;
    out += ' ';
    const auto begin = out.size();
    out += argv.substr(first + 1);
    std::replace(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), '\0', ' ');
    return out;
}

ProcReader::ProcReader(std::string root)
    : root_(std::move(root)), tick_ns_(static_cast<std::uint64_t>(kSecond / std::max(1L, ::sysconf(_SC_CLK_TCK)))) {}

void ProcReader::read_exe(const std::string& directory, event::Process& out) const {
    const auto link = directory + "/exe";
    if (!read_link(AT_FDCWD, link.c_str(), out.exe_path))
        return;
    if (const auto st = stat_file(AT_FDCWD, link.c_str(), 0))
        out.exe = st->info;
    constexpr std::string_view kDeleted = " (deleted)";
    out.exe_memfd = out.exe_path.starts_with("/memfd:");
    const bool marked = std::string_view(out.exe_path).ends_with(kDeleted);
    // A file may really be called "x (deleted)": then it still has a link.
    out.exe_unlinked = marked && out.exe.nlink == 0;
    if (out.exe_unlinked)
        out.exe_path.resize(out.exe_path.size() - kDeleted.size());
}

void ProcReader::read_status(const std::string& directory, event::Process& out) const {
    const auto text = read_small_file(directory + "/status", kMaxProcFile);
    read_pair(status_line(text, "Uid"), out.uid, out.euid);
    read_pair(status_line(text, "Gid"), out.gid, out.egid);
    auto effective = status_line(text, "CapEff");
    auto permitted = status_line(text, "CapPrm");
    out.cap_effective = to_number(take_field(effective), std::uint64_t{0}, 16);
    out.cap_permitted = to_number(take_field(permitted), std::uint64_t{0}, 16);
    // The last number is the pid in the innermost namespace.
    auto pids = status_line(text, "NSpid");
    for (auto field = take_field(pids); !field.empty(); field = take_field(pids))
        out.vpid = to_number(field, out.vpid);
}

std::optional<ProcInfo> ProcReader::read(std::uint32_t pid) const {
    const auto directory = root_ + "/" + std::to_string(pid);
    auto stat = parse_proc_stat(read_small_file(directory + "/stat", kMaxProcFile));
    if (!stat)
        return std::nullopt;
    ProcInfo out;
    auto& p = out.process;
    p.pid = p.vpid = pid;
    p.ppid = stat->ppid;
    p.sid = stat->sid;
    p.tty = stat->tty;
    p.start_ns = stat->start_ticks * tick_ns_;
    p.comm = std::move(stat->comm);
    p.alive = stat->state != 'Z' && stat->state != 'X';
    read_exe(directory, p);
    read_status(directory, p);
    p.loginuid = read_id(directory + "/loginuid");
    p.session = read_id(directory + "/sessionid");
    read_link(AT_FDCWD, (directory + "/cwd").c_str(), p.cwd);
    out.cgroup = read_small_file(directory + "/cgroup", kMaxProcFile);
    p.argv = read_small_file(directory + "/cmdline", kMaxArgv + 1);
    p.args_truncated = p.argv.size() > kMaxArgv;
    p.argv.resize(std::min(p.argv.size(), kMaxArgv));
    if (p.argv.ends_with('\0'))
        p.argv.pop_back();
    p.cmdline = compose_cmdline(p.comm, p.argv);
    // Was it one process all the while? A pid may have been given to another one between two reads.
    if (start_ticks(pid) != stat->start_ticks)
        return std::nullopt;
    return out;
}

std::optional<std::uint64_t> ProcReader::start_ticks(std::uint32_t pid) const {
    const auto stat = parse_proc_stat(read_small_file(root_ + "/" + std::to_string(pid) + "/stat", kMaxProcFile));
    return stat ? std::optional(stat->start_ticks) : std::nullopt;
}

std::vector<std::uint32_t> ProcReader::pids(std::size_t most) const {
    std::vector<std::uint32_t> out;
    const Handle<DIR, ::closedir> directory(::opendir(root_.c_str()));
    while (const dirent* entry = directory && out.size() < most ? ::readdir(directory.get()) : nullptr)
        if (const auto pid = to_number(entry->d_name, 0U); pid != 0)
            out.push_back(pid);
    return out;
}

} // namespace rwatch::process
