/* Reads and writes of any size are one operation: appends do not interleave, a shared position does
 * not tear, vectors move all they have; long ones end when the process is killed. */
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

/* Bad buffers and counts are the point here. */
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wstringop-overread"

#ifndef RWF_APPEND
#define RWF_APPEND 16
#endif

#define KIB       1024u
#define MIB       (1024u * KIB)
#define GIB       ((size_t)1024 * MIB)
#define COUNT_MAX 0x7ffff000 /* of one call */
#define WRITERS   4
#define ROUNDS    6
#define RECORD    (300 * KIB + 7)

static int make(const char *name, int flags)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | flags, 0600);
    CHECK(fd >= 0);
    return fd;
}

static void *memory(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

/* Whether the file is whole records, each of one byte, all there. */
static bool is_whole(int fd)
{
    static uint8_t record[RECORD];
    int seen[WRITERS + 1] = {0};
    for (int i = 0; i < WRITERS * ROUNDS; i++) {
        if (pread(fd, record, RECORD, (off_t)i * RECORD) != RECORD || record[0] > WRITERS ||
            memcmp(record, record + 1, RECORD - 1) != 0)
            return false;
        seen[record[0]]++;
    }
    for (int i = 1; i <= WRITERS; i++) {
        if (seen[i] != ROUNDS)
            return false;
    }
    return lseek(fd, 0, SEEK_END) == (off_t)RECORD * WRITERS * ROUNDS;
}

/* Processes write records at once, all through `fd` or each through a description of its own. */
static void write_records(const char *name, int fd, int flags)
{
    pid_t children[WRITERS];
    int go[2], status;
    CHECK_OK(pipe(go));
    fflush(stdout);
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i])
            continue;
        static uint8_t record[RECORD];
        char byte;
        int own = name ? open(name, O_WRONLY | flags) : fd;
        memset(record, i + 1, sizeof(record));
        close(go[1]);
        if (read(go[0], &byte, 1) != 0)
            _exit(1);
        for (int k = 0; k < ROUNDS; k++) {
            struct iovec parts[3] = {{record, 5}, {record + 5, 200 * KIB}, {record, 0}};
            parts[2] = (struct iovec){record, RECORD - 5 - 200 * KIB};
            if ((k & 1 ? writev(own, parts, 3) : write(own, record, RECORD)) != RECORD)
                _exit(2);
        }
        _exit(0);
    }
    close(go[0]);
    close(go[1]);
    for (int i = 0; i < WRITERS; i++) {
        CHECK_EQ(waitpid(children[i], &status, 0), children[i]);
        CHECK_EQ(status, 0);
    }
}

static void together(void)
{
    int fd = make("append", 0);
    write_records("append", -1, O_APPEND);
    CHECK(is_whole(fd));
    close(fd);
    fd = make("shared", 0);
    write_records(NULL, fd, 0);
    CHECK(is_whole(fd));
    close(fd);
    fd = make("both", O_APPEND);
    write_records(NULL, fd, 0);
    CHECK(is_whole(fd));
    close(fd);
}

#define NUMBERS (4 * MIB / 4)

static int numbers_fd;

/* Reads through the shared position; each read is a run of the file. Gives how many numbers. */
static void *read_runs(void *torn)
{
    uint32_t *run = malloc(500 * KIB);
    intptr_t count = 0;
    ssize_t got;
    while ((got = read(numbers_fd, run, 500 * KIB)) > 0) {
        for (ssize_t i = 0; i < got / 4; i++) {
            if (run[i] != run[0] + (uint32_t)i)
                atomic_store((atomic_bool *)torn, true);
        }
        count += got / 4;
    }
    free(run);
    return (void *)count;
}

