// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sensor/probes.hpp"

#include "ebpf/abi/rwatch_abi.h"
#include "sensor/call_numbers.hpp"

#include <array>

namespace rwatch::sensor {
namespace {

template <std::size_t N> using Uses = std::array<ProgramUse, N>;

constexpr Uses<1> kExec{{{"on_exec", Place::own}}};
constexpr Uses<1> kExecOld{{{"on_exec_old", Place::own}}};
constexpr std::array<Alternative, 2> kExecWays{
    {{"tp_btf:sched_process_exec", kExec}, {"raw_tp:sched_process_exec", kExecOld}}};

constexpr Uses<1> kFork{{{"on_fork", Place::own}}};
constexpr Uses<1> kForkOld{{{"on_fork_old", Place::own}}};
constexpr std::array<Alternative, 2> kForkWays{
    {{"tp_btf:sched_process_fork", kFork}, {"raw_tp:sched_process_fork", kForkOld}}};

constexpr Uses<1> kExit{{{"on_exit", Place::own}}};
constexpr Uses<1> kExitOld{{{"on_exit_old", Place::own}}};
constexpr std::array<Alternative, 2> kExitWays{
    {{"tp_btf:sched_process_exit", kExit}, {"raw_tp:sched_process_exit", kExitOld}}};

constexpr Uses<1> kOpen{{{"on_open", Place::call_exit}}};
constexpr Uses<2> kOpenOld{{{"on_open_old", Place::call_exit}, {"on_enter_old", Place::call_enter}}};
constexpr std::array<Alternative, 2> kOpenWays{
    {{"tracepoint:syscalls", kOpen}, {"tracepoint:syscalls+enter", kOpenOld}}};

constexpr Uses<1> kFsop{{{"on_fsop", Place::call_exit}}};
constexpr Uses<2> kFsopOld{{{"on_fsop_old", Place::call_exit}, {"on_enter_old", Place::call_enter}}};
constexpr std::array<Alternative, 2> kFsopWays{
    {{"tracepoint:syscalls", kFsop}, {"tracepoint:syscalls+enter", kFsopOld}}};

// Hooks on the object itself, which no other thread can swap: the functions security_path_NAME, by fentry or kprobe.
// chmod has a program more without them: the mode before fchmod.
constexpr Uses<2> kChmodFentry{{{"on_fsop", Place::call_exit}, {"on_path_chmod", Place::fentry}}};
constexpr Uses<2> kChmodKprobe{{{"on_fsop", Place::call_exit}, {"on_path_chmod_kprobe", Place::kprobe}}};
constexpr Uses<2> kChmod{{{"on_fsop", Place::call_exit}, {"on_fchmod", Place::call_enter, "fchmod"}}};
constexpr Uses<3> kChmodOld{{{"on_fsop_old", Place::call_exit},
                             {"on_enter_old", Place::call_enter},
                             {"on_fchmod_old", Place::call_enter, "fchmod"}}};
constexpr std::array<Alternative, 4> kChmodWays{{{"tracepoint:syscalls+fentry:security_path_chmod", kChmodFentry},
                                                 {"tracepoint:syscalls+kprobe:security_path_chmod", kChmodKprobe},
                                                 {"tracepoint:syscalls", kChmod},
                                                 {"tracepoint:syscalls+enter", kChmodOld}}};
constexpr Uses<2> kChownFentry{{{"on_fsop", Place::call_exit}, {"on_path_chown", Place::fentry}}};
constexpr Uses<2> kChownKprobe{{{"on_fsop", Place::call_exit}, {"on_path_chown_kprobe", Place::kprobe}}};
constexpr std::array<Alternative, 4> kChownWays{{{"tracepoint:syscalls+fentry:security_path_chown", kChownFentry},
                                                 {"tracepoint:syscalls+kprobe:security_path_chown", kChownKprobe},
                                                 {"tracepoint:syscalls", kFsop},
                                                 {"tracepoint:syscalls+enter", kFsopOld}}};
constexpr Uses<2> kTruncateFentry{{{"on_fsop", Place::call_exit}, {"on_path_truncate", Place::fentry}}};
constexpr Uses<2> kTruncateKprobe{{{"on_fsop", Place::call_exit}, {"on_path_truncate_kprobe", Place::kprobe}}};
constexpr std::array<Alternative, 4> kTruncateWays{
    {{"tracepoint:syscalls+fentry:security_path_truncate", kTruncateFentry},
     {"tracepoint:syscalls+kprobe:security_path_truncate", kTruncateKprobe},
     {"tracepoint:syscalls", kFsop},
     {"tracepoint:syscalls+enter", kFsopOld}}};
constexpr Uses<2> kRenameFentry{{{"on_fsop", Place::call_exit}, {"on_path_rename", Place::fentry}}};
constexpr Uses<2> kRenameKprobe{{{"on_fsop", Place::call_exit}, {"on_path_rename_kprobe", Place::kprobe}}};
constexpr std::array<Alternative, 4> kRenameWays{{{"tracepoint:syscalls+fentry:security_path_rename", kRenameFentry},
                                                  {"tracepoint:syscalls+kprobe:security_path_rename", kRenameKprobe},
                                                  {"tracepoint:syscalls", kFsop},
                                                  {"tracepoint:syscalls+enter", kFsopOld}}};
constexpr Uses<3> kUnlinkFentry{
    {{"on_fsop", Place::call_exit}, {"on_path_unlink", Place::fentry}, {"on_path_rmdir", Place::fentry}}};
constexpr Uses<3> kUnlinkKprobe{
    {{"on_fsop", Place::call_exit}, {"on_path_unlink_kprobe", Place::kprobe}, {"on_path_rmdir_kprobe", Place::kprobe}}};
constexpr std::array<Alternative, 4> kUnlinkWays{
    {{"tracepoint:syscalls+fentry:security_path_{unlink,rmdir}", kUnlinkFentry},
     {"tracepoint:syscalls+kprobe:security_path_{unlink,rmdir}", kUnlinkKprobe},
     {"tracepoint:syscalls", kFsop},
     {"tracepoint:syscalls+enter", kFsopOld}}};
constexpr Uses<2> kLinkFentry{{{"on_fsop", Place::call_exit}, {"on_path_link", Place::fentry}}};
constexpr Uses<2> kLinkKprobe{{{"on_fsop", Place::call_exit}, {"on_path_link_kprobe", Place::kprobe}}};
constexpr std::array<Alternative, 4> kLinkWays{{{"tracepoint:syscalls+fentry:security_path_link", kLinkFentry},
                                                {"tracepoint:syscalls+kprobe:security_path_link", kLinkKprobe},
                                                {"tracepoint:syscalls", kFsop},
                                                {"tracepoint:syscalls+enter", kFsopOld}}};
constexpr Uses<2> kSymlinkFentry{{{"on_fsop", Place::call_exit}, {"on_path_symlink", Place::fentry}}};
constexpr Uses<2> kSymlinkKprobe{{{"on_fsop", Place::call_exit}, {"on_path_symlink_kprobe", Place::kprobe}}};
constexpr std::array<Alternative, 4> kSymlinkWays{{{"tracepoint:syscalls+fentry:security_path_symlink", kSymlinkFentry},
                                                   {"tracepoint:syscalls+kprobe:security_path_symlink", kSymlinkKprobe},
                                                   {"tracepoint:syscalls", kFsop},
                                                   {"tracepoint:syscalls+enter", kFsopOld}}};
constexpr Uses<2> kMkdirFentry{{{"on_fsop", Place::call_exit}, {"on_path_mkdir", Place::fentry}}};
constexpr Uses<2> kMkdirKprobe{{{"on_fsop", Place::call_exit}, {"on_path_mkdir_kprobe", Place::kprobe}}};
constexpr std::array<Alternative, 4> kMkdirWays{{{"tracepoint:syscalls+fentry:security_path_mkdir", kMkdirFentry},
                                                 {"tracepoint:syscalls+kprobe:security_path_mkdir", kMkdirKprobe},
                                                 {"tracepoint:syscalls", kFsop},
                                                 {"tracepoint:syscalls+enter", kFsopOld}}};
constexpr Uses<2> kMknodFentry{{{"on_fsop", Place::call_exit}, {"on_path_mknod", Place::fentry}}};
constexpr Uses<2> kMknodKprobe{{{"on_fsop", Place::call_exit}, {"on_path_mknod_kprobe", Place::kprobe}}};
constexpr std::array<Alternative, 4> kMknodWays{{{"tracepoint:syscalls+fentry:security_path_mknod", kMknodFentry},
                                                 {"tracepoint:syscalls+kprobe:security_path_mknod", kMknodKprobe},
                                                 {"tracepoint:syscalls", kFsop},
                                                 {"tracepoint:syscalls+enter", kFsopOld}}};

// Without the socket's change of state a refused TCP connect is told with the address that the caller passed, which
// another thread may have changed.
constexpr Uses<2> kConnect{{{"on_connect", Place::call_exit}, {"on_tcp_state", Place::own}}};
constexpr Uses<1> kConnectBare{{{"on_connect", Place::call_exit}}};
constexpr Uses<3> kConnectOld{
    {{"on_connect_old", Place::call_exit}, {"on_enter_old", Place::call_enter}, {"on_tcp_state_old", Place::own}}};
constexpr Uses<2> kConnectOldBare{{{"on_connect_old", Place::call_exit}, {"on_enter_old", Place::call_enter}}};
constexpr std::array<Alternative, 4> kConnectWays{
    {{"tracepoint:syscalls+tp_btf:inet_sock_set_state", kConnect},
     {"tracepoint:syscalls", kConnectBare},
     {"tracepoint:syscalls+enter+raw_tp:inet_sock_set_state", kConnectOld},
     {"tracepoint:syscalls+enter", kConnectOldBare}}};

constexpr Uses<1> kAccept{{{"on_accept", Place::call_exit}}};
constexpr Uses<2> kAcceptOld{{{"on_accept_old", Place::call_exit}, {"on_enter_old", Place::call_enter}}};
constexpr std::array<Alternative, 2> kAcceptWays{
    {{"tracepoint:syscalls", kAccept}, {"tracepoint:syscalls+enter", kAcceptOld}}};

constexpr Uses<1> kBind{{{"on_bind", Place::call_exit}}};
constexpr Uses<2> kBindOld{{{"on_bind_old", Place::call_exit}, {"on_enter_old", Place::call_enter}}};
constexpr std::array<Alternative, 2> kBindWays{
    {{"tracepoint:syscalls", kBind}, {"tracepoint:syscalls+enter", kBindOld}}};

constexpr Uses<1> kDup{{{"on_dup", Place::call_exit}}};
constexpr Uses<2> kDupOld{{{"on_dup_old", Place::call_exit}, {"on_enter_old", Place::call_enter}}};
constexpr std::array<Alternative, 2> kDupWays{{{"tracepoint:syscalls", kDup}, {"tracepoint:syscalls+enter", kDupOld}}};

constexpr Uses<2> kSendFentry{{{"on_send", Place::call_exit}, {"on_sendmsg", Place::fentry}}};
constexpr Uses<2> kSendKprobe{{{"on_send", Place::call_exit}, {"on_sendmsg_kprobe", Place::kprobe}}};
constexpr Uses<1> kSend{{{"on_send", Place::call_exit}}};
constexpr Uses<2> kSendOld{{{"on_send_old", Place::call_exit}, {"on_enter_old", Place::call_enter}}};
constexpr std::array<Alternative, 4> kSendWays{{{"tracepoint:syscalls+fentry:security_socket_sendmsg", kSendFentry},
                                                {"tracepoint:syscalls+kprobe:security_socket_sendmsg", kSendKprobe},
                                                {"tracepoint:syscalls", kSend},
                                                {"tracepoint:syscalls+enter", kSendOld}}};

constexpr Uses<1> kResolve{{{"on_receive", Place::call_exit}}};
constexpr Uses<2> kResolveOld{{{"on_receive_old", Place::call_exit}, {"on_enter_old", Place::call_enter}}};
constexpr std::array<Alternative, 2> kResolveWays{
    {{"tracepoint:syscalls", kResolve}, {"tracepoint:syscalls+enter", kResolveOld}}};

constexpr Uses<1> kSyscall{{{"on_syscall", Place::call_exit}}};
constexpr Uses<2> kSyscallOld{{{"on_syscall_old", Place::call_exit}, {"on_enter_old", Place::call_enter}}};
constexpr std::array<Alternative, 2> kSyscallWays{
    {{"tracepoint:syscalls", kSyscall}, {"tracepoint:syscalls+enter", kSyscallOld}}};

// A submission's tracepoint was called otherwise before 6.4. Without it only the rings are seen.
constexpr Uses<2> kUring{{{"on_syscall", Place::call_exit}, {"on_uring_req", Place::own}}};
constexpr Uses<2> kUringSqe{{{"on_syscall", Place::call_exit}, {"on_uring_sqe", Place::own}}};
constexpr Uses<3> kUringOld{
    {{"on_syscall_old", Place::call_exit}, {"on_enter_old", Place::call_enter}, {"on_uring_req_old", Place::own}}};
constexpr Uses<3> kUringSqeOld{
    {{"on_syscall_old", Place::call_exit}, {"on_enter_old", Place::call_enter}, {"on_uring_sqe_old", Place::own}}};
constexpr std::array<Alternative, 6> kUringWays{{{"tracepoint:syscalls+tp_btf:io_uring_submit_req", kUring},
                                                 {"tracepoint:syscalls+tp_btf:io_uring_submit_sqe", kUringSqe},
                                                 {"tracepoint:syscalls", kSyscall},
                                                 {"tracepoint:syscalls+enter+raw_tp:io_uring_submit_req", kUringOld},
                                                 {"tracepoint:syscalls+enter+raw_tp:io_uring_submit_sqe", kUringSqeOld},
                                                 {"tracepoint:syscalls+enter", kSyscallOld}}};

constexpr std::array<WatchedCall, 5> kOpenCalls{
    {{"openat", SYS_openat, RW_CALL_OPENAT},
     {"open", SYS_open, RW_CALL_OPEN},
     {"openat2", SYS_openat2, RW_CALL_OPENAT2},
     {"creat", SYS_creat, RW_CALL_CREAT},
     {"open_by_handle_at", SYS_open_by_handle_at, RW_CALL_OPEN_BY_HANDLE_AT}}};
constexpr std::array<WatchedCall, 4> kChmodCalls{{{"chmod", SYS_chmod, RW_CALL_CHMOD},
                                                  {"fchmod", SYS_fchmod, RW_CALL_FCHMOD},
                                                  {"fchmodat", SYS_fchmodat, RW_CALL_FCHMODAT},
                                                  {"fchmodat2", SYS_fchmodat2, RW_CALL_FCHMODAT2}}};
constexpr std::array<WatchedCall, 3> kRenameCalls{{{"rename", SYS_rename, RW_CALL_RENAME},
                                                   {"renameat", SYS_renameat, RW_CALL_RENAMEAT},
                                                   {"renameat2", SYS_renameat2, RW_CALL_RENAMEAT2}}};
constexpr std::array<WatchedCall, 3> kUnlinkCalls{{{"unlink", SYS_unlink, RW_CALL_UNLINK},
                                                   {"unlinkat", SYS_unlinkat, RW_CALL_UNLINKAT},
                                                   {"rmdir", SYS_rmdir, RW_CALL_RMDIR}}};
constexpr std::array<WatchedCall, 2> kLinkCalls{
    {{"link", SYS_link, RW_CALL_LINK}, {"linkat", SYS_linkat, RW_CALL_LINKAT}}};
constexpr std::array<WatchedCall, 2> kSymlinkCalls{
    {{"symlink", SYS_symlink, RW_CALL_SYMLINK}, {"symlinkat", SYS_symlinkat, RW_CALL_SYMLINKAT}}};
constexpr std::array<WatchedCall, 1> kConnectCalls{{{"connect", SYS_connect, RW_CALL_CONNECT}}};
constexpr std::array<WatchedCall, 2> kMkdirCalls{
    {{"mkdir", SYS_mkdir, RW_CALL_MKDIR}, {"mkdirat", SYS_mkdirat, RW_CALL_MKDIRAT}}};
constexpr std::array<WatchedCall, 2> kMknodCalls{
    {{"mknod", SYS_mknod, RW_CALL_MKNOD}, {"mknodat", SYS_mknodat, RW_CALL_MKNODAT}}};
constexpr std::array<WatchedCall, 2> kAcceptCalls{
    {{"accept", SYS_accept, RW_CALL_ACCEPT}, {"accept4", SYS_accept4, RW_CALL_ACCEPT4}}};
constexpr std::array<WatchedCall, 2> kBindCalls{
    {{"bind", SYS_bind, RW_CALL_BIND}, {"listen", SYS_listen, RW_CALL_LISTEN}}};
constexpr std::array<WatchedCall, 4> kChownCalls{{{"chown", SYS_chown, RW_CALL_CHOWN},
                                                  {"lchown", SYS_lchown, RW_CALL_LCHOWN},
                                                  {"fchown", SYS_fchown, RW_CALL_FCHOWN},
                                                  {"fchownat", SYS_fchownat, RW_CALL_FCHOWNAT}}};
constexpr std::array<WatchedCall, 2> kTruncateCalls{
    {{"truncate", SYS_truncate, RW_CALL_TRUNCATE}, {"ftruncate", SYS_ftruncate, RW_CALL_FTRUNCATE}}};
constexpr std::array<WatchedCall, 8> kXattrCalls{
    {{"setxattr", SYS_setxattr, RW_CALL_SETXATTR, 0, RW_FILTER_XATTR},
     {"lsetxattr", SYS_lsetxattr, RW_CALL_LSETXATTR, 0, RW_FILTER_XATTR},
     {"fsetxattr", SYS_fsetxattr, RW_CALL_FSETXATTR, 0, RW_FILTER_XATTR},
     {"setxattrat", SYS_setxattrat, RW_CALL_SETXATTRAT, 0, RW_FILTER_XATTR_AT},
     {"removexattr", SYS_removexattr, RW_CALL_REMOVEXATTR, 0, RW_FILTER_XATTR},
     {"lremovexattr", SYS_lremovexattr, RW_CALL_LREMOVEXATTR, 0, RW_FILTER_XATTR},
     {"fremovexattr", SYS_fremovexattr, RW_CALL_FREMOVEXATTR, 0, RW_FILTER_XATTR},
     {"removexattrat", SYS_removexattrat, RW_CALL_REMOVEXATTRAT, 0, RW_FILTER_XATTR_AT}}};

// Bits of WatchedCall::texts.
constexpr std::uint8_t kFirst = 1, kSecond = 2, kThird = 4, kFourth = 8;
constexpr std::array<WatchedCall, 6> kSignalCalls{
    {{"kill", SYS_kill, RW_CALL_KILL, 0, RW_FILTER_SIGNAL},
     {"tkill", SYS_tkill, RW_CALL_TKILL, 0, RW_FILTER_SIGNAL},
     {"tgkill", SYS_tgkill, RW_CALL_TGKILL, 0, RW_FILTER_SIGNAL_3},
     {"rt_sigqueueinfo", SYS_rt_sigqueueinfo, RW_CALL_RT_SIGQUEUEINFO, 0, RW_FILTER_SIGNAL},
     {"rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo, RW_CALL_RT_TGSIGQUEUEINFO, 0, RW_FILTER_SIGNAL_3},
     {"pidfd_send_signal", SYS_pidfd_send_signal, RW_CALL_PIDFD_SEND_SIGNAL, 0, RW_FILTER_SIGNAL_FD}}};
constexpr std::array<WatchedCall, 1> kSocketCalls{{{"socket", SYS_socket, RW_CALL_SOCKET}}};
constexpr std::array<WatchedCall, 10> kSetidCalls{{{"setuid", SYS_setuid, RW_CALL_SETUID},
                                                   {"setgid", SYS_setgid, RW_CALL_SETGID},
                                                   {"setreuid", SYS_setreuid, RW_CALL_SETREUID},
                                                   {"setregid", SYS_setregid, RW_CALL_SETREGID},
                                                   {"setresuid", SYS_setresuid, RW_CALL_SETRESUID},
                                                   {"setresgid", SYS_setresgid, RW_CALL_SETRESGID},
                                                   {"setfsuid", SYS_setfsuid, RW_CALL_SETFSUID},
                                                   {"setfsgid", SYS_setfsgid, RW_CALL_SETFSGID},
                                                   {"setgroups", SYS_setgroups, RW_CALL_SETGROUPS},
                                                   {"capset", SYS_capset, RW_CALL_CAPSET}}};
constexpr std::array<WatchedCall, 4> kPtraceCalls{
    {{"ptrace", SYS_ptrace, RW_CALL_PTRACE},
     {"process_vm_readv", SYS_process_vm_readv, RW_CALL_PROCESS_VM_READV},
     {"process_vm_writev", SYS_process_vm_writev, RW_CALL_PROCESS_VM_WRITEV},
     {"pidfd_getfd", SYS_pidfd_getfd, RW_CALL_PIDFD_GETFD}}};
constexpr std::array<WatchedCall, 2> kNamespaceCalls{
    {{"setns", SYS_setns, RW_CALL_SETNS}, {"unshare", SYS_unshare, RW_CALL_UNSHARE}}};
// The kernel's function for umount2 is called umount, and so is its tracepoint.
constexpr std::array<WatchedCall, 11> kMountCalls{
    {{"mount", SYS_mount, RW_CALL_MOUNT, kFirst | kSecond | kThird},
     {"umount", SYS_umount2, RW_CALL_UMOUNT2, kFirst},
     {"chroot", SYS_chroot, RW_CALL_CHROOT, kFirst},
     {"pivot_root", SYS_pivot_root, RW_CALL_PIVOT_ROOT, kFirst | kSecond},
     {"open_tree", SYS_open_tree, RW_CALL_OPEN_TREE, kSecond},
     {"move_mount", SYS_move_mount, RW_CALL_MOVE_MOUNT, kSecond | kFourth},
     {"fsopen", SYS_fsopen, RW_CALL_FSOPEN, kFirst},
     {"fsconfig", SYS_fsconfig, RW_CALL_FSCONFIG, kThird | kFourth},
     {"fsmount", SYS_fsmount, RW_CALL_FSMOUNT},
     {"fspick", SYS_fspick, RW_CALL_FSPICK, kSecond},
     {"mount_setattr", SYS_mount_setattr, RW_CALL_MOUNT_SETATTR, kSecond}}};
constexpr std::array<WatchedCall, 5> kModuleCalls{
    {{"init_module", SYS_init_module, RW_CALL_INIT_MODULE, kThird},
     {"finit_module", SYS_finit_module, RW_CALL_FINIT_MODULE, kSecond, 0, 1},
     {"delete_module", SYS_delete_module, RW_CALL_DELETE_MODULE, kFirst},
     {"kexec_load", SYS_kexec_load, RW_CALL_KEXEC_LOAD},
     {"kexec_file_load", SYS_kexec_file_load, RW_CALL_KEXEC_FILE_LOAD, kFourth, 0, 1}}};
constexpr std::array<WatchedCall, 1> kBpfCalls{{{"bpf", SYS_bpf, RW_CALL_BPF}}};
constexpr std::array<WatchedCall, 16> kSystemCalls{{{"memfd_create", SYS_memfd_create, RW_CALL_MEMFD_CREATE, kFirst},
                                                    {"personality", SYS_personality, RW_CALL_PERSONALITY},
                                                    {"sysinfo", SYS_sysinfo, RW_CALL_SYSINFO},
                                                    {"syslog", SYS_syslog, RW_CALL_SYSLOG},
                                                    {"userfaultfd", SYS_userfaultfd, RW_CALL_USERFAULTFD},
                                                    {"prctl", SYS_prctl, RW_CALL_PRCTL, kSecond, RW_FILTER_PRCTL},
                                                    {"perf_event_open", SYS_perf_event_open, RW_CALL_PERF_EVENT_OPEN},
                                                    {"swapon", SYS_swapon, RW_CALL_SWAPON, kFirst},
                                                    {"swapoff", SYS_swapoff, RW_CALL_SWAPOFF, kFirst},
                                                    {"quotactl", SYS_quotactl, RW_CALL_QUOTACTL, kSecond},
                                                    {"sethostname", SYS_sethostname, RW_CALL_SETHOSTNAME, kFirst},
                                                    {"setdomainname", SYS_setdomainname, RW_CALL_SETDOMAINNAME, kFirst},
                                                    {"acct", SYS_acct, RW_CALL_ACCT, kFirst},
                                                    {"reboot", SYS_reboot, RW_CALL_REBOOT},
                                                    {"iopl", SYS_iopl, RW_CALL_IOPL},
                                                    {"ioperm", SYS_ioperm, RW_CALL_IOPERM}}};

constexpr std::array<WatchedCall, 4> kDupCalls{{{"dup", SYS_dup, RW_CALL_DUP},
                                                {"dup2", SYS_dup2, RW_CALL_DUP2, 0, RW_FILTER_DUP},
                                                {"dup3", SYS_dup3, RW_CALL_DUP3, 0, RW_FILTER_DUP},
                                                {"fcntl", SYS_fcntl, RW_CALL_FCNTL, 0, RW_FILTER_DUPFD}}};
// The descriptor of mmap is its fifth argument.
constexpr std::array<WatchedCall, 3> kMemoryCalls{
    {{"mmap", SYS_mmap, RW_CALL_MMAP, 0, RW_FILTER_MAP, 5},
     {"mprotect", SYS_mprotect, RW_CALL_MPROTECT, 0, RW_FILTER_PROTECT},
     {"pkey_mprotect", SYS_pkey_mprotect, RW_CALL_PKEY_MPROTECT, 0, RW_FILTER_PROTECT}}};
constexpr std::array<WatchedCall, 3> kKeyCalls{
    {{"keyctl", SYS_keyctl, RW_CALL_KEYCTL},
     {"add_key", SYS_add_key, RW_CALL_ADD_KEY, kFirst | kSecond},
     {"request_key", SYS_request_key, RW_CALL_REQUEST_KEY, kFirst | kSecond | kThird}}};
constexpr std::array<WatchedCall, 4> kClockCalls{{{"settimeofday", SYS_settimeofday, RW_CALL_SETTIMEOFDAY},
                                                  {"clock_settime", SYS_clock_settime, RW_CALL_CLOCK_SETTIME},
                                                  {"adjtimex", SYS_adjtimex, RW_CALL_ADJTIMEX},
                                                  {"clock_adjtime", SYS_clock_adjtime, RW_CALL_CLOCK_ADJTIME}}};
constexpr std::array<WatchedCall, 3> kSendCalls{{{"sendto", SYS_sendto, RW_CALL_SENDTO},
                                                 {"sendmsg", SYS_sendmsg, RW_CALL_SENDMSG},
                                                 {"sendmmsg", SYS_sendmmsg, RW_CALL_SENDMMSG}}};
constexpr std::array<WatchedCall, 2> kResolveCalls{
    {{"recvfrom", SYS_recvfrom, RW_CALL_RECVFROM}, {"recvmsg", SYS_recvmsg, RW_CALL_RECVMSG}}};
constexpr std::array<WatchedCall, 2> kUringCalls{
    {{"io_uring_setup", SYS_io_uring_setup, RW_CALL_IO_URING_SETUP},
     {"io_uring_register", SYS_io_uring_register, RW_CALL_IO_URING_REGISTER}}};

constexpr std::array<WatchedCall, 6> kProcessCalls{{{"execve", SYS_execve, RW_CALL_EXECVE},
                                                    {"execveat", SYS_execveat, RW_CALL_EXECVEAT},
                                                    {"fork", SYS_fork, RW_CALL_FORK},
                                                    {"vfork", SYS_vfork, RW_CALL_VFORK},
                                                    {"clone", SYS_clone, RW_CALL_CLONE},
                                                    {"clone3", SYS_clone3, RW_CALL_CLONE3}}};

constexpr std::array<Family, 33> kFamilies{{
    {"exec", {}, kExecWays, "new programs: which binary runs, with which arguments"},
    {"fork", {}, kForkWays, "new processes until they act: fork bombs, and ancestors of short-lived processes"},
    {"exit", {}, kExitWays, "ends of processes: the process table is cleaned up late"},
    {"open", kOpenCalls, kOpenWays, "reading, writing and creating of files"},
    {"chmod", kChmodCalls, kChmodWays, "changes of permission bits"},
    {"rename", kRenameCalls, kRenameWays, "renaming of files"},
    {"unlink", kUnlinkCalls, kUnlinkWays, "deletion of files and directories"},
    {"link", kLinkCalls, kLinkWays, "new hard links"},
    {"symlink", kSymlinkCalls, kSymlinkWays, "new symbolic links"},
    {"connect", kConnectCalls, kConnectWays, "outgoing connections: port scans, callbacks"},
    {"mkdir", kMkdirCalls, kMkdirWays, "new directories"},
    {"mknod", kMknodCalls, kMknodWays, "new device nodes and named pipes"},
    {"socket", kSocketCalls, kSyscallWays, "new sockets: raw ones, those of rare families"},
    {"setid", kSetidCalls, kSyscallWays, "changes of user, group and capabilities"},
    {"ptrace", kPtraceCalls, kSyscallWays, "tracing of other processes, their memory and descriptors taken"},
    {"namespace", kNamespaceCalls, kSyscallWays, "new namespaces, and stepping into those of others"},
    {"mount", kMountCalls, kSyscallWays, "mounting and unmounting"},
    {"module", kModuleCalls, kSyscallWays, "kernel modules, and other kernels to be started"},
    {"bpf", kBpfCalls, kSyscallWays, "eBPF programs and maps of others"},
    {"system", kSystemCalls, kSyscallWays,
     "memfd_create, prctl, perf_event_open, quotas, swap, names of the host, reboot, ports of hardware"},
    {"accept", kAcceptCalls, kAcceptWays, "incoming connections"},
    {"bind", kBindCalls, kBindWays, "new listeners: backdoors that wait"},
    {"chown", kChownCalls, kChownWays, "changes of owner and group"},
    {"truncate", kTruncateCalls, kTruncateWays, "files cut short: logs that are emptied"},
    {"xattr", kXattrCalls, kFsopWays, "capabilities, labels and access lists given to files"},
    {"signal", kSignalCalls, kSyscallWays, "signals: services that are killed or stopped"},
    {"dup", kDupCalls, kDupWays, "sockets put in place of standard input and output: reverse shells"},
    {"memory", kMemoryCalls, kSyscallWays, "code that is mapped or made: other loaders than the kernel's"},
    {"key", kKeyCalls, kSyscallWays, "keys of the kernel"},
    {"clock", kClockCalls, kSyscallWays, "changes of the time"},
    {"send", kSendCalls, kSendWays, "datagrams to addresses without a connect, TCP's fast open: scans"},
    {"resolve", kResolveCalls, kResolveWays, "answers of name servers: connections have addresses, and no names"},
    {"io_uring", kUringCalls, kUringWays, "what is done through io_uring", true},
}};

} // namespace

std::span<const Family> families() noexcept {
    return kFamilies;
}

std::span<const WatchedCall> process_calls() noexcept {
    return kProcessCalls;
}

} // namespace rwatch::sensor
