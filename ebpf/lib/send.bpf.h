/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What is sent to an address that comes with the call: datagrams of sockets without a peer, and TCP's fast open, which is a connect. Of a process
 * the first to an address and port is told, and then one each RW_SEND_AGAIN; fast opens all. A port that the process chose itself (bind), and
 * another end that is no port of a service, is how servers answer: of these the first to an address is told, and RW_REPLIES new addresses a
 * second of a process; those beyond are counted as held back. So neither a stream of packets nor a busy server costs more than looking it up.
 */
#ifndef RWATCH_SEND_BPF_H
#define RWATCH_SEND_BPF_H

#include "judge.bpf.h"
#include "socket.bpf.h"

#define RW_SENDS_ENTRIES 16384 /* processes times addresses; least recently used go first, and are told again */
#define RW_SEND_AGAIN 10000000000ull /* ns */
#define RW_REPLIES 32
#define RW_SECOND 1000000000ull

#define SOCK_RAW 3
#define MSG_FASTOPEN 0x20000000
#define SOCK_BINDPORT_LOCK 8

struct rw_send_key {
	__u64 start; /* of the process */
	__u32 pid;
	__u16 port;
	__u8 family; /* 0: the process's answers of the last second together */
	__u8 protocol;
	__u8 addr[16];
};

struct rw_sent {
	__u64 since; /* ns */
	__u64 count;
};

struct rw_sends_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_SENDS_ENTRIES);
	__type(key, struct rw_send_key);
	__type(value, struct rw_sent);
};

extern struct rw_sends_map rw_sends SEC(".maps");

#define RW_DESTINATIONS_ENTRIES 1024 /* tasks between the hook and the end of their call at once; least recently used go first */

/* Where a message goes, from the kernel's copy of the address: kept by the security hook that the call passes by. */
struct rw_destination {
	__u64 sk;
	struct rw_sockaddr to;
	__u32 reserved;
};

struct rw_destinations_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_DESTINATIONS_ENTRIES);
	__type(key, __u64); /* pid_tgid */
	__type(value, struct rw_destination);
};

extern struct rw_destinations_map rw_destinations SEC(".maps");

/* Of the call that the task is in; NULL where no hook saw one. */
static __always_inline struct rw_destination *rw_destination(void)
{
#ifdef RW_LEGACY
	return NULL;
#else
	__u64 key = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&rw_destinations, &key);
#endif
}

static __always_inline void rw_forget_destination(void)
{
#ifndef RW_LEGACY
	__u64 key = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&rw_destinations, &key);
#endif
}

/* Once. False where there is none of this socket. */
static __always_inline bool rw_take_destination(__u64 sk, struct rw_sockaddr *to)
{
	struct rw_destination *kept = rw_destination();
	bool ours = kept && kept->sk == sk;

	if (ours)
		*to = kept->to;
	if (kept)
		rw_forget_destination();
	return ours;
}

/* One message: what the call says of it. */
struct rw_sending {
	struct rw_sockaddr to;
	bool kernel; /* `to` is the kernel's copy */
	__u32 flags; /* MSG_* */
	__s32 ret;
	__s32 fd;
	__u32 call;
};

static __always_inline bool rw_is_reply(__u32 marks, __u16 port)
{
	return (marks & RW_F_BOUND) && port >= RW_SERVICE_PORTS;
}

/* True where another answer to somebody new is to be told. CPUs may count at once: one more or less does no harm. */
static __always_inline bool rw_reply_wanted(const struct rw_send_key *to, __u64 now)
{
	struct rw_send_key all = {.start = to->start, .pid = to->pid};
	struct rw_sent *sent = bpf_map_lookup_elem(&rw_sends, &all);
	struct rw_sent fresh = {.since = now, .count = 1};

	if (sent && now - sent->since < RW_SECOND)
		return sent->count++ < RW_REPLIES;
	bpf_map_update_elem(&rw_sends, &all, &fresh, BPF_ANY);
	return true;
}

/* True where a process's send is to be told; keeps that it was. */
static __always_inline bool rw_send_wanted(struct rw_send_key *key, bool reply)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct rw_sent fresh = {.since = now, .count = 1};
	__u32 kind = RW_SEND;
	struct rw_count *count;
	struct rw_sent *sent;

	if (reply)
		key->port = 0;
	sent = bpf_map_lookup_elem(&rw_sends, key);
	if ((sent && now - sent->since < RW_SEND_AGAIN) || rw_is_own())
		return false;
	if (reply && !rw_reply_wanted(key, now)) {
		count = bpf_map_lookup_elem(&rw_counts, &kind);
		if (count)
			count->held++;
		return false;
	}
	bpf_map_update_elem(&rw_sends, key, &fresh, BPF_ANY);
	return true;
}

