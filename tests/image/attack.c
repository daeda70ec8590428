/*
 * Images that were damaged or made to harm. What is read from one is either what was stored in it
 * or an error, never something else.
 *
 *   image_attack flips [COUNT [SEED]]   a bit, a sector, a page or the end of the file is changed
 *   image_attack around [COUNT [SEED]]  damaged files are removed or written anew, others changed
 *   image_attack rescue [COUNT [SEED]]  damaged images are copied
 *   image_attack rows                   rows and tables that no image has, with good checksums
 *   image_attack same ONE OTHER         whether two images hold the same
 *   image_attack old IMAGE MEGABYTES    makes an image of the older format
 *   image_attack sql IMAGE TEXT         changes an image, checksums included
 */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/dentry.h"
#include "runtime/fs/image.h"
#include "runtime/fs/mountapi.h"
#include "runtime/fs/path.h"
#include "runtime/fs/store_sql.h"
#include "runtime/host/env.h"
#include "runtime/host/file.h"
#include "runtime/host/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MOST 1000
#define DEPTH_MOST   20

static char message[5000];
static int bad;

static void die(const char *what, int error)
{
    printf("FAIL: %s: %d %s\n", what, error, message);
    fflush(stdout);
    host_exit(1);
}

static uint64_t random_of(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t x = *state;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* --- files of the host --- */

static uint8_t *load(const char *path, size_t *length)
{
    struct host_stat stat;
    struct host_file *file;
    if (host_path_stat(path, &stat) || host_file_open(path, HOST_FILE_READ, 0, &file))
        die(path, 0);
    uint8_t *data = malloc((size_t)stat.size + 1);
    *length = (size_t)stat.size;
    if (!data || host_file_read(file, data, *length, 0) != (int64_t)*length)
        die(path, 1);
    host_file_close(file);
    return data;
}

static void save(const char *path, const uint8_t *data, size_t length)
{
    struct host_file *file;
    store_remove_files(path);
    if (host_file_open(path, HOST_FILE_WRITE | HOST_FILE_CREATE, 0644, &file) ||
        host_file_write(file, data, length, 0) != (int64_t)length)
        die(path, 2);
    host_file_close(file);
}

/* --- what an image holds --- */

/* Entries in the order in which they are found: the path and a checksum of all that is told of it;
 * 0: asking gave an error. */
struct content {
    struct {
        char path[200];
        uint64_t sum;
    } entries[ENTRIES_MOST];
    int count, errors;
};

static uint64_t add(uint64_t sum, const void *data, size_t length)
{
    const uint8_t *from = data;
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ from[i]) * 0x100000001b3u;
    return sum;
}

static int sum_data(struct inode *inode, uint64_t *sum)
{
    static uint8_t buffer[1 << 16];
    int64_t got;
    uint64_t at = 0;
    for (; (got = pagecache_read(inode, buffer, sizeof(buffer), at)) > 0 && at < 64 << 20;
         at += (uint64_t)got)
        *sum = add(*sum, buffer, (size_t)got);
    return (int)got < 0 ? (int)got : 0;
}

static int sum_xattrs(struct inode *inode, uint64_t *sum)
{
    static char list[1 << 16], value[1 << 16];
    int64_t length = inode->ops->listxattr(inode, list, sizeof(list));
    for (int64_t at = 0; at < length; at += (int64_t)strlen(list + at) + 1) {
        int64_t got = inode->ops->getxattr(inode, list + at, value, sizeof(value));
        if (got < 0)
            return (int)got;
        *sum = add(add(*sum, list + at, strlen(list + at)), value, (size_t)got);
    }
    return length < 0 ? (int)length : 0;
}

static uint64_t sum_of(struct inode *inode)
{
    struct kstat stat;
    char text[PATH_LENGTH_MAX];
    inode_getattr(inode, &stat);
    const uint64_t told[] = {stat.mode, stat.nlink, stat.uid,   stat.gid,
                             stat.rdev, stat.size,  stat.mtime, stat.ino};
    uint64_t sum = add(0xcbf29ce484222325u, told, sizeof(told));
    int error = sum_xattrs(inode, &sum);
    if (!error && (inode->mode & L_S_IFMT) == L_S_IFREG)
        error = sum_data(inode, &sum);
    if (!error && (inode->mode & L_S_IFMT) == L_S_IFLNK) {
        int length = inode->ops->readlink(inode, text, sizeof(text));
        sum = add(sum, text, length < 0 ? 0 : (size_t)length);
        error = length < 0 ? length : 0;
    }
    return error ? 0 : sum | 1;
}

