/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Who may put a record into the ring when it fills, and who lost one. Three bounds, by how much of the ring waits to be read:
 *   above 1/2: a control group over its budget (an eighth of the ring for each quarter that is read) loses its ordinary events;
 *   above 3/4: ordinary events are lost, and so are the vital ones of a group over its budget;
 *   full:      everything is lost.
 * So a flood of cheap events displaces neither the events of others nor the life of processes. Below a quarter nobody is counted, and it costs
 * one look at the ring. Every loss is counted by kind and by group.
 */
#ifndef RWATCH_ADMIT_BPF_H
#define RWATCH_ADMIT_BPF_H

#include "core_compat.bpf.h"

#define RW_GROUPS 4096       /* control groups counted at once; least recently used go first */
#define RW_GROUP_LOSSES 8192 /* pairs of group and kind; of groups forgotten the loss is still in rw_counts */

struct rw_counts_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RW_KIND_COUNT);
	__type(key, __u32);
	__type(value, struct rw_count);
};

struct rw_ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* set from user space */
};

/* What a group put into the ring of late. CPUs may write it at once: a sum that is a little off does no harm. */
struct rw_group {
	__u64 since; /* the reader's position, in bytes of all that it ever read */
	__u64 bytes;
};

struct rw_groups_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_GROUPS);
	__type(key, __u64); /* id of the control group */
	__type(value, struct rw_group);
};

struct rw_group_losses_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_GROUP_LOSSES);
	__type(key, struct rw_group_kind);
	__type(value, __u64);
};

struct rw_reader_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct rw_reader);
};

extern struct rw_reader_map rw_readers SEC(".maps");
extern struct rw_counts_map rw_counts SEC(".maps");
extern struct rw_ring_map rw_ring SEC(".maps");
extern struct rw_groups_map rw_groups SEC(".maps");
extern struct rw_group_losses_map rw_group_losses SEC(".maps");

extern const volatile __u64 ring_size; /* bytes; set before loading */

/* Kinds that the last quarter of the ring is kept for: the life of processes, and what is rare and grave. */
#define RW_BIT(kind) (1ull << (kind))
#define RW_VITAL (RW_BIT(RW_EXEC) | RW_BIT(RW_FORK) | RW_BIT(RW_EXIT) | RW_BIT(RW_SETID) | RW_BIT(RW_PTRACE) | RW_BIT(RW_NAMESPACE) | \
		  RW_BIT(RW_MOUNT) | RW_BIT(RW_MODULE) | RW_BIT(RW_BPF) | RW_BIT(RW_XATTR) | RW_BIT(RW_SIGNAL))

static __always_inline struct rw_reader *rw_reader(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&rw_readers, &zero);
}

/* Once for each time that it goes to sleep. */
static __always_inline void rw_call_reader(struct rw_reader *reader)
{
	void *nothing;

	reader->wakes = RW_WAKE_NONE;
	nothing = bpf_ringbuf_reserve(&rw_ring, 8, 0);
	if (nothing)
		bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
}

/* Not told, since no rule can want it. */
static __always_inline void rw_count_sifted(__u32 kind)
{
	struct rw_count *count = bpf_map_lookup_elem(&rw_counts, &kind);

	if (count)
		count->sifted++;
}

static __always_inline void rw_count_loss(__u32 kind)
{
	struct rw_count *count = bpf_map_lookup_elem(&rw_counts, &kind);
	struct rw_group_kind key = {.cgroup = bpf_get_current_cgroup_id(), .kind = kind};
	__u64 *lost = bpf_map_lookup_elem(&rw_group_losses, &key), one = 1;

	if (count)
		count->lost++;
	if (lost)
		__sync_fetch_and_add(lost, 1);
	else
		bpf_map_update_elem(&rw_group_losses, &key, &one, BPF_ANY);
}

/* True where the current task's group used more than its budget; counts what it put there since the last look. */
static __always_inline bool rw_over_budget(__u32 bytes)
{
	__u64 id = bpf_get_current_cgroup_id(), read = bpf_ringbuf_query(&rw_ring, BPF_RB_CONS_POS);
	struct rw_group *group = bpf_map_lookup_elem(&rw_groups, &id);

	if (!group || read - group->since >= ring_size / 4) {
		struct rw_group fresh = {.since = read, .bytes = bytes};

		bpf_map_update_elem(&rw_groups, &id, &fresh, BPF_ANY);
		return false;
	}
	if (group->bytes > ring_size / 8)
		return true;
	group->bytes += bytes;
	return false;
}

/*
 * To be asked before a record is put together, so that a flood pays little for what is thrown away: false where there is no room for it, and
 * the loss is counted. `bytes`: about how long it will be.
 */
static __always_inline bool rw_admit(__u32 kind, __u32 bytes)
{
	__u64 waiting = bpf_ringbuf_query(&rw_ring, BPF_RB_AVAIL_DATA);
	bool vital = RW_VITAL & RW_BIT(kind & 63), over;
	struct rw_reader *reader;

	if (waiting < ring_size / 4)
		return true;
	reader = rw_reader();
	if (reader && reader->wakes)
		rw_call_reader(reader);
	over = rw_over_budget(bytes);
	if (waiting < ring_size / 2 || (waiting < ring_size / 4 * 3 && (vital || !over)) || (vital && !over))
		return true;
	rw_count_loss(kind);
	return false;
}

#endif /* RWATCH_ADMIT_BPF_H */
