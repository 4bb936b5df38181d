/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which system call a task is in, and its arguments. Numbers of calls come from user space in watched_calls, so that nothing
 * here depends on the architecture but the names of registers.
 */
#ifndef RWATCH_SYSCALLS_BPF_H
#define RWATCH_SYSCALLS_BPF_H

#include "core_compat.bpf.h"

#define RW_NR_COUNT 512 /* numbers of system calls; a power of two, so that a mask proves the index to the verifier */
#define TS_COMPAT 0x0002 /* arch/x86/include/asm/thread_info.h: in a 32-bit call */

/* By number of the native table; set before loading. */
extern const volatile struct rw_watched watched_calls[RW_NR_COUNT];

struct rw_args {
	__u64 a[RW_ARGS];
};

/* Registers as they were at the entry of the call; all but the return value keep them until its end. */
static __always_inline void rw_args_of(struct pt_regs *regs, struct rw_args *args)
{
#if defined(__TARGET_ARCH_x86)
	args->a[0] = rw_read(regs, di);
	args->a[1] = rw_read(regs, si);
	args->a[2] = rw_read(regs, dx);
	args->a[3] = rw_read(regs, r10);
	args->a[4] = rw_read(regs, r8);
	args->a[5] = rw_read(regs, r9);
#elif defined(__TARGET_ARCH_arm64)
	args->a[0] = rw_read(regs, orig_x0);
	args->a[1] = rw_read(regs, regs[1]);
	args->a[2] = rw_read(regs, regs[2]);
	args->a[3] = rw_read(regs, regs[3]);
	args->a[4] = rw_read(regs, regs[4]);
	args->a[5] = rw_read(regs, regs[5]);
#endif
}

/* True while a task of a 64-bit kernel is in a call of the 32-bit table. */
static __always_inline bool rw_in_compat(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return rw_read(task, thread_info.status) & TS_COMPAT;
#else
	return false;
#endif
}

static __always_inline const volatile struct rw_watched *rw_watched_of(__u32 nr)
{
	/* The mask bounds the index for the verifier; a larger number is of the x32 table, whose calls are the same below its marker bit. */
	return &watched_calls[nr & (RW_NR_COUNT - 1)];
}

/* The call that the task is in, for programs that no tracepoint of a call starts; NULL: none. Legacy kernels have no bpf_task_pt_regs: unknown. */
static __always_inline const volatile struct rw_watched *rw_current_watched(struct task_struct *task)
{
#if !defined(RW_LEGACY)
	struct pt_regs *regs;

	if ((rw_read(task, flags) & PF_KTHREAD) || rw_in_compat(task))
		return NULL;
	regs = (struct pt_regs *)bpf_task_pt_regs((struct task_struct *)bpf_get_current_task_btf());
#if defined(__TARGET_ARCH_x86)
	return rw_watched_of((__u32)rw_read(regs, orig_ax));
#else
	return rw_watched_of((__u32)rw_read(regs, syscallno));
#endif
#else
	return NULL;
#endif
}

static __always_inline __u16 rw_current_call(struct task_struct *task)
{
	const volatile struct rw_watched *watched = rw_current_watched(task);

	return watched ? watched->call : RW_CALL_NONE;
}

/* Arguments of a function, for a kprobe. */
#if defined(__TARGET_ARCH_x86)
#define RW_ARG0(regs) ((void *)(regs)->di)
#define RW_ARG1(regs) ((void *)(regs)->si)
#define RW_ARG2(regs) ((void *)(regs)->dx)
#define RW_ARG3(regs) ((void *)(regs)->cx)
#elif defined(__TARGET_ARCH_arm64)
#define RW_ARG0(regs) ((void *)((struct user_pt_regs *)(regs))->regs[0])
#define RW_ARG1(regs) ((void *)((struct user_pt_regs *)(regs))->regs[1])
#define RW_ARG2(regs) ((void *)((struct user_pt_regs *)(regs))->regs[2])
#define RW_ARG3(regs) ((void *)((struct user_pt_regs *)(regs))->regs[3])
#endif

#endif /* RWATCH_SYSCALLS_BPF_H */
