/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Whether any rule may want an open: judged by what the kernel knows, before a record is made. The path that a rule compares is the one that
 * the record would carry; it runs through an automaton that holds the rules' texts. Where it ends for a directory is kept, so that mostly
 * only the last name is run. What is not sure is wanted: hard links, names that are no ASCII, paths that don't end.
 */
#ifndef RWATCH_INTEREST_BPF_H
#define RWATCH_INTEREST_BPF_H

#include "interest_maps.bpf.h"
#include "task.bpf.h"

static __always_inline struct rw_changes *rw_changed(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&rw_changes, &zero);
}

/* A directory may be called otherwise from now on. */
static __always_inline void rw_names_changed(bool mounts)
{
	struct rw_changes *changes = rw_changed();

	if (!changes)
		return;
	__sync_fetch_and_add(&changes->names, 1);
	if (mounts)
		__sync_fetch_and_add(&changes->mounts, 1);
}

#define RW_RENAME_TAKES 1000000000ull /* ns, at the most, through io_uring */

/* One was handed over and may happen at any time from now on. */
static __always_inline void rw_names_will_change(void)
{
	struct rw_changes *changes = rw_changed();

	if (!changes)
		return;
	changes->until = bpf_ktime_get_boot_ns() + RW_RENAME_TAKES;
	__sync_fetch_and_add(&changes->names, 1);
}

/* What is known of a program by its number may be another one's from now on. */
static __always_inline void rw_forget_exe(__u64 ino, __u64 dev)
{
	struct rw_file_key key = {.ino = ino, .dev = dev};

	bpf_map_delete_elem(&rw_exes, &key);
}

static __always_inline __u32 rw_open_class(struct file *file, __s32 ret)
{
	struct inode *inode;
	__u32 mode, type;

	if (ret == -EACCES || ret == -EPERM)
		return RW_OPEN_REFUSED;
	if (!file)
		return RW_OPEN_FAILED;
	mode = rw_get(file, f_mode);
	inode = rw_get(file, f_inode);
	type = rw_get(inode, i_mode);
	if (mode & FMODE_CREATED || rw_get(file, f_flags) & O_TMPFILE_ITSELF)
		return type & 07111 ? RW_OPEN_PROGRAM : RW_OPEN_CREATE;
	if (mode & FMODE_WRITE)
		return RW_OPEN_WRITE;
	if (!(mode & FMODE_READ))
		return RW_OPEN_PATH;
	return (type & S_IFMT) == S_IFDIR ? RW_OPEN_DIRECTORY : RW_OPEN_READ;
}

#ifdef RW_LEGACY
/* The verifier walks each turn of a loop, and of older kernels gives up on one over a path: what is wanted by its path is wanted. */
static __always_inline bool rw_path_wanted(struct rw_buf *buf, struct rw_interest *in, struct file *file, struct inode *inode, __u32 bit)
{
	return true;
}
#else
static __always_inline struct rw_state *rw_state(__u32 first, __u32 count, __u32 index)
{
	__u32 key = first + index;

	return index < count ? bpf_map_lookup_elem(&rw_states, &key) : NULL;
}

/* One byte further; 1 ends the run. */
static long rw_run_step(__u32 turn, void *data)
{
	struct rw_buf *buf = *(struct rw_buf **)data;
	struct rw_run *run = &buf->run;
	struct rw_state *state;
	__u32 pos = run->pos, symbol;

	if (pos >= RW_PATH_MAX)
		return 1;
	/* So that the mask below stays, which the verifier needs to see. */
	barrier_var(pos);
	state = rw_state(run->first, run->count, run->state);
	if (!state) {
		run->hits = ~0u;
		return 1;
	}
	symbol = rw_symbols[(__u8)buf->path[pos & (RW_PATH_MAX - 1)]];
	run->hits |= state->hits;
	/* Below RW_SYMBOLS; the mask keeps the read inside the state for the verifier. */
	run->state = state->next[symbol & 63];
	run->pos = pos + 1;
	return 0;
}

