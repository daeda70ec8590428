/*
 * /proc: a tree made of tables. Each directory is a table of entries, followed by what it finds out
 * when it is read (processes, threads, descriptors). Files are text made when they are read from
 * the start.
 */
#ifndef RUNTIME_PROC_PROC_H
#define RUNTIME_PROC_PROC_H

#include "runtime/fs/vfs/file.h"

struct process;
struct task;

/* Superblocks with one reference, or NULL and the errno in *error. */
struct superblock *proc_new(int *error);
struct superblock *sysfs_new(int *error);

/* Text that grows; failed when memory ran out (what is there stays valid). */
struct proc_text {
    char *data;
    size_t length, size;
    bool failed;
};

void proc_add(struct proc_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void proc_add_bytes(struct proc_text *text, const void *bytes, size_t n);

/* What an entry is about: the process and thread of its directory (referenced during the call, NULL
 * outside /proc/PID) and a descriptor (in fd and fdinfo) or the number of a
 * processor or an interface. */
struct proc_subject {
    struct process *process;
    struct task *task;
    int fd;
};

struct proc_entry {
    const char *name;
    uint32_t mode; /* with the type */
    /* L_S_IFREG: make the text. 0 or a negative errno. */
    int (*show)(struct proc_text *text, const struct proc_subject *subject);
    /* Take what was written; NULL: EACCES on open for writing is by mode, EIO on write. */
    int64_t (*store)(const struct proc_subject *subject, const char *bytes, size_t n);
    /* L_S_IFLNK: the text; and the object itself for links that jump. */
    int (*link)(const struct proc_subject *subject, char *text, size_t size);
    int (*follow)(const struct proc_subject *subject, struct path *out);
    /* L_S_IFDIR: static entries (ended by a NULL name) and dynamic ones: */
    const struct proc_entry *entries;
    const struct proc_dynamic *dynamic;
    const struct file_ops *ops; /* a regular file with operations of its own */
    /* Only for those who may look into the process (process_may_inspect): opening, reading or
     * following the link, and entering the directory are EACCES for others. */
    bool inspects;
    bool own; /* a directory that the process itself may enter whatever its mode says */
};

/* Rows of tables of entries; PROC_END is the last one. */
#define PROC_TEXT(label, how)                                                                      \
    {                                                                                              \
        .name = label, .mode = L_S_IFREG | 0444, .show = how                                       \
    }
#define PROC_DIRECTORY(label, e)                                                                   \
    {                                                                                              \
        .name = label, .mode = L_S_IFDIR | 0555, .entries = e                                      \
    }
#define PROC_END                                                                                   \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* Names of a directory that come and go: numbers, behind a prefix or under other names. */
struct proc_dynamic {
    const struct proc_entry *entry; /* what each of them is */
    /* The lowest number >= from, or -1. */
    int64_t (*next)(const struct proc_subject *subject, int64_t from);
    /* Whether it is there; sets what a number is about: the process, thread or descriptor number.
     */
    bool (*find)(const struct proc_subject *subject, int64_t number, int32_t *pid, int32_t *tid,
                 int *fd);
    const char *prefix; /* NULL: none */
    /* Names that are others: of which number one is, and of a number which one. Both or none. */
    bool (*number)(const char *name, int64_t *number);
    bool (*name)(int64_t number, char *name, size_t size);
};

extern const struct proc_entry proc_root_entries[], proc_pid_entry, proc_sys_entries[],
    proc_net_entries[], sysfs_entries[];
extern const struct proc_dynamic proc_processes, proc_threads, proc_descriptors, proc_fdinfo,
    sysfs_interfaces;

/* The number of a node, for /proc/PID/fd and others that read priv. */
struct proc_subject proc_subject_of(struct inode *inode);
void proc_subject_end(struct proc_subject *subject);

/* The subject's descriptor table and context with a reference, or NULL (a zombie). */
struct files *proc_files(const struct proc_subject *subject);
struct fs_context *proc_context(const struct proc_subject *subject);

/* /proc/mounts and /proc/PID/mountinfo (proc_mounts.c). */
int proc_show_mounts(struct proc_text *text, const struct proc_subject *subject);
int proc_show_mountinfo(struct proc_text *text, const struct proc_subject *subject);
int proc_show_mountstats(struct proc_text *text, const struct proc_subject *subject);
/* System-wide files (proc_system.c, proc_cpuinfo.c). */
int proc_show_cpuinfo(struct proc_text *text, const struct proc_subject *subject);
/* /proc/PID files (proc_status.c). */
int proc_show_stat(struct proc_text *text, const struct proc_subject *subject);
int proc_show_statm(struct proc_text *text, const struct proc_subject *subject);
int proc_show_status(struct proc_text *text, const struct proc_subject *subject);
/* Ticks of L_USER_HZ since the machine started until a monotonic time. */
uint64_t proc_ticks_at(uint64_t monotonic_ns);

#endif
