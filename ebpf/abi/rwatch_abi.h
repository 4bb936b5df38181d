/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The wire format between the eBPF probes and rwatchd: one fixed-size structure
 * per kind of event, followed by its strings. Shared by both compilers; every
 * structure is free of padding (-Wpadded is an error) and a multiple of 8 bytes.
 * A record is self-contained: strings are (offset, length) pairs from its start.
 */
#ifndef RWATCH_ABI_H
#define RWATCH_ABI_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* Raised whenever a structure below changes; captures carry it. */
#define RW_ABI_VERSION 8

#define RW_COMM_LEN 16
#define RW_PATH_MAX 4096   /* bytes of one path, as the kernel's PATH_MAX */
#define RW_ARGV_MAX 16384  /* bytes of argv kept, NUL separators included */
#define RW_RECORD_MAX 49152 /* no record is larger */

enum rw_kind {
	RW_EXEC = 1, /* struct rw_exec: a new image runs */
	RW_FORK,     /* struct rw_fork: a process (not a thread) was made */
	RW_EXIT,     /* struct rw_exit: the last thread of a process is gone */
	RW_OPEN,     /* struct rw_open: every variant of open */
	RW_CHMOD,    /* struct rw_fsop */
	RW_RENAME,   /* struct rw_fsop */
	RW_UNLINK,   /* struct rw_fsop, rmdir too */
	RW_LINK,     /* struct rw_fsop: hard link */
	RW_SYMLINK,  /* struct rw_fsop */
	RW_CONNECT,  /* struct rw_connect */
	RW_MKDIR,    /* struct rw_fsop */
	RW_MKNOD,    /* struct rw_fsop */
	RW_SOCKET,   /* struct rw_syscall, as all below */
	RW_SETID,    /* set*uid, set*gid */
	RW_PTRACE,
	RW_NAMESPACE, /* setns, unshare */
	RW_MOUNT,    /* mount, umount2 */
	RW_MODULE,   /* of the kernel: loaded, unloaded */
	RW_BPF,
	RW_SYSTEM,   /* memfd_create, personality, sysinfo, syslog, userfaultfd */
	RW_ACCEPT,   /* struct rw_connect */
	RW_BIND,     /* struct rw_connect, listen too */
	RW_CHOWN,    /* struct rw_fsop */
	RW_TRUNCATE, /* struct rw_fsop */
	RW_XATTR,    /* struct rw_fsop: attributes that grant or guard are set or removed */
	RW_SIGNAL,   /* struct rw_syscall: sent to another process */
	RW_DUP,      /* struct rw_connect: a socket became standard input, output or error */
	RW_MEMORY,   /* struct rw_syscall, as all below but RW_SEND and RW_RESOLVE: memory that may be executed */
	RW_KEY,      /* keys of the kernel */
	RW_CLOCK,    /* the time is set */
	RW_SEND,     /* struct rw_connect: sent to an address that came with the call */
	RW_RESOLVE,  /* struct rw_connect: an answer of a name server, received */
	RW_IO_URING, /* rings, and what is submitted through them and is no event of another kind */
	RW_SERVICE,  /* not of the kernel: what systemd reports of its services, as if by a call of process 1 */
	RW_KIND_COUNT
};

