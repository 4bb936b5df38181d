/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Records: put together in a buffer of the CPU, then copied to the ring as one piece, and counted either way.
 * The maps are defined once, in license.bpf.c.
 */
#ifndef RWATCH_EMIT_BPF_H
#define RWATCH_EMIT_BPF_H

#include "admit.bpf.h"
#include "../abi/rwatch_interest.h"

/* A function of its own in the program, where inlining would multiply long code. */
#define rw_subprogram static __attribute__((noinline, unused))

/* The same, which the verifier looks at once for all calls: what points into the kernel is handed over in the buffer. Older kernels can't; and it may
 * stand in one object only, that of the modern programs. */
#ifdef RW_MODERN
#define rw_function __attribute__((noinline))
#else
#define rw_function rw_subprogram
#endif

#define RW_CHUNK RW_PATH_MAX /* most bytes that one append adds */
#define RW_TAIL_GUESS 128    /* bytes of strings that a record has as a rule */
#define RW_NAME_MAX 255      /* one path component, NAME_MAX */

/* A walk from a dentry up; see path.bpf.h. */
struct rw_walk {
	struct dentry *dentry;
	struct vfsmount *mnt; /* NULL: within one file system, up to `top` */
	struct dentry *top;   /* root of the mount */
	__u32 pos;            /* where the name begins in `path` */
	__u32 below;          /* where the part below the first mount begins; 0: not known yet */
	__u64 done;           /* came to the end */
};

/* A way through the automaton over the end of `path`; see interest.bpf.h. */
struct rw_run {
	__u32 pos;
	__u32 first, count; /* of the automaton's states */
	__u32 state, hits;
	__u32 reserved;
};

/* A record in the making. Lengths live in the map and not in registers: the verifier then knows nothing about them
 * from one append to the next, so that its states stay few; each append proves its own bounds. */
struct rw_buf {
	__u32 len;   /* of the record so far */
	__u32 flags; /* RW_F_* found on the way */
	struct rw_walk walk;
	struct rw_run run;
	struct rw_directory_key directory; /* of the file that is judged … */
	__u64 keeps;                       /* … and whether it is kept by that key */
	__u32 last_len, reserved;
	char last[RW_NAME_MAX + 1]; /* of last_len bytes: goes behind the next path that is walked */
	char path[RW_PATH_MAX + RW_NAME_MAX + 1]; /* a path under construction, from its end backwards */
	/* An append may begin at RW_RECORD_MAX - RW_CHUNK at the latest and adds RW_CHUNK at most (one byte more for a string's NUL). */
	char rec[RW_RECORD_MAX + 8];
};

/*
 * One buffer a CPU and family. An ordinary array with an index for each CPU, since values of per-CPU maps end at 32 KiB.
 * No two programs write one buffer at the same time:
 *  - programs on tracepoint/syscalls run with preemption off, and the kernel runs at most one program of
 *    that type a CPU (bpf_prog_active), so all of them share RW_BUF_CALL;
 *  - exec (tp_btf or raw_tp) can come between only by preemption, never inside the former, and the kernel
 *    never runs the same program twice on a CPU (prog->active); it alone uses RW_BUF_EXEC.
 *  - the same goes for submissions through io_uring, which alone use RW_BUF_URING.
 * Programs that may run in an interrupt (inet_sock_set_state) use no buffer.
 */
enum rw_buf_family { RW_BUF_CALL, RW_BUF_EXEC, RW_BUF_URING, RW_BUF_FAMILIES };

struct rw_buffers_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RW_BUF_FAMILIES); /* times the CPUs, set from user space */
	__type(key, __u32);
	__type(value, struct rw_buf);
};

extern struct rw_buffers_map rw_buffers SEC(".maps");

/* rwatchd itself, which makes no events but on its canary's thread: both ids as it sees them, and the pid namespace in which it does; set before
 * loading. */
extern const volatile __u32 own_tgid, own_canary;
extern const volatile bool own_is_global; /* that namespace is the first one */
extern const volatile __u64 own_pidns_dev, own_pidns_ino;
/* Id of the cgroup that is the root of what rwatchd sees of cgroup v2; 0: the kernel's. */
extern const volatile __u64 cgroup_root;

enum rw_whose { RW_OTHERS, RW_OWN, RW_CANARYS };

static __always_inline enum rw_whose rw_whose(void)
{
	struct bpf_pidns_info id;
	__u64 pid_tgid;

	if (own_is_global) { /* its numbers are the kernel's: no look at namespaces, which costs a tenth of a microsecond */
		pid_tgid = bpf_get_current_pid_tgid();
		if (!own_tgid || pid_tgid >> 32 != own_tgid)
			return RW_OTHERS;
		return (__u32)pid_tgid == own_canary ? RW_CANARYS : RW_OWN;
	}
	/* Refused where the current task is in another pid namespace. */
	if (!own_tgid || bpf_get_ns_current_pid_tgid(own_pidns_dev, own_pidns_ino, &id, sizeof(id)) || id.tgid != own_tgid)
		return RW_OTHERS;
	return id.pid == own_canary ? RW_CANARYS : RW_OWN;
}

