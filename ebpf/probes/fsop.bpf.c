/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Names and what files have beside their contents: chmod, chown, truncate, attributes, rename, unlink, link, symlink, mkdir, mknod at their
 * end. A descriptor gives the object exactly; for a name the record has where the name starts from and the name, and the daemon resolves it.
 */
#include "../lib/filter.bpf.h"
#include "../lib/fsop.bpf.h"
#include "../lib/judge.bpf.h"
#include "../lib/object.bpf.h"

#define RW_UNKNOWN_MODE 0xffffffff

/* What was seen before a fchmod must not be taken for what was before another one, that nothing was kept of. */
static __always_inline void rw_forget_mode(void)
{
	__u64 key = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&rw_modes, &key);
}

/* fchmod and its like, and an empty name with AT_EMPTY_PATH: the descriptor is the object. */
static __always_inline void rw_put_fd_object(struct rw_buf *buf, struct rw_fsop *op, __s32 fd, struct task_struct *task)
{
	struct file *file = rw_file_of(task, fd);
	struct rw_mode_before *before;
	__u64 key;

	if (!file)
		return;
	rw_put_file(buf, &op->file, &op->path, file);
	if (op->c.kind != RW_CHMOD)
		return;
	key = bpf_get_current_pid_tgid();
	before = op->c.call == RW_CALL_FCHMOD ? bpf_map_lookup_elem(&rw_modes, &key) : NULL;
	/* Another thread may have put another file behind the descriptor meanwhile. */
	if (before && (before->ino != op->file.ino || before->dev != op->file.dev))
		return;
	if (before)
		op->old_mode = before->mode & 07777;
	if (op->ret == 0)
		op->mode = op->file.mode & 07777;
}

#define RW_FD_DIGITS 7 /* of a descriptor's number */

/*
 * The descriptor that "/proc/self/fd/3", "/proc/thread-self/fd/3" or "/dev/fd/3" leads to; -1 where the name is none of these. Such a name means
 * nothing any more when the process is gone, which may be before the daemon looks.
 */
rw_function int rw_named_fd(struct rw_buf *buf, struct rw_str *str)
{
	char name[sizeof("/proc/thread-self/fd/") + RW_FD_DIGITS] = {};
	__u32 off, at, fd = 0;

	if (!buf || !str)
		return -1;
	off = str->off;
	/* The bound keeps the read inside rec for the verifier; what lies behind the name is its NUL or rubbish that no digit follows. */
	if (str->len < sizeof("/dev/fd/") || off > RW_RECORD_MAX - RW_CHUNK)
		return -1;
	bpf_probe_read_kernel(name, sizeof(name), &buf->rec[off]);
	at = rw_begins(name, "/proc/self/fd/", 14) ?: rw_begins(name, "/dev/fd/", 8) ?: rw_begins(name, "/proc/thread-self/fd/", 21);
	if (!at)
		return -1;
	if (str->len > at + RW_FD_DIGITS)
		return -1;
	for (__u32 i = 0; i < RW_FD_DIGITS; i++) {
		__u32 place = at + i;

		/* place < sizeof(name), which the verifier does not see through the three ways above. */
		if (place >= str->len || place >= sizeof(name))
			break;
		if (name[place] < '0' || name[place] > '9')
			return -1;
		fd = fd * 10 + (name[place] - '0');
	}
	return fd;
}

/* Calls that change a file follow such a name, and link may be told to. */
static __always_inline void rw_look_for_fd(struct rw_buf *buf, struct rw_fsop *op, struct rw_names *names)
{
	bool changes = op->c.kind == RW_CHMOD || op->c.kind == RW_CHOWN || op->c.kind == RW_TRUNCATE || op->c.kind == RW_XATTR;
	bool followed = changes ? !(op->call_flags & AT_SYMLINK_NOFOLLOW) : op->c.kind == RW_LINK && (op->call_flags & AT_SYMLINK_FOLLOW);
	int fd = followed ? rw_named_fd(buf, &op->raw) : -1;

	if (fd < 0)
		return;
	names->fd = fd;
	names->is_fd = true;
}

