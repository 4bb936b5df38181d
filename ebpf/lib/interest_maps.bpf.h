/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What user space tells of the opens that rules may want, and what the probes keep of it: see interest.bpf.h. Defined once, in license.bpf.c.
 */
#ifndef RWATCH_INTEREST_MAPS_BPF_H
#define RWATCH_INTEREST_MAPS_BPF_H

#include "core_compat.bpf.h"
#include "../abi/rwatch_interest.h"

#define RW_DIRECTORIES 16384 /* least recently used go first; one more walk each */
#define RW_EXES 4096
#define RW_FILESYSTEMS 4096
#define RW_MADE 8192 /* least recently used go first */
#define RW_FILES 131072 /* as many as user space watches */

struct rw_interest_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_interest);
};

struct rw_calls_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_calls);
};

struct rw_changes_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_changes);
};

/* Of two generations: the one in use, and behind or before it the one that is being written. */
struct rw_states_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2); /* set from user space */
	__type(key, __u32);
	__type(value, struct rw_state);
};

struct rw_directories_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_DIRECTORIES);
	__type(key, struct rw_directory_key);
	__type(value, struct rw_directory);
};

struct rw_exes_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RW_EXES);
	__type(key, struct rw_file_key);
	__type(value, struct rw_exe_interest);
};

/* Files that rules name, which another name may lead to. */
struct rw_files_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RW_FILES);
	__type(key, struct rw_file_key);
	__type(value, __u32);
};

struct rw_filesystems_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RW_FILESYSTEMS);
	__type(key, __u32);
	__type(value, struct rw_filesystem);
};

struct rw_made_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_MADE);
	__type(key, struct rw_file_key);
	__type(value, struct rw_made_file);
};

extern struct rw_interest_map rw_interests SEC(".maps");
extern struct rw_calls_map rw_calls SEC(".maps");
extern struct rw_changes_map rw_changes SEC(".maps");
extern struct rw_states_map rw_states SEC(".maps");
extern struct rw_directories_map rw_directories SEC(".maps");
extern struct rw_exes_map rw_exes SEC(".maps");
extern struct rw_files_map rw_files SEC(".maps");
extern struct rw_made_map rw_made SEC(".maps");
extern struct rw_filesystems_map rw_filesystems SEC(".maps");

/* By byte; and the namespace whose mounts don't change unseen. Set before loading. */
extern const volatile __u8 rw_symbols[256];
extern const volatile __u32 host_mntns;

#endif /* RWATCH_INTEREST_MAPS_BPF_H */
