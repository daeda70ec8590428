/* /sys as far as programs look: the processors. */
#include "runtime/host/env.h"
#include "runtime/proc/proc.h"

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

static int show_self(struct proc_text *text, const struct proc_subject *s)
{
    proc_add(text, "%d\n", s->fd);
    return 0;
}

/* A set of processors, in hexadecimal words of 32, the highest first. */
static void add_mask(struct proc_text *text, unsigned first, unsigned end)
{
    for (unsigned word = (host_cpu_count() + 31) / 32; word-- > 0;) {
        uint32_t bits = 0;
        for (unsigned i = 0; i < 32; i++)
            bits |= word * 32 + i >= first && word * 32 + i < end ? 1u << i : 0;
        proc_add(text, host_cpu_count() > 32 ? "%08x%c" : "%x%c", bits, word ? ',' : '\n');
    }
}

static int show_mask_all(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    add_mask(text, 0, host_cpu_count());
    return 0;
}

static int show_mask_self(struct proc_text *text, const struct proc_subject *s)
{
    add_mask(text, (unsigned)s->fd, (unsigned)s->fd + 1);
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

static int show_highest(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "%u\n", host_cpu_count() - 1);
    return 0;
}

static int64_t next_cpu(const struct proc_subject *s, int64_t from)
{
    (void)s;
    return from < (int64_t)host_cpu_count() ? from : -1;
}

static bool find_cpu(const struct proc_subject *s, int64_t number, int32_t *pid, int32_t *tid,
                     int *fd)
{
    (void)s;
    (void)pid;
    (void)tid;
    *fd = (int)number;
    return number < (int64_t)host_cpu_count();
}

/* Each processor is a core of its own in one package, as /proc/cpuinfo says. */
static const struct proc_entry topology_entries[] = {
    PROC_TEXT("core_cpus", show_mask_self),
    PROC_TEXT("core_cpus_list", show_self),
    PROC_TEXT("core_id", show_self),
    PROC_TEXT("core_siblings", show_mask_all),
    PROC_TEXT("core_siblings_list", show_range),
    PROC_TEXT("die_id", show_first),
    PROC_TEXT("package_cpus", show_mask_all),
    PROC_TEXT("package_cpus_list", show_range),
    PROC_TEXT("physical_package_id", show_first),
    PROC_TEXT("thread_siblings", show_mask_self),
    PROC_TEXT("thread_siblings_list", show_self),
    PROC_END,
};
static const struct proc_entry one_cpu_entries[] = {PROC_DIRECTORY("topology", topology_entries),
                                                    PROC_END};
static const struct proc_entry one_cpu = PROC_DIRECTORY("", one_cpu_entries);
static const struct proc_dynamic cpus = {
    .entry = &one_cpu, .next = next_cpu, .find = find_cpu, .prefix = "cpu"};

static const struct proc_entry cpu_entries[] = {
    PROC_TEXT("isolated", show_none),
    PROC_TEXT("kernel_max", show_highest),
    PROC_TEXT("offline", show_none),
    PROC_TEXT("online", show_range),
    PROC_TEXT("possible", show_range),
    PROC_TEXT("present", show_range),
    PROC_END,
};
static const struct proc_entry node_entries[] = {PROC_TEXT("online", show_first), PROC_END};
static const struct proc_entry system_entries[] = {
    {.name = "cpu", .mode = L_S_IFDIR | 0555, .entries = cpu_entries, .dynamic = &cpus},
    PROC_DIRECTORY("node", node_entries),
    PROC_END};
static const struct proc_entry devices_entries[] = {PROC_DIRECTORY("system", system_entries),
                                                    PROC_END};
static const struct proc_entry thp_entries[] = {PROC_TEXT("enabled", show_never), PROC_END};
static const struct proc_entry mm_entries[] = {PROC_DIRECTORY("transparent_hugepage", thp_entries),
                                               PROC_END};
static const struct proc_entry cgroup_entries[] = {PROC_END};
static const struct proc_entry fs_entries[] = {PROC_DIRECTORY("cgroup", cgroup_entries), PROC_END};
static const struct proc_entry kernel_entries[] = {PROC_DIRECTORY("mm", mm_entries), PROC_END};
static const struct proc_entry class_entries[] = {
    {.name = "net", .mode = L_S_IFDIR | 0555, .dynamic = &sysfs_interfaces}, PROC_END};

const struct proc_entry sysfs_entries[] = {
    PROC_DIRECTORY("class", class_entries),
    PROC_DIRECTORY("devices", devices_entries),
    PROC_DIRECTORY("fs", fs_entries),
    PROC_DIRECTORY("kernel", kernel_entries),
    PROC_END,
};