static __always_inline void rw_put_names(struct rw_buf *buf, struct rw_fsop *op, struct rw_names *names)
{
	rw_put_user(buf, &op->raw, names->name);
	rw_put_user(buf, &op->raw2, names->name2);
	rw_put_user(buf, &op->attribute, names->attribute);
	if (!op->raw.len && (op->call_flags & AT_EMPTY_PATH) && op->c.kind != RW_RENAME) {
		names->fd = op->dfd;
		names->is_fd = true;
	}
	rw_look_for_fd(buf, op, names);
	if (!names->is_fd && !names->is_text)
		rw_put_base(buf, &op->base, op->dfd, rw_is_absolute(buf, &op->raw));
	if (names->name2)
		rw_put_base(buf, &op->base2, op->dfd2, rw_is_absolute(buf, &op->raw2));
}

/* What a hook on the way has seen of the call's object: better than any name or descriptor that could be looked at now. */
static __always_inline bool rw_put_object(struct rw_buf *buf, struct rw_fsop *op)
{
#ifdef RW_LEGACY
	return false;
#else
	struct rw_object *object = rw_object_of(op->c.kind);
	struct dentry *dentry;
	struct inode *inode;

	if (!object)
		return false;
	dentry = (struct dentry *)object->object;
	/* As it is now, where its dentry still leads to the file; what was removed or hidden since as it was before. */
	inode = rw_get(dentry, d_inode);
	if (inode && (!object->file.ino || rw_get(inode, i_ino) == object->file.ino))
		rw_put_inode(buf, &op->file, inode);
	else
		op->file = object->file;
	rw_put_entry(buf, op->c.kind == RW_SYMLINK ? &op->path2 : &op->path, &object->at);
	if (object->to.dentry)
		rw_put_entry(buf, &op->path2, &object->to);
	if (op->c.kind == RW_CHMOD) {
		op->old_mode = object->file.mode & 07777;
		if (op->ret == 0)
			op->mode = op->file.mode & 07777;
	}
	return true;
#endif
}

/* What was renamed, where no hook on the way has seen that it is none. */
static __always_inline bool rw_may_be_directory(__u32 kind)
{
#ifndef RW_LEGACY
	struct rw_object *object = rw_object_of(kind);

	return !object || !object->file.ino || (object->file.mode & S_IFMT) == S_IFDIR;
#else
	return true;
#endif
}

static __always_inline __u32 rw_asked_mode(__u32 call, struct rw_args *args)
{
	return (call == RW_CALL_CHMOD || call == RW_CALL_FCHMOD ? args->a[1] : args->a[2]) & 07777;
}

/* What a chmod has changed; NULL where that is not known, or may be another file by now. */
static __always_inline struct inode *rw_changed_inode(__u32 call, struct rw_args *args, struct task_struct *task)
{
	struct file *file = NULL;
#ifndef RW_LEGACY
	struct rw_object *object = rw_object_of(RW_CHMOD);
	struct inode *inode = object ? rw_get((struct dentry *)object->object, d_inode) : NULL;

	if (object)
		return inode && rw_get(inode, i_ino) == object->file.ino ? inode : NULL;
#endif
	if (call == RW_CALL_FCHMOD)
		file = rw_file_of(task, args->a[0]);
	return file ? rw_get(file, f_inode) : NULL;
}

/* A chmod is judged by the mode that was asked for, and by the one that the file has now. */
static __always_inline bool rw_chmod_wanted(__u32 call, struct rw_args *args, struct task_struct *task, __s32 ret)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct rw_mode_before *before;
	struct rw_interest *in;
	struct inode *inode;
	__u32 zero = 0;

	if (rw_call_wanted(call, RW_JUDGED_MODE, rw_asked_mode(call, args), ret))
		return true;
	if (ret < 0)
		return false;
	inode = rw_changed_inode(call, args, task);
	if (!inode || rw_call_wanted(call, RW_JUDGED_MODE, rw_get(inode, i_mode) & 07777, ret))
		return true;
	in = bpf_map_lookup_elem(&rw_interests, &zero);
	if (!in || !in->keep_modes)
		return false;
	/* The daemon may know the file as a program, and what is kept here is forgotten in time. */
	before = bpf_map_lookup_elem(&rw_modes, &key);
	return (call == RW_CALL_FCHMOD && before && before->mode & 07111) || rw_keep_mode(inode);
}

