/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Nothing but the wire format, compiled by both compilers with -Wpadded as an error, and the sizes that both must agree on.
 */
#ifdef __bpf__
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef int __s32;
typedef long long __s64;
typedef unsigned long long __u64;
#endif
#include "rwatch_abi.h"

_Static_assert(sizeof(struct rw_path) == 16, "rw_path");
_Static_assert(sizeof(struct rw_file) == 40, "rw_file");
_Static_assert(sizeof(struct rw_common) == 120, "rw_common");
_Static_assert(sizeof(struct rw_group_kind) == 16, "rw_group_kind"); /* a key of a map: no padding in it */
_Static_assert(RW_KIND_COUNT <= 64, "RW_VITAL has a bit a kind");
_Static_assert(sizeof(struct rw_exec) % 8 == 0, "rw_exec");
_Static_assert(sizeof(struct rw_fork) % 8 == 0, "rw_fork");
_Static_assert(sizeof(struct rw_exit) % 8 == 0, "rw_exit");
_Static_assert(sizeof(struct rw_open) % 8 == 0, "rw_open");
_Static_assert(sizeof(struct rw_fsop) % 8 == 0, "rw_fsop");
_Static_assert(sizeof(struct rw_connect) % 8 == 0, "rw_connect");
_Static_assert(sizeof(struct rw_syscall) % 8 == 0, "rw_syscall");

int rw_abi_check(void);
int rw_abi_check(void)
{
	return RW_ABI_VERSION;
}
