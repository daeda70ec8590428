/* What programs rely on in a folder (folder.sh runs it on the real kernel and in a folder of the
 * host): names of one file going in any order, lock files, replacing and removing what is open,
 * directories that move while somebody works in them, mappings of what is written meanwhile. Works
 * in the current directory; the argument says how far down. With "number", and "twice" and a
 * program: what is executed there. */
#include "check.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

static void put(const char *name, const char *text)
{
    int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
    CHECK_OK(fd);
    CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
    CHECK_OK(close(fd));
}

static bool holds(int fd, const char *text)
{
    char buffer[100];
    ssize_t n = pread(fd, buffer, sizeof(buffer), 0);
    return n == (ssize_t)strlen(text) && memcmp(buffer, text, (size_t)n) == 0;
}

static bool file_holds(const char *name, const char *text)
{
    int fd = open(name, O_RDONLY);
    bool right = fd >= 0 && holds(fd, text);
    if (fd >= 0)
        close(fd);
    return right;
}

static void names_in_any_order(void)
{
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const char *const names[3] = {"a", "sub/b", "c"};
    struct stat st;
    CHECK_OK(mkdir("sub", 0755));
    for (int i = 0; i < 6; i++) {
        put("a", "text");
        CHECK_OK(link("a", "sub/b"));
        CHECK_OK(link("sub/b", "c"));
        CHECK(stat("a", &st) == 0 && st.st_nlink == 3);
        for (int k = 0; k < 3; k++) {
            CHECK_OK(unlink(names[orders[i][k]]));
            CHECK_ERRNO(open(names[orders[i][k]], O_RDONLY), ENOENT);
            for (int rest = k + 1; rest < 3; rest++) {
                const char *name = names[orders[i][rest]];
                CHECK(file_holds(name, "text"));
                CHECK(stat(name, &st) == 0 && st.st_nlink == (unsigned)(2 - k));
                CHECK_OK(chmod(name, 0600));
            }
        }
    }
    CHECK_OK(rmdir("sub"));
}

/* As git writes an object: it may not be written again. */
static void object(void)
{
    int fd = open("tmp_obj", O_CREAT | O_EXCL | O_WRONLY, 0444);
    CHECK_OK(fd);
    CHECK_EQ(write(fd, "blob", 4), 4);
    CHECK_OK(close(fd));
    CHECK_OK(link("tmp_obj", "object"));
    CHECK_OK(unlink("tmp_obj"));
    CHECK(file_holds("object", "blob"));
    struct stat st;
    CHECK(stat("object", &st) == 0 && (st.st_mode & 0222) == 0);
    CHECK_OK(rename("object", "moved"));
    CHECK(file_holds("moved", "blob"));
    CHECK_OK(unlink("moved"));
}

