/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The server's side: bind, listen and accept at their end; sockets that become standard input, output or error. Addresses come from the kernel's
 * socket; a bind that failed has left none there, and is told by what the caller passed.
 */
#include "../lib/filter.bpf.h"
#include "../lib/judge.bpf.h"
#include "../lib/socket.bpf.h"

/* What it is judged by: the port is the one that it is bound to, known where the call is done (or is none that binds). */
static __always_inline __u32 rw_judged_end(const volatile struct rw_watched *watched, struct sock *sk, __u16 family, long ret)
{
	if (watched->call == RW_CALL_BIND && ret < 0)
		return RW_NO_VALUE;
	return rw_peer(family, (__u8)get_sk_protocol(sk), rw_get(sk, __sk_common.skc_num));
}

/* A record about `sk`; NULL where it is of a family that is not told, or no rule can want it. */
static __always_inline struct rw_buf *rw_begin_socket(const volatile struct rw_watched *watched, struct sock *sk, long ret, __s32 fd)
{
	__u32 kind = watched->kind;
	struct rw_connect *c;
	struct rw_buf *buf;
	__u16 family;

	if (!sk)
		return NULL;
	family = rw_get(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		return NULL;
	if (!rw_call_wanted(watched->call, RW_JUDGED_PEER, rw_judged_end(watched, sk, family, ret), rw_result(ret))) {
		rw_count_sifted(kind);
		return NULL;
	}
	buf = rw_begin(RW_BUF_CALL, kind, sizeof(*c));
	if (!buf)
		return NULL;
	c = (struct rw_connect *)buf->rec;
	rw_put_common(&c->c, rw_current(), kind, watched->call);
	c->family = family;
	c->type = (__u8)get_sk_type(sk);
	c->protocol = (__u8)get_sk_protocol(sk);
	c->ret = rw_result(ret);
	c->fd = fd;
	return buf;
}

/* Both ends as the socket has them. */
static __always_inline void rw_put_ends(struct rw_buf *buf, struct rw_connect *c, struct sock *sk)
{
	if (c->family == AF_UNIX) {
		rw_put_unix_end(buf, &c->unix_path, (struct unix_sock *)sk);
		return;
	}
	rw_socket_addresses(sk, c->family, c->laddr, c->raddr);
	c->lport = rw_get(sk, __sk_common.skc_num);
	c->rport = __builtin_bswap16(rw_get(sk, __sk_common.skc_dport));
	buf->flags |= RW_F_KERNEL_ADDR;
}

SEC("tracepoint/syscalls/sys_exit_accept4")
int RW_NAME(on_accept)(struct syscall_trace_exit *ctx)
{
	struct task_struct *task = rw_current();
	struct rw_args args = {};
	struct rw_buf *buf;
	struct sock *sk;

	/* Nobody came: servers ask all day. */
	if (ctx->ret < 0 || rw_is_own() || !rw_take_args(&args))
		return 0;
	sk = rw_sock_of(task, (__u32)ctx->ret);
	buf = rw_begin_socket(rw_watched_of(ctx->nr), sk, ctx->ret, (__s32)args.a[0]);
	if (!buf)
		return 0;
	rw_put_ends(buf, (struct rw_connect *)buf->rec, sk);
	rw_end(buf);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_bind")
int RW_NAME(on_bind)(struct syscall_trace_exit *ctx)
{
	const volatile struct rw_watched *watched = rw_watched_of(ctx->nr);
	struct task_struct *task = rw_current();
	struct rw_args args = {};
	struct rw_connect *c;
	struct rw_buf *buf;
	struct sock *sk;

	if (rw_is_own() || !rw_take_args(&args))
		return 0;
	sk = rw_sock_of(task, (__u32)args.a[0]);
	buf = rw_begin_socket(watched, sk, ctx->ret, (__s32)args.a[0]);
	if (!buf)
		return 0;
	c = (struct rw_connect *)buf->rec;
	if (watched->call == RW_CALL_LISTEN)
		c->backlog = (__s32)args.a[1];
	if (c->ret == 0 || watched->call == RW_CALL_LISTEN)
		rw_put_ends(buf, c, sk);
	else if (c->family == AF_UNIX)
		rw_put_unix_of_user(buf, c, &args);
	else
		rw_address_of_user(c, &args, c->laddr, &c->lport);
	rw_end(buf);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_dup2")
int RW_NAME(on_dup)(struct syscall_trace_exit *ctx)
{
	const volatile struct rw_watched *watched = rw_watched_of(ctx->nr);
	struct task_struct *task = rw_current();
	struct rw_args args = {};
	struct rw_buf *buf;
	struct sock *sk;

	/* First of all: what an old kernel's program kept at the start would else be taken for the arguments of a later call that it did not keep. */
	if (!rw_take_args(&args) || (unsigned long)ctx->ret > 2 || !rw_wanted(watched->filter, &args, task) || rw_is_own())
		return 0;
	sk = rw_sock_of(task, (__u32)ctx->ret);
	buf = rw_begin_socket(watched, sk, ctx->ret, (__s32)args.a[0]);
	if (!buf)
		return 0;
	rw_put_ends(buf, (struct rw_connect *)buf->rec, sk);
	rw_end(buf);
	return 0;
}
