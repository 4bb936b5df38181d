/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What rwatchd tells the probes of the opens that its rules may want: not part of any record. Everything here errs on the side of sending: what
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

#define RW_SOCKET_FAMILIES 64 /* calls with others are wanted … */
#define RW_SOCKET_TYPES 16    /* … and so are those with bits beside a type and its two flags */

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
	__u32 sockets[RW_SOCKET_FAMILIES]; /* calls of socket(2) that are wanted: by family a bit for each type, the upper half for those that failed */
};

/* What probes count, that judgements depend on. */
struct rw_changes {
	__u64 names;  /* directories may be called otherwise since: renames and changes of mounts */
	__u64 mounts; /* changes of mounts */
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
