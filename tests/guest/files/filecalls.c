/* System calls on files, paths and descriptors: each prints what it gave, so that the comparison
 * with the real kernel's output is the test. Nothing printed depends on the file system or the
 * time. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* Bad buffers and counts are the point here. */
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wstringop-overread"

#ifndef FALLOC_FL_PUNCH_HOLE
#define FALLOC_FL_KEEP_SIZE  1
#define FALLOC_FL_PUNCH_HOLE 2
#endif
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

/* Prints the expression, its value (or only whether it is a descriptor) and errno. */
#define T(expression)                                                                              \
    do {                                                                                           \
        errno = 0;                                                                                 \
        long long value_ = (long long)(expression);                                                \
        printf("%s = %lld errno %d\n", #expression, value_, value_ == -1 ? errno : 0);             \
    } while (0)

static char text[8192];

static void put(const char *name, const char *data)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0 && write(fd, data, strlen(data)) == (ssize_t)strlen(data));
    close(fd);
}

static const char *get(const char *name)
{
    int fd = open(name, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    text[n < 0 ? 0 : n] = 0;
    close(fd);
    return n < 0 ? "(none)" : text;
}

#define SHOW(name) printf("%s: \"%s\"\n", name, get(name))

static int opened(const char *name, int flags)
{
    int fd = open(name, flags, 0644);
    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

static void opening(void)
{
    puts("== open");
    put("file", "hello");
    mkdir("dir", 0755);
    symlink("file", "link");
    symlink("none", "dangling");
    symlink("dir", "dirlink");
    symlink("loop", "loop");
    static const char *const names[] = {"file", "file/", "file/x",   "dir",     "dir/",
                                        "link", "link/", "dangling", "dirlink", "dirlink/",
                                        "loop", "none",  "none/",    "none/x",  ".",
                                        "..",   "/",     "",         "dir/..",  "file/.."};
    static const struct {
        const char *name;
        int flags;
    } modes[] = {
        {"RDONLY", O_RDONLY},
        {"WRONLY", O_WRONLY},
        {"RDWR", O_RDWR},
        {"DIRECTORY", O_RDONLY | O_DIRECTORY},
        {"NOFOLLOW", O_RDONLY | O_NOFOLLOW},
        {"DIRECTORY|NOFOLLOW", O_RDONLY | O_NOFOLLOW | O_DIRECTORY},
        {"PATH", O_PATH},
        {"PATH|NOFOLLOW", O_PATH | O_NOFOLLOW},
        {"CREAT|EXCL", O_CREAT | O_EXCL | O_WRONLY},
        {"CREAT|NOFOLLOW", O_CREAT | O_NOFOLLOW | O_RDONLY},
        {"CREAT", O_CREAT | O_RDONLY},
        {"TMPFILE", O_TMPFILE | O_RDONLY},
    };
    for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            errno = 0;
            int result = opened(names[i], modes[m].flags);
            printf("%s %s: %d errno %d\n", modes[m].name, names[i], result, errno);
            unlink("none");
        }
    }
    int fd = open("file", O_RDWR | O_APPEND | O_NONBLOCK | O_NOFOLLOW);
    T(fcntl(fd, F_GETFL));
    T(fcntl(fd, F_SETFL, O_RDONLY));
    T(fcntl(fd, F_GETFL));
    T(fcntl(fd, F_GETFD));
    T(fcntl(fd, F_SETFD, FD_CLOEXEC));
    T(fcntl(fd, F_GETFD));
    T(fcntl(fd, 12345));
    close(fd);
    fd = open("file", O_PATH);
    T(fcntl(fd, F_GETFL));
    T(read(fd, text, 1));
    T(fchmod(fd, 0600));
    T(fcntl(fd, F_SETFL, 0));
    T(ioctl(fd, FIONREAD, text));
    close(fd);
}

