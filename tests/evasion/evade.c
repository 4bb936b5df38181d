// SPDX-License-Identifier: MIT OR Apache-2.0
// Programs, other processes and connections, meant to pass a detector by; see evade.h.
#define _GNU_SOURCE
#include "evade.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static int exec_target(void)
{
    execl(target, target, (char*)NULL);
    return fail(target);
}

static int await(pid_t pid)
{
    int status;

    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return fail("child");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* --- programs */

static int memfd_run(void)
{
    char buffer[65536];
    ssize_t n;
    int from = open(target, O_RDONLY), to = memfd_create("x", MFD_CLOEXEC);
    char* argv[] = {"x", NULL};

    while ((n = read(from, buffer, sizeof buffer)) > 0)
        if (write(to, buffer, (size_t)n) != n)
            return fail("write");
    fexecve(to, argv, environ);
    return fail("fexecve");
}

static int run_by_descriptor(void)
{
    char* argv[] = {"innocent", NULL};
    int fd = open(target, O_PATH | O_CLOEXEC);

    syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
    return fail("execveat");
}

static int run_by_loader(void)
{
    execl(more, more, target, (char*)NULL);
    return fail(more);
}

static int run_with_false_name(void)
{
    prctl(PR_SET_NAME, "systemd");
    execl(target, "/usr/lib/systemd/systemd", (char*)NULL);
    return fail(target);
}

static int run_with_long_arguments(void)
{
    static char long_one[100000];
    char* argv[24];

    memset(long_one, 'a', sizeof long_one - 1);
    argv[0] = (char*)target;
    for (int i = 1; i < 21; i++)
        argv[i] = long_one;
    argv[21] = "last";
    argv[22] = NULL;
    execv(target, argv);
    return fail(target);
}

static int run_after_vfork(void)
{
    pid_t pid = vfork();

    if (pid == 0) {
        execl(target, target, (char*)NULL);
        _exit(1);
    }
    return await(pid);
}

static int run_as_orphan(void)
{
    int ends[2];
    char byte;

    if (pipe(ends))
        return fail("pipe");
    if (fork() == 0) {
        if (fork() == 0) {
            setsid();
            usleep(100000); /* the one between is gone by then */
            if (fork() == 0)
                _exit(exec_target());
            wait(NULL);
            _exit(0);
        }
        _exit(0);
    }
    wait(NULL);
    close(ends[1]);
    return read(ends[0], &byte, 1) < 0; /* until all that inherited it are gone */
}

static int run_with_parents_parent(void)
{
    struct clone_args args = {.flags = CLONE_PARENT, .exit_signal = 0};
    pid_t child = fork();

    if (child == 0) {
        /* The new process is a child of our parent. */
        if (syscall(SYS_clone3, &args, sizeof args) == 0)
            _exit(exec_target());
        usleep(300000);
        _exit(0);
    }
    return await(child);
}

static void* exec_of_thread(void* unused)
{
    (void)unused;
    exec_target();
    return NULL;
}

static int run_by_thread(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, exec_of_thread, NULL);
    pthread_join(thread, NULL);
    return 1;
}

/* As the process whose number MORE was: it is gone by now. */
static int run_with_number(void)
{
    pid_t number = atoi(more);
    struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&number, .set_tid_size = 1};
    long child = syscall(SYS_clone3, &args, sizeof args);

    if (child < 0)
        return errno == EPERM ? SKIPPED : fail("clone3");
    if (child == 0) {
        execl(target, target, "second", (char*)NULL);
        _exit(1);
    }
    return await((pid_t)child);
}

static int run_in_new_namespaces(void)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID))
        return errno == EPERM || errno == ENOSPC ? SKIPPED : fail("unshare");
    pid_t child = fork();
    if (child == 0)
        _exit(exec_target());
    return await(child);
}

/* --- other processes */

static char memory[64]; /* of the victim too, at the same address */
static volatile int swap_on = 1;

static pid_t victim(void)
{
    pid_t pid = fork();

    if (pid == 0)
        for (;;)
            pause();
    usleep(50000);
    return pid;
}

static int inject_by_ptrace(void)
{
    pid_t pid = victim();
    int status;

    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) || waitpid(pid, &status, 0) < 0)
        return fail("ptrace");
    ptrace(PTRACE_POKEDATA, pid, memory, 0x9090L);
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
    kill(pid, SIGKILL);
    return await(pid) & 0;
}

