/* Asks for system calls that are not there, again and again, in two processes; and for the network.
 *   unimplemented flood    does in numbers what a line in the log may follow from */
#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void ask(void)
{
    static const int missing[] = {SYS_ptrace, SYS_io_uring_setup, 511};
    for (int round = 0; round < 5; round++)
        for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++)
            CHECK_ERRNO(syscall(missing[i], 0, 0, 0, 0), ENOSYS);
}

static void flood(void)
{
    char *area = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int log = open("/dev/kmsg", O_WRONLY);
    for (int i = 0; i < 20000; i++) {
        /* Private memory in the same 64 KiB as shared. */
        mmap(area + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        syscall(500 + i % 3000);
        if (log >= 0)
            CHECK_EQ(write(log, "a line\n", 7), 7);
    }
    for (int i = 0; i < 300; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(syscall(511) == 0);
        wait(NULL);
    }
}

int main(int argc, char **argv)
{
    int status = 1;
    if (argc == 2 && strcmp(argv[1], "flood") == 0) {
        flood();
        return check_failed;
    }
    ask();
    CHECK_ERRNO(socket(AF_PACKET, SOCK_RAW, 0), EAFNOSUPPORT);
    CHECK_ERRNO(socket(AF_INET, SOCK_RAW, IPPROTO_UDP), EPERM);
    CHECK_ERRNO(socket(AF_INET6, SOCK_RAW, IPPROTO_RAW), EPERM);
    fflush(stdout);
    if (fork() == 0) {
        ask();
        _exit(check_failed);
    }
    CHECK_OK(wait(&status));
    CHECK_EQ(status, 0);
    return check_done();
}
