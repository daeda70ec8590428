/* What waits: pipes, fifos, locks, fsync; and inotify. Threads of the host stand for tasks. */
#include "fixture.h"
#include "runtime/abi/poll.h"
#include "runtime/fs/pipe/pipe.h"
#include "runtime/fs/vfs/file_lock.h"
#include "runtime/fs/vfs/inotify_file.h"
#include "runtime/fs/vfs/pagecache.h"
#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"

/* One thread that runs fn, and its end. */
struct other {
    void (*fn)(void *);
    void *arg;
    struct host_mutex lock;
    struct host_cond cond;
    bool done;
};

static void other_main(void *arg)
{
    struct other *other = arg;
    other->fn(other->arg);
    host_mutex_lock(&other->lock);
    other->done = true;
    host_cond_broadcast(&other->cond);
    host_mutex_unlock(&other->lock);
}

static void other_start(struct other *other, void (*fn)(void *), void *arg)
{
    memset(other, 0, sizeof(*other));
    host_mutex_init(&other->lock, RANK_TEST);
    other->fn = fn;
    other->arg = arg;
    ck_assert_int_eq(host_thread_start(other_main, other), 0);
}

static void other_join(struct other *other)
{
    uint64_t deadline = host_clock_monotonic_ns() + 20000000000ull;
    host_mutex_lock(&other->lock);
    while (!other->done)
        ck_assert(host_cond_wait(&other->cond, &other->lock, deadline));
    host_mutex_unlock(&other->lock);
}

#define VOLUME ((size_t)1 << 20)

static void fill_pipe(void *arg)
{
    struct file *writer = arg;
    uint8_t piece[3000];
    uint32_t sum = 0;
    for (size_t done = 0; done < VOLUME;) {
        size_t n = VOLUME - done < sizeof(piece) ? VOLUME - done : sizeof(piece);
        for (size_t i = 0; i < n; i++)
            piece[i] = (uint8_t)(done + i + ((done + i) >> 8));
        int64_t put = file_write(writer, piece, n, NULL);
        if (put != (int64_t)n)
            return;
        done += n;
    }
    (void)sum;
    file_put(writer);
}

START_TEST(stream)
{
    struct file *reader, *writer;
    struct other other;
    uint8_t piece[70000];
    size_t done = 0;
    root_caller();
    ck_assert_int_eq(pipe_create(0, &reader, &writer), 0);
    other_start(&other, fill_pipe, writer);
    for (;;) {
        int64_t got = file_read(reader, piece, sizeof(piece), NULL);
        ck_assert_int_ge(got, 0);
        if (got == 0)
            break;
        for (int64_t i = 0; i < got; i++, done++)
            ck_assert_uint_eq(piece[i], (uint8_t)(done + (done >> 8)));
    }
    ck_assert_uint_eq(done, VOLUME);
    other_join(&other);
    file_put(reader);
}
END_TEST

START_TEST(limits)
{
    struct file *reader, *writer;
    static uint8_t big[100000];
    root_caller();
    ck_assert_int_eq(pipe_create(L_O_NONBLOCK, &reader, &writer), 0);
    ck_assert_int_eq(file_read(reader, big, 10, NULL), -L_EAGAIN);
    ck_assert_int_eq(file_seek(reader, 0, L_SEEK_SET), -L_ESPIPE);
    ck_assert_uint_eq(file_poll(reader, NULL), 0);
    ck_assert_uint_eq(file_poll(writer, NULL), L_POLLOUT | L_POLLWRNORM);
    ck_assert_int_eq(file_write(writer, big, sizeof(big), NULL), 65536);
    ck_assert_int_eq(file_write(writer, big, 1, NULL), -L_EAGAIN);
    ck_assert_uint_eq(file_poll(writer, NULL), 0);
    ck_assert_int_eq(file_read(reader, big, 100, NULL), 100);
    /* 101 bytes do not fit, so none of them goes in. */
    ck_assert_int_eq(file_write(writer, big, 101, NULL), -L_EAGAIN);
    ck_assert_int_eq(file_write(writer, big, 100, NULL), 100);
    ck_assert_int_eq(pipe_set_size(pipe_of(writer), 4096, true), -L_EBUSY);
    ck_assert_int_eq(pipe_set_size(pipe_of(writer), 100000, true), 131072);
    ck_assert_int_eq(file_write(writer, big, 5000, NULL), 5000);
    file_put(reader);
    ck_assert_uint_eq(file_poll(writer, NULL), L_POLLOUT | L_POLLWRNORM | L_POLLERR);
    ck_assert_int_eq(file_write(writer, big, 1, NULL), -L_EPIPE);
    file_put(writer);
    ck_assert_int_eq(pipe_create(0, &reader, &writer), 0);
    ck_assert_int_eq(file_write(writer, "ab", 2, NULL), 2);
    file_put(writer);
    ck_assert_uint_eq(file_poll(reader, NULL), L_POLLIN | L_POLLRDNORM | L_POLLHUP);
    ck_assert_int_eq(file_read(reader, big, 10, NULL), 2);
    ck_assert_int_eq(file_read(reader, big, 10, NULL), 0);
    file_put(reader);
}
END_TEST

