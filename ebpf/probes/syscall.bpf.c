/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Calls that their arguments tell all about, at their end: identity, namespaces, mounts, modules, tracing, sockets. One program for all of
 * them; which arguments are strings comes from user space with the number of the call.
 */
#include "../lib/call.bpf.h"
#include "../lib/task.bpf.h"

SEC("tracepoint/syscalls/sys_exit_socket")
int RW_NAME(on_syscall)(struct syscall_trace_exit *ctx)
{
	const volatile struct rw_watched *watched = rw_watched_of(ctx->nr);
	struct task_struct *task = rw_current();
	struct rw_args args = {};
	struct rw_syscall *call;
	struct rw_buf *buf;
	__u32 texts;

	if (rw_is_own() || !rw_take_args(&args))
		return 0;
	buf = rw_begin(RW_BUF_CALL, watched->kind, sizeof(*call));
	if (!buf)
		return 0;
	call = (struct rw_syscall *)buf->rec;
	rw_put_common(&call->c, task, watched->kind, watched->call);
	call->ret = rw_result(ctx->ret);
	__builtin_memcpy(call->args, args.a, sizeof(call->args));
	texts = watched->texts;
	/* EFAULT: a string can't be read; trying it again would cost the call a fault. */
	if (call->ret != -EFAULT) {
		if (texts & 1)
			rw_put_user(buf, &call->text[0], args.a[0]);
		if (texts & 2)
			rw_put_user(buf, &call->text[1], args.a[1]);
		if (texts & 4)
			rw_put_user(buf, &call->text[2], args.a[2]);
	}
	rw_end(buf);
	return 0;
}
