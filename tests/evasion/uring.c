// SPDX-License-Identifier: MIT OR Apache-2.0
// uring open|rename|unlink|mkdir|symlink|link|connect TARGET MORE [sqpoll]: the operation by io_uring, without a system call of its own. Exit status
// as evade's.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct sockaddr_in peer;

static int prepare(struct io_uring_sqe* sqe, char** argv)
{
    const char *what = argv[1], *target = argv[2], *more = argv[3];

    if (strcmp(what, "open") == 0)
        io_uring_prep_openat(sqe, AT_FDCWD, target, O_RDONLY, 0);
    else if (strcmp(what, "rename") == 0)
        io_uring_prep_renameat(sqe, AT_FDCWD, target, AT_FDCWD, more, 0);
    else if (strcmp(what, "unlink") == 0)
        io_uring_prep_unlinkat(sqe, AT_FDCWD, target, 0);
    else if (strcmp(what, "mkdir") == 0)
        io_uring_prep_mkdirat(sqe, AT_FDCWD, target, 0700);
    else if (strcmp(what, "symlink") == 0)
        io_uring_prep_symlinkat(sqe, more, AT_FDCWD, target);
    else if (strcmp(what, "link") == 0)
        io_uring_prep_linkat(sqe, AT_FDCWD, target, AT_FDCWD, more, 0);
    else if (strcmp(what, "connect") == 0) {
        peer.sin_family = AF_INET;
        peer.sin_port = htons((unsigned short)atoi(more));
        inet_pton(AF_INET, target, &peer.sin_addr);
        io_uring_prep_connect(sqe, socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr*)&peer, sizeof peer);
    } else
        return -1;
    return 0;
}

int main(int argc, char** argv)
{
    struct io_uring_params params = {.flags = argc > 4 ? IORING_SETUP_SQPOLL : 0, .sq_thread_idle = 100};
    struct io_uring ring;
    struct io_uring_cqe* cqe;
    int ret;

    if (argc < 4)
        return 2;
    ret = io_uring_queue_init_params(8, &ring, &params);
    if (ret < 0)
        return ret == -EPERM || ret == -ENOSYS ? 77 : 1;
    if (prepare(io_uring_get_sqe(&ring), argv))
        return 2;
    io_uring_submit(&ring);
    if (io_uring_wait_cqe(&ring, &cqe) < 0)
        return 1;
    if (cqe->res < 0)
        fprintf(stderr, "%s: %s\n", argv[1], strerror(-cqe->res));
    return cqe->res == -EINVAL ? 77 : cqe->res < 0 ? 1 : 0;
}