/* False where no rule can want it, and nothing else rests on it. */
static __always_inline bool rw_fsop_wanted(const volatile struct rw_watched *watched, struct rw_args *args, struct task_struct *task, __s32 ret)
{
	if (watched->kind == RW_CHMOD ? rw_chmod_wanted(watched->call, args, task, ret) : rw_call_wanted(watched->call, watched->judged, 0, ret))
		return true;
	rw_count_sifted(watched->kind);
	return false;
}

SEC("tracepoint/syscalls/sys_exit_fchmodat")
int RW_NAME(on_fsop)(struct syscall_trace_exit *ctx)
{
	const volatile struct rw_watched *watched = rw_watched_of(ctx->nr);
	struct task_struct *task = rw_current();
	struct rw_names names = {};
	struct rw_args args = {};
	struct rw_fsop *op;
	struct rw_buf *buf;

	if (!rw_take_wanted(watched->filter, &args, task))
		return 0;
	/* Where the attribute's name can't be read there is nothing to tell it by. */
	if (watched->filter == RW_FILTER_XATTR && (ctx->ret == -EFAULT || !rw_attribute_matters(args.a[1])))
		return 0;
	if (watched->filter == RW_FILTER_XATTR_AT && (ctx->ret == -EFAULT || !rw_attribute_matters(args.a[3])))
		return 0;
	if (watched->kind == RW_RENAME && !ctx->ret && rw_may_be_directory(RW_RENAME))
		rw_names_changed(false);
	buf = rw_fsop_wanted(watched, &args, task, rw_result(ctx->ret)) ? rw_begin(RW_BUF_CALL, watched->kind, sizeof(*op)) : NULL;
	if (!buf) {
		rw_forget_object();
		if (watched->call == RW_CALL_FCHMOD)
			rw_forget_mode();
		return 0;
	}
	op = (struct rw_fsop *)buf->rec;
	rw_put_common(&op->c, task, watched->kind, watched->call);
	op->ret = rw_result(ctx->ret);
	op->old_mode = RW_UNKNOWN_MODE;
	rw_fsop_args(op, &args, &names);
	/* EFAULT: a name can't be read; trying it again would cost the call a fault. */
	if (op->ret != -EFAULT)
		rw_put_names(buf, op, &names);
	if (rw_put_object(buf, op))
		rw_forget_object();
	else if (names.is_fd)
		rw_put_fd_object(buf, op, names.fd, task);
	rw_end(buf);
	if (watched->call == RW_CALL_FCHMOD)
		rw_forget_mode();
	return 0;
}

/* Before fchmod: the mode that it is about to replace, where it may be told. */
SEC("tracepoint/syscalls/sys_enter_fchmod")
int RW_NAME(on_fchmod)(struct syscall_enter_ctx *ctx)
{
	struct task_struct *task = rw_current();
	__u64 key = bpf_get_current_pid_tgid();
	struct rw_mode_before before = {};
	__u32 mode = ctx->args[1] & 07777;
	struct inode *inode;
	struct file *file;

	if (rw_is_own())
		return 0;
	file = rw_file_of(task, (__u32)ctx->args[0]);
	if (!file)
		return 0;
	inode = rw_get(file, f_inode);
	before.ino = rw_get(inode, i_ino);
	before.dev = rw_get(inode, i_sb, s_dev);
	before.mode = rw_get(inode, i_mode);
	if (!((mode | before.mode) & 07111) && !rw_call_wanted(RW_CALL_FCHMOD, RW_JUDGED_MODE, mode, 0))
		return 0;
	bpf_map_update_elem(&rw_modes, &key, &before, BPF_ANY);
	return 0;
}