static void shared_position(void)
{
    uint32_t *numbers = memory(NUMBERS * 4);
    for (uint32_t i = 0; i < NUMBERS; i++)
        numbers[i] = i;
    numbers_fd = make("numbers", 0);
    CHECK_EQ(write(numbers_fd, numbers, NUMBERS * 4), NUMBERS * 4);
    CHECK_EQ(lseek(numbers_fd, 0, SEEK_SET), 0);
    atomic_bool torn = false;
    pthread_t threads[3];
    intptr_t total = 0;
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, read_runs, &torn), 0);
    for (int i = 0; i < 3; i++) {
        void *count;
        pthread_join(threads[i], &count);
        total += (intptr_t)count;
    }
    CHECK(!torn);
    CHECK_EQ(total, NUMBERS);
    close(numbers_fd);
    munmap(numbers, NUMBERS * 4);
}

static void large(void)
{
    int fd = make("large", 0), null = open("/dev/null", O_RDWR);
    uint8_t *from = memory(8 * MIB), *to = memory(8 * MIB);
    for (size_t i = 0; i < 8 * MIB; i++)
        from[i] = (uint8_t)(i * 31 >> 7);
    struct iovec out[3] = {{from, 3 * MIB + 1}, {from + 3 * MIB + 1, 1}, {NULL, 0}};
    out[2] = (struct iovec){from + 3 * MIB + 2, 5 * MIB - 2};
    struct iovec in[2] = {{to, 5 * MIB}, {to + 5 * MIB, 3 * MIB}};
    CHECK_EQ(writev(fd, out, 3), 8 * MIB);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 8 * MIB);
    CHECK_EQ(preadv(fd, in, 2, 0), 8 * MIB);
    CHECK(memcmp(from, to, 8 * MIB) == 0);
    CHECK_EQ(pwritev(fd, out, 3, 4 * MIB), 8 * MIB);
    CHECK_EQ(lseek(fd, 4 * MIB, SEEK_SET), 4 * MIB);
    memset(to, 0, 8 * MIB);
    CHECK_EQ(readv(fd, in, 2), 8 * MIB);
    CHECK(memcmp(from, to, 8 * MIB) == 0);
    CHECK_EQ(readv(fd, in, 2), 0);
    /* Nothing of it is looked at. */
    CHECK_EQ(write(null, (void *)8, 10), 10);
    CHECK_EQ(write(null, from, (size_t)3 << 30), COUNT_MAX);
    struct iovec more[3] = {{from, 1u << 30}, {from, 1u << 30}, {from, 1u << 30}};
    CHECK_EQ(writev(null, more, 3), COUNT_MAX);
    CHECK_EQ(readv(null, more, 3), 0);
    close(null);
    close(fd);
    munmap(from, 8 * MIB);
    munmap(to, 8 * MIB);
}

/* Where the guest's memory ends the transfer ends, and the position is there. */
static void half_bad(void)
{
    int fd = make("half", 0);
    uint8_t *at = memory(400 * KIB);
    memset(at, 3, 400 * KIB);
    CHECK_EQ(write(fd, at, 400 * KIB), 400 * KIB);
    CHECK_OK(munmap(at + 200 * KIB, 200 * KIB));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(write(fd, at, 400 * KIB), 200 * KIB);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 200 * KIB);
    CHECK_ERRNO(write(fd, at + 200 * KIB, 10), EFAULT);
    CHECK_EQ(lseek(fd, 4096, SEEK_SET), 4096);
    CHECK_EQ(read(fd, at, 300 * KIB), 200 * KIB);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4096 + 200 * KIB);
    CHECK_ERRNO(read(fd, at + 200 * KIB, 10), EFAULT);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4096 + 200 * KIB);
    struct iovec parts[2] = {{at, 100 * KIB}, {at + 150 * KIB, 100 * KIB}};
    CHECK_EQ(pwritev(fd, parts, 2, 0), 150 * KIB);
    close(fd);
    munmap(at, 200 * KIB);
}

