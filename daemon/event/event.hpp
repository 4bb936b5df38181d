// SPDX-License-Identifier: MIT OR Apache-2.0
// One thing that happened, and the processes it is about. An Event points into the record that it was decoded from and
// into the process table: it is valid until the next one is read. Made by decode (or by EventBuilder for tests),
// completed by the process layer, read through fields.
#pragma once

#include "event/file_id.hpp"
#include "event/value.hpp"

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rwatch::event {

/// Values as enum rw_kind of the wire format.
enum class Kind : std::uint8_t {
    none,
    exec,
    fork,
    exit,
    open,
    chmod,
    rename,
    unlink,
    link,
    symlink,
    connect,
    mkdir,
    mknod,
    // Calls that their arguments tell all about (Event::args):
    socket,
    setid,
    ptrace,
    name_space, ///< "namespace"
    mount,
    module,
    bpf,
    system,
    accept,
    bind, ///< listen too
    chown,
    truncate,
    xattr,
    signal, ///< as socket and its like
    dup,    ///< a socket became standard input, output or error
    memory, ///< as socket and its like from here on
    key,
    clock,
    send,    ///< to an address that came with the call: datagrams, TCP's fast open
    resolve, ///< an answer of a name server, received
    io_uring,
    service, ///< no call: what systemd reports of its services
    count
};
inline constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::count);

/// The system call; values as enum rw_call of the wire format, names as Falco's evt.type.
enum class Call : std::uint16_t {
    none,
    execve,
    execveat,
    fork,
    vfork,
    clone,
    clone3,
    procexit,
    open,
    openat,
    openat2,
    creat,
    open_by_handle_at,
    chmod,
    fchmod,
    fchmodat,
    fchmodat2,
    rename,
    renameat,
    renameat2,
    unlink,
    unlinkat,
    link,
    linkat,
    symlink,
    symlinkat,
    connect,
    mkdir,
    mkdirat,
    rmdir,
    mknod,
    mknodat,
    socket,
    setuid,
    setgid,
    setreuid,
    setregid,
    setresuid,
    setresgid,
    ptrace,
    setns,
    unshare,
    mount,
    umount2,
    init_module,
    finit_module,
    delete_module,
    bpf,
    memfd_create,
    personality,
    sysinfo,
    syslog,
    userfaultfd,
    accept,
    accept4,
    bind,
    listen,
    chown,
    lchown,
    fchown,
    fchownat,
    truncate,
    ftruncate,
    setxattr,
    lsetxattr,
    fsetxattr,
    setxattrat,
    removexattr,
    lremovexattr,
    fremovexattr,
    removexattrat,
    kill,
    tkill,
    tgkill,
    rt_sigqueueinfo,
    rt_tgsigqueueinfo,
    pidfd_send_signal,
    process_vm_readv,
    process_vm_writev,
    pidfd_getfd,
    chroot,
    pivot_root,
    open_tree,
    move_mount,
    fsopen,
    fsconfig,
    fsmount,
    fspick,
    mount_setattr,
    setfsuid,
    setfsgid,
    setgroups,
    capset,
    dup,
    dup2,
    dup3,
    fcntl, ///< F_DUPFD, F_DUPFD_CLOEXEC
    mmap,
    mprotect,
    pkey_mprotect,
    keyctl,
    add_key,
    request_key,
    settimeofday,
    clock_settime,
    adjtimex,
    clock_adjtime,
    kexec_load,
    kexec_file_load,
    prctl,
    perf_event_open,
    swapon,
    swapoff,
    quotactl,
    sethostname,
    setdomainname,
    acct,
    reboot,
    iopl,
    ioperm,
    sendto,
    sendmsg,
    sendmmsg,
    recvfrom,
    recvmsg,
    io_uring_setup,
    io_uring_register,
    io_uring_submit,
    service_start,
    service_stop,
    count
};
inline constexpr std::size_t kCalls = static_cast<std::size_t>(Call::count);

/// A set of kinds, one bit each.
using KindSet = std::uint64_t;
[[nodiscard]] constexpr KindSet set_of(Kind kind) noexcept {
    return KindSet{1} << static_cast<unsigned>(kind);
}
inline constexpr KindSet kAllKinds = (KindSet{1} << kKinds) - 2; // all but none

/// A set of calls, by their number. Call::none stands for an event whose call is not known, of whatever kind.
using CallSet = std::bitset<kCalls>;
[[nodiscard]] CallSet calls_of(KindSet kinds) noexcept; ///< with Call::none