struct names {
    char name[100][NAME_LENGTH_MAX + 1];
    int count;
};

static bool take_name(void *arg, const char *name, size_t length, uint64_t ino, uint32_t type,
                      uint64_t cookie)
{
    struct names *names = arg;
    (void)ino;
    (void)type;
    (void)cookie;
    if (names->count == 100)
        return false;
    memcpy(names->name[names->count], name, length);
    names->name[names->count++][length] = 0;
    return true;
}

static void look(struct content *content, struct inode *inode, const char *path, int depth)
{
    if (content->count == ENTRIES_MOST || depth > DEPTH_MOST)
        return;
    int at = content->count++;
    snprintf(content->entries[at].path, sizeof(content->entries[at].path), "%s", path);
    content->entries[at].sum = sum_of(inode);
    if (!content->entries[at].sum)
        content->errors++;
    if ((inode->mode & L_S_IFMT) != L_S_IFDIR)
        return;
    struct names *names = calloc(1, sizeof(*names));
    if (inode->ops->readdir(inode, 0, take_name, names) < 0) {
        content->errors++;
        content->entries[at].sum = 0;
    }
    for (int i = 0; i < names->count; i++) {
        struct inode *child;
        char below[400];
        snprintf(below, sizeof(below), "%s/%s", path, names->name[i]);
        if (inode->ops->lookup(inode, names->name[i], &child) == 0) {
            look(content, child, below, depth + 1);
            inode_put(child);
        } else {
            content->errors++;
            content->entries[at].sum = 0; /* what is below may be missing */
        }
    }
    free(names);
}

static void close_image(struct superblock *super)
{
    imagefs_shutdown(message, sizeof(message));
    super_put(super);
}

/* 0, or the error with which the image was refused. */
static int read_image(const char *path, bool read_only, struct content *content)
{
    int error;
    memset(content, 0, sizeof(*content));
    struct superblock *super = imagefs_new(path, read_only, &error, message, sizeof(message));
    if (!super)
        return error;
    struct inode *root = inode_find(super, STORE_ROOT);
    look(content, root, "", 0);
    inode_put(root);
    close_image(super);
    return 0;
}

static int find(const struct content *content, const char *path)
{
    for (int i = 0; i < content->count; i++)
        if (strcmp(content->entries[i].path, path) == 0)
            return i;
    return -1;
}

/* Whether an error was given for a path or for a directory above it. */
static bool is_excused(const struct content *content, const char *path)
{
    char above[200];
    snprintf(above, sizeof(above), "%s", path);
    for (;;) {
        int at = find(content, above);
        if (at >= 0 && !content->entries[at].sum)
            return true;
        char *slash = strrchr(above, '/');
        if (!slash)
            return false;
        *slash = 0;
    }
}

/* What is wrong and was not said, compared with what was stored. */
static int compare(const struct content *wanted, const struct content *got)
{
    int wrong = 0;
    for (int i = 0; i < wanted->count; i++) {
        const char *path = wanted->entries[i].path;
        int at = find(got, path);
        if ((at < 0 || got->entries[at].sum != wanted->entries[i].sum) && !is_excused(got, path)) {
            printf("wrong: %s\n", path);
            wrong++;
        }
    }
    for (int i = 0; i < got->count; i++) {
        if (find(wanted, got->entries[i].path) < 0) {
            printf("invented: %s\n", got->entries[i].path);
            wrong++;
        }
    }
    return wrong;
}

/* --- an image to be attacked --- */

static void put_inode(struct store_batch *batch, uint64_t ino, uint32_t mode, uint32_t nlink,
                      uint64_t size)
{
    const struct store_inode inode = {.ino = ino,
                                      .mode = mode,
                                      .nlink = nlink,
                                      .size = size,
                                      .uid = (uint32_t)ino * 3,
                                      .gid = (uint32_t)ino * 5,
                                      .mtime = (int64_t)ino * 1000003};
    store_put_inode(batch, &inode);
}

