/* The file system of /proc and /sys over their tables. */
#define HEAP_TIER HEAP_RESERVE
#include "runtime/proc/proc.h"
#include "runtime/fs/vfs/permission.h"

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/heap.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX ((size_t)64 << 20)
/* More than a directory has names of its own: their cookies and inode numbers come before this. */
#define NUMBERS_FROM 1000u

/* inode->priv: the table entry and what the directories above say. */
struct node {
    const struct proc_entry *entry;
    int32_t pid, tid; /* 0: none */
    int fd;           /* -1: none */
    uint64_t start;   /* start time of the process or thread, to notice numbers used again */
};

static const struct inode_ops dir_ops, guarded_dir_ops, regular_ops, link_ops, jump_ops;
static const struct file_ops text_ops;

void proc_add_bytes(struct proc_text *text, const void *bytes, size_t n)
{
    if (text->failed)
        return;
    if (text->length + n + 1 > text->size) {
        size_t size = text->size ? text->size : 1024;
        while (size < text->length + n + 1)
            size *= 2;
        char *data = size <= TEXT_MAX ? realloc(text->data, size) : NULL;
        if (!data) {
            text->failed = true;
            return;
        }
        text->data = data;
        text->size = size;
    }
    memcpy(text->data + text->length, bytes, n);
    text->length += n;
    text->data[text->length] = 0;
}

