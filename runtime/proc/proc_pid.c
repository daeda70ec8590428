/* The entries of /proc/PID and /proc/PID/task/TID. */
#include "runtime/abi/errno.h"
#include "runtime/abi/mman.h"
#include "runtime/abi/process.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/heap.h"
#include "runtime/memory/access.h"
#include "runtime/memory/space.h"
#include "runtime/proc/proc.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include <stdio.h>
#include <string.h>

#define ARGUMENTS_MAX ((uint64_t)8 << 20)

/* Bytes of the process's memory between two addresses. */
static int show_memory(struct proc_text *text, const struct proc_subject *s, uint64_t start,
                       uint64_t end)
{
    struct space *space = process_space(s->process);
    uint8_t buffer[4096];
    if (!space)
        return 0;
    if (end - start > ARGUMENTS_MAX)
        end = start;
    while (start < end) {
        size_t piece = end - start < sizeof(buffer) ? (size_t)(end - start) : sizeof(buffer);
        size_t got = space_peek(space, buffer, start, piece);
        proc_add_bytes(text, buffer, got);
        if (got < piece)
            break;
        start += got;
    }
    space_put(space);
    return 0;
}

static int show_cmdline(struct proc_text *text, const struct proc_subject *s)
{
    return show_memory(text, s, s->process->arg_start, s->process->arg_end);
}

static int show_environ(struct proc_text *text, const struct proc_subject *s)
{
    return show_memory(text, s, s->process->env_start, s->process->env_end);
}

static int show_auxv(struct proc_text *text, const struct proc_subject *s)
{
    proc_add_bytes(text, s->process->auxv, s->process->auxv_size);
    return 0;
}

static void comm_of(const struct proc_subject *s, char comm[TASK_COMM_SIZE])
{
    host_mutex_lock(&kernel_lock);
    struct task *t = s->task ? s->task : process_leader(s->process);
    memcpy(comm, t ? t->comm : "", t ? TASK_COMM_SIZE : 1);
    host_mutex_unlock(&kernel_lock);
}

static int show_comm(struct proc_text *text, const struct proc_subject *s)
{
    char comm[TASK_COMM_SIZE];
    comm_of(s, comm);
    proc_add(text, "%s\n", comm);
    return 0;
}

static int64_t store_comm(const struct proc_subject *s, const char *bytes, size_t n)
{
    size_t length = n < TASK_COMM_SIZE - 1 ? n : TASK_COMM_SIZE - 1;
    if (!task_current() || task_current()->process != s->process)
        return -L_EINVAL;
    if (length && bytes[length - 1] == '\n')
        length--;
    host_mutex_lock(&kernel_lock);
    struct task *t = s->task ? s->task : process_leader(s->process);
    if (t) {
        memset(t->comm, 0, TASK_COMM_SIZE);
        memcpy(t->comm, bytes, length);
    }
    host_mutex_unlock(&kernel_lock);
    return (int64_t)n;
}

struct maps {
    struct proc_text *text;
    bool detailed;
};

static int add_region(void *arg, const struct space_region *r)
{
    struct maps *maps = arg;
    char line[160];
    int length = snprintf(line, sizeof(line), "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ",
                          (unsigned long long)r->start, (unsigned long long)r->end,
                          r->prot & L_PROT_READ ? 'r' : '-', r->prot & L_PROT_WRITE ? 'w' : '-',
                          r->prot & L_PROT_EXEC ? 'x' : '-', r->shared ? 's' : 'p',
                          (unsigned long long)r->offset, l_major(r->device), l_minor(r->device),
                          (unsigned long long)r->inode);
    bool named = r->name && r->name[0];
    proc_add(maps->text, "%s%*s%s\n", line, named && length < 73 ? 73 - length : 0, "",
             named ? r->name : "");
    if (maps->detailed) {
        unsigned long long size = (r->end - r->start) / 1024, rss = r->resident / 1024;
        proc_add(maps->text,
                 "Size:           %8llu kB\nKernelPageSize:        4 kB\n"
                 "MMUPageSize:           4 kB\nRss:            %8llu kB\n"
                 "Pss:            %8llu kB\nShared_Clean:          0 kB\n"
                 "Shared_Dirty:   %8llu kB\nPrivate_Clean:         0 kB\n"
                 "Private_Dirty:  %8llu kB\nReferenced:     %8llu kB\n"
                 "Anonymous:      %8llu kB\nSwap:                  0 kB\n"
                 "SwapPss:               0 kB\nLocked:                0 kB\n",
                 size, rss, rss, r->shared ? rss : 0, r->shared ? 0 : rss, rss,
                 r->shared ? 0 : rss);
    }
    return 0;
}