/* The system call behind an event; names as in Falco's evt.type. */
enum rw_call {
	RW_CALL_NONE = 0,
	RW_CALL_EXECVE, RW_CALL_EXECVEAT,
	RW_CALL_FORK, RW_CALL_VFORK, RW_CALL_CLONE, RW_CALL_CLONE3,
	RW_CALL_PROCEXIT,
	RW_CALL_OPEN, RW_CALL_OPENAT, RW_CALL_OPENAT2, RW_CALL_CREAT, RW_CALL_OPEN_BY_HANDLE_AT,
	RW_CALL_CHMOD, RW_CALL_FCHMOD, RW_CALL_FCHMODAT, RW_CALL_FCHMODAT2,
	RW_CALL_RENAME, RW_CALL_RENAMEAT, RW_CALL_RENAMEAT2,
	RW_CALL_UNLINK, RW_CALL_UNLINKAT,
	RW_CALL_LINK, RW_CALL_LINKAT,
	RW_CALL_SYMLINK, RW_CALL_SYMLINKAT,
	RW_CALL_CONNECT,
	RW_CALL_MKDIR, RW_CALL_MKDIRAT, RW_CALL_RMDIR,
	RW_CALL_MKNOD, RW_CALL_MKNODAT,
	RW_CALL_SOCKET,
	RW_CALL_SETUID, RW_CALL_SETGID, RW_CALL_SETREUID, RW_CALL_SETREGID, RW_CALL_SETRESUID, RW_CALL_SETRESGID,
	RW_CALL_PTRACE,
	RW_CALL_SETNS, RW_CALL_UNSHARE,
	RW_CALL_MOUNT, RW_CALL_UMOUNT2,
	RW_CALL_INIT_MODULE, RW_CALL_FINIT_MODULE, RW_CALL_DELETE_MODULE,
	RW_CALL_BPF,
	RW_CALL_MEMFD_CREATE, RW_CALL_PERSONALITY, RW_CALL_SYSINFO, RW_CALL_SYSLOG, RW_CALL_USERFAULTFD,
	RW_CALL_ACCEPT, RW_CALL_ACCEPT4,
	RW_CALL_BIND, RW_CALL_LISTEN,
	RW_CALL_CHOWN, RW_CALL_LCHOWN, RW_CALL_FCHOWN, RW_CALL_FCHOWNAT,
	RW_CALL_TRUNCATE, RW_CALL_FTRUNCATE,
	RW_CALL_SETXATTR, RW_CALL_LSETXATTR, RW_CALL_FSETXATTR, RW_CALL_SETXATTRAT,
	RW_CALL_REMOVEXATTR, RW_CALL_LREMOVEXATTR, RW_CALL_FREMOVEXATTR, RW_CALL_REMOVEXATTRAT,
	RW_CALL_KILL, RW_CALL_TKILL, RW_CALL_TGKILL, RW_CALL_RT_SIGQUEUEINFO, RW_CALL_RT_TGSIGQUEUEINFO, RW_CALL_PIDFD_SEND_SIGNAL,
	RW_CALL_PROCESS_VM_READV, RW_CALL_PROCESS_VM_WRITEV, RW_CALL_PIDFD_GETFD,
	RW_CALL_CHROOT, RW_CALL_PIVOT_ROOT,
	RW_CALL_OPEN_TREE, RW_CALL_MOVE_MOUNT, RW_CALL_FSOPEN, RW_CALL_FSCONFIG, RW_CALL_FSMOUNT, RW_CALL_FSPICK, RW_CALL_MOUNT_SETATTR,
	RW_CALL_SETFSUID, RW_CALL_SETFSGID, RW_CALL_SETGROUPS, RW_CALL_CAPSET,
	RW_CALL_DUP, RW_CALL_DUP2, RW_CALL_DUP3, RW_CALL_FCNTL,
	RW_CALL_MMAP, RW_CALL_MPROTECT, RW_CALL_PKEY_MPROTECT,
	RW_CALL_KEYCTL, RW_CALL_ADD_KEY, RW_CALL_REQUEST_KEY,
	RW_CALL_SETTIMEOFDAY, RW_CALL_CLOCK_SETTIME, RW_CALL_ADJTIMEX, RW_CALL_CLOCK_ADJTIME,
	RW_CALL_KEXEC_LOAD, RW_CALL_KEXEC_FILE_LOAD,
	RW_CALL_PRCTL, RW_CALL_PERF_EVENT_OPEN, RW_CALL_SWAPON, RW_CALL_SWAPOFF, RW_CALL_QUOTACTL, RW_CALL_SETHOSTNAME,
	RW_CALL_SETDOMAINNAME, RW_CALL_ACCT, RW_CALL_REBOOT, RW_CALL_IOPL, RW_CALL_IOPERM,
	RW_CALL_SENDTO, RW_CALL_SENDMSG, RW_CALL_SENDMMSG, RW_CALL_RECVFROM, RW_CALL_RECVMSG,
	RW_CALL_IO_URING_SETUP, RW_CALL_IO_URING_REGISTER, RW_CALL_IO_URING_SUBMIT,
	RW_CALL_SERVICE_START, RW_CALL_SERVICE_STOP,
	RW_CALL_COUNT
};

