/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Where kernels differ: one get_x() for each drift, with the kernel that changed it.
 * Each branch is decided by CO-RE when the object is loaded; the other is dead code to the verifier.
 * A flavour (name___x) must be of a type that every kernel has: for one that vmlinux lacks libbpf goes through the BTF of all modules,
 * which takes CAP_SYS_ADMIN.
 */
#ifndef RWATCH_CORE_COMPAT_BPF_H
#define RWATCH_CORE_COMPAT_BPF_H

#include "kernel.bpf.h"

/*
 * Two ways to read kernel memory. Modern programs (5.17+) hold typed pointers and load
 * straight through them; the verifier makes a bad pointer read as 0. Legacy programs, and
 * pointers that came out of arrays, go through bpf_probe_read_kernel.
 */
#ifdef RW_LEGACY
#define rw_read(src, a, ...) BPF_CORE_READ(src, a, ##__VA_ARGS__)
#define rw_current() ((struct task_struct *)bpf_get_current_task())
#define RW_NAME(name) name##_old
#else
#define rw_read(src, a, ...) ___arrow(src, a, ##__VA_ARGS__)
#define RW_NAME(name) name
#endif

/*
 * A third way, for pointers that came out of arrays: where the kernel gives them a type (bpf_rdonly_cast, 6.2), loads go straight through, in a
 * tenth of the time. What is set before the load decides: the other branch is dead to the verifier.
 */
#ifdef RW_LEGACY
#define rw_get(src, a, ...) BPF_CORE_READ(src, a, ##__VA_ARGS__)
#define rw_untrusted(pointer) (pointer)
#else
extern void *bpf_rdonly_cast(const void *pointer, __u32 type) __ksym __weak;
extern const volatile bool has_rdonly_cast; /* set before loading */
/* Pointers that the kernel hands over as trusted it follows with care, looking up a name among all types for each step: half of the load. */
#define rw_untrusted(pointer)                                                                                                              \
	(has_rdonly_cast ? (typeof(pointer))bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(typeof(*(pointer)))) : (pointer))
#define rw_current() rw_untrusted((struct task_struct *)bpf_get_current_task_btf())
#define rw_get_1(src, a)                                                                                                                   \
	({                                                                                                                                 \
		typeof(src) from_ = (src);                                                                                                 \
		has_rdonly_cast ? ((typeof(from_))bpf_rdonly_cast(from_, bpf_core_type_id_kernel(typeof(*from_))))->a                      \
				: BPF_CORE_READ(from_, a);                                                                                 \
	})
#define rw_get_2(src, a, b) rw_get_1(rw_get_1(src, a), b)
#define rw_get_3(src, a, b, c) rw_get_1(rw_get_2(src, a, b), c)
#define rw_get_of(_1, _2, _3, way, ...) way
#define rw_get(src, ...) rw_get_of(__VA_ARGS__, rw_get_3, rw_get_2, rw_get_1)(src, __VA_ARGS__)
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

struct inode___timespec {
	struct timespec64 i_mtime;
	struct timespec64 i_ctime;
};

struct inode___underscored {
	struct timespec64 i_mtime;
	struct timespec64 __i_mtime;
	struct timespec64 __i_ctime;
};

struct inode___split {
	__s64 i_mtime_sec, i_ctime_sec;
	__u32 i_mtime_nsec, i_ctime_nsec;
};

struct kernfs_node___rcu {
	struct kernfs_node *__parent;
};

#pragma clang attribute pop

static __always_inline __u64 rw_ns(__s64 sec, __u64 nsec)
{
	return (__u64)sec * 1000000000ULL + nsec;
}

/* parent; __parent since 6.15 (633488947ef6). */
static __always_inline struct kernfs_node *get_kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___rcu *rcu = (void *)node;

	if (bpf_core_field_exists(rcu->__parent))
		return rw_get(rcu, __parent);
	return rw_get(node, parent);
}

