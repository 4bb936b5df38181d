/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sockets and their two ends: from the kernel's own socket, or where a call failed before it came there from what the caller passed.
 */
#ifndef RWATCH_SOCKET_BPF_H
#define RWATCH_SOCKET_BPF_H

#include "call.bpf.h"
#include "task.bpf.h"

#define UNIX_PATH_LEN 108

/* The head of struct user_msghdr. */
struct rw_msghdr {
	__u64 name;
	__u32 name_len;
	__u32 reserved;
	__u64 iov, iov_len;
};

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

/* An address of the caller's memory, of `len` bytes. */
static __always_inline bool rw_read_sockaddr(__u64 pointer, __u32 len, struct rw_sockaddr *address)
{
	/* Both ends of the size are for the verifier (of 6.1 and 6.12), which must see them of the register that is handed over: hence the
	 * barrier. The kernel refuses shorter ones than sockaddr_in. */
	barrier_var(len);
	if (!pointer || len < 16)
		return false;
	if (len > sizeof(*address))
		len = sizeof(*address);
	return !bpf_probe_read_user(address, len, (void *)pointer);
}

/* False where it is of another family than IPv4 and IPv6. */
static __always_inline bool rw_take_address(const struct rw_sockaddr *address, __u8 *addr, __u16 *port)
{
	*port = __builtin_bswap16(address->port);
	if (address->family == AF_INET6)
		__builtin_memcpy(addr, &address->rest[4], 16); /* behind sin6_flowinfo */
	else if (address->family == AF_INET)
		__builtin_memcpy(addr, address->rest, 4);
	else
		return false;
	return true;
}

/* The address of either end that a call was given, in its arguments 1 and 2. */
static __always_inline bool rw_address_of_user(struct rw_connect *c, struct rw_args *args, __u8 *addr, __u16 *port)
{
	struct rw_sockaddr address = {};

	if (c->ret == -EFAULT || !rw_read_sockaddr(args->a[1], args->a[2], &address) || !rw_take_address(&address, addr, port))
		return false;
	c->family = address.family;
	return true;
}

/* A bound name: from kernel or user memory, `len` bytes of it; an abstract one begins with NUL and may hold more of them. */
static __always_inline void rw_put_unix_name(struct rw_buf *buf, struct rw_str *str, const void *name, __u32 len, bool user)
{
	char first = 0;
	__u32 off;
	long n;

	barrier_var(len); /* as in rw_read_sockaddr */
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

/* sun_path is behind the two bytes of the family. */
static __always_inline void rw_put_unix_of_user(struct rw_buf *buf, struct rw_connect *c, struct rw_args *args)
{
	__u32 len = args->a[2];

	if (args->a[1] && len > 2 && c->ret != -EFAULT)
		rw_put_unix_name(buf, &c->unix_path, (void *)(args->a[1] + 2), len - 2, true);
}

/* The name that a unix socket is bound to, if any. */
static __always_inline void rw_put_unix_end(struct rw_buf *buf, struct rw_str *str, struct unix_sock *end)
{
	struct dentry *dentry = rw_get(end, path.dentry);
	struct unix_address *address;

	buf->flags |= RW_F_KERNEL_ADDR;
	if (dentry) {
		struct rw_path path = {};

		/* The name bound may be relative to another process's directory: the file is what counts. */
		rw_put_path(buf, &path, dentry, rw_get(end, path.mnt));
		*str = path.path;
		return;
	}
	address = rw_get(end, addr);
	if (address)
		rw_put_unix_name(buf, str, &address->name[0].sun_path, rw_get(address, len) - 2, false);
}

static __always_inline struct sock *rw_sock_of(struct task_struct *task, __u32 fd)
{
	struct file *file = rw_file_of(task, fd);
	struct socket *socket;

	if (!file || (rw_get(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = rw_get(file, private_data);
	/* As a number: functions that are verified by themselves take no pointer that may be stale. */
	return socket ? BPF_CORE_READ(socket, sk) : NULL;
}

#endif /* RWATCH_SOCKET_BPF_H */