static int describe_maps(struct proc_text *text, const struct proc_subject *s, bool detailed)
{
    struct space *space = process_space(s->process);
    struct maps maps = {text, detailed};
    if (!space)
        return 0;
    space_describe(space, add_region, &maps);
    space_put(space);
    return 0;
}

static int show_maps(struct proc_text *text, const struct proc_subject *s)
{
    return describe_maps(text, s, false);
}

static int show_smaps(struct proc_text *text, const struct proc_subject *s)
{
    return describe_maps(text, s, true);
}

static int show_limits(struct proc_text *text, const struct proc_subject *s)
{
    static const struct {
        const char *name, *unit;
        int which;
    } limits[] = {
        {"Max cpu time", "seconds", L_RLIMIT_CPU},
        {"Max file size", "bytes", L_RLIMIT_FSIZE},
        {"Max data size", "bytes", L_RLIMIT_DATA},
        {"Max stack size", "bytes", L_RLIMIT_STACK},
        {"Max core file size", "bytes", L_RLIMIT_CORE},
        {"Max resident set", "bytes", L_RLIMIT_RSS},
        {"Max processes", "processes", L_RLIMIT_NPROC},
        {"Max open files", "files", L_RLIMIT_NOFILE},
        {"Max locked memory", "bytes", L_RLIMIT_MEMLOCK},
        {"Max address space", "bytes", L_RLIMIT_AS},
        {"Max file locks", "locks", L_RLIMIT_LOCKS},
        {"Max pending signals", "signals", L_RLIMIT_SIGPENDING},
        {"Max msgqueue size", "bytes", L_RLIMIT_MSGQUEUE},
        {"Max nice priority", "", L_RLIMIT_NICE},
        {"Max realtime priority", "", L_RLIMIT_RTPRIO},
        {"Max realtime timeout", "us", L_RLIMIT_RTTIME},
    };
    proc_add(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct l_rlimit limit = s->process->rlimits[limits[i].which];
        char soft[24] = "unlimited", hard[24] = "unlimited";
        if (limit.rlim_cur != L_RLIM_INFINITY)
            snprintf(soft, sizeof(soft), "%llu", (unsigned long long)limit.rlim_cur);
        if (limit.rlim_max != L_RLIM_INFINITY)
            snprintf(hard, sizeof(hard), "%llu", (unsigned long long)limit.rlim_max);
        proc_add(text, "%-25s %-20s %-20s %-10s\n", limits[i].name, soft, hard, limits[i].unit);
    }
    return 0;
}

static int show_oom_score_adj(struct proc_text *text, const struct proc_subject *s)
{
    proc_add(text, "%d\n", s->process->oom_score_adj);
    return 0;
}

static int64_t store_oom_score_adj(const struct proc_subject *s, const char *bytes, size_t n)
{
    char number[16] = "", *end;
    if (n >= sizeof(number))
        return -L_EINVAL;
    memcpy(number, bytes, n);
    int64_t value = strtoll(number, &end, 10);
    if (end == number || value < L_OOM_SCORE_ADJ_MIN || value > L_OOM_SCORE_ADJ_MAX)
        return -L_EINVAL;
    struct task *t = task_current();
    bool may = !t || cred_capable(&t->process->cred, L_CAP_SYS_RESOURCE);
    host_mutex_lock(&kernel_lock);
    may = may || value >= s->process->oom_score_adj;
    if (may)
        s->process->oom_score_adj = (int32_t)value;
    host_mutex_unlock(&kernel_lock);
    return may ? (int64_t)n : -L_EACCES;
}

static int show_oom_score(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "0\n");
    return 0;
}

static int show_cgroup(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "0::/\n");
    return 0;
}

static int show_wchan(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "0");
    return 0;
}

static int show_personality(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "00000000\n");
    return 0;
}

/* The identity: one user namespace. */
static int show_id_map(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "%10u %10u %10u\n", 0u, 0u, UINT32_MAX);
    return 0;
}

/* --- links --- */

/* A path as the reader sees it. */
static int text_of_path(struct path path, char *text, size_t size)
{
    char buffer[PATH_LENGTH_MAX + 16];
    struct task *t = task_current();
    struct path root = t && t->fs ? fs_context_root(t->fs) : mount_root();
    char *name = path_text(path, root, buffer, sizeof(buffer), true, NULL);
    path_put(root);
    if (!name)
        return -L_ENAMETOOLONG;
    size_t length = strlen(name);
    if (length > size)
        length = size;
    memcpy(text, name, length);
    return (int)length;
}

static int follow_exe(const struct proc_subject *s, struct path *out)
{
    struct file *exe = process_exe(s->process);
    if (!exe)
        return -L_ENOENT;
    *out = path_get(exe->path);
    file_put(exe);
    return 0;
}