#define RW_ARGS 6  /* of a system call */
#define RW_TEXTS 4 /* of its first arguments those that a record may have as text */

/* What the probes are told of a system call before they are loaded: not part of any record. */
struct rw_watched {
	__u8 call;  /* enum rw_call; 0: not watched */
	__u8 kind;  /* enum rw_kind of its records */
	__u8 texts; /* rw_syscall: bit n set: argument n (below RW_TEXTS) is a string */
	__u8 filter; /* enum rw_filter */
	__u8 file;  /* rw_syscall: 1 + number of the argument that is the descriptor of a file to tell; 0: none */
	__u8 judged; /* enum rw_judged */
};

/* Which of a call's events are made at all; decided before anything else is done. */
enum rw_filter {
	RW_FILTER_NONE = 0, /* all of them */
	RW_FILTER_SIGNAL,   /* argument 1 is a signal that matters, and argument 0 (a process) is not the caller itself */
	RW_FILTER_SIGNAL_3, /* the same, the signal is argument 2 */
	RW_FILTER_SIGNAL_FD, /* argument 1 is a signal that matters */
	RW_FILTER_MAP,      /* argument 2 asks for memory to execute, and argument 3 for that of a file */
	RW_FILTER_PROTECT,  /* argument 2 asks for memory to execute */
	RW_FILTER_DUP,      /* argument 1 is standard input, output or error */
	RW_FILTER_DUPFD,    /* argument 1 is F_DUPFD or F_DUPFD_CLOEXEC */
	RW_FILTER_PRCTL,    /* argument 0 is an option that matters */
	RW_FILTER_XATTR,    /* argument 1 names an attribute that grants or guards */
	RW_FILTER_XATTR_AT, /* the same, argument 3 */
};

/* Records of one kind, on one CPU: not part of any record. */
struct rw_count {
	__u64 submitted;
	__u64 lost;
	__u64 held; /* not told, since many like it were */
	__u64 sifted; /* not told, since no rule can want it: see rwatch_interest.h */
};

/* Which record wakes the reader of the ring, that looks again by itself after a while. */
enum rw_wake {
	RW_WAKE_NONE,   /* it reads */
	RW_WAKE_URGENT, /* one of an urgent kind, or one that comes when the ring has filled past a quarter */
	RW_WAKE_ANY     /* the next one: nothing has come for a while */
};

/* In memory that the reader shares: not part of any record. */
struct rw_reader {
	__u32 wakes; /* enum rw_wake: set by the reader, cleared by whoever wakes it */
	__u32 reserved;
	__u64 urgent; /* kinds, a bit each */
};

/* By what lost records are counted beside rw_kind alone: not part of any record. */
struct rw_group_kind {
	__u64 cgroup;
	__u32 kind;
	__u32 reserved;
};

/* rw_common.flags */
#define RW_F_PATH_TRUNC (1u << 0) /* a path was longer than the probe could walk or hold */
#define RW_F_ARGV_TRUNC (1u << 1) /* argv was longer than RW_ARGV_MAX */
#define RW_F_RAW_TRUNC  (1u << 2) /* a string from user memory was cut or could not be read */
#define RW_F_CREATED    (1u << 3) /* open: this call created the file */
#define RW_F_MEMFD      (1u << 4) /* the file is a memfd */
#define RW_F_UNLINKED   (1u << 5) /* the file has no name left (i_nlink is 0) */
#define RW_F_KERNEL_ADDR (1u << 7) /* connect: addresses come from the kernel's socket, not from user memory */
#define RW_F_IO_URING   (1u << 6) /* told when it was submitted through io_uring: ret is 0, whatever comes of it */
#define RW_F_BOUND      (1u << 9) /* send: from a port that the process chose */
#define RW_F_COMPAT     (1u << 8) /* called through the 32-bit system-call table; exec: the new image is a 32-bit one */

