/*
 * A file system as a tar archive: ustar headers, with pax headers for what does not fit them and
 * for times to the nanosecond. Format: POSIX.1-2017 pax, "ustar Interchange Format". The second
 * name of a file becomes a link to the first one written. Sockets have no place in an archive and
 * are left out, extended attributes likewise.
 */
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/tar/tar.h"
#include "runtime/fs/tar/tar_header.h"
#include "runtime/host/errno_names.h"
#include "runtime/host/file.h"
#include "runtime/host/hash.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE      (256u << 10)
#define SEEN_START 1024u

struct name {
    struct name *next;
    char text[];
};

/* The first name of a file with several links. */
struct seen {
    uint64_t ino;
    char *name;
};

struct pack {
    struct host_file *file;
    uint64_t pos;
    uint8_t *buffer;
    struct vfs_caller caller;
    struct path root;
    struct seen *seen; /* open addressing, a power of two */
    size_t seen_size, seen_count;
    char failing[PATH_LENGTH_MAX];
    void (*lost)(void *arg, const char *line); /* told of what cannot be read */
    void *arg;
    int losses;
    bool unwritable; /* the failure is the archive's */
};

static int put_bytes(struct pack *pack, const void *data, size_t length)
{
    int64_t done = host_file_write(pack->file, data, length, pack->pos);
    pack->unwritable |= done != (int64_t)length;
    if (done < 0)
        return (int)done;
    if ((size_t)done < length)
        return -L_ENOSPC;
    pack->pos += length;
    return 0;
}

static int pad(struct pack *pack, uint64_t unit)
{
    static const uint8_t zeros[RECORD];
    int error = 0;
    while (!error && pack->pos % unit) {
        uint64_t rest = unit - pack->pos % unit;
        error = put_bytes(pack, zeros, rest < RECORD ? (size_t)rest : RECORD);
    }
    return error;
}

/* --- headers --- */

static void octal(uint8_t *field, size_t width, uint64_t value)
{
    field[width - 1] = 0;
    for (size_t i = width - 1; i-- > 0; value >>= 3)
        field[i] = (uint8_t)('0' + (value & 7));
}

static bool fits_octal(uint64_t value, size_t width)
{
    return value >> (3 * (width - 1)) == 0;
}

static int put_header(struct pack *pack, const char *name, const char *link, char type,
                      const struct kstat *stat, uint64_t size)
{
    uint8_t header[RECORD] = {0};
    uint32_t sum = 0;
    int64_t seconds = stat->mtime / 1000000000;
    memcpy(header + AT_NAME, name, strnlen(name, NAME_BYTES));
    octal(header + AT_MODE, ID_BYTES, stat->mode & 07777);
    octal(header + AT_UID, ID_BYTES, fits_octal(stat->uid, ID_BYTES) ? stat->uid : 0);
    octal(header + AT_GID, ID_BYTES, fits_octal(stat->gid, ID_BYTES) ? stat->gid : 0);
    octal(header + AT_SIZE, SIZE_BYTES, fits_octal(size, SIZE_BYTES) ? size : 0);
    octal(header + AT_MTIME, TIME_BYTES, seconds > 0 ? (uint64_t)seconds : 0);
    memset(header + AT_SUM, ' ', ID_BYTES);
    header[AT_TYPE] = (uint8_t)type;
    memcpy(header + AT_LINK, link, strnlen(link, NAME_BYTES));
    memcpy(header + AT_MAGIC, "ustar\00000", 8);
    octal(header + AT_MAJOR, ID_BYTES, l_major(stat->rdev));
    octal(header + AT_MINOR, ID_BYTES, l_minor(stat->rdev));
    for (size_t i = 0; i < RECORD; i++)
        sum += header[i];
    octal(header + AT_SUM, ID_BYTES - 1, sum);
    return put_bytes(pack, header, RECORD);
}

/* One "length key=value\n" of a pax header, whose length counts itself. */
static size_t pax_line(char *out, size_t size, const char *key, const char *value)
{
    size_t body = strlen(key) + strlen(value) + 3, length = body + 1, digits = 1;
    for (;;) {
        char text[24];
        digits = (size_t)snprintf(text, sizeof(text), "%zu", length);
        if (body + digits == length)
            break;
        length = body + digits;
    }
    snprintf(out, size, "%zu %s=%s\n", length, key, value);
    return length;
}

static size_t pax_number(char *out, size_t size, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    return pax_line(out, size, key, text);
}

static size_t pax_time(char *out, size_t size, const char *key, fs_time time)
{
    char text[40];
    fs_time rest = time % 1000000000, seconds = time / 1000000000;
    /* Before 1970 the number as a whole is negative. */
    snprintf(text, sizeof(text), "%s%lld.%09lld", time < 0 && seconds == 0 ? "-" : "",
             (long long)seconds, (long long)(rest < 0 ? -rest : rest));
    return pax_line(out, size, key, text);
}

