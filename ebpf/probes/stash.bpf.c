/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Keeps the arguments of a call from its start to its end, for kernels without bpf_task_pt_regs. One program on the
 * start of every watched call.
 */
#define RW_LEGACY
#include "../lib/filter.bpf.h"

SEC("tracepoint/syscalls/sys_enter_openat")
int on_enter_old(struct syscall_enter_ctx *ctx)
{
	const volatile struct rw_watched *watched = rw_watched_of(((struct syscall_trace_enter *)ctx)->nr);
	__u64 task = bpf_get_current_pid_tgid();
	struct rw_args args;

	/* By helper and not through ctx: a program that reads more of its context than a call has arguments can't be attached to that
	 * call (perf_event_set_bpf_prog). The kernel always hands over room for six; those a call does not have are not looked at. */
	bpf_probe_read_kernel(&args, sizeof(args), ctx->args);
	if (!rw_wanted(watched->filter, &args, rw_current()) || rw_is_own())
		return 0;
	bpf_map_update_elem(&rw_stash, &task, &args, BPF_ANY);
	return 0;
}
