/* The files at the top of /proc, and /proc/sys. */
#include "runtime/abi/errno.h"
#include "runtime/abi/ipc.h"
#include "runtime/abi/socket.h"
#include "runtime/abi/time.h"
#include "runtime/fs/pipe/pipe.h"
#include "runtime/fs/vfs/chrdev.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/fs/vfs/file_lock.h"
#include "runtime/host/env.h"
#include "runtime/host/heap.h"
#include "runtime/host/random.h"
#include "runtime/host/time.h"
#include "runtime/memory/space.h"
#include "runtime/proc/proc.h"
#include "runtime/task/loadavg.h"
#include "runtime/task/process.h"
#include "runtime/task/shm.h"
#include "runtime/task/system.h"
#include "runtime/task/task.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- who reads --- */

static int link_self(const struct proc_subject *s, char *text, size_t size)
{
    struct task *t = task_current();
    (void)s;
    if (!t)
        return -L_ENOENT;
    char number[16];
    int length = snprintf(number, sizeof(number), "%d", t->process->pid);
    memcpy(text, number, (size_t)length < size ? (size_t)length : size);
    return length;
}

static int link_thread_self(const struct proc_subject *s, char *text, size_t size)
{
    struct task *t = task_current();
    (void)s;
    if (!t)
        return -L_ENOENT;
    char path[48];
    int length = snprintf(path, sizeof(path), "%d/task/%d", t->process->pid, t->tid);
    memcpy(text, path, (size_t)length < size ? (size_t)length : size);
    return length;
}

static int fixed_link(const char *target, char *text, size_t size)
{
    size_t length = strlen(target);
    if (length > size)
        length = size;
    memcpy(text, target, length);
    return (int)length;
}

static int link_net(const struct proc_subject *s, char *text, size_t size)
{
    (void)s;
    return fixed_link("self/net", text, size);
}

static int link_mounts(const struct proc_subject *s, char *text, size_t size)
{
    (void)s;
    return fixed_link("self/mounts", text, size);
}

/* --- time and load --- */

static uint64_t used_ns(uint64_t *user, uint64_t *system)
{
    host_clock_process(user, system);
    return *user + *system;
}

static int show_uptime(struct proc_text *text, const struct proc_subject *s)
{
    uint64_t user, system, up = host_clock_boottime_ns();
    uint64_t busy = used_ns(&user, &system), all = up * host_cpu_count();
    uint64_t idle = all > busy ? all - busy : 0;
    (void)s;
    proc_add(text, "%llu.%02llu %llu.%02llu\n", (unsigned long long)(up / NS_PER_SEC),
             (unsigned long long)(up % NS_PER_SEC / (NS_PER_SEC / 100)),
             (unsigned long long)(idle / NS_PER_SEC),
             (unsigned long long)(idle % NS_PER_SEC / (NS_PER_SEC / 100)));
    return 0;
}

static int show_loadavg(struct proc_text *text, const struct proc_subject *s)
{
    struct load_tasks tasks = load_count();
    uint64_t loads[3];
    (void)s;
    load_averages(loads);
    for (int i = 0; i < 3; i++) {
        uint64_t load = loads[i] + LOAD_ONE / 200; /* rounded */
        proc_add(text, "%llu.%02llu ", (unsigned long long)(load >> LOAD_SHIFT),
                 (unsigned long long)((load & (LOAD_ONE - 1)) * 100 >> LOAD_SHIFT));
    }
    proc_add(text, "%u/%u %d\n", tasks.running, tasks.all, tasks.last);
    return 0;
}

static int show_stat(struct proc_text *text, const struct proc_subject *s)
{
    uint64_t user, system, up = host_clock_boottime_ns(), tick = NS_PER_SEC / L_USER_HZ;
    struct load_tasks tasks = load_count();
    unsigned count = host_cpu_count();
    (void)s;
    uint64_t busy = used_ns(&user, &system), total = up * count;
    uint64_t idle = total > busy ? total - busy : 0;
    proc_add(text, "cpu  %llu 0 %llu %llu 0 0 0 0 0 0\n", (unsigned long long)(user / tick),
             (unsigned long long)(system / tick), (unsigned long long)(idle / tick));
    for (unsigned i = 0; i < count; i++)
        proc_add(text, "cpu%u %llu 0 %llu %llu 0 0 0 0 0 0\n", i,
                 (unsigned long long)(user / tick / count),
                 (unsigned long long)(system / tick / count),
                 (unsigned long long)(idle / tick / count));
    uint64_t boot = host_clock_realtime_ns() - up;
    proc_add(text,
             "intr 0\nctxt 0\nbtime %llu\nprocesses %d\nprocs_running %u\nprocs_blocked %u\n"
             "softirq 0 0 0 0 0 0 0 0 0 0 0\n",
             (unsigned long long)(boot / NS_PER_SEC), tasks.last, tasks.running, tasks.blocked);
    return 0;
}

