/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a call by name is about, as the kernel itself resolved it: kept by the security hook that the call passes by, taken by the program
 * at the call's end. So no other thread can swap the name in between. Modern kernels only (bpf_task_pt_regs).
 */
#ifndef RWATCH_OBJECT_BPF_H
#define RWATCH_OBJECT_BPF_H

#include "task.bpf.h"

#define RW_OBJECTS_ENTRIES 1024 /* tasks between the hook and the end of their call at once; least recently used go first */

/* One name: an entry of a directory, or (len 0) what `dentry` itself is called. A renamed file's own dentry has the new name at the end. */
struct rw_entry {
	__u64 dentry; /* of the directory; of the object */
	__u64 mnt;
	__u32 len;
	char name[RW_NAME_MAX + 1];
};

struct rw_object {
	struct rw_file file; /* as it was before the call; ino 0: it is about to be made */
	__u64 object;        /* its dentry */
	struct rw_entry at, to; /* `to`: the new name of rename and link */
	__u32 kind;          /* enum rw_kind */
	__u32 reserved;
};

struct rw_objects_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_OBJECTS_ENTRIES);
	__type(key, __u64); /* pid_tgid */
	__type(value, struct rw_object);
};

extern struct rw_objects_map rw_objects SEC(".maps");

/* A name in a directory's mount; where `name` is given it is the last component. */
rw_function int rw_put_entry(struct rw_buf *buf, struct rw_path *out, struct rw_entry *entry)
{
	__u32 len;

	if (!buf || !out || !entry)
		return 0;
	len = entry->len;
	/* For the verifier; kept so by rw_keep_name. */
	if (len > RW_NAME_MAX)
		return 0;
	if (len)
		bpf_probe_read_kernel(buf->last, len, entry->name);
	buf->last_len = len;
	rw_put_path(buf, out, (struct dentry *)entry->dentry, (struct vfsmount *)entry->mnt);
	return 0;
}

/* The object that the task's call is about; NULL where no hook saw it. */
static __always_inline struct rw_object *rw_object_of(__u32 kind)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct rw_object *object = bpf_map_lookup_elem(&rw_objects, &key);

	return object && object->kind == kind ? object : NULL;
}

static __always_inline void rw_forget_object(void)
{
#ifndef RW_LEGACY
	__u64 key = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&rw_objects, &key);
#endif
}

#endif /* RWATCH_OBJECT_BPF_H */