static void put_file(struct store_batch *batch, uint64_t dir, uint64_t ino, uint64_t size)
{
    static uint8_t data[STORE_CHUNK_SIZE];
    char name[40];
    uint64_t state = ino;
    int length = snprintf(name, sizeof(name), "file-%d", (int)ino);
    put_inode(batch, ino, L_S_IFREG | 0644, 1, size);
    store_put_name(batch, dir, name, (size_t)length, ino);
    for (uint64_t at = 0; at < size; at += STORE_CHUNK_SIZE) {
        size_t part = size - at < STORE_CHUNK_SIZE ? (size_t)(size - at) : STORE_CHUNK_SIZE;
        for (size_t i = 0; i < part; i++)
            data[i] = (uint8_t)(random_of(&state) | 1);
        store_put_chunk(batch, ino, at >> STORE_CHUNK_SHIFT, data, part);
    }
}

static void make(const char *path)
{
    static char value[20000];
    struct store *store;
    store_remove_files(path);
    int error = store_create(path, message, sizeof(message));
    if (!error)
        error = store_open(path, false, &store, message, sizeof(message));
    if (error)
        die("making an image", error);
    struct store_batch *batch = store_batch_new();
    uint64_t ino = 2;
    put_inode(batch, STORE_ROOT, L_S_IFDIR | 0755, 2 + 4, 4096);
    for (int folder = 0; folder < 4; folder++) {
        char name[40];
        uint64_t dir = ino++;
        int length = snprintf(name, sizeof(name), "folder-%d", folder);
        put_inode(batch, dir, L_S_IFDIR | 0700, 2, 4096);
        store_put_name(batch, STORE_ROOT, name, (size_t)length, dir);
        for (int file = 0; file < 40; file++, ino++)
            put_file(batch, dir, ino, (uint64_t)file * (uint64_t)file * 3);
        put_file(batch, dir, ino++, 150000 + (uint64_t)folder);
        put_inode(batch, ino, L_S_IFLNK | 0777, 1, 9);
        store_put_target(batch, ino, "../file-7", 9);
        store_put_name(batch, dir, "link", 4, ino++);
        memset(value, 'a' + folder, sizeof(value));
        store_put_xattr(batch, dir, "user.large", value, sizeof(value));
        store_put_xattr(batch, dir, "user.small", "x", 1);
    }
    error = store_submit(store, batch, false);
    int closed = store_close(store);
    if (error || closed)
        die("filling an image", error ? error : closed);
}

/* --- flips --- */

enum { FLIP, SECTOR, ZEROS, SWAP, CUT, KINDS };
static const char *const kinds[] = {"bit", "sector", "page of zeros", "pages swapped", "cut"};

static void swap_pages(uint8_t *data, size_t a, size_t b)
{
    uint8_t page[STORE_PAGE_SIZE];
    memcpy(page, data + a * STORE_PAGE_SIZE, STORE_PAGE_SIZE);
    memcpy(data + a * STORE_PAGE_SIZE, data + b * STORE_PAGE_SIZE, STORE_PAGE_SIZE);
    memcpy(data + b * STORE_PAGE_SIZE, page, STORE_PAGE_SIZE);
}

/* Damages a copy of the image; what is left of it. */
static size_t damage(int kind, uint8_t *data, size_t length, uint64_t *state)
{
    size_t at = (size_t)(random_of(state) % length), pages = length / STORE_PAGE_SIZE;
    switch (kind) {
    case FLIP:
        data[at] ^= (uint8_t)(1 << random_of(state) % 8);
        break;
    case SECTOR:
        at = at / 512 * 512;
        for (size_t i = 0; i < 512; i++)
            data[at + i] = (uint8_t)random_of(state);
        break;
    case ZEROS:
        memset(data + at / STORE_PAGE_SIZE * STORE_PAGE_SIZE, 0, STORE_PAGE_SIZE);
        break;
    case SWAP:
        swap_pages(data, at / STORE_PAGE_SIZE, (size_t)(random_of(state) % pages));
        break;
    default:
        return at;
    }
    return length;
}

