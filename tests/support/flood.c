// SPDX-License-Identifier: MIT OR Apache-2.0
// flood read|write|missing|chmod|getpid|fork|connect SECONDS MOST: one kind of call as fast as it goes, for so long and
// at most so often. Says how many it made.
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// An open that no rule is about, and one of a kind that the shipped rules count.
static void read_one(void)
{
    close(open("/dev/null", O_RDONLY));
}

static void write_one(void)
{
    close(open("/dev/null", O_WRONLY));
}

static void missing_one(void)
{
    (void)open("/nonexistent", O_RDONLY);
}

static void chmod_one(void)
{
    static FILE* file;

    if (file == NULL)
        file = tmpfile();
    if (file != NULL)
        fchmod(fileno(file), 0600);
}

static void getpid_one(void)
{
    syscall(SYS_getpid);
}

static void fork_one(void)
{
    pid_t child = vfork();

    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
}

static void connect_one(void)
{
    static const struct sockaddr_in closed = {.sin_family = AF_INET, .sin_port = 0x100 /* port 1 */, .sin_addr.s_addr = 0x0100007f};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    connect(fd, (const struct sockaddr*)&closed, sizeof closed);
    close(fd);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char** argv)
{
    static const struct {
        const char* name;
        void (*make)(void);
    } kinds[] = {{"read", read_one},     {"write", write_one}, {"missing", missing_one}, {"chmod", chmod_one},
                 {"getpid", getpid_one}, {"fork", fork_one},   {"connect", connect_one}};
    void (*one)(void) = NULL;
    long made = 0, most;
    double end;

    for (size_t i = 0; argc == 4 && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(argv[1], kinds[i].name) == 0)
            one = kinds[i].make;
    if (one == NULL)
        return 2;
    end = now() + atof(argv[2]);
    most = atol(argv[3]);
    while (made < most && (made % 64 != 0 || now() < end)) {
        one();
        made++;
    }
    printf("%ld\n", made);
    return 0;
}
