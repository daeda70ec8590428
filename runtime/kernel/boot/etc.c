/* Names of this machine and of others. */
#include "runtime/kernel/boot/etc.h"

#include <stdio.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/vfs/file.h"
#include "runtime/host/errno_names.h"
#include "runtime/host/heap.h"
#include "runtime/host/lock.h"
#include "runtime/host/log.h"
#include "runtime/host/network.h"
#include "runtime/kernel/boot/mounts.h"
#include "runtime/task/system.h"

#define HOSTNAME    "/etc/hostname"
#define HOSTS       "/etc/hosts"
#define RESOLVER    "/etc/resolv.conf"
#define OWN_PLACE   "/run/foreland/resolv.conf"
#define OWN_LINK    "../run/foreland/resolv.conf"
#define HOSTS_MARK  "\t# kept by Foreland"
#define FILE_MOST   ((size_t)1 << 20)
#define NO_RESOLVER "# no name server is known\n"

/* --- files --- */

/* The whole of a file, ended by NUL; freed by the caller. NULL with the errno in *error. */
static char *read_whole(const char *name, int *error)
{
    struct file *file;
    char *text = NULL;
    *error = vfs_open(vfs_kernel_caller(), NULL, name, L_O_RDONLY | L_O_NONBLOCK, 0, 0, &file);
    if (*error)
        return NULL;
    uint64_t size = atomic_load(&file->inode->size);
    *error = size > FILE_MOST ? -L_EFBIG : -L_ENOMEM;
    if (size <= FILE_MOST)
        text = malloc(size + 1);
    int64_t got = text ? file_read(file, text, size, NULL) : 0;
    file_put(file);
    if (text)
        text[got > 0 ? got : 0] = 0;
    return text;
}

/* Nobody sees half of it. */
static int write_whole(const char *name, const char *text)
{
    char beside[PATH_LENGTH_MAX];
    struct file *file;
    size_t n = strlen(text);
    if ((size_t)snprintf(beside, sizeof(beside), "%s.new", name) >= sizeof(beside))
        return -L_ENAMETOOLONG;
    int error = vfs_open(vfs_kernel_caller(), NULL, beside,
                         L_O_WRONLY | L_O_CREAT | L_O_TRUNC | L_O_NOFOLLOW, 0644, 0, &file);
    if (error)
        return error;
    int64_t wrote = n ? file_write(file, text, n, NULL) : 0;
    file_put(file);
    error = wrote == (int64_t)n ? 0 : wrote < 0 ? (int)wrote : -L_ENOSPC;
    if (!error)
        error = vfs_rename(vfs_kernel_caller(), NULL, beside, NULL, name, 0);
    if (error)
        vfs_unlink(vfs_kernel_caller(), NULL, beside);
    return error;
}

static void write_or_say(const char *name, const char *text)
{
    int error = write_whole(name, text);
    if (error && error != -L_ENOENT) /* a root without /etc */
        host_log("%s: cannot be written: %s", name, errno_text(-error));
}

/* --- the name of this machine --- */

/* The first line of /etc/hostname that is no comment (hostname(5)). */
static void take_name(void)
{
    char name[SYSTEM_NAME_SIZE] = {0};
    int error;
    char *text = read_whole(HOSTNAME, &error);
    for (const char *at = text; at && *at;) {
        size_t n = strcspn(at, "\n"), length = strcspn(at, " \t\r\n#");
        if (length && length < sizeof(name)) {
            memcpy(name, at, length);
            system_set_host(name);
            break;
        }
        at += n + (at[n] != 0);
    }
    free(text);
}

static bool names_host(const char *line, size_t n, const char *name)
{
    size_t length = strlen(name), end = 0;
    while (end < n && line[end] != '#')
        end++;
    for (size_t at = 0; at < end;) {
        size_t word = strcspn(line + at, " \t\r\n#");
        if (at && word == length && !memcmp(line + at, name, length))
            return true;
        at += word;
        while (at < end && strchr(" \t\r", line[at]))
            at++;
    }
    return false;
}

/* /etc/hosts with one marked line at most; NULL: nothing to change, or no memory. */
static char *hosts_with(const char *old, const char *name)
{
    size_t size = strlen(old) + strlen(name) + 64, used = 0;
    char *text = malloc(size);
    if (!text)
        return NULL;
    for (const char *at = old; *at;) {
        size_t n = strcspn(at, "\n"), mark = strlen(HOSTS_MARK);
        bool marked = n > mark && !memcmp(at + n - mark, HOSTS_MARK, mark);
        if (names_host(at, n, name)) {
            free(text);
            return NULL;
        }
        if (!marked) {
            memcpy(text + used, at, n);
            used += n;
            text[used++] = '\n';
        }
        at += n + (at[n] != 0);
    }
    snprintf(text + used, size - used, "127.0.1.1\t%s" HOSTS_MARK "\n", name);
    return text;
}

