/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * From a dentry and its mount to a name: up the tree, and at a mount's root on to where it is mounted, until the root of the mount namespace
 * (not of a chroot: that is where a process is kept, not what the file is called). Written from the end of a buffer backwards.
 * Renames on the way may tear the name, as no lock can be taken here; device and inode are exact.
 */
#ifndef RWATCH_PATH_BPF_H
#define RWATCH_PATH_BPF_H

#include "emit.bpf.h"

#ifdef RW_LEGACY
/* Bounded loop of 5.3+: the verifier walks each turn, so few. */
#define RW_WALK_STEPS 64
#else
/* A path of 4,096 bytes has at most 2,048 components; the rest is for mounts on the way. */
#define RW_WALK_STEPS 3072
#endif

/* Puts "/name" before what is there. False where it does not fit. */
static __always_inline bool rw_prepend(struct rw_buf *buf, struct dentry *dentry)
{
	struct rw_walk *w = &buf->walk;
	__u32 len = rw_get(dentry, d_name.len);
	const unsigned char *name = rw_get(dentry, d_name.name);
	__u32 pos = w->pos;

	/* len <= 255 and pos <= 4096 - len - 1 keep the write inside path[4096 + 256] for the verifier. */
	if (len > RW_NAME_MAX || pos > RW_PATH_MAX || pos < len + 1)
		return false;
	pos -= len;
	/* Again, since it does not follow a subtraction of two unknowns. */
	if (pos > RW_PATH_MAX || pos < 1)
		return false;
	bpf_probe_read_kernel(&buf->path[pos], len, name);
	pos--;
	buf->path[pos & (RW_PATH_MAX - 1)] = '/';
	w->pos = pos;
	return true;
}

/* From a mount's root to where it is mounted. False at the root of the namespace (which is mounted on itself). */
static __always_inline bool rw_cross_mount(struct rw_walk *w)
{
	struct mount *mount, *parent;

	if (!w->below)
		w->below = w->pos;
	if (!w->mnt)
		return false;
	mount = (struct mount *)((char *)w->mnt - bpf_core_field_offset(struct mount, mnt));
	parent = rw_get(mount, mnt_parent);
	if (!parent || parent == mount)
		return false;
	w->dentry = rw_get(mount, mnt_mountpoint);
	w->mnt = (struct vfsmount *)((char *)parent + bpf_core_field_offset(struct mount, mnt));
	w->top = rw_get(parent, mnt.mnt_root);
	return true;
}

/* One step; 1 ends the walk, with done where it came to the end. */
static long rw_walk_step(__u32 turn, void *data)
{
	struct rw_buf *buf = *(struct rw_buf **)data;
	struct rw_walk *w = &buf->walk;
	struct dentry *dentry = w->dentry;
	struct dentry *parent;

	if (dentry == w->top) {
		w->done = !rw_cross_mount(w);
		return w->done;
	}
	parent = rw_get(dentry, d_parent);
	if (!parent || parent == dentry) {
		/* Not connected (open_by_handle_at), or a memfd, pipe or socket that has no directory: its own name, if it has one. */
		if (w->pos == RW_PATH_MAX)
			rw_prepend(buf, dentry);
		w->done = true;
		return 1;
	}
	if (!rw_prepend(buf, dentry))
		return 1;
	w->dentry = parent;
	return 0;
}

/* "/name" at the very end, of a name that is no dentry's any more. */
static __always_inline void rw_put_last(struct rw_buf *buf)
{
	__u32 len = buf->last_len, pos = RW_PATH_MAX;

	/* Keeps the write inside path for the verifier. */
	if (len < 1 || len > RW_NAME_MAX)
		return;
	pos -= len;
	bpf_probe_read_kernel(&buf->path[pos], len, buf->last);
	pos--;
	buf->path[pos & (RW_PATH_MAX - 1)] = '/';
	buf->walk.pos = pos;
	buf->last_len = 0;
}

static __always_inline void rw_walk_up(struct rw_buf *buf)
{
	struct rw_walk *w = &buf->walk;

	w->pos = RW_PATH_MAX;
	rw_put_last(buf);
	w->below = 0;
	w->done = false;
#ifdef RW_LEGACY
	for (__u32 turn = 0; turn < RW_WALK_STEPS; turn++)
		if (rw_walk_step(turn, &buf))
			break;
#else
	bpf_loop(RW_WALK_STEPS, rw_walk_step, &buf, 0);
#endif
	if (!w->done)
		buf->flags |= RW_F_PATH_TRUNC;
	if (!w->below)
		w->below = w->pos;
}

/* Appends what was walked; "/" where nothing was. Gives its length. */
static __always_inline __u32 rw_put_walked(struct rw_buf *buf, struct rw_str *str)
{
	__u32 pos = buf->walk.pos, off, len;

	if (pos >= RW_PATH_MAX) {
		pos = RW_PATH_MAX - 1;
		buf->path[pos] = '/';
	}
	len = RW_PATH_MAX - pos;
	/* len <= RW_CHUNK, with off from rw_room, is what bpf_probe_read_kernel's size argument needs. */
	if (len > RW_CHUNK || !rw_room(buf, &off, RW_F_PATH_TRUNC))
		return 0;
	bpf_probe_read_kernel(&buf->rec[off], len, &buf->path[pos & (RW_PATH_MAX - 1)]);
	rw_took(buf, str, off, len);
	return len;
}

/* Appends the name of walk.dentry in walk.mnt; where that is a bind mount also the name of its root within the file system. */
rw_function int rw_put_walk(struct rw_buf *buf, struct rw_path *out)
{
	struct dentry *top, *fs_root;
	struct vfsmount *mnt;
	struct rw_walk *w;
	__u32 len;

	if (!buf || !out)
		return 0;
	w = &buf->walk;
	mnt = w->mnt;
	top = rw_get(mnt, mnt_root);
	fs_root = rw_get(mnt, mnt_sb, s_root);
	w->top = top;
	rw_walk_up(buf);
	len = rw_put_walked(buf, &out->path);
	if (top == fs_root)
		return 0;
	out->mnt = len - (RW_PATH_MAX - w->below);
	if (len == 1)
		out->mnt = 1; /* the mount is the root of the namespace, and the object is the mount's root: both are "/" */
	w->dentry = top;
	w->mnt = NULL;
	w->top = fs_root;
	rw_walk_up(buf);
	rw_put_walked(buf, &out->root);
	return 0;
}

static __always_inline void rw_put_path(struct rw_buf *buf, struct rw_path *out, struct dentry *dentry, struct vfsmount *mnt)
{
	if (!dentry || !mnt)
		return;
	buf->walk.dentry = dentry;
	buf->walk.mnt = mnt;
	rw_put_walk(buf, out);
}

#endif /* RWATCH_PATH_BPF_H */