static void names(void)
{
    puts("== names");
    T(mkdir("dir", 0755));
    T(mkdir("file", 0755));
    T(mkdir("link", 0755));
    T(mkdir("dangling", 0755));
    T(mkdir("none/x", 0755));
    T(mkdir("file/x", 0755));
    T(mkdir("new/", 0755));
    T(mkdir(".", 0755));
    T(mkdir("/", 0755));
    T(mkdir("", 0755));
    T(rmdir("new/"));
    T(rmdir("file"));
    T(rmdir("link"));
    T(rmdir("dirlink"));
    T(rmdir("dirlink/"));
    T(rmdir("."));
    T(rmdir("dir/."));
    T(rmdir("dir/.."));
    T(rmdir("none"));
    T(unlink("dir"));
    T(unlink("dir/"));
    T(unlink("file/"));
    T(unlink("link/"));
    T(unlink("."));
    T(unlink(""));
    T(unlink("none"));
    T(symlink("x", "file"));
    T(symlink("", "empty"));
    T(symlink("x", "new/"));
    T(symlink("x", "none/x"));
    T(link("file", "file"));
    T(link("none", "x"));
    T(link("dir", "x"));
    T(link("dangling", "x"));
    T(unlink("x"));
    T(linkat(AT_FDCWD, "dangling", AT_FDCWD, "x", AT_SYMLINK_FOLLOW));
    T(linkat(AT_FDCWD, "link", AT_FDCWD, "x", AT_SYMLINK_FOLLOW));
    SHOW("x");
    T(link("file", "x"));
    T(link("file", "none/x"));
    T(link("file", "y/"));
    T(unlink("x"));
    T(mknod("pipe", S_IFIFO | 0644, 0));
    T(mknod("plain", S_IFREG | 0644, 0));
    T(mknod("plain", S_IFREG | 0644, 0));
    T(mknod("directory", S_IFDIR | 0755, 0));
    T(mknod("odd", 0150000, 0));
    T(unlink("pipe"));
    T(unlink("plain"));
    T(readlink("link", text, 100));
    T(readlink("link", text, 2));
    T(readlink("file", text, 100));
    T(readlink("none", text, 100));
    T(readlink("link", text, 0));
    T(unlinkat(AT_FDCWD, "dir", 0x8000));
    T(access("file", R_OK | W_OK));
    T(access("none", F_OK));
    T(access("file", 16));
    T(access("dangling", F_OK));
    T(chdir("file"));
    T(chdir("none"));
    T(chdir("dir"));
    T(chdir(".."));
    T(truncate("dir", 0));
    T(truncate("file", -1));
    T(truncate("none", 0));
}