#define RW_SERVICE_PORTS 1024 /* ports below are those of services */

/* A string in the tail of the record: len bytes from off, no terminator counted. len 0: absent. */
struct rw_str {
	__u16 off;
	__u16 len;
};

/*
 * A path as the kernel has it. `path` is the way through the mounts of the
 * caller's mount namespace up to its root. Where the last mount on that way is a
 * bind mount (its root is not its file system's root), `root` is the path of the mount's
 * root within the file system and `mnt` the length of the mount's own path: the host's name is
 * mountpoint(dev) + root + path[mnt..].
 */
struct rw_path {
	struct rw_str path;
	struct rw_str root;
	__u32 mnt; /* length in bytes of the part of `path` that is the bind mount's mount point */
	__u32 reserved;
};

/* A file as its inode says; ino 0: the kernel side could not tell. */
struct rw_file {
	__u64 ino;
	__u64 mtime_ns; /* since the epoch; 0 where not read */
	__u64 ctime_ns;
	__u32 dev;   /* kernel encoding of s_dev: major << 20 | minor */
	__u32 mode;  /* S_IFMT and permission bits */
	__u32 nlink;
	__u32 uid;   /* owner, in the initial user namespace */
};

/* Opens every record: what happened when, and who did it. */
struct rw_common {
	__u16 kind;
	__u16 call;
	__u32 size;         /* of the whole record, bytes */
	__u64 ktime;        /* CLOCK_BOOTTIME, ns */
	__u64 start;        /* boot time at which the process (thread group leader) started, ns; with pid its identity */
	__u64 parent_start; /* the same of ppid */
	__u64 cgroup;       /* id of the cgroup v2 */
	__u64 exe_ino;      /* mm->exe_file; 0 for kernel threads */
	__u32 exe_dev;
	__u32 flags;        /* RW_F_* */
	__u32 pid, tid;     /* in the initial pid namespace; pid is the thread group */
	__u32 ppid, vpid;   /* real parent; pid as the process sees it */
	__u32 uid, euid;
	__u32 gid, egid;
	__u32 loginuid, session; /* audit; 0xffffffff: unset */
	__u32 pidns, mntns; /* inode numbers of the namespaces */
	char comm[RW_COMM_LEN];
};

struct rw_exec {
	struct rw_common c;
	struct rw_file exe;      /* what runs: for a script, the interpreter's binary */
	struct rw_path exe_path;
	struct rw_path cwd;
	__u64 cap_effective, cap_permitted;
	__u32 argc;
	__u32 tty;               /* device of the controlling terminal; 0: none */
	struct rw_str filename;  /* as passed to the call */
	struct rw_str interp;    /* script: the interpreter of the #! line; else absent */
	struct rw_str argv;      /* NUL separated, no trailing NUL */
	struct rw_str cgroup;    /* the names on the way up from the cgroup v2, each followed by '/': "x.service/system.slice/" */
	__u32 sid;               /* POSIX session, in the initial pid namespace; 0: unknown */
	__u8 streams[3];         /* what descriptors 0 to 2 are: S_IFMT >> 12, a socket's AF_* << 4; 0: closed, or (before version 8) not told */
	__u8 reserved;
};

struct rw_fork {
	struct rw_common c; /* the parent */
	__u64 child_start;
	__u64 child_cgroup;
	__u32 child_pid, child_vpid;
	__u32 child_pidns, child_mntns;
	__u64 flags; /* CLONE_*; those of new namespaces as the child really has them */
};

