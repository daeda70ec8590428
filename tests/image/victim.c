#include "tests/image/victim.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/imagefs/imagefs.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/store/store_sql.h"
#include "runtime/fs/vfs/dentry.h"
#include "runtime/host/env.h"
#include "runtime/host/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 20

char attack_message[5000];
int attack_bad;

void attack_die(const char *what, int error)
{
    printf("FAIL: %s: %d %s\n", what, error, attack_message);
    fflush(stdout);
    host_exit(1);
}

uint64_t attack_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t x = *state;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* --- files of the host --- */

uint8_t *attack_load(const char *path, size_t *length)
{
    struct host_stat stat;
    struct host_file *file;
    if (host_path_stat(path, &stat) || host_file_open(path, HOST_FILE_READ, 0, &file))
        attack_die(path, 0);
    uint8_t *data = malloc((size_t)stat.size + 1);
    *length = (size_t)stat.size;
    if (!data || host_file_read(file, data, *length, 0) != (int64_t)*length)
        attack_die(path, 1);
    host_file_close(file);
    return data;
}

void attack_save(const char *path, const uint8_t *data, size_t length)
{
    struct host_file *file;
    store_remove_files(path);
    if (host_file_open(path, HOST_FILE_WRITE | HOST_FILE_CREATE, 0644, &file) ||
        host_file_write(file, data, length, 0) != (int64_t)length)
        attack_die(path, 2);
    host_file_close(file);
}

/* --- what an image holds --- */

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
    imagefs_shutdown(attack_message, sizeof(attack_message));
    super_put(super);
}

int content_read(const char *path, bool read_only, struct content *content)
{
    int error;
    memset(content, 0, sizeof(*content));
    struct superblock *super =
        imagefs_new(path, read_only, NULL, &error, attack_message, sizeof(attack_message));
    if (!super)
        return error;
    struct inode *root = inode_find(super, STORE_ROOT);
    look(content, root, "", 0);
    inode_put(root);
    close_image(super);
    return 0;
}

int content_find(const struct content *content, const char *path)
{
    for (int i = 0; i < content->count; i++)
        if (strcmp(content->entries[i].path, path) == 0)
            return i;
    return -1;
}

bool content_excuses(const struct content *content, const char *path)
{
    char above[200];
    snprintf(above, sizeof(above), "%s", path);
    for (;;) {
        int at = content_find(content, above);
        if (at >= 0 && !content->entries[at].sum)
            return true;
        char *slash = strrchr(above, '/');
        if (!slash)
            return false;
        *slash = 0;
    }
}

