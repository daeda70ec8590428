/* Record locks: who waits for whom in a circle, and many who wait for many. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>

#define RING  12 /* the longest circle that Linux finds */
#define DEPTH 10
#define WIDTH 12

static int file, go[2];

/* Byte `at` of the file. */
static int lock(int command, short type, int at)
{
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    int result;
    while ((result = fcntl(file, command, &l)) == -1 && errno == EINTR)
        ;
    return result;
}

static void *wait_for_byte(void *at)
{
    lock(F_SETLKW, F_WRLCK, (int)(intptr_t)at);
    return NULL;
}

/* A process that holds byte `at` and has `threads` threads that wait for the next one. */
static pid_t holder(int at, int threads)
{
    int held[2];
    char byte;
    CHECK_OK(pipe(held));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (lock(F_SETLK, F_WRLCK, at) || write(held[1], "", 1) != 1)
            _exit(1);
        close(go[1]);
        while (read(go[0], &byte, 1) > 0)
            ;
        for (int i = 0; i < threads; i++) {
            pthread_t thread;
            if (pthread_create(&thread, NULL, wait_for_byte, (void *)(intptr_t)(at + 1)))
                _exit(2);
        }
        for (;;)
            pause();
    }
    CHECK_EQ(read(held[0], &byte, 1), 1);
    close(held[0]);
    close(held[1]);
    return child;
}

/* Whether the process has so many threads and all of them sleep. */
static bool asleep(pid_t process, int threads)
{
    char name[300];
    snprintf(name, sizeof(name), "/proc/%d/task", process);
    DIR *tasks = opendir(name);
    struct dirent *entry;
    int sleeping = 0;
    while (tasks && (entry = readdir(tasks))) {
        char line[512] = {0}, *end;
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "/proc/%d/task/%.20s/stat", process, entry->d_name);
        int fd = open(name, O_RDONLY);
        if (fd >= 0 && read(fd, line, sizeof(line) - 1) > 0 && (end = strrchr(line, ')')))
            sleeping += end[2] == 'S' || end[2] == 'D';
        close(fd);
    }
    if (tasks)
        closedir(tasks);
    return sleeping == threads;
}

static void end(const pid_t *children, int count)
{
    for (int i = 0; i < count; i++) {
        int status;
        kill(children[i], SIGKILL);
        CHECK_EQ(waitpid(children[i], &status, 0), children[i]);
        CHECK_EQ(status, SIGKILL);
    }
}

/* Every process holds a byte and waits for the next one's; the last would close the circle. */
static void circle(void)
{
    pid_t children[RING - 1];
    CHECK_OK(pipe(go));
    for (int i = 0; i < RING - 1; i++)
        children[i] = holder(i, 1);
    CHECK_OK(lock(F_SETLK, F_WRLCK, RING - 1));
    close(go[1]);
    for (int i = 0; i < RING - 1; i++)
        CHECK_EVENTUALLY(asleep(children[i], 2));
    CHECK_ERRNO(lock(F_SETLKW, F_WRLCK, 0), EDEADLK);
    end(children, RING - 1);
    CHECK_OK(lock(F_SETLKW, F_WRLCK, 0));
    CHECK_OK(lock(F_SETLK, F_UNLCK, 0));
    CHECK_OK(lock(F_SETLK, F_UNLCK, RING - 1));
    close(go[0]);
}

/* Each of DEPTH processes has WIDTH threads waiting for the next: there are WIDTH to the power of
 * DEPTH ways from the first to the last, and who comes next must not go them all. */
static void bush(void)
{
    pid_t children[DEPTH + 1];
    CHECK_OK(pipe(go));
    for (int i = 0; i < DEPTH; i++)
        children[i] = holder(i, i == DEPTH - 1 ? 0 : WIDTH);
    close(go[1]);
    for (int i = 0; i < DEPTH; i++)
        CHECK_EVENTUALLY(asleep(children[i], i == DEPTH - 1 ? 1 : WIDTH + 1));
    fflush(stdout);
    children[DEPTH] = fork();
    if (children[DEPTH] == 0)
        _exit(lock(F_SETLKW, F_WRLCK, 0) ? 1 : 0);
    CHECK_EVENTUALLY(asleep(children[DEPTH], 1));
    CHECK_OK(lock(F_SETLK, F_WRLCK, 100));
    int status = -1;
    end(children, 1);
    CHECK_EQ(waitpid(children[DEPTH], &status, 0), children[DEPTH]);
    CHECK_EQ(status, 0);
    end(children + 1, DEPTH - 1);
    close(go[0]);
}

int main(void)
{
    char name[] = "filelocks-XXXXXX";
    file = mkstemp(name);
    CHECK(file >= 0 && unlink(name) == 0);
    circle();
    bush();
    return check_done();
}
