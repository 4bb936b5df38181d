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

/* The port that the call was about, as the kernel has it; 0: it has none any more. */
static __always_inline __u16 rw_peer_port(struct sock *sk, __s32 ret)
{
	__u64 key = (__u64)sk;
	struct rw_syn *syn;

	if (rw_socket_has_peer(ret))
		return __builtin_bswap16(rw_get(sk, __sk_common.skc_dport));
	syn = bpf_map_lookup_elem(&rw_syns, &key);
	return syn && syn->task == bpf_get_current_pid_tgid() ? syn->rport : 0;
}

/* False where no rule can want it. */
static __always_inline bool rw_connect_wanted(struct sock *sk, __u16 family, __s32 ret)
{
	__u16 port = family == AF_UNIX ? 0 : rw_peer_port(sk, ret);
	__u64 key = (__u64)sk;

	if ((family != AF_UNIX && !port) || rw_call_wanted(RW_CALL_CONNECT, RW_JUDGED_PEER, rw_peer(family, (__u8)get_sk_protocol(sk), port), ret))
		return true;
	if (family != AF_UNIX)
		bpf_map_delete_elem(&rw_syns, &key);
	rw_count_sifted(RW_CONNECT);
	return false;
}

/* False where no address is known: nothing was tried (AF_UNSPEC, a bad pointer). */
static __always_inline bool rw_put_inet(struct rw_buf *buf, struct rw_connect *c, struct sock *sk, struct rw_args *args)
{
	__u64 key = (__u64)sk;
	struct rw_syn *syn = bpf_map_lookup_elem(&rw_syns, &key);
	bool known = false;

	c->lport = rw_get(sk, __sk_common.skc_num);
	rw_socket_addresses(sk, c->family, c->laddr, c->raddr);
	if (rw_socket_has_peer(c->ret)) {
		c->rport = __builtin_bswap16(rw_get(sk, __sk_common.skc_dport));
		known = c->rport != 0;
	} else if (syn && syn->task == bpf_get_current_pid_tgid()) {
		__builtin_memcpy(c->raddr, syn->raddr, sizeof(c->raddr));
		__builtin_memcpy(c->laddr, syn->laddr, sizeof(c->laddr));
		c->rport = syn->rport;
		c->lport = syn->lport ?: c->lport;
		known = true;
	} else {
		__builtin_memset(c->raddr, 0, sizeof(c->raddr));
	}
	if (syn)
		bpf_map_delete_elem(&rw_syns, &key);
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
	if (!rw_connect_wanted(sk, family, rw_result(ctx->ret)))
		return 0;
	buf = rw_begin(RW_BUF_CALL, RW_CONNECT, sizeof(*c));
	if (!buf)
		return 0;
	c = (struct rw_connect *)buf->rec;
	rw_put_common(&c->c, task, RW_CONNECT, RW_CALL_CONNECT);
	c->family = family;
	c->type = (__u8)get_sk_type(sk);
	c->protocol = (__u8)get_sk_protocol(sk);
	c->ret = rw_result(ctx->ret);
	c->fd = (__s32)args.a[0];
	known = family == AF_UNIX ? rw_put_unix(buf, c, sk, &args) : rw_put_inet(buf, c, sk, &args);
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
