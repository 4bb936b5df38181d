/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What is submitted through io_uring, which passes by all system calls: told when the kernel took the request over, with names that are the kernel's own
 * copies; what comes of it is not known then. Such a record is as that of the system call, with RW_F_IO_URING. Of a ring that a kernel thread
 * polls (SQPOLL) that thread is the submitter: it belongs to the process that made the ring.
 */
#include "../lib/filter.bpf.h"
#include "../lib/interest.bpf.h"
#include "../lib/socket.bpf.h"

#ifdef RW_LEGACY
#define RW_TP "raw_tp/"
#else
#define RW_TP "tp_btf/"
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct filename {
	const char *name;
};

struct open_how {
	__u64 flags, mode, resolve;
};

/* A request of io_uring; what each operation asks for lies at its start. */
struct io_cqe {
	int fd; /* of the file, until it is looked up */
};

struct io_cmd_data {
	struct file *file;
};

struct io_kiocb {
	struct io_cmd_data cmd;
	__u8 opcode;
	__u64 flags; /* 32 bits before 6.9: the bit that is looked at is in both */
	struct io_cqe cqe;
};

struct io_open {
	int dfd;
	struct filename *filename;
	struct open_how how;
};

struct io_rename {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
	int flags;
};

struct io_unlink {
	int dfd, flags;
	struct filename *filename;
};

struct io_mkdir {
	int dfd;
	__u16 mode;
	struct filename *filename;
};

struct io_connect {
	void *addr;
	int addr_len;
};

#pragma clang attribute pop

/* enum io_uring_op, include/uapi/linux/io_uring.h: numbers are fixed for ever */
enum {
	OP_ACCEPT = 13,
	OP_CONNECT = 16,
	OP_OPENAT = 18,
	OP_OPENAT2 = 28,
	OP_RENAMEAT = 35,
	OP_UNLINKAT = 36,
	OP_MKDIRAT = 37,
	OP_SYMLINKAT = 38,
	OP_LINKAT = 39,
	OP_FSETXATTR = 41,
	OP_SETXATTR = 42,
	OP_SOCKET = 45,
	OP_URING_CMD = 46,
	OP_FTRUNCATE = 55,
	OP_BIND = 56,
	OP_LISTEN = 57,
};

#define REQ_F_FIXED_FILE 1u /* the number is not that of a descriptor */

static __always_inline void rw_put_filename(struct rw_buf *buf, struct rw_str *str, struct filename *name)
{
	/* An error of getname, or none. */
	if (name && (unsigned long)name < (unsigned long)-4095)
		rw_put_kernel(buf, str, BPF_CORE_READ(name, name));
}

/* The descriptor that the request works on; -1 for one of the ring's own table. */
static __always_inline __s32 rw_request_fd(struct io_kiocb *req)
{
	return BPF_CORE_READ(req, flags) & REQ_F_FIXED_FILE ? -1 : BPF_CORE_READ(req, cqe.fd);
}

static __always_inline void rw_on_open(struct io_kiocb *req, __u32 call)
{
	struct rw_buf *buf = rw_begin(RW_BUF_URING, RW_OPEN, sizeof(struct rw_open));
	struct io_open *asked = (struct io_open *)req;
	struct rw_open *open;

	if (!buf)
		return;
	open = (struct rw_open *)buf->rec;
	rw_put_common(&open->c, rw_current(), RW_OPEN, call);
	buf->flags |= RW_F_IO_URING;
	open->dfd = BPF_CORE_READ(asked, dfd);
	open->open_flags = (__u32)BPF_CORE_READ(asked, how.flags);
	open->mode = BPF_CORE_READ(asked, how.mode) & 07777;
	open->resolve = BPF_CORE_READ(asked, how.resolve);
	rw_put_filename(buf, &open->raw, BPF_CORE_READ(asked, filename));
	rw_put_base(buf, &open->base, open->dfd, rw_is_absolute(buf, &open->raw) && !(open->resolve & RESOLVE_IN_ROOT));
	rw_end(buf);
}