static void ignore(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

static int flips(int count, uint64_t seed)
{
    static struct content wanted, got;
    static const char image[] = "attack.img", work[] = "attack-work.img";
    const struct store_watch watch = {.report = ignore};
    uint64_t state = seed;
    size_t length;
    int refused = 0, errors = 0, same = 0, unseen = 0;
    make(image);
    uint8_t *whole = load(image, &length), *copy = malloc(length);
    if (read_image(image, false, &wanted) || wanted.errors || wanted.count < 160)
        die("the image itself", wanted.errors);
    for (int i = 0; i < count; i++) {
        int kind = i % 10 < 6 ? FLIP : SECTOR + i % 10 - 6;
        uint64_t before = state;
        memcpy(copy, whole, length);
        size_t left = damage(kind, copy, length, &state);
        save(work, copy, left);
        int found = store_check(work, &watch, message, sizeof(message));
        int error = read_image(work, i % 3 == 0, &got);
        int wrong = error ? 0 : compare(&wanted, &got);
        if (error)
            refused++;
        else if (got.errors)
            errors++;
        else
            same++;
        /* Whatever a reader meets, the check finds; it also finds what nobody reads. */
        if (found == 0 && (error || got.errors))
            unseen++;
        if (wrong || (found == 0 && (error || got.errors)))
            printf("seed %llu, %s: wrong %d, check %d, error %d\n", (unsigned long long)before,
                   kinds[kind], wrong, found, error);
        bad += wrong != 0;
    }
    printf("%d attacks, seed %llu: %d refused, %d with errors, %d all right, %d wrong; %d met by "
           "readers but not by the check\n",
           count, (unsigned long long)seed, refused, errors, same, bad, unseen);
    store_remove_files(image);
    store_remove_files(work);
    return bad || unseen;
}

/* --- going on with a damaged image --- */

/* What is done to the files of one image, by the entry of the content that was stored. */
enum { UNTOUCHED, REMOVED, REWRITTEN, UNCERTAIN };

static const char fresh[] = "new content";

static int rewrite_file(struct vfs_caller *c, struct path *top, const char *path)
{
    struct file *file;
    int error = vfs_open(c, top, path, L_O_WRONLY | L_O_TRUNC, 0, 0, &file);
    if (error)
        return error;
    int64_t done = file_write(file, fresh, sizeof(fresh), NULL);
    struct inode *inode = file->path.dentry->inode;
    error = done == (int64_t)sizeof(fresh) ? pagecache_write_back(inode) : -L_EIO;
    if (!error)
        error = inode->ops->fsync(inode, false);
    file_put(file);
    return error;
}

/* Whether a file is there and holds what rewrite_file has written. */
static bool is_fresh(struct vfs_caller *c, struct path *top, const char *path)
{
    char text[100];
    struct file *file;
    if (vfs_open(c, top, path, L_O_RDONLY, 0, 0, &file))
        return false;
    int64_t got = file_read(file, text, sizeof(text), NULL);
    file_put(file);
    return got == (int64_t)sizeof(fresh) && memcmp(text, fresh, sizeof(fresh)) == 0;
}

/* The file system of an image with a mount of its own; top leads to its root. */
static struct superblock *open_top(const char *path, struct path *top)
{
    int error;
    struct mount *mount;
    struct superblock *super = imagefs_new(path, false, &error, message, sizeof(message));
    if (super && mount_add(super, NULL, 0, &mount) == 0)
        *top = (struct path){mount, dentry_get(mount->root)};
    return super;
}

struct outcome {
    int refused, damaged, removed, rewritten, kept_out, others;
};

/* Removes or rewrites each file that cannot be read, and rewrites one that can. */
static void change_files(const struct content *wanted, const struct content *got, char *done,
                         struct path *top, struct outcome *out)
{
    struct vfs_caller *c = vfs_kernel_caller();
    bool other = false;
    for (int i = 0; i < wanted->count; i++) {
        const char *path = wanted->entries[i].path;
        int error, at = find(got, path);
        done[i] = UNTOUCHED;
        if (!strstr(path, "/file-"))
            continue;
        if (at >= 0 && got->entries[at].sum) {
            if (!other && (i + 1) % 7 == 0 && rewrite_file(c, top, path + 1) == 0) {
                other = true;
                done[i] = REWRITTEN;
                out->others++;
            }
            continue;
        }
        out->damaged++;
        error = i % 2 ? vfs_unlink(c, top, path + 1) : rewrite_file(c, top, path + 1);
        if (!error)
            done[i] = i % 2 ? REMOVED : REWRITTEN;
        out->removed += done[i] == REMOVED;
        out->rewritten += done[i] == REWRITTEN;
        out->kept_out += error != 0;
    }
}

/* After a restart everything is as it was said to be. */
static int judge(const char *image, const struct content *wanted, const char *done)
{
    static struct content got;
    struct vfs_caller *c = vfs_kernel_caller();
    struct path top = {0};
    int wrong = 0;
    if (read_image(image, true, &got)) {
        printf("wrong: cannot be opened any more: %s\n", message);
        return 1;
    }
    struct superblock *super = open_top(image, &top);
    for (int i = 0; i < wanted->count; i++) {
        const char *path = wanted->entries[i].path;
        int at = find(&got, path);
        bool right;
        if (done[i] == REMOVED)
            right = at < 0;
        else if (done[i] == REWRITTEN)
            right = super && is_fresh(c, &top, path + 1);
        else
            right = done[i] == UNCERTAIN || !strstr(path, "/file-") || is_excused(&got, path) ||
                    (at >= 0 && got.entries[at].sum == wanted->entries[i].sum);
        if (!right)
            printf("wrong: %s, %s\n", path,
                   done[i] == REMOVED     ? "removed"
                   : done[i] == REWRITTEN ? "rewritten"
                                          : "as it was");
        wrong += !right;
    }
    if (super)
        imagefs_shutdown(message, sizeof(message));
    return wrong;
}

static int around(int count, uint64_t seed)
{
    static struct content wanted, got;
    static char done[ENTRIES_MOST];
    static const char image[] = "around.img", work[] = "around-work.img";
    struct outcome out = {0};
    uint64_t state = seed;
    size_t length;
    int said = 0;
    make(image);
    uint8_t *whole = load(image, &length), *copy = malloc(length);
    if (read_image(image, false, &wanted) || wanted.errors)
        die("the image itself", wanted.errors);
    for (int i = 0; i < count; i++) {
        struct path top = {0};
        uint64_t before = state;
        memcpy(copy, whole, length);
        save(work, copy,
             damage(i % 10 < 6   ? FLIP
                    : i % 10 < 8 ? SECTOR
                                 : ZEROS,
                    copy, length, &state));
        struct superblock *super = read_image(work, true, &got) ? NULL : open_top(work, &top);
        if (!super) {
            out.refused++;
            continue;
        }
        change_files(&wanted, &got, done, &top, &out);
        /* What was only removed is known to be stored once this says so. */
        bool lost = imagefs_shutdown(message, sizeof(message)) != 0;
        said += lost;
        for (int at = 0; lost && at < wanted.count; at++)
            done[at] = done[at] == REMOVED ? UNCERTAIN : done[at];
        int wrong = judge(work, &wanted, done);
        if (wrong)
            printf("seed %llu, attack %d: %s\n", (unsigned long long)before, i, message);
        bad += wrong != 0;
    }
    printf(
        "%d damaged images: %d not opened for writing; of %d damaged files %d removed, %d written "
        "anew, %d neither; %d others changed; losses told at the end of %d; %d wrong\n",
        count, out.refused, out.damaged, out.removed, out.rewritten, out.kept_out, out.others, said,
        bad);
    store_remove_files(image);
    store_remove_files(work);
    /* Most pages hold data: little may stay that can neither be removed nor written anew. */
    return bad || out.removed == 0 || out.rewritten == 0;
}

/* --- rescue --- */

static char losses[20000];

static void note_loss(void *arg, const char *line)
{
    (void)arg;
    if (strlen(losses) + strlen(line) + 2 < sizeof(losses))
        strcat(strcat(losses, "\n"), line);
}

/* Whether an entry, or a directory above it, was reported. */
static bool is_reported(const char *path)
{
    char above[202];
    snprintf(above, sizeof(above), "\n%s", path);
    for (;;) {
        char line[210];
        snprintf(line, sizeof(line), "%s: ", above[1] ? above : "\n/");
        if (strstr(losses, line))
            return true;
        char *slash = strrchr(above, '/');
        if (!slash)
            return false;
        *slash = 0;
    }
}

static int rescue(int count, uint64_t seed)
{
    static struct content wanted, readable, got;
    static const char image[] = "rescue.img", work[] = "rescue-work.img", to[] = "rescued.img";
    const struct store_watch watch = {.report = note_loss}, silent = {.report = ignore};
    uint64_t state = seed;
    size_t length;
    int refused = 0, lost = 0, files = 0;
    make(image);
    uint8_t *whole = load(image, &length), *copy = malloc(length);
    if (read_image(image, false, &wanted) || wanted.errors)
        die("the image itself", wanted.errors);
    for (int i = 0; i < count; i++) {
        int kind = i % 10 < 6 ? FLIP : SECTOR + i % 10 - 6, wrong = 0;
        uint64_t before = state;
        memcpy(copy, whole, length);
        save(work, copy, damage(kind, copy, length, &state));
        store_remove_files(to);
        losses[0] = 0;
        int found = store_copy(work, to, &watch, message, sizeof(message));
        if (found < 0) {
            refused++;
            continue;
        }
        lost += found != 0;
        int faults = store_check(to, &silent, message, sizeof(message));
        if (read_image(to, true, &got) || got.errors || faults) {
            printf("wrong: the copy has %d errors, %d faults: %s\n", got.errors, faults, message);
            wrong++;
        }
        bool opens = read_image(work, true, &readable) == 0;
        for (int at = 0; at < wanted.count; at++) {
            const char *path = wanted.entries[at].path;
            int there = find(&got, path);
            bool is_file = strstr(path, "/file-") || strstr(path, "/link");
            bool same = there >= 0 && got.entries[there].sum == wanted.entries[at].sum;
            int before_it = opens ? find(&readable, path) : -1;
            files += is_file && same;
            if (!is_file || same)
                continue;
            /* It is told, and nobody else can read it either. */
            if (!is_reported(path) || (before_it >= 0 && readable.entries[before_it].sum)) {
                printf("wrong: %s, reported %d\n", path, is_reported(path));
                wrong++;
            }
        }
        if (wrong)
            printf("seed %llu, %s: %d losses:%s\n", (unsigned long long)before, kinds[kind], found,
                   losses);
        bad += wrong != 0;
    }
    printf("%d damaged images: %d could not be opened, %d copied with losses, %d files copied, %d "
           "wrong\n",
           count, refused, lost, files, bad);
    store_remove_files(image);
    store_remove_files(work);
    store_remove_files(to);
    return bad;
}

/* --- rows --- */

enum expected { REFUSED, ERRORS, HARMLESS };

static const struct {
    const char *sql;
    enum expected expected;
} attacks[] = {
    {"CREATE TRIGGER t AFTER INSERT ON inode BEGIN DELETE FROM chunk; END", REFUSED},
    {"CREATE VIEW v AS SELECT * FROM inode", REFUSED},
    {"CREATE INDEX i ON inode(mode)", REFUSED},
    {"CREATE TABLE t(a)", REFUSED},
    {"DROP TABLE xattr; CREATE VIEW xattr AS SELECT ino, name, randomblob(1000000000) value FROM "
     "name",
     REFUSED},
    {"ALTER TABLE inode ADD COLUMN more INTEGER", REFUSED},
    {"DROP INDEX orphan", REFUSED},
    {"UPDATE inode SET ino=34359738368 WHERE ino=9", REFUSED},
    {"UPDATE inode SET ino=9223372036854775807 WHERE ino=9", REFUSED},
    {"UPDATE inode SET ino=-7 WHERE ino=9", REFUSED},
    {"DELETE FROM inode WHERE ino=1", REFUSED},
    {"INSERT INTO chunk VALUES(-1, x'00')", HARMLESS},
    {"UPDATE inode SET mode=mode&4095 WHERE ino=9", ERRORS},
    {"UPDATE inode SET mode=mode|1048576 WHERE ino=9", ERRORS},
    {"UPDATE inode SET mode=-1 WHERE ino=9", ERRORS},
    {"UPDATE inode SET size=-1 WHERE ino=9", ERRORS},
    {"UPDATE inode SET size=17592186044417 WHERE ino=9", ERRORS},
    {"UPDATE inode SET size=9223372036854775807 WHERE ino=9", ERRORS},
    {"UPDATE inode SET nlink=-1 WHERE ino=9", ERRORS},
    {"UPDATE inode SET nlink=4294967296 WHERE ino=9", ERRORS},
    {"UPDATE inode SET nlink=1 WHERE ino=2", ERRORS},
    {"UPDATE inode SET uid=-1 WHERE ino=9", ERRORS},
    {"UPDATE inode SET gid=4294967296 WHERE ino=9", ERRORS},
    {"UPDATE inode SET blocks=-1 WHERE ino=9", ERRORS},
    {"UPDATE inode SET target=NULL WHERE target IS NOT NULL", ERRORS},
    {"UPDATE inode SET target=zeroblob(9) WHERE target IS NOT NULL", ERRORS},
    {"UPDATE inode SET size=5000, target=randomblob(5000) WHERE target IS NOT NULL", ERRORS},
    {"UPDATE name SET name=x'2e' WHERE ino=9", ERRORS},
    {"UPDATE name SET name=x'2e2e' WHERE ino=9", ERRORS},
    {"UPDATE name SET name=x'2f6574632f706173737764' WHERE ino=9", ERRORS},
    {"UPDATE name SET name=x'610062' WHERE ino=9", ERRORS},
    {"UPDATE name SET name=x'' WHERE ino=9", ERRORS},
    {"UPDATE name SET name=randomblob(1000000) WHERE ino=9", ERRORS},
    {"INSERT INTO name VALUES(2, x'6c6f6f70', 2)", ERRORS},
    {"INSERT INTO name VALUES(2, x'6c6f6f70', 1)", ERRORS},
    {"INSERT INTO name SELECT 2, x'6c6f6f70', ino FROM inode WHERE mode=16832 AND ino>2 LIMIT 1",
     ERRORS},
    {"INSERT INTO name VALUES(2, x'6e6f6e65', 4242)", HARMLESS},
    {"INSERT INTO name VALUES(9, x'6e6f6e65', 10)", HARMLESS},
    {"UPDATE chunk SET data=randomblob(70000) WHERE id>>28=20", ERRORS},
    {"UPDATE chunk SET data=randomblob(3) WHERE id>>28=20", ERRORS},
    {"UPDATE chunk SET data=x'' WHERE id>>28=20", ERRORS},
    {"UPDATE chunk SET data=zeroblob(100000000) WHERE id>>28=20", ERRORS},
    {"UPDATE chunk SET id=id+1 WHERE id>>28=20", HARMLESS},
    {"UPDATE chunk SET id=(id&268435455)|(21<<28)|1 WHERE id>>28=20", HARMLESS},
    {"UPDATE xattr SET value=randomblob(80000)", ERRORS},
    {"UPDATE xattr SET value=x''", ERRORS},
    {"UPDATE xattr SET name=zeroblob(300) WHERE name=x'757365722e736d616c6c'", ERRORS},
    {"PRAGMA user_version=2", REFUSED},
    {"PRAGMA user_version=4", REFUSED},
    {"PRAGMA user_version=-1", REFUSED},
    {"PRAGMA application_id=0", REFUSED},
};

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *handle;
    if (sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, media_vfs(MEDIA_DISK)) ||
        sqlite3_exec(handle, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL) ||
        sqlite3_exec(handle, sql, NULL, NULL, NULL)) {
        printf("FAIL: %s: %s\n", sql, sqlite3_errmsg(handle));
        bad++;
    }
    sqlite3_close(handle);
}