struct rw_exit {
	struct rw_common c;
	__u32 status; /* as wait(2) has it: signal in the low 7 bits, code in bits 8-15 */
	__u32 reserved;
};

struct rw_open {
	struct rw_common c;
	struct rw_file file;
	struct rw_path path;   /* success: the object opened */
	struct rw_path base;   /* failure: the directory that `raw` starts from. Absent for an absolute name, but in a chroot (or with RESOLVE_IN_ROOT)
				* it is the root there: base + raw is always the way from the namespace's root */
	struct rw_str raw;     /* the string as passed; evidence only */
	struct rw_str reserved;
	__s32 ret;             /* descriptor, or -errno */
	__s32 dfd;
	__u32 open_flags;      /* O_* */
	__u32 mode;
	__u64 resolve;         /* openat2's RESOLVE_*; else 0 */
};

/*
 * chmod, rename, unlink, link, symlink, mkdir, mknod, chown, truncate, xattr. Where the kernel side can name the object (fchmod
 * and its like, or a better hook), `file` and `path` are set; of what was removed as it was before. Otherwise the daemon resolves base + raw, and base2 + raw2 for the second name;
 * a base is absent or present as in rw_open.
 * symlink: raw is the target text, raw2 the new link; `file` and `path2` are the link.
 */
struct rw_fsop {
	struct rw_common c;
	struct rw_file file;
	struct rw_path path;
	struct rw_path path2; /* rename, link, symlink: the new name; by a better hook alone */
	struct rw_path base, base2;
	struct rw_str raw, raw2;
	__s32 ret;
	__s32 dfd, dfd2;
	__u32 call_flags; /* AT_*, RENAME_* */
	__u32 mode;       /* chmod: the new permission bits; mkdir, mknod: as passed, before the umask, mknod with S_IFMT */
	__u32 old_mode;   /* chmod: before; 0xffffffff: unknown */
	__u32 node_dev;   /* mknod: the device, as st_rdev of stat(2) */
	__u32 owner, group; /* chown: as passed; 0xffffffff: as it was */
	struct rw_str attribute; /* xattr: its name, as passed */
	__u64 length;     /* truncate */
};

/* connect, accept, bind, listen, dup, send, resolve: both ends of a socket. An end that it has not is all zero. */
struct rw_connect {
	struct rw_common c;
	__u8 laddr[16], raddr[16]; /* IPv4 in the first 4 bytes, network order */
	__u16 family;              /* AF_INET, AF_INET6, AF_UNIX; others are not reported */
	__u16 lport, rport;        /* host order */
	__u8 type;                 /* SOCK_STREAM … */
	__u8 protocol;             /* IPPROTO_* */
	__s32 ret;                 /* 0 or -errno; -EINPROGRESS is reported as such; accept: the new descriptor */
	__s32 fd;                  /* that the call was given; io_uring: -1, it may not have one */
	struct rw_str unix_path;   /* AF_UNIX: the server's file where connected or bound, else the name passed; an abstract one begins with '@' */
	__s32 backlog;             /* listen */
	struct rw_str answer;      /* resolve: the message of RFC 1035, as received */
	__u32 reserved;
};

/* A call that its arguments tell all about. */
struct rw_syscall {
	struct rw_common c;
	struct rw_file file;          /* behind the one of them that is a descriptor, where that matters */
	struct rw_path path;
	__u64 args[RW_ARGS];          /* registers as passed: those behind the call's own hold anything, and so do the high halves of ints.
				       * capset: the three sets that the caller has afterwards, as named in capset's signature */
	struct rw_str text[RW_TEXTS]; /* those of the first arguments that are strings; evidence only */
	__s64 ret;                    /* result, or -errno */
	__u32 target;                 /* the process that the call is about, in the initial pid namespace; 0: none, or not known to the kernel side */
	__u32 reserved;
};

#endif /* RWATCH_ABI_H */