static void open_fifo_writer(void *arg)
{
    struct vfs_caller *c = arg;
    struct file *file;
    if (vfs_open(c, NULL, "fifo", L_O_WRONLY, 0, 0, &file) == 0) {
        file_write(file, "through", 7, NULL);
        file_put(file);
    }
}

START_TEST(fifos)
{
    struct vfs_caller *c = fresh("/fifos");
    struct file *file;
    struct other other;
    char text[16];
    ck_assert_int_eq(vfs_mknod(c, NULL, "fifo", L_S_IFIFO | 0666, 0, NULL), 0);
    ck_assert_int_eq(open_status(c, "fifo", L_O_WRONLY | L_O_NONBLOCK), -L_ENXIO);
    ck_assert_int_eq(open_status(c, "fifo", L_O_RDONLY | L_O_NONBLOCK), 0);
    other_start(&other, open_fifo_writer, c);
    ck_assert_int_eq(vfs_open(c, NULL, "fifo", L_O_RDONLY, 0, 0, &file), 0);
    ck_assert_int_eq(file_read(file, text, sizeof(text), NULL), 7);
    ck_assert_int_eq(memcmp(text, "through", 7), 0);
    ck_assert_int_eq(file_read(file, text, sizeof(text), NULL), 0);
    other_join(&other);
    file_put(file);
    ck_assert_int_eq(open_status(c, "fifo", L_O_RDWR), 0);
}
END_TEST

static int set_record(struct file *file, const void *owner, int type, int64_t start, int64_t end)
{
    struct lock_range range = {type, start, end};
    return lock_set(file, owner, owner == file ? 1 : 2, false, &range, false);
}

START_TEST(records)
{
    struct vfs_caller *c = fresh("/records");
    struct file *file;
    int a, b;
    struct lock_range found, want = {L_F_WRLCK, 0, INT64_MAX};
    int32_t pid = 0;
    put_file(c, "file", "x");
    ck_assert_int_eq(vfs_open(c, NULL, "file", L_O_RDWR, 0, 0, &file), 0);
    ck_assert_int_eq(set_record(file, &a, L_F_WRLCK, 10, 19), 0);
    ck_assert_int_eq(set_record(file, &b, L_F_RDLCK, 19, 30), -L_EAGAIN);
    ck_assert_int_eq(set_record(file, &b, L_F_RDLCK, 20, 30), 0);
    ck_assert_int_eq(set_record(file, &a, L_F_RDLCK, 20, 30), 0);
    ck_assert_int_eq(set_record(file, &a, L_F_WRLCK, 30, 40), -L_EAGAIN);
    /* Unlocking the middle leaves both ends; neighbours of one kind join. */
    ck_assert_int_eq(set_record(file, &a, L_F_UNLCK, 13, 15), 0);
    ck_assert_int_eq(set_record(file, &b, L_F_WRLCK, 13, 15), 0);
    ck_assert_int_eq(set_record(file, &b, L_F_WRLCK, 12, 12), -L_EAGAIN);
    ck_assert_int_eq(set_record(file, &b, L_F_WRLCK, 16, 16), -L_EAGAIN);
    ck_assert_int_eq(set_record(file, &b, L_F_UNLCK, 0, INT64_MAX), 0);
    ck_assert_int_eq(set_record(file, &a, L_F_WRLCK, 13, 15), 0);
    lock_test(file, &b, false, &want, &found, &pid);
    ck_assert_int_eq(found.type == L_F_UNLCK, 0);
    lock_release_owner(file->inode, &a);
    lock_test(file, &b, false, &want, &found, &pid);
    ck_assert_int_eq(found.type, L_F_UNLCK);
    /* flock is apart from records and belongs to the description. */
    struct file *second;
    ck_assert_int_eq(vfs_open(c, NULL, "file", L_O_RDWR, 0, 0, &second), 0);
    ck_assert_int_eq(set_record(file, &a, L_F_WRLCK, 0, 100), 0);
    ck_assert_int_eq(lock_flock(second, L_LOCK_EX | L_LOCK_NB), 0);
    ck_assert_int_eq(lock_flock(file, L_LOCK_SH | L_LOCK_NB), -L_EWOULDBLOCK);
    ck_assert_int_eq(lock_flock(second, L_LOCK_SH | L_LOCK_NB), 0);
    ck_assert_int_eq(lock_flock(file, L_LOCK_SH | L_LOCK_NB), 0);
    ck_assert_int_eq(lock_flock(file, L_LOCK_EX | L_LOCK_NB), -L_EWOULDBLOCK);
    file_put(second);
    ck_assert_int_eq(lock_flock(file, L_LOCK_EX | L_LOCK_NB), 0);
    file_put(file);
}
END_TEST