#define RW_RUN_STEPS 24 /* the verifier walks these one by one, at each load; most names are shorter, and more go by bpf_loop, which calls a function */

/* To the end of the path. */
rw_function int rw_run_on(struct rw_buf *buf)
{
	__u32 first, count, state, hits, pos;
	struct rw_run *run;

	if (!buf)
		return 0;
	run = &buf->run;
	first = run->first;
	count = run->count;
	state = run->state;
	hits = run->hits;
	pos = run->pos;
	for (__u32 turn = 0; turn < RW_RUN_STEPS && pos < RW_PATH_MAX; turn++, pos++) {
		struct rw_state *at = rw_state(first, count, state);

		if (!at) {
			run->hits = ~0u;
			return 0;
		}
		hits |= at->hits;
		state = at->next[rw_symbols[(__u8)buf->path[pos & (RW_PATH_MAX - 1)]] & 63]; /* as above */
	}
	run->state = state;
	run->hits = hits;
	run->pos = pos;
	if (pos >= RW_PATH_MAX)
		return 0;
	bpf_loop(RW_PATH_MAX, rw_run_step, &buf, 0);
	if (buf->run.pos < RW_PATH_MAX)
		buf->run.hits = ~0u;
	return 0;
}

/* One symbol that stands in no buffer. */
static __always_inline void rw_run_symbol(struct rw_buf *buf, __u32 symbol)
{
	struct rw_run *run = &buf->run;
	struct rw_state *state = rw_state(run->first, run->count, run->state);

	if (!state) {
		run->hits = ~0u;
		return;
	}
	run->hits |= state->hits;
	run->state = state->next[symbol & 63]; /* as above */
	state = rw_state(run->first, run->count, run->state);
	run->hits |= state ? state->hits : ~0u;
}

/* The path of a directory (that the walk begins with) and the slash behind it. False where the walk does not come to an end. */
static __always_inline bool rw_run_directory(struct rw_buf *buf)
{
	buf->last_len = 0;
	rw_walk_up(buf);
	buf->run.pos = buf->walk.pos;
	if (!buf->walk.done)
		return false;
	rw_run_on(buf);
	rw_run_symbol(buf, rw_symbols['/']);
	return true;
}

/*
 * File systems whose directories are called otherwise by system calls alone, and where one that gets the number of another that was removed
 * differs in its generation: made at random, but 0 in what mkfs puts there. proc gives no number twice. Those of a server, of user space
 * and overlays are walked each time.
 */
static __always_inline bool rw_keeps_names(struct super_block *sb)
{
	unsigned long magic = rw_get(sb, s_magic);

	return magic == EXT4_SUPER_MAGIC || magic == XFS_SUPER_MAGIC || magic == BTRFS_SUPER_MAGIC || magic == TMPFS_MAGIC ||
	       magic == PROC_SUPER_MAGIC;
}

/* False for a directory that can't be told from another one that gets its number. */
static __always_inline bool rw_key_of(struct rw_directory_key *key, struct dentry *directory)
{
	struct inode *inode = rw_get(directory, d_inode);
	struct super_block *sb = rw_get(inode, i_sb);

	key->ino = rw_get(inode, i_ino);
	key->dev = rw_get(sb, s_dev);
	key->inode_generation = rw_get(inode, i_generation);
	return rw_keeps_names(sb);
}

static __always_inline bool rw_is_watched(struct inode *inode)
{
	struct rw_file_key key = {.ino = rw_get(inode, i_ino), .dev = rw_get(inode, i_sb, s_dev)};

	return bpf_map_lookup_elem(&rw_files, &key);
}

/* Of walk.dentry, in walk.mnt (NULL: within its file system) up to walk.top: the state in which buf->run is begins the path; what is before the
 * last name is known, or walked and then known. 1: wanted. */
