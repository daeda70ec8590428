/* A guest that writes to its image until the host process is killed, and looks in the next life
 * what is there.
 *
 *   guest write SEED   goes on for ever in several processes; each line of output is a promise
 *   guest verify       reads the promises; exit status 0 when each was kept
 *
 * Promises: "F N" after fsync of file-N, which is never touched again; "C P N" after sync that
 * followed the renaming of version N over current-P; "A P N" after fdatasync of N bytes appended to
 * append-P; "M P N" after msync of counter N in the mapped file map-P. What is found at a name is
 * always whole: renames never come before the data that was written before them.
 */
#include "content.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 3
#define SIZE_MOST 200000
#define MAP_SIZE  (64 * 4096)

static uint8_t buffer[sizeof(struct header) + SIZE_MOST + 1];
static uint8_t found[sizeof(buffer)];

static void fail(const char *what)
{
    fprintf(stderr, "guest: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint8_t appended(unsigned process, uint64_t at)
{
    return (uint8_t)(at * 7 + process + (at >> 8));
}

static void put(int fd, const void *data, size_t size)
{
    if (write(fd, data, size) != (ssize_t)size)
        fail("write");
}

static void promise(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void promise(const char *format, ...)
{
    char line[100];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    put(1, line, (size_t)length);
}

static int make(const char *name, uint64_t number)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (fd < 0)
        fail(name);
    put(fd, buffer, content(number, buffer, SIZE_MOST));
    return fd;
}

static void keep_file(uint64_t number)
{
    char name[60];
    snprintf(name, sizeof(name), "file-%" PRIu64, number);
    int fd = make(name, number);
    if (number % 2 ? fdatasync(fd) : fsync(fd))
        fail("fsync");
    close(fd);
    promise("F %" PRIu64 "\n", number);
}

static void replace(unsigned process, uint64_t number)
{
    char name[60], current[60];
    snprintf(name, sizeof(name), "new-%u", process);
    snprintf(current, sizeof(current), "current-%u", process);
    close(make(name, number));
    if (rename(name, current))
        fail("rename");
    if (number % 3)
        return;
    sync();
    promise("C %u %" PRIu64 "\n", process, number);
}

static void append(unsigned process, uint64_t number)
{
    char name[60];
    snprintf(name, sizeof(name), "append-%u", process);
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0644);
    struct stat status;
    if (fd < 0 || fstat(fd, &status))
        fail(name);
    size_t size = 1 + number % 5000;
    for (size_t i = 0; i < size; i++)
        buffer[i] = appended(process, (uint64_t)status.st_size + i);
    put(fd, buffer, size);
    if (fdatasync(fd))
        fail("fdatasync");
    close(fd);
    promise("A %u %" PRIu64 "\n", process, (uint64_t)status.st_size + size);
}

static void count(unsigned process, volatile uint64_t *map, uint64_t number)
{
    uint64_t page = number % (MAP_SIZE / 4096) * 512;
    map[page] = number;
    if (msync((void *)(uintptr_t)(map + page), 4096, MS_SYNC))
        fail("msync");
    promise("M %u %" PRIu64 "\n", process, number);
}

/* What nobody is promised. */
static void churn(unsigned process, uint64_t number)
{
    char name[60], other[80], folder[60];
    snprintf(name, sizeof(name), "churn-%u-%u", process, (unsigned)(number % 7));
    snprintf(other, sizeof(other), "churn-%u-%u", process, (unsigned)(number % 5));
    snprintf(folder, sizeof(folder), "folder-%u-%u", process, (unsigned)(number % 3));
    int fd = make(name, number);
    if (ftruncate(fd, number % 70000) || pwrite(fd, buffer, 10, number % 200000) != 10)
        fail(name);
    close(fd);
    if (number % 2 ? unlink(name) : rename(name, other))
        fail(name);
    if (mkdir(folder, 0755) && errno == EEXIST) {
        snprintf(other, sizeof(other), "%s/link", folder);
        unlink(other);
        if (number % 3 ? symlink(name, other) : rmdir(folder))
            fail(folder);
    }
}

static volatile uint64_t *open_map(unsigned process)
{
    char name[60];
    snprintf(name, sizeof(name), "map-%u", process);
    int fd = open(name, O_RDWR | O_CREAT, 0644);
    if (fd < 0 || ftruncate(fd, MAP_SIZE))
        fail(name);
    void *map = mmap(NULL, MAP_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        fail("mmap");
    close(fd);
    return map;
}

static void writer(unsigned process, uint64_t seed)
{
    uint64_t state = seed * PROCESSES + process, number = seed * 1000000 + process;
    volatile uint64_t *map = open_map(process);
    for (;; number += PROCESSES)
        switch (random_of(&state) % 6) {
        case 0:
            keep_file(number);
            break;
        case 1:
        case 2:
            replace(process, number);
            break;
        case 3:
            append(process, number);
            break;
        case 4:
            count(process, map, number);
            break;
        default:
            churn(process, number);
        }
}

/* --- the next life --- */

static int faults;

static size_t read_file(const char *name)
{
    int fd = open(name, O_RDONLY);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, found, sizeof(found));
    close(fd);
    return got < 0 ? 0 : (size_t)got;
}

static void fault(const char *what, const char *name, uint64_t number)
{
    printf("%s: %s %" PRIu64 "\n", what, name, number);
    faults++;
}

/* The number of the whole version that a file holds; 0 when it is not there. */
static uint64_t version_of(const char *name)
{
    struct header header = {0, 0};
    size_t got = read_file(name);
    if (access(name, F_OK))
        return 0;
    memcpy(&header, found, sizeof(header));
    if (got < sizeof(header) || content(header.number, buffer, SIZE_MOST) != got ||
        memcmp(found, buffer, got) != 0) {
        fault("torn", name, got);
        return 0;
    }
    return header.number;
}

static void check_appended(unsigned process, uint64_t size)
{
    char name[60];
    struct stat status;
    snprintf(name, sizeof(name), "append-%u", process);
    int fd = open(name, O_RDONLY);
    if (fd < 0) {
        if (size)
            fault("lost", name, size);
        return;
    }
    if (fstat(fd, &status) || (uint64_t)status.st_size < size)
        fault("shorter than promised", name, size);
    uint64_t at = 0;
    ssize_t got;
    while ((got = read(fd, found, sizeof(found))) > 0)
        for (ssize_t i = 0; i < got; i++, at++)
            if (found[i] != appended(process, at)) {
                fault("wrong byte", name, at);
                got = 0;
            }
    close(fd);
}

static void check_map(unsigned process, const uint64_t *counters)
{
    char name[60];
    snprintf(name, sizeof(name), "map-%u", process);
    int fd = open(name, O_RDONLY);
    if (fd < 0)
        return;
    for (unsigned page = 0; page < MAP_SIZE / 4096; page++) {
        uint64_t number = 0;
        if (pread(fd, &number, 8, page * 4096) != 8 || number < counters[page])
            fault("older than promised", name, counters[page]);
    }
    close(fd);
}

static int verify(void)
{
    static uint64_t current[PROCESSES], size[PROCESSES], map[PROCESSES][MAP_SIZE / 4096];
    char line[100], name[60];
    uint64_t number, files = 0;
    unsigned process;
    while (fgets(line, sizeof(line), stdin) && strchr(line, '\n')) {
        char kind = line[0];
        if (sscanf(line, "F %" SCNu64, &number) == 1) {
            snprintf(name, sizeof(name), "file-%" PRIu64, number);
            if (version_of(name) != number)
                fault("lost", name, number);
            files++;
        } else if (sscanf(line + 1, "%u %" SCNu64, &process, &number) == 2 && process < PROCESSES) {
            if (kind == 'C')
                current[process] = number;
            else if (kind == 'A')
                size[process] = number;
            else if (kind == 'M')
                map[process][number % (MAP_SIZE / 4096)] = number;
        }
    }
    for (process = 0; process < PROCESSES; process++) {
        snprintf(name, sizeof(name), "current-%u", process);
        if (version_of(name) < current[process])
            fault("older than promised", name, current[process]);
        check_appended(process, size[process]);
        check_map(process, map[process]);
    }
    printf("%" PRIu64 " files promised, %d faults\n", files, faults);
    return faults != 0;
}

int main(int argc, char **argv)
{
    if ((mkdir("/data", 0755) && errno != EEXIST) || chdir("/data"))
        fail("/data");
    if (argc == 2 && strcmp(argv[1], "verify") == 0)
        return verify();
    if (argc != 3 || strcmp(argv[1], "write") != 0)
        return 2;
    uint64_t seed = strtoull(argv[2], NULL, 10);
    for (unsigned process = 1; process < PROCESSES; process++)
        if (fork() == 0)
            writer(process, seed);
    writer(0, seed);
}
