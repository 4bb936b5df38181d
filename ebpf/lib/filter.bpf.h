/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which calls are reported at all. Frequent calls are sifted here before anything else is done for them.
 */
#ifndef RWATCH_FILTER_BPF_H
#define RWATCH_FILTER_BPF_H

#include "call.bpf.h"
#include "task.bpf.h"

/* Signals that end, stop or steer a process. Not the null signal, nor what the Go runtime, terminals and children send all day. */
#define RW_SIGNALS_OFTEN (1ull << 0 | 1ull << 17 /* SIGCHLD */ | 1ull << 23 /* SIGURG */ | 1ull << 28 /* SIGWINCH */)

static __always_inline bool rw_signal_matters(__u32 signal)
{
	return !(RW_SIGNALS_OFTEN >> (signal & 63) & 1);
}

static __always_inline bool rw_is_self(__u32 pid, struct task_struct *task)
{
	__u32 ns;

	return pid == rw_tgid_in_ns(task, &ns);
}

#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20
#define PR_SET_NAME 15
#define F_DUPFD 0
#define F_DUPFD_CLOEXEC 1030

/* Another name, and what changes who may look into a process, what its image is said to be, or what it keeps of its rights. */
static __always_inline bool rw_option_matters(__u32 option, struct task_struct *task)
{
	switch (option) {
	case PR_SET_NAME: /* of threads: pools name them all day */
		return rw_read(task, pid) == rw_read(task, tgid);
	case 4: /* PR_SET_DUMPABLE */
	case 8: /* PR_SET_KEEPCAPS */
	case 28: /* PR_SET_SECUREBITS */
	case 35: /* PR_SET_MM */
	case 36: /* PR_SET_CHILD_SUBREAPER */
	case 47: /* PR_CAP_AMBIENT */
	case 0x59616d61: /* PR_SET_PTRACER */
		return true;
	}
	return false;
}

/* False for what is not reported, by the registers alone. */
static __always_inline bool rw_wanted(__u8 filter, struct rw_args *args, struct task_struct *task)
{
	switch (filter) {
	case RW_FILTER_SIGNAL:
		return rw_signal_matters(args->a[1]) && !rw_is_self(args->a[0], task);
	case RW_FILTER_SIGNAL_3:
		return rw_signal_matters(args->a[2]) && !rw_is_self(args->a[0], task);
	case RW_FILTER_SIGNAL_FD:
		return rw_signal_matters(args->a[1]);
	case RW_FILTER_MAP:
		return (args->a[2] & PROT_EXEC) && !(args->a[3] & MAP_ANONYMOUS);
	case RW_FILTER_PROTECT:
		return args->a[2] & PROT_EXEC;
	case RW_FILTER_DUP:
		return (__u32)args->a[1] <= 2;
	case RW_FILTER_DUPFD:
		return (__u32)args->a[1] == F_DUPFD || (__u32)args->a[1] == F_DUPFD_CLOEXEC;
	case RW_FILTER_PRCTL:
		return rw_option_matters(args->a[0], task);
	}
	return true;
}

/* `len` where the name begins with those bytes, else 0. BPF has no memcmp. */
static __always_inline __u32 rw_begins(const char *name, const char *with, __u32 len)
{
	for (__u32 i = 0; i < len; i++)
		if (name[i] != with[i])
			return 0;
	return len;
}

/* Attributes that grant or guard: capabilities of files, labels, access lists. The call has read the name a moment ago. */
rw_function int rw_attribute_matters(__u64 name)
{
	char text[17] = {}; /* 16 bytes tell "system.posix_acl" from all others */

	if (!name || bpf_probe_read_user_str(text, sizeof(text), (void *)name) < 0)
		return false;
	return rw_begins(text, "security.", 9) || rw_begins(text, "trusted.", 8) || rw_begins(text, "system.posix_acl", 16);
}

/* The arguments of a call at its end, where it is to be reported. */
static __always_inline bool rw_take_wanted(__u8 filter, struct rw_args *args, struct task_struct *task)
{
	return rw_take_args(args) && rw_wanted(filter, args, task) && !rw_is_own();
}

#endif /* RWATCH_FILTER_BPF_H */