static int show_meminfo(struct proc_text *text, const struct proc_subject *s)
{
    uint64_t total = host_memory_size() / 1024, available = host_memory_available() / 1024;
    uint64_t limit = memory_limit() / 1024, used = memory_used() / 1024;
    (void)s;
    if (limit && limit < total)
        total = limit;
    uint64_t left = total > used ? total - used : 0;
    if (available > left)
        available = left;
    proc_add(
        text,
        "MemTotal:       %8llu kB\nMemFree:        %8llu kB\nMemAvailable:   %8llu kB\n"
        "Buffers:               0 kB\nCached:                0 kB\nSwapCached:            0 kB\n"
        "Active:         %8llu kB\nInactive:              0 kB\n",
        (unsigned long long)total, (unsigned long long)available, (unsigned long long)available,
        (unsigned long long)used);
    proc_add(
        text,
        "SwapTotal:             0 kB\nSwapFree:              0 kB\nDirty:                 0 kB\n"
        "Writeback:             0 kB\nAnonPages:      %8llu kB\nMapped:                0 kB\n"
        "Shmem:                 0 kB\nSlab:                  0 kB\nSReclaimable:          0 kB\n"
        "SUnreclaim:            0 kB\nCommitLimit:    %8llu kB\nCommitted_AS:   %8llu kB\n"
        "VmallocTotal:          0 kB\nVmallocUsed:           0 kB\nHugePages_Total:       0\n"
        "HugePages_Free:        0\nHugepagesize:       2048 kB\n",
        (unsigned long long)used, (unsigned long long)total, (unsigned long long)used);
    return 0;
}

static int show_vmstat(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text,
             "nr_free_pages %llu\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault 0\n"
             "pgmajfault 0\n",
             (unsigned long long)(host_memory_available() / SPACE_PAGE));
    return 0;
}

static int show_version(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "%s version %s (foreland) (gcc) %s\n", "Linux", SYSTEM_RELEASE, SYSTEM_VERSION);
    return 0;
}

static int show_cmdline(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "root=/ rw\n");
    return 0;
}

static int show_filesystems(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tdevpts\n"
                   "nodev\tpipefs\nnodev\tsockfs\n");
    return 0;
}

static int show_devices(struct proc_text *text, const struct proc_subject *s)
{
    char lines[4096];
    (void)s;
    chrdev_describe(lines, sizeof(lines));
    proc_add(text, "Character devices:\n%s\nBlock devices:\n", lines);
    return 0;
}

static int show_locks(struct proc_text *text, const struct proc_subject *s)
{
    size_t size = 65536;
    char *lines = malloc(size);
    (void)s;
    if (!lines)
        return -L_ENOMEM;
    int length = lock_describe(lines, size);
    proc_add_bytes(text, lines, (size_t)length);
    free(lines);
    return 0;
}

static int show_empty(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "%s", "");
    return 0;
}

