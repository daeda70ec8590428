/*
 * The order in which mutexes are taken, checked while the program runs.
 *
 * Every mutex has a rank, given where it is initialised. A thread that holds some takes only those
 * whose rank comes later in the list below. A wrong order, a mutex that is held already or has no
 * rank, one released by a thread that does not hold it, and any mutex held where none may be end
 * the process by abort, with the stacks of both places on stderr.
 *
 * Checked when FORELAND_CHECK_LOCKS is defined (Debug builds and those with sanitizers); otherwise
 * a mutex keeps no rank and nothing here costs anything.
 */
#ifndef RUNTIME_HOST_LOCKCHECK_H
#define RUNTIME_HOST_LOCKCHECK_H

#include <stdbool.h>

/* ONE(rank): a thread holds at most one of them. MANY(rank): more, in an order of their own: inodes
 * with ancestors first, then by address; buckets of futexes by address; queues of epolls that watch
 * epolls. Outermost first; ARCHITECTURE.md, "Locks", says why. */
#define LOCK_RANKS(ONE, MANY)                                                                      \
    /* app */                                                                                      \
    ONE(FINISHING)                                                                                 \
    ONE(CODE_WRITING)                                                                              \
    ONE(CONTROL)                                                                                   \
    ONE(WINDOW)                                                                                    \
    ONE(FINDER)                                                                                    \
    ONE(SESSION_TYPING)                                                                            \
    ONE(SESSION)                                                                                   \
    ONE(SESSION_TYPED)                                                                             \
    ONE(SESSION_WORK)                                                                              \
    ONE(FALLBACK)                                                                                  \
    ONE(WATCH)                                                                                     \
    /* held over the kernel's own work, before anything of the file system */                      \
    ONE(RESOLVER)                                                                                  \
    ONE(OOM)                                                                                       \
    ONE(ASYNC_SENDING)                                                                             \
    ONE(ASYNC_SETTING)                                                                             \
    ONE(FS_KERNEL)                                                                                 \
    ONE(MEMFD)                                                                                     \
    ONE(FILE_SUPER)                                                                                \
    /* names and inodes */                                                                         \
    ONE(RECLAIM)                                                                                   \
    ONE(RENAME)                                                                                    \
    MANY(INODE)                                                                                    \
    ONE(IMAGE_COMMITTING)                                                                          \
    ONE(IMAGE_ORDER)                                                                               \
    ONE(INODE_WRITING)                                                                             \
    ONE(HOSTFS_READING)                                                                            \
    ONE(HOST_NODE)                                                                                 \
    ONE(HOST_GATE)                                                                                 \
    ONE(HOST_NAMES)                                                                                \
    ONE(IMAGE)                                                                                     \
    ONE(IMAGE_ROOM)                                                                                \
    ONE(STORE)                                                                                     \
    ONE(STORE_MEDIA)                                                                               \
    ONE(SUPERBLOCKS)                                                                               \
    /* processes */                                                                                \
    ONE(EPOLL_ITEMS)                                                                               \
    ONE(KERNEL)                                                                                    \
    ONE(FILES)                                                                                     \
    ONE(FS_CONTEXT)                                                                                \
    ONE(FILE_LOCKS)                                                                                \
    ONE(INOTIFY)                                                                                   \
    ONE(DENTRIES)                                                                                  \
    ONE(INODE_STATE)                                                                               \
    ONE(INODE_TABLE)                                                                               \
    ONE(PAGE_LOADING)                                                                              \
    ONE(CHUNK_MAP)                                                                                 \
    ONE(PIPE)                                                                                      \
    ONE(INET_PORTS)                                                                                \
    ONE(HOST_SOCKET)                                                                               \
    ONE(HOST_SOCKETS)                                                                              \
    ONE(UNIX)                                                                                      \
    ONE(NETWORK_CHANGES)                                                                           \
    ONE(INET)                                                                                      \
    ONE(NETLINK)                                                                                   \
    ONE(SOCKET_FILTER)                                                                             \
    ONE(EVENTFD)                                                                                   \
    ONE(TIMERFD)                                                                                   \
    ONE(CONSOLE)                                                                                   \
    ONE(TTY_TABLE)                                                                                 \
    ONE(TTY)                                                                                       \
    ONE(HOSTTERM)                                                                                  \
    /* memory and code */                                                                          \
    ONE(SPACE)                                                                                     \
    ONE(SPACES)                                                                                    \
    ONE(ORIGIN)                                                                                    \
    ONE(ANONYMOUS)                                                                                 \
    ONE(BLOCK_ARENAS)                                                                              \
    ONE(TRANSLATE)                                                                                 \
    ONE(FUTEX_LEAVING)                                                                             \
    MANY(FUTEX)                                                                                    \
    /* held for moments */                                                                         \
    ONE(UTS_NAME)                                                                                  \
    ONE(USER)                                                                                      \
    ONE(CHRDEV)                                                                                    \
    ONE(DEVICES)                                                                                   \
    ONE(PROC_SYSTEM)                                                                               \
    ONE(SHM)                                                                                       \
    ONE(WAITQ)                                                                                     \
    MANY(WAITQ_NESTED)                                                                             \
    ONE(EPOLL_READY)                                                                               \
    ONE(ASYNC_PENDING)                                                                             \
    ONE(FILE_OWNER)                                                                                \
    ONE(TIMERS)                                                                                    \
    /* the host's */                                                                               \
    ONE(HOST_POSITION)                                                                             \
    ONE(HOST_PUMP)                                                                                 \
    ONE(HOST_STANDARD)                                                                             \
    ONE(CONSOLE_OPEN)                                                                              \
    ONE(CONSOLE_HOST)                                                                              \
    ONE(THREAD_ALIVE)                                                                              \
    ONE(SUSPEND)                                                                                   \
    ONE(REDIRECT)                                                                                  \
    ONE(THREAD_POOL)                                                                               \
    ONE(TEST)                                                                                      \
    ONE(LOG)

enum lock_rank {
    RANK_NONE, /* not initialised: may not be taken */
#define RANK(name) RANK_##name,
    LOCK_RANKS(RANK, RANK)
#undef RANK
};

struct host_mutex;

#ifdef FORELAND_CHECK_LOCKS
/* For lock.c: the calling thread is about to take it (and to wait for it), has it by a try, is
 * about to release it. */
void lockcheck_take(const struct host_mutex *mutex);
void lockcheck_took(const struct host_mutex *mutex);
void lockcheck_release(const struct host_mutex *mutex);
/* The calling thread holds none: it is about to do what takes locks itself and may take long. */
void lockcheck_none_held(const char *doing);
/* The calling thread's frames, innermost first, and a line for each on stderr. */
void lockcheck_capture(void **frames, int count);
void lockcheck_print(void *const *frames, int count);
#else
#define lockcheck_take(mutex)      ((void)0)
#define lockcheck_took(mutex)      ((void)0)
#define lockcheck_release(mutex)   ((void)0)
#define lockcheck_none_held(doing) ((void)0)
#endif

#endif
