// SPDX-License-Identifier: MIT OR Apache-2.0
// Names of the values and bits that arguments of calls have, as Falco writes them. Private to call_args.cpp.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

namespace rwatch::event {

struct Named {
    std::uint64_t value;
    std::string_view name;
};

// Where the builder's headers may be older than a value stands its number, which never changes.
inline constexpr std::array kFamilies{
    Named{AF_UNSPEC, "AF_UNSPEC"},
    Named{AF_UNIX, "AF_UNIX"},
    Named{AF_INET, "AF_INET"},
    Named{AF_AX25, "AF_AX25"},
    Named{AF_IPX, "AF_IPX"},
    Named{AF_APPLETALK, "AF_APPLETALK"},
    Named{AF_NETROM, "AF_NETROM"},
    Named{AF_BRIDGE, "AF_BRIDGE"},
    Named{AF_ATMPVC, "AF_ATMPVC"},
    Named{AF_X25, "AF_X25"},
    Named{AF_INET6, "AF_INET6"},
    Named{AF_ROSE, "AF_ROSE"},
    Named{AF_DECnet, "AF_DECnet"},
    Named{AF_NETBEUI, "AF_NETBEUI"},
    Named{AF_SECURITY, "AF_SECURITY"},
    Named{AF_KEY, "AF_KEY"},
    Named{AF_NETLINK, "AF_NETLINK"},
    Named{AF_PACKET, "AF_PACKET"},
    Named{AF_ASH, "AF_ASH"},
    Named{AF_ECONET, "AF_ECONET"},
    Named{AF_ATMSVC, "AF_ATMSVC"},
    Named{AF_RDS, "AF_RDS"},
    Named{AF_SNA, "AF_SNA"},
    Named{AF_IRDA, "AF_IRDA"},
    Named{AF_PPPOX, "AF_PPPOX"},
    Named{AF_WANPIPE, "AF_WANPIPE"},
    Named{AF_LLC, "AF_LLC"},
    Named{AF_IB, "AF_IB"},
    Named{AF_MPLS, "AF_MPLS"},
    Named{AF_CAN, "AF_CAN"},
    Named{AF_TIPC, "AF_TIPC"},
    Named{AF_BLUETOOTH, "AF_BLUETOOTH"},
    Named{AF_IUCV, "AF_IUCV"},
    Named{AF_RXRPC, "AF_RXRPC"},
    Named{AF_ISDN, "AF_ISDN"},
    Named{AF_PHONET, "AF_PHONET"},
    Named{AF_IEEE802154, "AF_IEEE802154"},
    Named{AF_CAIF, "AF_CAIF"},
    Named{AF_ALG, "AF_ALG"},
    Named{AF_NFC, "AF_NFC"},
    Named{AF_VSOCK, "AF_VSOCK"},
    Named{AF_KCM, "AF_KCM"},
    Named{AF_QIPCRTR, "AF_QIPCRTR"},
    Named{AF_SMC, "AF_SMC"},
    Named{AF_XDP, "AF_XDP"},
    Named{45, "AF_MCTP"},
};
inline constexpr std::array kSocketTypes{
    Named{SOCK_STREAM, "SOCK_STREAM"}, Named{SOCK_DGRAM, "SOCK_DGRAM"},         Named{SOCK_RAW, "SOCK_RAW"},
    Named{SOCK_RDM, "SOCK_RDM"},       Named{SOCK_SEQPACKET, "SOCK_SEQPACKET"}, Named{SOCK_PACKET, "SOCK_PACKET"},
};
inline constexpr std::array kSocketTypeBits{Named{SOCK_NONBLOCK, "SOCK_NONBLOCK"}, Named{SOCK_CLOEXEC, "SOCK_CLOEXEC"}};
// Requests below 12 are the same everywhere; those behind are x86's and the common ones from 0x4200 on.
inline constexpr std::array kPtraceRequests {
    Named{0, "PTRACE_TRACEME"}, Named{1, "PTRACE_PEEKTEXT"}, Named{2, "PTRACE_PEEKDATA"}, Named{3, "PTRACE_PEEKUSR"},
        Named{4, "PTRACE_POKETEXT"}, Named{5, "PTRACE_POKEDATA"}, Named{6, "PTRACE_POKEUSR"}, Named{7, "PTRACE_CONT"},
        Named{8, "PTRACE_KILL"}, Named{9, "PTRACE_SINGLESTEP"},
#if defined(__x86_64__)
        Named{12, "PTRACE_GETREGS"}, Named{13, "PTRACE_SETREGS"}, Named{14, "PTRACE_GETFPREGS"},
        Named{15, "PTRACE_SETFPREGS"}, Named{18, "PTRACE_GETFPXREGS"}, Named{19, "PTRACE_SETFPXREGS"},
        Named{25, "PTRACE_GET_THREAD_AREA"}, Named{26, "PTRACE_SET_THREAD_AREA"}, Named{30, "PTRACE_ARCH_PRCTL"},
        Named{33, "PTRACE_SINGLEBLOCK"},
#endif
        Named{16, "PTRACE_ATTACH"}, Named{17, "PTRACE_DETACH"}, Named{24, "PTRACE_SYSCALL"}, Named{31, "PTRACE_SYSEMU"},
        Named{32, "PTRACE_SYSEMU_SINGLESTEP"}, Named{0x4200, "PTRACE_SETOPTIONS"}, Named{0x4201, "PTRACE_GETEVENTMSG"},
        Named{0x4202, "PTRACE_GETSIGINFO"}, Named{0x4203, "PTRACE_SETSIGINFO"}, Named{0x4204, "PTRACE_GETREGSET"},
        Named{0x4205, "PTRACE_SETREGSET"}, Named{0x4206, "PTRACE_SEIZE"}, Named{0x4207, "PTRACE_INTERRUPT"},
        Named{0x4208, "PTRACE_LISTEN"}, Named{0x4209, "PTRACE_PEEKSIGINFO"}, Named{0x420a, "PTRACE_GETSIGMASK"},
        Named{0x420b, "PTRACE_SETSIGMASK"}, Named{0x420c, "PTRACE_SECCOMP_GET_FILTER"},
        Named{0x420d, "PTRACE_SECCOMP_GET_METADATA"}, Named{0x420e, "PTRACE_GET_SYSCALL_INFO"},
        Named{0x420f, "PTRACE_GET_RSEQ_CONFIGURATION"},
};
inline constexpr std::array kBpfCommands{
    Named{0, "BPF_MAP_CREATE"},
    Named{1, "BPF_MAP_LOOKUP_ELEM"},
    Named{2, "BPF_MAP_UPDATE_ELEM"},
    Named{3, "BPF_MAP_DELETE_ELEM"},
    Named{4, "BPF_MAP_GET_NEXT_KEY"},
    Named{5, "BPF_PROG_LOAD"},
    Named{6, "BPF_OBJ_PIN"},
    Named{7, "BPF_OBJ_GET"},
    Named{8, "BPF_PROG_ATTACH"},
    Named{9, "BPF_PROG_DETACH"},
    Named{10, "BPF_PROG_TEST_RUN"},
    Named{11, "BPF_PROG_GET_NEXT_ID"},
    Named{12, "BPF_MAP_GET_NEXT_ID"},
    Named{13, "BPF_PROG_GET_FD_BY_ID"},
    Named{14, "BPF_MAP_GET_FD_BY_ID"},
    Named{15, "BPF_OBJ_GET_INFO_BY_FD"},
    Named{16, "BPF_PROG_QUERY"},
    Named{17, "BPF_RAW_TRACEPOINT_OPEN"},
    Named{18, "BPF_BTF_LOAD"},
    Named{19, "BPF_BTF_GET_FD_BY_ID"},
    Named{20, "BPF_TASK_FD_QUERY"},
    Named{21, "BPF_MAP_LOOKUP_AND_DELETE_ELEM"},
    Named{22, "BPF_MAP_FREEZE"},
    Named{23, "BPF_BTF_GET_NEXT_ID"},
    Named{24, "BPF_MAP_LOOKUP_BATCH"},
    Named{25, "BPF_MAP_LOOKUP_AND_DELETE_BATCH"},
    Named{26, "BPF_MAP_UPDATE_BATCH"},
    Named{27, "BPF_MAP_DELETE_BATCH"},
    Named{28, "BPF_LINK_CREATE"},
    Named{29, "BPF_LINK_UPDATE"},
    Named{30, "BPF_LINK_GET_FD_BY_ID"},
    Named{31, "BPF_LINK_GET_NEXT_ID"},
    Named{32, "BPF_ENABLE_STATS"},
    Named{33, "BPF_ITER_CREATE"},
    Named{34, "BPF_LINK_DETACH"},
    Named{35, "BPF_PROG_BIND_MAP"},
    Named{36, "BPF_TOKEN_CREATE"},
};
inline constexpr std::array kFdFlags{Named{O_NONBLOCK, "O_NONBLOCK"}, Named{O_CLOEXEC, "O_CLOEXEC"},
                                     Named{1, "UFFD_USER_MODE_ONLY"}};
inline constexpr std::array kCloneFlags{
    Named{CLONE_VM, "CLONE_VM"},
    Named{CLONE_FS, "CLONE_FS"},
    Named{CLONE_FILES, "CLONE_FILES"},
    Named{CLONE_SIGHAND, "CLONE_SIGHAND"},
    Named{CLONE_PTRACE, "CLONE_PTRACE"},
    Named{CLONE_VFORK, "CLONE_VFORK"},
    Named{CLONE_PARENT, "CLONE_PARENT"},
    Named{CLONE_SETTLS, "CLONE_SETTLS"},
    Named{CLONE_PARENT_SETTID, "CLONE_PARENT_SETTID"},
    Named{CLONE_CHILD_CLEARTID, "CLONE_CHILD_CLEARTID"},
    Named{CLONE_CHILD_SETTID, "CLONE_CHILD_SETTID"},
    Named{CLONE_UNTRACED, "CLONE_UNTRACED"},
    Named{0x1000, "CLONE_PIDFD"},
    Named{0x100000000, "CLONE_CLEAR_SIGHAND"},
    Named{0x200000000, "CLONE_INTO_CGROUP"},
    Named{CLONE_THREAD, "CLONE_THREAD"},
    Named{CLONE_SYSVSEM, "CLONE_SYSVSEM"},
    Named{0x80, "CLONE_NEWTIME"},
    Named{CLONE_NEWNS, "CLONE_NEWNS"},
    Named{CLONE_NEWCGROUP, "CLONE_NEWCGROUP"},
    Named{CLONE_NEWUTS, "CLONE_NEWUTS"},
    Named{CLONE_NEWIPC, "CLONE_NEWIPC"},
    Named{CLONE_NEWUSER, "CLONE_NEWUSER"},
    Named{CLONE_NEWPID, "CLONE_NEWPID"},
    Named{CLONE_NEWNET, "CLONE_NEWNET"},
    Named{CLONE_IO, "CLONE_IO"},
};
inline constexpr std::array kMountFlags{
    Named{MS_RDONLY, "RDONLY"},
    Named{MS_NOSUID, "NOSUID"},
    Named{MS_NODEV, "NODEV"},
    Named{MS_NOEXEC, "NOEXEC"},
    Named{MS_SYNCHRONOUS, "SYNCHRONOUS"},
    Named{MS_REMOUNT, "REMOUNT"},
    Named{MS_MANDLOCK, "MANDLOCK"},
    Named{MS_DIRSYNC, "DIRSYNC"},
    Named{MS_NOATIME, "NOATIME"},
    Named{MS_NODIRATIME, "NODIRATIME"},
    Named{MS_BIND, "BIND"},
    Named{MS_MOVE, "MOVE"},
    Named{MS_REC, "REC"},
    Named{MS_SILENT, "SILENT"},
    Named{MS_POSIXACL, "POSIXACL"},
    Named{MS_UNBINDABLE, "UNBINDABLE"},
    Named{MS_PRIVATE, "PRIVATE"},
    Named{MS_SLAVE, "SLAVE"},
    Named{MS_SHARED, "SHARED"},
    Named{MS_RELATIME, "RELATIME"},
    Named{MS_KERNMOUNT, "KERNMOUNT"},
    Named{MS_I_VERSION, "I_VERSION"},
    Named{MS_STRICTATIME, "STRICTATIME"},
    Named{MS_LAZYTIME, "LAZYTIME"},
};
inline constexpr std::array kUmountFlags{Named{1, "FORCE"}, Named{2, "DETACH"}, Named{4, "EXPIRE"},
                                         Named{8, "NOFOLLOW"}};
inline constexpr std::array kMemfdFlags{
    Named{1, "MFD_CLOEXEC"},     Named{2, "MFD_ALLOW_SEALING"}, Named{4, "MFD_HUGETLB"},
    Named{8, "MFD_NOEXEC_SEAL"}, Named{16, "MFD_EXEC"},
};
inline constexpr std::array kModuleFlags{
    Named{1, "MODULE_INIT_IGNORE_MODVERSIONS"},
    Named{2, "MODULE_INIT_IGNORE_VERMAGIC"},
    Named{4, "MODULE_INIT_COMPRESSED_FILE"},
    Named{O_NONBLOCK, "O_NONBLOCK"},
    Named{O_TRUNC, "O_TRUNC"},
};
inline constexpr std::array kSignals{
    Named{SIGHUP, "SIGHUP"},   Named{SIGINT, "SIGINT"},       Named{SIGQUIT, "SIGQUIT"}, Named{SIGILL, "SIGILL"},
    Named{SIGTRAP, "SIGTRAP"}, Named{SIGABRT, "SIGABRT"},     Named{SIGBUS, "SIGBUS"},   Named{SIGFPE, "SIGFPE"},
    Named{SIGKILL, "SIGKILL"}, Named{SIGUSR1, "SIGUSR1"},     Named{SIGSEGV, "SIGSEGV"}, Named{SIGUSR2, "SIGUSR2"},
    Named{SIGPIPE, "SIGPIPE"}, Named{SIGALRM, "SIGALRM"},     Named{SIGTERM, "SIGTERM"}, Named{SIGSTKFLT, "SIGSTKFLT"},
    Named{SIGCHLD, "SIGCHLD"}, Named{SIGCONT, "SIGCONT"},     Named{SIGSTOP, "SIGSTOP"}, Named{SIGTSTP, "SIGTSTP"},
    Named{SIGTTIN, "SIGTTIN"}, Named{SIGTTOU, "SIGTTOU"},     Named{SIGURG, "SIGURG"},   Named{SIGXCPU, "SIGXCPU"},
    Named{SIGXFSZ, "SIGXFSZ"}, Named{SIGVTALRM, "SIGVTALRM"}, Named{SIGPROF, "SIGPROF"}, Named{SIGWINCH, "SIGWINCH"},
    Named{SIGIO, "SIGIO"},     Named{SIGPWR, "SIGPWR"},       Named{SIGSYS, "SIGSYS"},
};
inline constexpr std::array kTreeFlags{
    Named{1, "OPEN_TREE_CLONE"},     Named{O_CLOEXEC, "OPEN_TREE_CLOEXEC"}, Named{0x100, "AT_SYMLINK_NOFOLLOW"},
    Named{0x800, "AT_NO_AUTOMOUNT"}, Named{0x1000, "AT_EMPTY_PATH"},        Named{0x8000, "AT_RECURSIVE"},
};
inline constexpr std::array kMoveFlags{
    Named{0x1, "MOVE_MOUNT_F_SYMLINKS"},    Named{0x2, "MOVE_MOUNT_F_AUTOMOUNTS"},
    Named{0x4, "MOVE_MOUNT_F_EMPTY_PATH"},  Named{0x10, "MOVE_MOUNT_T_SYMLINKS"},
    Named{0x20, "MOVE_MOUNT_T_AUTOMOUNTS"}, Named{0x40, "MOVE_MOUNT_T_EMPTY_PATH"},
    Named{0x100, "MOVE_MOUNT_SET_GROUP"},   Named{0x200, "MOVE_MOUNT_BENEATH"},
};
inline constexpr std::array kFsCommands{
    Named{0, "FSCONFIG_SET_FLAG"},   Named{1, "FSCONFIG_SET_STRING"},      Named{2, "FSCONFIG_SET_BINARY"},
    Named{3, "FSCONFIG_SET_PATH"},   Named{4, "FSCONFIG_SET_PATH_EMPTY"},  Named{5, "FSCONFIG_SET_FD"},
    Named{6, "FSCONFIG_CMD_CREATE"}, Named{7, "FSCONFIG_CMD_RECONFIGURE"}, Named{8, "FSCONFIG_CMD_CREATE_EXCL"},
};
inline constexpr std::array kFsFlags{Named{1, "CLOEXEC"}};
inline constexpr std::array kMountAttributes{
    Named{0x1, "MOUNT_ATTR_RDONLY"},
    Named{0x2, "MOUNT_ATTR_NOSUID"},
    Named{0x4, "MOUNT_ATTR_NODEV"},
    Named{0x8, "MOUNT_ATTR_NOEXEC"},
    Named{0x10, "MOUNT_ATTR_NOATIME"},
    Named{0x20, "MOUNT_ATTR_STRICTATIME"},
    Named{0x80, "MOUNT_ATTR_NODIRATIME"},
    Named{0x100000, "MOUNT_ATTR_IDMAP"},
    Named{0x200000, "MOUNT_ATTR_NOSYMFOLLOW"},
};
inline constexpr std::array kPickFlags{Named{1, "FSPICK_CLOEXEC"}, Named{2, "FSPICK_SYMLINK_NOFOLLOW"},
                                       Named{4, "FSPICK_NO_AUTOMOUNT"}, Named{8, "FSPICK_EMPTY_PATH"}};
inline constexpr std::array kProtections{Named{PROT_READ, "PROT_READ"},           Named{PROT_WRITE, "PROT_WRITE"},
                                         Named{PROT_EXEC, "PROT_EXEC"},           Named{0x8, "PROT_SEM"},
                                         Named{PROT_GROWSDOWN, "PROT_GROWSDOWN"}, Named{PROT_GROWSUP, "PROT_GROWSUP"}};
inline constexpr std::array kMapTypes{Named{MAP_SHARED, "MAP_SHARED"}, Named{MAP_PRIVATE, "MAP_PRIVATE"},
                                      Named{3, "MAP_SHARED_VALIDATE"}};
inline constexpr std::array kMapFlags{
    Named{MAP_FIXED, "MAP_FIXED"},          Named{MAP_ANONYMOUS, "MAP_ANONYMOUS"},
    Named{MAP_GROWSDOWN, "MAP_GROWSDOWN"},  Named{MAP_DENYWRITE, "MAP_DENYWRITE"},
    Named{MAP_LOCKED, "MAP_LOCKED"},        Named{MAP_NORESERVE, "MAP_NORESERVE"},
    Named{MAP_POPULATE, "MAP_POPULATE"},    Named{MAP_NONBLOCK, "MAP_NONBLOCK"},
    Named{MAP_STACK, "MAP_STACK"},          Named{MAP_HUGETLB, "MAP_HUGETLB"},
    Named{0x100000, "MAP_FIXED_NOREPLACE"},
};
// Those that are told.
inline constexpr std::array kPrctlOptions{
    Named{PR_SET_DUMPABLE, "PR_SET_DUMPABLE"},
    Named{PR_SET_KEEPCAPS, "PR_SET_KEEPCAPS"},
    Named{PR_SET_NAME, "PR_SET_NAME"},
    Named{PR_SET_SECUREBITS, "PR_SET_SECUREBITS"},
    Named{PR_SET_MM, "PR_SET_MM"},
    Named{PR_SET_CHILD_SUBREAPER, "PR_SET_CHILD_SUBREAPER"},
    Named{PR_CAP_AMBIENT, "PR_CAP_AMBIENT"},
    Named{PR_SET_PTRACER, "PR_SET_PTRACER"},
};
inline constexpr std::array kKeyCommands{
    Named{0, "KEYCTL_GET_KEYRING_ID"},
    Named{1, "KEYCTL_JOIN_SESSION_KEYRING"},
    Named{2, "KEYCTL_UPDATE"},
    Named{3, "KEYCTL_REVOKE"},
    Named{4, "KEYCTL_CHOWN"},
    Named{5, "KEYCTL_SETPERM"},
    Named{6, "KEYCTL_DESCRIBE"},
    Named{7, "KEYCTL_CLEAR"},
    Named{8, "KEYCTL_LINK"},
    Named{9, "KEYCTL_UNLINK"},
    Named{10, "KEYCTL_SEARCH"},
    Named{11, "KEYCTL_READ"},
    Named{12, "KEYCTL_INSTANTIATE"},
    Named{13, "KEYCTL_NEGATE"},
    Named{14, "KEYCTL_SET_REQKEY_KEYRING"},
    Named{15, "KEYCTL_SET_TIMEOUT"},
    Named{16, "KEYCTL_ASSUME_AUTHORITY"},
    Named{17, "KEYCTL_GET_SECURITY"},
    Named{18, "KEYCTL_SESSION_TO_PARENT"},
    Named{19, "KEYCTL_REJECT"},
    Named{20, "KEYCTL_INSTANTIATE_IOV"},
    Named{21, "KEYCTL_INVALIDATE"},
    Named{22, "KEYCTL_GET_PERSISTENT"},
    Named{29, "KEYCTL_RESTRICT_KEYRING"},
    Named{30, "KEYCTL_MOVE"},
    Named{31, "KEYCTL_CAPABILITIES"},
};
inline constexpr std::array kClocks{Named{CLOCK_REALTIME, "CLOCK_REALTIME"}, Named{CLOCK_MONOTONIC, "CLOCK_MONOTONIC"},
                                    Named{CLOCK_BOOTTIME, "CLOCK_BOOTTIME"}, Named{CLOCK_TAI, "CLOCK_TAI"}};
inline constexpr std::array kRebootCommands{
    Named{0x01234567, "LINUX_REBOOT_CMD_RESTART"},    Named{0xcdef0123, "LINUX_REBOOT_CMD_HALT"},
    Named{0x89abcdef, "LINUX_REBOOT_CMD_CAD_ON"},     Named{0, "LINUX_REBOOT_CMD_CAD_OFF"},
    Named{0x4321fedc, "LINUX_REBOOT_CMD_POWER_OFF"},  Named{0xa1b2c3d4, "LINUX_REBOOT_CMD_RESTART2"},
    Named{0xd000fce2, "LINUX_REBOOT_CMD_SW_SUSPEND"}, Named{0x45584543, "LINUX_REBOOT_CMD_KEXEC"},
};
inline constexpr std::array kUringOpcodes{
    Named{13, "IORING_OP_ACCEPT"}, Named{41, "IORING_OP_FSETXATTR"}, Named{42, "IORING_OP_SETXATTR"},
    Named{45, "IORING_OP_SOCKET"}, Named{46, "IORING_OP_URING_CMD"}, Named{55, "IORING_OP_FTRUNCATE"},
    Named{56, "IORING_OP_BIND"},   Named{57, "IORING_OP_LISTEN"},
};

} // namespace rwatch::event
