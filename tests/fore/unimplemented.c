/* Asks for system calls that are not there, again and again, in two processes; and for the network.
 */
#include "check.h"

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

int main(void)
{
    int status = 1;
    ask();
    CHECK_ERRNO(socket(AF_INET, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERRNO(socket(AF_INET6, SOCK_DGRAM, 0), EAFNOSUPPORT);
    fflush(stdout);
    if (fork() == 0) {
        ask();
        _exit(check_failed);
    }
    CHECK_OK(wait(&status));
    CHECK_EQ(status, 0);
    return check_done();
}
