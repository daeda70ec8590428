/* Who is ended when memory runs out. */
#include "runtime/kernel/life/oom.h"

#include "runtime/abi/process.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/fs/vfs/pagecache.h"
#include "runtime/host/log.h"
#include "runtime/host/thread.h"
#include "runtime/memory/space.h"
#include "runtime/task/process.h"
#include "runtime/task/process_tree.h"

/* One chooses at a time: the next finds the victim of the one before dead or dying. */
static struct host_mutex choosing = HOST_MUTEX_INIT(RANK_OOM);

/* An open file with its inode and its name. */
#define FILE_BYTES   ((uint64_t)1024)
#define THREAD_BYTES ((uint64_t)192 << 10)

static struct files *files_of(struct process *p, uint32_t *threads)
{
    host_mutex_lock(&kernel_lock);
    struct files *files = p->threads && p->threads->files ? files_share(p->threads->files) : NULL;
    *threads = p->live_threads;
    host_mutex_unlock(&kernel_lock);
    return files;
}

/* What the kernel holds for it, about. */
static uint64_t kernel_bytes(struct process *p)
{
    uint32_t threads;
    struct files *files = files_of(p, &threads);
    uint64_t bytes = threads * THREAD_BYTES;
    for (int fd = -1; files && (fd = files_next(files, fd + 1)) >= 0;) {
        struct file *file = files_get(files, fd);
        if (!file)
            continue;
        bytes += FILE_BYTES + (file->ops->memory ? file->ops->memory(file) : 0);
        file_put(file);
    }
    files_put(files);
    return bytes;
}

/* Bytes that its death would give back, and oom_score_adj thousandths of all memory. 0: spare it.
 */
static uint64_t badness(struct process *p)
{
    struct space *space = process_space(p);
    struct space_usage usage = {.resident = 0};
    if (!space)
        return 0;
    space_usage(space, &usage);
    space_put(space);
    int64_t points = (int64_t)(usage.resident + kernel_bytes(p)) +
                     (int64_t)(memory_limit() / L_OOM_SCORE_ADJ_MAX) * p->oom_score_adj;
    if (p->oom_score_adj == L_OOM_SCORE_ADJ_MIN)
        return 0;
    return points > 0 ? (uint64_t)points : 1;
}

/* The process to go, with a reference; one that is dying already before all others: what it had is
 * perhaps not given back yet. */
static struct process *choose(bool *dying)
{
    struct process *worst = NULL;
    uint64_t most = 0;
    *dying = false;
    int32_t pid = 0;
    for (struct process *p; (p = process_next(pid)); process_put(p)) {
        pid = p->pid;
        uint64_t points = badness(p);
        host_mutex_lock(&kernel_lock);
        bool going = p->group_exit && p->state != PROCESS_ZOMBIE;
        host_mutex_unlock(&kernel_lock);
        if (!going && points <= most)
            continue;
        if (worst)
            process_put(worst);
        process_get(p);
        worst = p;
        most = points;
        *dying = going;
        if (going) {
            process_put(p);
            break;
        }
    }
    return worst;
}

/* Memory is given back only when everybody who shares it is gone (vfork, CLONE_VM). */
static void kill_sharers(struct space *space)
{
    int32_t pid = 0;
    for (struct process *p; (p = process_next(pid)); process_put(p)) {
        pid = p->pid;
        struct space *other = process_space(p);
        if (other && other == space)
            signal_send_process(p, L_SIGKILL, NULL);
        space_put(other);
    }
}

static bool has_left_memory(void *arg)
{
    struct process *p = arg;
    host_mutex_lock(&kernel_lock);
    bool left = p->state == PROCESS_ZOMBIE;
    host_mutex_unlock(&kernel_lock);
    return left;
}

/* Kills somebody, unless somebody is dying. A reference, or NULL when nobody may be killed. */
static struct process *kill_one(struct task *t)
{
    bool dying;
    host_mutex_lock(&choosing);
    struct process *victim = choose(&dying);
    struct space *space = victim && !dying ? process_space(victim) : NULL;
    if (space) {
        struct space_usage usage;
        space_usage(space, &usage);
        struct task *any = process_next_task(victim, 0);
        host_log_error(
            "out of memory (limit %llu MiB): killed process %d (%s), which has %llu MiB; asked "
            "for by process %d (%s)",
            (unsigned long long)(memory_limit() >> 20), (int)victim->pid, any ? any->comm : "?",
            (unsigned long long)((usage.resident + kernel_bytes(victim)) >> 20),
            (int)t->process->pid, t->comm);
        if (any)
            task_put(any);
        kill_sharers(space);
        space_put(space);
    }
    host_mutex_unlock(&choosing);
    return victim;
}

/* Kills somebody and waits until his memory is given back. */
static bool end_one(struct task *t)
{
    struct process *victim = kill_one(t);
    if (!victim)
        return false;
    int error = wait_until_killable(&victim->exit_wait, has_left_memory, victim, WAIT_FOREVER);
    process_put(victim);
    return !error;
}

static bool relieve(void)
{
    struct task *t = host_current_get();
    if (!t || signal_fatal_pending(t))
        return false;
    return pagecache_reclaim_now() || end_one(t);
}

static bool is_dying(void)
{
    struct task *t = host_current_get();
    return t && signal_fatal_pending(t);
}

void oom_init(void)
{
    memory_short_set(relieve);
    memory_dying_set(is_dying);
}

bool oom_relieve_kernel(void)
{
    struct task *t = task_current();
    if (!t || signal_fatal_pending(t) || !memory_kernel_is_short())
        return false;
    if (pagecache_reclaim_now() && !memory_kernel_is_short())
        return true;
    bool dying;
    struct process *worst = choose(&dying);
    bool own = worst == t->process;
    if (worst)
        process_put(worst);
    return worst && !own && end_one(t);
}

bool oom_make_room(uint64_t bytes)
{
    uint64_t limit = memory_limit();
    return limit && bytes <= limit && memory_used() > limit - bytes && pagecache_reclaim_now();
}
