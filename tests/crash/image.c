/*
 * Writes to an image until it is killed, and looks afterwards at what is there.
 *
 *   crash_image write IMAGE LOG SEED   goes on for ever; each line in LOG is something promised
 *   crash_image verify IMAGE LOG       exit status 0 when every promise was kept
 *
 * Promises: "F NUMBER" after fsync of file-NUMBER, which is never touched again; "C THREAD NUMBER"
 * after a commit that followed the renaming of version NUMBER over current-THREAD. Whatever version
 * is found there must be whole: renames never come before the data that was written before them.
 */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/imagefs/imagefs.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/store/store.h"
#include "runtime/host/env.h"
#include "runtime/host/file.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/kernel/boot/mounts.h"
#include "tests/crash/content.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS   3
#define SIZE_MOST 300000u

static struct path top;
static struct host_mutex log_lock = HOST_MUTEX_INIT(RANK_TEST);
static struct host_file *log_file;
static uint64_t log_size;
static _Atomic uint64_t next_number = 1;

static _Noreturn void fail(const char *what, int64_t error)
{
    fprintf(stderr, "crash_image: %s (%lld)\n", what, (long long)error);
    host_exit(1);
}

static void promise(const char *line)
{
    host_mutex_lock(&log_lock);
    int64_t put = host_file_write(log_file, line, strlen(line), log_size);
    if (put < 0)
        fail("the log cannot be written", put);
    log_size += (uint64_t)put;
    host_mutex_unlock(&log_lock);
}

/* --- write --- */

static struct file *make(const char *name, uint64_t number, uint8_t *buffer)
{
    struct file *file;
    int error =
        vfs_open(vfs_kernel_caller(), &top, name, L_O_RDWR | L_O_CREAT | L_O_TRUNC, 0644, 0, &file);
    if (error)
        fail(name, error);
    size_t size = content(number, buffer, SIZE_MOST);
    int64_t put = file_write(file, buffer, size, NULL);
    if (put != (int64_t)size)
        fail(name, put);
    return file;
}

static void expect(int error, const char *what)
{
    if (error)
        fail(what, error);
}

/* A file with everything that is done to files, which nobody is promised. */
static void churn(unsigned thread, uint64_t number, uint8_t *buffer)
{
    struct vfs_caller *caller = vfs_kernel_caller();
    char name[40], other[60], directory[40];
    snprintf(name, sizeof(name), "churn-%u-%u", thread, (unsigned)(number % 7));
    snprintf(other, sizeof(other), "churn-%u-%u", thread, (unsigned)(number % 5));
    snprintf(directory, sizeof(directory), "dir-%u-%u", thread, (unsigned)(number % 3));
    struct file *file = make(name, number, buffer);
    expect(file_truncate(file, number % 70000), "truncate");
    uint64_t pos = number % 200000;
    if (file_write(file, buffer, 10, &pos) != 10)
        fail("write", 0);
    if (number % 2)
        vfs_unlink(caller, &top, name);
    else
        vfs_rename(caller, &top, name, &top, other, 0);
    file_put(file);
    if (vfs_mkdir(caller, &top, directory, 0755) == -L_EEXIST) {
        snprintf(other, sizeof(other), "%s/link", directory);
        vfs_unlink(caller, &top, other);
        if (number % 3)
            vfs_symlink(caller, name, &top, other);
        else
            vfs_rmdir(caller, &top, directory);
    }
}

struct job {
    unsigned thread;
    uint64_t seed;
};

static void writer(void *arg)
{
    struct job *job = arg;
    uint64_t state = job->seed * THREADS + job->thread;
    uint8_t *buffer = malloc(sizeof(struct header) + SIZE_MOST);
    char name[40], current[40], line[80];
    uint64_t version = 0;
    if (!buffer)
        fail("memory", 0);
    snprintf(current, sizeof(current), "current-%u", job->thread);
    for (;;) {
        uint64_t number = atomic_fetch_add(&next_number, 1);
        switch (random_of(&state) % 4) {
        case 0: {
            snprintf(name, sizeof(name), "file-%llu", (unsigned long long)number);
            struct file *file = make(name, number, buffer);
            expect(file_fsync(file, number % 2), "fsync");
            file_put(file);
            snprintf(line, sizeof(line), "F %llu\nC %u %llu\n", (unsigned long long)number,
                     job->thread, (unsigned long long)version);
            promise(line);
            break;
        }
        case 1:
        case 2:
            snprintf(name, sizeof(name), "new-%u", job->thread);
            file_put(make(name, number, buffer));
            expect(vfs_rename(vfs_kernel_caller(), &top, name, &top, current, 0), "rename");
            version = number;
            break;
        default:
            churn(job->thread, number, buffer);
        }
    }
}

