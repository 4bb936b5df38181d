// SPDX-License-Identifier: MIT OR Apache-2.0
// Files read, made executable and renamed in ways meant to pass a detector by; see evade.h.
#define _GNU_SOURCE
#include "evade.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int read_it(const char* path)
{
    char byte;
    int fd = open(path, O_RDONLY);

    if (fd < 0 || read(fd, &byte, 1) < 0)
        return fail(path);
    close(fd);
    return 0;
}

enum { kExchange = 2 /* RENAME_EXCHANGE */ };

/* How long a process stays after its deed where nothing but /proc tells what it meant. */
enum { kStays = 300000 /* us */ };

/* Name of the target by a descriptor of a child, which waits to be killed. */
static pid_t hold_target(char* name, size_t size)
{
    int fd = open(target, O_PATH); /* the child's too, and there alone */
    pid_t pid = fork();

    if (pid == 0)
        for (;;)
            pause();
    close(fd);
    snprintf(name, size, "/proc/%d/fd/%d", pid, fd);
    return pid;
}

/* As a container: a root of its own, the folder `more`, with nothing in it but the target, bound to /f. */
static int enter_other_root(void)
{
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("tmpfs", more, "tmpfs", 0, NULL) || chdir(more) ||
        mkdir("old", 0700) || close(open("f", O_CREAT | O_WRONLY, 0600)) || mount(target, "f", NULL, MS_BIND, NULL) ||
        syscall(SYS_pivot_root, ".", "old") || chdir("/") || umount2("/old", MNT_DETACH))
        return fail("root");
    return 0;
}

/* --- reading */

static int read_with_false_name(void)
{
    prctl(PR_SET_NAME, "sshd");
    return read_it(target);
}

static int read_by_own_descriptor(void)
{
    char name[64];

    snprintf(name, sizeof name, "/proc/%d/fd/%d", getpid(), open(target, O_PATH));
    return read_it(name);
}

static int read_by_other_descriptor(void)
{
    char name[64];
    pid_t pid = hold_target(name, sizeof name);
    int result = read_it(name);

    kill(pid, SIGKILL);
    return result;
}

static int read_in_other_root(void)
{
    return enter_other_root() || read_it("/f");
}

static int read_in_long_folder(void)
{
    return chdir(target) || read_it(more);
}

struct how {
    uint64_t flags, mode, resolve;
};

static int read_resolve_in_root(void)
{
    struct how how = {O_RDONLY, 0, 0x10 /* RESOLVE_IN_ROOT */};
    int root = open("/", O_PATH);

    return syscall(SYS_openat2, root, target, &how, sizeof how) < 0 ? fail("openat2") : 0;
}

static int read_resolve_beneath(void)
{
    struct how how = {O_RDONLY, 0, 0x08 | 0x04 /* RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS */};
    char folder[4096], *slash;
    int fd;

    snprintf(folder, sizeof folder, "%s", target);
    slash = strrchr(folder, '/');
    *slash = 0;
    fd = open(folder, O_PATH);
    return syscall(SYS_openat2, fd, slash + 1, &how, sizeof how) < 0 ? fail("openat2") : 0;
}

static char swapped[4096];
static volatile int swap_on = 1;

static void* swap_path(void* unused)
{
    (void)unused;
    while (swap_on) {
        strcpy(swapped, target);
        SHOW();
        strcpy(swapped, more);
        SHOW();
    }
    return NULL;
}

/* Until one of the opens got the target itself; `more` is of the same length. */
static int read_while_path_is_swapped(void)
{
    struct stat wanted, got;
    pthread_t thread;
    int found = 0;

    if (stat(target, &wanted))
        return fail(target);
    strcpy(swapped, more);
    pthread_create(&thread, NULL, swap_path, NULL);
    for (long i = 0; i < 2000000 && !found; i++) {
        int fd = open(swapped, O_RDONLY);
        found = fd >= 0 && fstat(fd, &got) == 0 && got.st_ino == wanted.st_ino;
        if (fd >= 0)
            close(fd);
    }
    swap_on = 0;
    pthread_join(thread, NULL);
    return found ? 0 : 1;
}

static void refused(int signal)
{
    (void)signal;
    _exit(SKIPPED);
}

static int read_by_32_bit_call(void)
{
#if defined(__x86_64__)
    char* low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    long ret;

    if (low == MAP_FAILED)
        return fail("mmap");
    strcpy(low, target);
    signal(SIGSEGV, refused); /* a kernel without the 32-bit table */
    __asm__ volatile("int $0x80" : "=a"(ret) : "a"(5L /* open */), "b"(low), "c"(O_RDONLY), "d"(0) : "memory", "r8", "r9", "r10", "r11");
    return ret >= 0 ? 0 : ret == -ENOSYS ? SKIPPED : 1;
#else
    return SKIPPED;
#endif
}