/* i_mtime is a timespec64; __i_mtime since 6.7 (12cd44023651); i_mtime_sec and i_mtime_nsec since 6.11 (3aa63a569c64). */
static __always_inline __u64 get_mtime(struct inode *inode)
{
	struct inode___split *split = (void *)inode;
	struct inode___underscored *under = (void *)inode;
	struct inode___timespec *old = (void *)inode;

	if (bpf_core_field_exists(split->i_mtime_sec))
		return rw_ns(rw_get(split, i_mtime_sec), rw_get(split, i_mtime_nsec));
	if (bpf_core_field_exists(under->__i_mtime))
		return rw_ns(rw_get(under, __i_mtime.tv_sec), rw_get(under, __i_mtime.tv_nsec));
	return rw_ns(rw_get(old, i_mtime.tv_sec), rw_get(old, i_mtime.tv_nsec));
}

/* i_ctime: as i_mtime, but __i_ctime since 6.6 (13bc24457850). The top bit of the nanoseconds is a mark of its own since
 * 6.13 (I_CTIME_QUERIED of multigrain timestamps, 4e40eff0b573). */
#define RW_NSEC_MASK 0x7fffffff

static __always_inline __u64 get_ctime(struct inode *inode)
{
	struct inode___split *split = (void *)inode;
	struct inode___underscored *under = (void *)inode;
	struct inode___timespec *old = (void *)inode;

	if (bpf_core_field_exists(split->i_ctime_sec))
		return rw_ns(rw_get(split, i_ctime_sec), rw_get(split, i_ctime_nsec) & RW_NSEC_MASK);
	if (bpf_core_field_exists(under->__i_ctime))
		return rw_ns(rw_get(under, __i_ctime.tv_sec), rw_get(under, __i_ctime.tv_nsec));
	return rw_ns(rw_get(old, i_ctime.tv_sec), rw_get(old, i_ctime.tv_nsec));
}

/* Audit's ids exist with CONFIG_AUDIT only; unset is (u32)-1. */
static __always_inline __u32 get_loginuid(struct task_struct *task)
{
	return bpf_core_field_exists(task->loginuid) ? rw_read(task, loginuid.val) : (__u32)-1;
}

static __always_inline __u32 get_sessionid(struct task_struct *task)
{
	return bpf_core_field_exists(task->sessionid) ? rw_read(task, sessionid) : (__u32)-1;
}

/* sk_protocol and sk_type are plain u16 since 5.6 (bf9765145b85) and bit fields before. */
static __always_inline __u16 get_sk_type(struct sock *sk)
{
	return BPF_CORE_READ_BITFIELD_PROBED(sk, sk_type);
}

static __always_inline __u16 get_sk_protocol(struct sock *sk)
{
	return BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol);
}

/* SOCK_BINDPORT_LOCK and its kin. */
static __always_inline __u8 get_sk_userlocks(struct sock *sk)
{
	return BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks);
}

struct mnt_namespace___seq {
	__u64 seq;
};

/* A number that no other mount namespace ever has: seq until 6.17, then every namespace's ns_id (885fc8ac0a4d). 0: neither. */
static __always_inline __u64 get_mntns_id(struct mnt_namespace *ns)
{
	struct mnt_namespace___seq *old = (void *)ns;

	if (bpf_core_field_exists(ns->ns.ns_id))
		return rw_get(ns, ns.ns_id);
	return bpf_core_field_exists(old->seq) ? rw_get(old, seq) : 0;
}

/* What a descriptor of a process stands for: in private_data; in its own inode's i_private since 6.9 (cb12fd8e0dab). */
static __always_inline struct pid *get_pid_of_file(struct file *file)
{
	void *pid = rw_get(file, private_data);

	return pid ?: rw_get(file, f_inode, i_private);
}

#endif /* RWATCH_CORE_COMPAT_BPF_H */
