/* What a file system may have or not (folder.sh runs it on the real kernel and in a folder of the
 * host): holes, room set aside, files without a name, attributes. Says of each whether it is there,
 * and checks that it then is as on Linux, or else that nothing was done. Works in the current
 * directory. */
#include "check.h"
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#define MIB   (1 << 20)
#define PIECE (256 * 1024)

static bool is_there(const char *what, long result)
{
    bool there = result >= 0;
    if (!there)
        CHECK(errno == EOPNOTSUPP);
    printf("%s: %s\n", what, there ? "there" : "not there");
    return there;
}

/* Without the C library, which may do it in another way. */
static long allocate(int fd, int mode, off_t at, off_t n)
{
    return syscall(SYS_fallocate, fd, mode, at, n);
}

static off_t size_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? st.st_size : -1;
}

static bool is_filled(int fd, off_t at, size_t n, int byte)
{
    static uint8_t bytes[PIECE];
    if (pread(fd, bytes, n, at) != (ssize_t)n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != byte)
            return false;
    return true;
}

static int make(const char *name)
{
    static uint8_t bytes[PIECE];
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK_OK(fd);
    memset(bytes, 'x', sizeof(bytes));
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pwrite(fd, bytes, PIECE, i * PIECE), PIECE);
    return fd;
}

static void seek(void)
{
    int fd = open("seek", O_RDWR | O_CREAT, 0644);
    CHECK_EQ(pwrite(fd, "x", 1, 0), 1);
    CHECK_EQ(pwrite(fd, "y", 1, 4 * MIB), 1);
    CHECK_EQ(lseek(fd, 0, SEEK_DATA), 0);
    off_t hole = lseek(fd, 0, SEEK_HOLE), data = lseek(fd, 100000, SEEK_DATA);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), data);
    CHECK(hole > 0 && hole <= 4 * MIB + 1);
    CHECK(data >= 100000 && data <= 4 * MIB);
    CHECK_EQ(lseek(fd, 4 * MIB, SEEK_HOLE), 4 * MIB + 1);
    CHECK_ERRNO(lseek(fd, 4 * MIB + 1, SEEK_HOLE), ENXIO);
    CHECK_ERRNO(lseek(fd, 5 * MIB, SEEK_DATA), ENXIO);
    CHECK_ERRNO(lseek(fd, -1, SEEK_DATA), ENXIO);
    CHECK_ERRNO(lseek(fd, 0, 9), EINVAL);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("seek"));
}

/* What was written through a mapping is data, and a hole is one there as well. */
static void punch(void)
{
    int fd = make("punch");
    uint8_t *at = mmap(NULL, 4 * PIECE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(at != MAP_FAILED);
    at[PIECE + 5] = 'm';
    const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    bool there = is_there("punch", allocate(fd, mode, PIECE - 10, PIECE + 20));
    int inside = there ? 0 : 'x';
    CHECK(is_filled(fd, 0, PIECE - 10, 'x') && is_filled(fd, PIECE - 10, 10, inside));
    CHECK(at[PIECE + 5] == (there ? 0 : 'm') && at[PIECE - 11] == 'x' && at[PIECE] == inside);
    CHECK(is_filled(fd, 2 * PIECE, 10, inside) && is_filled(fd, 2 * PIECE + 10, 1000, 'x'));
    CHECK_EQ(size_of(fd), 4 * PIECE);
    if (there) {
        at[PIECE + 100000] = 'n';
        off_t data = lseek(fd, PIECE + 4096, SEEK_DATA);
        CHECK(data >= PIECE + 4096 && data <= PIECE + 100000);
        munmap(at, 4 * PIECE);
        data = lseek(fd, PIECE + 4096, SEEK_DATA);
        CHECK(data >= PIECE + 4096 && data <= PIECE + 100000);
        CHECK_OK(allocate(fd, mode, PIECE, PIECE));
        off_t hole = lseek(fd, 0, SEEK_HOLE);
        CHECK(hole > PIECE - 10 && hole < 2 * PIECE);
        CHECK_EQ(lseek(fd, hole, SEEK_HOLE), hole);
        CHECK_OK(allocate(fd, mode, 3 * PIECE, 8 * PIECE));
        CHECK_EQ(size_of(fd), 4 * PIECE);
        CHECK(is_filled(fd, 3 * PIECE, PIECE, 0));
    }
    CHECK_ERRNO(allocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10), EOPNOTSUPP);
    CHECK_ERRNO(allocate(fd, mode, 0, 0), EINVAL);
    if (!there)
        munmap(at, 4 * PIECE);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("punch"));
}