void proc_add(struct proc_text *text, const char *format, ...)
{
    char small[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(small, sizeof(small), format, arguments);
    va_end(arguments);
    if (length < (int)sizeof(small)) {
        proc_add_bytes(text, small, length > 0 ? (size_t)length : 0);
        return;
    }
    char *large = malloc((size_t)length + 1);
    if (!large) {
        text->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(large, (size_t)length + 1, format, arguments);
    va_end(arguments);
    proc_add_bytes(text, large, (size_t)length);
    free(large);
}

static struct node *node_of(struct inode *inode)
{
    return inode->priv;
}

static struct proc_subject subject_of(const struct node *node)
{
    struct proc_subject s = {.fd = node->fd};
    if (node->tid) {
        s.task = task_find(node->tid);
        if (s.task && s.task->start_ns != node->start) {
            task_put(s.task);
            s.task = NULL;
        }
        if (s.task) {
            process_get(s.task->process);
            s.process = s.task->process;
        }
    } else if (node->pid) {
        s.process = process_find(node->pid);
        if (s.process && s.process->start_ns != node->start) {
            process_put(s.process);
            s.process = NULL;
        }
    }
    return s;
}

struct proc_subject proc_subject_of(struct inode *inode)
{
    return subject_of(node_of(inode));
}

void proc_subject_end(struct proc_subject *subject)
{
    if (subject->task)
        task_put(subject->task);
    if (subject->process)
        process_put(subject->process);
}

/* A node below a process whose process is gone. */
static bool is_orphan(const struct node *node, const struct proc_subject *subject)
{
    return node->pid && !subject->process;
}

/* kernel_lock held: the thread that stands for the subject. */
static struct task *thread_of(const struct proc_subject *s)
{
    if (s->task)
        return s->task;
    struct task *leader = process_leader(s->process);
    return leader ? leader : s->process->threads;
}

struct files *proc_files(const struct proc_subject *subject)
{
    struct files *files = NULL;
    host_mutex_lock(&kernel_lock);
    struct task *t = thread_of(subject);
    if (t && t->files)
        files = files_share(t->files);
    host_mutex_unlock(&kernel_lock);
    return files;
}

struct fs_context *proc_context(const struct proc_subject *subject)
{
    struct fs_context *context = NULL;
    host_mutex_lock(&kernel_lock);
    struct task *t = thread_of(subject);
    if (t && t->fs)
        context = fs_context_share(t->fs);
    host_mutex_unlock(&kernel_lock);
    return context;
}

/* What is inside a process that shall not be looked into belongs to root. */
static void owner_of(const struct proc_entry *entry, const struct process *p, uint32_t *uid,
                     uint32_t *gid)
{
    bool shown = entry->mode == (L_S_IFDIR | 0555) || p->dumpable == 1;
    *uid = shown ? p->cred.euid : 0;
    *gid = shown ? p->cred.egid : 0;
}

static bool owner_is_right(const struct inode *inode, const struct proc_entry *entry,
                           const struct proc_subject *subject)
{
    uint32_t uid = 0, gid = 0;
    if (subject->process)
        owner_of(entry, subject->process, &uid, &gid);
    return inode->uid == uid && inode->gid == gid;
}

/* 0 or -L_EACCES, by what the entry asks of the caller. */
static int check_inspects(const struct node *node, const struct proc_subject *subject)
{
    bool may = !node->entry->inspects || !subject->process ||
               process_may_inspect(task_current(), subject->process, true);
    return may ? 0 : -L_EACCES;
}

static int guarded_permission(struct inode *inode, uint32_t mask)
{
    struct node *node = node_of(inode);
    struct proc_subject subject = subject_of(node);
    struct task *t = task_current();
    bool own = node->entry->own && t && subject.process == t->process;
    int error = check_inspects(node, &subject);
    proc_subject_end(&subject);
    if (error || own || !t)
        return error;
    struct vfs_caller caller;
    vfs_caller_of(t, &caller);
    return mode_permission(&caller.cred, inode, mask);
}

static int proc_open(struct inode *inode, struct file *file)
{
    (void)file;
    struct node *node = node_of(inode);
    struct proc_subject subject = subject_of(node);
    int error = check_inspects(node, &subject);
    proc_subject_end(&subject);
    return error;
}

static struct inode *make_inode(struct superblock *super, const struct node *like)
{
    const struct proc_entry *entry = like->entry;
    struct node *node = malloc(sizeof(*node));
    uint32_t type = entry->mode & L_S_IFMT;
    bool guarded = entry->inspects || entry->own;
    const struct inode_ops *ops = type == L_S_IFDIR   ? (guarded ? &guarded_dir_ops : &dir_ops)
                                  : type == L_S_IFREG ? &regular_ops
                                  : entry->follow     ? &jump_ops
                                                      : &link_ops;
    struct inode *inode =
        node ? inode_new(super, atomic_fetch_add(&super->next_ino, 1), entry->mode, ops) : NULL;
    if (!inode) {
        free(node);
        return NULL;
    }
    *node = *like;
    inode->priv = node;
    if (type == L_S_IFDIR)
        inode->nlink = 2;
    else if (type == L_S_IFREG)
        inode->file_ops = entry->ops ? entry->ops : &text_ops;
    struct proc_subject subject = subject_of(like);
    if (subject.process) {
        uint32_t uid, gid;
        owner_of(entry, subject.process, &uid, &gid);
        inode->uid = uid;
        inode->gid = gid;
    }
    if (like->fd >= 0 && type == L_S_IFLNK) {
        struct files *files = subject.process ? proc_files(&subject) : NULL;
        struct file *file = files ? files_get(files, like->fd) : NULL;
        inode->mode = L_S_IFLNK | (file && file_readable(file) ? 0500 : 0) |
                      (file && file_writable(file) ? 0300 : 0);
        file_put(file);
        files_put(files);
    }
    proc_subject_end(&subject);
    return inode;
}

static const struct proc_entry *find_entry(const struct proc_entry *entries, const char *name)
{
    for (const struct proc_entry *e = entries; e && e->name; e++) {
        if (strcmp(e->name, name) == 0)
            return e;
    }
    return NULL;
}

static const char *prefix_of(const struct proc_dynamic *dynamic)
{
    return dynamic->prefix ? dynamic->prefix : "";
}

static void name_of(const struct proc_dynamic *dynamic, int64_t number, char *name, size_t size)
{
    if (!dynamic->name || !dynamic->name(number, name, size))
        snprintf(name, size, "%s%lld", prefix_of(dynamic), (long long)number);
}

/* The number that a name stands for in a directory with dynamic names. */
static bool number_of(const struct proc_dynamic *dynamic, const char *name, int64_t *number)
{
    size_t before = strlen(prefix_of(dynamic));
    if (dynamic->number)
        return dynamic->number(name, number);
    if (strncmp(name, prefix_of(dynamic), before) != 0)
        return false;
    name += before;
    size_t length = strlen(name);
    *number = 0;
    if (length == 0 || length > 9 || (name[0] == '0' && length > 1))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return false;
        *number = *number * 10 + (name[i] - '0');
    }
    return true;
}

/* The node of a number in a directory with dynamic names. */
static bool dynamic_node(const struct node *dir, int64_t number, struct node *out)
{
    const struct proc_dynamic *dynamic = dir->entry->dynamic;
    struct proc_subject subject = subject_of(dir);
    *out = *dir;
    out->entry = dynamic->entry;
    bool found = !is_orphan(dir, &subject) &&
                 dynamic->find(&subject, number, &out->pid, &out->tid, &out->fd);
    proc_subject_end(&subject);
    if (!found)
        return false;
    if (out->tid && out->tid != dir->tid) {
        struct task *t = task_find(out->tid);
        out->start = t ? t->start_ns : 0;
        if (t)
            task_put(t);
        return t != NULL;
    }
    if (out->pid != dir->pid) {
        struct process *p = process_find(out->pid);
        out->start = p ? p->start_ns : 0;
        if (p)
            process_put(p);
        return p != NULL;
    }
    return true;
}

static int proc_lookup(struct inode *dir, const char *name, struct inode **out)
{
    struct node *node = node_of(dir), child = *node;
    int64_t number;
    child.entry = find_entry(node->entry->entries, name);
    if (!child.entry && node->entry->dynamic && number_of(node->entry->dynamic, name, &number)) {
        if (!dynamic_node(node, number, &child))
            return -L_ENOENT;
    }
    if (!child.entry)
        return -L_ENOENT;
    *out = make_inode(dir->super, &child);
    return *out ? 0 : -L_ENOMEM;
}

static bool proc_revalidate(struct inode *dir, const char *name, struct inode *inode)
{
    struct node *node = node_of(dir), now;
    int64_t number;
    if (!inode)
        return false;
    if (!node->pid && !node->entry->dynamic)
        return true;
    struct node *child = node_of(inode);
    if (node->entry->dynamic && child->entry == node->entry->dynamic->entry &&
        number_of(node->entry->dynamic, name, &number) &&
        !(dynamic_node(node, number, &now) && now.start == child->start &&
          (child->fd < 0 || (!child->pid && now.fd == child->fd))))
        return false;
    if (!child->pid && !child->tid)
        return true;
    struct proc_subject subject = subject_of(child);
    bool valid = subject.process && owner_is_right(inode, child->entry, &subject);
    proc_subject_end(&subject);
    return valid;
}

static int proc_readdir(struct inode *dir, uint64_t cookie, dir_emit *emit, void *arg)
{
    struct node *node = node_of(dir);
    uint64_t at = 3;
    for (const struct proc_entry *e = node->entry->entries; e && e->name; e++, at++) {
        if (at >= cookie && !emit(arg, e->name, strlen(e->name), dir->ino * NUMBERS_FROM + at,
                                  e->mode & L_S_IFMT, at + 1))
            return 0;
    }
    if (!node->entry->dynamic)
        return 0;
    /* Numbers stand behind the static names: cookie NUMBERS_FROM + number + 1. */
    int64_t number = cookie > NUMBERS_FROM ? (int64_t)(cookie - NUMBERS_FROM) : 0;
    struct proc_subject subject = subject_of(node);
    while (!is_orphan(node, &subject) &&
           (number = node->entry->dynamic->next(&subject, number)) >= 0) {
        char name[32];
        name_of(node->entry->dynamic, number, name, sizeof(name));
        if (!emit(arg, name, strlen(name), (uint64_t)number + (dir->ino << 20),
                  node->entry->dynamic->entry->mode & L_S_IFMT,
                  NUMBERS_FROM + (uint64_t)number + 1))
            break;
        number++;
    }
    proc_subject_end(&subject);
    return 0;
}

static int proc_readlink(struct inode *inode, char *text, size_t size)
{
    struct node *node = node_of(inode);
    struct proc_subject subject = subject_of(node);
    int result = is_orphan(node, &subject) ? -L_ENOENT : check_inspects(node, &subject);
    if (!result)
        result = node->entry->link(&subject, text, size);
    proc_subject_end(&subject);
    return result;
}

static int proc_follow(struct inode *inode, struct path *out)
{
    struct node *node = node_of(inode);
    struct proc_subject subject = subject_of(node);
    int result = is_orphan(node, &subject) ? -L_ENOENT : check_inspects(node, &subject);
    if (!result)
        result = node->entry->follow(&subject, out);
    proc_subject_end(&subject);
    return result;
}

/* Modes of /proc cannot be changed. */
static int proc_setattr(struct inode *inode, const struct attr *attr)
{
    if (attr->valid & (ATTR_MODE | ATTR_UID | ATTR_GID))
        return -L_EPERM;
    if (attr->valid & ATTR_SIZE)
        return 0;
    return inode_setattr(inode, attr);
}

static const struct inode_ops dir_ops = {
    .lookup = proc_lookup,
    .revalidate = proc_revalidate,
    .readdir = proc_readdir,
    .setattr = proc_setattr,
};
static const struct inode_ops guarded_dir_ops = {
    .lookup = proc_lookup,
    .revalidate = proc_revalidate,
    .readdir = proc_readdir,
    .setattr = proc_setattr,
    .permission = guarded_permission,
};
static const struct inode_ops regular_ops = {.setattr = proc_setattr, .open = proc_open};
static const struct inode_ops link_ops = {.readlink = proc_readlink, .setattr = proc_setattr};
static const struct inode_ops jump_ops = {
    .readlink = proc_readlink, .follow = proc_follow, .setattr = proc_setattr};

/* --- files --- */

/* The text of an open file; made anew whenever it is read from the start. */
static int refresh(struct file *file)
{
    struct node *node = node_of(file->inode);
    struct proc_subject subject = subject_of(node);
    struct proc_text *text = file->priv;
    int error = is_orphan(node, &subject) ? -L_ESRCH : 0;
    if (!error && !text) {
        text = file->priv = calloc(1, sizeof(*text));
        error = text ? 0 : -L_ENOMEM;
    }
    if (!error) {
        text->length = 0;
        text->failed = false;
        error = node->entry->show ? node->entry->show(text, &subject) : -L_EINVAL;
        if (!error && text->failed)
            error = -L_ENOMEM;
    }
    proc_subject_end(&subject);
    return error;
}

static int64_t text_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    if (*pos == 0 || !file->priv) {
        int error = refresh(file);
        if (error)
            return error;
    }
    struct proc_text *text = file->priv;
    if (*pos >= text->length)
        return 0;
    if (n > text->length - *pos)
        n = text->length - (size_t)*pos;
    memcpy(buffer, text->data + *pos, n);
    *pos += n;
    return (int64_t)n;
}

