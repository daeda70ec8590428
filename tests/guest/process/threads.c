/* Threads with pthreads: creation and joining in numbers, mutexes and conditions under contention,
 * cancellation, signals to threads, thread-local storage, exit of the first thread before the
 * others, execve from a thread. guest: glibc only (in a forked child whose first thread ends,
 * musl's other threads wait for its thread list for ever). */
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static uint64_t counter, turn;
static __thread uint64_t mine;

static void *count_up(void *argument)
{
    for (int i = 0; i < 5000; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
        mine++;
    }
    return (void *)(mine + (uintptr_t)argument);
}

static void *take_turns(void *argument)
{
    uint64_t me = (uintptr_t)argument;
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % 4 != me)
            pthread_cond_wait(&condition, &mutex);
        turn++;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *nothing(void *argument)
{
    return argument;
}

static void contention(void)
{
    pthread_t threads[8];
    for (uintptr_t i = 0; i < 8; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, count_up, (void *)i), 0);
    for (uintptr_t i = 0; i < 8; i++) {
        void *result;
        CHECK_EQ(pthread_join(threads[i], &result), 0);
        CHECK_EQ((uintptr_t)result, 5000 + i);
    }
    CHECK_EQ(counter, 40000);
    for (uintptr_t i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, take_turns, (void *)i), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(turn, 800);
    for (uintptr_t i = 0; i < 500; i++) {
        void *result = NULL;
        if (pthread_create(&threads[0], NULL, nothing, (void *)i) ||
            pthread_join(threads[0], &result) || (uintptr_t)result != i) {
            CHECK(!"a short thread");
            break;
        }
    }
}

static sem_t semaphore;
static _Atomic int cleaned;

static void clean(void *argument)
{
    (void)argument;
    cleaned = 1;
}

static void *cancelled(void *argument)
{
    pthread_cleanup_push(clean, NULL);
    sem_post(&semaphore);
    char byte;
    (void)!read(*(int *)argument, &byte, 1);
    pthread_cleanup_pop(0);
    return NULL;
}

static void cancellation(void)
{
    int fds[2];
    void *result;
    pthread_t thread;
    CHECK_OK(pipe(fds));
    sem_init(&semaphore, 0, 0);
    CHECK_EQ(pthread_create(&thread, NULL, cancelled, &fds[0]), 0);
    sem_wait(&semaphore);
    CHECK_EQ(pthread_cancel(thread), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK_EQ(cleaned, 1);
    close(fds[0]);
    close(fds[1]);
}

static _Atomic pid_t handled_by;

static void handler(int signal)
{
    (void)signal;
    handled_by = syscall(SYS_gettid);
    sem_post(&semaphore);
}

static _Atomic pid_t thread_id;
static _Atomic bool leave;

static void *signalled(void *argument)
{
    (void)argument;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    thread_id = syscall(SYS_gettid);
    sem_post(&semaphore);
    while (!leave)
        usleep(1000);
    return NULL;
}

/* A signal for the process goes to the thread that does not block it. */
static void signals(void)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, signalled, NULL), 0);
    sem_wait(&semaphore);
    for (int i = 0; i < 50; i++) {
        handled_by = 0;
        CHECK_OK(kill(getpid(), SIGUSR1));
        while (sem_wait(&semaphore))
            ;
        CHECK_EQ(handled_by, thread_id);
    }
    handled_by = 0;
    CHECK_EQ(pthread_kill(thread, SIGUSR1), 0);
    sem_wait(&semaphore);
    CHECK_EQ(handled_by, thread_id);
    leave = true;
    pthread_join(thread, NULL);
    CHECK(thread_id != getpid());
    CHECK_EQ(syscall(SYS_gettid), getpid());
    /* A thread can be joined a moment before it is gone. */
    CHECK_EVENTUALLY(syscall(SYS_tgkill, getpid(), thread_id, 0) == -1 && errno == ESRCH);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void *last_words(void *argument)
{
    /* The first thread has ended; the process is still there, and it is this one's to end. */
    usleep(10000);
    _exit((int)(intptr_t)argument);
}

static void *exec_from_here(void *argument)
{
    char *arguments[] = {argument, "child", NULL};
    execv(argument, arguments);
    _exit(98);
}

static void *forever(void *argument)
{
    for (;;)
        pause();
    return argument;
}

static void ending(char *self)
{
    int status = 0;
    pthread_t thread;
    pid_t child = fork();
    if (child == 0) {
        pthread_create(&thread, NULL, last_words, (void *)17);
        pthread_exit(NULL);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 17 << 8);
    /* All threads but one that ends quietly: status 0. */
    child = fork();
    if (child == 0) {
        pthread_create(&thread, NULL, nothing, NULL);
        pthread_exit(NULL);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    /* execve ends the other threads, and the process keeps its id. */
    child = fork();
    if (child == 0) {
        pthread_create(&thread, NULL, forever, NULL);
        pthread_create(&thread, NULL, exec_from_here, self);
        for (;;)
            pause();
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 7 << 8);
    /* A fatal signal in one thread ends all. */
    child = fork();
    if (child == 0) {
        pthread_create(&thread, NULL, forever, NULL);
        raise(SIGKILL);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, SIGKILL);
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return getpid() == (pid_t)syscall(SYS_gettid) ? 7 : 8;
    contention();
    cancellation();
    signals();
    ending(argv[0]);
    return check_done();
}