static void zero(void)
{
    int fd = make("zero");
    if (is_there("zero range", allocate(fd, FALLOC_FL_ZERO_RANGE, PIECE, 5 * PIECE))) {
        CHECK_EQ(size_of(fd), 6 * PIECE);
        CHECK(is_filled(fd, 0, PIECE, 'x') && is_filled(fd, PIECE, PIECE, 0));
        CHECK(is_filled(fd, 5 * PIECE, PIECE, 0));
    } else {
        CHECK_EQ(size_of(fd), 4 * PIECE);
    }
    CHECK_OK(close(fd));
    CHECK_OK(unlink("zero"));
}

static void room(void)
{
    int fd = make("room");
    if (is_there("allocate", allocate(fd, 0, 3 * PIECE, 3 * PIECE)))
        CHECK_EQ(size_of(fd), 6 * PIECE);
    else
        CHECK_EQ(size_of(fd), 4 * PIECE);
    off_t before = size_of(fd);
    struct stat st, after;
    CHECK_OK(fstat(fd, &st));
    if (is_there("allocate, size kept", allocate(fd, FALLOC_FL_KEEP_SIZE, 8 * PIECE, 4 * PIECE)))
        CHECK(fstat(fd, &after) == 0 && after.st_blocks > st.st_blocks);
    CHECK_EQ(size_of(fd), before);
    CHECK_ERRNO(allocate(fd, 0x4000, 0, 10), EOPNOTSUPP);
    CHECK(is_filled(fd, 0, PIECE, 'x'));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("room"));
}

static void nameless(void)
{
    struct stat st;
    char name[40];
    int fd = open(".", O_TMPFILE | O_RDWR, 0640);
    if (!is_there("files without a name", fd))
        return;
    CHECK_EQ(write(fd, "text", 4), 4);
    CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && (st.st_mode & 07777) == 0640);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    CHECK_ERRNO(linkat(AT_FDCWD, name, AT_FDCWD, "no/named", AT_SYMLINK_FOLLOW), ENOENT);
    CHECK_OK(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    CHECK_ERRNO(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), EEXIST);
    CHECK(stat("named", &st) == 0 && st.st_nlink == 1 && st.st_size == 4);
    CHECK_OK(link("named", "second"));
    CHECK(fstat(fd, &st) == 0 && st.st_nlink == 2);
    CHECK_OK(close(fd));
    fd = open("second", O_RDONLY);
    char text[10];
    CHECK_EQ(read(fd, text, 10), 4);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("named"));
    CHECK_OK(unlink("second"));
    fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    CHECK_ERRNO(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), ENOENT);
    CHECK_OK(close(fd));
    CHECK_ERRNO(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
}

static bool is_listed(const char *list, ssize_t length, const char *name)
{
    for (ssize_t at = 0; at < length; at += (ssize_t)strlen(list + at) + 1)
        if (!strcmp(list + at, name))
            return true;
    return false;
}

static void attributes(void)
{
    char value[100], list[1000];
    int fd = make("attributes");
    if (is_there("attributes", setxattr("attributes", "user.k", "val", 3, XATTR_CREATE))) {
        CHECK_ERRNO(setxattr("attributes", "user.k", "v", 1, XATTR_CREATE), EEXIST);
        CHECK_ERRNO(setxattr("attributes", "user.z", "v", 1, XATTR_REPLACE), ENODATA);
        CHECK_EQ(getxattr("attributes", "user.k", value, sizeof(value)), 3);
        CHECK(memcmp(value, "val", 3) == 0);
        CHECK_EQ(getxattr("attributes", "user.k", NULL, 0), 3);
        CHECK_ERRNO(getxattr("attributes", "user.k", value, 1), ERANGE);
        CHECK_OK(rename("attributes", "moved"));
        CHECK_OK(unlink("moved"));
        CHECK_OK(fsetxattr(fd, "user.open", "", 0, 0));
        CHECK_EQ(fgetxattr(fd, "user.open", value, sizeof(value)), 0);
        ssize_t length = flistxattr(fd, list, sizeof(list));
        CHECK(is_listed(list, length, "user.k") && is_listed(list, length, "user.open"));
        CHECK_ERRNO(flistxattr(fd, list, 3), ERANGE);
        CHECK_OK(fremovexattr(fd, "user.k"));
        CHECK_ERRNO(fremovexattr(fd, "user.k"), ENODATA);
        CHECK_OK(mkdir("dir", 0755));
        CHECK_OK(setxattr("dir", "user.d", "1", 1, 0));
        CHECK_EQ(getxattr("dir", "user.d", value, sizeof(value)), 1);
        CHECK_OK(removexattr("dir", "user.d"));
        CHECK_OK(rmdir("dir"));
    } else {
        CHECK_OK(unlink("attributes"));
    }
    CHECK_OK(close(fd));
}

int main(void)
{
    seek();
    punch();
    zero();
    room();
    nameless();
    attributes();
    return check_done();
}