rw_function int rw_run_file(struct rw_buf *buf, __u32 bit)
{
	struct rw_directory *known, fresh = {};
	struct rw_changes *changes = rw_changed();
	struct rw_directory_key key;
	struct dentry *dentry;
	struct rw_interest *in;
	struct rw_state *state;
	struct rw_run *run;
	__u32 zero = 0, len;

	in = bpf_map_lookup_elem(&rw_interests, &zero);
	if (!buf || !in || !changes)
		return 1;
	key = buf->directory; /* 6.1 takes none that is not in a map or on the stack */
	run = &buf->run;
	dentry = buf->walk.dentry;
	fresh.generation = in->generation;
	fresh.names = changes->names; /* before the walk: a rename meanwhile makes it void */
	known = buf->keeps ? bpf_map_lookup_elem(&rw_directories, &key) : NULL;
	if (known && known->generation == fresh.generation && known->names == fresh.names) {
		run->state = known->state;
		run->hits = known->hits;
	} else {
		buf->walk.dentry = rw_get(dentry, d_parent);
		if (!rw_run_directory(buf))
			return 1;
		fresh.state = run->state;
		fresh.hits = run->hits;
		if (buf->keeps)
			bpf_map_update_elem(&rw_directories, &key, &fresh, BPF_ANY);
	}
	if (run->hits & bit)
		return 1;
	state = rw_state(run->first, run->count, run->state);
	if (state && !(state->live & bit))
		return in->generation != fresh.generation;
	len = rw_get(dentry, d_name.len);
	/* len <= 255 keeps the read inside path for the verifier. */
	if (len < 1 || len > RW_NAME_MAX)
		return 1;
	run->pos = RW_PATH_MAX - len;
	bpf_probe_read_kernel(&buf->path[run->pos & (RW_PATH_MAX - 1)], len, rw_get(dentry, d_name.name));
	rw_run_on(buf);
	rw_run_symbol(buf, RW_SYMBOL_END);
	/* Rules that were exchanged meanwhile may have mixed two automatons. */
	return run->hits & bit || in->generation != fresh.generation;
}

static __always_inline void rw_set_walk(struct rw_buf *buf, struct dentry *dentry, struct vfsmount *mnt, struct dentry *top)
{
	buf->walk.dentry = dentry;
	buf->walk.mnt = mnt;
	buf->walk.top = top;
}

/* By the other name of what is reached through a bind mount: where the host has the file system, and the path in that. */
static __always_inline bool rw_bound_wanted(struct rw_buf *buf, struct rw_interest *in, struct dentry *dentry, struct dentry *fs_root, __u32 bit)
{
	__u32 dev = buf->directory.dev;
	struct rw_filesystem *at = bpf_map_lookup_elem(&rw_filesystems, &dev);

	if (!at || at->generation != in->generation)
		return true;
	buf->run.state = at->state;
	buf->run.hits = at->hits;
	buf->directory.mnt = 0;
	buf->directory.ns = 0;
	rw_set_walk(buf, dentry, NULL, fs_root);
	return rw_run_file(buf, bit);
}

/* By the file's path. */
static __always_inline bool rw_path_wanted(struct rw_buf *buf, struct rw_interest *in, struct file *file, struct inode *inode, __u32 bit)
{
	struct dentry *dentry = rw_get(file, f_path.dentry), *parent = rw_get(dentry, d_parent);
	struct vfsmount *mnt = rw_get(file, f_path.mnt);
	struct mount *mount = (struct mount *)((char *)mnt - bpf_core_field_offset(struct mount, mnt));
	struct dentry *top = rw_get(mnt, mnt_root), *fs_root;
	struct super_block *sb = rw_get(mnt, mnt_sb);
	struct mnt_namespace *ns = rw_get(mount, mnt_ns);
	struct rw_changes *changes = rw_changed();
	bool unsettled, numbered;

	/* A mount's own root is called as the place where it is mounted. One that is mounted nowhere has no namespace. */
	if (dentry == top || parent == dentry || !ns || !changes)
		return true;
	fs_root = rw_get(sb, s_root);
	numbered = rw_key_of(&buf->directory, parent) && (!changes->until || changes->until < bpf_ktime_get_boot_ns());
	unsettled = in->mounts != changes->mounts;
	if ((in->twice || unsettled || rw_get(ns, ns.inum) != host_mntns) && rw_is_watched(inode))
		return true;
	buf->run.first = in->first;
	buf->run.count = in->count;
	buf->run.state = in->start;
	buf->run.hits = 0;
	buf->directory.mnt = (__u64)mnt;
	buf->directory.ns = get_mntns_id(ns);
	buf->keeps = numbered && buf->directory.ns;
	rw_set_walk(buf, dentry, mnt, top);
	if (rw_run_file(buf, bit))
		return true;
	if (top == fs_root)
		return false;
	buf->keeps = numbered;
	return unsettled || rw_bound_wanted(buf, in, dentry, fs_root, bit);
}
#endif

