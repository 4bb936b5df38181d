/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Who did it: the head of every record, and files as their inodes say.
 */
#ifndef RWATCH_TASK_BPF_H
#define RWATCH_TASK_BPF_H

#include "path.bpf.h"
#include "syscalls.bpf.h"

static __always_inline __u32 rw_tgid_in_ns(struct task_struct *task, __u32 *ns)
{
	struct pid *pid = rw_read(task, signal, pids[PIDTYPE_TGID]);
	__u32 level;
	struct upid upid;

	if (!pid)
		return 0;
	level = rw_read(pid, level);
	/* numbers[] has level + 1 entries; a variable offset is not allowed through a typed pointer, so by helper. */
	bpf_probe_read_kernel(&upid, sizeof(upid),
			      (char *)pid + bpf_core_field_offset(struct pid, numbers) + level * sizeof(upid));
	*ns = rw_get(upid.ns, ns.inum);
	return upid.nr;
}

static __always_inline __u32 rw_mntns(struct task_struct *task)
{
	struct nsproxy *proxy = rw_read(task, nsproxy);

	/* None in a task that is gone already. */
	return proxy ? rw_read(proxy, mnt_ns, ns.inum) : 0;
}

static __always_inline __u64 rw_start(struct task_struct *task)
{
	return rw_read(task, group_leader, start_boottime);
}

static __always_inline __u64 rw_cgroup(struct task_struct *task)
{
	return rw_read(task, cgroups, dfl_cgrp, kn, id);
}

static __always_inline struct file *rw_exe(struct task_struct *task)
{
	struct mm_struct *mm = rw_read(task, mm);

	return mm ? rw_read(mm, exe_file) : NULL;
}

/* The current task's head; the record's size is filled in when it ends. */
static __always_inline void rw_put_common(struct rw_common *c, struct task_struct *task, __u32 kind, __u32 call)
{
	const struct cred *cred = rw_read(task, cred);
	struct task_struct *parent = rw_read(task, real_parent);
	struct file *exe = rw_exe(task);

	c->kind = kind;
	c->call = call;
	c->ktime = bpf_ktime_get_boot_ns();
	c->start = rw_start(task);
	c->parent_start = rw_start(parent);
	c->cgroup = bpf_get_current_cgroup_id();
	if (exe) {
		struct inode *inode = rw_read(exe, f_inode);

		c->exe_ino = rw_read(inode, i_ino);
		c->exe_dev = rw_read(inode, i_sb, s_dev);
	}
	c->flags |= rw_in_compat(task) ? RW_F_COMPAT : 0;
	c->pid = rw_read(task, tgid);
	c->tid = rw_read(task, pid);
	c->ppid = rw_read(parent, tgid);
	c->uid = rw_read(cred, uid.val);
	c->euid = rw_read(cred, euid.val);
	c->gid = rw_read(cred, gid.val);
	c->egid = rw_read(cred, egid.val);
	c->loginuid = get_loginuid(task);
	c->session = get_sessionid(task);
	c->vpid = rw_tgid_in_ns(task, &c->pidns);
	c->mntns = rw_mntns(task);
	bpf_get_current_comm(c->comm, sizeof(c->comm));
}

/* The file behind a descriptor of the task; NULL where there is none. */
static __always_inline struct file *rw_file_of(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = rw_read(task, files, fdt);
	struct file **slots;

	if (!table || fd >= rw_read(table, max_fds))
		return NULL;
	slots = rw_read(table, fd);
	/* A pointer in an array has no type of its own: as one that begins a structure. */
	return (struct file *)rw_get((struct list_head *)(slots + fd), next);
}

static __always_inline void rw_read_inode(struct rw_file *out, struct inode *inode)
{
	out->ino = rw_get(inode, i_ino);
	out->dev = rw_get(inode, i_sb, s_dev);
	out->mode = rw_get(inode, i_mode);
	out->nlink = rw_get(inode, i_nlink);
	out->uid = rw_get(inode, i_uid.val);
	out->mtime_ns = get_mtime(inode);
	out->ctime_ns = get_ctime(inode);
}

static __always_inline void rw_put_inode(struct rw_buf *buf, struct rw_file *out, struct inode *inode)
{
	rw_read_inode(out, inode);
	if (!out->nlink)
		buf->flags |= RW_F_UNLINKED;
}

/* A file's name and inode. */
rw_subprogram void rw_put_file(struct rw_buf *buf, struct rw_file *out, struct rw_path *path, struct file *file)
{
	rw_put_inode(buf, out, rw_get(file, f_inode));
	rw_put_path(buf, path, rw_get(file, f_path.dentry), rw_get(file, f_path.mnt));
}

/*
 * The directory that a name passed to a call starts from: for a relative name `dfd` or the working directory. For an absolute one
 * it is absent, but in a chroot it is the root there. Base + name is always the way from the root of the mount namespace.
 */
rw_function int rw_put_base(struct rw_buf *buf, struct rw_path *out, __s32 dfd, __u32 absolute)
{
	struct task_struct *task = rw_current();
	struct fs_struct *fs = rw_read(task, fs);
	struct path at = {};
	struct file *file;
	__u32 len;

	if (!buf || !out || !fs)
		return 0;
	len = buf->len;
	if (absolute) {
		bpf_core_read(&at, sizeof(at), &fs->root);
		rw_put_path(buf, out, at.dentry, at.mnt);
		if (out->path.len == 1) { /* the namespace's own root needs no telling */
			__builtin_memset(out, 0, sizeof(*out));
			buf->len = len;
		}
		return 0;
	}
	if (dfd == AT_FDCWD) {
		bpf_core_read(&at, sizeof(at), &fs->pwd);
	} else {
		file = rw_file_of(task, dfd);
		if (!file)
			return 0;
		bpf_core_read(&at, sizeof(at), &file->f_path);
	}
	rw_put_path(buf, out, at.dentry, at.mnt);
	return 0;
}

#endif /* RWATCH_TASK_BPF_H */