/* A record about names, with everything but these. */
static __always_inline struct rw_buf *rw_begin_names(__u32 kind, __u32 call)
{
	struct rw_buf *buf = rw_begin(RW_BUF_URING, kind, sizeof(struct rw_fsop));
	struct rw_fsop *op;

	if (!buf)
		return NULL;
	op = (struct rw_fsop *)buf->rec;
	rw_put_common(&op->c, rw_current(), kind, call);
	buf->flags |= RW_F_IO_URING;
	op->old_mode = 0xffffffff;
	op->dfd = AT_FDCWD;
	op->dfd2 = AT_FDCWD;
	return buf;
}

static __always_inline void rw_on_unlink(struct io_kiocb *req)
{
	struct rw_buf *buf = rw_begin_names(RW_UNLINK, RW_CALL_UNLINKAT);
	struct io_unlink *asked = (struct io_unlink *)req;
	struct rw_fsop *op;

	if (!buf)
		return;
	op = (struct rw_fsop *)buf->rec;
	op->dfd = BPF_CORE_READ(asked, dfd);
	op->call_flags = BPF_CORE_READ(asked, flags);
	rw_put_filename(buf, &op->raw, BPF_CORE_READ(asked, filename));
	rw_put_base(buf, &op->base, op->dfd, rw_is_absolute(buf, &op->raw));
	rw_end(buf);
}

static __always_inline void rw_on_mkdir(struct io_kiocb *req)
{
	struct rw_buf *buf = rw_begin_names(RW_MKDIR, RW_CALL_MKDIRAT);
	struct io_mkdir *asked = (struct io_mkdir *)req;
	struct rw_fsop *op;

	if (!buf)
		return;
	op = (struct rw_fsop *)buf->rec;
	op->dfd = BPF_CORE_READ(asked, dfd);
	op->mode = BPF_CORE_READ(asked, mode) & 07777;
	rw_put_filename(buf, &op->raw, BPF_CORE_READ(asked, filename));
	rw_put_base(buf, &op->base, op->dfd, rw_is_absolute(buf, &op->raw));
	rw_end(buf);
}

/* Renames, and links of both kinds: the kernel's io_link has the shape of io_rename. */
static __always_inline void rw_on_two_names(struct io_kiocb *req, __u32 kind, __u32 call)
{
	struct rw_buf *buf = rw_begin_names(kind, call);
	struct io_rename *asked = (struct io_rename *)req;
	struct rw_fsop *op;

	if (!buf)
		return;
	op = (struct rw_fsop *)buf->rec;
	op->dfd = kind == RW_SYMLINK ? AT_FDCWD : BPF_CORE_READ(asked, old_dfd);
	op->dfd2 = BPF_CORE_READ(asked, new_dfd);
	op->call_flags = kind == RW_SYMLINK ? 0 : BPF_CORE_READ(asked, flags);
	rw_put_filename(buf, &op->raw, BPF_CORE_READ(asked, oldpath));
	rw_put_filename(buf, &op->raw2, BPF_CORE_READ(asked, newpath));
	if (kind != RW_SYMLINK)
		rw_put_base(buf, &op->base, op->dfd, rw_is_absolute(buf, &op->raw));
	rw_put_base(buf, &op->base2, op->dfd2, rw_is_absolute(buf, &op->raw2));
	rw_end(buf);
}

