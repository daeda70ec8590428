/*
 * Tar archives into a file system: ustar, pax headers (path, linkpath, size, mode, uid, gid, mtime,
 * SCHILY.xattr ignored) and GNU long names. Format: POSIX.1-2017 pax, "ustar Interchange Format"
 * and "pax Header Block"; the GNU types L and K as `info tar` describes them.
 */
#include "runtime/fs/tar/tar.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/tar/tar_header.h"
#include "runtime/host/file.h"
#include "runtime/host/time.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER     (1u << 20)
#define ID_MAX     (UINT32_MAX - 1) /* one more means no user */
#define HEADER_MAX (1u << 20)       /* of a pax header or a long name: hostile archives stop here */

/* Directories get their times last: what is put into them changes them. */
struct later {
    struct later *next;
    fs_time mtime;
    char name[];
};

struct tar {
    struct later *later;
    struct host_file *file;
    uint64_t pos; /* of the next record */
    uint8_t *buffer;
    uint64_t buffer_at;
    size_t buffer_used;
    char *message;
    size_t message_size;
    const char *host_path;
    struct mount *mount;
    struct path root;
    struct vfs_caller caller;
};

struct member {
    char name[PATH_LENGTH_MAX], link[PATH_LENGTH_MAX];
    uint64_t size;
    uint32_t mode, uid, gid, major, minor;
    fs_time mtime;
    char type;
};

/* Values of pax headers that hold for the next member (or, global, for all). */
struct overrides {
    char name[PATH_LENGTH_MAX], link[PATH_LENGTH_MAX];
    bool has_name, has_link, has_size, has_uid, has_gid, has_mtime;
    uint64_t size;
    uint32_t uid, gid;
    fs_time mtime;
};

static int complain(struct tar *tar, int error, const char *what)
{
    snprintf(tar->message, tar->message_size, "%s: %s (at byte %llu)", tar->host_path, what,
             (unsigned long long)tar->pos);
    return error;
}

/* n bytes at the position, not past it: a pointer that holds until the next call. NULL: short. */
static const uint8_t *look_ahead(struct tar *tar, size_t n)
{
    bool inside = tar->pos >= tar->buffer_at && tar->pos + n <= tar->buffer_at + tar->buffer_used;
    if (!inside) {
        int64_t got = host_file_read(tar->file, tar->buffer, BUFFER, tar->pos);
        tar->buffer_at = tar->pos;
        tar->buffer_used = got > 0 ? (size_t)got : 0;
        if (tar->buffer_used < n)
            return NULL;
    }
    return tar->buffer + (tar->pos - tar->buffer_at);
}

static uint64_t padded(uint64_t size)
{
    return (size + RECORD - 1) / RECORD * RECORD;
}

/* Octal, or base 256 when the top bit is set. */
static bool number(const uint8_t *field, size_t width, uint64_t *out)
{
    uint64_t value = 0;
    if (field[0] & 0x80) {
        for (size_t i = 1; i < width; i++) {
            if (value >> 56)
                return false;
            value = value << 8 | field[i];
        }
        *out = value;
        return (field[0] & 0x7f) == 0;
    }
    size_t i = 0;
    while (i < width && field[i] == ' ')
        i++;
    for (; i < width && field[i] >= '0' && field[i] <= '7'; i++)
        value = value * 8 + (uint64_t)(field[i] - '0');
    *out = value;
    return i == width || field[i] == 0 || field[i] == ' ';
}

static bool checksum_good(const uint8_t *header)
{
    uint64_t wanted;
    uint32_t sum = 0;
    if (!number(header + AT_SUM, ID_BYTES, &wanted))
        return false;
    for (uint32_t i = 0; i < RECORD; i++)
        sum += i >= AT_SUM && i < AT_TYPE ? ' ' : header[i];
    return sum == wanted;
}