static long rename2(const char *from, const char *to, unsigned flags)
{
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void renames(void)
{
    puts("== rename");
    put("a", "A");
    put("b", "B");
    mkdir("d1", 0755);
    mkdir("d2", 0755);
    put("d2/x", "x");
    T(rename("a", "a"));
    T(rename("a", "d1"));
    T(rename("d1", "a"));
    T(rename("d1", "d2"));
    T(rename("d2", "d2/sub"));
    T(rename("d2/x", "d2"));
    T(rename("a", "c/"));
    T(rename("a", "none/x"));
    T(rename("none", "a"));
    T(rename("d1/", "d3/"));
    T(rename("d3", "."));
    T(rename(".", "d4"));
    T(rename("d3/..", "d4"));
    T(rename("", "d4"));
    T(rename("a/", "d4"));
    T(rename2("a", "b", RENAME_NOREPLACE));
    T(rename2("a", "z", RENAME_NOREPLACE));
    T(rename2("z", "a", RENAME_NOREPLACE | RENAME_EXCHANGE));
    T(rename2("z", "b", RENAME_EXCHANGE));
    SHOW("z");
    SHOW("b");
    T(rename2("z", "d2", RENAME_EXCHANGE));
    SHOW("d2");
    SHOW("z/x");
    T(rename2("z", "missing", RENAME_EXCHANGE));
    T(rename2("z", "z/x", RENAME_EXCHANGE));
    T(rename2("z", "d3", 64));
    link("b", "b2");
    T(rename("b", "b2"));
    SHOW("b");
    SHOW("b2");
    T(rename("d3", "z"));
    T(rename("z", "d3"));
    SHOW("d3/x");
}

static void descriptors(void)
{
    puts("== descriptors");
    int fds[2], low = open("file", O_RDONLY);
    close(low);
    T(dup(1000));
    T(dup2(1000, 5));
    T(dup2(0, -1));
    T(dup2(0, 1 << 30));
    T(dup2(0, 0));
    T(dup3(0, 0, 0));
    T(dup3(0, low, 1) == low); /* the number depends on what the caller left open */
    T(dup3(0, low, O_CLOEXEC) == low);
    T(fcntl(low, F_GETFD));
    T(fcntl(0, F_DUPFD, -1));
    T(fcntl(0, F_DUPFD, 1 << 30));
    T(fcntl(0, F_DUPFD_CLOEXEC, 100));
    T(fcntl(100, F_GETFD));
    T(syscall(SYS_close_range, 50, 200, 4));
    T(syscall(SYS_close_range, 200, 50, 0));
    T(syscall(SYS_close_range, 50, 200, 0));
    T(fcntl(100, F_GETFD));
    T(close(low));
    T(close(low));
    T(close(-1));
    T(pipe2(fds, 1));
    T(syscall(SYS_pipe2, 8, 0));
    T(pipe2(fds, O_NONBLOCK));
    T(write(fds[1], "abcdef", 6));
    T(ioctl(fds[0], FIONREAD, text));
    printf("%d\n", *(int *)text);
    T(lseek(fds[0], 0, SEEK_CUR));
    T(pread(fds[0], text, 1, 0));
    T(read(fds[1], text, 1));
    T(write(fds[0], text, 1));
    T(fcntl(fds[0], F_GETPIPE_SZ));
    T(fcntl(fds[0], F_SETPIPE_SZ, 5000));
    T(ftruncate(fds[0], 0));
    T(ftruncate(fds[1], 0));
    T(fsync(fds[0]));
    T(fallocate(fds[1], 0, 0, 1));
    int on = 0;
    T(ioctl(fds[0], FIONBIO, &on));
    T(fcntl(fds[0], F_GETFL));
    T(ioctl(fds[0], 0x1234, 0));
    T(read(fds[0], text, 100));
    close(fds[1]);
    T(read(fds[0], text, 100));
    close(fds[0]);
}

static void moving(void)
{
    puts("== read, write, seek");
    int fd = open("data", O_RDWR | O_CREAT | O_TRUNC, 0600);
    T(write(fd, "0123456789", 10));
    T(lseek(fd, 0, SEEK_CUR));
    T(lseek(fd, -11, SEEK_CUR));
    T(lseek(fd, 5, SEEK_END));
    T(lseek(fd, 0, 99));
    T(lseek(fd, LLONG_MAX, SEEK_END));
    T(write(fd, "x", 1));
    T(lseek(fd, 0, SEEK_HOLE));
    T(lseek(fd, 0, SEEK_DATA));
    T(lseek(fd, 100, SEEK_DATA));
    T(lseek(fd, -1, SEEK_DATA));
    T(pread(fd, text, 100, 8));
    T(pread(fd, text, 1, -1));
    T(pwrite(fd, "AB", 2, 4));
    T(read(fd, (void *)8, 1));
    T(write(fd, (void *)8, 1));
    T(read(fd, text, -1));
    T(read(fd, text, 0));
    lseek(fd, 0, SEEK_SET);
    struct iovec parts[3] = {{text, 3}, {text + 10, 0}, {text + 20, 5}};
    T(readv(fd, parts, 3));
    T(readv(fd, parts, -1));
    T(readv(fd, parts, 2000));
    T(writev(fd, parts, 0));
    T(preadv(fd, parts, 3, 2));
    T(pwritev(fd, parts, 3, 12));
    T(ftruncate(fd, 5));
    T(lseek(fd, 0, SEEK_END));
    T(ftruncate(fd, -1));
    T(fallocate(fd, 0, 0, 100));
    T(lseek(fd, 0, SEEK_END));
    T(fallocate(fd, 0, -1, 100));
    T(fallocate(fd, 0, 0, 0));
    T(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1000));
    T(lseek(fd, 0, SEEK_END));
    T(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10));
    T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 2));
    T(pread(fd, text, 6, 0));
    for (int i = 0; i < 6; i++)
        printf("%d ", text[i]);
    puts("");
    int out = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0600);
    off_t offset = 3;
    T(sendfile(out, fd, &offset, 50));
    T((long)offset);
    T(sendfile(out, fd, NULL, 50));
    loff_t in_offset = 0, out_offset = 10;
    T(copy_file_range(fd, &in_offset, out, &out_offset, 20, 0));
    T(in_offset * 1000 + out_offset);
    T(copy_file_range(fd, NULL, out, NULL, 20, 1));
    T(fsync(fd));
    T(fdatasync(fd));
    T(flock(fd, LOCK_EX | LOCK_NB));
    T(flock(fd, LOCK_UN));
    T(flock(fd, 77));
    close(out);
    close(fd);
    fd = open("data", O_RDONLY);
    T(write(fd, "x", 1));
    T(ftruncate(fd, 0));
    T(fallocate(fd, 0, 0, 1));
    close(fd);
    fd = open("dir", O_RDONLY);
    T(read(fd, text, 1));
    T(write(fd, text, 1));
    T(lseek(fd, 0, SEEK_SET));
    T(ftruncate(fd, 0));
    T(fsync(fd));
    T(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED);
    T(fchdir(fd));
    T(fchdir(1000));
    close(fd);
    T(chdir(".."));
}

