/* For output.sh: waits with poll and epoll for the reader of the standard output to go, and says
 * with its status whether that is told as on Linux: 0. With "write" it writes meanwhile until that
 * fails. With "full" it fills the pipe without blocking, and waits for its reader to make room. The
 * line "waiting" goes to the standard error before. With "stuck" signals end writes that wait for
 * room, and nobody reads before that line. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 30000

static void *wait_for_end(void *arg)
{
    struct pollfd output = {1, 0, 0};
    (void)arg;
    return (void *)(long)(poll(&output, 1, PATIENCE_MS) == 1 && output.revents == POLLERR);
}

static int write_until_broken(void)
{
    pthread_t waiting;
    void *told;
    char byte = '.';
    if (pthread_create(&waiting, NULL, wait_for_end, NULL) != 0)
        return 9;
    while (write(1, &byte, 1) == 1)
        ;
    int error = errno;
    pthread_join(waiting, &told);
    return error != EPIPE ? 4 : !told;
}

/* The reader begins to read when "waiting" is said. */
static int fill(void)
{
    static const char waiting[] = "waiting\n";
    static char bytes[10000];
    struct pollfd output = {1, POLLOUT, 0};
    struct epoll_event event = {.events = EPOLLOUT | EPOLLET}, got = {0};
    int epoll = epoll_create1(0);
    if (fcntl(1, F_SETFL, O_NONBLOCK) != 0 || poll(&output, 1, 0) != 1)
        return 20;
    while (write(1, bytes, sizeof(bytes)) > 0)
        ;
    if (errno != EAGAIN || poll(&output, 1, 0) != 0)
        return 21;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, 1, &event) != 0 || epoll_wait(epoll, &got, 1, 0) != 0)
        return 22;
    if (write(2, waiting, sizeof(waiting) - 1) < 0)
        return 23;
    if (epoll_wait(epoll, &got, 1, PATIENCE_MS) != 1 || got.events != EPOLLOUT)
        return 24;
    if (poll(&output, 1, PATIENCE_MS) != 1 || output.revents != POLLOUT)
        return 25;
    return write(1, "", 1) == 1 ? 0 : 26;
}

static volatile sig_atomic_t *handled; /* shared with the child */

static void on_signal(int sig)
{
    (void)sig;
    ++*handled;
}

static void handle(int flags)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    sigaction(SIGUSR1, &action, NULL);
}

static long write_much(void)
{
    static char bytes[1 << 20];
    return write(1, bytes, sizeof(bytes));
}

/* The first write fills the pipe, the others find it full. */
static int write_stuck(int said)
{
    handle(0);
    long taken = write_much();
    if (taken <= 0 || taken >= 1 << 20 || *handled != 1 || write(said, "", 1) != 1)
        return 30;
    if (write_much() != -1 || errno != EINTR || *handled != 2)
        return 31;
    handle(SA_RESTART);
    if (write(said, "", 1) != 1)
        return 32;
    write_much();
    return 33;
}

/* True when the child is in a wait that a signal ends. */
static bool is_waiting(pid_t child)
{
    char name[40], text[100] = "";
    snprintf(name, sizeof(name), "/proc/%d/stat", (int)child);
    int file = open(name, O_RDONLY);
    bool waits = read(file, text, sizeof(text) - 1) > 0 && strstr(text, ") S ");
    close(file);
    return waits;
}

static bool within_patience(bool (*test)(pid_t), pid_t child)
{
    struct timespec pause = {0, 1000000};
    for (int i = 0; i < PATIENCE_MS; i++) {
        if (test(child))
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static bool has_handled_three(pid_t child)
{
    (void)child;
    return *handled == 3;
}

static int stuck(void)
{
    static const char waiting[] = "waiting\n";
    int said[2], status = 0;
    char byte;
    handled = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (handled == MAP_FAILED || pipe(said) != 0)
        return 40;
    pid_t child = fork();
    if (child == 0)
        _exit(write_stuck(said[1]));
    for (int i = 0; i < 2; i++)
        if (!within_patience(is_waiting, child) || kill(child, SIGUSR1) != 0 ||
            read(said[0], &byte, 1) != 1)
            return 41 + i;
    if (!within_patience(is_waiting, child) || kill(child, SIGUSR1) != 0 ||
        !within_patience(has_handled_three, child) || !within_patience(is_waiting, child))
        return 43;
    if (kill(child, SIGKILL) != 0 || waitpid(child, &status, 0) != child)
        return 44;
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        return WEXITSTATUS(status);
    return write(2, waiting, sizeof(waiting) - 1) < 0 ? 45 : 0;
}

int main(int argc, char **argv)
{
    static const char waiting[] = "waiting\n";
    struct pollfd output = {1, 0, 0};
    struct epoll_event event = {.events = EPOLLET}, got = {0};
    int epoll = epoll_create1(0);
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && !strcmp(argv[1], "full"))
        return fill();
    if (argc > 1 && !strcmp(argv[1], "stuck"))
        return stuck();
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, 1, &event) != 0 || poll(&output, 1, 0) != 0)
        return 10;
    if (write(2, waiting, sizeof(waiting) - 1) < 0)
        return 11;
    int error = argc > 1 && !strcmp(argv[1], "write") ? write_until_broken() : !wait_for_end(NULL);
    if (error)
        return error;
    if (epoll_wait(epoll, &got, 1, PATIENCE_MS) != 1 || got.events != EPOLLERR)
        return 2;
    output.events = POLLOUT;
    if (poll(&output, 1, 0) != 1 || output.revents != (POLLOUT | POLLERR))
        return 3;
    return write(1, "", 1) != -1 || errno != EPIPE ? 5 : 0;
}