static void text_field(const uint8_t *field, size_t width, char *out)
{
    size_t length = 0;
    while (length < width && field[length])
        length++;
    memcpy(out, field, length);
    out[length] = 0;
}

static bool parse(const uint8_t *header, struct member *m)
{
    uint64_t mode, uid, gid, size, mtime, major, minor;
    char prefix[PREFIX_BYTES + 1] = "", name[NAME_BYTES + 1];
    if (!number(header + AT_MODE, ID_BYTES, &mode) || !number(header + AT_UID, ID_BYTES, &uid) ||
        !number(header + AT_GID, ID_BYTES, &gid) || !number(header + AT_SIZE, SIZE_BYTES, &size) ||
        !number(header + AT_MTIME, TIME_BYTES, &mtime) ||
        !number(header + AT_MAJOR, ID_BYTES, &major) ||
        !number(header + AT_MINOR, ID_BYTES, &minor) || uid > ID_MAX || gid > ID_MAX)
        return false;
    text_field(header + AT_NAME, NAME_BYTES, name);
    text_field(header + AT_LINK, NAME_BYTES, m->link);
    if (memcmp(header + AT_MAGIC, "ustar\0", 6) == 0)
        text_field(header + AT_PREFIX, PREFIX_BYTES, prefix);
    snprintf(m->name, sizeof(m->name), "%s%s%s", prefix, prefix[0] ? "/" : "", name);
    m->size = size;
    m->mode = (uint32_t)mode & 07777;
    m->uid = (uint32_t)uid;
    m->gid = (uint32_t)gid;
    m->mtime = host_time_in_ns((int64_t)mtime, 0);
    m->major = (uint32_t)major;
    m->minor = (uint32_t)minor;
    m->type = header[AT_TYPE] ? (char)header[AT_TYPE] : '0';
    /* Before ustar a directory was a file whose name ends in a slash. */
    size_t length = strlen(m->name);
    if (m->type == '0' && length && m->name[length - 1] == '/')
        m->type = '5';
    return true;
}

/* The contents of a header member as a string; freed by the caller. */
static char *whole(struct tar *tar, uint64_t size)
{
    if (size > HEADER_MAX)
        return NULL;
    char *text = malloc((size_t)size + 1);
    if (!text)
        return NULL;
    if (host_file_read(tar->file, text, (size_t)size, tar->pos) != (int64_t)size) {
        free(text);
        return NULL;
    }
    text[size] = 0;
    tar->pos += padded(size);
    return text;
}

static fs_time decimal_time(const char *value)
{
    char *end;
    int64_t seconds = strtoll(value, &end, 10), ns = 0, scale = 100000000;
    if (*end == '.') {
        for (end++; *end >= '0' && *end <= '9' && scale; end++, scale /= 10)
            ns += (*end - '0') * scale;
    }
    return host_time_in_ns(seconds, value[0] == '-' ? -ns : ns);
}

static bool set_text(char *to, const char *value, size_t length)
{
    if (length >= PATH_LENGTH_MAX || memchr(value, 0, length))
        return false;
    memcpy(to, value, length);
    to[length] = 0;
    return true;
}

static bool decimal(const char *value, uint64_t most, uint64_t *out)
{
    uint64_t number = 0;
    const char *at = value;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (number > (most - (uint64_t)(*at - '0')) / 10)
            return false;
        number = number * 10 + (uint64_t)(*at - '0');
    }
    *out = number;
    return at != value && !*at;
}

static bool decimal_id(const char *value, uint32_t *out)
{
    uint64_t number;
    bool good = decimal(value, ID_MAX, &number);
    if (good)
        *out = (uint32_t)number;
    return good;
}