static void at_the_limit(void)
{
    int fd = make("limit", 0);
    uint8_t *at = memory(600 * KIB);
    struct rlimit before, limit;
    CHECK_OK(getrlimit(RLIMIT_FSIZE, &before));
    limit = (struct rlimit){256 * KIB, before.rlim_max};
    CHECK_OK(setrlimit(RLIMIT_FSIZE, &limit));
    CHECK_EQ(write(fd, at, 600 * KIB), 256 * KIB); /* and no signal */
    CHECK_EQ(write(fd, at, 0), 0);
    signal(SIGXFSZ, SIG_IGN);
    CHECK_ERRNO(write(fd, at, 1), EFBIG);
    CHECK_EQ(pwrite(fd, at, 600 * KIB, 1), 256 * KIB - 1);
    signal(SIGXFSZ, SIG_DFL);
    CHECK_OK(setrlimit(RLIMIT_FSIZE, &before));
    close(fd);
    munmap(at, 600 * KIB);
}

static void appended(void)
{
    int fd = make("rwf", 0);
    char text[16] = {0};
    struct iovec part = {"ab", 2};
    CHECK_EQ(write(fd, "0123", 4), 4);
    CHECK_EQ(lseek(fd, 1, SEEK_SET), 1);
    CHECK_EQ(syscall(SYS_pwritev2, fd, &part, 1, 0l, 0l, RWF_APPEND), 2);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 1);
    CHECK_EQ(syscall(SYS_pwritev2, fd, &part, 1, -1l, -1l, RWF_APPEND), 2);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 8);
    CHECK_EQ(pread(fd, text, 16, 0), 8);
    CHECK(strcmp(text, "0123abab") == 0);
    CHECK_ERRNO(syscall(SYS_pwritev2, fd, &part, 1, 0l, 0l, 0x4000), EOPNOTSUPP);
    close(fd);
    fd = open("rwf", O_RDWR | O_APPEND);
    CHECK_EQ(pwrite(fd, "cd", 2, 0), 2);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_END), 10);
    close(fd);
}

/* The memory is the file's own. */
static void from_itself(void)
{
    int fd = make("itself", 0);
    CHECK_OK(ftruncate(fd, 2 * MIB));
    uint8_t *at = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(at != MAP_FAILED);
    memset(at, 5, MIB);
    CHECK_EQ(pwrite(fd, at, MIB, MIB), MIB);
    CHECK(at[MIB] == 5 && at[2 * MIB - 1] == 5);
    memset(at, 6, MIB);
    CHECK_EQ(pread(fd, at + MIB, MIB, 0), MIB);
    CHECK(at[MIB] == 6 && at[2 * MIB - 1] == 6);
    munmap(at, 2 * MIB);
    close(fd);
}

static bool reads_as(int fd, off_t at, int byte, size_t n)
{
    uint8_t bytes[256];
    if (pread(fd, bytes, n, at) != (ssize_t)n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != byte)
            return false;
    }
    return true;
}

static void holes(void)
{
    const off_t size = (off_t)1 << 26, middle = size / 2 + 12345;
    int from = make("sparse", 0), to = make("copied", 0);
    CHECK_EQ(pwrite(from, "AAAA", 4, 0), 4);
    CHECK_EQ(pwrite(from, "BBBB", 4, middle), 4);
    CHECK_OK(ftruncate(from, size));
    CHECK_EQ(pwrite(to, "XXXXXXXX", 8, 0), 8);
    CHECK_EQ(pwrite(to, "YYYY", 4, size / 4), 4);
    CHECK_EQ(pwrite(to, "ZZZZ", 4, size), 4);
    off_t done = 0;
    while (done < size) {
        ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)(size - done), 0);
        if (n <= 0)
            break;
        done += n;
    }
    CHECK_EQ(done, size);
    CHECK_EQ(lseek(from, 0, SEEK_CUR), size);
    CHECK_EQ(lseek(to, 0, SEEK_CUR), size);
    CHECK(reads_as(to, 0, 'A', 4) && reads_as(to, 4, 0, 200));
    CHECK(reads_as(to, size / 4 - 10, 0, 100) && reads_as(to, middle - 100, 0, 100));
    CHECK(reads_as(to, middle, 'B', 4) && reads_as(to, middle + 4, 0, 100));
    CHECK(reads_as(to, size - 10, 0, 10) && reads_as(to, size, 'Z', 4));
    CHECK_OK(fallocate(from, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, size));
    CHECK(reads_as(from, 0, 0, 4) && reads_as(from, middle, 0, 4));
    CHECK_OK(ftruncate(to, 0));
    CHECK_EQ(lseek(to, 0, SEEK_SET), 0);
    CHECK_EQ(lseek(from, size - 5000000, SEEK_SET), size - 5000000);
    CHECK_EQ(copy_file_range(from, NULL, to, NULL, 10000000, 0), 5000000);
    CHECK_EQ(lseek(to, 0, SEEK_END), 5000000);
    close(from);
    close(to);
    unlink("sparse");
    unlink("copied");
}

