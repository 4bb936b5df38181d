/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Calls that their arguments tell all about, at their end: identity, namespaces, mounts, modules, tracing, sockets. One program for all of
 * them; which arguments are strings comes from user space with the number of the call.
 */
#include "../lib/filter.bpf.h"
#include "../lib/judge.bpf.h"

/* The process behind a descriptor of one. Errors that a call on anything else has end here. */
static __always_inline __u32 rw_pid_of_fd(struct task_struct *task, __u32 fd, __s32 ret)
{
	struct file *file = ret < 0 && ret != -EPERM ? NULL : rw_file_of(task, fd);
	struct pid *pid;

	if (!file)
		return 0;
	pid = get_pid_of_file(file);
	return pid ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
}

/* Whom the call is about. A number that the caller passed means something else in a pid namespace of its own, and is not told there. */
static __always_inline __u32 rw_target(struct rw_syscall *call, struct task_struct *task)
{
	__s32 pid = 0;

	switch (call->c.call) {
	case RW_CALL_PIDFD_SEND_SIGNAL:
	case RW_CALL_PIDFD_GETFD:
		return rw_pid_of_fd(task, call->args[0], call->ret);
	case RW_CALL_PTRACE:
		pid = call->args[1];
		break;
	case RW_CALL_KILL:
	case RW_CALL_TKILL:
	case RW_CALL_TGKILL:
	case RW_CALL_RT_SIGQUEUEINFO:
	case RW_CALL_RT_TGSIGQUEUEINFO:
	case RW_CALL_PROCESS_VM_READV:
	case RW_CALL_PROCESS_VM_WRITEV:
		pid = call->args[0];
		break;
	}
	return pid > 0 && call->c.pid == call->c.vpid ? pid : 0;
}

static __always_inline void rw_put_capabilities(struct rw_syscall *call, struct task_struct *task)
{
	const struct cred *cred = rw_read(task, cred);

	bpf_core_read(&call->args[0], sizeof(__u64), &cred->cap_inheritable);
	bpf_core_read(&call->args[1], sizeof(__u64), &cred->cap_permitted);
	bpf_core_read(&call->args[2], sizeof(__u64), &cred->cap_effective);
}

/* Which of the arguments are strings. */
static __always_inline __u32 rw_texts(const volatile struct rw_watched *watched, struct rw_args *args)
{
	if (watched->call == RW_CALL_PRCTL && args->a[0] != PR_SET_NAME)
		return 0;
	return watched->texts;
}

static __always_inline void rw_put_argument_file(struct rw_buf *buf, struct rw_syscall *call, struct task_struct *task, __u32 fd)
{
	struct file *file = rw_file_of(task, fd);

	if (file)
		rw_put_file(buf, &call->file, &call->path, file);
}

SEC("tracepoint/syscalls/sys_exit_socket")
int RW_NAME(on_syscall)(struct syscall_trace_exit *ctx)
{
	const volatile struct rw_watched *watched = rw_watched_of(ctx->nr);
	struct task_struct *task = rw_current();
	struct rw_args args = {};
	struct rw_syscall *call;
	struct rw_buf *buf;
	__u32 texts;

	if (!rw_take_wanted(watched->filter, &args, task))
		return 0;
	if (watched->kind == RW_MOUNT && ctx->ret >= 0)
		rw_names_changed(true);
	if (!rw_call_wanted(watched->call, watched->judged, rw_value_of(watched->judged, &args), ctx->ret < 0 ? rw_result(ctx->ret) : 0)) {
		rw_count_sifted(watched->kind);
		return 0;
	}
	buf = rw_begin(RW_BUF_CALL, watched->kind, sizeof(*call));
	if (!buf)
		return 0;
	call = (struct rw_syscall *)buf->rec;
	rw_put_common(&call->c, task, watched->kind, watched->call);
	call->ret = ctx->ret < 0 ? rw_result(ctx->ret) : ctx->ret;
	__builtin_memcpy(call->args, args.a, sizeof(call->args));
	call->target = rw_target(call, task);
	if (watched->call == RW_CALL_CAPSET)
		rw_put_capabilities(call, task);
	texts = rw_texts(watched, &args);
	/* EFAULT: a string can't be read; trying it again would cost the call a fault. */
	if (call->ret != -EFAULT) {
		if (texts & 1)
			rw_put_user(buf, &call->text[0], args.a[0]);
		if (texts & 2)
			rw_put_user(buf, &call->text[1], args.a[1]);
		if (texts & 4)
			rw_put_user(buf, &call->text[2], args.a[2]);
		if (texts & 8)
			rw_put_user(buf, &call->text[3], args.a[3]);
	}
	if (watched->file == 1)
		rw_put_argument_file(buf, call, task, args.a[0]);
	else if (watched->file == 5)
		rw_put_argument_file(buf, call, task, args.a[4]);
	rw_end(buf);
	return 0;
}