/* An empty value takes back what an earlier header of the same kind said. */
static bool apply_record(struct overrides *o, const char *key, const char *value, size_t length)
{
    bool there = length > 0;
    if (strcmp(key, "path") == 0)
        return set_text(o->name, value, length) && ((o->has_name = there) || true);
    if (strcmp(key, "linkpath") == 0)
        return set_text(o->link, value, length) && ((o->has_link = there) || true);
    if (strcmp(key, "size") == 0)
        return !(o->has_size = there) || decimal(value, INT64_MAX, &o->size);
    if (strcmp(key, "uid") == 0)
        return !(o->has_uid = there) || decimal_id(value, &o->uid);
    if (strcmp(key, "gid") == 0)
        return !(o->has_gid = there) || decimal_id(value, &o->gid);
    if (strcmp(key, "mtime") == 0 && (o->has_mtime = there))
        o->mtime = decimal_time(value);
    return true;
}

/* "length key=value\n" records. */
static bool pax_header(char *text, size_t size, struct overrides *o)
{
    size_t at = 0;
    while (at < size) {
        char *end;
        uint64_t length = strtoull(text + at, &end, 10);
        if (*end != ' ' || length == 0 || length > size - at || text[at + length - 1] != '\n')
            return false;
        char *key = end + 1, *stop = text + at + length - 1;
        char *equals = key < stop ? memchr(key, '=', (size_t)(stop - key)) : NULL;
        if (!equals)
            return false;
        *equals = *stop = 0;
        if (!apply_record(o, key, equals + 1, (size_t)(stop - equals - 1)))
            return false;
        at += (size_t)length;
    }
    return true;
}

static void override(struct member *m, const struct overrides *o)
{
    if (o->has_name)
        memcpy(m->name, o->name, sizeof(m->name));
    if (o->has_link)
        memcpy(m->link, o->link, sizeof(m->link));
    if (o->has_size)
        m->size = o->size;
    if (o->has_uid)
        m->uid = o->uid;
    if (o->has_gid)
        m->gid = o->gid;
    if (o->has_mtime)
        m->mtime = o->mtime;
}

/* "./a//b/" to "a/b". "" is the root itself. false: it climbs out with "..". */
static bool clean(char *name)
{
    char *to = name;
    const char *from = name;
    while (*from) {
        while (*from == '/')
            from++;
        const char *end = from;
        while (*end && *end != '/')
            end++;
        size_t length = (size_t)(end - from);
        if (length == 2 && from[0] == '.' && from[1] == '.')
            return false;
        if (length && !(length == 1 && from[0] == '.')) {
            if (to != name)
                *to++ = '/';
            memmove(to, from, length);
            to += length;
        }
        from = end;
    }
    *to = 0;
    return true;
}

/* Directories that the archive does not mention before what is in them: from one to the next, as a
 * walk from the top for each would take the square of their number. */
static int make_parents(struct tar *tar, const char *name)
{
    char part[NAME_LENGTH_MAX + 1];
    struct path at = path_get(tar->root), next;
    int error = 0;
    for (const char *slash; !error && (slash = strchr(name, '/')); name = slash + 1) {
        size_t length = (size_t)(slash - name);
        if (length > NAME_LENGTH_MAX) {
            error = -L_ENAMETOOLONG;
            break;
        }
        memcpy(part, name, length);
        part[length] = 0;
        error = vfs_mkdir(&tar->caller, &at, part, 0755);
        if (!error || error == -L_EEXIST)
            error = vfs_walk(&tar->caller, &at, part, WALK_FOLLOW | WALK_DIRECTORY, &next);
        if (!error) {
            path_put(at);
            at = next;
        }
    }
    path_put(at);
    return error;
}

static int copy_data(struct tar *tar, struct file *file, uint64_t size)
{
    uint64_t done = 0;
    while (done < size) {
        size_t piece = size - done > BUFFER ? BUFFER : (size_t)(size - done);
        const uint8_t *data = look_ahead(tar, piece);
        if (!data)
            return complain(tar, -L_EINVAL, "the archive ends in the middle of a file");
        int64_t put = file_write(file, data, piece, NULL);
        if (put != (int64_t)piece)
            return complain(tar, put < 0 ? (int)put : -L_ENOSPC, "no memory for the files in it");
        done += piece;
        tar->pos += piece;
    }
    tar->pos += padded(size) - size;
    return 0;
}

