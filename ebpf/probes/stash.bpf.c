/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Keeps the arguments of a call from its start to its end, for kernels without bpf_task_pt_regs. One program on the
 * start of every watched call.
 */
#define RW_LEGACY
#include "../lib/call.bpf.h"

SEC("tracepoint/syscalls/sys_enter_openat")
int on_enter_old(struct syscall_trace_enter *ctx)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct rw_args args;

	if (rw_is_own())
		return 0;
	for (int i = 0; i < 6; i++) /* fixed, and unrolled by the compiler: the context takes constant offsets only */
		args.a[i] = ctx->args[i];
	bpf_map_update_elem(&rw_stash, &task, &args, BPF_ANY);
	return 0;
}
