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

static const struct proc_entry cpu_entries[] = {
    PROC_TEXT("online", show_range),
    PROC_TEXT("possible", show_range),
    PROC_TEXT("present", show_range),
    PROC_TEXT("offline", show_none),
    PROC_END,
};
static const struct proc_entry node_entries[] = {PROC_TEXT("online", show_first), PROC_END};
static const struct proc_entry system_entries[] = {PROC_DIRECTORY("cpu", cpu_entries),
                                                   PROC_DIRECTORY("node", node_entries), PROC_END};
static const struct proc_entry devices_entries[] = {PROC_DIRECTORY("system", system_entries),
                                                    PROC_END};
static const struct proc_entry thp_entries[] = {PROC_TEXT("enabled", show_never), PROC_END};
static const struct proc_entry mm_entries[] = {PROC_DIRECTORY("transparent_hugepage", thp_entries),
                                               PROC_END};
static const struct proc_entry cgroup_entries[] = {PROC_END};
static const struct proc_entry fs_entries[] = {PROC_DIRECTORY("cgroup", cgroup_entries), PROC_END};
static const struct proc_entry kernel_entries[] = {PROC_DIRECTORY("mm", mm_entries), PROC_END};
static const struct proc_entry class_entries[] = {PROC_END};

const struct proc_entry sysfs_entries[] = {
    PROC_DIRECTORY("class", class_entries),
    PROC_DIRECTORY("devices", devices_entries),
    PROC_DIRECTORY("fs", fs_entries),
    PROC_DIRECTORY("kernel", kernel_entries),
    PROC_END,
};
