/* Images that are damaged, not hostile: going on with them, and copying what can be read. */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/imagefs/imagefs.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/store/store_sql.h"
#include "runtime/fs/vfs/dentry.h"
#include "runtime/host/file.h"
#include "tests/image/victim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    struct superblock *super =
        imagefs_new(path, false, NULL, &error, attack_message, sizeof(attack_message));
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
        int error, at = content_find(got, path);
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
    if (content_read(image, true, &got)) {
        printf("wrong: cannot be opened any more: %s\n", attack_message);
        return 1;
    }
    struct superblock *super = open_top(image, &top);
    for (int i = 0; i < wanted->count; i++) {
        const char *path = wanted->entries[i].path;
        int at = content_find(&got, path);
        bool right;
        if (done[i] == REMOVED)
            right = at < 0;
        else if (done[i] == REWRITTEN)
            right = super && is_fresh(c, &top, path + 1);
        else
            right = done[i] == UNCERTAIN || !strstr(path, "/file-") ||
                    content_excuses(&got, path) ||
                    (at >= 0 && got.entries[at].sum == wanted->entries[i].sum);
        if (!right)
            printf("wrong: %s, %s\n", path,
                   done[i] == REMOVED     ? "removed"
                   : done[i] == REWRITTEN ? "rewritten"
                                          : "as it was");
        wrong += !right;
    }
    if (super)
        imagefs_shutdown(attack_message, sizeof(attack_message));
    return wrong;
}

