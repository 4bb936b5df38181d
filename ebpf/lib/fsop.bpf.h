/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The arguments of calls that change names, or what files have beside their contents: where in which call they stand.
 */
#ifndef RWATCH_FSOP_BPF_H
#define RWATCH_FSOP_BPF_H

#include "call.bpf.h"

/* Two names at most: where they start from, and the strings' addresses. */
struct rw_names {
	__u64 name, name2;
	__s32 fd;
	bool is_fd;   /* the first object is the file behind fd */
	bool is_text; /* the first name is a symbolic link's text */
	__u64 attribute;
};

/* The object is the descriptor that the call begins with. */
static __always_inline void rw_set_fd(struct rw_fsop *op, struct rw_args *args, struct rw_names *names)
{
	op->dfd = args->a[0];
	names->fd = op->dfd;
	names->is_fd = true;
}

static __always_inline void rw_chmod_args(struct rw_fsop *op, struct rw_args *args, struct rw_names *names)
{
	switch (op->c.call) {
	case RW_CALL_CHMOD:
		names->name = args->a[0];
		op->mode = args->a[1] & 07777;
		return;
	case RW_CALL_FCHMOD:
		rw_set_fd(op, args, names);
		op->mode = args->a[1] & 07777;
		return;
	case RW_CALL_FCHMODAT2:
		op->call_flags = args->a[3];
	}
	op->dfd = args->a[0];
	names->name = args->a[1];
	op->mode = args->a[2] & 07777;
}

/* Those with a directory before each name, and those without. */
static __always_inline void rw_two_args(struct rw_fsop *op, struct rw_args *args, struct rw_names *names)
{
	if (op->c.call == RW_CALL_RENAME || op->c.call == RW_CALL_LINK) {
		names->name = args->a[0];
		names->name2 = args->a[1];
		return;
	}
	op->dfd = args->a[0];
	names->name = args->a[1];
	op->dfd2 = args->a[2];
	names->name2 = args->a[3];
	if (op->c.call != RW_CALL_RENAMEAT)
		op->call_flags = args->a[4];
}

/* mkdir, mknod; both without and with a directory. */
static __always_inline void rw_make_args(struct rw_fsop *op, struct rw_args *args, struct rw_names *names)
{
	__u32 first = op->c.call == RW_CALL_MKDIRAT || op->c.call == RW_CALL_MKNODAT;

	if (first)
		op->dfd = args->a[0];
	names->name = first ? args->a[1] : args->a[0];
	op->mode = first ? args->a[2] : args->a[1];
	if (op->c.kind == RW_MKDIR) {
		op->mode &= 07777;
		return;
	}
	op->mode &= S_IFMT | 07777;
	op->node_dev = first ? args->a[3] : args->a[2];
}

static __always_inline void rw_chown_args(struct rw_fsop *op, struct rw_args *args, struct rw_names *names)
{
	__u32 first = op->c.call == RW_CALL_FCHOWNAT;

	if (op->c.call == RW_CALL_FCHOWN)
		rw_set_fd(op, args, names);
	else
		names->name = first ? args->a[1] : args->a[0];
	op->owner = first ? args->a[2] : args->a[1];
	op->group = first ? args->a[3] : args->a[2];
	if (first) {
		op->dfd = args->a[0];
		op->call_flags = args->a[4];
	}
	if (op->c.call == RW_CALL_LCHOWN)
		op->call_flags = AT_SYMLINK_NOFOLLOW;
}

static __always_inline void rw_truncate_args(struct rw_fsop *op, struct rw_args *args, struct rw_names *names)
{
	op->length = args->a[1];
	if (op->c.call == RW_CALL_FTRUNCATE)
		rw_set_fd(op, args, names);
	else
		names->name = args->a[0];
}

static __always_inline void rw_xattr_args(struct rw_fsop *op, struct rw_args *args, struct rw_names *names)
{
	switch (op->c.call) {
	case RW_CALL_SETXATTRAT:
	case RW_CALL_REMOVEXATTRAT:
		op->dfd = args->a[0];
		names->name = args->a[1];
		op->call_flags = args->a[2];
		names->attribute = args->a[3];
		return;
	case RW_CALL_FSETXATTR:
	case RW_CALL_FREMOVEXATTR:
		rw_set_fd(op, args, names);
		break;
	case RW_CALL_LSETXATTR:
	case RW_CALL_LREMOVEXATTR:
		op->call_flags = AT_SYMLINK_NOFOLLOW;
		names->name = args->a[0];
		break;
	default:
		names->name = args->a[0];
	}
	names->attribute = args->a[1];
}

static __always_inline void rw_fsop_args(struct rw_fsop *op, struct rw_args *args, struct rw_names *names)
{
	op->dfd = AT_FDCWD;
	op->dfd2 = AT_FDCWD;
	switch (op->c.kind) {
	case RW_CHMOD:
		rw_chmod_args(op, args, names);
		return;
	case RW_RENAME:
	case RW_LINK:
		rw_two_args(op, args, names);
		return;
	case RW_UNLINK:
		if (op->c.call != RW_CALL_UNLINKAT) {
			names->name = args->a[0];
			return;
		}
		op->dfd = args->a[0];
		names->name = args->a[1];
		op->call_flags = args->a[2];
		return;
	case RW_SYMLINK:
		names->is_text = true;
		names->name = args->a[0];
		names->name2 = args->a[1];
		if (op->c.call == RW_CALL_SYMLINKAT) {
			op->dfd2 = args->a[1];
			names->name2 = args->a[2];
		}
		return;
	case RW_MKDIR:
	case RW_MKNOD:
		rw_make_args(op, args, names);
		return;
	case RW_CHOWN:
		rw_chown_args(op, args, names);
		return;
	case RW_TRUNCATE:
		rw_truncate_args(op, args, names);
		return;
	case RW_XATTR:
		rw_xattr_args(op, args, names);
		return;
	}
}

#endif /* RWATCH_FSOP_BPF_H */