static void lock_file(void)
{
    struct stat st;
    put("config", "old");
    int old = open("config", O_RDONLY);
    CHECK_OK(old);
    put("config.lock", "new text");
    CHECK_ERRNO(open("config.lock", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
    CHECK_OK(rename("config.lock", "config"));
    CHECK(file_holds("config", "new text"));
    CHECK(holds(old, "old"));
    CHECK(fstat(old, &st) == 0 && st.st_nlink == 0);
    CHECK_OK(close(old));
    CHECK_OK(unlink("config"));
    /* Maildir. */
    CHECK_OK(mkdir("tmp", 0755));
    CHECK_OK(mkdir("new", 0755));
    put("tmp/1", "mail");
    CHECK_OK(link("tmp/1", "new/1"));
    CHECK_OK(unlink("tmp/1"));
    CHECK(file_holds("new/1", "mail"));
    CHECK_OK(rename("new/1", "tmp/2"));
    CHECK(file_holds("tmp/2", "mail"));
    CHECK_OK(unlink("tmp/2"));
    CHECK_OK(rmdir("tmp"));
    CHECK_OK(rmdir("new"));
}

/* What is done to a file without a name does not reach the one that has its name now. */
static void without_name(void)
{
    struct stat st, other;
    put("f", "first");
    int fd = open("f", O_RDWR);
    CHECK_OK(fd);
    CHECK_OK(unlink("f"));
    put("f", "second");
    CHECK_OK(fchmod(fd, 0400));
    const struct timespec times[2] = {{1000, 0}, {2000, 0}};
    CHECK_OK(futimens(fd, times));
    CHECK_OK(ftruncate(fd, 2));
    CHECK(holds(fd, "fi"));
    CHECK_EQ(pwrite(fd, "xyz", 3, 0), 3);
    CHECK(holds(fd, "xyz"));
    CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && st.st_size == 3);
    CHECK(stat("f", &other) == 0 && other.st_nlink == 1 && other.st_size == 6);
    CHECK(other.st_mode & 0200);
    CHECK(other.st_mtime != 2000);
    CHECK(file_holds("f", "second"));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
    CHECK_ERRNO(stat("f", &st), ENOENT);
}

static void moved_directory(void)
{
    CHECK_OK(mkdir("d", 0755));
    put("d/f", "inside");
    int d = open("d", O_RDONLY | O_DIRECTORY);
    CHECK_OK(d);
    CHECK_OK(rename("d", "e"));
    CHECK_OK(mkdir("d", 0755));
    put("d/f", "other");
    int fd = openat(d, "f", O_RDONLY);
    CHECK(fd >= 0 && holds(fd, "inside"));
    CHECK_OK(close(fd));
    CHECK_OK(mkdirat(d, "made", 0755));
    struct stat st;
    CHECK_OK(stat("e/made", &st));
    CHECK_ERRNO(stat("d/made", &st), ENOENT);
    CHECK_OK(unlinkat(d, "made", AT_REMOVEDIR));
    CHECK_OK(renameat2(AT_FDCWD, "d", AT_FDCWD, "e", 2 /* RENAME_EXCHANGE */));
    CHECK(file_holds("d/f", "inside"));
    CHECK(file_holds("e/f", "other"));
    CHECK_OK(unlinkat(d, "f", 0));
    CHECK_ERRNO(stat("d/f", &st), ENOENT);
    CHECK_OK(unlink("e/f"));
    CHECK_OK(rmdir("d"));
    CHECK_OK(rmdir("e"));
    CHECK_ERRNO(openat(d, "f", O_CREAT | O_WRONLY, 0644), ENOENT);
    CHECK_OK(close(d));
}

static atomic_bool done;
static atomic_uint failures, rounds;

static void *open_always(void *arg)
{
    (void)arg;
    while (!atomic_load(&done)) {
        int fd = open("target", O_RDONLY);
        if (fd < 0 || !(holds(fd, "one text") || holds(fd, "another")))
            atomic_fetch_add(&failures, 1);
        if (fd >= 0)
            close(fd);
        atomic_fetch_add(&rounds, 1);
    }
    return NULL;
}

/* A file that is replaced is there at every moment. */
static void replaced(void)
{
    pthread_t threads[2];
    put("target", "one text");
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, open_always, NULL), 0);
    for (int i = 0; i < 300 || atomic_load(&rounds) < 300; i++) {
        int fd = open("next", O_CREAT | O_EXCL | O_WRONLY, 0644);
        const char *text = i & 1 ? "one text" : "another";
        if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) || rename("next", "target"))
            atomic_fetch_add(&failures, 1);
    }
    atomic_store(&done, true);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(atomic_load(&failures), 0);
    CHECK_OK(unlink("target"));
}

static void *move_always(void *arg)
{
    (void)arg;
    for (unsigned i = 0; !atomic_load(&done); i++)
        rename(i & 1 ? "there" : "here", i & 1 ? "here" : "there");
    return NULL;
}

/* Work in a directory goes on while its name changes. */
static void moving(void)
{
    pthread_t thread;
    CHECK_OK(mkdir("here", 0755));
    int d = open("here", O_RDONLY | O_DIRECTORY);
    CHECK_OK(d);
    atomic_store(&done, false);
    CHECK_EQ(pthread_create(&thread, NULL, move_always, NULL), 0);
    for (int i = 0; i < 300; i++) {
        int fd = openat(d, "f", O_CREAT | O_EXCL | O_RDWR, 0644);
        if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) || linkat(d, "f", d, "g", 0) ||
            unlinkat(d, "f", 0) || unlinkat(d, "g", 0))
            atomic_fetch_add(&failures, 1);
    }
    atomic_store(&done, true);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(atomic_load(&failures), 0);
    CHECK_OK(close(d));
    CHECK(rmdir("here") == 0 || rmdir("there") == 0);
}

