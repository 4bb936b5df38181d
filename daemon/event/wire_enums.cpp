// SPDX-License-Identifier: MIT OR Apache-2.0
// What the wire format and the events both write down, each for its own compilers, is one list: checked here.
#include "ebpf/abi/rwatch_abi.h"
#include "ebpf/abi/rwatch_interest.h"
#include "event/call_args.hpp"
#include "event/call_class.hpp"
#include "event/decode.hpp"
#include "event/event.hpp"
#include "event/open_class.hpp"

namespace rwatch::event {

namespace {

template <typename T> constexpr bool same(T ours, unsigned wire) noexcept {
    return static_cast<unsigned>(ours) == wire;
}
static_assert(same(Kind::exec, RW_EXEC) && same(Kind::fork, RW_FORK) && same(Kind::exit, RW_EXIT) &&
              same(Kind::open, RW_OPEN) && same(Kind::chmod, RW_CHMOD) && same(Kind::rename, RW_RENAME) &&
              same(Kind::unlink, RW_UNLINK) && same(Kind::link, RW_LINK) && same(Kind::symlink, RW_SYMLINK) &&
              same(Kind::connect, RW_CONNECT) && same(Kind::mkdir, RW_MKDIR) && same(Kind::mknod, RW_MKNOD) &&
              same(Kind::socket, RW_SOCKET) && same(Kind::setid, RW_SETID) && same(Kind::ptrace, RW_PTRACE) &&
              same(Kind::name_space, RW_NAMESPACE) && same(Kind::mount, RW_MOUNT) && same(Kind::module, RW_MODULE) &&
              same(Kind::bpf, RW_BPF) && same(Kind::system, RW_SYSTEM) && same(Kind::accept, RW_ACCEPT) &&
              same(Kind::bind, RW_BIND) && same(Kind::chown, RW_CHOWN) && same(Kind::truncate, RW_TRUNCATE) &&
              same(Kind::xattr, RW_XATTR) && same(Kind::signal, RW_SIGNAL) && same(Kind::dup, RW_DUP) &&
              same(Kind::send, RW_SEND) && same(Kind::resolve, RW_RESOLVE) && same(Kind::memory, RW_MEMORY) &&
              same(Kind::key, RW_KEY) && same(Kind::clock, RW_CLOCK) && same(Kind::io_uring, RW_IO_URING) &&
              same(Kind::service, RW_SERVICE) && same(Kind::count, RW_KIND_COUNT));
static_assert(same(OpenClass::read, RW_OPEN_READ) && same(OpenClass::directory, RW_OPEN_DIRECTORY) &&
              same(OpenClass::path, RW_OPEN_PATH) && same(OpenClass::write, RW_OPEN_WRITE) &&
              same(OpenClass::create, RW_OPEN_CREATE) && same(OpenClass::program, RW_OPEN_PROGRAM) &&
              same(OpenClass::refused, RW_OPEN_REFUSED) && same(OpenClass::failed, RW_OPEN_FAILED) &&
              same(OpenClass::count, RW_OPEN_CLASSES));
static_assert(
    same(Call::none, RW_CALL_NONE) && same(Call::execve, RW_CALL_EXECVE) && same(Call::execveat, RW_CALL_EXECVEAT) &&
    same(Call::fork, RW_CALL_FORK) && same(Call::vfork, RW_CALL_VFORK) && same(Call::clone, RW_CALL_CLONE) &&
    same(Call::clone3, RW_CALL_CLONE3) && same(Call::procexit, RW_CALL_PROCEXIT) && same(Call::open, RW_CALL_OPEN) &&
    same(Call::openat, RW_CALL_OPENAT) && same(Call::openat2, RW_CALL_OPENAT2) && same(Call::creat, RW_CALL_CREAT) &&
    same(Call::open_by_handle_at, RW_CALL_OPEN_BY_HANDLE_AT) && same(Call::chmod, RW_CALL_CHMOD) &&
    same(Call::fchmod, RW_CALL_FCHMOD) && same(Call::fchmodat, RW_CALL_FCHMODAT) &&
    same(Call::fchmodat2, RW_CALL_FCHMODAT2) && same(Call::rename, RW_CALL_RENAME) &&
    same(Call::renameat, RW_CALL_RENAMEAT) && same(Call::renameat2, RW_CALL_RENAMEAT2) &&
    same(Call::unlink, RW_CALL_UNLINK) && same(Call::unlinkat, RW_CALL_UNLINKAT) && same(Call::link, RW_CALL_LINK) &&
    same(Call::linkat, RW_CALL_LINKAT) && same(Call::symlink, RW_CALL_SYMLINK) &&
    same(Call::symlinkat, RW_CALL_SYMLINKAT) && same(Call::connect, RW_CALL_CONNECT) &&
    same(Call::mkdir, RW_CALL_MKDIR) && same(Call::mkdirat, RW_CALL_MKDIRAT) && same(Call::rmdir, RW_CALL_RMDIR) &&
    same(Call::mknod, RW_CALL_MKNOD) && same(Call::mknodat, RW_CALL_MKNODAT) && same(Call::socket, RW_CALL_SOCKET) &&
    same(Call::setuid, RW_CALL_SETUID) && same(Call::setgid, RW_CALL_SETGID) &&
    same(Call::setreuid, RW_CALL_SETREUID) && same(Call::setregid, RW_CALL_SETREGID) &&
    same(Call::setresuid, RW_CALL_SETRESUID) && same(Call::setresgid, RW_CALL_SETRESGID) &&
    same(Call::ptrace, RW_CALL_PTRACE) && same(Call::setns, RW_CALL_SETNS) && same(Call::unshare, RW_CALL_UNSHARE) &&
    same(Call::mount, RW_CALL_MOUNT) && same(Call::umount2, RW_CALL_UMOUNT2) &&
    same(Call::init_module, RW_CALL_INIT_MODULE) && same(Call::finit_module, RW_CALL_FINIT_MODULE) &&
    same(Call::delete_module, RW_CALL_DELETE_MODULE) && same(Call::bpf, RW_CALL_BPF) &&
    same(Call::memfd_create, RW_CALL_MEMFD_CREATE) && same(Call::personality, RW_CALL_PERSONALITY) &&
    same(Call::sysinfo, RW_CALL_SYSINFO) && same(Call::syslog, RW_CALL_SYSLOG) &&
    same(Call::userfaultfd, RW_CALL_USERFAULTFD) && same(Call::accept, RW_CALL_ACCEPT) &&
    same(Call::accept4, RW_CALL_ACCEPT4) && same(Call::bind, RW_CALL_BIND) && same(Call::listen, RW_CALL_LISTEN) &&
    same(Call::chown, RW_CALL_CHOWN) && same(Call::lchown, RW_CALL_LCHOWN) && same(Call::fchown, RW_CALL_FCHOWN) &&
    same(Call::fchownat, RW_CALL_FCHOWNAT) && same(Call::truncate, RW_CALL_TRUNCATE) &&
    same(Call::ftruncate, RW_CALL_FTRUNCATE) && same(Call::setxattr, RW_CALL_SETXATTR) &&
    same(Call::lsetxattr, RW_CALL_LSETXATTR) && same(Call::fsetxattr, RW_CALL_FSETXATTR) &&
    same(Call::setxattrat, RW_CALL_SETXATTRAT) && same(Call::removexattr, RW_CALL_REMOVEXATTR) &&
    same(Call::lremovexattr, RW_CALL_LREMOVEXATTR) && same(Call::fremovexattr, RW_CALL_FREMOVEXATTR) &&
    same(Call::removexattrat, RW_CALL_REMOVEXATTRAT) && same(Call::kill, RW_CALL_KILL) &&
    same(Call::tkill, RW_CALL_TKILL) && same(Call::tgkill, RW_CALL_TGKILL) &&
    same(Call::rt_sigqueueinfo, RW_CALL_RT_SIGQUEUEINFO) && same(Call::rt_tgsigqueueinfo, RW_CALL_RT_TGSIGQUEUEINFO) &&
    same(Call::pidfd_send_signal, RW_CALL_PIDFD_SEND_SIGNAL) &&
    same(Call::process_vm_readv, RW_CALL_PROCESS_VM_READV) &&
    same(Call::process_vm_writev, RW_CALL_PROCESS_VM_WRITEV) && same(Call::pidfd_getfd, RW_CALL_PIDFD_GETFD) &&
    same(Call::chroot, RW_CALL_CHROOT) && same(Call::pivot_root, RW_CALL_PIVOT_ROOT) &&
    same(Call::open_tree, RW_CALL_OPEN_TREE) && same(Call::move_mount, RW_CALL_MOVE_MOUNT) &&
    same(Call::fsopen, RW_CALL_FSOPEN) && same(Call::fsconfig, RW_CALL_FSCONFIG) &&
    same(Call::fsmount, RW_CALL_FSMOUNT) && same(Call::fspick, RW_CALL_FSPICK) &&
    same(Call::mount_setattr, RW_CALL_MOUNT_SETATTR) && same(Call::setfsuid, RW_CALL_SETFSUID) &&
    same(Call::setfsgid, RW_CALL_SETFSGID) && same(Call::setgroups, RW_CALL_SETGROUPS) &&
    same(Call::capset, RW_CALL_CAPSET) && same(Call::dup, RW_CALL_DUP) && same(Call::dup2, RW_CALL_DUP2) &&
    same(Call::dup3, RW_CALL_DUP3) && same(Call::fcntl, RW_CALL_FCNTL) && same(Call::mmap, RW_CALL_MMAP) &&
    same(Call::mprotect, RW_CALL_MPROTECT) && same(Call::pkey_mprotect, RW_CALL_PKEY_MPROTECT) &&
    same(Call::keyctl, RW_CALL_KEYCTL) && same(Call::add_key, RW_CALL_ADD_KEY) &&
    same(Call::request_key, RW_CALL_REQUEST_KEY) && same(Call::settimeofday, RW_CALL_SETTIMEOFDAY) &&
    same(Call::clock_settime, RW_CALL_CLOCK_SETTIME) && same(Call::adjtimex, RW_CALL_ADJTIMEX) &&
    same(Call::clock_adjtime, RW_CALL_CLOCK_ADJTIME) && same(Call::kexec_load, RW_CALL_KEXEC_LOAD) &&
    same(Call::kexec_file_load, RW_CALL_KEXEC_FILE_LOAD) && same(Call::prctl, RW_CALL_PRCTL) &&
    same(Call::perf_event_open, RW_CALL_PERF_EVENT_OPEN) && same(Call::swapon, RW_CALL_SWAPON) &&
    same(Call::swapoff, RW_CALL_SWAPOFF) && same(Call::quotactl, RW_CALL_QUOTACTL) &&
    same(Call::sethostname, RW_CALL_SETHOSTNAME) && same(Call::setdomainname, RW_CALL_SETDOMAINNAME) &&
    same(Call::acct, RW_CALL_ACCT) && same(Call::reboot, RW_CALL_REBOOT) && same(Call::iopl, RW_CALL_IOPL) &&
    same(Call::ioperm, RW_CALL_IOPERM) && same(Call::sendto, RW_CALL_SENDTO) && same(Call::sendmsg, RW_CALL_SENDMSG) &&
    same(Call::sendmmsg, RW_CALL_SENDMMSG) && same(Call::recvfrom, RW_CALL_RECVFROM) &&
    same(Call::recvmsg, RW_CALL_RECVMSG) && same(Call::io_uring_setup, RW_CALL_IO_URING_SETUP) &&
    same(Call::io_uring_register, RW_CALL_IO_URING_REGISTER) && same(Call::io_uring_submit, RW_CALL_IO_URING_SUBMIT) &&
    same(Call::service_start, RW_CALL_SERVICE_START) && same(Call::service_stop, RW_CALL_SERVICE_STOP) &&
    same(Call::count, RW_CALL_COUNT));
static_assert(kWireVersion == RW_ABI_VERSION);
static_assert(kMostArgs == RW_ARGS && kMostTexts == RW_TEXTS);

static_assert(kFlagPathTruncated == RW_F_PATH_TRUNC && kFlagArgvTruncated == RW_F_ARGV_TRUNC &&
              kFlagMemfd == RW_F_MEMFD && kFlagUnlinked == RW_F_UNLINKED && kFlagIoUring == RW_F_IO_URING &&
              kFlagBound == RW_F_BOUND && kServicePorts == RW_SERVICE_PORTS);

template <typename Ours, typename Theirs> constexpr bool equal(Ours ours, Theirs theirs) {
    return static_cast<unsigned>(ours) == static_cast<unsigned>(theirs);
}
static_assert(equal(CallOutcome::begun, RW_OUTCOME_BEGUN) && equal(CallOutcome::refused, RW_OUTCOME_REFUSED) &&
              equal(CallOutcome::failed, RW_OUTCOME_FAILED) && equal(CallOutcome::count, RW_OUTCOMES) &&
              kLastErrno == RW_LAST_ERRNO);
static_assert(equal(JudgedBy::outcome, RW_JUDGED_OUTCOME) && equal(JudgedBy::argument_0, RW_JUDGED_ARG0) &&
              equal(JudgedBy::argument_2, RW_JUDGED_ARG2) && equal(JudgedBy::socket, RW_JUDGED_SOCKET) &&
              equal(JudgedBy::mode, RW_JUDGED_MODE) && equal(JudgedBy::peer, RW_JUDGED_PEER));
static_assert(equal(PeerGroup::local, RW_PEER_UNIX) && equal(PeerGroup::tcp4, RW_PEER_TCP4) &&
              equal(PeerGroup::other6, RW_PEER_OTHER6) && equal(PeerGroup::count, RW_PEER_GROUPS));

} // namespace

} // namespace rwatch::event