int attack_around(int count, uint64_t seed)
{
    static struct content wanted, got;
    static char done[ENTRIES_MOST];
    static const char image[] = "around.img", work[] = "around-work.img";
    struct outcome out = {0};
    uint64_t state = seed;
    size_t length;
    int said = 0;
    victim_make(image);
    uint8_t *whole = attack_load(image, &length), *copy = malloc(length);
    if (content_read(image, false, &wanted) || wanted.errors)
        attack_die("the image itself", wanted.errors);
    for (int i = 0; i < count; i++) {
        struct path top = {0};
        uint64_t before = state;
        memcpy(copy, whole, length);
        attack_save(work, copy,
                    victim_damage(i % 10 < 6   ? FLIP
                                  : i % 10 < 8 ? SECTOR
                                               : ZEROS,
                                  copy, length, &state));
        struct superblock *super = content_read(work, true, &got) ? NULL : open_top(work, &top);
        if (!super) {
            out.refused++;
            continue;
        }
        change_files(&wanted, &got, done, &top, &out);
        /* What was only removed is known to be stored once this says so. */
        bool lost = imagefs_shutdown(attack_message, sizeof(attack_message)) != 0;
        said += lost;
        for (int at = 0; lost && at < wanted.count; at++)
            done[at] = done[at] == REMOVED ? UNCERTAIN : done[at];
        int wrong = judge(work, &wanted, done);
        if (wrong)
            printf("seed %llu, attack %d: %s\n", (unsigned long long)before, i, attack_message);
        attack_bad += wrong != 0;
    }
    printf(
        "%d damaged images: %d not opened for writing; of %d damaged files %d removed, %d written "
        "anew, %d neither; %d others changed; losses told at the end of %d; %d wrong\n",
        count, out.refused, out.damaged, out.removed, out.rewritten, out.kept_out, out.others, said,
        attack_bad);
    store_remove_files(image);
    store_remove_files(work);
    /* Most pages hold data: little may stay that can neither be removed nor written anew. */
    return attack_bad || out.removed == 0 || out.rewritten == 0;
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

/* Whether all that could be read of an image is in the one made of it, and the rest was told. */
static int judge_copy(const struct content *wanted, const char *damaged, const char *copy,
                      int *files)
{
    static struct content readable, got;
    const struct store_watch silent = {.report = attack_ignore};
    int wrong = 0, faults = store_check(copy, &silent, attack_message, sizeof(attack_message));
    if (content_read(copy, true, &got) || got.errors || faults) {
        printf("wrong: the copy has %d errors, %d faults: %s\n", got.errors, faults,
               attack_message);
        wrong++;
    }
    bool opens = content_read(damaged, true, &readable) == 0;
    for (int at = 0; at < wanted->count; at++) {
        const char *path = wanted->entries[at].path;
        int there = content_find(&got, path);
        bool is_file = strstr(path, "/file-") || strstr(path, "/link");
        bool same = there >= 0 && got.entries[there].sum == wanted->entries[at].sum;
        int before_it = opens ? content_find(&readable, path) : -1;
        *files += is_file && same;
        if (!is_file || same)
            continue;
        /* It is told, and nobody else can read it either. */
        if (!is_reported(path) || (before_it >= 0 && readable.entries[before_it].sum)) {
            printf("wrong: %s, reported %d\n", path, is_reported(path));
            wrong++;
        }
    }
    return wrong;
}

int attack_rescue(int count, uint64_t seed)
{
    static struct content wanted;
    static const char image[] = "rescue.img", work[] = "rescue-work.img", to[] = "rescued.img";
    const struct store_watch watch = {.report = note_loss};
    uint64_t state = seed;
    size_t length;
    int refused = 0, lost = 0, files = 0;
    victim_make(image);
    uint8_t *whole = attack_load(image, &length), *copy = malloc(length);
    if (content_read(image, false, &wanted) || wanted.errors)
        attack_die("the image itself", wanted.errors);
    for (int i = 0; i < count; i++) {
        int kind = i % 10 < 6 ? FLIP : SECTOR + i % 10 - 6;
        uint64_t before = state;
        memcpy(copy, whole, length);
        attack_save(work, copy, victim_damage(kind, copy, length, &state));
        store_remove_files(to);
        losses[0] = 0;
        int found = store_copy(work, to, &watch, attack_message, sizeof(attack_message));
        if (found < 0) {
            refused++;
            continue;
        }
        lost += found != 0;
        int wrong = judge_copy(&wanted, work, to, &files);
        if (wrong)
            printf("seed %llu, %s: %d losses:%s\n", (unsigned long long)before, damage_kinds[kind],
                   found, losses);
        attack_bad += wrong != 0;
    }
    printf("%d damaged images: %d could not be opened, %d copied with losses, %d files copied, %d "
           "wrong\n",
           count, refused, lost, files, attack_bad);
    store_remove_files(image);
    store_remove_files(work);
    store_remove_files(to);
    return attack_bad || refused;
}

/* --- repair --- */

/* Where the damage is, in turns: the first page, the pages' map, the list of free pages, anywhere
 * in what is used. */
enum { FIRST, MAP, FREE, ANYWHERE, TARGETS };

static void damage_page(uint8_t *data, int target, int kind, uint64_t *state)
{
    uint64_t page = target == FIRST  ? 1
                    : target == MAP  ? 2
                    : target == FREE ? victim_free_list(data)
                                     : 1 + victim_used_page(data, state);
    if (!page)
        attack_die("no free pages", 0);
    uint8_t *at = data + (page - 1) * STORE_PAGE_SIZE;
    size_t place = (size_t)(attack_random(state) % STORE_PAGE_SIZE);
    if (kind == FLIP)
        at[place] ^= (uint8_t)(1 << attack_random(state) % 8);
    else if (kind == ZEROS)
        memset(at, 0, STORE_PAGE_SIZE);
    else
        for (size_t i = 0; i < STORE_PAGE_SIZE; i++)
            at[i] = (uint8_t)attack_random(state);
}

/* The repaired image is worked with. */
static int change_repaired(const char *path)
{
    struct path top = {0};
    struct superblock *super = open_top(path, &top);
    if (!super)
        return 1;
    struct file *file;
    int error = vfs_open(vfs_kernel_caller(), &top, "new", L_O_WRONLY | L_O_CREAT, 0644, 0, &file);
    if (!error) {
        error = file_write(file, fresh, sizeof(fresh), NULL) != (int64_t)sizeof(fresh);
        file_put(file);
    }
    if (!error)
        error = !is_fresh(vfs_kernel_caller(), &top, "new");
    return imagefs_shutdown(attack_message, sizeof(attack_message)) != 0 || error;
}

static void remove_repaired(const char *work, const char *kept)
{
    store_remove_files(work);
    store_remove_files(kept);
}

int attack_repair(int count, uint64_t seed)
{
    static struct content wanted;
    static const char image[] = "repair.img", work[] = "repair-work.img";
    static const char kept[] = "repair-work.img-damaged";
    static const int ways[] = {FLIP, SECTOR, ZEROS};
    const struct store_watch watch = {.report = note_loss};
    uint64_t state = seed;
    size_t length, kept_length;
    int lost[TARGETS] = {0}, files = 0;
    victim_make(image);
    uint8_t *whole = attack_load(image, &length), *copy = malloc(length);
    if (content_read(image, false, &wanted) || wanted.errors)
        attack_die("the image itself", wanted.errors);
    for (int i = 0; i < count; i++) {
        int target = i % TARGETS, kind = ways[i / TARGETS % 3], wrong = 0;
        uint64_t before = state;
        memcpy(copy, whole, length);
        damage_page(copy, target, kind, &state);
        remove_repaired(work, kept);
        attack_save(work, copy, length);
        losses[0] = 0;
        int found = store_repair(work, &watch, attack_message, sizeof(attack_message));
        if (found < 0) {
            printf("wrong: not repaired: %s\n", attack_message);
            wrong++;
        } else {
            uint8_t *original = attack_load(kept, &kept_length);
            wrong += kept_length != length || memcmp(original, copy, length) != 0;
            free(original);
            wrong += judge_copy(&wanted, kept, work, &files) + change_repaired(work);
        }
        /* What only says where things are is made anew. */
        wrong += target != ANYWHERE && found != 0;
        lost[target] += found != 0;
        if (wrong)
            printf("seed %llu, target %d, %s: %d losses:%s\n", (unsigned long long)before, target,
                   damage_kinds[kind], found, losses);
        attack_bad += wrong != 0;
    }
    printf(
        "%d damaged images repaired: losses when the damage was in the first page, in the map of "
        "pages, in the list of free pages, anywhere: %d, %d, %d, %d; %d files; %d wrong\n",
        count, lost[FIRST], lost[MAP], lost[FREE], lost[ANYWHERE], files, attack_bad);
    store_remove_files(image);
    remove_repaired(work, kept);
    return attack_bad;
}
