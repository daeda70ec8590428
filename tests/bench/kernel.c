/* Rows about the kernel: system calls, processes, signals, pipes. Run as "true" it just exits. */
#include "row.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *program;

static void trivial_call(void)
{
    for (int i = 0; i < 1000000; i++)
        syscall(SYS_getppid);
}

static void run_children(int count, int execute)
{
    for (int i = 0; i < count; i++) {
        pid_t child = fork();
        if (child == 0) {
            if (execute)
                execl(program, "true", (char *)NULL);
            _exit(execute);
        }
        int status;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
            exit(3);
    }
}

static void fork_exit_wait(void)
{
    run_children(1000, 0);
}

static void fork_exec(void)
{
    run_children(300, 1);
}

static void fork_64_mib(void)
{
    size_t size = 64 << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        exit(3);
    memset(memory, 1, size);
    run_children(100, 0);
}

static void on_signal(int number)
{
    (void)number;
}

static void self_signal(void)
{
    signal(SIGUSR1, on_signal);
    for (int i = 0; i < 200000; i++)
        raise(SIGUSR1);
}

static void pipe_ping_pong(void)
{
    int there[2], back[2];
    char byte = 'x';
    if (pipe(there) || pipe(back))
        exit(3);
    pid_t child = fork();
    for (int i = 0; i < 20000; i++) {
        if (child == 0) {
            if (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1)
                _exit(1);
        } else if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) {
            exit(3);
        }
    }
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
}

static void stat_cached(void)
{
    struct stat status;
    for (int i = 0; i < 300000; i++)
        stat("/tmp", &status);
    row_sink = status.st_mode;
}

static void map_touch_unmap(void)
{
    for (int i = 0; i < 20000; i++) {
        char *memory =
            mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            exit(3);
        for (int page = 0; page < 16; page++)
            memory[page * 4096] = 1;
        munmap(memory, 65536);
    }
}

int main(int argc, char **argv)
{
    static const struct row rows[] = {
        {"syscall", trivial_call},   {"fork", fork_exit_wait},  {"fork-exec", fork_exec},
        {"fork-64MiB", fork_64_mib}, {"signal", self_signal},   {"pipe", pipe_ping_pong},
        {"stat", stat_cached},       {"mmap", map_touch_unmap}, {NULL, NULL},
    };
    program = argv[0];
    if (!strcmp(argv[0], "true"))
        return 0;
    return rows_main(rows, argc, argv);
}