/* By the program that opens. */
static __always_inline bool rw_exe_wanted(struct task_struct *task, __u64 generation, __u32 bit)
{
	struct file *exe = rw_exe(task);
	struct rw_exe_interest *known;
	struct rw_file_key key = {};
	struct inode *inode;

	if (!exe)
		return true;
	inode = rw_read(exe, f_inode);
	key.ino = rw_read(inode, i_ino);
	key.dev = rw_read(inode, i_sb, s_dev);
	known = bpf_map_lookup_elem(&rw_exes, &key);
	return !known || known->generation != generation || known->classes & bit;
}

/* The mode of a file that no record tells of, for later. True where it can't be kept: then a record must. */
static __always_inline bool rw_keep_mode(struct inode *inode)
{
	struct rw_changes *changes = rw_changed();
	struct rw_made_file made = {};
	struct rw_file_key key = {};

	key.ino = rw_get(inode, i_ino);
	key.dev = rw_get(inode, i_sb, s_dev);
	made.ktime = bpf_ktime_get_boot_ns();
	made.mode = rw_get(inode, i_mode) & 07777;
	/* A bit that makes a program of it is never kept: the chmod that adds it may still wait to be read. */
	if (made.mode & 07111)
		return true;
	bpf_map_update_elem(&rw_made, &key, &made, BPF_ANY);
	if (changes)
		__sync_fetch_and_add(&changes->made, 1);
	return false;
}

/* False, but where what is needed later of the file would be lost. */
static __always_inline bool rw_passed_over(struct rw_interest *in, struct file *file, __u32 class)
{
	if (!in->keep_modes || !file || (class != RW_OPEN_CREATE && class != RW_OPEN_PROGRAM && class != RW_OPEN_WRITE))
		return false;
	return rw_keep_mode(rw_get(file, f_inode));
}

/* False where no rule can want this open. `file`: NULL where it failed. */
static __always_inline bool rw_open_wanted(struct rw_buf *buf, struct task_struct *task, struct file *file, __s32 ret)
{
	__u32 zero = 0, class, bit;
	struct rw_interest *in = bpf_map_lookup_elem(&rw_interests, &zero);
	struct inode *inode;

	if (!in || !in->on || (!file && ret >= 0) || ret < -RW_LAST_ERRNO)
		return true;
	class = rw_open_class(file, ret);
	bit = 1u << class;
	if (in->always & bit)
		return true;
	if (!((in->by_path | in->by_exe) & bit))
		return rw_passed_over(in, file, class);
	if (!file)
		return true;
	inode = rw_get(file, f_inode);
	/* Another name of it may be the one that counts; directories have but one. */
	if (class != RW_OPEN_DIRECTORY && rw_get(inode, i_nlink) != 1)
		return true;
	if (in->by_exe & bit && rw_exe_wanted(task, in->generation, bit))
		return true;
	return (in->by_path & bit && rw_path_wanted(buf, in, file, inode, bit)) || rw_passed_over(in, file, class);
}

#endif /* RWATCH_INTEREST_BPF_H */