int content_compare(const struct content *wanted, const struct content *got)
{
    int wrong = 0;
    for (int i = 0; i < wanted->count; i++) {
        const char *path = wanted->entries[i].path;
        int at = content_find(got, path);
        if ((at < 0 || got->entries[at].sum != wanted->entries[i].sum) &&
            !content_excuses(got, path)) {
            printf("wrong: %s\n", path);
            wrong++;
        }
    }
    for (int i = 0; i < got->count; i++) {
        if (content_find(wanted, got->entries[i].path) < 0) {
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

static size_t file_name(uint64_t ino, char name[40])
{
    return (size_t)snprintf(name, 40, "file-%d", (int)ino);
}

void victim_put_file(struct store_batch *batch, uint64_t dir, uint64_t ino, uint64_t size)
{
    static uint8_t data[STORE_CHUNK_SIZE];
    char name[40];
    uint64_t state = ino;
    size_t length = file_name(ino, name);
    put_inode(batch, ino, L_S_IFREG | 0644, 1, size);
    store_put_name(batch, dir, name, length, ino);
    for (uint64_t at = 0; at < size; at += STORE_CHUNK_SIZE) {
        size_t part = size - at < STORE_CHUNK_SIZE ? (size_t)(size - at) : STORE_CHUNK_SIZE;
        for (size_t i = 0; i < part; i++)
            data[i] = (uint8_t)(attack_random(&state) | 1);
        store_put_chunk(batch, ino, at >> STORE_CHUNK_SHIFT, data, part);
    }
}

/* Leaves free pages behind. */
static int remove_file(struct store *store, uint64_t ino)
{
    char name[40];
    struct store_batch *batch = store_batch_new();
    store_remove_name(batch, STORE_ROOT, name, file_name(ino, name));
    store_remove_inode(batch, ino);
    return store_submit(store, batch, false);
}

void victim_make(const char *path)
{
    static char value[20000];
    struct store *store;
    store_remove_files(path);
    int error = store_create(path, attack_message, sizeof(attack_message));
    if (!error)
        error = store_open(path, false, NULL, &store, attack_message, sizeof(attack_message));
    if (error)
        attack_die("making an image", error);
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
            victim_put_file(batch, dir, ino, (uint64_t)file * (uint64_t)file * 3);
        victim_put_file(batch, dir, ino++, 150000 + (uint64_t)folder);
        put_inode(batch, ino, L_S_IFLNK | 0777, 1, 9);
        store_put_target(batch, ino, "../file-7", 9);
        store_put_name(batch, dir, "link", 4, ino++);
        memset(value, 'a' + folder, sizeof(value));
        store_put_xattr(batch, dir, "user.large", value, sizeof(value));
        store_put_xattr(batch, dir, "user.small", "x", 1);
    }
    const uint64_t gone = ino;
    victim_put_file(batch, STORE_ROOT, gone, 150000);
    error = store_submit(store, batch, false);
    if (!error)
        error = store_commit(store);
    if (!error)
        error = remove_file(store, gone);
    int closed = store_close(store);
    if (error || closed)
        attack_die("filling an image", error ? error : closed);
}

/* --- damage --- */

const char *const damage_kinds[KINDS] = {"bit", "sector", "page of zeros", "pages swapped", "cut"};

static void swap_pages(uint8_t *data, size_t a, size_t b)
{
    uint8_t page[STORE_PAGE_SIZE];
    memcpy(page, data + a * STORE_PAGE_SIZE, STORE_PAGE_SIZE);
    memcpy(data + a * STORE_PAGE_SIZE, data + b * STORE_PAGE_SIZE, STORE_PAGE_SIZE);
    memcpy(data + b * STORE_PAGE_SIZE, page, STORE_PAGE_SIZE);
}

/* The format of SQLite's files, 1.3 and 1.5. */
static uint64_t number_at(const uint8_t *at)
{
    return (uint64_t)at[0] << 24 | (uint64_t)at[1] << 16 | (uint64_t)at[2] << 8 | at[3];
}

static const uint8_t *page_at(const uint8_t *data, uint64_t number)
{
    return data + (number - 1) * STORE_PAGE_SIZE;
}

uint64_t victim_free_list(const uint8_t *data)
{
    return number_at(data + 32);
}

/* The list's trunks say which pages are free, and are in use themselves. */
static bool is_free(const uint8_t *data, uint64_t number)
{
    for (uint64_t trunk = victim_free_list(data); trunk;) {
        const uint8_t *at = page_at(data, trunk);
        uint64_t leaves = number_at(at + 4);
        for (uint64_t i = 0; i < leaves; i++)
            if (number_at(at + 8 + 4 * i) == number)
                return true;
        trunk = number_at(at);
    }
    return false;
}

size_t victim_used_page(const uint8_t *data, uint64_t *state)
{
    uint64_t pages = number_at(data + 28), page;
    do
        page = attack_random(state) % pages;
    while (is_free(data, page + 1));
    return (size_t)page;
}

size_t victim_damage(int kind, uint8_t *data, size_t length, uint64_t *state)
{
    size_t page = victim_used_page(data, state);
    size_t at = page * STORE_PAGE_SIZE + (size_t)(attack_random(state) % STORE_PAGE_SIZE);
    switch (kind) {
    case FLIP:
        data[at] ^= (uint8_t)(1 << attack_random(state) % 8);
        break;
    case SECTOR:
        at = at / 512 * 512;
        for (size_t i = 0; i < 512; i++)
            data[at + i] = (uint8_t)attack_random(state);
        break;
    case ZEROS:
        memset(data + page * STORE_PAGE_SIZE, 0, STORE_PAGE_SIZE);
        break;
    case SWAP:
        swap_pages(data, page, victim_used_page(data, state));
        break;
    default:
        return at;
    }
    return length;
}

void attack_ignore(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}