static int make_file(struct tar *tar, const struct member *m)
{
    struct file *file;
    int error = vfs_open(&tar->caller, &tar->root, m->name,
                         L_O_WRONLY | L_O_CREAT | L_O_TRUNC | L_O_NOFOLLOW, m->mode, 0, &file);
    if (error)
        return complain(tar, error, "a file in it cannot be made");
    error = copy_data(tar, file, m->size);
    file_put(file);
    return error;
}

static int make_link(struct tar *tar, struct member *m)
{
    struct path old;
    if (!clean(m->link))
        return complain(tar, -L_EINVAL, "a hard link in it leads out of the archive");
    int error = vfs_walk(&tar->caller, &tar->root, m->link, 0, &old);
    if (error)
        return complain(tar, error, "a hard link in it has no target");
    error = vfs_link(&tar->caller, old, &tar->root, m->name);
    path_put(old);
    return error ? complain(tar, error, "a hard link in it cannot be made") : 0;
}

static void remember(struct tar *tar, const struct member *m)
{
    struct later *later = malloc(sizeof(*later) + strlen(m->name) + 1);
    if (!later)
        return;
    later->mtime = m->mtime;
    strcpy(later->name, m->name);
    later->next = tar->later;
    tar->later = later;
}

static void set_remembered(struct tar *tar)
{
    while (tar->later) {
        struct later *later = tar->later;
        struct path path;
        tar->later = later->next;
        if (vfs_walk(&tar->caller, &tar->root, later->name, later->name[0] ? 0 : WALK_EMPTY,
                     &path) == 0) {
            vfs_utimes(&tar->caller, path, &later->mtime, &later->mtime, false);
            path_put(path);
        }
        free(later);
    }
}

static void set_attributes(struct tar *tar, const struct member *m)
{
    struct path path;
    if (m->type == '5')
        remember(tar, m);
    if (vfs_walk(&tar->caller, &tar->root, m->name, m->name[0] ? 0 : WALK_EMPTY, &path))
        return;
    vfs_chown(&tar->caller, path, m->uid, m->gid);
    if (m->type != '2')
        vfs_chmod(&tar->caller, path, m->mode);
    vfs_utimes(&tar->caller, path, &m->mtime, &m->mtime, false);
    path_put(path);
}

static int make_other(struct tar *tar, const struct member *m)
{
    uint32_t type = m->type == '3' ? L_S_IFCHR : m->type == '4' ? L_S_IFBLK : L_S_IFIFO;
    return vfs_mknod(&tar->caller, &tar->root, m->name, type | m->mode,
                     l_makedev(m->major, m->minor), NULL);
}

static int make_directory(struct tar *tar, const struct member *m)
{
    if (!m->name[0])
        return 0;
    int error = vfs_mkdir(&tar->caller, &tar->root, m->name, m->mode);
    if (error != -L_EEXIST)
        return error;
    struct path path;
    error = vfs_walk(&tar->caller, &tar->root, m->name, WALK_FOLLOW | WALK_DIRECTORY, &path);
    if (!error)
        path_put(path);
    return error;
}