static int64_t text_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    struct node *node = node_of(file->inode);
    if (!node->entry->store)
        return -L_EIO;
    struct proc_subject subject = subject_of(node);
    int64_t result = is_orphan(node, &subject) ? -L_ESRCH : node->entry->store(&subject, buffer, n);
    proc_subject_end(&subject);
    if (result > 0)
        *pos += (uint64_t)result;
    return result;
}

static void text_release(struct file *file)
{
    struct proc_text *text = file->priv;
    if (text)
        free(text->data);
    free(text);
}

static int text_truncate(struct file *file, uint64_t size)
{
    (void)file;
    (void)size;
    return 0;
}

static const struct file_ops text_ops = {
    .read = text_read,
    .write = text_write,
    .truncate = text_truncate,
    .release = text_release,
};

static void proc_evict(struct inode *inode)
{
    free(inode->priv);
}

static const struct super_ops proc_super_ops = {.evict = proc_evict};

static struct superblock *new_tree(const char *type, uint32_t magic, const struct proc_entry *root,
                                   int *error)
{
    *error = -L_ENOMEM;
    struct superblock *super = super_new(type, type, magic, &proc_super_ops, NULL);
    if (!super)
        return NULL;
    super->flags = SUPER_NO_NEGATIVE;
    struct node node = {.entry = root, .fd = -1};
    struct inode *inode = make_inode(super, &node);
    if (!inode || super_set_root(super, inode)) {
        super_put(super);
        return NULL;
    }
    *error = 0;
    return super;
}

struct superblock *proc_new(int *error)
{
    static const struct proc_entry root = {.name = "/",
                                           .mode = L_S_IFDIR | 0555,
                                           .entries = proc_root_entries,
                                           .dynamic = &proc_processes};
    return new_tree("proc", L_PROC_SUPER_MAGIC, &root, error);
}

struct superblock *sysfs_new(int *error)
{
    static const struct proc_entry root = {
        .name = "/", .mode = L_S_IFDIR | 0555, .entries = sysfs_entries};
    return new_tree("sysfs", L_SYSFS_MAGIC, &root, error);
}
