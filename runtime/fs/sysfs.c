/* /sys as far as programs look: the processors. */
#include "runtime/fs/proc.h"
#include "runtime/host/env.h"

static int show_range(struct proc_text *text, const struct proc_subject *s)
{
    unsigned count = host_cpu_count();
    (void)s;
    if (count > 1)
        proc_add(text, "0-%u\n", count - 1);
    else
        proc_add(text, "0\n");
    return 0;
}

static int show_none(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "\n");
    return 0;
}

static int show_first(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "0\n");
    return 0;
}

static int show_never(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "always madvise [never]\n");
    return 0;
}

#define TEXT(label, how)                                                                           \
    {                                                                                              \
        .name = label, .mode = L_S_IFREG | 0444, .show = how                                       \
    }
#define DIRECTORY(label, e)                                                                        \
    {                                                                                              \
        .name = label, .mode = L_S_IFDIR | 0555, .entries = e                                      \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const struct proc_entry cpu_entries[] = {
    TEXT("online", show_range),
    TEXT("possible", show_range),
    TEXT("present", show_range),
    TEXT("offline", show_none),
    END,
};
static const struct proc_entry node_entries[] = {TEXT("online", show_first), END};
static const struct proc_entry system_entries[] = {DIRECTORY("cpu", cpu_entries),
                                                   DIRECTORY("node", node_entries), END};
static const struct proc_entry devices_entries[] = {DIRECTORY("system", system_entries), END};
static const struct proc_entry thp_entries[] = {TEXT("enabled", show_never), END};
static const struct proc_entry mm_entries[] = {DIRECTORY("transparent_hugepage", thp_entries), END};
static const struct proc_entry cgroup_entries[] = {END};
static const struct proc_entry fs_entries[] = {DIRECTORY("cgroup", cgroup_entries), END};
static const struct proc_entry kernel_entries[] = {DIRECTORY("mm", mm_entries), END};
static const struct proc_entry class_entries[] = {END};

const struct proc_entry sysfs_entries[] = {
    DIRECTORY("class", class_entries),
    DIRECTORY("devices", devices_entries),
    DIRECTORY("fs", fs_entries),
    DIRECTORY("kernel", kernel_entries),
    END,
};
