/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A process is made, runs a new image, ends. Compiled twice: typed tracepoints for modern kernels, raw ones (RW_LEGACY) for older.
 */
#include "../lib/call.bpf.h"
#include "../lib/interest.bpf.h"
#include "../lib/socket.bpf.h"
#include "../lib/task.bpf.h"

#define RW_CGROUP_LEVELS 16

#ifdef RW_LEGACY
#define RW_TP "raw_tp/"
#else
#define RW_TP "tp_btf/"
#endif

/* argv lies in one piece on the new stack, NUL after NUL. Read page by page, so that a page that is not there costs only what follows it. */
static __always_inline void rw_put_argv(struct rw_buf *buf, struct rw_str *str, struct task_struct *task)
{
	struct mm_struct *mm = rw_read(task, mm);
	__u64 start, size;
	__u32 begin = buf->len;

	if (!mm)
		return;
	start = rw_read(mm, arg_start);
	size = rw_read(mm, arg_end) - start;
	if (size > RW_ARGV_MAX) {
		size = RW_ARGV_MAX;
		buf->flags |= RW_F_ARGV_TRUNC;
	}
	/* A fixed number of turns, for the verifier. */
	for (__u32 i = 0; i < RW_ARGV_MAX / RW_CHUNK; i++) {
		__u32 off, n = size > RW_CHUNK ? RW_CHUNK : size;

		if (!n)
			break;
		/* n <= RW_CHUNK here and off from rw_room keep the read inside rec. */
		if (!rw_room(buf, &off, RW_F_ARGV_TRUNC))
			break;
		if (bpf_probe_read_user(&buf->rec[off], n, (void *)(start + i * RW_CHUNK))) {
			buf->flags |= RW_F_ARGV_TRUNC;
			break;
		}
		buf->len = off + n;
		size -= n;
	}
	str->off = begin;
	str->len = buf->len - begin;
	if (str->len && !(buf->flags & RW_F_ARGV_TRUNC))
		str->len--; /* the last NUL */
}

static __always_inline __u32 rw_tty(struct task_struct *task)
{
	struct tty_struct *tty = rw_read(task, signal, tty);
	struct tty_driver *driver;

	if (!tty)
		return 0;
	driver = rw_read(tty, driver);
	return (rw_read(driver, major) << 20) | (rw_read(driver, minor_start) + rw_read(tty, index));
}

/* A memfd has no directory and no name, on the kernel's own tmpfs (or hugetlbfs): a file that merely calls itself so has a parent. */
static __always_inline bool rw_is_memfd(struct file *exe)
{
	struct dentry *dentry = rw_get(exe, f_path.dentry);
	unsigned long magic = rw_get(dentry, d_sb, s_magic);
	char name[6] = {};

	if (rw_get(dentry, d_parent) != dentry || (magic != TMPFS_MAGIC && magic != HUGETLBFS_MAGIC))
		return false;
	bpf_probe_read_kernel(name, sizeof(name), rw_get(dentry, d_name.name));
	return name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' && name[4] == 'd' && name[5] == ':';
}

/* fdpath is set for a name that starts from a descriptor, which only execveat can pass. With any other name the two calls are the same, and
 * the saved registers can't tell them apart: a new image pretends that it came from execve (set_personality_64bit). */
static __always_inline __u16 rw_exec_call(struct linux_binprm *bprm)
{
	return rw_read(bprm, fdpath) ? RW_CALL_EXECVEAT : RW_CALL_EXECVE;
}

static __always_inline void rw_put_cwd(struct rw_buf *buf, struct rw_path *out, struct task_struct *task)
{
	struct fs_struct *fs = rw_read(task, fs);
	struct path at = {};

	if (!fs)
		return;
	bpf_core_read(&at, sizeof(at), &fs->pwd);
	rw_put_path(buf, out, at.dentry, at.mnt);
}

