/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the object has once: its license, the maps, and the constants that user space sets before loading.
 */
#include "../lib/emit.bpf.h"
#include "../lib/call.bpf.h"
#include "../lib/interest_maps.bpf.h"
#include "../lib/object.bpf.h"
#include "../lib/send.bpf.h"

/* Helpers such as bpf_probe_read_kernel are for GPL-compatible programs only. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct rw_ring_map rw_ring SEC(".maps");
struct rw_reader_map rw_readers SEC(".maps");
struct rw_counts_map rw_counts SEC(".maps");
struct rw_groups_map rw_groups SEC(".maps");
struct rw_group_losses_map rw_group_losses SEC(".maps");
struct rw_buffers_map rw_buffers SEC(".maps");
struct rw_lasts_map rw_lasts SEC(".maps");
struct rw_stash_map rw_stash SEC(".maps");
struct rw_modes_map rw_modes SEC(".maps");
struct rw_syns_map rw_syns SEC(".maps");
struct rw_objects_map rw_objects SEC(".maps");
struct rw_sends_map rw_sends SEC(".maps");
struct rw_destinations_map rw_destinations SEC(".maps");
struct rw_interest_map rw_interests SEC(".maps");
struct rw_calls_map rw_calls SEC(".maps");
struct rw_changes_map rw_changes SEC(".maps");
struct rw_states_map rw_states SEC(".maps");
struct rw_directories_map rw_directories SEC(".maps");
struct rw_exes_map rw_exes SEC(".maps");
struct rw_files_map rw_files SEC(".maps");
struct rw_made_map rw_made SEC(".maps");
struct rw_filesystems_map rw_filesystems SEC(".maps");

const volatile __u32 own_tgid = 0;
const volatile __u32 own_canary = 0;
const volatile bool own_is_global = false;
const volatile __u64 own_pidns_dev = 0;
const volatile __u64 own_pidns_ino = 0;
const volatile __u64 cgroup_root = 0;
const volatile __u64 ring_size = 0;
const volatile __u32 host_mntns = 0;
const volatile bool has_rdonly_cast = false;
const volatile __u8 rw_symbols[256] = {};
const volatile struct rw_watched watched_calls[RW_NR_COUNT] = {};
