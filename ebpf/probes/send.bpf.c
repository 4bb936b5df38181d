/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * sendto, sendmsg and sendmmsg with an address, at their end. Of one message the address is as the kernel copied it, where the security hook
 * that it passes by can be hooked (fentry, or kprobe), else, and of sendmmsg, as it is in the caller's memory, where another thread may have
 * changed it; of TCP's fast open the kernel's socket has it.
 */
#include "../lib/send.bpf.h"

#ifdef RW_LEGACY
#define RW_MESSAGES 64 /* of one sendmmsg that are looked at */
#else
#define RW_MESSAGES 1024 /* as many as the kernel takes, UIO_MAXIOV */
#endif
#define RW_MMSGHDR_SIZE 64 /* struct mmsghdr */

struct rw_messages {
	__u64 next; /* struct mmsghdr */
	__u64 name; /* of the one before */
	__u64 sk, fd_and_ret, call_and_flags;
	__u64 left;
};

/* Two numbers in one argument. */
static __always_inline __u64 rw_pair(__u32 high, __u32 low)
{
	return (__u64)high << 32 | low;
}

/* One message. A global function, which the verifier looks at once and not for each message; so it takes numbers alone. */
__attribute__((noinline)) int RW_NAME(rw_send_one)(__u64 sk, __u64 name, __u32 len, __u64 fd_and_ret, __u64 call_and_flags)
{
	struct rw_sending s = {
		.fd = (__s32)(fd_and_ret >> 32),
		.ret = (__s32)fd_and_ret,
		.call = (__u32)(call_and_flags >> 32),
		.flags = (__u32)call_and_flags,
	};

	if (!sk)
		return 0;
	s.kernel = s.call != RW_CALL_SENDMMSG && rw_take_destination(sk, &s.to);
	if (s.kernel || rw_read_sockaddr(name, len, &s.to))
		rw_tell_send(&s, (struct sock *)sk);
	return 0;
}

#ifndef RW_LEGACY
static __always_inline int rw_keep_destination(struct socket *sock, struct msghdr *msg)
{
	__u64 name = (__u64)BPF_CORE_READ(msg, msg_name), key = bpf_get_current_pid_tgid();
	const volatile struct rw_watched *watched;
	struct rw_destination kept = {};
	__u32 len;

	/* Most sends have none. */
	if (!name)
		return 0;
	watched = rw_current_watched(rw_current());
	if (!watched || watched->kind != RW_SEND || watched->call == RW_CALL_SENDMMSG)
		return 0;
	len = BPF_CORE_READ(msg, msg_namelen);
	barrier_var(len); /* as in rw_read_sockaddr */
	if (len < 16)
		return 0;
	if (len > sizeof(kept.to))
		len = sizeof(kept.to);
	if (bpf_probe_read_kernel(&kept.to, len, (void *)name))
		return 0;
	kept.sk = (__u64)BPF_CORE_READ(sock, sk);
	bpf_map_update_elem(&rw_destinations, &key, &kept, BPF_ANY);
	return 0;
}

SEC("fentry/security_socket_sendmsg")
int on_sendmsg(unsigned long long *ctx)
{
	return rw_keep_destination((void *)ctx[0], (void *)ctx[1]);
}

SEC("kprobe/security_socket_sendmsg")
int on_sendmsg_kprobe(struct pt_regs *ctx)
{
	return rw_keep_destination(RW_ARG0(ctx), RW_ARG1(ctx));
}
#endif

/* One of many messages; 1 ends it. */
static long rw_message_step(__u32 turn, void *data)
{
	struct rw_messages *m = data;
	struct rw_msghdr head = {};

	if (!m->left || bpf_probe_read_user(&head, sizeof(head), (void *)m->next))
		return 1;
	m->left--;
	m->next += RW_MMSGHDR_SIZE;
	/* Servers and streams send many to one. */
	if (head.name && head.name != m->name) {
		m->name = head.name;
		RW_NAME(rw_send_one)(m->sk, head.name, head.name_len, m->fd_and_ret, m->call_and_flags);
	}
	return 0;
}

/* Those that were sent; of a call that failed the first. */
static __always_inline void rw_send_many(struct rw_messages *m)
{
#ifdef RW_LEGACY
	for (__u32 turn = 0; turn < RW_MESSAGES; turn++)
		if (rw_message_step(turn, m))
			break;
#else
	bpf_loop(RW_MESSAGES, rw_message_step, m, 0);
#endif
}

SEC("tracepoint/syscalls/sys_exit_sendto")
int RW_NAME(on_send)(struct syscall_trace_exit *ctx)
{
	__u16 call = rw_watched_of(ctx->nr)->call;
	struct rw_msghdr head = {};
	struct rw_messages m = {};
	struct rw_args args = {};
	__s32 ret = rw_result(ctx->ret);

	/* Most sends have no address, since their socket has a peer: nothing more is done for them than this. */
	if (!rw_take_args(&args) || (call == RW_CALL_SENDTO && !args.a[4]))
		return 0;
	if (call == RW_CALL_SENDMSG &&
	    (!args.a[1] || bpf_probe_read_user(&head, sizeof(head), (void *)args.a[1]) || !head.name) && !rw_destination())
		return 0;
	m.sk = (__u64)rw_sock_of(rw_current(), (__u32)args.a[0]);
	if (ret == -EFAULT || !m.sk) {
		rw_forget_destination();
		return 0;
	}
	m.fd_and_ret = rw_pair((__u32)args.a[0], (__u32)ret);
	m.call_and_flags = rw_pair(call, (__u32)(call == RW_CALL_SENDMSG ? args.a[2] : args.a[3]));
	switch (call) {
	case RW_CALL_SENDTO:
		RW_NAME(rw_send_one)(m.sk, args.a[4], (__u32)args.a[5], m.fd_and_ret, m.call_and_flags);
		break;
	case RW_CALL_SENDMSG:
		RW_NAME(rw_send_one)(m.sk, head.name, head.name_len, m.fd_and_ret, m.call_and_flags);
		break;
	case RW_CALL_SENDMMSG:
		m.next = args.a[1];
		m.left = ret > 0 ? ret : 1;
		if (m.next)
			rw_send_many(&m);
	}
	return 0;
}