struct waiting_lock {
    struct file *file;
    int result;
};

static void wait_for_lock(void *arg)
{
    struct waiting_lock *w = arg;
    struct lock_range range = {L_F_WRLCK, 0, 0};
    w->result = lock_set(w->file, w, 3, false, &range, true);
}

START_TEST(deadlock)
{
    struct vfs_caller *c = fresh("/deadlock");
    struct file *file;
    struct other other;
    struct waiting_lock w;
    int self;
    put_file(c, "file", "x");
    ck_assert_int_eq(vfs_open(c, NULL, "file", L_O_RDWR, 0, 0, &file), 0);
    w.file = file;
    ck_assert_int_eq(set_record(file, &w, L_F_WRLCK, 5, 5), 0);
    ck_assert_int_eq(set_record(file, &self, L_F_WRLCK, 0, 0), 0);
    other_start(&other, wait_for_lock, &w);
    /* Once the other waits for us, waiting for it is refused; before that it would block, so ask
     * with a lock that says so. */
    struct lock_range range = {L_F_WRLCK, 5, 5};
    uint64_t deadline = host_clock_monotonic_ns() + 20000000000ull;
    while (!lock_waits(&w)) {
        ck_assert_uint_lt(host_clock_monotonic_ns(), deadline);
        host_thread_yield();
    }
    ck_assert_int_eq(lock_set(file, &self, 4, false, &range, true), -L_EDEADLK);
    ck_assert_int_eq(set_record(file, &self, L_F_UNLCK, 0, 0), 0);
    other_join(&other);
    ck_assert_int_eq(w.result, 0);
    file_put(file);
}
END_TEST

/* The events as one line of text. */
static void events(struct file *file, char *text, size_t size)
{
    uint8_t buffer[4096];
    size_t used = 0;
    text[0] = 0;
    int64_t got = file_read(file, buffer, sizeof(buffer), NULL);
    for (int64_t at = 0; at < got;) {
        struct l_inotify_event e;
        memcpy(&e, buffer + at, sizeof(e));
        used += (size_t)snprintf(text + used, size - used, "%d:%x:%s ", e.wd, e.mask,
                                 e.len ? (char *)buffer + at + sizeof(e) : "");
        at += (int64_t)sizeof(e) + e.len;
    }
}