/* The same once more, with everything written to. */
static void write_everywhere(const char *path)
{
    int error;
    struct superblock *super = imagefs_new(path, true, &error, message, sizeof(message));
    if (!super)
        return;
    struct path top = {.mount = NULL};
    struct mount *mount;
    if (mount_add(super, NULL, 0, &mount) == 0) {
        top = (struct path){mount, dentry_get(mount->root)};
        struct vfs_caller *c = vfs_kernel_caller();
        static const char *const names[] = {"folder-0",         "folder-0/file-9",
                                            "folder-0/loop",    "folder-0/loop/loop",
                                            "folder-0/file-20", "folder-1"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            struct file *file;
            if (vfs_open(c, &top, names[i], 1, 0, 0, &file) == 0) {
                file_write(file, "text", 4, NULL);
                file_put(file);
            }
            vfs_unlink(c, &top, names[i]);
            vfs_rmdir(c, &top, names[i]);
            vfs_rename(c, &top, names[i], &top, "folder-3/moved", 0);
        }
        super_sync(super);
    }
    imagefs_shutdown(message, sizeof(message));
}

static int rows(void)
{
    static struct content wanted, got;
    static const char image[] = "rows.img", work[] = "rows-work.img";
    const struct store_watch watch = {.report = ignore};
    size_t length;
    make(image);
    uint8_t *whole = load(image, &length);
    if (read_image(image, false, &wanted))
        die("the image itself", 0);
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        const char *sql = attacks[i].sql;
        save(work, whole, length);
        run_sql(work, sql);
        int found = store_check(work, &watch, message, sizeof(message));
        int error = read_image(work, true, &got);
        enum expected what = error ? REFUSED : got.errors ? ERRORS : HARMLESS;
        if (what != attacks[i].expected || found == 0) {
            printf("FAIL: %s: outcome %d, wanted %d; check %d %s\n", sql, what, attacks[i].expected,
                   found, message);
            bad++;
        }
        write_everywhere(work);
    }
    store_remove_files(image);
    store_remove_files(work);
    printf("%d hostile images\n", (int)(sizeof(attacks) / sizeof(attacks[0])));
    return bad;
}

