// SPDX-License-Identifier: MIT OR Apache-2.0
// Names of kinds, calls, flags, modes and errors, and the text forms of values.
#include "event/field_tables.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <utility>

namespace rwatch::event {

namespace {

constexpr std::array<std::string_view, kKinds> kKindNames{
    "none",    "exec",    "fork",   "exit",   "open",   "chmod",   "rename",   "unlink",    "link",
    "symlink", "connect", "mkdir",  "mknod",  "socket", "setid",   "ptrace",   "namespace", "mount",
    "module",  "bpf",     "system", "accept", "bind",   "chown",   "truncate", "xattr",     "signal",
    "dup",     "memory",  "key",    "clock",  "send",   "resolve", "io_uring", "service"};
static_assert(!kKindNames.back().empty());

struct CallRow {
    std::string_view name;
    Kind kind;
};
constexpr std::array<CallRow, kCalls> kCallRows{{
    {"", Kind::none},
    {"execve", Kind::exec},
    {"execveat", Kind::exec},
    {"fork", Kind::fork},
    {"vfork", Kind::fork},
    {"clone", Kind::fork},
    {"clone3", Kind::fork},
    {"procexit", Kind::exit},
    {"open", Kind::open},
    {"openat", Kind::open},
    {"openat2", Kind::open},
    {"creat", Kind::open},
    {"open_by_handle_at", Kind::open},
    {"chmod", Kind::chmod},
    {"fchmod", Kind::chmod},
    {"fchmodat", Kind::chmod},
    {"fchmodat2", Kind::chmod},
    {"rename", Kind::rename},
    {"renameat", Kind::rename},
    {"renameat2", Kind::rename},
    {"unlink", Kind::unlink},
    {"unlinkat", Kind::unlink},
    {"link", Kind::link},
    {"linkat", Kind::link},
    {"symlink", Kind::symlink},
    {"symlinkat", Kind::symlink},
    {"connect", Kind::connect},
    {"mkdir", Kind::mkdir},
    {"mkdirat", Kind::mkdir},
    {"rmdir", Kind::unlink},
    {"mknod", Kind::mknod},
    {"mknodat", Kind::mknod},
    {"socket", Kind::socket},
    {"setuid", Kind::setid},
    {"setgid", Kind::setid},
    {"setreuid", Kind::setid},
    {"setregid", Kind::setid},
    {"setresuid", Kind::setid},
    {"setresgid", Kind::setid},
    {"ptrace", Kind::ptrace},
    {"setns", Kind::name_space},
    {"unshare", Kind::name_space},
    {"mount", Kind::mount},
    {"umount2", Kind::mount},
    {"init_module", Kind::module},
    {"finit_module", Kind::module},
    {"delete_module", Kind::module},
    {"bpf", Kind::bpf},
    {"memfd_create", Kind::system},
    {"personality", Kind::system},
    {"sysinfo", Kind::system},
    {"syslog", Kind::system},
    {"userfaultfd", Kind::system},
    {"accept", Kind::accept},
    {"accept4", Kind::accept},
    {"bind", Kind::bind},
    {"listen", Kind::bind},
    {"chown", Kind::chown},
    {"lchown", Kind::chown},
    {"fchown", Kind::chown},
    {"fchownat", Kind::chown},
    {"truncate", Kind::truncate},
    {"ftruncate", Kind::truncate},
    {"setxattr", Kind::xattr},
    {"lsetxattr", Kind::xattr},
    {"fsetxattr", Kind::xattr},
    {"setxattrat", Kind::xattr},
    {"removexattr", Kind::xattr},
    {"lremovexattr", Kind::xattr},
    {"fremovexattr", Kind::xattr},
    {"removexattrat", Kind::xattr},
    {"kill", Kind::signal},
    {"tkill", Kind::signal},
    {"tgkill", Kind::signal},
    {"rt_sigqueueinfo", Kind::signal},
    {"rt_tgsigqueueinfo", Kind::signal},
    {"pidfd_send_signal", Kind::signal},
    {"process_vm_readv", Kind::ptrace},
    {"process_vm_writev", Kind::ptrace},
    {"pidfd_getfd", Kind::ptrace},
    {"chroot", Kind::mount},
    {"pivot_root", Kind::mount},
    {"open_tree", Kind::mount},
    {"move_mount", Kind::mount},
    {"fsopen", Kind::mount},
    {"fsconfig", Kind::mount},
    {"fsmount", Kind::mount},
    {"fspick", Kind::mount},
    {"mount_setattr", Kind::mount},
    {"setfsuid", Kind::setid},
    {"setfsgid", Kind::setid},
    {"setgroups", Kind::setid},
    {"capset", Kind::setid},
    {"dup", Kind::dup},
    {"dup2", Kind::dup},
    {"dup3", Kind::dup},
    {"fcntl", Kind::dup},
    {"mmap", Kind::memory},
    {"mprotect", Kind::memory},
    {"pkey_mprotect", Kind::memory},
    {"keyctl", Kind::key},
    {"add_key", Kind::key},
    {"request_key", Kind::key},
    {"settimeofday", Kind::clock},
    {"clock_settime", Kind::clock},
    {"adjtimex", Kind::clock},
    {"clock_adjtime", Kind::clock},
    {"kexec_load", Kind::module},
    {"kexec_file_load", Kind::module},
    {"prctl", Kind::system},
    {"perf_event_open", Kind::system},
    {"swapon", Kind::system},
    {"swapoff", Kind::system},
    {"quotactl", Kind::system},
    {"sethostname", Kind::system},
    {"setdomainname", Kind::system},
    {"acct", Kind::system},
    {"reboot", Kind::system},
    {"iopl", Kind::system},
    {"ioperm", Kind::system},
    {"sendto", Kind::send},
    {"sendmsg", Kind::send},
    {"sendmmsg", Kind::send},
    {"recvfrom", Kind::resolve},
    {"recvmsg", Kind::resolve},
    {"io_uring_setup", Kind::io_uring},
    {"io_uring_register", Kind::io_uring},
    {"io_uring_submit", Kind::io_uring},
    {"service_start", Kind::service},
    {"service_stop", Kind::service},
}};
static_assert(!kCallRows.back().name.empty());

struct Bit {
    std::uint32_t bit;
    std::string_view name;
};
constexpr std::array kOpenBits{
    Bit{O_CREAT, "O_CREAT"},       Bit{O_APPEND, "O_APPEND"},       Bit{O_DSYNC, "O_DSYNC"},
    Bit{O_EXCL, "O_EXCL"},         Bit{O_NONBLOCK, "O_NONBLOCK"},   Bit{O_TRUNC, "O_TRUNC"},
    Bit{O_DIRECT, "O_DIRECT"},     Bit{O_DIRECTORY, "O_DIRECTORY"}, Bit{O_CLOEXEC, "O_CLOEXEC"},
    Bit{O_NOFOLLOW, "O_NOFOLLOW"}, Bit{O_NOATIME, "O_NOATIME"},     Bit{O_PATH, "O_PATH"},
    Bit{O_TMPFILE, "O_TMPFILE"},
};
constexpr std::array kModeBits{
    Bit{S_IXOTH, "S_IXOTH"}, Bit{S_IWOTH, "S_IWOTH"}, Bit{S_IROTH, "S_IROTH"}, Bit{S_IXGRP, "S_IXGRP"},
    Bit{S_IWGRP, "S_IWGRP"}, Bit{S_IRGRP, "S_IRGRP"}, Bit{S_IXUSR, "S_IXUSR"}, Bit{S_IWUSR, "S_IWUSR"},
    Bit{S_IRUSR, "S_IRUSR"}, Bit{S_ISVTX, "S_ISVTX"}, Bit{S_ISGID, "S_ISGID"}, Bit{S_ISUID, "S_ISUID"},
};

/// The type that mknod was asked for: one value, not bits.
constexpr std::array kNodeTypes{Bit{S_IFREG, "S_IFREG"}, Bit{S_IFCHR, "S_IFCHR"}, Bit{S_IFBLK, "S_IFBLK"},
                                Bit{S_IFIFO, "S_IFIFO"}, Bit{S_IFSOCK, "S_IFSOCK"}};

template <std::size_t N>
void put_bits(std::uint32_t value, const std::array<Bit, N>& bits, bool first, Scratch& out) noexcept {
    for (const auto& [bit, name] : bits) {
        if ((value & bit) != bit)
            continue;
        if (!first)
            out.put('|');
        out.put(name);
        first = false;
    }
}

/// Words joined by '|', each the name of a bit or in `plain` (worth its index).
template <std::size_t N, std::size_t M>
bool parse_bits(std::string_view text, const std::array<Bit, N>& bits, const std::array<std::string_view, M>& plain,
                std::uint32_t& out) noexcept {
    out = 0;
    while (!text.empty()) {
        const auto word = text.substr(0, text.find('|'));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        const auto named = std::find(plain.begin(), plain.end(), word);
        const auto bit = std::find_if(bits.begin(), bits.end(), [&](const Bit& b) { return b.name == word; });
        if (named != plain.end())
            out |= static_cast<std::uint32_t>(named - plain.begin());
        else if (bit != bits.end())
            out |= bit->bit;
        else if (word != "FD_CREATED")
            return false;
    }
    return true;
}

constexpr std::array<std::string_view, 4> kAccessModes{"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};

constexpr std::string_view kCapabilityPrefix = "CAP_";
constexpr std::array<std::string_view, 41> kCapabilities{"CHOWN",
                                                         "DAC_OVERRIDE",
                                                         "DAC_READ_SEARCH",
                                                         "FOWNER",
                                                         "FSETID",
                                                         "KILL",
                                                         "SETGID",
                                                         "SETUID",
                                                         "SETPCAP",
                                                         "LINUX_IMMUTABLE",
                                                         "NET_BIND_SERVICE",
                                                         "NET_BROADCAST",
                                                         "NET_ADMIN",
                                                         "NET_RAW",
                                                         "IPC_LOCK",
                                                         "IPC_OWNER",
                                                         "SYS_MODULE",
                                                         "SYS_RAWIO",
                                                         "SYS_CHROOT",
                                                         "SYS_PTRACE",
                                                         "SYS_PACCT",
                                                         "SYS_ADMIN",
                                                         "SYS_BOOT",
                                                         "SYS_NICE",
                                                         "SYS_RESOURCE",
                                                         "SYS_TIME",
                                                         "SYS_TTY_CONFIG",
                                                         "MKNOD",
                                                         "LEASE",
                                                         "AUDIT_WRITE",
                                                         "AUDIT_CONTROL",
                                                         "SETFCAP",
                                                         "MAC_OVERRIDE",
                                                         "MAC_ADMIN",
                                                         "SYSLOG",
                                                         "WAKE_ALARM",
                                                         "BLOCK_SUSPEND",
                                                         "AUDIT_READ",
                                                         "PERFMON",
                                                         "BPF",
                                                         "CHECKPOINT_RESTORE"};

/// The text form of an address into `buffer`; its length.
std::size_t format(const Address& address, TextBuffer& buffer) noexcept {
    static_assert(std::tuple_size_v<TextBuffer> >= INET6_ADDRSTRLEN);
    const int family = address.family == 4 ? AF_INET : AF_INET6;
    if (address.family == 0 || inet_ntop(family, address.bytes.data(), buffer.data(), buffer.size()) == nullptr)
        return 0;
    return strnlen(buffer.data(), buffer.size());
}

} // namespace

std::string_view name_of(Kind kind) noexcept {
    return kKindNames[static_cast<std::size_t>(kind) % kKinds];
}
std::string_view name_of(Call call) noexcept {
    return kCallRows[static_cast<std::size_t>(call) % kCalls].name;
}
std::vector<std::string_view> call_names() {
    std::vector<std::string_view> names;
    for (std::size_t i = 1; i < kCalls; ++i)
        names.push_back(kCallRows[i].name);
    return names;
}
CallSet calls_of(KindSet kinds) noexcept {
    CallSet calls;
    calls.set(0);
    for (std::size_t i = 1; i < kCalls; ++i)
        calls.set(i, (kinds & set_of(kCallRows[i].kind)) != 0);
    return calls;
}
Kind kind_of(Call call) noexcept {
    return kCallRows[static_cast<std::size_t>(call) % kCalls].kind;
}

Call call_named(std::string_view name) noexcept {
    const auto* found =
        std::find_if(kCallRows.begin() + 1, kCallRows.end(), [&](const auto& row) { return row.name == name; });
    return found == kCallRows.end() ? Call::none : static_cast<Call>(found - kCallRows.begin());
}

std::string_view errno_name(int code) noexcept {
    const char* name = strerrorname_np(code);
    return name == nullptr ? std::string_view{} : name;
}

void put_open_flags(std::uint32_t flags, Scratch& out) noexcept {
    out.put(kAccessModes[flags & O_ACCMODE]);
    put_bits(flags, kOpenBits, false, out);
}

void put_mode(std::uint32_t mode, Scratch& out) noexcept {
    const auto mark = out.mark();
    put_bits(mode & 07777U, kModeBits, true, out);
    for (const auto& [type, name] : kNodeTypes)
        if ((mode & S_IFMT) == type) {
            out.put(out.mark() == mark ? "" : "|");
            out.put(name);
        }
    if (out.mark() == mark)
        out.put('0');
}

void put_capabilities(std::uint64_t set, Scratch& out, char separator) noexcept {
    bool first = true;
    for (std::size_t i = 0; i < kCapabilities.size(); ++i) {
        if ((set >> i & 1U) == 0)
            continue;
        if (!std::exchange(first, false))
            out.put(separator);
        out.put(kCapabilityPrefix);
        out.put(kCapabilities[i]);
    }
}

bool parse_capabilities(std::string_view text, std::uint64_t& out, char separator) noexcept {
    out = 0;
    while (!text.empty()) {
        auto word = text.substr(0, text.find(separator));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (!word.starts_with(kCapabilityPrefix))
            return false;
        word.remove_prefix(kCapabilityPrefix.size());
        const auto* found = std::find(kCapabilities.begin(), kCapabilities.end(), word);
        if (found == kCapabilities.end())
            return false;
        out |= 1ULL << static_cast<unsigned>(found - kCapabilities.begin());
    }
    return true;
}

bool parse_open_flags(std::string_view text, std::uint32_t& out) noexcept {
    return parse_bits(text, kOpenBits, kAccessModes, out);
}

bool parse_mode(std::string_view text, std::uint32_t& out) noexcept {
    std::array<Bit, kModeBits.size() + kNodeTypes.size()> words;
    std::copy(kNodeTypes.begin(), kNodeTypes.end(), std::copy(kModeBits.begin(), kModeBits.end(), words.begin()));
    return parse_bits(text, words, std::array<std::string_view, 1>{"0"}, out);
}

void Scratch::put(std::int64_t number, int base) noexcept {
    std::array<char, 72> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number, base).ptr;
    put(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
}

void Scratch::put_hex(std::uint64_t number) noexcept {
    std::array<char, 16> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number, 16).ptr;
    put(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
}

void Scratch::put(const Address& address) noexcept {
    TextBuffer buffer;
    put(std::string_view(buffer.data(), format(address, buffer)));
}

std::string_view text_of(const Value& value, TextBuffer& buffer) noexcept {
    switch (value.type) {
    case Type::string:
        return value.string;
    case Type::integer: {
        const auto* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value.integer).ptr;
        return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
    }
    case Type::boolean:
        return value.boolean ? "true" : "false";
    case Type::address:
        return {buffer.data(), format(value.address, buffer)};
    }
    return {};
}

void append_text(const Value& value, std::string& out) {
    TextBuffer buffer;
    out += text_of(value, buffer);
}

std::optional<Address> parse_address(std::string_view text) noexcept {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    if (text.empty() || text.size() >= buffer.size())
        return std::nullopt;
    std::copy(text.begin(), text.end(), buffer.begin());
    Address address;
    if (inet_pton(AF_INET, buffer.data(), address.bytes.data()) == 1) {
        address.family = 4;
        return address;
    }
    if (inet_pton(AF_INET6, buffer.data(), address.bytes.data()) != 1)
        return std::nullopt;
    constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    address.family = 6;
    if (std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin())) {
        std::copy(address.bytes.begin() + 12, address.bytes.end(), address.bytes.begin());
        std::fill(address.bytes.begin() + 4, address.bytes.end(), 0);
        address.family = 4;
    }
    return address;
}

} // namespace rwatch::event
