/* A tmpfs has room and nodes of its own: writes, allocations, stores through mappings and new files
 * beyond them fail, holes and truncation give them back, statfs tells. */
#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#define KIB    1024l
#define ROOM   (1024 * KIB)
#define MAPPED (4 * ROOM)

static char data[65536];
static char place[] = "/tmp/tmpfs.XXXXXX";
static int fd;

static long free_pages(void)
{
    struct statfs fs;
    CHECK_OK(statfs(place, &fs));
    CHECK_EQ(fs.f_bsize, 4096);
    CHECK_EQ(fs.f_blocks, ROOM / 4096);
    return (long)fs.f_bfree;
}

static long held(void)
{
    struct stat st;
    CHECK_OK(fstat(fd, &st));
    return (long)st.st_blocks * 512;
}

static void allocations(void)
{
    const int keep = FALLOC_FL_KEEP_SIZE, hole = keep | FALLOC_FL_PUNCH_HOLE;
    CHECK_EQ(free_pages(), 256);
    CHECK_OK(fallocate(fd, keep, 0, 256 * KIB));
    CHECK_EQ(free_pages(), 192);
    CHECK_OK(fallocate(fd, hole, 128 * KIB, 128 * KIB));
    CHECK_EQ(held(), 128 * KIB);
    CHECK_EQ(free_pages(), 224);
    CHECK_OK(ftruncate(fd, 0));
    CHECK_EQ(free_pages(), 256);
    CHECK_OK(fallocate(fd, 0, 0, 128 * KIB));
    CHECK_OK(fallocate(fd, keep, 0, 256 * KIB));
    CHECK_OK(fallocate(fd, hole, 0, ROOM));
    CHECK_EQ(held(), 0);
    CHECK_ERRNO(fallocate(fd, 0, 0, 2 * ROOM), ENOSPC);
    CHECK_ERRNO(fallocate(fd, keep, ROOM, ROOM + 4096), ENOSPC);
    CHECK_EQ(held(), 0);
    CHECK_EQ(free_pages(), 256);
}

static sigjmp_buf out;
static siginfo_t fault;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    fault = *info;
    siglongjmp(out, 1);
}

static void mapped(void)
{
    static volatile long at;
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    CHECK_OK(sigaction(SIGBUS, &action, NULL));
    CHECK_OK(ftruncate(fd, MAPPED));
    volatile char *memory = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(memory != MAP_FAILED);
    if (sigsetjmp(out, 1) == 0) {
        for (at = 0; at < MAPPED; at += 4096)
            memory[at] = 1;
    }
    CHECK_EQ(at, ROOM);
    CHECK_EQ(fault.si_code, BUS_ADRERR);
    CHECK(fault.si_addr == memory + ROOM);
    CHECK_EQ(held(), ROOM);
    CHECK_EQ(free_pages(), 0);
    /* A page that only is looked at takes one as well. */
    at = 0;
    if (sigsetjmp(out, 1) == 0) {
        at = memory[MAPPED - 1] + 1;
        at = 0;
    } else {
        at = 1;
    }
    CHECK_EQ(at, 1);
    memory[0] = 2;
    CHECK_ERRNO(pread(fd, (char *)memory + ROOM, 1, 0), EFAULT);
    CHECK_ERRNO(pwrite(fd, data, sizeof(data), 2 * ROOM), ENOSPC);
    CHECK_OK(munmap((char *)memory, MAPPED));
    CHECK_OK(ftruncate(fd, 0));
    CHECK_EQ(free_pages(), 256);
}

static void written(void)
{
    long done = 0;
    ssize_t n;
    while ((n = write(fd, data, sizeof(data))) > 0)
        done += n;
    CHECK_EQ(n, -1);
    CHECK_EQ(errno, ENOSPC);
    CHECK_EQ(done, ROOM);
    CHECK_OK(ftruncate(fd, ROOM / 2));
    CHECK_EQ(free_pages(), 128);
    /* Not less than there is. */
    CHECK_ERRNO(mount("none", place, "tmpfs", MS_REMOUNT, "size=256k"), EINVAL);
    CHECK_OK(mount("none", place, "tmpfs", MS_REMOUNT, "size=1m"));
}

static void nodes(void)
{
    char name[64];
    struct statfs fs;
    int count = 0;
    /* The root and the file are two of ten. */
    for (;; count++) {
        snprintf(name, sizeof(name), "%s/%d", place, count);
        int made = open(name, O_CREAT | O_WRONLY, 0600);
        if (made < 0)
            break;
        close(made);
    }
    CHECK_EQ(errno, ENOSPC);
    CHECK_EQ(count, 8);
    CHECK_ERRNO(mkdir(name, 0700), ENOSPC);
    CHECK_ERRNO(symlink("x", name), ENOSPC);
    char other[64];
    snprintf(other, sizeof(other), "%s/0", place);
    CHECK_ERRNO(link(other, name), ENOSPC);
    CHECK_OK(statfs(place, &fs));
    CHECK_EQ(fs.f_files, 10);
    CHECK_EQ(fs.f_ffree, 0);
    snprintf(name, sizeof(name), "%s/1", place);
    CHECK_OK(unlink(name));
    CHECK_OK(link(other, name));
    CHECK_OK(unlink(other));
    CHECK_OK(symlink("x", other));
    CHECK_OK(unlink(other));
}

int main(void)
{
    struct stat st;
    if (!mkdtemp(place))
        return 1;
    /* Where that is permitted nobody else sees it. */
    if (unshare(CLONE_NEWNS) == 0)
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    if (mount("none", place, "tmpfs", 0, "size=1m,nr_inodes=10,mode=1710") && errno == EPERM) {
        rmdir(place);
        return 0;
    }
    CHECK_OK(stat(place, &st));
    CHECK_EQ(st.st_mode & 07777, 01710);
    char name[64];
    snprintf(name, sizeof(name), "%s/file", place);
    fd = open(name, O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0);
    allocations();
    mapped();
    written();
    nodes();
    close(fd);
    CHECK_OK(umount(place));
    CHECK_ERRNO(mount("none", place, "tmpfs", 0, "size=1x"), EINVAL);
    CHECK_ERRNO(mount("none", place, "tmpfs", 0, "colour=red"), EINVAL);
    CHECK_OK(rmdir(place));
    return check_done();
}
