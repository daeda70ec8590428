/* Where the log is written. */
#include "runtime/host/log.h"
#include "runtime/abi/errno.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic int log_fd = STDERR_FILENO;
static char log_path[4096];

/* Whoever has it open goes on with the old one. */
static void set_aside(const char *path)
{
    char old[sizeof(log_path) + 4];
    struct stat status;
    if (stat(path, &status) || !S_ISREG(status.st_mode) || status.st_size <= HOST_LOG_MAX)
        return;
    snprintf(old, sizeof(old), "%s.old", path);
    rename(path, old);
}

static int open_log(const char *path)
{
    set_aside(path);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

int host_log_open(const char *path)
{
    if (strlen(path) >= sizeof(log_path))
        return -L_ENAMETOOLONG;
    int fd = open_log(path);
    if (fd < 0)
        return -errno;
    strcpy(log_path, path);
    int old = atomic_exchange(&log_fd, fd);
    if (old != STDERR_FILENO)
        close(old);
    return 0;
}

/* Under the same number: a line that is just being written goes to one of the two. */
void host_log_renew(void)
{
    struct stat status;
    int fd = atomic_load(&log_fd), next;
    if (fd == STDERR_FILENO || fstat(fd, &status) || status.st_size <= HOST_LOG_MAX)
        return;
    next = open_log(log_path);
    if (next < 0)
        return;
    dup3(next, fd, O_CLOEXEC);
    close(next);
}

const char *host_log_path(void)
{
    return log_path[0] ? log_path : NULL;
}

void host_log_raw(const char *text, size_t length)
{
    int saved = errno;
    while (length) {
        ssize_t written = write(atomic_load(&log_fd), text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break;
        text += written;
        length -= (size_t)written;
    }
    errno = saved;
}