/* --- formats --- */

static int same(const char *one, const char *other)
{
    static struct content a, b;
    int error = read_image(one, true, &a);
    if (!error)
        error = read_image(other, true, &b);
    if (error || a.errors || b.errors) {
        printf("FAIL: %s, %s: %d %s, %d and %d errors\n", one, other, error, message, a.errors,
               b.errors);
        return 1;
    }
    return compare(&a, &b);
}

/* An image of the older format, with so many megabytes. */
static int old(const char *path, int megabytes)
{
    static char sql[2000];
    struct store *store;
    char made[400];
    snprintf(made, sizeof(made), "%s-made", path);
    make(made);
    int error = store_open(made, false, &store, message, sizeof(message));
    for (int i = 0; i < megabytes && !error; i++) {
        struct store_batch *batch = store_batch_new();
        put_file(batch, STORE_ROOT, 1000 + (uint64_t)i, 1 << 20);
        error = store_submit(store, batch, false);
    }
    int closed = error ? 0 : store_close(store);
    if (error || closed)
        die(path, error);
    store_remove_files(path);
    snprintf(sql, sizeof(sql),
             "ATTACH '%s' AS made; PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL;"
             "PRAGMA application_id=%d; PRAGMA user_version=%d; BEGIN;",
             made, STORE_APPLICATION, STORE_FORMAT_BARE);
    sqlite3 *handle;
    error = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    sqlite3_stmt *statement;
    error = error ? error : sqlite3_exec(handle, sql, NULL, NULL, NULL);
    error = error ? error
                  : sqlite3_prepare_v2(handle, "SELECT sql FROM made.sqlite_schema ORDER BY rowid",
                                       -1, &statement, NULL);
    while (!error && sqlite3_step(statement) == SQLITE_ROW)
        error =
            sqlite3_exec(handle, (const char *)sqlite3_column_text(statement, 0), NULL, NULL, NULL);
    sqlite3_finalize(statement);
    error = error ? error
                  : sqlite3_exec(handle,
                                 "INSERT INTO inode SELECT * FROM made.inode;"
                                 "INSERT INTO name SELECT * FROM made.name;"
                                 "INSERT INTO chunk SELECT id, substr(data, 1, length(data) - 4) "
                                 "FROM made.chunk;"
                                 "INSERT INTO xattr SELECT ino, name, "
                                 "substr(value, 1, length(value) - 4) FROM made.xattr;"
                                 "COMMIT; DETACH made; PRAGMA journal_mode=WAL",
                                 NULL, NULL, NULL);
    if (error)
        printf("FAIL: %s\n", sqlite3_errmsg(handle));
    sqlite3_close(handle);
    store_remove_files(made);
    return error;
}

int main(int argc, char **argv)
{
    host_arguments(&argc, &argv);
    host_log_open("image_attack.log"); /* each damaged file has a line in it */
    const char *part = argc > 1 ? argv[1] : "";
    int status = 2;
    if (strcmp(part, "flips") == 0)
        status = flips(argc > 2 ? atoi(argv[2]) : 400, argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    else if (strcmp(part, "around") == 0)
        status = around(argc > 2 ? atoi(argv[2]) : 100, argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    else if (strcmp(part, "rescue") == 0)
        status = rescue(argc > 2 ? atoi(argv[2]) : 100, argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    else if (strcmp(part, "rows") == 0)
        status = rows();
    else if (strcmp(part, "same") == 0 && argc == 4)
        status = same(argv[2], argv[3]);
    else if (strcmp(part, "old") == 0 && argc == 4)
        status = old(argv[2], atoi(argv[3]));
    else if (strcmp(part, "sql") == 0 && argc == 4) {
        run_sql(argv[2], argv[3]);
        status = bad;
    }
    fflush(stdout);
    host_exit(status ? 1 : 0);
}
