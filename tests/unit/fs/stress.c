/* Several threads at once on one tree: names, links, renames, data. Afterwards the tree must agree
 * with itself: what directories list can be found, link counts are right, and nothing waits for
 * ever. */
#include "fixture.h"
#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"

enum { THREADS = 4, STEPS = 4000, NAMES = 12 };

static struct vfs_caller *caller;
static struct host_mutex lock = HOST_MUTEX_INIT(RANK_TEST);
static struct host_cond cond = HOST_COND_INIT;
static int finished, unexpected;

/* Two directories, each with a third inside, and a few names in each. */
static void pick(uint32_t *seed, char *name, size_t size)
{
    static const char *const folders[] = {"a", "b", "a/c", "b/c"};
    *seed = *seed * 1664525u + 1013904223u;
    uint32_t r = *seed >> 8;
    snprintf(name, size, "%s/n%u", folders[r % 4], r / 4 % NAMES);
}

static bool expected(int error)
{
    switch (error) {
    case 0:
    case -L_ENOENT:
    case -L_EEXIST:
    case -L_ENOTDIR:
    case -L_EISDIR:
    case -L_ENOTEMPTY:
    case -L_EINVAL:
    case -L_ELOOP:
    case -L_EPERM:
        return true;
    }
    return false;
}

static int write_some(const char *name, uint32_t seed)
{
    struct file *file;
    char data[3000];
    memset(data, (int)seed, sizeof(data));
    int error = vfs_open(caller, NULL, name, L_O_RDWR | L_O_CREAT, 0644, 0, &file);
    if (error)
        return error;
    uint64_t pos = seed % 70000;
    if ((file->inode->mode & L_S_IFMT) == L_S_IFREG) {
        if (file_write(file, data, sizeof(data), &pos) != (int64_t)sizeof(data))
            error = -L_EIO;
        pos = 0;
        if (file_read(file, data, sizeof(data), &pos) < 0)
            error = -L_EIO;
        if (seed % 5 == 0 && file_truncate(file, seed % 1000))
            error = -L_EIO;
    }
    file_put(file);
    return error;
}

static int step(uint32_t *seed)
{
    char name[32], other[32];
    struct path path;
    pick(seed, name, sizeof(name));
    pick(seed, other, sizeof(other));
    int error;
    switch (*seed >> 24 & 7) {
    case 0:
        return vfs_mkdir(caller, NULL, name, 0755);
    case 1:
        return vfs_unlink(caller, NULL, name);
    case 2:
        return vfs_rmdir(caller, NULL, name);
    case 3:
        return vfs_rename(caller, NULL, name, NULL, other, 0);
    case 4:
        return vfs_rename(caller, NULL, name, NULL, other, L_RENAME_EXCHANGE);
    case 5:
        error = vfs_walk(caller, NULL, name, 0, &path);
        if (error)
            return error;
        error = vfs_link(caller, path, NULL, other);
        path_put(path);
        return error;
    case 6:
        return vfs_symlink(caller, "../a/n1", NULL, name);
    default:
        return write_some(name, *seed);
    }
}

static void run(void *arg)
{
    uint32_t seed = (uint32_t)(uintptr_t)arg * 7919u + 1;
    int wrong = 0;
    for (int i = 0; i < STEPS; i++) {
        int error = step(&seed);
        if (!expected(error) && !wrong)
            wrong = error;
    }
    host_mutex_lock(&lock);
    finished++;
    if (wrong)
        unexpected = wrong;
    host_cond_broadcast(&cond);
    host_mutex_unlock(&lock);
}

struct counted {
    uint32_t names;
    uint64_t ino;
};

struct census {
    struct counted files[1024];
    size_t count;
    char folder[512];
    char folders[64][512];
    size_t folder_count;
    uint32_t subfolders;
};