static int unpack_member(struct tar *tar, struct member *m)
{
    if (!clean(m->name))
        return complain(tar, -L_EINVAL, "a name in it leads out of the archive");
    int error = make_parents(tar, m->name);
    if (error)
        return complain(tar, error, "a directory in it cannot be made");
    bool directory = m->type == '5';
    if (!directory && m->name[0]) {
        error = vfs_unlink(&tar->caller, &tar->root, m->name);
        if (error && error != -L_ENOENT)
            return complain(tar, error,
                            error == -L_EISDIR ? "a name in it is used twice"
                                               : "a name in it cannot be made");
    }
    switch (m->type) {
    case '0':
    case '7':
        error = make_file(tar, m);
        break;
    case '1':
        return make_link(tar, m);
    case '2':
        error = vfs_symlink(&tar->caller, m->link, &tar->root, m->name);
        break;
    case '3':
    case '4':
    case '6':
        error = make_other(tar, m);
        break;
    case '5':
        error = make_directory(tar, m);
        break;
    default:
        return complain(tar, -L_EINVAL, "it holds a kind of member that is not known");
    }
    if (error)
        return tar->message[0] ? error : complain(tar, error, "a member cannot be made");
    set_attributes(tar, m);
    return 0;
}

/* One header and what belongs to it. 1: the end of the archive. */
static int step(struct tar *tar, struct member *m, struct overrides *next, struct overrides *global)
{
    static const uint8_t zeros[RECORD];
    const uint8_t *header = look_ahead(tar, RECORD);
    if (!header)
        return complain(tar, -L_EINVAL, "the archive ends without its end mark");
    if (memcmp(header, zeros, RECORD) == 0)
        return 1;
    if (!checksum_good(header) || !parse(header, m))
        return complain(tar, -L_EINVAL,
                        tar->pos ? "the archive is damaged" : "is not a tar archive");
    tar->pos += RECORD;
    if (m->type == 'x' || m->type == 'g' || m->type == 'L' || m->type == 'K') {
        char *text = whole(tar, m->size);
        bool good = text != NULL;
        if (good && (m->type == 'x' || m->type == 'g'))
            good = pax_header(text, (size_t)m->size, m->type == 'x' ? next : global);
        else if (good && m->type == 'L')
            good = next->has_name = set_text(next->name, text, strlen(text));
        else if (good)
            good = next->has_link = set_text(next->link, text, strlen(text));
        free(text);
        return good ? 0 : complain(tar, -L_EINVAL, "an extended header is damaged");
    }
    override(m, global);
    override(m, next);
    memset(next, 0, sizeof(*next));
    if (m->type != '0' && m->type != '7' && m->size && m->type >= '1' && m->type <= '6')
        m->size = 0;
    return unpack_member(tar, m);
}

static int unpack_all(struct tar *tar)
{
    struct member *m = calloc(1, sizeof(*m));
    struct overrides *next = calloc(2, sizeof(*next));
    int error = m && next ? 0 : -L_ENOMEM;
    while (!error)
        error = step(tar, m, next, next + 1);
    set_remembered(tar);
    free(m);
    free(next);
    return error == 1 ? 0 : error;
}

int tar_unpack(const char *host_path, struct superblock *super, char *message, size_t size)
{
    struct tar tar = {.message = message, .message_size = size, .host_path = host_path};
    message[0] = 0;
    int error = host_file_open(host_path, HOST_FILE_READ, 0, &tar.file);
    if (error) {
        snprintf(message, size, "%s: cannot be opened", host_path);
        return error;
    }
    /* A mount of its own, attached nowhere, so that the ordinary operations work on it. */
    tar.buffer = malloc(BUFFER);
    tar.mount = mount_detached(super);
    tar.caller = *vfs_kernel_caller();
    if (!tar.caller.fs || !tar.buffer || !tar.mount) {
        error = -L_ENOMEM;
        snprintf(message, size, "%s: no memory", host_path);
    } else {
        tar.root = (struct path){tar.mount, super->root};
        tar.caller.fs = fs_context_copy(tar.caller.fs);
        if (tar.caller.fs) {
            fs_context_set_root(tar.caller.fs, tar.root);
            fs_context_set_cwd(tar.caller.fs, tar.root);
            error = unpack_all(&tar);
            fs_context_put(tar.caller.fs);
        }
    }
    if (tar.mount)
        mount_put(tar.mount);
    free(tar.buffer);
    host_file_close(tar.file);
    return error;
}
