/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Whether any rule may want a call other than an open: judged by how it ended and one value, before a record is made. See struct rw_calls.
 */
#ifndef RWATCH_JUDGE_BPF_H
#define RWATCH_JUDGE_BPF_H

#include "call.bpf.h"
#include "interest.bpf.h"

#define RW_NO_VALUE (~0u) /* not known, or not judged: wanted */
#define SOCK_FLAGS 02004000 /* SOCK_CLOEXEC, SOCK_NONBLOCK */
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17

static __always_inline __u32 rw_outcome(__s32 ret)
{
	switch (ret) {
	case -EINPROGRESS:
		return RW_OUTCOME_BEGUN;
	case -EACCES:
	case -EPERM:
		return RW_OUTCOME_REFUSED;
	}
	return ret < 0 ? RW_OUTCOME_FAILED : RW_OUTCOME_DONE;
}

/* Its class; the masks keep reads inside for the verifier. */
static __always_inline __u32 rw_class_of(const struct rw_calls *calls, __u32 judged, __u32 value)
{
	switch (judged) {
	case RW_JUDGED_ARG0:
	case RW_JUDGED_ARG1:
	case RW_JUDGED_ARG2:
		return value;
	case RW_JUDGED_SOCKET:
		return calls->sockets[value & (RW_SOCKET_FAMILIES * RW_SOCKET_TYPES - 1)];
	case RW_JUDGED_MODE:
		return calls->modes[value & (RW_MODES - 1)];
	case RW_JUDGED_PEER:
		return (value >> 16) * RW_PORT_CLASSES + calls->ports[value & (RW_PORTS - 1)];
	}
	return 0;
}

/*
 * False where no rule can want it. `value`: see below, or RW_NO_VALUE; of a call that is judged by its outcome alone it does not count. The
 * canary's calls are wanted always.
 */
rw_function int rw_call_wanted(__u32 call, __u32 judged, __u32 value, __s32 ret)
{
	__u32 zero = 0, bits;
	struct rw_interest *in = bpf_map_lookup_elem(&rw_interests, &zero);
	struct rw_calls *calls = bpf_map_lookup_elem(&rw_calls, &zero);
	__u64 generation;

	if (!in || !calls || !in->on || judged == RW_JUDGED_NOT || value == RW_NO_VALUE || ret < -RW_LAST_ERRNO)
		return 1;
	generation = in->generation;
	bits = calls->wanted[call & (RW_CALL_ROWS - 1)][rw_class_of(calls, judged, value) & (RW_VALUES - 1)] >> rw_outcome(ret);
	if (bits & 1)
		return 1;
	if (bits & 1 << RW_OUTCOMES && rw_exe_wanted(rw_current(), generation, 1u << RW_EXE_CALLS))
		return 1;
	/* Rules that were exchanged meanwhile may have mixed two tables. */
	return !in->on || in->generation != generation || rw_whose() == RW_CANARYS;
}

/* An argument as a value: 63 stands for all above, and for what the registers hold beside the call's own. */
static __always_inline __u32 rw_small(__u64 argument)
{
	return argument < RW_VALUES - 1 ? argument : RW_VALUES - 1;
}

/* Of calls that their arguments tell all about. */
static __always_inline __u32 rw_value_of(__u8 judged, const struct rw_args *args)
{
	__u32 family = args->a[0], type = args->a[1];

	switch (judged) {
	case RW_JUDGED_ARG0:
		return rw_small(args->a[0]);
	case RW_JUDGED_ARG1:
		return rw_small(args->a[1]);
	case RW_JUDGED_ARG2:
		return rw_small(args->a[2]);
	case RW_JUDGED_SOCKET:
		if (family >= RW_SOCKET_FAMILIES || type & ~((RW_SOCKET_TYPES - 1) | SOCK_FLAGS))
			return RW_NO_VALUE;
		return family * RW_SOCKET_TYPES + (type & (RW_SOCKET_TYPES - 1));
	}
	return 0;
}

/* Of a socket of those families: with the port of the server's end, host order. */
static __always_inline __u32 rw_peer(__u16 family, __u8 protocol, __u16 port)
{
	__u32 group = family == AF_INET6 ? RW_PEER_TCP6 : RW_PEER_TCP4;

	if (family == AF_UNIX)
		return RW_PEER_UNIX << 16;
	if (protocol == IPPROTO_UDP)
		group += RW_PEER_UDP4 - RW_PEER_TCP4;
	else if (protocol != IPPROTO_TCP)
		group += RW_PEER_OTHER4 - RW_PEER_TCP4;
	return group << 16 | port;
}

#endif /* RWATCH_JUDGE_BPF_H */