static int follow_cwd(const struct proc_subject *s, struct path *out)
{
    struct fs_context *context = proc_context(s);
    if (!context)
        return -L_ENOENT;
    *out = fs_context_cwd(context);
    fs_context_put(context);
    return 0;
}

static int follow_root(const struct proc_subject *s, struct path *out)
{
    struct fs_context *context = proc_context(s);
    if (!context)
        return -L_ENOENT;
    *out = fs_context_root(context);
    fs_context_put(context);
    return 0;
}

static int follow_fd(const struct proc_subject *s, struct path *out)
{
    struct files *files = proc_files(s);
    struct file *file = files ? files_get(files, s->fd) : NULL;
    if (file)
        *out = path_get(file->path);
    int error = file ? 0 : -L_ENOENT;
    file_put(file);
    files_put(files);
    return error;
}

static int link_by(int (*follow)(const struct proc_subject *, struct path *),
                   const struct proc_subject *s, char *text, size_t size)
{
    struct path path;
    int error = follow(s, &path);
    if (error)
        return error;
    int length = text_of_path(path, text, size);
    path_put(path);
    return length;
}

static int link_exe(const struct proc_subject *s, char *text, size_t size)
{
    return link_by(follow_exe, s, text, size);
}

static int link_cwd(const struct proc_subject *s, char *text, size_t size)
{
    return link_by(follow_cwd, s, text, size);
}

static int link_root(const struct proc_subject *s, char *text, size_t size)
{
    return link_by(follow_root, s, text, size);
}

static int link_fd(const struct proc_subject *s, char *text, size_t size)
{
    return link_by(follow_fd, s, text, size);
}

/* --- descriptors --- */

static int64_t next_fd(const struct proc_subject *s, int64_t from)
{
    struct files *files = proc_files(s);
    if (!files)
        return -1;
    int fd = files_next(files, (int)from);
    files_put(files);
    return fd;
}

static bool find_fd(const struct proc_subject *s, int64_t number, int32_t *pid, int32_t *tid,
                    int *fd)
{
    (void)pid;
    (void)tid;
    *fd = (int)number;
    return next_fd(s, number) == number;
}

static int show_fdinfo(struct proc_text *text, const struct proc_subject *s)
{
    struct files *files = proc_files(s);
    struct file *file = files ? files_get(files, s->fd) : NULL;
    if (file) {
        char more[2048] = "";
        uint32_t flags = atomic_load(&file->flags);
        if (files_get_flags(files, s->fd) > 0)
            flags |= 02000000;
        proc_add(text, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n",
                 (unsigned long long)file->pos, flags, file->path.mount->id,
                 (unsigned long long)file->inode->ino);
        if (file->ops->describe && file->ops->describe(file, more, sizeof(more)) > 0)
            proc_add(text, "%s", more);
    }
    int error = file ? 0 : -L_ENOENT;
    file_put(file);
    files_put(files);
    return error;
}

static const struct proc_entry fd_entry = {
    .name = "", .mode = L_S_IFLNK | 0700, .link = link_fd, .follow = follow_fd, .inspects = true};
static const struct proc_entry fdinfo_entry = {
    .name = "", .mode = L_S_IFREG | 0400, .show = show_fdinfo};

const struct proc_dynamic proc_descriptors = {.entry = &fd_entry, .next = next_fd, .find = find_fd};
const struct proc_dynamic proc_fdinfo = {.entry = &fdinfo_entry, .next = next_fd, .find = find_fd};

/* --- memory --- */

static int64_t mem_read(struct file *file, void *buffer, size_t n, uint64_t *pos)
{
    struct proc_subject s = proc_subject_of(file->inode);
    struct space *space = s.process ? process_space(s.process) : NULL;
    size_t got = space ? space_peek(space, buffer, *pos, n) : 0;
    space_put(space);
    proc_subject_end(&s);
    *pos += got;
    return got || !space || !n ? (int64_t)got : -L_EIO;
}

static int64_t mem_write(struct file *file, const void *buffer, size_t n, uint64_t *pos)
{
    struct proc_subject s = proc_subject_of(file->inode);
    struct space *space = s.process ? process_space(s.process) : NULL;
    size_t put = space ? space_poke(space, *pos, buffer, n) : 0;
    space_put(space);
    proc_subject_end(&s);
    *pos += put;
    return put || !space || !n ? (int64_t)put : -L_EIO;
}

static const struct file_ops mem_ops = {.read = mem_read, .write = mem_write};

/* --- the tables --- */

