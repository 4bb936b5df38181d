/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * sendto, sendmsg and sendmmsg with an address, at their end. The address is in the caller's memory, where another thread may have changed it;
 * of TCP's fast open the kernel's socket has it.
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

	if (sk && rw_read_sockaddr(name, len, &s.to))
		rw_tell_send(&s, (struct sock *)sk);
	return 0;
}

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
	if (!rw_take_args(&args) || (call == RW_CALL_SENDTO && !args.a[4]) || ret == -EFAULT)
		return 0;
	if (call == RW_CALL_SENDMSG &&
	    (!args.a[1] || bpf_probe_read_user(&head, sizeof(head), (void *)args.a[1]) || !head.name))
		return 0;
	m.sk = (__u64)rw_sock_of(rw_current(), (__u32)args.a[0]);
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
		if (m.next && m.sk)
			rw_send_many(&m);
	}
	return 0;
}
