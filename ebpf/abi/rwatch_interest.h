/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What rwatchd tells the probes of the calls that its rules may want: not part of any record. Everything here errs on the side of sending: what
 * is not known, or can't be judged, is wanted. docs/architecture.md says how it is made and why it holds.
 */
#ifndef RWATCH_INTEREST_H
#define RWATCH_INTEREST_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* Opens are told apart by what the kernel sees of them for nothing; a bit each in the masks below. */
enum rw_open_class {
	RW_OPEN_READ,      /* read only, of what is no directory */
	RW_OPEN_DIRECTORY, /* read only, of a directory */
	RW_OPEN_PATH,      /* neither to read nor to write (O_PATH) */
	RW_OPEN_WRITE,     /* to write, of what was there */
	RW_OPEN_CREATE,    /* made by this call, whatever for */
	RW_OPEN_PROGRAM,   /* the same, and with a bit of 07111 in its mode */
	RW_OPEN_REFUSED,   /* EACCES or EPERM */
	RW_OPEN_FAILED,    /* other errors */
	RW_OPEN_CLASSES
};

#define RW_SYMBOLS 62 /* bytes of a path in groups: letters in either case are one, see rw_symbols */
#define RW_SYMBOL_END 0 /* behind the last byte */

/* What another call than an open is judged by beside its outcome: a value that the kernel knows for nothing. */
enum rw_judged {
	RW_JUDGED_NOT,    /* it always comes */
	RW_JUDGED_OUTCOME, /* by nothing else */
	RW_JUDGED_ARG0,   /* by that argument: a small number */
	RW_JUDGED_ARG1,
	RW_JUDGED_ARG2,
	RW_JUDGED_SOCKET, /* socket(2): by family and type */
	RW_JUDGED_MODE,   /* chmod: by the permission bits that it gave, or where it failed was to give */
	RW_JUDGED_PEER    /* by what kind of address the socket has, and the server's port */
};

enum rw_outcome {
	RW_OUTCOME_DONE,
	RW_OUTCOME_BEGUN,   /* EINPROGRESS */
	RW_OUTCOME_REFUSED, /* EACCES or EPERM */
	RW_OUTCOME_FAILED,  /* other errors */
	RW_OUTCOMES
};
#define RW_LAST_ERRNO 133 /* what fails otherwise is wanted */

#define RW_CALL_ROWS 256      /* a power of two above RW_CALL_COUNT */
#define RW_VALUES 64          /* classes of what a call is judged by; the last of arguments: 63 or more */
#define RW_SOCKET_FAMILIES 64 /* calls with others are wanted … */
#define RW_SOCKET_TYPES 16    /* … and so are those with bits beside a type and its two flags */
#define RW_MODES 4096
#define RW_PORTS 65536
#define RW_PORT_CLASSES 8

enum rw_peer_group { RW_PEER_UNIX, RW_PEER_TCP4, RW_PEER_UDP4, RW_PEER_OTHER4, RW_PEER_TCP6, RW_PEER_UDP6, RW_PEER_OTHER6, RW_PEER_GROUPS };

/* Which calls are wanted. For each, by the class of its value (of a peer 8 times the group plus the port's class), a bit for each outcome; and
 * in the upper half bits for those that are wanted of programs only which rw_exes marks (RW_EXE_CALLS), or does not know. */
struct rw_calls {
	__u8 wanted[RW_CALL_ROWS][RW_VALUES]; /* by enum rw_call */
	__u8 sockets[RW_SOCKET_FAMILIES * RW_SOCKET_TYPES]; /* class by family and type */
	__u8 modes[RW_MODES];
	__u8 ports[RW_PORTS];
};
#define RW_EXE_CALLS RW_OPEN_CLASSES /* a bit of rw_exe_interest.classes behind those of opens */

/* A state of the automaton that finds the rules' texts in a path. */
struct rw_state {
	__u16 next[RW_SYMBOLS];
	__u16 hits; /* classes of the texts that end here */
	__u16 live; /* classes that can still be hit from here */
};

struct rw_interest {
	__u64 generation; /* another one for each set of rules */
	__u32 on;         /* 0: everything is wanted */
	__u32 first;      /* where the states of this generation begin in rw_states */
	__u32 count;      /* of them */
	__u32 start;      /* the one that a path begins in, from `first` */
	__u32 always;     /* classes wanted whatever their path */
	__u32 by_path;    /* classes wanted where the automaton hits */
	__u32 by_exe;     /* classes wanted of the programs that rw_exes says, or does not know */
	__u32 keep_modes; /* of files made, in rw_made: no hook tells the mode before a chmod by name */
	__u32 reserved;
	__u32 twice;      /* some file system is mounted at two places of the host: rw_files is asked whatever the mount */
	__u64 mounts;     /* changes of mounts that `twice` takes into account */
};

/* What probes count, that judgements depend on. */
struct rw_changes {
	__u64 names;  /* directories may be called otherwise since: renames and changes of mounts */
	__u64 mounts; /* changes of mounts */
	__u64 made;   /* modes put into rw_made, which forgets what was put there long before */
	__u64 until;  /* boot clock, ns: a rename that was handed to io_uring may happen up to then; 0: none */
};

/* Of a file or a program. */
struct rw_file_key {
	__u64 ino;
	__u64 dev; /* kernel encoding */
};

struct rw_exe_interest {
	__u64 generation; /* another one than rw_interest's: not known */
	__u64 classes;
};

/* A file was made with this mode, and no record of it. */
struct rw_made_file {
	__u64 ktime; /* boot clock, ns */
	__u32 mode;  /* permission bits */
	__u32 reserved;
};

/* A file system, as a whole mounted somewhere on the host: where the name of that place leads the automaton. By device. */
struct rw_filesystem {
	__u64 generation;
	__u32 state;
	__u32 hits;
};

/* A directory: by the mount through which it was reached, or (mnt and ns 0) within its file system. */
struct rw_directory_key {
	__u64 ino;
	__u64 mnt; /* address, within the mount namespace … */
	__u64 ns;  /* … of this number, that no other one ever has */
	__u32 dev;
	__u32 inode_generation; /* numbers are given again to new directories */
};

/* Where its path leads the automaton, the slash behind it included. */
struct rw_directory {
	__u64 generation;
	__u64 names;
	__u32 state;
	__u32 hits;
};

#endif /* RWATCH_INTEREST_H */
