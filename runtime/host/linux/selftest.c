/* What `fore selftest` asks of this host. */
#include "runtime/host/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MEMBARRIER_EXPEDITED 8 /* MEMBARRIER_CMD_PRIVATE_EXPEDITED */

static void say_call(host_selftest_fn *report, const char *name, bool pass)
{
    report(name, pass, pass ? "yes" : strerror(errno));
}

static void check_pipe(host_selftest_fn *report)
{
    int ends[2];
    struct pollfd f = {.events = POLLIN};
    if (pipe2(ends, O_CLOEXEC) < 0) {
        say_call(report, "a pipe can be made", false);
        return;
    }
    f.fd = ends[0];
    int empty = poll(&f, 1, 0);
    ssize_t put = write(ends[1], "x", 1);
    int full = poll(&f, 1, 0);
    close(ends[1]);
    say_call(report, "a pipe says when it can be read", empty == 0 && put == 1 && full == 1);
    close(ends[0]);
}

void host_selftest(host_selftest_fn *report)
{
    int fd = memfd_create("selftest", MFD_CLOEXEC);
    say_call(report, "memory that several views show", fd >= 0);
    if (fd >= 0)
        close(fd);
    fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    /* There is another way, which is slower. */
    report("pages can be filled before they are seen", true, fd >= 0 ? "yes" : strerror(errno));
    if (fd >= 0)
        close(fd);
    long known = syscall(SYS_membarrier, 0, 0, 0);
    report("barriers in all threads at once", true,
           known >= 0 && (known & MEMBARRIER_EXPEDITED) ? "yes" : "slowly");
    check_pipe(report);
}

void host_system_name(char *buffer, size_t size)
{
    struct utsname name;
    if (uname(&name) == 0)
        snprintf(buffer, size, "%s %s %s", name.sysname, name.release, name.version);
    else
        snprintf(buffer, size, "Linux");
}