static void times(void)
{
    struct timeval odd[2] = {{1, 0}, {1, INT64_MAX}};
    close(make("times", 0));
    CHECK_ERRNO(syscall(SYS_utimes, "times", odd), EINVAL);
    odd[1] = (struct timeval){1, INT64_MIN};
    CHECK_ERRNO(syscall(SYS_futimesat, AT_FDCWD, "times", odd), EINVAL);
    odd[1] = (struct timeval){7, 999999};
    struct stat st;
    CHECK_OK(syscall(SYS_utimes, "times", odd));
    CHECK_OK(stat("times", &st));
    CHECK(st.st_mtim.tv_sec == 7 && st.st_mtim.tv_nsec == 999999000);
}

/* A file made with O_TMPFILE gets a name once, and never with O_EXCL. */
static void nameless(void)
{
    char name[40];
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    CHECK_OK(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    CHECK_OK(unlink("named"));
    CHECK_ERRNO(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), ENOENT);
    close(fd);
    CHECK_EQ(open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600), fd);
    CHECK_ERRNO(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), ENOENT);
    close(fd);
}

/* Counts no check: some ask until something holds. */
static uint64_t blocks_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) ? UINT64_MAX : (uint64_t)st.st_blocks;
}

/* Allocates when told to and says how far it came. */
static void allocate(int fd, atomic_int *state, int64_t *slice)
{
    int64_t start = check_now();
    if (fallocate(fd, 0, 64 * KIB, 512 * MIB) != 0)
        _exit(1);
    *slice = check_now() - start;
    if (ftruncate(fd, 128 * KIB) != 0)
        _exit(1);
    atomic_store(state, 1);
    fallocate(fd, 0, 64 * KIB, 512 * MIB);
    atomic_store(state, 2);
    for (;;)
        pause();
}