#define SHARED_ENTRIES                                                                             \
    PROC_TEXT("stat", proc_show_stat), PROC_TEXT("statm", proc_show_statm),                        \
        PROC_TEXT("status", proc_show_status), PROC_TEXT("cmdline", show_cmdline),                 \
        {.name = "environ", .mode = L_S_IFREG | 0400, .show = show_environ, .inspects = true},     \
        {.name = "auxv", .mode = L_S_IFREG | 0400, .show = show_auxv, .inspects = true},           \
        {.name = "comm", .mode = L_S_IFREG | 0644, .show = show_comm, .store = store_comm},        \
        {.name = "maps", .mode = L_S_IFREG | 0444, .show = show_maps, .inspects = true},           \
        {.name = "smaps", .mode = L_S_IFREG | 0444, .show = show_smaps, .inspects = true},         \
        {.name = "mem", .mode = L_S_IFREG | 0600, .ops = &mem_ops, .inspects = true},              \
        {.name = "exe",                                                                            \
         .mode = L_S_IFLNK | 0777,                                                                 \
         .link = link_exe,                                                                         \
         .follow = follow_exe,                                                                     \
         .inspects = true},                                                                        \
        {.name = "cwd",                                                                            \
         .mode = L_S_IFLNK | 0777,                                                                 \
         .link = link_cwd,                                                                         \
         .follow = follow_cwd,                                                                     \
         .inspects = true},                                                                        \
        {.name = "root",                                                                           \
         .mode = L_S_IFLNK | 0777,                                                                 \
         .link = link_root,                                                                        \
         .follow = follow_root,                                                                    \
         .inspects = true},                                                                        \
        {.name = "fd", .mode = L_S_IFDIR | 0500, .dynamic = &proc_descriptors, .own = true},       \
        {.name = "fdinfo", .mode = L_S_IFDIR | 0500, .dynamic = &proc_fdinfo, .inspects = true},   \
        PROC_TEXT("limits", show_limits), PROC_TEXT("mounts", proc_show_mounts),                   \
        PROC_TEXT("mountinfo", proc_show_mountinfo),                                               \
        {.name = "mountstats", .mode = L_S_IFREG | 0400, .show = proc_show_mountstats},            \
        {.name = "oom_score_adj",                                                                  \
         .mode = L_S_IFREG | 0644,                                                                 \
         .show = show_oom_score_adj,                                                               \
         .store = store_oom_score_adj},                                                            \
        PROC_TEXT("oom_score", show_oom_score), PROC_TEXT("cgroup", show_cgroup),                  \
        PROC_TEXT("wchan", show_wchan),                                                            \
        {.name = "personality",                                                                    \
         .mode = L_S_IFREG | 0400,                                                                 \
         .show = show_personality,                                                                 \
         .inspects = true},                                                                        \
        PROC_TEXT("uid_map", show_id_map), PROC_TEXT("gid_map", show_id_map)

static const struct proc_entry task_entries[] = {SHARED_ENTRIES,
                                                 PROC_DIRECTORY("net", proc_net_entries), PROC_END};

static int64_t next_thread(const struct proc_subject *s, int64_t from)
{
    struct task *t = process_next_task(s->process, (int32_t)from - 1);
    if (!t)
        return -1;
    int32_t tid = t->tid;
    task_put(t);
    return tid;
}

static bool find_thread(const struct proc_subject *s, int64_t number, int32_t *pid, int32_t *tid,
                        int *fd)
{
    (void)pid;
    (void)fd;
    *tid = (int32_t)number;
    return next_thread(s, number) == number;
}

static const struct proc_entry thread_entry = {
    .name = "", .mode = L_S_IFDIR | 0555, .entries = task_entries};
const struct proc_dynamic proc_threads = {
    .entry = &thread_entry, .next = next_thread, .find = find_thread};

static const struct proc_entry pid_entries[] = {
    SHARED_ENTRIES,
    {.name = "task", .mode = L_S_IFDIR | 0555, .dynamic = &proc_threads},
    PROC_DIRECTORY("net", proc_net_entries),
    PROC_END,
};

const struct proc_entry proc_pid_entry = {
    .name = "", .mode = L_S_IFDIR | 0555, .entries = pid_entries};

static int64_t next_process(const struct proc_subject *s, int64_t from)
{
    (void)s;
    struct process *p = process_next((int32_t)from - 1);
    if (!p)
        return -1;
    int32_t pid = p->pid;
    process_put(p);
    return pid;
}

static bool find_process(const struct proc_subject *s, int64_t number, int32_t *pid, int32_t *tid,
                         int *fd)
{
    (void)s;
    (void)tid;
    (void)fd;
    struct process *p = process_find((int32_t)number);
    *pid = (int32_t)number;
    if (!p)
        return false;
    process_put(p);
    return true;
}

const struct proc_dynamic proc_processes = {
    .entry = &proc_pid_entry, .next = next_process, .find = find_process};