/* Its group may be gone, and its name with it, before the daemon comes to look: a unit that runs for a moment. */
rw_subprogram void rw_put_cgroup(struct rw_buf *buf, struct rw_str *out, struct task_struct *task)
{
	struct kernfs_node *node = rw_get(task, cgroups, dfl_cgrp, kn);
	__u32 begin = buf->len, end;

	/* A bounded loop for the verifier; systemd nests about six deep, a container in a user's session ten. */
	for (int level = 0; level < RW_CGROUP_LEVELS && node; level++) {
		struct kernfs_node *parent = get_kernfs_parent(node);
		struct rw_str name = {};

		if (!parent || rw_get(node, id) == cgroup_root) {
			end = buf->len;
			out->off = (__u16)begin;
			out->len = (__u16)(end - begin);
			return;
		}
		rw_put_kernel(buf, &name, rw_get(node, name));
		end = buf->len;
		/* The bound keeps the write inside rec for the verifier. */
		if (!name.len || end >= RW_RECORD_MAX)
			return;
		buf->rec[end] = '/';
		buf->len = end + 1;
		node = parent;
	}
}

/* What a shell (or anything) reads its orders from and answers to: see rw_exec.streams. */
rw_subprogram int rw_stream(struct task_struct *task, __u32 fd)
{
	struct file *file = rw_file_of(task, fd);
	struct sock *sk;
	__u32 type;

	if (!file)
		return 0;
	type = (rw_get(file, f_inode, i_mode) & S_IFMT) >> 12;
	sk = rw_sock_of(task, fd);
	return type | (sk ? rw_get(sk, __sk_common.skc_family) & 15 : 0) << 4;
}

SEC(RW_TP "sched_process_exec")
int RW_NAME(on_exec)(unsigned long long *ctx)
{
	struct linux_binprm *bprm = rw_untrusted((struct linux_binprm *)ctx[2]); /* (task, old pid, bprm) */
	struct task_struct *task = rw_current();
	const struct cred *cred;
	const char *filename, *interp;
	struct rw_exec *exec;
	struct rw_buf *buf;
	struct file *exe;

	if (rw_is_own())
		return 0;
	exe = rw_exe(task);
	if (exe)
		rw_forget_exe(rw_read(exe, f_inode, i_ino), rw_read(exe, f_inode, i_sb, s_dev));
	buf = rw_begin(RW_BUF_EXEC, RW_EXEC, sizeof(*exec));
	if (!buf)
		return 0;
	exec = (struct rw_exec *)buf->rec;
	rw_put_common(&exec->c, task, RW_EXEC, rw_exec_call(bprm));
	if (exe) {
		rw_put_file(buf, &exec->exe, &exec->exe_path, exe);
		if (rw_is_memfd(exe))
			buf->flags |= RW_F_MEMFD;
	}
	rw_put_cwd(buf, &exec->cwd, task);
	cred = rw_read(task, cred);
	bpf_core_read(&exec->cap_effective, sizeof(exec->cap_effective), &cred->cap_effective);
	bpf_core_read(&exec->cap_permitted, sizeof(exec->cap_permitted), &cred->cap_permitted);
	exec->argc = rw_read(bprm, argc);
	exec->tty = rw_tty(task);
	exec->sid = rw_read(task, signal, pids[PIDTYPE_SID], numbers[0].nr);
	for (__u32 fd = 0; fd < 3; fd++)
		exec->streams[fd] = rw_stream(task, fd);
	filename = rw_read(bprm, filename);
	interp = rw_read(bprm, interp);
	rw_put_kernel(buf, &exec->filename, filename);
	/* One string until a #! line (or binfmt_misc) brings an interpreter. */
	if (interp != filename)
		rw_put_kernel(buf, &exec->interp, interp);
	rw_put_cgroup(buf, &exec->cgroup, task);
	rw_put_argv(buf, &exec->argv, task);
	rw_end(buf);
	return 0;
}

#define CSIGNAL 0xff /* of clone's flags: a signal */
#define RW_NEW_NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)