static void statuses(void)
{
    puts("== stat");
    struct stat st;
    umask(027);
    put("masked", "12345");
    mkdir("maskeddir", 0777);
    umask(022);
    T(stat("masked", &st));
    printf("%o %d %d %lld\n", st.st_mode, (int)st.st_nlink, st.st_uid == getuid(),
           (long long)st.st_size);
    T(stat("maskeddir", &st));
    printf("%o\n", st.st_mode);
    T(chmod("masked", 07644));
    T(stat("masked", &st));
    printf("%o\n", st.st_mode);
    /* On the real kernel whoever runs the tests may not be root. */
    CHECK(geteuid() != 0 || (chown("masked", 5, 6) == 0 && stat("masked", &st) == 0 &&
                             st.st_mode == (S_IFREG | 03644) && st.st_uid == 5 && st.st_gid == 6));
    T(chmod("none", 0));
    T(lstat("dangling", &st));
    printf("%o %lld\n", st.st_mode & S_IFMT, (long long)st.st_size);
    T(stat("dangling", &st));
    T(stat("", &st));
    T(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH));
    T(fstatat(AT_FDCWD, "file", &st, 0x10000));
    T(fstatat(1000, "file", &st, 0));
    T(fstatat(1000, "/", &st, 0));
    T(fstat(1000, &st));
    T(syscall(SYS_stat, "file", 8));
    int fd = open("file", O_RDONLY);
    T(fstatat(fd, "x", &st, 0));
    T(fstatat(fd, "", &st, AT_EMPTY_PATH));
    close(fd);
    struct timespec times[2] = {{1000, 999999999}, {-5, 3}};
    T(utimensat(AT_FDCWD, "file", times, 0));
    T(stat("file", &st));
    printf("%lld.%09ld %lld.%09ld\n", (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
           (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = 7;
    T(utimensat(AT_FDCWD, "file", times, 0));
    T(stat("file", &st));
    printf("%lld.%09ld %lld.%09ld\n", (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
           (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    times[1].tv_nsec = 1000000000;
    T(utimensat(AT_FDCWD, "file", times, 0));
    T(utimensat(AT_FDCWD, "none", NULL, 0));
    struct statfs fs;
    T(statfs("none", &fs));
    T(fstatfs(1000, &fs));
}

/* show_link NAME: the end of what it leads to. */
static void show_link(const char *name)
{
    ssize_t n = readlink(name, text, sizeof(text) - 1);
    text[n < 0 ? 0 : n] = 0;
    printf("%s\n", strrchr(text, '/') ? strrchr(text, '/') : text);
}

/* Prints the last name of each mapping whose file is called so. */
static void show_maps(const char *part)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while (maps && fgets(text, sizeof(text), maps)) {
        if (strstr(text, part))
            printf("mapped %s", strrchr(text, '/'));
    }
    if (maps)
        fclose(maps);
}

static void unlinked(void)
{
    puts("== removed while open");
    put("gone", "still here");
    int fd = open("gone", O_RDWR);
    struct stat st;
    T(unlink("gone"));
    T(fstat(fd, &st));
    T((long)st.st_nlink);
    T(read(fd, text, 100));
    T(pwrite(fd, "S", 1, 0));
    char name[64];
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    int again = open(name, O_RDONLY);
    CHECK(again >= 0);
    T(read(again, text, 5));
    printf("%.5s\n", text);
    show_link(name);
    close(again);
    close(fd);
    mkdir("here", 0755);
    T(chdir("here"));
    T(rmdir("../here"));
    T(open("x", O_CREAT | O_WRONLY, 0644));
    T(mkdir("x", 0755));
    T(getcwd(text, sizeof(text)) == NULL);
    DIR *dir = opendir(".");
    T(dir != NULL && readdir(dir) == NULL);
    if (dir)
        closedir(dir);
    T(chdir(".."));
}

/* What was open keeps its name when another file takes its place, as a package manager does with
 * programs that run. */
static void replaced(void)
{
    puts("== replaced while open");
    char name[64], other[64];
    mkdir("staged", 0755);
    put("program", "old");
    put("staged/program.with-a-longer-name", "new");
    int fd = open("program", O_RDONLY), new = open("staged/program.with-a-longer-name", O_RDONLY);
    void *old_page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(fd >= 0 && new >= 0 && old_page != MAP_FAILED);
    show_maps("/program");
    T(rename("staged/program.with-a-longer-name", "program"));
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    snprintf(other, sizeof(other), "/proc/self/fd/%d", new);
    show_link(name);
    show_link(other);
    show_maps("/program");
    SHOW("program");
    T(rename("program", "staged/p"));
    show_link(name);
    show_link(other);
    T(rename("staged", "moved"));
    show_link(name);
    show_link(other);
    munmap(old_page, 4096);
    close(fd);
    close(new);

    mkdir("place", 0755);
    mkdir("taker", 0755);
    T(chdir("place"));
    T(rename("../taker", "../place"));
    show_link("/proc/self/cwd");
    T(getcwd(text, sizeof(text)) == NULL);
    T(open("x", O_CREAT | O_WRONLY, 0644));
    T(chdir("../place"));
    T(chdir(".."));
    T(rmdir("place"));
}

static void listing(void)
{
    puts("== directories");
    mkdir("many", 0755);
    char name[64];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "many/%d-%s", i, "a name of some length");
        put(name, "");
    }
    DIR *dir = opendir("many");
    int count = 0, removed = 0;
    struct dirent *entry;
    while ((entry = readdir(dir))) {
        count++;
        if (entry->d_name[0] != '.' && count % 2) {
            snprintf(name, sizeof(name), "many/%.50s", entry->d_name);
            removed += unlink(name) == 0;
        }
        CHECK(entry->d_type == (entry->d_name[0] == '.' ? DT_DIR : DT_REG));
    }
    printf("%d seen, %d removed\n", count, removed);
    rewinddir(dir);
    count = 0;
    while (readdir(dir))
        count++;
    printf("%d left\n", count);
    closedir(dir);
    int fd = open("many", O_RDONLY);
    T(syscall(SYS_getdents64, fd, text, 10));
    T(syscall(SYS_getdents64, fd, 8, 1000));
    close(fd);
    fd = open("file", O_RDONLY);
    T(syscall(SYS_getdents64, fd, text, 1000));
    close(fd);
}

int main(void)
{
    char folder[] = "filecalls-XXXXXX";
    CHECK(mkdtemp(folder) && chdir(folder) == 0);
    opening();
    names();
    renames();
    descriptors();
    moving();
    statuses();
    unlinked();
    replaced();
    listing();
    return check_done();
}