static int show_swaps(struct proc_text *text, const struct proc_subject *s)
{
    (void)s;
    proc_add(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return 0;
}

/* --- /proc/sys: values that are what they are --- */

#define VALUE(function, format, value)                                                             \
    static int function(struct proc_text *text, const struct proc_subject *s)                      \
    {                                                                                              \
        (void)s;                                                                                   \
        proc_add(text, format "\n", value);                                                        \
        return 0;                                                                                  \
    }

VALUE(show_ostype, "%s", "Linux")
VALUE(show_osrelease, "%s", SYSTEM_RELEASE)
VALUE(show_uts_version, "%s", SYSTEM_VERSION)
VALUE(show_domainname, "%s", "(none)")
VALUE(show_pid_max, "%d", PID_MAX)
VALUE(show_threads_max, "%d", PID_MAX)
VALUE(show_ngroups, "%d", NGROUPS_MAX)
VALUE(show_cap_last, "%d", 40)
VALUE(show_overflow_id, "%d", 65534)
VALUE(show_zero, "%d", 0)
VALUE(show_one, "%d", 1)
VALUE(show_core_pattern, "%s", "core")
VALUE(show_entropy, "%d", 256)
VALUE(show_file_max, "%llu", (unsigned long long)INT64_MAX)
VALUE(show_nr_open, "%u", FILES_MAX)
VALUE(show_pipe_max, "%u", PIPE_MAX_SIZE)
VALUE(show_pipe_soft, "%u", PIPE_USER_PAGES_SOFT)
VALUE(show_pipe_hard, "%u", 0)
VALUE(show_watches, "%d", 65536)
VALUE(show_instances, "%d", 128)
VALUE(show_queued_events, "%d", 16384)
VALUE(show_map_count, "%d", 65530)
VALUE(show_min_addr, "%d", 65536)
VALUE(show_somaxconn, "%d", 4096)
VALUE(show_socket_buffer, "%u", L_SK_MEM_MAX)
VALUE(show_shmmax, "%llu", L_SHMMAX)
VALUE(show_shmall, "%llu", L_SHMALL)
VALUE(show_shmmni, "%d", L_SHMMNI)
VALUE(show_randomize, "%d", 2)

static int show_hostname(struct proc_text *text, const struct proc_subject *s)
{
    struct l_utsname name;
    (void)s;
    system_name(&name);
    proc_add(text, "%s\n", name.nodename);
    return 0;
}

static void add_uuid(struct proc_text *text, const uint8_t b[16])
{
    for (int i = 0; i < 16; i++) {
        uint8_t byte = b[i];
        if (i == 6)
            byte = (byte & 0x0f) | 0x40;
        if (i == 8)
            byte = (byte & 0x3f) | 0x80;
        proc_add(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", byte);
    }
    proc_add(text, "\n");
}

static int show_uuid(struct proc_text *text, const struct proc_subject *s)
{
    uint8_t bytes[16];
    (void)s;
    host_random(bytes, sizeof(bytes));
    add_uuid(text, bytes);
    return 0;
}

static int show_boot_id(struct proc_text *text, const struct proc_subject *s)
{
    static struct host_mutex lock = HOST_MUTEX_INIT(RANK_PROC_SYSTEM);
    static uint8_t bytes[16];
    static bool made;
    (void)s;
    host_mutex_lock(&lock);
    if (!made)
        host_random(bytes, sizeof(bytes));
    made = true;
    host_mutex_unlock(&lock);
    add_uuid(text, bytes);
    return 0;
}

static const struct proc_entry random_entries[] = {
    PROC_TEXT("boot_id", show_boot_id),
    PROC_TEXT("uuid", show_uuid),
    PROC_TEXT("entropy_avail", show_entropy),
    PROC_TEXT("poolsize", show_entropy),
    PROC_END,
};

static const struct proc_entry kernel_entries[] = {
    PROC_TEXT("ostype", show_ostype),
    PROC_TEXT("osrelease", show_osrelease),
    PROC_TEXT("version", show_uts_version),
    PROC_TEXT("hostname", show_hostname),
    PROC_TEXT("domainname", show_domainname),
    PROC_TEXT("pid_max", show_pid_max),
    PROC_TEXT("threads-max", show_threads_max),
    PROC_TEXT("ngroups_max", show_ngroups),
    PROC_TEXT("cap_last_cap", show_cap_last),
    PROC_TEXT("overflowuid", show_overflow_id),
    PROC_TEXT("overflowgid", show_overflow_id),
    PROC_TEXT("tainted", show_zero),
    PROC_TEXT("core_pattern", show_core_pattern),
    PROC_TEXT("core_uses_pid", show_zero),
    PROC_TEXT("shmall", show_shmall),
    PROC_TEXT("shmmax", show_shmmax),
    PROC_TEXT("shmmni", show_shmmni),
    PROC_TEXT("randomize_va_space", show_randomize),
    PROC_TEXT("printk", show_one),
    PROC_DIRECTORY("random", random_entries),
    PROC_END,
};

static const struct proc_entry inotify_entries[] = {
    PROC_TEXT("max_user_watches", show_watches),
    PROC_TEXT("max_user_instances", show_instances),
    PROC_TEXT("max_queued_events", show_queued_events),
    PROC_END,
};

static const struct proc_entry fs_entries[] = {
    PROC_TEXT("file-max", show_file_max),
    PROC_TEXT("nr_open", show_nr_open),
    PROC_TEXT("pipe-max-size", show_pipe_max),
    PROC_TEXT("pipe-user-pages-hard", show_pipe_hard),
    PROC_TEXT("pipe-user-pages-soft", show_pipe_soft),
    PROC_TEXT("protected_fifos", show_one),
    PROC_TEXT("protected_hardlinks", show_one),
    PROC_TEXT("protected_regular", show_one),
    PROC_TEXT("protected_symlinks", show_one),
    PROC_DIRECTORY("inotify", inotify_entries),
    PROC_END,
};

static const struct proc_entry vm_entries[] = {
    PROC_TEXT("overcommit_memory", show_zero),
    PROC_TEXT("max_map_count", show_map_count),
    PROC_TEXT("mmap_min_addr", show_min_addr),
    PROC_TEXT("swappiness", show_zero),
    PROC_END,
};

static const struct proc_entry core_entries[] = {
    PROC_TEXT("somaxconn", show_somaxconn),    PROC_TEXT("wmem_default", show_socket_buffer),
    PROC_TEXT("wmem_max", show_socket_buffer), PROC_TEXT("rmem_default", show_socket_buffer),
    PROC_TEXT("rmem_max", show_socket_buffer), PROC_END,
};
static const struct proc_entry net_entries[] = {PROC_DIRECTORY("core", core_entries), PROC_END};

static int show_shm(struct proc_text *text, const struct proc_subject *s)
{
    struct l_shmid64_ds segment;
    struct cred any = {0}; /* SHM_STAT_ANY asks nobody */
    (void)s;
    proc_add(
        text,
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid "
        " cgid      atime      dtime      ctime                   rss                  "
        "swap\n");
    for (int place = 0; place < L_SHMMNI; place++) {
        int id = shm_stat(&any, place, L_SHM_STAT_ANY, &segment);
        const struct l_ipc64_perm *perm = &segment.shm_perm;
        if (id < 0)
            continue;
        proc_add(text,
                 "%10d %10d  %4o %21" PRIu64 " %5u %5u  %5" PRIu64 " %5u %5u %5u %5u %10" PRIi64
                 " %10" PRIi64 " %10" PRIi64 " %21" PRIu64 " %21u\n",
                 perm->key, id, perm->mode, segment.shm_segsz, (uint32_t)segment.shm_cpid,
                 (uint32_t)segment.shm_lpid, segment.shm_nattch, perm->uid, perm->gid, perm->cuid,
                 perm->cgid, segment.shm_atime, segment.shm_dtime, segment.shm_ctime,
                 shm_resident(place), 0u);
    }
    return 0;
}

static const struct proc_entry ipc_entries[] = {PROC_TEXT("shm", show_shm), PROC_END};

const struct proc_entry proc_sys_entries[] = {
    PROC_DIRECTORY("kernel", kernel_entries),
    PROC_DIRECTORY("fs", fs_entries),
    PROC_DIRECTORY("vm", vm_entries),
    PROC_DIRECTORY("net", net_entries),
    PROC_END,
};

const struct proc_entry proc_root_entries[] = {
    {.name = "self", .mode = L_S_IFLNK | 0777, .link = link_self},
    {.name = "thread-self", .mode = L_S_IFLNK | 0777, .link = link_thread_self},
    {.name = "net", .mode = L_S_IFLNK | 0777, .link = link_net},
    {.name = "mounts", .mode = L_S_IFLNK | 0777, .link = link_mounts},
    PROC_TEXT("cmdline", show_cmdline),
    PROC_TEXT("cpuinfo", proc_show_cpuinfo),
    PROC_TEXT("devices", show_devices),
    PROC_TEXT("filesystems", show_filesystems),
    PROC_TEXT("loadavg", show_loadavg),
    PROC_TEXT("locks", show_locks),
    PROC_TEXT("meminfo", show_meminfo),
    PROC_TEXT("modules", show_empty),
    PROC_TEXT("partitions", show_empty),
    PROC_TEXT("stat", show_stat),
    PROC_TEXT("swaps", show_swaps),
    PROC_TEXT("uptime", show_uptime),
    PROC_TEXT("version", show_version),
    PROC_TEXT("vmstat", show_vmstat),
    PROC_DIRECTORY("sys", proc_sys_entries),
    PROC_DIRECTORY("sysvipc", ipc_entries),
    PROC_END,
};