/* --- mode bits */

static int chmod_by_call(void)
{
    return syscall(SYS_fchmodat, AT_FDCWD, target, 0755) ? fail("fchmodat") : 0;
}

static int chmod_by_descriptor(void)
{
    return fchmod(open(target, O_RDONLY), 0755) ? fail("fchmod") : 0;
}

static int chmod_by_fchmodat2(void)
{
    if (syscall(452, AT_FDCWD, target, 0755, 0) == 0)
        return 0;
    return errno == ENOSYS ? SKIPPED : fail("fchmodat2");
}

static int chmod_by_empty_path(void)
{
    if (syscall(452, open(target, O_PATH), "", 0755, AT_EMPTY_PATH) == 0)
        return 0;
    return errno == ENOSYS || errno == EINVAL ? SKIPPED : fail("fchmodat2");
}

static int chmod_by_proc(void)
{
    char name[64];

    snprintf(name, sizeof name, "/proc/self/fd/%d", open(target, O_PATH));
    return chmod(name, 0755) ? fail("chmod") : 0;
}

static int chmod_by_other_descriptor(void)
{
    char name[64];
    pid_t pid = hold_target(name, sizeof name);
    int result = chmod(name, 0755) ? fail("chmod") : 0;

    usleep(kStays);
    kill(pid, SIGKILL);
    return result;
}

static int chmod_in_other_root(void)
{
    if (enter_other_root() || chmod("/f", 0755))
        return fail("chmod");
    usleep(kStays);
    return 0;
}

static int swap_links(void)
{
    return (int)syscall(SYS_renameat2, AT_FDCWD, more, AT_FDCWD, target, kExchange);
}

/* TARGET and MORE are links to folders with a `file` in each: by the first, which a moment later leads to the other. */
static int chmod_by_moved_link(void)
{
    char name[4096];

    snprintf(name, sizeof name, "%s/file", target);
    return chmod(name, 0755) || swap_links() ? fail("chmod") : 0;
}

static void* swap_links_always(void* unused)
{
    (void)unused;
    while (swap_on && swap_links() == 0)
        ;
    return NULL;
}

/* Until the file that the first led to at the beginning is executable. */
static int chmod_by_swapped_link(void)
{
    char name[4096];
    struct stat got = {0};
    pthread_t thread;
    int wanted;

    snprintf(name, sizeof name, "%s/file", target);
    wanted = open(name, O_PATH);
    pthread_create(&thread, NULL, swap_links_always, NULL);
    for (long i = 0; i < 200000 && !(got.st_mode & S_IXUSR); i++)
        if (chmod(name, 0755) || fstat(wanted, &got))
            break;
    swap_on = 0;
    pthread_join(thread, NULL);
    return got.st_mode & S_IXUSR ? 0 : fail("chmod");
}

static int create_executable(void)
{
    umask(0);
    unlink(target);
    return open(target, O_CREAT | O_WRONLY | O_EXCL, 0755) < 0 ? fail(target) : 0;
}

static int rename_onto(void)
{
    return rename(more, target) ? fail("rename") : 0;
}

static int exchange_with(void)
{
    return syscall(SYS_renameat2, AT_FDCWD, more, AT_FDCWD, target, kExchange) ? fail("renameat2") : 0;
}

static const struct way kWays[] = {
    {"read-false-name", read_with_false_name},
    {"read-descriptor", read_by_own_descriptor},
    {"read-other-descriptor", read_by_other_descriptor},
    {"read-other-root", read_in_other_root},
    {"read-long-path", read_in_long_folder},
    {"read-in-root", read_resolve_in_root},
    {"read-beneath", read_resolve_beneath},
    {"read-swapped", read_while_path_is_swapped},
    {"read-32-bit", read_by_32_bit_call},
    {"chmod-fchmodat", chmod_by_call},
    {"chmod-fchmod", chmod_by_descriptor},
    {"chmod-fchmodat2", chmod_by_fchmodat2},
    {"chmod-empty-path", chmod_by_empty_path},
    {"chmod-proc", chmod_by_proc},
    {"chmod-other-descriptor", chmod_by_other_descriptor},
    {"chmod-other-root", chmod_in_other_root},
    {"chmod-moved", chmod_by_moved_link},
    {"chmod-swapped", chmod_by_swapped_link},
    {"create-executable", create_executable},
    {"rename-onto", rename_onto},
    {"exchange", exchange_with},
    {NULL, NULL},
};

int main(int argc, char** argv)
{
    return run_way(kWays, argc, argv);
}
