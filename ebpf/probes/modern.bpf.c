/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * All families as modern kernels take them, in one object: libbpf 1.1 links no two objects that call the same function of the kernel
 * (bpf_rdonly_cast).
 */
#define RW_MODERN
#include "process.bpf.c"
#include "open.bpf.c"
#include "fsop.bpf.c"
#include "object.bpf.c"
#include "connect.bpf.c"
#include "serve.bpf.c"
#include "send.bpf.c"
#include "resolve.bpf.c"
#include "uring.bpf.c"
#include "syscall.bpf.c"