START_TEST(watching)
{
    struct vfs_caller *c = fresh("/watching");
    char text[1024];
    struct path path;
    struct file *in = inotify_create(L_O_NONBLOCK);
    ck_assert_int_eq(vfs_walk(c, NULL, ".", 0, &path), 0);
    ck_assert_int_eq(inotify_watch(in, path.dentry->inode,
                                   L_IN_CREATE | L_IN_DELETE | L_IN_MOVE_SELF | L_IN_MOVED_FROM |
                                       L_IN_MOVED_TO | L_IN_CLOSE_WRITE | L_IN_MODIFY),
                     1);
    path_put(path);
    events(in, text, sizeof(text));
    ck_assert_str_eq(text, "");
    put_file(c, "a", "x");
    ck_assert_int_eq(vfs_rename(c, NULL, "a", NULL, "b", 0), 0);
    ck_assert_int_eq(vfs_mkdir(c, NULL, "d", 0755), 0);
    events(in, text, sizeof(text));
    ck_assert_str_eq(text, "1:100:a 1:2:a 1:8:a 1:40:a 1:80:b 1:40000100:d ");
    ck_assert_int_eq(vfs_walk(c, NULL, "b", 0, &path), 0);
    ck_assert_int_eq(inotify_watch(in, path.dentry->inode, L_IN_DELETE_SELF | L_IN_ATTRIB), 2);
    ck_assert_int_eq(vfs_chmod(c, path, 0600), 0);
    path_put(path);
    ck_assert_int_eq(vfs_unlink(c, NULL, "b"), 0);
    events(in, text, sizeof(text));
    ck_assert_str_eq(text, "2:4: 1:200:b 2:400: 2:8000: ");
    ck_assert_int_eq(inotify_unwatch(in, 1), 0);
    ck_assert_int_eq(inotify_unwatch(in, 1), -L_EINVAL);
    events(in, text, sizeof(text));
    ck_assert_str_eq(text, "1:8000: ");
    file_put(in);
}
END_TEST

/* A file whose blocks are on their way until another thread's fsync waits for them, or is through.
 */
static struct {
    struct file *file;
    struct host_mutex lock;
    struct host_cond changed;
    bool under_way, written, synced;
    bool synced_after; /* fsync returned when they were written */
} slow = {.lock = HOST_MUTEX_INIT(RANK_TEST)};

static int slow_write(struct inode *inode, uint64_t index, const void *data, size_t length)
{
    (void)index, (void)data, (void)length;
    uint64_t deadline = host_clock_monotonic_ns() + 20000000000ull;
    host_mutex_lock(&slow.lock);
    slow.under_way = true;
    host_cond_broadcast(&slow.changed);
    while (!slow.synced && atomic_load(&inode->writing.state) != 2 &&
           host_clock_monotonic_ns() < deadline)
        host_cond_wait(&slow.changed, &slow.lock, host_clock_monotonic_ns() + 1000000);
    slow.written = true;
    host_mutex_unlock(&slow.lock);
    return 0;
}

static void write_slowly(void *arg)
{
    (void)arg;
    pagecache_write_back(slow.file->inode);
}

static void sync_meanwhile(void *arg)
{
    (void)arg;
    int error = file_fsync(slow.file, true);
    host_mutex_lock(&slow.lock);
    slow.synced = true;
    slow.synced_after = slow.written && !error;
    host_cond_broadcast(&slow.changed);
    host_mutex_unlock(&slow.lock);
}

START_TEST(syncing)
{
    struct vfs_caller *c = fresh("/syncing");
    struct other writer, other;
    uint64_t deadline = host_clock_monotonic_ns() + 20000000000ull;
    ck_assert_int_eq(vfs_open(c, NULL, "file", L_O_RDWR | L_O_CREAT, 0644, 0, &slow.file), 0);
    struct inode *inode = slow.file->inode;
    const struct inode_ops *own = inode->ops;
    struct inode_ops ops = *own;
    ops.write_block = slow_write;
    inode->ops = &ops;
    ck_assert_int_eq(file_write(slow.file, "text", 4, NULL), 4);
    other_start(&writer, write_slowly, NULL);
    host_mutex_lock(&slow.lock);
    while (!slow.under_way)
        ck_assert(host_cond_wait(&slow.changed, &slow.lock, deadline));
    host_mutex_unlock(&slow.lock);
    other_start(&other, sync_meanwhile, NULL);
    other_join(&other);
    other_join(&writer);
    ck_assert(slow.synced_after);
    inode->ops = own;
    file_put(slow.file);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("waiting");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, stream);
    tcase_add_test(tcase, limits);
    tcase_add_test(tcase, fifos);
    tcase_add_test(tcase, records);
    tcase_add_test(tcase, deadlock);
    tcase_add_test(tcase, watching);
    tcase_add_test(tcase, syncing);
    return unit_run("waiting", tcase);
}