[[nodiscard]] std::string_view name_of(Kind kind) noexcept;
[[nodiscard]] std::string_view name_of(Call call) noexcept; ///< "openat"; "" for none
[[nodiscard]] std::vector<std::string_view> call_names();
[[nodiscard]] Call call_named(std::string_view name) noexcept;
[[nodiscard]] Kind kind_of(Call call) noexcept;

inline constexpr std::uint32_t kUnset = 0xffffffff; ///< loginuid, audit session, old mode

// Bits of Event::flags, as RW_F_* of the wire format: for layers that do not see it.
inline constexpr std::uint32_t kFlagPathTruncated = 1U << 0, kFlagArgvTruncated = 1U << 1, kFlagMemfd = 1U << 4,
                               kFlagUnlinked = 1U << 5, kFlagIoUring = 1U << 6, kFlagBound = 1U << 9;
/// Ports below are those of services.
inline constexpr std::uint16_t kServicePorts = 1024;

/// Of a system call; of its first arguments those that a record may have as text.
inline constexpr std::size_t kMostArgs = 6, kMostTexts = 4;

/// A file that an event is about.
struct Object {
    std::string_view name; ///< absolute, in the host's view; "" where unknown
    std::string_view
        alias;            ///< the way by which the kernel reached it where that is another name (bind mount, hard link)
    std::string_view raw; ///< the string that the caller passed: evidence only
    FileInfo file;        ///< id false: the kernel could not tell
    // How the name was found, for the process layer: see struct rw_path.
    std::string_view mount_root;    ///< path of a bind mount's root within its file system
    std::uint32_t mount_length = 0; ///< bytes of `name` that are the mount point
    std::string_view base;          ///< directory that `raw` is relative to, as the kernel names it
};

/// Where systemd (or a container runtime) put a process; one for each cgroup, shared by its processes.
struct Placement {
    std::string cgroup;       ///< path below the cgroup root
    std::string unit;         ///< "nginx.service", "session-3.scope", "user@1000.service"
    std::string slice;        ///< "system.slice"
    std::string user_unit;    ///< unit of the user's own manager
    std::string session;      ///< login session, "3"
    std::string machine;      ///< of systemd-machined
    std::string container_id; ///< whole; "" on the host
    std::string container_runtime;
    std::string pod_uid; ///< of Kubernetes

    // What files of logind and of the runtime told, a little after the place was seen first; "" where they don't
    std::string session_user, session_tty, session_host, session_service;
    std::string container_name, image, image_id, image_digest;
    std::string pod_name, pod_namespace, pod_sandbox;

    bool operator==(const Placement&) const = default;
};

/// A container's id as it is shown: the first 12 of 64 hex digits, as Falco and docker do, other names whole.
[[nodiscard]] constexpr std::string_view short_container_id(std::string_view id) noexcept {
    constexpr std::size_t kWhole = 64, kShown = 12;
    return id.substr(0, id.size() == kWhole ? kShown : id.size());
}

/// One process, from its exec (or fork) on. Owned by the process table.
struct Process {
    std::uint32_t pid = 0, vpid = 0, ppid = 0;
    std::uint64_t start_ns = 0; ///< boot clock; with pid its identity
    const Process* parent = nullptr;
    const Placement* placement = nullptr;

    std::string comm;     ///< 15 bytes at most
    std::string exe_path; ///< of the running binary; "" for kernel threads
    FileInfo exe;
    std::string argv;     ///< NUL separated
    std::string cmdline;  ///< comm and arguments, separated by blanks, as Falco's proc.cmdline
    std::string cwd;      ///< at the time of exec
    std::string filename; ///< what was passed to exec
    std::string script;   ///< where a #! line brought an interpreter: the script's path
    std::uint32_t uid = 0, euid = 0, gid = 0, egid = 0;
    std::uint32_t loginuid = kUnset, session = kUnset;
    std::uint32_t tty = 0, sid = 0;              ///< sid: POSIX session; 0: unknown
    const std::uint32_t* session_size = nullptr; ///< living processes of that session
    std::array<std::uint8_t, 3> streams{};       ///< at its last exec, as rw_exec.streams; 0: closed or not known
    std::uint64_t cap_effective = 0, cap_permitted = 0;
    std::uint64_t exec_ns = 0; ///< boot clock of the last exec, 0: only forked, or before us
    bool exe_memfd = false, exe_unlinked = false, args_truncated = false;
    bool execed = true; ///< ran a program since it was forked; true where its beginning was not seen
    bool alive = true;

    bool operator==(const Process&) const = default; ///< shallow: parent, placement and session_size as pointers
};

/// Names of users and groups, by their ids. Never asks a name service.
struct Directory {
    std::unordered_map<std::uint32_t, std::string> users, groups;
    std::uint64_t version = 0; ///< another one once the names of the system have changed