static int inject_by_writev(void)
{
    pid_t pid = victim();
    struct iovec from = {"evil", 4}, to = {memory, 4};
    ssize_t n = process_vm_writev(pid, &from, 1, &to, 1, 0);

    kill(pid, SIGKILL);
    await(pid);
    return n == 4 ? 0 : fail("process_vm_writev");
}

static int inject_by_proc_mem(void)
{
    pid_t pid = victim();
    char name[64];
    int fd;
    ssize_t n;

    snprintf(name, sizeof name, "/proc/%d/mem", pid);
    fd = open(name, O_RDWR);
    n = pwrite(fd, "evil", 4, (off_t)(uintptr_t)memory);
    kill(pid, SIGKILL);
    await(pid);
    return n == 4 ? 0 : fail("pwrite");
}

/* --- the daemon's own maps: TARGET is the number of one */

static int take_map(void)
{
    union bpf_attr attr = {.map_id = (unsigned)atoi(target)};

    return (int)syscall(SYS_bpf, BPF_MAP_GET_FD_BY_ID, &attr, sizeof attr);
}

/* Nothing but zeros where its first entry stands. */
static int edit_map(void)
{
    static char key[256], value[65536];
    int fd = take_map();
    union bpf_attr attr = {.map_fd = (unsigned)fd, .key = (uintptr_t)key, .value = (uintptr_t)value};

    if (fd < 0)
        return fail("map");
    syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof attr); /* some maps have no entries */
    return 0;
}

/* What is in the ring counts as read, for three seconds. */
static int empty_ring(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int fd = take_map();
    volatile unsigned long* consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    volatile unsigned long* producer = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);

    if (consumer == MAP_FAILED || producer == MAP_FAILED)
        return fail("mmap");
    for (int i = 0; i < 3000; i++) {
        *consumer = *producer;
        usleep(1000);
    }
    return 0;
}

/* --- network: TARGET is an address, MORE a port; both forms are of the same length */

static struct sockaddr_in peer(const char* address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(more))};

    inet_pton(AF_INET, address, &to.sin_addr);
    return to;
}

static struct sockaddr_in shown;

static void* swap_address(void* unused)
{
    const struct sockaddr_in wanted = peer(target), decoy = peer("127.0.0.9");

    (void)unused;
    while (swap_on) {
        memcpy(&shown, &wanted, sizeof shown);
        SHOW();
        memcpy(&shown, &decoy, sizeof shown);
        SHOW();
    }
    return NULL;
}

/* Until one connect got through to the target, which listens; nobody listens at the decoy. */
static int connect_while_address_is_swapped(void)
{
    pthread_t thread;
    int found = 0;

    shown = peer("127.0.0.9");
    pthread_create(&thread, NULL, swap_address, NULL);
    for (int i = 0; i < 200000 && !found; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        found = connect(fd, (const struct sockaddr*)&shown, sizeof shown) == 0;
        close(fd);
    }
    swap_on = 0;
    pthread_join(thread, NULL);
    return found ? 0 : 1;
}

static int connect_mapped(void)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(more))};
    char text[64];

    snprintf(text, sizeof text, "::ffff:%s", target);
    inet_pton(AF_INET6, text, &to.sin6_addr);
    return connect(socket(AF_INET6, SOCK_STREAM, 0), (const struct sockaddr*)&to, sizeof to) ? fail("connect") : 0;
}

static const struct way kWays[] = {
    {"memfd", memfd_run},
    {"execveat", run_by_descriptor},
    {"loader", run_by_loader},
    {"false-name", run_with_false_name},
    {"long-arguments", run_with_long_arguments},
    {"vfork", run_after_vfork},
    {"orphan", run_as_orphan},
    {"clone-parent", run_with_parents_parent},
    {"thread", run_by_thread},
    {"number", run_with_number},
    {"namespaces", run_in_new_namespaces},
    {"ptrace", inject_by_ptrace},
    {"writev", inject_by_writev},
    {"proc-mem", inject_by_proc_mem},
    {"edit-map", edit_map},
    {"empty-ring", empty_ring},
    {"connect-swapped", connect_while_address_is_swapped},
    {"connect-mapped", connect_mapped},
    {NULL, NULL},
};

int main(int argc, char** argv)
{
    return run_way(kWays, argc, argv);
}