static int put_member(struct pack *pack, const char *name, const char *link, char type,
                      const struct kstat *stat, uint64_t size)
{
    static const size_t most = 3 * PATH_LENGTH_MAX;
    char *pax = malloc(most);
    size_t used = 0;
    if (!pax)
        return -L_ENOMEM;
    if (strlen(name) > NAME_BYTES)
        used += pax_line(pax + used, most - used, "path", name);
    if (strlen(link) > NAME_BYTES)
        used += pax_line(pax + used, most - used, "linkpath", link);
    if (!fits_octal(stat->uid, ID_BYTES))
        used += pax_number(pax + used, most - used, "uid", stat->uid);
    if (!fits_octal(stat->gid, ID_BYTES))
        used += pax_number(pax + used, most - used, "gid", stat->gid);
    if (!fits_octal(size, SIZE_BYTES))
        used += pax_number(pax + used, most - used, "size", size);
    if (stat->mtime % 1000000000 || stat->mtime < 0)
        used += pax_time(pax + used, most - used, "mtime", stat->mtime);
    int error = 0;
    if (used) {
        error = put_header(pack, "././@PaxHeader", "", 'x', stat, used);
        if (!error)
            error = put_bytes(pack, pax, used);
        if (!error)
            error = pad(pack, RECORD);
    }
    free(pax);
    return error ? error : put_header(pack, name, link, type, stat, size);
}

/* --- several names of one file --- */

static struct seen *seen_slot(struct seen *table, size_t size, uint64_t ino)
{
    size_t i = (size_t)(ino * HASH_FACTOR >> 32) & (size - 1);
    while (table[i].name && table[i].ino != ino)
        i = (i + 1) & (size - 1);
    return &table[i];
}

/* The name under which a file was written already, or NULL. */
static const char *first_name(const struct pack *pack, uint64_t ino)
{
    return pack->seen_size ? seen_slot(pack->seen, pack->seen_size, ino)->name : NULL;
}

static int note_name(struct pack *pack, uint64_t ino, const char *name)
{
    if (pack->seen_count * 2 >= pack->seen_size) {
        size_t size = pack->seen_size ? pack->seen_size * 2 : SEEN_START;
        struct seen *table = calloc(size, sizeof(*table));
        if (!table)
            return -L_ENOMEM;
        for (size_t i = 0; i < pack->seen_size; i++) {
            if (pack->seen[i].name)
                *seen_slot(table, size, pack->seen[i].ino) = pack->seen[i];
        }
        free(pack->seen);
        pack->seen = table;
        pack->seen_size = size;
    }
    struct seen *slot = seen_slot(pack->seen, pack->seen_size, ino);
    slot->name = strdup(name);
    if (!slot->name)
        return -L_ENOMEM;
    slot->ino = ino;
    pack->seen_count++;
    return 0;
}

/* --- members --- */

static int put_data(struct pack *pack, struct path path, uint64_t size)
{
    struct file *file;
    uint64_t pos = 0;
    int error = vfs_open_path(&pack->caller, path, L_O_RDONLY, &file);
    while (!error && pos < size) {
        size_t want = size - pos < PIECE ? (size_t)(size - pos) : PIECE;
        int64_t got = file_read(file, pack->buffer, want, &pos);
        if (got <= 0)
            error = got < 0 ? (int)got : -L_EIO;
        else
            error = put_bytes(pack, pack->buffer, (size_t)got);
    }
    if (!error || pos)
        file_put(file);
    return error ? error : pad(pack, RECORD);
}

/* A file's first name. */
static int put_first(struct pack *pack, const char *name, struct path path,
                     const struct kstat *stat)
{
    char target[PATH_LENGTH_MAX] = "";
    int error;
    switch (stat->mode & L_S_IFMT) {
    case L_S_IFREG:
        error = put_member(pack, name, "", '0', stat, stat->size);
        return error ? error : put_data(pack, path, stat->size);
    case L_S_IFLNK:
        error = vfs_readlink(path, target, sizeof(target) - 1);
        if (error < 0)
            return error;
        target[error] = 0;
        return put_member(pack, name, target, '2', stat, 0);
    case L_S_IFCHR:
        return put_member(pack, name, "", '3', stat, 0);
    case L_S_IFBLK:
        return put_member(pack, name, "", '4', stat, 0);
    case L_S_IFDIR:
        return put_member(pack, name, "", '5', stat, 0);
    case L_S_IFIFO:
        return put_member(pack, name, "", '6', stat, 0);
    default:
        return 0;
    }
}

static int put_inode(struct pack *pack, const char *name, struct path path)
{
    struct kstat stat;
    int error = vfs_stat(path, &stat);
    if (error)
        return error;
    bool linked = (stat.mode & L_S_IFMT) != L_S_IFDIR && stat.nlink > 1;
    const char *first = linked ? first_name(pack, stat.ino) : NULL;
    if (first)
        return put_member(pack, name, first, '1', &stat, 0);
    error = put_first(pack, name, path, &stat);
    return error || !linked ? error : note_name(pack, stat.ino, name);
}

struct listing {
    const char *directory;
    struct name *first, **last;
    bool failed;
};

