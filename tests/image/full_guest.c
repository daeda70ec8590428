/* A guest on a disk that is full or becomes so.
 *
 *   full_guest fill FILE       writes until there is no room; fsync; prints the bytes
 *   full_guest verify FILE N   whether the file holds these bytes
 *   full_guest again FILE N    removes the file, which must work, and writes about as much again
 *   full_guest hold FILE N     writes so many bytes, says so, and ends when its input ends
 *   full_guest remove FILE N OTHER   the same, and removes another file at the end
 *   full_guest rm FILE         removes it and says that this is stored
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 100000

static unsigned char buffer[PIECE];

static int fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    exit(1);
}

static void pattern(unsigned long long at)
{
    for (int i = 0; i < PIECE; i++, at++)
        buffer[i] = (unsigned char)(at * 7 + (at >> 12) + 1);
}

static unsigned long long fill(const char *name, unsigned long long most)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    unsigned long long at = 0;
    if (fd < 0)
        fail(name);
    while (at < most) {
        pattern(at);
        ssize_t done = write(fd, buffer, PIECE);
        if (done < 0 && errno == ENOSPC)
            break;
        if (done < 0)
            fail("write");
        at += (unsigned long long)done;
    }
    if (most == ~0ull && fsync(fd))
        fail("fsync");
    if (close(fd))
        fail("close");
    return at;
}

static int verify(const char *name, unsigned long long size)
{
    static unsigned char found[PIECE];
    struct stat status;
    int fd = open(name, O_RDONLY);
    if (fd < 0 || fstat(fd, &status) || (unsigned long long)status.st_size != size)
        return fail("size");
    for (unsigned long long at = 0; at < size; at += PIECE) {
        size_t part = size - at < PIECE ? (size_t)(size - at) : PIECE;
        pattern(at);
        if (read(fd, found, part) != (ssize_t)part || memcmp(found, buffer, part))
            return fail("content");
    }
    return 0;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    const char *what = argc > 2 ? argv[1] : "";
    unsigned long long size = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    if (strcmp(what, "fill") == 0) {
        printf("%llu\n", fill(argv[2], ~0ull));
        if (mkdir("/d", 0755) == 0 || errno != ENOSPC)
            return fail("mkdir on a full disk");
        return 0;
    }
    if (strcmp(what, "verify") == 0)
        return verify(argv[2], size);
    if (strcmp(what, "again") == 0) {
        if (unlink(argv[2]))
            fail("unlink");
        unsigned long long again = fill(argv[2], ~0ull);
        printf("%llu\n", again);
        return again + again / 4 < size;
    }
    if (strcmp(what, "rm") == 0) {
        int folder = open("/", O_RDONLY);
        return unlink(argv[2]) || fsync(folder) ? fail(argv[2]) : 0;
    }
    if (strcmp(what, "hold") == 0 || strcmp(what, "remove") == 0) {
        printf("%llu\n", fill(argv[2], size));
        while (getchar() != EOF)
            ;
        if (argc > 4 && unlink(argv[4]))
            return fail(argv[4]);
        return 0;
    }
    return 2;
}