/* The record but for its ends. */
static __always_inline struct rw_buf *rw_begin_send(struct rw_sending *s, struct sock *sk, __u16 family)
{
	struct rw_connect *c;
	struct rw_buf *buf = rw_begin(RW_BUF_CALL, RW_SEND, sizeof(*c));

	if (!buf)
		return NULL;
	c = (struct rw_connect *)buf->rec;
	rw_put_common(&c->c, rw_current(), RW_SEND, s->call);
	c->family = family;
	c->type = (__u8)get_sk_type(sk);
	c->protocol = (__u8)get_sk_protocol(sk);
	c->ret = s->ret;
	c->fd = s->fd;
	if (s->kernel)
		buf->flags |= RW_F_KERNEL_ADDR;
	return buf;
}

/* TCP takes an address for a fast open alone: then the socket knows its peer, but of one that was refused. */
static __always_inline void rw_tell_fast_open(struct rw_sending *s, struct sock *sk, __u16 family, const __u8 *addr, __u16 port)
{
	struct rw_connect *c;
	struct rw_buf *buf;

	if (!(s->flags & MSG_FASTOPEN) || rw_is_own())
		return;
	buf = rw_begin_send(s, sk, family);
	if (!buf)
		return;
	c = (struct rw_connect *)buf->rec;
	c->lport = rw_get(sk, __sk_common.skc_num);
	rw_socket_addresses(sk, family, c->laddr, c->raddr);
	c->rport = __builtin_bswap16(rw_get(sk, __sk_common.skc_dport));
	if (c->rport) {
		buf->flags |= RW_F_KERNEL_ADDR;
	} else {
		__builtin_memcpy(c->raddr, addr, sizeof(c->raddr));
		c->rport = port;
		c->family = s->to.family;
	}
	rw_end(buf);
}

/* Local ends are as the socket has them: for all but raw packets the port that the first send gave it. */
static __always_inline void rw_tell_datagram(struct rw_sending *s, struct sock *sk, __u16 family, const __u8 *addr, __u16 port)
{
	struct task_struct *task = rw_current();
	bool raw = get_sk_type(sk) == SOCK_RAW;
	__u32 marks = !raw && (get_sk_userlocks(sk) & SOCK_BINDPORT_LOCK) ? RW_F_BOUND : 0;
	struct rw_send_key key = {
		.start = rw_start(task),
		.pid = rw_read(task, tgid),
		.port = raw ? 0 : port,
		.family = (__u8)s->to.family,
		.protocol = (__u8)get_sk_protocol(sk),
	};
	__u8 unused[16];
	struct rw_connect *c;
	struct rw_buf *buf;

	if (!rw_call_wanted(s->call, RW_JUDGED_PEER, rw_peer(family, key.protocol, key.port), s->ret)) {
		rw_count_sifted(RW_SEND);
		return;
	}
	__builtin_memcpy(key.addr, addr, sizeof(key.addr));
	if (!rw_send_wanted(&key, rw_is_reply(marks, port)))
		return;
	buf = rw_begin_send(s, sk, family);
	if (!buf)
		return;
	c = (struct rw_connect *)buf->rec;
	buf->flags |= marks;
	rw_socket_addresses(sk, family, c->laddr, unused);
	if (!raw) {
		c->lport = rw_get(sk, __sk_common.skc_num);
		c->rport = port;
	}
	/* A socket of IPv6 may send to an address of IPv4: both ends are then told in the form of the socket. */
	if (family == AF_INET6 && s->to.family == AF_INET) {
		c->raddr[10] = 0xff;
		c->raddr[11] = 0xff;
		__builtin_memcpy(&c->raddr[12], addr, 4);
	} else {
		__builtin_memcpy(c->raddr, addr, sizeof(c->raddr));
	}
	rw_end(buf);
}

/* Tells a message whose address was read, where it is to be told. */
static __always_inline void rw_tell_send(struct rw_sending *s, struct sock *sk)
{
	__u16 family = rw_get(sk, __sk_common.skc_family), port = 0;
	__u8 addr[16] = {};

	if (family != AF_INET && family != AF_INET6)
		return;
	/* AF_UNSPEC is AF_INET to a socket of that family, and to a raw one its own. */
	if (s->to.family == AF_UNSPEC && (family == AF_INET || get_sk_type(sk) == SOCK_RAW))
		s->to.family = family;
	if (!rw_take_address(&s->to, addr, &port))
		return;
	/* As a byte: 6 is TCP and MPTCP (262). */
	if (get_sk_type(sk) == SOCK_STREAM && (__u8)get_sk_protocol(sk) == IPPROTO_TCP)
		rw_tell_fast_open(s, sk, family, addr, port);
	else
		rw_tell_datagram(s, sk, family, addr, port);
}

#endif /* RWATCH_SEND_BPF_H */
