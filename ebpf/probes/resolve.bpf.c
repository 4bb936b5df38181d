/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Answers of name servers, at the end of the call that received them: recvfrom and recvmsg of UDP from port 53. What they say is in the caller's
 * memory, where it came a moment ago.
 */
#include "../lib/socket.bpf.h"

#define IPPROTO_UDP 17
#define RW_DNS_PORT 53
#define RW_DNS_HEAD 12     /* RFC 1035 4.1.1 */
#define RW_ANSWER_MAX 4095 /* bytes kept: what resolvers ask for at most */

struct rw_iovec {
	__u64 base, len;
};

/* What was received, and where from if the call was told. */
struct rw_received {
	__u64 name;
	__u64 base;
	__u64 size; /* of the memory at base */
};

/* Without the first buffer: nothing, for the rest of the answer can't be told without it. */
static __always_inline bool rw_received_by(struct rw_received *r, __u32 call, struct rw_args *args)
{
	struct rw_msghdr head = {};
	struct rw_iovec first = {};

	if (call == RW_CALL_RECVFROM) {
		r->name = args->a[4];
		r->base = args->a[1];
		r->size = args->a[2];
		return r->base;
	}
	if (!args->a[1] || bpf_probe_read_user(&head, sizeof(head), (void *)args->a[1]) || !head.iov || !head.iov_len ||
	    bpf_probe_read_user(&first, sizeof(first), (void *)head.iov))
		return false;
	r->name = head.name;
	r->base = first.base;
	r->size = first.len;
	return r->base;
}

/* A reply to a query, without an error, to one question and with some answers. */
static __always_inline bool rw_is_answer(__u64 message)
{
	__u8 head[8] = {};

	return !bpf_probe_read_user(head, sizeof(head), (void *)message) && (head[2] & 0xf8) == 0x80 && !(head[3] & 0x0f) && !head[4] &&
	       head[5] == 1 && (head[6] | head[7]);
}

/* Who sent it: the socket's peer, else as the kernel wrote it for the caller. */
static __always_inline bool rw_put_server(struct rw_buf *buf, struct rw_connect *c, struct sock *sk, __u64 name)
{
	struct rw_args from = {};

	rw_socket_addresses(sk, c->family, c->laddr, c->raddr);
	c->lport = rw_get(sk, __sk_common.skc_num);
	c->rport = __builtin_bswap16(rw_get(sk, __sk_common.skc_dport));
	if (c->rport) {
		buf->flags |= RW_F_KERNEL_ADDR;
		return true;
	}
	from.a[1] = name;
	from.a[2] = c->family == AF_INET6 ? 28 : 16; /* sockaddr_in6, sockaddr_in */
	return rw_address_of_user(c, &from, c->raddr, &c->rport);
}

static __always_inline void rw_put_answer(struct rw_buf *buf, struct rw_str *str, __u64 from, __u32 len)
{
	__u32 off;

	barrier_var(len); /* as in rw_read_sockaddr */
	if (!len || len > RW_ANSWER_MAX || !rw_room(buf, &off, RW_F_RAW_TRUNC))
		return;
	/* The size is proved by len <= RW_ANSWER_MAX < RW_CHUNK, the place by rw_room. */
	if (!bpf_probe_read_user(&buf->rec[off], len, (void *)from))
		rw_took(buf, str, off, len);
}

SEC("tracepoint/syscalls/sys_exit_recvfrom")
int RW_NAME(on_receive)(struct syscall_trace_exit *ctx)
{
	__u32 call = rw_watched_of(ctx->nr)->call;
	enum rw_whose whose;
	struct rw_received r = {};
	struct rw_args args = {};
	struct rw_connect *c;
	struct rw_buf *buf;
	struct sock *sk;
	__u16 family;
	__u64 len;

	/* What came says most, and costs one look at memory that was written a moment ago. */
	if (ctx->ret <= RW_DNS_HEAD || !rw_take_args(&args) || !rw_received_by(&r, call, &args) || !rw_is_answer(r.base))
		return 0;
	sk = rw_sock_of(rw_current(), (__u32)args.a[0]);
	if (!sk || (__u8)get_sk_protocol(sk) != IPPROTO_UDP)
		return 0;
	family = rw_get(sk, __sk_common.skc_family);
	whose = rw_whose();
	if ((family != AF_INET && family != AF_INET6) || whose == RW_OWN)
		return 0;
	buf = rw_begin(RW_BUF_CALL, RW_RESOLVE, sizeof(*c));
	if (!buf)
		return 0;
	c = (struct rw_connect *)buf->rec;
	rw_put_common(&c->c, rw_current(), RW_RESOLVE, call);
	c->family = family;
	c->type = (__u8)get_sk_type(sk);
	c->protocol = IPPROTO_UDP;
	c->ret = rw_result(ctx->ret);
	c->fd = (__s32)args.a[0];
	/* The canary's servers have no such port. */
	if (!rw_put_server(buf, c, sk, r.name) || (c->rport != RW_DNS_PORT && whose != RW_CANARYS))
		return 0;
	len = ctx->ret;
	if (len > r.size)
		len = r.size;
	if (len > RW_ANSWER_MAX)
		len = RW_ANSWER_MAX;
	rw_put_answer(buf, &c->answer, r.base, len);
	rw_end(buf);
	return 0;
}
