/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * open in every variant, at its end: the descriptor table then holds the file that the kernel really opened.
 * Compiled twice: arguments from saved registers (modern), or kept by sys_enter (RW_LEGACY).
 */
#include "../lib/call.bpf.h"
#include "../lib/interest.bpf.h"
#include "../lib/task.bpf.h"

/* openat2's argument, include/uapi/linux/openat2.h */
struct rw_open_how {
	__u64 flags, mode, resolve;
};

#define O_WRONLY 01
#define O_CREAT 0100
#define O_TRUNC 01000

/* The variants' arguments in one form; gives the name's address, 0 for open_by_handle_at, which has none. */
static __always_inline __u64 rw_open_args(struct rw_open *open, struct rw_args *args)
{
	struct rw_open_how how = {};

	open->dfd = AT_FDCWD;
	switch (open->c.call) {
	case RW_CALL_OPEN:
		open->open_flags = args->a[1];
		open->mode = args->a[2];
		return args->a[0];
	case RW_CALL_CREAT:
		open->open_flags = O_CREAT | O_WRONLY | O_TRUNC;
		open->mode = args->a[1];
		return args->a[0];
	case RW_CALL_OPENAT:
		open->dfd = args->a[0];
		open->open_flags = args->a[2];
		open->mode = args->a[3];
		return args->a[1];
	case RW_CALL_OPENAT2:
		open->dfd = args->a[0];
		if (args->a[2] && open->ret != -EFAULT)
			bpf_probe_read_user(&how, sizeof(how), (void *)args->a[2]);
		open->open_flags = how.flags;
		open->mode = how.mode;
		open->resolve = how.resolve;
		return args->a[1];
	case RW_CALL_OPEN_BY_HANDLE_AT:
		open->dfd = args->a[0];
		open->open_flags = args->a[2];
		return 0;
	}
	return 0;
}

/* O_CREAT without a mode's meaning leaves rubbish in the register. */
static __always_inline void rw_tidy_mode(struct rw_open *open)
{
	/* O_TMPFILE's own bit, 020000000, too. */
	if (!(open->open_flags & (O_CREAT | 020000000)))
		open->mode = 0;
	open->mode &= 07777;
}

static __always_inline void rw_put_opened(struct rw_buf *buf, struct rw_open *open, struct file *file)
{
	if (rw_get(file, f_mode) & FMODE_CREATED)
		buf->flags |= RW_F_CREATED;
	rw_put_file(buf, &open->file, &open->path, file);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int RW_NAME(on_open)(struct syscall_trace_exit *ctx)
{
	struct task_struct *task = rw_current();
	struct rw_args args = {};
	enum rw_whose whose = rw_whose();
	struct rw_open *open;
	struct rw_buf *buf;
	struct file *file;
	__u64 name;

	if (whose == RW_OWN)
		return 0;
	file = ctx->ret >= 0 ? rw_file_of(task, ctx->ret) : NULL;
	buf = rw_buffer(RW_BUF_CALL);
	if (!buf)
		return 0;
	if (whose == RW_OTHERS && !rw_open_wanted(buf, task, file, rw_result(ctx->ret))) {
		rw_count_sifted(RW_OPEN);
		return 0;
	}
	if (!rw_take_args(&args))
		return 0;
	buf = rw_begin(RW_BUF_CALL, RW_OPEN, sizeof(*open));
	if (!buf)
		return 0;
	open = (struct rw_open *)buf->rec;
	rw_put_common(&open->c, task, RW_OPEN, rw_watched_of(ctx->nr)->call);
	open->ret = rw_result(ctx->ret);
	name = rw_open_args(open, &args);
	rw_tidy_mode(open);
	/* EFAULT: the name (or how) can't be read; trying it again would cost the call a fault. */
	if (open->ret != -EFAULT)
		rw_put_user(buf, &open->raw, name);
	if (file)
		rw_put_opened(buf, open, file);
	else if (open->ret < 0 && open->raw.len)
		rw_put_base(buf, &open->base, open->dfd,
			    rw_is_absolute(buf, &open->raw) && !(open->resolve & RESOLVE_IN_ROOT));
	rw_end(buf);
	return 0;
}
