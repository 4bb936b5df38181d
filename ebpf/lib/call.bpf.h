/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The arguments of a system call at its end: from the task's saved registers, or on kernels without bpf_task_pt_regs (before
 * 5.15) from what a program at its start kept.
 */
#ifndef RWATCH_CALL_BPF_H
#define RWATCH_CALL_BPF_H

#include "emit.bpf.h"
#include "syscalls.bpf.h"

#define RW_STASH_ENTRIES 8192 /* tasks inside a watched call at once; least recently used go first */

struct rw_stash_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_STASH_ENTRIES);
	__type(key, __u64);
	__type(value, struct rw_args);
};

/* The mode of a file before fchmod, from its start to its end. */
#define RW_MODES_ENTRIES 1024

struct rw_mode_before {
	__u64 ino;
	__u32 dev;
	__u32 mode;
};

struct rw_modes_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_MODES_ENTRIES);
	__type(key, __u64); /* pid_tgid */
	__type(value, struct rw_mode_before);
};

/* A TCP connect between SYN_SENT and the end of the call. */
#define RW_SYNS_ENTRIES 2048

struct rw_syn {
	__u64 task; /* pid_tgid of the caller: a socket's address in memory is used again */
	__u8 laddr[16], raddr[16];
	__u16 lport, rport; /* host order */
	__u32 reserved;
};

struct rw_syns_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_SYNS_ENTRIES);
	__type(key, __u64); /* address of the socket */
	__type(value, struct rw_syn);
};

/* Processes whose end was told. */
#define RW_LASTS_ENTRIES 4096 /* least recently used go first, long after all threads are gone */

struct rw_last_key {
	__u64 start;
	__u64 pid;
};

struct rw_lasts_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_LASTS_ENTRIES);
	__type(key, struct rw_last_key);
	__type(value, __u32);
};

extern struct rw_lasts_map rw_lasts SEC(".maps");
extern struct rw_stash_map rw_stash SEC(".maps");
extern struct rw_modes_map rw_modes SEC(".maps");
extern struct rw_syns_map rw_syns SEC(".maps");

/* A call that a signal broke off leaves one of the kernel's own restart codes (include/linux/errno.h); the caller sees EINTR, if anything. */
static __always_inline __s32 rw_result(long ret)
{
	return ret <= -512 && ret >= -516 ? -4 : (__s32)ret;
}

/* False where the call began before the probes were there. */
static __always_inline bool rw_take_args(struct rw_args *args)
{
#ifdef RW_LEGACY
	__u64 task = bpf_get_current_pid_tgid();
	struct rw_args *kept = bpf_map_lookup_elem(&rw_stash, &task);

	if (!kept)
		return false;
	*args = *kept;
	bpf_map_delete_elem(&rw_stash, &task);
	return true;
#else
	rw_args_of((struct pt_regs *)bpf_task_pt_regs((struct task_struct *)bpf_get_current_task_btf()), args);
	return true;
#endif
}

/* True where the string put last begins with a slash. */
static __always_inline bool rw_is_absolute(struct rw_buf *buf, struct rw_str *str)
{
	__u32 off = str->off;

	/* off is below RW_RECORD_MAX, for the verifier. */
	return str->len && off < RW_RECORD_MAX && buf->rec[off] == '/';
}

#endif /* RWATCH_CALL_BPF_H */
