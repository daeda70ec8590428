/* System V shared memory: include/uapi/linux/ipc.h, shm.h; x86-64. */
#ifndef RUNTIME_ABI_IPC_H
#define RUNTIME_ABI_IPC_H

#include <stdint.h>

#define L_IPC_PRIVATE 0
#define L_IPC_CREAT   01000
#define L_IPC_EXCL    02000

#define L_IPC_RMID     0
#define L_IPC_SET      1
#define L_IPC_STAT     2
#define L_IPC_INFO     3
#define L_SHM_LOCK     11
#define L_SHM_UNLOCK   12
#define L_SHM_STAT     13
#define L_SHM_INFO     14
#define L_SHM_STAT_ANY 15

#define L_SHM_HUGETLB 04000 /* shmget */
#define L_SHM_DEST    01000 /* mode */
#define L_SHM_LOCKED  02000
#define L_SHM_RDONLY  010000 /* shmat */
#define L_SHM_RND     020000
#define L_SHM_REMAP   040000
#define L_SHM_EXEC    0100000

#define L_SHMMNI 4096
#define L_SHMMAX 18446744073692774399ull
#define L_SHMALL 18446744073692774399ull

struct l_ipc64_perm {
    int32_t key;
    uint32_t uid, gid, cuid, cgid, mode;
    uint16_t seq, pad[3];
    uint64_t unused[2];
};

struct l_shmid64_ds {
    struct l_ipc64_perm shm_perm;
    uint64_t shm_segsz;
    int64_t shm_atime, shm_dtime, shm_ctime;
    int32_t shm_cpid, shm_lpid;
    uint64_t shm_nattch, unused[2];
};

struct l_shminfo64 {
    uint64_t shmmax, shmmin, shmmni, shmseg, shmall, unused[4];
};

struct l_shm_info {
    int32_t used_ids, pad;
    uint64_t shm_tot, shm_rss, shm_swp, swap_attempts, swap_successes;
};

#endif