/* Which namespaces the child has that are not its parent's. One of pids, or of time, may come from the parent's own unshare. */
static __always_inline __u64 rw_new_namespaces(struct task_struct *task, struct task_struct *child, struct rw_fork *fork)
{
	struct nsproxy *ours = rw_read(task, nsproxy), *its = rw_read(child, nsproxy);
	__u64 flags = fork->c.pidns != fork->child_pidns ? CLONE_NEWPID : 0;

	if (rw_read(task, cred, user_ns) != rw_read(child, cred, user_ns))
		flags |= CLONE_NEWUSER;
	if (!ours || !its || ours == its)
		return flags;
	flags |= rw_read(ours, mnt_ns) != rw_read(its, mnt_ns) ? CLONE_NEWNS : 0;
	flags |= rw_read(ours, cgroup_ns) != rw_read(its, cgroup_ns) ? CLONE_NEWCGROUP : 0;
	flags |= rw_read(ours, uts_ns) != rw_read(its, uts_ns) ? CLONE_NEWUTS : 0;
	flags |= rw_read(ours, ipc_ns) != rw_read(its, ipc_ns) ? CLONE_NEWIPC : 0;
	flags |= rw_read(ours, net_ns) != rw_read(its, net_ns) ? CLONE_NEWNET : 0;
	flags |= rw_read(ours, time_ns) != rw_read(its, time_ns) ? CLONE_NEWTIME : 0;
	return flags;
}

/* What the call asked for; clone3's are in the caller's memory. Of legacy kernels nothing is known. */
static __always_inline __u64 rw_clone_flags(struct task_struct *task, __u16 call)
{
	__u64 flags = 0;
#if !defined(RW_LEGACY)
	struct rw_args args = {};

	if (call != RW_CALL_CLONE && call != RW_CALL_CLONE3)
		return 0;
	rw_args_of((struct pt_regs *)bpf_task_pt_regs((struct task_struct *)bpf_get_current_task_btf()), &args);
	if (call == RW_CALL_CLONE)
		return args.a[0] & ~CSIGNAL & 0xffffffff;
	bpf_probe_read_user(&flags, sizeof(flags), (void *)args.a[0]);
#endif
	return flags;
}

SEC(RW_TP "sched_process_fork")
int RW_NAME(on_fork)(unsigned long long *ctx)
{
	struct task_struct *child = rw_untrusted((struct task_struct *)ctx[1]); /* (parent, child) */
	struct task_struct *task = rw_current();
	int tgid = rw_read(child, tgid);
	struct rw_fork fork = {};

	if (tgid != rw_read(child, pid) || rw_is_own() || !rw_admit(RW_FORK, sizeof(fork)))
		return 0;
	rw_put_common(&fork.c, task, RW_FORK, rw_current_call(task));
	fork.c.size = sizeof(fork);
	fork.child_start = rw_read(child, start_boottime);
	fork.child_cgroup = rw_cgroup(child);
	fork.child_pid = tgid;
	fork.child_vpid = rw_tgid_in_ns(child, &fork.child_pidns);
	fork.child_mntns = rw_mntns(child);
	fork.flags = (rw_clone_flags(task, fork.c.call) & ~RW_NEW_NAMESPACES) | rw_new_namespaces(task, child, &fork);
	rw_submit(&fork, sizeof(fork), RW_FORK);
	return 0;
}

static __always_inline int rw_on_exit(struct task_struct *task)
{
	struct signal_struct *signal = rw_read(task, signal);
	struct rw_exit exit = {};

	if (rw_is_own() || !rw_admit(RW_EXIT, sizeof(exit)))
		return 0;
	rw_put_common(&exit.c, task, RW_EXIT, RW_CALL_PROCEXIT);
	exit.c.size = sizeof(exit);
	/* As wait_task_zombie() has it. */
	if (rw_read(signal, flags) & SIGNAL_GROUP_EXIT)
		exit.status = rw_read(signal, group_exit_code);
	else
		exit.status = rw_read(task, group_leader, exit_code);
	rw_submit(&exit, sizeof(exit), RW_EXIT);
	return 0;
}

SEC(RW_TP "sched_process_exit")
int RW_NAME(on_exit)(unsigned long long *ctx)
{
	struct task_struct *task = rw_current();
	struct rw_last_key key = {.start = rw_start(task), .pid = rw_read(task, tgid)};
	__u32 one = 1;

	/* Threads that die at once may all see 0: the first of them tells. (6.16 and later say which is the last, but in an argument that older
	 * kernels do not have.) */
	if (rw_read(task, signal, live.counter) != 0 || bpf_map_update_elem(&rw_lasts, &key, &one, BPF_NOEXIST))
		return 0;
	return rw_on_exit(task);
}