/* An allocation that a kill ends gives back what it took, and nothing else. */
static void half_allocated(void)
{
    static uint8_t bytes[64 * KIB];
    int fd = (int)syscall(SYS_memfd_create, "allocated", 0);
    struct shared {
        atomic_int state;
        int64_t slice;
    } *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(bytes, 'k', sizeof(bytes));
    CHECK_EQ(pwrite(fd, bytes, sizeof(bytes), 64 * KIB), sizeof(bytes));
    uint64_t before = blocks_of(fd), whole = 512 * MIB / 512;
    int64_t until = check_now() + CHECK_PATIENCE * INT64_C(1000000000);
    fflush(stdout);
    do {
        if (ftruncate(fd, 128 * KIB) != 0)
            break;
        atomic_store(&shared->state, 0);
        pid_t child = fork();
        if (child == 0)
            allocate(fd, &shared->state, &shared->slice);
        while (atomic_load(&shared->state) == 0 && waitpid(child, NULL, WNOHANG) == 0)
            sched_yield();
        struct timespec half = {shared->slice / 2000000000, shared->slice / 2 % 1000000000};
        nanosleep(&half, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        /* All of it there: the kill came behind the call's end. */
    } while ((atomic_load(&shared->state) != 1 || blocks_of(fd) >= whole) && check_now() < until);
    CHECK_EQ(atomic_load(&shared->state), 1);
    CHECK_EQ(blocks_of(fd), before);
    CHECK_EQ(lseek(fd, 0, SEEK_END), 128 * KIB);
    CHECK(reads_as(fd, 64 * KIB, 'k', 256) && reads_as(fd, 128 * KIB - 256, 'k', 256));
    munmap(shared, 4096);
    close(fd);
}

#define PARTS 1024

static int source, sink;
static uint8_t *target;

/* Each moves n bytes with one call. */
static ssize_t by_sendfile(size_t n)
{
    return sendfile(sink, source, NULL, n);
}

static ssize_t by_vector(size_t n)
{
    struct iovec parts[PARTS];
    for (int i = 0; i < PARTS; i++)
        parts[i] = (struct iovec){target, n / PARTS};
    return readv(source, parts, PARTS);
}

static ssize_t by_neighbour(size_t n)
{
    struct iovec parts[PARTS], others[PARTS];
    for (int i = 0; i < PARTS; i++) {
        parts[i] = (struct iovec){target, n / PARTS};
        others[i] = (struct iovec){target + 2 * MIB, n / PARTS};
    }
    return process_vm_readv(getpid(), parts, PARTS, others, PARTS, 0);
}

/* Memory that costs little to bring in, however much it is: nothing was ever written there. */
static void *untouched(size_t n, int flags)
{
    return mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
}

static ssize_t by_mapping(size_t n)
{
    return munmap(untouched(n, MAP_POPULATE), n);
}

static ssize_t by_locking(size_t n)
{
    void *at = untouched(n, 0);
    mlock(at, n);
    return munmap(at, n);
}

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

static ssize_t by_advice(size_t n)
{
    void *at = untouched(n, 0);
    madvise(at, n, MADV_POPULATE_READ);
    return munmap(at, n);
}

/* The processor's time of this process, in ns. */
static int64_t used(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* A process that is killed in a call that takes long dies long before it would be done: the first
 * 64 MiB say how long. From the kill on it is the processor's time that counts, for on a busy
 * machine everything waits; before, the child had no more of it than went by. */
static void killed(ssize_t (*move)(size_t), size_t whole)
{
    int ready[2], status = -1;
    int64_t slice = 0, start = check_now();
    struct rusage usage;
    CHECK_OK(pipe(ready));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int64_t from = used();
        move(64 * MIB);
        slice = used() - from;
        if (write(ready[1], &slice, 8) != 8)
            _exit(1);
        for (;;)
            move(whole);
    }
    CHECK_EQ(read(ready[0], &slice, 8), 8);
    struct timespec moment = {slice / 1000000000, slice % 1000000000};
    nanosleep(&moment, NULL);
    int64_t before = check_now() - start;
    CHECK_OK(kill(child, SIGKILL));
    CHECK_EQ(wait4(child, &status, 0, &usage), child);
    CHECK_EQ(status, SIGKILL);
    int64_t all = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000000) +
                  (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * INT64_C(1000);
    CHECK(all - before < 16 * slice + 500000000);
    close(ready[0]);
    close(ready[1]);
}

int main(void)
{
    char folder[] = "fileio-XXXXXX";
    CHECK(mkdtemp(folder) && chdir(folder) == 0);
    together();
    shared_position();
    large();
    half_bad();
    at_the_limit();
    appended();
    from_itself();
    holes();
    times();
    nameless();
    half_allocated();
    source = open("/dev/urandom", O_RDONLY);
    sink = open("/dev/null", O_WRONLY);
    target = memory(4 * MIB);
    memset(target, 1, 4 * MIB);
    killed(by_sendfile, 2 * GIB);
    killed(by_vector, 2 * GIB);
    killed(by_neighbour, 2 * GIB);
    killed(by_mapping, 60 * GIB);
    killed(by_locking, 60 * GIB);
    killed(by_advice, 60 * GIB);
    return check_done();
}
