/*
 * Segments of System V shared memory (shmget(2)). One lives until it was removed and no address
 * space shows it any more; who shows it is counted as the regions of spaces are, whatever makes and
 * unmaps them. There are at most L_SHMMNI. Any thread may call these; they take a lock of their own
 * and never wait. Results are 0 or positive, or a negative errno.
 */
#ifndef RUNTIME_TASK_SHM_H
#define RUNTIME_TASK_SHM_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/abi/ipc.h"

struct cred;
struct mapping;

/* What /proc/PID/maps and space_describe call the device of segments; the inode is the id. */
#define SHM_DEVICE 1u

/* shmget(2) for the process pid. The id. */
int shm_get(const struct cred *cred, int32_t pid, int32_t key, uint64_t size, uint32_t flags);

/* A reference to the segment's memory and its size in bytes, for who may read it and, with write,
 * write it. -L_EINVAL, -L_EIDRM, -L_EACCES. */
int shm_open_segment(const struct cred *cred, int32_t id, uint32_t access, struct mapping **out,
                     uint64_t *size);

/* shmctl(2) with IPC_STAT, SHM_STAT, SHM_STAT_ANY: id is a place in the table for the latter two.
 * The result is IPC_STAT's 0, or the id. */
int shm_stat(const struct cred *cred, int32_t id, uint32_t command, struct l_shmid64_ds *out);
/* IPC_SET, IPC_RMID, SHM_LOCK and SHM_UNLOCK; set is for the first. limit: what may be locked, in
 * bytes. */
int shm_change(const struct cred *cred, int32_t id, uint32_t command,
               const struct l_shmid64_ds *set, uint64_t limit);
/* SHM_INFO; the result, IPC_INFO's too, is the highest place in the table that is taken. */
int shm_info(struct l_shm_info *out);
/* Bytes of the segment at a place of the table that memory is there for. */
uint64_t shm_resident(int32_t place);

#endif