static void open_image(const char *path)
{
    char message[500];
    int error;
    struct superblock *super = imagefs_new(path, false, NULL, &error, message, sizeof(message));
    if (!super) {
        fprintf(stderr, "crash_image: %s\n", message);
        host_exit(1);
    }
    struct mount *mount;
    expect(mount_add(super, NULL, 0, &mount), "mount");
    top = (struct path){mount, dentry_get(mount->root)};
}

static _Noreturn void write_for_ever(char **argv)
{
    static struct job jobs[THREADS];
    expect(host_file_open(argv[1], HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_TRUNCATE, 0644,
                          &log_file),
           argv[1]);
    open_image(argv[0]);
    /* Numbers of one round are not those of another. */
    uint64_t seed = strtoull(argv[2], NULL, 10);
    atomic_store(&next_number, seed * 1000000 + 1);
    for (unsigned i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){i, seed};
        expect(host_thread_start(writer, &jobs[i]), "thread");
    }
    struct host_timer *timer = host_timer_create();
    for (;;)
        host_timer_wait(timer, HOST_FOREVER);
}

/* --- verify --- */

static int faults;

static void fault(const char *what, unsigned long long number)
{
    printf("%s %llu\n", what, number);
    faults++;
}

static void print_fault(void *arg, const char *line)
{
    (void)arg;
    printf("%s\n", line);
    faults++;
}

/* The number of the whole version that a file holds; 0 when it is not there. */
static uint64_t version_of(const char *name)
{
    static uint8_t found[sizeof(struct header) + SIZE_MOST + 1], wanted[sizeof(found)];
    struct file *file;
    struct header header = {0};
    if (vfs_open(vfs_kernel_caller(), &top, name, L_O_RDONLY, 0, 0, &file))
        return 0;
    int64_t got = file_read(file, found, sizeof(found), NULL);
    file_put(file);
    memcpy(&header, found, sizeof(header));
    if (got < (int64_t)sizeof(header) || header.number == 0 ||
        content(header.number, wanted, SIZE_MOST) != (size_t)got ||
        memcmp(found, wanted, (size_t)got) != 0) {
        printf("%s: ", name);
        fault("torn content, bytes:", (unsigned long long)got);
        return 0;
    }
    return header.number;
}

static void check_image(const char *path)
{
    char message[500];
    const struct store_watch watch = {.report = print_fault};
    if (store_check(path, &watch, message, sizeof(message)) < 0) {
        printf("%s\n", message);
        faults++;
    }
}

static int verify(char **argv)
{
    unsigned long long number, thread, promised[THREADS] = {0}, files = 0;
    char line[100], name[40];
    check_image(argv[0]);
    open_image(argv[0]);
    FILE *log = fopen(argv[1], "rb");
    if (!log)
        fail(argv[1], 0);
    while (fgets(line, sizeof(line), log) && strchr(line, '\n')) {
        if (sscanf(line, "F %llu", &number) == 1) {
            snprintf(name, sizeof(name), "file-%llu", number);
            if (version_of(name) != number)
                fault("lost: file", number);
            files++;
        } else if (sscanf(line, "C %llu %llu", &thread, &number) == 2 && thread < THREADS) {
            promised[thread] = number;
        }
    }
    fclose(log);
    for (unsigned i = 0; i < THREADS; i++) {
        snprintf(name, sizeof(name), "current-%u", i);
        if (version_of(name) < promised[i])
            fault("older than promised:", promised[i]);
    }
    path_put(top);
    char message[500];
    imagefs_shutdown(message, sizeof(message));
    check_image(argv[0]);
    printf("%llu files promised, %d faults\n", files, faults);
    return faults ? 1 : 0;
}

int main(int argc, char **argv)
{
    host_arguments(&argc, &argv);
    if (argc == 5 && strcmp(argv[1], "write") == 0)
        write_for_ever(argv + 2);
    if (argc == 4 && strcmp(argv[1], "verify") == 0)
        return verify(argv + 2);
    fprintf(stderr, "usage: crash_image write IMAGE LOG SEED | verify IMAGE LOG\n");
    return 2;
}