static void enter_host(void)
{
    struct l_utsname name;
    int error;
    system_name(&name);
    char *old = read_whole(HOSTS, &error);
    if (!old && error != -L_ENOENT)
        return;
    char *text = hosts_with(old ? old : "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n",
                            name.nodename);
    if (text)
        write_or_say(HOSTS, text);
    free(text);
    free(old);
}

/* --- name servers --- */

static struct host_mutex resolver_lock = HOST_MUTEX_INIT(RANK_RESOLVER);
/* Under it: where the file is ("": nowhere), and what was written there. */
static char resolver_place[PATH_LENGTH_MAX], *resolver_written;

static bool is_nothing(const char *text)
{
    return text[strspn(text, " \t\r\n")] == 0;
}

/* In a root of our own, a link where there is nothing. */
static void make_link(void)
{
    struct path path;
    int error = vfs_walk(vfs_kernel_caller(), NULL, RESOLVER, 0, &path);
    if (!error) {
        bool regular = (path.dentry->inode->mode & L_S_IFMT) == L_S_IFREG;
        path_put(path);
        char *text = regular ? read_whole(RESOLVER, &error) : NULL;
        bool nothing = text && is_nothing(text);
        free(text);
        if (!nothing)
            return;
        vfs_unlink(vfs_kernel_caller(), NULL, RESOLVER);
    } else if (error != -L_ENOENT) {
        return;
    }
    error = vfs_symlink(vfs_kernel_caller(), OWN_LINK, NULL, RESOLVER);
    if (error && error != -L_ENOENT)
        host_log("%s: cannot be made: %s", RESOLVER, errno_text(-error));
}

/* Without "." and "..", from / on. */
static void make_plain(char *path)
{
    size_t used = 0;
    for (const char *at = path; *at;) {
        at += strspn(at, "/");
        size_t n = strcspn(at, "/");
        if (n == 2 && !memcmp(at, "..", 2)) {
            while (used && path[--used] != '/')
                ;
        } else if (n && !(n == 1 && at[0] == '.')) {
            path[used++] = '/';
            memmove(path + used, at, n);
            used += n;
        }
        at += n;
    }
    path[used] = 0;
}

/* Where the link leads, when that is in /run. */
static bool find_place(char *place)
{
    struct path path;
    char target[PATH_LENGTH_MAX];
    if (vfs_walk(vfs_kernel_caller(), NULL, RESOLVER, 0, &path))
        return false;
    bool link = (path.dentry->inode->mode & L_S_IFMT) == L_S_IFLNK;
    int n = link ? vfs_readlink(path, target, sizeof(target) - 1) : -1;
    path_put(path);
    if (n <= 0)
        return false;
    target[n] = 0;
    n = snprintf(place, PATH_LENGTH_MAX, "%s%s", target[0] == '/' ? "" : "/etc/", target);
    if (n >= PATH_LENGTH_MAX)
        return false;
    make_plain(place);
    if (!strncmp(place, "/var/run/", 9)) /* a link to /run everywhere */
        memmove(place, place + 4, strlen(place + 4) + 1);
    return !strncmp(place, "/run/", 5);
}

/* resolver_lock held. Whether the file is still what was written last. */
static bool is_ours(void)
{
    int error;
    char *now = read_whole(resolver_place, &error);
    bool ours = !resolver_written || error == -L_ENOENT || (now && !strcmp(now, resolver_written));
    free(now);
    return ours;
}

static void write_resolver(char *text)
{
    host_mutex_lock(&resolver_lock);
    bool same = resolver_written && text && !strcmp(text, resolver_written);
    if (text && !same && is_ours()) {
        write_or_say(resolver_place, text);
        free(resolver_written);
        resolver_written = text;
        text = NULL;
    }
    host_mutex_unlock(&resolver_lock);
    free(text);
}

static void resolver_changed(void)
{
    write_resolver(host_resolver_text());
}

static void follow_resolver(bool isolated)
{
    if (!find_place(resolver_place))
        return;
    int error = fs_make_parents(resolver_place);
    if (error) {
        host_log("%s: cannot be made: %s", resolver_place, errno_text(-error));
        return;
    }
    char *text = isolated ? NULL : host_resolver_text();
    write_resolver(text ? text : strdup(NO_RESOLVER));
    if (!isolated && !host_resolver_watch(resolver_changed))
        host_log("changes of the name servers are not seen");
}

void boot_names(bool own, bool isolated)
{
    if (own) {
        take_name();
        enter_host();
        make_link();
    }
    follow_resolver(isolated);
}
