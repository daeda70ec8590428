/* System V shared memory: keys, permissions, attaching, how many show a segment through fork, exit
 * and munmap, and segments that are removed while they are shown. */
#include "check.h"

#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>

#define SIZE  100000
#define WHOLE 102400 /* in pages */

static struct shmid_ds status(int id)
{
    struct shmid_ds segment = {0};
    CHECK_OK(shmctl(id, IPC_STAT, &segment));
    return segment;
}

static void removed(int id)
{
    struct shmid_ds segment;
    CHECK_EQ(shmctl(id, IPC_STAT, &segment), -1);
    CHECK(errno == EINVAL || errno == EIDRM);
    CHECK_EQ((intptr_t)shmat(id, NULL, 0), -1);
}

static void keys(key_t key)
{
    CHECK_ERRNO(shmget(key, SIZE, 0600), ENOENT);
    CHECK_ERRNO(shmget(key, 0, IPC_CREAT | 0600), EINVAL);
    int id = shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0640);
    CHECK(id >= 0);
    CHECK_EQ(shmget(key, SIZE, 0600), id);
    CHECK_EQ(shmget(key, 0, 0600), id);
    CHECK_EQ(shmget(key, 1, IPC_CREAT | 0600), id);
    CHECK_ERRNO(shmget(key, SIZE + 1, 0600), EINVAL);
    CHECK_ERRNO(shmget(key, SIZE, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
    struct shmid_ds segment = status(id);
    CHECK_EQ(segment.shm_perm.__key, key);
    CHECK_EQ(segment.shm_perm.mode, 0640);
    CHECK_EQ(segment.shm_perm.uid, geteuid());
    CHECK_EQ(segment.shm_perm.cgid, getegid());
    CHECK_EQ(segment.shm_segsz, SIZE);
    CHECK_EQ(segment.shm_cpid, getpid());
    CHECK_EQ(segment.shm_lpid, 0);
    CHECK_EQ(segment.shm_nattch, 0);
    CHECK_EQ(segment.shm_atime, 0);
    CHECK(segment.shm_ctime > 0);
    segment.shm_perm.mode = 0400;
    CHECK_OK(shmctl(id, IPC_SET, &segment));
    CHECK_EQ(status(id).shm_perm.mode, 0400);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    removed(id);
    CHECK_ERRNO(shmget(key, SIZE, 0600), ENOENT);
    CHECK_ERRNO(shmctl(-1, IPC_STAT, &segment), EINVAL);
    CHECK_ERRNO(shmctl(id, 99, &segment), EINVAL);
}

static void attaching(void)
{
    int id = shmget(IPC_PRIVATE, SIZE, 0600), other = shmget(IPC_PRIVATE, SIZE, 0600);
    CHECK(id >= 0 && other >= 0 && id != other);
    char *first = shmat(id, NULL, 0), *second = shmat(id, NULL, SHM_RDONLY);
    CHECK(first != (void *)-1 && second != (void *)-1 && first != second);
    CHECK_EQ(first[0], 0);
    first[99999] = 'x';
    CHECK_EQ(second[99999], 'x');
    first[WHOLE - 1] = 'y'; /* in the last page */
    CHECK_EQ(second[WHOLE - 1], 'y');
    CHECK_EQ(status(id).shm_nattch, 2);
    CHECK_EQ(status(id).shm_lpid, getpid());
    CHECK_ERRNO(mprotect(second, 4096, PROT_READ | PROT_WRITE), EACCES);

    /* At an address. */
    CHECK_ERRNO((intptr_t)shmat(id, first + 1, 0), EINVAL);
    CHECK_ERRNO((intptr_t)shmat(other, first, 0), EINVAL);
    CHECK_ERRNO((intptr_t)shmat(other, NULL, SHM_REMAP), EINVAL);
    CHECK(shmat(other, second + 5, SHM_RND | SHM_REMAP) == second);
    CHECK_EQ(second[99999], 0);
    CHECK_EQ(status(id).shm_nattch, 1);
    CHECK_EQ(status(other).shm_nattch, 1);

    /* One that is in pieces. */
    CHECK_OK(munmap(first + 8192, 4096));
    CHECK_EQ(status(id).shm_nattch, 2);
    CHECK_ERRNO(shmdt(first + 4096), EINVAL);
    CHECK_ERRNO(shmdt(first + 1), EINVAL);
    CHECK_OK(shmdt(first));
    CHECK_EQ(status(id).shm_nattch, 0);
    CHECK(status(id).shm_dtime > 0);
    CHECK_ERRNO(shmdt(first), EINVAL);
    CHECK_OK(shmdt(second));
    /* It has kept what was stored. */
    first = shmat(id, NULL, SHM_RDONLY);
    CHECK_EQ(first[99999], 'x');
    CHECK_OK(shmdt(first));
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    CHECK_OK(shmctl(other, IPC_RMID, NULL));
}

/* A segment that is removed goes with the last who shows it. */
static void going(void)
{
    int id = shmget(IPC_PRIVATE, SIZE, 0600), ready[2];
    char byte, *memory = shmat(id, NULL, 0);
    CHECK_OK(pipe(ready));
    pid_t child = fork();
    if (child == 0) {
        strcpy(memory, "from the child");
        close(ready[1]);
        CHECK_EQ(read(ready[0], &byte, 1), 0);
        _exit(status(id).shm_nattch == 1 ? 0 : 1);
    }
    close(ready[0]);
    CHECK_EQ(status(id).shm_nattch, 2);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    CHECK_EQ(status(id).shm_perm.mode, 01600);
    CHECK_EQ(status(id).shm_perm.__key, IPC_PRIVATE);
    /* It can still be attached by its number. */
    char *again = shmat(id, NULL, 0);
    CHECK(again != (void *)-1);
    CHECK_OK(shmdt(again));
    CHECK_OK(shmdt(memory));
    close(ready[1]);
    int end;
    CHECK_EQ(waitpid(child, &end, 0), child);
    CHECK_EQ(end, 0);
    removed(id);
}

static void permissions(void)
{
    int id = shmget(IPC_PRIVATE, SIZE, 0604);
    pid_t child = fork();
    if (child == 0) {
        struct shmid_ds segment;
        int bad = setgid(check_user()) || setuid(check_user());
        bad |= shmat(id, NULL, 0) != (void *)-1 || errno != EACCES;
        bad |= shmat(id, NULL, SHM_RDONLY) == (void *)-1;
        bad |= shmctl(id, IPC_STAT, &segment) != 0;
        bad |= shmctl(id, IPC_RMID, NULL) != -1 || errno != EPERM;
        bad |= shmctl(id, IPC_SET, &segment) != -1 || errno != EPERM;
        _exit(bad);
    }
    int end;
    CHECK_EQ(waitpid(child, &end, 0), child);
    CHECK_EQ(end, 0);
    CHECK_EQ(status(id).shm_nattch, 0);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}

/* What ipcs shows. */
static void listed(void)
{
    char line[300], maps[400], wanted[40];
    int id = shmget(IPC_PRIVATE, SIZE, 0600), found = 0;
    void *memory = shmat(id, NULL, 0);
    FILE *list = fopen("/proc/sysvipc/shm", "r");
    CHECK(list != NULL);
    while (list && fgets(line, sizeof(line), list)) {
        int key, number;
        unsigned mode;
        unsigned long size;
        if (sscanf(line, "%d %d %o %lu", &key, &number, &mode, &size) == 4 && number == id)
            found += key == 0 && mode == 0600 && size == SIZE;
    }
    CHECK_EQ(found, 1);
    if (list)
        fclose(list);
    list = fopen("/proc/self/maps", "r");
    snprintf(wanted, sizeof(wanted), " %d ", id);
    found = 0;
    while (fgets(maps, sizeof(maps), list))
        found += strstr(maps, "/SYSV00000000 (deleted)") && strstr(maps, "rw-s 00000000 ") &&
                 strstr(maps, wanted);
    fclose(list);
    CHECK_EQ(found, 1);
    struct shm_info info;
    CHECK(shmctl(0, SHM_INFO, (struct shmid_ds *)&info) >= 0);
    CHECK(info.used_ids >= 1);
    struct shminfo limits;
    CHECK(shmctl(0, IPC_INFO, (struct shmid_ds *)&limits) >= 0);
    CHECK_EQ(limits.shmmni, 4096);
    CHECK_OK(shmdt(memory));
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}

int main(void)
{
    keys((key_t)(0x46000000 | getpid()));
    attaching();
    going();
    if (geteuid() == 0)
        permissions();
    listed();
    return check_done();
}