/* The address is in the caller's memory: the kernel read it there a moment ago, another thread may have changed it since. */
static __always_inline void rw_on_uring_connect(struct io_kiocb *req)
{
	struct io_connect *asked = (struct io_connect *)req;
	struct sock *sk = rw_sock_of(rw_current(), rw_request_fd(req));
	struct rw_args args = {.a = {0, (__u64)BPF_CORE_READ(asked, addr), (__u32)BPF_CORE_READ(asked, addr_len)}};
	struct rw_connect *c;
	struct rw_buf *buf = rw_begin(RW_BUF_URING, RW_CONNECT, sizeof(*c));
	bool known = false;

	if (!buf)
		return;
	c = (struct rw_connect *)buf->rec;
	rw_put_common(&c->c, rw_current(), RW_CONNECT, RW_CALL_CONNECT);
	buf->flags |= RW_F_IO_URING;
	c->fd = rw_request_fd(req);
	if (sk) {
		c->type = (__u8)get_sk_type(sk);
		c->protocol = (__u8)get_sk_protocol(sk);
		c->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	}
	if (c->family == AF_UNIX) {
		rw_put_unix_of_user(buf, c, &args);
		known = c->unix_path.len != 0;
	} else {
		known = rw_address_of_user(c, &args, c->raddr, &c->rport);
	}
	if (known)
		rw_end(buf);
}

/* What is no event of another kind: its number, and the file that it works on. */
static __always_inline void rw_on_other(struct io_kiocb *req, __u32 opcode)
{
	struct task_struct *task = rw_current();
	struct rw_buf *buf = rw_begin(RW_BUF_URING, RW_IO_URING, sizeof(struct rw_syscall));
	struct rw_syscall *call;
	struct file *file;

	if (!buf)
		return;
	call = (struct rw_syscall *)buf->rec;
	rw_put_common(&call->c, task, RW_IO_URING, RW_CALL_IO_URING_SUBMIT);
	buf->flags |= RW_F_IO_URING;
	call->args[0] = opcode;
	file = opcode == OP_SOCKET || opcode == OP_SETXATTR ? NULL : rw_file_of(task, rw_request_fd(req));
	if (file)
		rw_put_file(buf, &call->file, &call->path, file);
	rw_end(buf);
}

static __always_inline int rw_on_request(struct io_kiocb *req)
{
	__u32 opcode = BPF_CORE_READ(req, opcode);

	/* Reads, writes, polls, timeouts: nearly all of them. */
	if (opcode < OP_ACCEPT || (opcode > OP_LINKAT && opcode < OP_FSETXATTR) || opcode > OP_LISTEN || rw_is_own())
		return 0;
	switch (opcode) {
	case OP_OPENAT:
		rw_on_open(req, RW_CALL_OPENAT);
		break;
	case OP_OPENAT2:
		rw_on_open(req, RW_CALL_OPENAT2);
		break;
	case OP_UNLINKAT:
		rw_on_unlink(req);
		break;
	case OP_MKDIRAT:
		rw_on_mkdir(req);
		break;
	case OP_RENAMEAT:
		rw_names_will_change();
		rw_on_two_names(req, RW_RENAME, RW_CALL_RENAMEAT2);
		break;
	case OP_SYMLINKAT:
		rw_on_two_names(req, RW_SYMLINK, RW_CALL_SYMLINKAT);
		break;
	case OP_LINKAT:
		rw_on_two_names(req, RW_LINK, RW_CALL_LINKAT);
		break;
	case OP_CONNECT:
		rw_on_uring_connect(req);
		break;
	case OP_ACCEPT:
	case OP_FSETXATTR:
	case OP_SETXATTR:
	case OP_SOCKET:
	case OP_URING_CMD:
	case OP_FTRUNCATE:
	case OP_BIND:
	case OP_LISTEN:
		rw_on_other(req, opcode);
		break;
	}
	return 0;
}

/* Since 6.4 (e70cb60893ca); (request). */
SEC(RW_TP "io_uring_submit_req")
int RW_NAME(on_uring_req)(unsigned long long *ctx)
{
	return rw_on_request((void *)ctx[0]);
}

/* Before; from 6.0 on (request, …). Older kernels hand over other things, and are left out: their request is no io_cmd_data. */
SEC(RW_TP "io_uring_submit_sqe")
int RW_NAME(on_uring_sqe)(unsigned long long *ctx)
{
	struct io_kiocb *req = (void *)ctx[0];

	return bpf_core_field_exists(req->cmd) ? rw_on_request(req) : 0;
}