static __always_inline bool rw_is_own(void)
{
	return rw_whose() == RW_OWN;
}

static __always_inline struct rw_buf *rw_buffer(enum rw_buf_family family)
{
	__u32 index = bpf_get_smp_processor_id() * RW_BUF_FAMILIES + family;

	return bpf_map_lookup_elem(&rw_buffers, &index);
}

/* The buffer, with a zeroed record of `size` bytes in it; NULL where the ring has no room for this kind from this group. */
static __always_inline struct rw_buf *rw_begin(enum rw_buf_family family, __u32 kind, __u32 size)
{
	struct rw_buf *buf = rw_buffer(family);

	if (!buf || !rw_admit(kind, size + RW_TAIL_GUESS))
		return NULL;
	buf->len = size;
	buf->flags = 0;
	__builtin_memset(buf->rec, 0, size);
	return buf;
}

/* After a record has gone in. */
static __always_inline void rw_wake_reader(__u32 kind)
{
	struct rw_reader *reader = rw_reader();

	if (reader && reader->wakes && (reader->wakes == RW_WAKE_ANY || reader->urgent & RW_BIT(kind & 63)))
		rw_call_reader(reader);
}

/* Copies the record to the ring. NO_WAKEUP: waking the reader would cost the traced call 6-11 us; mostly it looks by itself, every few milliseconds. */
static __always_inline void rw_submit(void *record, __u32 size, __u32 kind)
{
	struct rw_count *count = bpf_map_lookup_elem(&rw_counts, &kind);

	if (bpf_ringbuf_output(&rw_ring, record, size, BPF_RB_NO_WAKEUP))
		rw_count_loss(kind);
	else if (count)
		count->submitted++;
	rw_wake_reader(kind);
}

static __always_inline void rw_end(struct rw_buf *buf)
{
	struct rw_common *c = (struct rw_common *)buf->rec;
	__u32 size = buf->len;

	/* The verifier must know that size stays within rec (memory argument of bpf_ringbuf_output). */
	if (size > RW_RECORD_MAX)
		return;
	c->size = size;
	c->flags |= buf->flags;
	rw_submit(buf->rec, size, c->kind);
}

/* Where the next append may write, or a number above RW_RECORD_MAX - RW_CHUNK where the record is full. */
static __always_inline bool rw_room(struct rw_buf *buf, __u32 *off, __u32 flag)
{
	*off = buf->len;
	if (*off <= RW_RECORD_MAX - RW_CHUNK)
		return true;
	buf->flags |= flag;
	return false;
}

static __always_inline void rw_took(struct rw_buf *buf, struct rw_str *str, __u32 off, __u32 len)
{
	str->off = (__u16)off;
	str->len = (__u16)len;
	buf->len = off + len;
}

/* Appends a NUL terminated string of user memory. Never for NULL: a read that faults costs the call 11 us. */
rw_function int rw_put_user(struct rw_buf *buf, struct rw_str *str, __u64 pointer)
{
	__u32 off;
	long n;

	if (!buf || !str || !pointer || !rw_room(buf, &off, RW_F_RAW_TRUNC))
		return 0;
	/* off <= RW_RECORD_MAX - RW_CHUNK was proved by rw_room: off + RW_CHUNK is inside rec. */
	n = bpf_probe_read_user_str(&buf->rec[off], RW_CHUNK, (void *)pointer);
	if (n < 0 || n == RW_CHUNK)
		buf->flags |= RW_F_RAW_TRUNC; /* a string of 4,095 bytes is exactly as long as PATH_MAX allows */
	if (n > 1 && n <= RW_CHUNK)
		rw_took(buf, str, off, (__u32)n - 1);
	return 0;
}

/* Appends a NUL terminated string of kernel memory. */
rw_subprogram void rw_put_kernel(struct rw_buf *buf, struct rw_str *str, const void *pointer)
{
	__u32 off;
	long n;

	if (!pointer || !rw_room(buf, &off, RW_F_RAW_TRUNC))
		return;
	n = bpf_probe_read_kernel_str(&buf->rec[off], RW_CHUNK, pointer);
	if (n > 1 && n <= RW_CHUNK) /* the bound keeps the length a small positive number for the verifier */
		rw_took(buf, str, off, (__u32)n - 1);
}

#endif /* RWATCH_EMIT_BPF_H */
