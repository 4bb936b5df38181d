/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Outgoing connections at the end of connect(2). Addresses come from the kernel's socket; where a failed call has cleared them there, from what the TCP
 * state machine showed on the way, and only then from the caller's memory, which another thread may have changed.
 */
#include "../lib/judge.bpf.h"
#include "../lib/socket.bpf.h"

#define EINTR 4
#define EISCONN 106
#define EALREADY 114

/* True where the socket itself still has the peer that this call was about. */
static __always_inline bool rw_socket_has_peer(__s32 ret)
{
	return ret == 0 || ret == -EINPROGRESS || ret == -EALREADY || ret == -EISCONN || ret == -EINTR;
}

/* Its connection, while it is made; NULL where none is known, or it is another task's. */
static __always_inline struct rw_syn *rw_syn_of(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct rw_syn *syn = bpf_map_lookup_elem(&rw_syns, &key);

	return syn && syn->task == bpf_get_current_pid_tgid() ? syn : NULL;
}

static __always_inline void rw_forget_syn(struct sock *sk)
{
	__u64 key = (__u64)sk;

	bpf_map_delete_elem(&rw_syns, &key);
}

/* False where no rule can want it. Where the kernel does not know any more which port it was about, one may. */
static __always_inline bool rw_connect_wanted(struct sock *sk, __u16 family, __s32 ret, const struct rw_syn *syn)
{
	__u16 port = 0;

	if (family != AF_UNIX) {
		port = rw_socket_has_peer(ret) ? __builtin_bswap16(rw_get(sk, __sk_common.skc_dport)) : syn ? syn->rport : 0;
		if (!port)
			return true;
	}
	return rw_call_wanted(RW_CALL_CONNECT, RW_JUDGED_PEER, rw_peer(family, (__u8)get_sk_protocol(sk), port), ret);
}

/* False where no address is known: nothing was tried (AF_UNSPEC, a bad pointer). */
static __always_inline bool rw_put_inet(struct rw_buf *buf, struct rw_connect *c, struct sock *sk, struct rw_args *args, const struct rw_syn *syn)
{
	bool known = false;

	c->lport = rw_get(sk, __sk_common.skc_num);
	rw_socket_addresses(sk, c->family, c->laddr, c->raddr);
	if (rw_socket_has_peer(c->ret)) {
		c->rport = __builtin_bswap16(rw_get(sk, __sk_common.skc_dport));
		known = c->rport != 0;
	} else if (syn) {
		__builtin_memcpy(c->raddr, syn->raddr, sizeof(c->raddr));
		__builtin_memcpy(c->laddr, syn->laddr, sizeof(c->laddr));
		c->rport = syn->rport;
		c->lport = syn->lport ?: c->lport;
		known = true;
	} else {
		__builtin_memset(c->raddr, 0, sizeof(c->raddr));
	}
	if (!known)
		return rw_address_of_user(c, args, c->raddr, &c->rport);
	buf->flags |= RW_F_KERNEL_ADDR;
	return true;
}

static __always_inline bool rw_put_unix(struct rw_buf *buf, struct rw_connect *c, struct sock *sk, struct rw_args *args)
{
	struct unix_sock *peer = (struct unix_sock *)rw_get((struct unix_sock *)sk, peer);

	if (!rw_socket_has_peer(c->ret) || !peer) {
		rw_put_unix_of_user(buf, c, args);
		return c->unix_path.len != 0;
	}
	rw_put_unix_end(buf, &c->unix_path, peer);
	return true;
}

SEC("tracepoint/syscalls/sys_exit_connect")
int RW_NAME(on_connect)(struct syscall_trace_exit *ctx)
{
	struct task_struct *task = rw_current();
	struct rw_args args = {};
	struct rw_syn *syn = NULL;
	struct rw_connect *c;
	struct rw_buf *buf;
	struct sock *sk;
	__u16 family;
	bool known;

	if (rw_is_own() || !rw_take_args(&args))
		return 0;
	/* Not a socket: the call did nothing. */
	sk = rw_sock_of(task, (__u32)args.a[0]);
	if (!sk)
		return 0;
	family = rw_get(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		return 0;
	if (family != AF_UNIX)
		syn = rw_syn_of(sk);
	buf = NULL;
	if (rw_connect_wanted(sk, family, rw_result(ctx->ret), syn))
		buf = rw_begin(RW_BUF_CALL, RW_CONNECT, sizeof(*c));
	else
		rw_count_sifted(RW_CONNECT);
	if (!buf) {
		if (syn)
			rw_forget_syn(sk);
		return 0;
	}
	c = (struct rw_connect *)buf->rec;
	rw_put_common(&c->c, task, RW_CONNECT, RW_CALL_CONNECT);
	c->family = family;
	c->type = (__u8)get_sk_type(sk);
	c->protocol = (__u8)get_sk_protocol(sk);
	c->ret = rw_result(ctx->ret);
	c->fd = (__s32)args.a[0];
	known = family == AF_UNIX ? rw_put_unix(buf, c, sk, &args) : rw_put_inet(buf, c, sk, &args, syn);
	if (syn)
		rw_forget_syn(sk);
	if (known)
		rw_end(buf);
	return 0;
}

#ifdef RW_LEGACY
SEC("raw_tp/inet_sock_set_state")
#else
SEC("tp_btf/inet_sock_set_state")
#endif
int RW_NAME(on_tcp_state)(unsigned long long *ctx)
{
	struct sock *sk = (void *)ctx[0]; /* (sk, old state, new state) */
	int before = (int)ctx[1], after = (int)ctx[2];
	__u64 key = (__u64)ctx[0];
	__u16 family;

	if (after == TCP_SYN_SENT) {
		/* In the connecting task, with the peer set and not yet sent to. */
		struct rw_syn syn = {.task = bpf_get_current_pid_tgid()};

		if (rw_is_own())
			return 0;
		family = rw_get(sk, __sk_common.skc_family);
		rw_socket_addresses(sk, family, syn.laddr, syn.raddr);
		syn.rport = __builtin_bswap16(rw_get(sk, __sk_common.skc_dport));
		bpf_map_update_elem(&rw_syns, &key, &syn, BPF_ANY);
	} else if (before == TCP_SYN_SENT && after == TCP_CLOSE) {
		/* Refused, maybe in an interrupt: the last moment at which the local end is known. */
		struct rw_syn *syn = bpf_map_lookup_elem(&rw_syns, &key);
		__u8 unused[16];

		if (!syn)
			return 0;
		family = rw_get(sk, __sk_common.skc_family);
		rw_socket_addresses(sk, family, syn->laddr, unused);
		/* skc_num is gone with the port already, its copy for the wire is not. */
		syn->lport = __builtin_bswap16(rw_get((struct inet_sock *)sk, inet_sport));
	}
	return 0;
}