static bool take(void *arg, const char *name, size_t length, uint64_t ino, uint32_t type,
                 uint64_t cookie)
{
    struct census *c = arg;
    char path[1024];
    (void)cookie;
    if (name[0] == '.')
        return true;
    snprintf(path, sizeof(path), "%s/%.*s", c->folder, (int)length, name);
    if (type == L_S_IFDIR) {
        c->subfolders++;
        ck_assert_uint_lt(c->folder_count, 64);
        snprintf(c->folders[c->folder_count++], 512, "%.500s", path);
        return true;
    }
    size_t i = 0;
    while (i < c->count && c->files[i].ino != ino)
        i++;
    ck_assert_uint_lt(i, 1024);
    if (i == c->count)
        c->files[c->count++] = (struct counted){0, ino};
    c->files[i].names++;
    return true;
}

static bool look(void *arg, const char *name, size_t length, uint64_t ino, uint32_t type,
                 uint64_t cookie)
{
    char(*list)[300] = arg;
    (void)type;
    (void)cookie;
    if (name[0] == '.')
        return true;
    size_t i = 0;
    while (list[i][0])
        i++;
    snprintf(list[i], 300, "%llu %.*s", (unsigned long long)ino, (int)length, name);
    return true;
}

/* Every listed name leads to the inode that was listed with it. */
static void check_names(const char *folder, const struct census *c)
{
    static char list[256][300];
    struct file *dir;
    memset(list, 0, sizeof(list));
    ck_assert_int_eq(vfs_open(caller, NULL, folder, L_O_RDONLY, 0, 0, &dir), 0);
    ck_assert_int_eq(dir->ops->readdir(dir, look, list), 0);
    file_put(dir);
    for (size_t i = 0; list[i][0]; i++) {
        char path[1024], *name;
        struct kstat st;
        uint64_t ino = strtoull(list[i], &name, 10);
        snprintf(path, sizeof(path), "%s/%s", folder, name + 1);
        ck_assert_int_eq(stat_of(caller, path, &st), 0);
        ck_assert_uint_eq(st.ino, ino);
        for (size_t k = 0; k < c->count; k++) {
            if (c->files[k].ino == ino)
                ck_assert_uint_eq(st.nlink, c->files[k].names);
        }
    }
}

START_TEST(together)
{
    static struct census c;
    caller = fresh("/together");
    ck_assert_int_eq(vfs_mkdir(caller, NULL, "a", 0755), 0);
    ck_assert_int_eq(vfs_mkdir(caller, NULL, "b", 0755), 0);
    ck_assert_int_eq(vfs_mkdir(caller, NULL, "a/c", 0755), 0);
    ck_assert_int_eq(vfs_mkdir(caller, NULL, "b/c", 0755), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(host_thread_start(run, (void *)(uintptr_t)(i + 1)), 0);
    uint64_t deadline = host_clock_monotonic_ns() + 60000000000ull;
    host_mutex_lock(&lock);
    while (finished < THREADS)
        ck_assert(host_cond_wait(&cond, &lock, deadline));
    host_mutex_unlock(&lock);
    ck_assert_int_eq(unexpected, 0);
    strcpy(c.folders[c.folder_count++], ".");
    for (size_t i = 0; i < c.folder_count; i++) {
        struct file *dir;
        struct kstat st;
        strcpy(c.folder, c.folders[i]);
        c.subfolders = 0;
        ck_assert_int_eq(vfs_open(caller, NULL, c.folder, L_O_RDONLY, 0, 0, &dir), 0);
        ck_assert_int_eq(dir->ops->readdir(dir, take, &c), 0);
        file_put(dir);
        ck_assert_int_eq(stat_of(caller, c.folder, &st), 0);
        ck_assert_uint_eq(st.nlink, 2 + c.subfolders);
    }
    for (size_t i = 0; i < c.folder_count; i++)
        check_names(c.folders[i], &c);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("stress");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, together);
    return unit_run("stress", tcase);
}
