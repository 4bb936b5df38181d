// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sensor/canary.hpp"

#include "core/error.hpp"
#include "core/time.hpp"
#include "sensor/probes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <pthread.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rwatch::sensor {
namespace {

struct Song {
    rw_call call;
    std::array<long, 5> arguments;
};

constexpr long kNone = -1;                             ///< no descriptor, no id, or flags of which none exists
constexpr long kNo = std::numeric_limits<long>::min(); ///< stands for the address of an empty name, which no file has

// What each is refused for; those marked "no-op" succeed and change nothing.
constexpr Song kSongs[] = {
    {RW_CALL_OPEN, {kNo}},                            // ENOENT
    {RW_CALL_OPENAT, {kNone, kNo}},                   // ENOENT
    {RW_CALL_OPENAT2, {kNone, kNo, 0, 0}},            // EINVAL
    {RW_CALL_CREAT, {kNo, 0}},                        // ENOENT
    {RW_CALL_OPEN_BY_HANDLE_AT, {kNone, 0, 0}},       // EPERM or EFAULT
    {RW_CALL_CHMOD, {kNo, 0}},                        // ENOENT
    {RW_CALL_FCHMOD, {kNone, 0}},                     // EBADF
    {RW_CALL_FCHMODAT, {kNone, kNo, 0}},              // ENOENT
    {RW_CALL_FCHMODAT2, {kNone, kNo, 0, 0}},          // ENOENT
    {RW_CALL_RENAME, {kNo, kNo}},                     // ENOENT
    {RW_CALL_RENAMEAT, {kNone, kNo, kNone, kNo}},     // ENOENT
    {RW_CALL_RENAMEAT2, {kNone, kNo, kNone, kNo, 0}}, // ENOENT
    {RW_CALL_UNLINK, {kNo}},                          // ENOENT
    {RW_CALL_UNLINKAT, {kNone, kNo, 0}},              // ENOENT
    {RW_CALL_RMDIR, {kNo}},                           // ENOENT
    {RW_CALL_LINK, {kNo, kNo}},                       // ENOENT
    {RW_CALL_LINKAT, {kNone, kNo, kNone, kNo, 0}},    // ENOENT
    {RW_CALL_SYMLINK, {kNo, kNo}},                    // ENOENT
    {RW_CALL_SYMLINKAT, {kNo, kNone, kNo}},           // ENOENT
    {RW_CALL_MKDIR, {kNo, 0}},                        // ENOENT
    {RW_CALL_MKDIRAT, {kNone, kNo, 0}},               // ENOENT
    {RW_CALL_MKNOD, {kNo, 0, 0}},                     // ENOENT
    {RW_CALL_MKNODAT, {kNone, kNo, 0, 0}},            // ENOENT
    {RW_CALL_SOCKET, {kNone, 0, 0}},                  // EAFNOSUPPORT
    {RW_CALL_SETUID, {kNone}},                        // EINVAL
    {RW_CALL_SETGID, {kNone}},                        // EINVAL
    {RW_CALL_SETREUID, {kNone, kNone}},               // no-op
    {RW_CALL_SETREGID, {kNone, kNone}},               // no-op
    {RW_CALL_SETRESUID, {kNone, kNone, kNone}},       // no-op
    {RW_CALL_SETRESGID, {kNone, kNone, kNone}},       // no-op
    {RW_CALL_PTRACE, {kNone, 0, 0, 0}},               // ESRCH
    {RW_CALL_SETNS, {kNone, 0}},                      // EBADF
    {RW_CALL_UNSHARE, {kNone}},                       // EINVAL
    {RW_CALL_MOUNT, {0, 0, 0, 0, 0}},                 // EFAULT
    {RW_CALL_UMOUNT2, {kNo, kNone}},                  // EINVAL
    {RW_CALL_INIT_MODULE, {0, 0, 0}},                 // EPERM or ENOEXEC
    {RW_CALL_FINIT_MODULE, {kNone, kNo, kNone}},      // EPERM or EINVAL
    {RW_CALL_DELETE_MODULE, {kNo, 0}},                // EPERM or ENOENT
    {RW_CALL_BPF, {kNone, 0, 0}},                     // EINVAL
    {RW_CALL_MEMFD_CREATE, {0, kNone}},               // EINVAL
    {RW_CALL_PERSONALITY, {0xffffffffL}},             // no-op: asks for the one in force
    {RW_CALL_SYSINFO, {0}},                           // EFAULT
    {RW_CALL_SYSLOG, {kNone, 0, 0}},                  // EPERM or EINVAL
    {RW_CALL_USERFAULTFD, {kNone}},                   // EPERM or EINVAL
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
    ::syscall(watched.number, a[0], a[1], a[2], a[3], a[4]);
}

/// A call on anything but a socket is no connection: to a name that nobody has.
void connect_to_nobody() noexcept {
    const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un nobody{};
    nobody.sun_family = AF_UNIX;
    constexpr std::string_view kName("\0rwatch-canary", 14);
    std::copy(kName.begin(), kName.end(), std::begin(nobody.sun_path));
    (void)::connect(socket.get(), reinterpret_cast<const sockaddr*>(&nobody),
                    static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + kName.size()));
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
    return call == RW_CALL_CONNECT || song_of(call) != nullptr;
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
    thread_id_.store(static_cast<std::uint32_t>(::syscall(SYS_gettid)), std::memory_order_release);
    thread_id_.notify_one();
    for (;;) {
        eventfd_t wishes = 0;
        (void)::eventfd_read(wish_.get(), &wishes);
        if (ending_.load(std::memory_order_acquire))
            return;
        const auto begin = boot_now();
        for (const auto& family : families())
            for (const auto& call : family.calls)
                make_call(call);
        connect_to_nobody();
        start_program();
        begun_ns_.store(begin, std::memory_order_release);
        ended_ns_.store(boot_now(), std::memory_order_release);
    }
}

} // namespace rwatch::sensor
