/* What file systems give back when memory becomes short. */
#include "runtime/fs/vfs/dentry.h"
#include "runtime/fs/vfs/inode.h"
#include "runtime/memory/space.h"

/* Only one thread at a time; the others go on and may be refused memory. */
static struct host_mutex reclaiming = HOST_MUTEX_INIT(RANK_RECLAIM);

/* What was in use after the last round: another is worth while only when a good deal was added. */
static _Atomic uint64_t left_over;

static bool is_short(void)
{
    uint64_t limit = memory_limit(), used = memory_used();
    return limit && used > limit - limit / 8 && used > atomic_load(&left_over) + limit / 64;
}

static void age(struct inode *inode, void *arg)
{
    (void)arg;
    if (inode->pages.held)
        pagecache_drop_unused(inode);
}

static void age_super(struct superblock *super, void *arg)
{
    inode_each(super, age, arg);
}

void pagecache_reclaim(void)
{
    if (!is_short() || !host_mutex_trylock(&reclaiming))
        return;
    for (int pass = 0; pass < 2 && is_short(); pass++)
        super_each(age_super, NULL);
    uint64_t used = memory_used(), limit = memory_limit();
    atomic_store(&left_over, used > limit - limit / 8 ? used : 0);
    host_mutex_unlock(&reclaiming);
}

bool pagecache_reclaim_now(void)
{
    uint64_t before = memory_used();
    host_mutex_lock(&reclaiming);
    for (int pass = 0; pass < 2; pass++)
        super_each(age_super, NULL);
    dentry_reclaim();
    host_mutex_unlock(&reclaiming);
    return memory_used() < before;
}
