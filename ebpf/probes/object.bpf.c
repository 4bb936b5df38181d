/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Where calls by name pass the kernel's security hooks (security/security.c): names are resolved by then, and nothing has happened yet. Each
 * function is hooked by fentry or, where the kernel refuses that, by kprobe. What is seen is kept for the program at the call's end.
 */
#include "../lib/object.bpf.h"

static const struct rw_object rw_no_object = {};

/* Room for what the task's call is about; NULL where it is in no call of that kind (other calls pass the same hooks) or is rwatchd's own. */
static __always_inline struct rw_object *rw_keep(__u32 kind, struct dentry *dentry)
{
	struct task_struct *task = rw_current();
	const volatile struct rw_watched *watched = rw_current_watched(task);
	__u64 key = bpf_get_current_pid_tgid();
	struct rw_object *object;
	struct inode *inode;

	if (!watched || watched->kind != kind || rw_is_own())
		return NULL;
	/* In place, since it is larger than a program's stack, and a scratch of the CPU may be another task's a moment later. */
	bpf_map_update_elem(&rw_objects, &key, &rw_no_object, BPF_ANY);
	object = bpf_map_lookup_elem(&rw_objects, &key);
	if (!object)
		return NULL;
	object->kind = kind;
	object->object = (__u64)dentry;
	inode = BPF_CORE_READ(dentry, d_inode);
	if (inode)
		rw_read_inode(&object->file, inode);
	return object;
}

static __always_inline void rw_keep_entry(struct rw_entry *entry, const struct path *dir, struct dentry *dentry)
{
	__u32 len = BPF_CORE_READ(dentry, d_name.len);

	/* len <= 255 keeps the read inside name for the verifier. */
	if (len > RW_NAME_MAX)
		return;
	bpf_probe_read_kernel(entry->name, len, BPF_CORE_READ(dentry, d_name.name));
	entry->len = len;
	entry->dentry = (__u64)BPF_CORE_READ(dir, dentry);
	entry->mnt = (__u64)BPF_CORE_READ(dir, mnt);
}

static __always_inline int rw_see_path(__u32 kind, const struct path *path)
{
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	struct rw_object *object = rw_keep(kind, dentry);

	if (!object)
		return 0;
	object->at.dentry = (__u64)dentry;
	object->at.mnt = (__u64)BPF_CORE_READ(path, mnt);
	return 0;
}

static __always_inline int rw_see_entry(__u32 kind, const struct path *dir, struct dentry *dentry)
{
	struct rw_object *object = rw_keep(kind, dentry);

	if (object)
		rw_keep_entry(&object->at, dir, dentry);
	return 0;
}

static __always_inline int rw_see_rename(const struct path *dir, struct dentry *dentry, const struct path *dir2, struct dentry *dentry2)
{
	struct rw_object *object = rw_keep(RW_RENAME, dentry);

	if (!object)
		return 0;
	rw_keep_entry(&object->at, dir, dentry);
	rw_keep_entry(&object->to, dir2, dentry2);
	return 0;
}

/* A link can't lead to another mount, so the old name's is the new one's. */
static __always_inline int rw_see_link(struct dentry *dentry, const struct path *dir2, struct dentry *dentry2)
{
	struct rw_object *object = rw_keep(RW_LINK, dentry);

	if (!object)
		return 0;
	object->at.dentry = (__u64)dentry;
	object->at.mnt = (__u64)BPF_CORE_READ(dir2, mnt);
	rw_keep_entry(&object->to, dir2, dentry2);
	return 0;
}

/* One function, both ways. */
#define RW_HOOK_PATH(what, kind)                                                                                                          \
	SEC("fentry/security_path_" #what) int on_path_##what(unsigned long long *ctx) { return rw_see_path(kind, (void *)ctx[0]); }       \
	SEC("kprobe/security_path_" #what) int on_path_##what##_kprobe(struct pt_regs *ctx) { return rw_see_path(kind, RW_ARG0(ctx)); }
#define RW_HOOK_ENTRY(what, kind)                                                                                                         \
	SEC("fentry/security_path_" #what) int on_path_##what(unsigned long long *ctx)                                                     \
	{                                                                                                                                  \
		return rw_see_entry(kind, (void *)ctx[0], (void *)ctx[1]);                                                                 \
	}                                                                                                                                  \
	SEC("kprobe/security_path_" #what) int on_path_##what##_kprobe(struct pt_regs *ctx)                                                \
	{                                                                                                                                  \
		return rw_see_entry(kind, RW_ARG0(ctx), RW_ARG1(ctx));                                                                     \
	}

RW_HOOK_PATH(chmod, RW_CHMOD)
RW_HOOK_PATH(chown, RW_CHOWN)
RW_HOOK_PATH(truncate, RW_TRUNCATE)
RW_HOOK_ENTRY(unlink, RW_UNLINK)
RW_HOOK_ENTRY(rmdir, RW_UNLINK)
RW_HOOK_ENTRY(mkdir, RW_MKDIR)
RW_HOOK_ENTRY(mknod, RW_MKNOD)
RW_HOOK_ENTRY(symlink, RW_SYMLINK)

SEC("fentry/security_path_rename")
int on_path_rename(unsigned long long *ctx)
{
	return rw_see_rename((void *)ctx[0], (void *)ctx[1], (void *)ctx[2], (void *)ctx[3]);
}

SEC("kprobe/security_path_rename")
int on_path_rename_kprobe(struct pt_regs *ctx)
{
	return rw_see_rename(RW_ARG0(ctx), RW_ARG1(ctx), RW_ARG2(ctx), RW_ARG3(ctx));
}

SEC("fentry/security_path_link")
int on_path_link(unsigned long long *ctx)
{
	return rw_see_link((void *)ctx[0], (void *)ctx[1], (void *)ctx[2]);
}

SEC("kprobe/security_path_link")
int on_path_link_kprobe(struct pt_regs *ctx)
{
	return rw_see_link(RW_ARG0(ctx), RW_ARG1(ctx), RW_ARG2(ctx));
}
