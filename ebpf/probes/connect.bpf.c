/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Outgoing connections at the end of connect(2). Addresses come from the kernel's socket; where a failed call has cleared them there, from what the TCP
 * state machine showed on the way, and only then from the caller's memory, which another thread may have changed.
 */
#include "../lib/call.bpf.h"
#include "../lib/task.bpf.h"

#define EINTR 4
#define EISCONN 106
#define EALREADY 114
#define EINPROGRESS 115
#define UNIX_PATH_LEN 108

/* Longest sockaddr that is read: sockaddr_in6. sockaddr_un's name is read on its own. */
struct rw_sockaddr {
	__u16 family;
	__be16 port;
	__u8 rest[24];
};

static __always_inline void rw_socket_addresses(struct sock *sk, __u16 family, __u8 *laddr, __u8 *raddr)
{
	if (family == AF_INET6) {
		bpf_core_read(laddr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(raddr, 16, &sk->__sk_common.skc_v6_daddr);
	} else {
		bpf_core_read(laddr, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_core_read(raddr, 4, &sk->__sk_common.skc_daddr);
	}
}

/* True where the socket itself still has the peer that this call was about. */
static __always_inline bool rw_socket_has_peer(__s32 ret)
{
	return ret == 0 || ret == -EINPROGRESS || ret == -EALREADY || ret == -EISCONN || ret == -EINTR;
}

static __always_inline bool rw_peer_of_user(struct rw_connect *c, struct rw_args *args)
{
	struct rw_sockaddr address = {};
	__u32 len = args->a[2];

	/* Both ends of the size are for the verifier (of 6.1 and 6.12), which must see them of the register that is handed over: hence the
	 * barrier. The kernel refuses shorter ones than sockaddr_in. */
	barrier_var(len);
	if (!args->a[1] || len < 16 || c->ret == -EFAULT)
		return false;
	if (len > sizeof(address))
		len = sizeof(address);
	if (bpf_probe_read_user(&address, len, (void *)args->a[1]))
		return false;
	c->rport = __builtin_bswap16(address.port);
	if (address.family == AF_INET6)
		__builtin_memcpy(c->raddr, &address.rest[4], 16); /* behind sin6_flowinfo */
	else if (address.family == AF_INET)
		__builtin_memcpy(c->raddr, address.rest, 4);
	else
		return false;
	c->family = address.family;
	return true;
}

/* False where no address is known: nothing was tried (AF_UNSPEC, a bad pointer). */
static __always_inline bool rw_put_inet(struct rw_buf *buf, struct rw_connect *c, struct sock *sk, struct rw_args *args)
{
	__u64 key = (__u64)sk;
	struct rw_syn *syn = bpf_map_lookup_elem(&rw_syns, &key);
	bool known = false;

	c->lport = BPF_CORE_READ(sk, __sk_common.skc_num);
	rw_socket_addresses(sk, c->family, c->laddr, c->raddr);
	if (rw_socket_has_peer(c->ret)) {
		c->rport = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
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
		return rw_peer_of_user(c, args);
	buf->flags |= RW_F_KERNEL_ADDR;
	return true;
}

/* A bound name: from kernel or user memory, `len` bytes of it; an abstract one begins with NUL and may hold more of them. */
static __always_inline void rw_put_unix_name(struct rw_buf *buf, struct rw_str *str, const void *name, __u32 len, bool user)
{
	char first = 0;
	__u32 off;
	long n;

	barrier_var(len); /* as in rw_peer_of_user */
	if (!name || len < 1 || len > UNIX_PATH_LEN || !rw_room(buf, &off, RW_F_RAW_TRUNC))
		return;
	if (user)
		bpf_probe_read_user(&first, 1, name);
	else
		bpf_probe_read_kernel(&first, 1, name);
	/* The size is proved by len <= UNIX_PATH_LEN, the place by rw_room. */
	if (!first) {
		n = user ? bpf_probe_read_user(&buf->rec[off], len, name) : bpf_probe_read_kernel(&buf->rec[off], len, name);
		if (n)
			return;
		buf->rec[off] = '@';
		rw_took(buf, str, off, len);
		return;
	}
	/* One byte more for the NUL: a name may fill sun_path without one. */
	n = user ? bpf_probe_read_user_str(&buf->rec[off], len + 1, name) : bpf_probe_read_kernel_str(&buf->rec[off], len + 1, name);
	if (n > 1 && n <= UNIX_PATH_LEN + 1)
		rw_took(buf, str, off, (__u32)n - 1);
}

static __always_inline bool rw_put_unix(struct rw_buf *buf, struct rw_connect *c, struct sock *sk, struct rw_args *args)
{
	struct unix_sock *peer = (struct unix_sock *)BPF_CORE_READ((struct unix_sock *)sk, peer);
	struct unix_address *address;
	struct dentry *dentry;

	if (!rw_socket_has_peer(c->ret) || !peer) {
		__u32 len = args->a[2];

		/* sun_path is behind the two bytes of the family. */
		if (args->a[1] && len > 2 && c->ret != -EFAULT)
			rw_put_unix_name(buf, &c->unix_path, (void *)(args->a[1] + 2), len - 2, true);
		return c->unix_path.len != 0;
	}
	buf->flags |= RW_F_KERNEL_ADDR;
	dentry = BPF_CORE_READ(peer, path.dentry);
	if (dentry) {
		struct rw_path path = {};

		/* The name bound may be relative to another process's directory: the file is what counts. */
		rw_put_path(buf, &path, dentry, BPF_CORE_READ(peer, path.mnt));
		c->unix_path = path.path;
		return true;
	}
	address = BPF_CORE_READ(peer, addr);
	if (address)
		rw_put_unix_name(buf, &c->unix_path, &address->name[0].sun_path, BPF_CORE_READ(address, len) - 2, false);
	return true;
}

static __always_inline struct sock *rw_sock_of(struct task_struct *task, __u32 fd)
{
	struct file *file = rw_file_of(task, fd);
	struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return socket ? BPF_CORE_READ(socket, sk) : NULL;
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
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
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
		family = BPF_CORE_READ(sk, __sk_common.skc_family);
		rw_socket_addresses(sk, family, syn.laddr, syn.raddr);
		syn.rport = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
		bpf_map_update_elem(&rw_syns, &key, &syn, BPF_ANY);
	} else if (before == TCP_SYN_SENT && after == TCP_CLOSE) {
		/* Refused, maybe in an interrupt: the last moment at which the local end is known. */
		struct rw_syn *syn = bpf_map_lookup_elem(&rw_syns, &key);
		__u8 unused[16];

		if (!syn)
			return 0;
		family = BPF_CORE_READ(sk, __sk_common.skc_family);
		rw_socket_addresses(sk, family, syn->laddr, unused);
		/* skc_num is gone with the port already, its copy for the wire is not. */
		syn->lport = __builtin_bswap16(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	}
	return 0;
}