/* Far down, and all of it given back at once at the end. */
static void deep(int depth)
{
    static const char name[] = "directory-with-name";
    int made = 0;
    while (made < depth && mkdir(name, 0755) == 0 && chdir(name) == 0)
        made++;
    CHECK_EQ(made, depth);
    while (made > 0 && chdir("..") == 0 && rmdir(name) == 0)
        made--;
    CHECK_EQ(made, 0);
}

#define SHOWN (3 * 65536)

/* What a private mapping shows where it was not touched is what the file has now, whoever wrote it
 * and however. */
static void shown_privately(void)
{
    int fd = open("shown", O_CREAT | O_RDWR, 0644);
    CHECK_OK(ftruncate(fd, SHOWN));
    const char *seen = mmap(NULL, SHOWN, PROT_READ, MAP_PRIVATE, fd, 0);
    char *shared = mmap(NULL, SHOWN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(seen != MAP_FAILED && shared != MAP_FAILED);
    CHECK_EQ(pwrite(fd, "written", 7, 0), 7);
    CHECK(memcmp(seen, "written", 8) == 0);
    memcpy(shared + 65536, "stored", 6);
    CHECK(memcmp(seen + 65536, "stored", 7) == 0);
    CHECK_EQ(pwrite(fd, "far", 3, SHOWN - 3), 3);
    CHECK_EQ(fsync(fd), 0);
    CHECK(memcmp(seen + SHOWN - 3, "far", 3) == 0);
    CHECK_OK(munmap((void *)(uintptr_t)seen, SHOWN));
    CHECK_OK(munmap(shared, SHOWN));
    CHECK_OK(close(fd));
    CHECK_OK(unlink("shown"));
}

static _Atomic int64_t counted;
static atomic_bool counted_enough;

/* Each number into all of the file. */
static void *count_always(void *arg)
{
    int fd = *(int *)arg;
    static int64_t numbers[SHOWN / 8];
    for (int64_t n = 1; !counted_enough; n++) {
        for (size_t i = 0; i < SHOWN / 8; i++)
            numbers[i] = n;
        if (pwrite(fd, numbers, SHOWN, 0) != SHOWN)
            break;
        counted = n;
    }
    return NULL;
}

/* What is touched for the first time is not older than that. */
static void shown_while_written(void)
{
    pthread_t thread;
    int fd = open("counted", O_CREAT | O_RDWR, 0644), old = 0;
    CHECK_OK(ftruncate(fd, SHOWN));
    CHECK_EQ(pthread_create(&thread, NULL, count_always, &fd), 0);
    for (int i = 0; i < 200; i++) {
        const int64_t *seen = mmap(NULL, SHOWN, PROT_READ, MAP_PRIVATE, fd, 0);
        for (int block = 0; seen != MAP_FAILED && block < 3; block++) {
            int64_t before = counted;
            old += seen[block * 8192] < before;
        }
        if (seen == MAP_FAILED || munmap((void *)(uintptr_t)seen, SHOWN) < 0)
            old++;
    }
    counted_enough = true;
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(old, 0);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("counted"));
}

/* A number that stands in the code, where the host may put another one. */
static int number(void)
{
    unsigned number;
    __asm__ volatile("mov $0x41424344, %0" : "=r"(number));
    return (int)(number & 0xff);
}

/* Runs the program for its number, twice; in between the host tells that it has changed it. */
static int twice(char *program)
{
    for (int i = 0; i < 2; i++) {
        char byte;
        int status = -1;
        pid_t child = fork();
        if (child == 0) {
            execl(program, program, "number", NULL);
            _exit(0);
        }
        waitpid(child, &status, 0);
        printf("%x\n", WEXITSTATUS(status));
        fflush(stdout);
        if (i == 0 && read(0, &byte, 1) != 1)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "number") == 0)
        return number();
    if (argc == 3)
        return twice(argv[2]);
    int depth = argc > 1 ? atoi(argv[1]) : 200;
    names_in_any_order();
    object();
    lock_file();
    without_name();
    moved_directory();
    replaced();
    moving();
    shown_privately();
    shown_while_written();
    deep(depth);
    return check_done();
}