    /// "" for an unknown id; valid as long as the directory is not changed.
    [[nodiscard]] std::string_view user(std::uint32_t uid) const noexcept { return name_in(users, uid); }
    [[nodiscard]] std::string_view group(std::uint32_t gid) const noexcept { return name_in(groups, gid); }

  private:
    [[nodiscard]] static std::string_view name_in(const std::unordered_map<std::uint32_t, std::string>& names,
                                                  std::uint32_t id) noexcept {
        const auto found = names.find(id);
        return found == names.end() ? std::string_view{} : found->second;
    }
};

struct Event {
    Kind kind = Kind::none;
    Call call = Call::none;
    std::uint32_t flags = 0;   ///< RW_F_* of the wire format
    std::uint64_t number = 0;  ///< counts from 1 since the start
    std::uint64_t boot_ns = 0; ///< CLOCK_BOOTTIME: what rules count with
    std::int64_t wall_ns = 0;  ///< since the epoch

    // Who
    std::uint64_t start_ns = 0, parent_start_ns = 0;
    std::uint64_t cgroup = 0;
    FileId exe;
    std::uint32_t pid = 0, tid = 0, ppid = 0, vpid = 0;
    std::uint32_t uid = 0, euid = 0, gid = 0, egid = 0;
    std::uint32_t old_euid = kUnset; ///< what it was at the process's event before; set by the process layer
    std::uint32_t loginuid = kUnset, session = kUnset;
    std::uint32_t pidns = 0, mntns = 0;
    std::optional<bool> host_mounts; ///< whether mntns is the host's; set by the process layer
    std::string_view comm;
    const Process* process = nullptr; ///< set by the process layer; never null after it
    const Process* target_process =
        nullptr; ///< of ptrace, signals: whom it is about; set by the process layer, null: unknown
    const Placement* placement = nullptr; ///< of the event's own cgroup; null: unknown
    const Directory* directory = nullptr;
    std::string_view exe_hash; ///< SHA-256 of the executable, 64 hex digits; "": not asked for, or not known (yet)

    // What
    Object object; ///< open, chmod, unlink, mkdir, mknod, the source of rename, link and symlink; exec: the binary
    Object target; ///< the new name of rename, link, symlink
    bool has_result = false;
    std::int64_t result = 0; ///< descriptor, child's pid, 0, or -errno
    std::int32_t dfd = -100, dfd2 = -100;
    std::uint32_t open_flags = 0;
    std::uint32_t mode = 0, old_mode = kUnset;
    std::uint64_t resolve = 0;
    std::uint32_t call_flags = 0;
    bool created = false;
    std::uint32_t node_dev = 0;                   ///< mknod: the device, as st_rdev of stat(2)
    std::uint32_t owner = kUnset, group = kUnset; ///< chown: as asked for; kUnset: as it was
    std::string_view attribute;                   ///< xattr: its name; evidence only
    std::uint64_t length = 0;                     ///< truncate

    // Calls that their arguments tell all about
    std::array<std::uint64_t, kMostArgs> args{};      ///< as the kernel takes them: ints have no high half
    std::array<std::string_view, kMostTexts> texts{}; ///< of the first ones those that are strings: evidence only
    std::uint8_t arg_count = 0;                       ///< how many the call has
    std::uint32_t target_pid = 0; ///< whom it is about, in the initial pid namespace; 0: nobody, or not known

    // connect, accept, bind, dup, send, resolve; an end that is not known has no family
    std::uint16_t family = 0; ///< AF_*
    std::uint8_t socket_type = 0, protocol = 0;
    Address local, remote;
    std::uint16_t local_port = 0, remote_port = 0;
    std::string_view unix_path;
    std::int32_t fd = -1, backlog = 0;
    std::string_view answer; ///< resolve: the message of RFC 1035; evidence only
    std::string_view
        remote_name; ///< by which the process found the remote address; set by the process layer, "" unknown

    // exec, for the process table
    std::string_view argv, cwd, filename, interp;
    std::string_view cgroup_names; ///< from the group up, each followed by '/': "x.service/system.slice/"
    std::uint64_t cap_effective = 0, cap_permitted = 0;
    std::uint32_t tty = 0, sid = 0;
    std::array<std::uint8_t, 3> streams{};
    // fork
    std::uint64_t child_start_ns = 0, child_cgroup = 0;
    std::uint32_t child_pid = 0, child_vpid = 0;
    // exit
    std::uint32_t status = 0; ///< as wait(2)
};

} // namespace rwatch::event