static bool list_name(void *arg, const char *name, size_t length, uint64_t ino, uint32_t type,
                      uint64_t cookie)
{
    struct listing *listing = arg;
    size_t before = strlen(listing->directory);
    struct name *entry = malloc(sizeof(*entry) + before + length + 2);
    (void)ino;
    (void)type;
    (void)cookie;
    if (!entry) {
        listing->failed = true;
        return false;
    }
    memcpy(entry->text, listing->directory, before);
    memcpy(entry->text + before, name, length);
    entry->text[before + length] = 0;
    entry->next = NULL;
    *listing->last = entry;
    listing->last = &entry->next;
    return true;
}

/* The names in a directory; directory ends in a slash or is empty. */
static int list(struct inode *dir, const char *directory, struct name **out)
{
    struct listing listing = {.directory = directory};
    listing.last = &listing.first;
    host_mutex_lock(&dir->lock);
    int error = dir->ops->readdir(dir, 0, list_name, &listing);
    host_mutex_unlock(&dir->lock);
    *out = listing.first;
    return error ? error : listing.failed ? -L_ENOMEM : 0;
}

/* What cannot be read of an image is told and left out; other errors end the work. */
static int unread(struct pack *pack, const char *name, const char *what, int error)
{
    char line[PATH_LENGTH_MAX + 100];
    if (error != -L_EIO || pack->unwritable)
        return error;
    snprintf(line, sizeof(line), "/%s: %s", name, what);
    pack->losses++;
    pack->lost(pack->arg, line);
    return 0;
}

/* Writes one name; the names below it, if it is a directory, in *below. */
static int visit(struct pack *pack, const char *name, struct name **below)
{
    char slashed[PATH_LENGTH_MAX];
    struct path path;
    *below = NULL;
    if (strlen(name) + 2 > sizeof(slashed))
        return -L_ENAMETOOLONG;
    uint64_t start = pack->pos;
    int error = vfs_walk(&pack->caller, &pack->root, name, 0, &path);
    if (error)
        return unread(pack, name, "is damaged", error);
    struct inode *inode = path.dentry->inode;
    bool directory = (inode->mode & L_S_IFMT) == L_S_IFDIR;
    snprintf(slashed, sizeof(slashed), directory ? "%s/" : "%s", name);
    error = put_inode(pack, slashed, path);
    if (error) {
        error = unread(pack, name, "is damaged", error);
        pack->pos = start; /* nothing of it is in the archive */
    } else if (directory) {
        error = unread(pack, name, "names in it are damaged", list(inode, slashed, below));
    }
    path_put(path);
    return error;
}

/* Every name, parents before what is in them. A list instead of recursion: trees may be deep. */
static int put_tree(struct pack *pack)
{
    struct name *todo = NULL;
    int error = put_inode(pack, "./", pack->root);
    if (!error)
        error =
            unread(pack, "", "names in it are damaged", list(pack->root.dentry->inode, "", &todo));
    if (error)
        return error;
    while (todo) {
        struct name *entry = todo, *below = NULL;
        todo = entry->next;
        if (!error) {
            error = visit(pack, entry->text, &below);
            if (error)
                snprintf(pack->failing, sizeof(pack->failing), "%s", entry->text);
        }
        free(entry);
        if (below) {
            struct name *last = below;
            while (last->next)
                last = last->next;
            last->next = todo;
            todo = below;
        }
    }
    return error;
}

int tar_pack(const char *host_path, struct superblock *super,
             void (*lost)(void *arg, const char *line), void *arg, char *message, size_t size)
{
    struct pack pack = {.caller = *vfs_kernel_caller(), .lost = lost, .arg = arg};
    struct fs_context *own = NULL;
    struct mount *mount;
    int error = host_file_open(host_path, HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE,
                               0644, &pack.file);
    if (error) {
        snprintf(message, size, "%s: %s", host_path,
                 error == -L_EEXIST ? "exists already" : "cannot be made");
        return error;
    }
    pack.buffer = malloc(PIECE);
    mount = pack.buffer ? mount_detached(super) : NULL;
    error = mount ? 0 : -L_ENOMEM;
    if (!error) {
        pack.root = (struct path){mount, dentry_get(mount->root)};
        /* Nothing outside the archive's root can be reached. */
        own = fs_context_copy(pack.caller.fs);
        pack.caller.fs = own;
        error = own ? 0 : -L_ENOMEM;
        if (own) {
            fs_context_set_root(own, pack.root);
            fs_context_set_cwd(own, pack.root);
            error = put_tree(&pack);
            fs_context_put(own);
        }
        path_put(pack.root);
    }
    if (!error)
        error = put_bytes(&pack, (uint8_t[2 * RECORD]){0}, 2 * RECORD);
    if (!error)
        error = pad(&pack, 20 * RECORD);
    /* The last file may have been taken back. */
    if (!error)
        error = host_file_truncate(pack.file, pack.pos);
    host_file_close(pack.file);
    for (size_t i = 0; i < pack.seen_size; i++)
        free(pack.seen[i].name);
    free(pack.seen);
    free(pack.buffer);
    if (error) {
        snprintf(message, size, "%s: cannot be written%s%s: %s", host_path,
                 pack.failing[0] ? " at " : "", pack.failing, errno_text(-error));
        host_path_unlink(host_path);
    }
    return error ? error : pack.losses;
}
