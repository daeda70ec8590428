/* The map for perf(1). */
#include "runtime/host/perf_map.h"

#include <fcntl.h>
#include <unistd.h>

FILE *host_perf_map_open(char *name, size_t size)
{
    snprintf(name, size, "/tmp/perf-%d.map", (int)getpid());
    /* Others may have put something in its place: the folder is everybody's. */
    unlink(name);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file && fd >= 0)
        close(fd);
    return file;
}
