// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sensor/canary.hpp"

#include "core/error.hpp"
#include "core/time.hpp"
#include "sensor/probes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <limits>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rwatch::sensor {
namespace {

struct Song {
    rw_call call;
    std::array<long, 6> arguments;
};

constexpr long kNone = -1;                             ///< no descriptor, no id, or flags of which none exists
constexpr long kNo = std::numeric_limits<long>::min(); ///< stands for the address of an empty name, which no file has
constexpr long kAttribute = kNo + 1;                   ///< for that of an attribute's name
constexpr long kNobody = 0x3fffffff;                   ///< above the highest pid that there can be

// What each is refused for; those marked "no-op" succeed and change nothing.
constexpr Song kSongs[] = {
    {RW_CALL_OPEN, {kNo}},                                       // ENOENT
    {RW_CALL_OPENAT, {kNone, kNo}},                              // ENOENT
    {RW_CALL_OPENAT2, {kNone, kNo, 0, 0}},                       // EINVAL
    {RW_CALL_CREAT, {kNo, 0}},                                   // ENOENT
    {RW_CALL_OPEN_BY_HANDLE_AT, {kNone, 0, 0}},                  // EPERM or EFAULT
    {RW_CALL_CHMOD, {kNo, 0}},                                   // ENOENT
    {RW_CALL_FCHMOD, {kNone, 0}},                                // EBADF
    {RW_CALL_FCHMODAT, {kNone, kNo, 0}},                         // ENOENT
    {RW_CALL_FCHMODAT2, {kNone, kNo, 0, 0}},                     // ENOENT
    {RW_CALL_RENAME, {kNo, kNo}},                                // ENOENT
    {RW_CALL_RENAMEAT, {kNone, kNo, kNone, kNo}},                // ENOENT
    {RW_CALL_RENAMEAT2, {kNone, kNo, kNone, kNo, 0}},            // ENOENT
    {RW_CALL_UNLINK, {kNo}},                                     // ENOENT
    {RW_CALL_UNLINKAT, {kNone, kNo, 0}},                         // ENOENT
    {RW_CALL_RMDIR, {kNo}},                                      // ENOENT
    {RW_CALL_LINK, {kNo, kNo}},                                  // ENOENT
    {RW_CALL_LINKAT, {kNone, kNo, kNone, kNo, 0}},               // ENOENT
    {RW_CALL_SYMLINK, {kNo, kNo}},                               // ENOENT
    {RW_CALL_SYMLINKAT, {kNo, kNone, kNo}},                      // ENOENT
    {RW_CALL_MKDIR, {kNo, 0}},                                   // ENOENT
    {RW_CALL_MKDIRAT, {kNone, kNo, 0}},                          // ENOENT
    {RW_CALL_MKNOD, {kNo, 0, 0}},                                // ENOENT
    {RW_CALL_MKNODAT, {kNone, kNo, 0, 0}},                       // ENOENT
    {RW_CALL_SOCKET, {kNone, 0, 0}},                             // EAFNOSUPPORT
    {RW_CALL_SETUID, {kNone}},                                   // EINVAL
    {RW_CALL_SETGID, {kNone}},                                   // EINVAL
    {RW_CALL_SETREUID, {kNone, kNone}},                          // no-op
    {RW_CALL_SETREGID, {kNone, kNone}},                          // no-op
    {RW_CALL_SETRESUID, {kNone, kNone, kNone}},                  // no-op
    {RW_CALL_SETRESGID, {kNone, kNone, kNone}},                  // no-op
    {RW_CALL_PTRACE, {kNone, 0, 0, 0}},                          // ESRCH
    {RW_CALL_SETNS, {kNone, 0}},                                 // EBADF
    {RW_CALL_UNSHARE, {kNone}},                                  // EINVAL
    {RW_CALL_MOUNT, {0, 0, 0, 0, 0}},                            // EFAULT
    {RW_CALL_UMOUNT2, {kNo, kNone}},                             // EINVAL
    {RW_CALL_INIT_MODULE, {0, 0, 0}},                            // EPERM or ENOEXEC
    {RW_CALL_FINIT_MODULE, {kNone, kNo, kNone}},                 // EPERM or EINVAL
    {RW_CALL_DELETE_MODULE, {kNo, 0}},                           // EPERM or ENOENT
    {RW_CALL_BPF, {kNone, 0, 0}},                                // EINVAL
    {RW_CALL_MEMFD_CREATE, {0, kNone}},                          // EINVAL
    {RW_CALL_PERSONALITY, {0xffffffffL}},                        // no-op: asks for the one in force
    {RW_CALL_SYSINFO, {0}},                                      // EFAULT
    {RW_CALL_SYSLOG, {kNone, 0, 0}},                             // EPERM or EINVAL
    {RW_CALL_USERFAULTFD, {kNone}},                              // EPERM or EINVAL
    {RW_CALL_CHOWN, {kNo, kNone, kNone}},                        // ENOENT
    {RW_CALL_LCHOWN, {kNo, kNone, kNone}},                       // ENOENT
    {RW_CALL_FCHOWN, {kNone, kNone, kNone}},                     // EBADF
    {RW_CALL_FCHOWNAT, {kNone, kNo, kNone, kNone, 0}},           // ENOENT
    {RW_CALL_TRUNCATE, {kNo, 0}},                                // ENOENT
    {RW_CALL_FTRUNCATE, {kNone, 0}},                             // EBADF
    {RW_CALL_SETXATTR, {kNo, kAttribute, 0, 0, 0}},              // ENOENT
    {RW_CALL_LSETXATTR, {kNo, kAttribute, 0, 0, 0}},             // ENOENT
    {RW_CALL_FSETXATTR, {kNone, kAttribute, 0, 0, 0}},           // EBADF
    {RW_CALL_SETXATTRAT, {kNone, kNo, 0, kAttribute, 0, 0}},     // EINVAL
    {RW_CALL_REMOVEXATTR, {kNo, kAttribute}},                    // ENOENT
    {RW_CALL_LREMOVEXATTR, {kNo, kAttribute}},                   // ENOENT
    {RW_CALL_FREMOVEXATTR, {kNone, kAttribute}},                 // EBADF
    {RW_CALL_REMOVEXATTRAT, {kNone, kNo, 0, kAttribute}},        // ENOENT
    {RW_CALL_KILL, {kNobody, SIGCONT}},                          // ESRCH
    {RW_CALL_TKILL, {kNobody, SIGCONT}},                         // ESRCH
    {RW_CALL_TGKILL, {kNobody, kNobody, SIGCONT}},               // ESRCH
    {RW_CALL_RT_SIGQUEUEINFO, {kNobody, SIGCONT, 0}},            // EFAULT
    {RW_CALL_RT_TGSIGQUEUEINFO, {kNobody, kNobody, SIGCONT, 0}}, // EFAULT
    {RW_CALL_PIDFD_SEND_SIGNAL, {kNone, SIGCONT, 0, 0}},         // EBADF
    {RW_CALL_PROCESS_VM_READV, {kNobody, 0, 0, 0, 0, 0}},        // ESRCH or 0
    {RW_CALL_PROCESS_VM_WRITEV, {kNobody, 0, 0, 0, 0, 0}},       // ESRCH or 0
    {RW_CALL_PIDFD_GETFD, {kNone, 0, 0}},                        // EBADF
    {RW_CALL_CHROOT, {kNo}},                                     // ENOENT
    {RW_CALL_PIVOT_ROOT, {kNo, kNo}},                            // EPERM or ENOENT
    {RW_CALL_OPEN_TREE, {kNone, kNo, kNone}},                    // EINVAL
    {RW_CALL_MOVE_MOUNT, {kNone, kNo, kNone, kNo, kNone}},       // EPERM or EINVAL
    {RW_CALL_FSOPEN, {kNo, kNone}},                              // EPERM or EINVAL
    {RW_CALL_FSCONFIG, {kNone, kNone, 0, 0, 0}},                 // EINVAL
    {RW_CALL_FSMOUNT, {kNone, kNone, kNone}},                    // EPERM or EINVAL
    {RW_CALL_FSPICK, {kNone, kNo, kNone}},                       // EPERM or EINVAL
    {RW_CALL_MOUNT_SETATTR, {kNone, kNo, kNone, 0, 0}},          // EINVAL
    {RW_CALL_SETFSUID, {kNone}},                                 // no-op
    {RW_CALL_SETFSGID, {kNone}},                                 // no-op
    {RW_CALL_SETGROUPS, {kNone, 0}},                             // EPERM or EINVAL
    {RW_CALL_CAPSET, {0, 0}},                                    // EFAULT
    {RW_CALL_MMAP, {0, 4096, PROT_EXEC, MAP_PRIVATE, kNone, 0}}, // EBADF
    {RW_CALL_MPROTECT, {1, 4096, PROT_EXEC}},                    // EINVAL
    {RW_CALL_PKEY_MPROTECT, {1, 4096, PROT_EXEC, kNone}},        // EINVAL
    {RW_CALL_KEYCTL, {kNone}},                                   // EOPNOTSUPP
    {RW_CALL_ADD_KEY, {0, 0, 0, 0, 0}},                          // EFAULT
    {RW_CALL_REQUEST_KEY, {0, 0, 0, 0}},                         // EFAULT
    {RW_CALL_SETTIMEOFDAY, {0, 0}},                              // no-op
    {RW_CALL_CLOCK_SETTIME, {CLOCK_REALTIME, 0}},                // EFAULT
    {RW_CALL_ADJTIMEX, {0}},                                     // EFAULT
    {RW_CALL_CLOCK_ADJTIME, {CLOCK_REALTIME, 0}},                // EFAULT
    {RW_CALL_KEXEC_LOAD, {0, kNone, 0, kNone}},                  // EPERM or EINVAL
    {RW_CALL_KEXEC_FILE_LOAD, {kNone, kNone, 0, 0, kNone}},      // EPERM or EINVAL
    {RW_CALL_PRCTL, {PR_SET_MM, 0, 0, 0, kNone}},                // EINVAL
    {RW_CALL_PERF_EVENT_OPEN, {0, 0, 0, 0, kNone}},              // EINVAL
    {RW_CALL_SWAPON, {kNo, kNone}},                              // EPERM or EINVAL
    {RW_CALL_SWAPOFF, {kNo}},                                    // EPERM or ENOENT
    {RW_CALL_QUOTACTL, {kNone, 0, 0, 0}},                        // EINVAL or ENODEV
    {RW_CALL_SETHOSTNAME, {0, kNone}},                           // EPERM or EINVAL
    {RW_CALL_SETDOMAINNAME, {0, kNone}},                         // EPERM or EINVAL
    {RW_CALL_ACCT, {kNo}},                                       // EPERM or ENOENT
    {RW_CALL_REBOOT, {0, 0, 0, 0}},                              // EPERM or EINVAL
    {RW_CALL_IOPL, {kNone}},                                     // EINVAL
    {RW_CALL_IOPERM, {kNone, 1, 0}},                             // EINVAL
    {RW_CALL_IO_URING_SETUP, {0, 0}},                            // EFAULT, or EPERM
    {RW_CALL_IO_URING_REGISTER, {kNone, kNone, 0, 0}},           // EINVAL
};

const Song* song_of(rw_call call) noexcept {
    const auto* const found =
        std::find_if(std::begin(kSongs), std::end(kSongs), [&](auto& s) { return s.call == call; });
    return found == std::end(kSongs) ? nullptr : found;
}

void make_call(const WatchedCall& watched) noexcept {
    const auto* song = song_of(static_cast<rw_call>(watched.call));
    if (song == nullptr || watched.number < 0)
        return;
    auto a = song->arguments;
    std::replace(a.begin(), a.end(), kNo, reinterpret_cast<long>(""));
    std::replace(a.begin(), a.end(), kAttribute, reinterpret_cast<long>("security.rwatch"));
    ::syscall(watched.number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/// Standard input is a socket for a moment.
void put_in_place_of_input(int socket) noexcept {
    const Fd before(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
#if defined(SYS_dup2)
    ::syscall(SYS_dup2, socket, STDIN_FILENO);
#endif
    ::syscall(SYS_dup3, socket, STDIN_FILENO, 0);
    ::close(STDIN_FILENO);
    ::syscall(SYS_dup, socket);
    ::close(STDIN_FILENO);
    ::fcntl(socket, F_DUPFD, STDIN_FILENO);
    if (before)
        ::dup2(before.get(), STDIN_FILENO);
    else
        ::close(STDIN_FILENO);
}

/// Calls on anything but sockets are no events: two connections to ourselves, by a name that the kernel finds.
void talk_to_ourselves() noexcept {
    const Fd server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    auto* const address = reinterpret_cast<sockaddr*>(&name);
    socklen_t size = sizeof(name);
    if (::bind(server.get(), address, sizeof(name.sun_family)) != 0 || ::listen(server.get(), 2) != 0 ||
        ::getsockname(server.get(), address, &size) != 0)
        return;
    const Fd first(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const Fd second(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (::connect(first.get(), address, size) != 0 || ::connect(second.get(), address, size) != 0)
        return;
#if defined(SYS_accept)
    const Fd one(static_cast<int>(::syscall(SYS_accept, server.get(), nullptr, nullptr)));
#endif
    put_in_place_of_input(first.get());
    const Fd other(::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

/// A name server that says nothing: answers of it to ourselves, from a port of its own that counts for us alone.
void hear_answers() noexcept {
    const Fd server(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const address = reinterpret_cast<sockaddr*>(&name);
    socklen_t size = sizeof(name);
    if (::bind(server.get(), address, size) != 0 || ::getsockname(server.get(), address, &size) != 0 ||
        ::connect(server.get(), address, size) != 0)
        return;
    // RFC 1035: an answer to one question, for the root and of no class, and one record that never comes.
    const std::array<unsigned char, 17> answer{0, 0, 0x80, 0, 0, 1, 0, 1};
    std::array<unsigned char, 17> heard{};
    iovec room{heard.data(), heard.size()};
    msghdr message{};
    message.msg_iov = &room;
    message.msg_iovlen = 1;
    for (int i = 0; i < 2; ++i)
        (void)::send(server.get(), answer.data(), answer.size(), 0);
    (void)::recvfrom(server.get(), heard.data(), heard.size(), 0, nullptr, nullptr);
    (void)::recvmsg(server.get(), &message, 0);
}

/// Messages of no byte to the discard port of this host, one by each call. Of what goes to one address only the first
/// is told: each has an address of its own, each time.
void send_to_nobody(std::uint32_t time) noexcept {
    const auto address = [time](std::uint32_t call) {
        constexpr std::uint32_t kCalls = 3, kHosts = 0xfffffe; // of 127.0.0.0/8
        return htonl(INADDR_LOOPBACK + (time * kCalls + call) % kHosts);
    };
    const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    constexpr std::uint16_t kDiscard = 9;
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(kDiscard);
    mmsghdr message{};
    message.msg_hdr.msg_name = &name;
    message.msg_hdr.msg_namelen = sizeof(name);
    name.sin_addr.s_addr = address(0);
    (void)::sendto(fd.get(), nullptr, 0, 0, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
    name.sin_addr.s_addr = address(1);
    (void)::sendmsg(fd.get(), &message.msg_hdr, 0);
    name.sin_addr.s_addr = address(2);
    (void)::sendmmsg(fd.get(), &message, 1, 0);
}

/// fork, exec, exit: our own program says its version to nobody.
void start_program() noexcept {
    posix_spawn_file_actions_t silent{};
    if (posix_spawn_file_actions_init(&silent) != 0)
        return;
    pid_t child = 0;
    char name[] = "rwatchd", version[] = "--version";
    char* const arguments[] = {name, version, nullptr};
    char* const environment[] = {nullptr};
    if (posix_spawn_file_actions_addopen(&silent, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
        posix_spawn_file_actions_adddup2(&silent, STDOUT_FILENO, STDERR_FILENO) == 0 &&
        posix_spawn(&child, "/proc/self/exe", &silent, nullptr, arguments, environment) == 0)
        while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
        }
    posix_spawn_file_actions_destroy(&silent);
}

} // namespace

bool Canary::sings(rw_call call) noexcept {
    constexpr std::array kTalk{RW_CALL_CONNECT, RW_CALL_BIND,   RW_CALL_LISTEN,  RW_CALL_ACCEPT,  RW_CALL_ACCEPT4,
                               RW_CALL_DUP,     RW_CALL_DUP2,   RW_CALL_DUP3,    RW_CALL_FCNTL,   RW_CALL_RECVFROM,
                               RW_CALL_RECVMSG, RW_CALL_SENDTO, RW_CALL_SENDMSG, RW_CALL_SENDMMSG};
    return std::find(kTalk.begin(), kTalk.end(), call) != kTalk.end() || song_of(call) != nullptr;
}

Canary::Canary() : wish_(::eventfd(0, EFD_CLOEXEC)) {
    if (!wish_)
        throw Error("create event descriptor", "", errno);
    thread_ = std::thread([this] { run(); });
    thread_id_.wait(0, std::memory_order_acquire);
}

Canary::~Canary() {
    ending_.store(true, std::memory_order_release);
    sing();
    thread_.join();
}

void Canary::sing() noexcept {
    ::eventfd_write(wish_.get(), 1);
}

void Canary::run() noexcept {
    pthread_setname_np(pthread_self(), "canary");
    // A table of descriptors of its own, for what it does with standard input.
    (void)::unshare(CLONE_FILES);
    thread_id_.store(static_cast<std::uint32_t>(::syscall(SYS_gettid)), std::memory_order_release);
    thread_id_.notify_one();
    for (std::uint32_t time = 0;; ++time) {
        eventfd_t wishes = 0;
        (void)::eventfd_read(wish_.get(), &wishes);
        if (ending_.load(std::memory_order_acquire))
            return;
        const auto begin = boot_now();
        for (const auto& family : families())
            for (const auto& call : family.calls)
                make_call(call);
        talk_to_ourselves();
        hear_answers();
        send_to_nobody(time);
        start_program();
        begun_ns_.store(begin, std::memory_order_release);
        ended_ns_.store(boot_now(), std::memory_order_release);
    }
}

} // namespace rwatch::sensor
