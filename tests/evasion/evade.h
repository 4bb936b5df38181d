// SPDX-License-Identifier: MIT OR Apache-2.0
// What evade and evade_files have in common: PROGRAM WAY TARGET [MORE] does a thing to TARGET in a way that is meant to pass a detector by. The ways
// stand in a table at the end of each. Exit status: 0 done, 1 failed, 77 this kernel does not allow it.
#ifndef RWATCH_EVADE_H
#define RWATCH_EVADE_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SKIPPED 77

/* What another thread is to see in between. */
#define SHOW() __asm__ volatile("" ::: "memory")

static const char *target, *more;

struct way {
    const char* name;
    int (*run)(void);
};

static int fail(const char* what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return 1;
}

static int run_way(const struct way* ways, int argc, char** argv)
{
    target = argc > 2 ? argv[2] : "";
    more = argc > 3 ? argv[3] : "";
    for (; argc > 1 && ways->name; ways++)
        if (strcmp(argv[1], ways->name) == 0)
            return ways->run();
    return 2;
}

#endif
