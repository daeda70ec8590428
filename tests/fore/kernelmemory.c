/* Takes as much of the kernel's memory as `fore --memory` allows, in one process, and shows that
 * another goes on meanwhile. One kind after the other; each round gets about as much as the first,
 * so what the one before had was given back. At the end it says so and waits for the end of the
 * standard input. Not run on the real kernel, whose memory it would take. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static uint8_t data[65536];

/* Each takes one more piece; -1 with errno when it is refused. */

static int a_pipe(void)
{
    int fds[2];
    if (pipe2(fds, O_NONBLOCK))
        return -1;
    return write(fds[1], data, sizeof(data)) == sizeof(data) ? 0 : -1;
}

static int a_pair(void)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds))
        return -1;
    for (int i = 0; i < 2; i++) {
        while (write(fds[i], data, sizeof(data)) > 0)
            ;
        if (errno != EAGAIN)
            return -1;
    }
    return 0;
}

/* Packets of a byte: what holds them is larger than they are. */
static int a_packet_pair(void)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds))
        return -1;
    while (write(fds[0], data, 1) > 0)
        ;
    return errno == EAGAIN ? 0 : -1;
}

static int an_event(void)
{
    static int epoll;
    struct epoll_event event = {.events = EPOLLIN};
    if (!epoll)
        epoll = epoll_create1(0);
    int fd = eventfd(0, 0);
    return fd < 0 ? -1 : epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int a_table(void)
{
    char *memory = mmap(NULL, (size_t)1 << 33, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return -1;
    return munmap(memory + 65536, ((size_t)1 << 33) - 65536);
}

static void *waits(void *arg)
{
    (void)arg;
    pause();
    return NULL;
}

static int a_thread(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 16384);
    errno = pthread_create(&thread, &attributes, waits, NULL);
    return errno ? -1 : 0;
}

static int a_file(void)
{
    static unsigned number;
    char name[64];
    snprintf(name, sizeof(name), "/tmp/files/%u", number++);
    int fd = open(name, O_CREAT | O_WRONLY, 0600);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? -1 : 0;
}

static int a_lock(void)
{
    static off_t at;
    static int fd;
    struct flock lock = {.l_type = F_WRLCK, .l_start = at, .l_len = 1};
    if (!fd)
        fd = open("/tmp/locks", O_CREAT | O_RDWR, 0600);
    at += 2;
    /* Each is looked for from the first. */
    return at > 8000 ? (errno = ENOLCK, -1) : fcntl(fd, F_SETLK, &lock);
}

static int a_descriptor(void)
{
    return open("/", O_RDONLY | O_DIRECTORY) < 0 ? -1 : 0;
}

static const struct kind {
    const char *name;
    int (*take)(void);
} kinds[] = {
    {"pipes", a_pipe},    {"pairs", a_pair},   {"packets", a_packet_pair},
    {"events", an_event}, {"tables", a_table}, {"threads", a_thread},
    {"files", a_file},    {"locks", a_lock},   {"descriptors", a_descriptor},
};

/* Takes until it is refused; says how much it has, and waits to be told to go. */
static void hog(const struct kind *kind, int say, int listen)
{
    uint32_t count = 0;
    int64_t until = check_now() + 4 * INT64_C(1000000000);
    while (kind->take() == 0) {
        count++;
        /* Small pieces need not be taken to the last. */
        if (count % 64 == 0 && check_now() > until)
            break;
        errno = 0;
    }
    bool known = errno == 0 || errno == ENOMEM || errno == EMFILE || errno == ENFILE ||
                 errno == EAGAIN || errno == ENOSPC || errno == ENOLCK;
    if (!known)
        count = 0;
    (void)!write(say, &count, sizeof(count));
    (void)!read(listen, &count, 1);
    _exit(0);
}

/* What a shell and its commands do. */
static bool works(bool files)
{
    pid_t child = fork();
    if (child == 0) {
        int fds[2], pair[2];
        char byte = 'x';
        pthread_t thread;
        bool good = pipe(fds) == 0 && write(fds[1], &byte, 1) == 1 && read(fds[0], &byte, 1) == 1;
        good = good && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 &&
               write(pair[0], data, 1000) == 1000 && read(pair[1], data, 1000) == 1000;
        good = good && pthread_create(&thread, NULL, waits, NULL) == 0;
        int fd = open("/tmp/works", O_CREAT | O_RDWR, 0600);
        good = good && (!files || (fd >= 0 && write(fd, data, sizeof(data)) == sizeof(data)));
        char *memory =
            mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (good && memory != MAP_FAILED)
            memset(memory, 1, 1 << 20);
        _exit(good && memory != MAP_FAILED ? 7 : 1);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 7;
}

static void remove_files(void)
{
    bool any;
    do {
        DIR *dir = opendir("/tmp/files");
        any = false;
        for (struct dirent *entry; dir && (entry = readdir(dir));)
            any |= unlinkat(dirfd(dir), entry->d_name, 0) == 0;
        closedir(dir);
    } while (any);
    CHECK_OK(rmdir("/tmp/files"));
}

static uint32_t round_of(const struct kind *kind)
{
    int say[2], listen[2], status;
    uint32_t count = 0;
    CHECK_OK(pipe(say));
    CHECK_OK(pipe(listen));
    /* The pipe that a hog speaks through has its memory before. */
    CHECK_EQ(write(say[1], data, sizeof(count)), sizeof(count));
    CHECK_EQ(read(say[0], data, sizeof(count)), sizeof(count));
    mkdir("/tmp/files", 0700);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        hog(kind, say[1], listen[0]);
    close(say[1]);
    CHECK_EQ(read(say[0], &count, sizeof(count)), sizeof(count));
    CHECK(count > 0);
    CHECK(works(kind->take != a_file));
    (void)!write(listen[1], "", 1);
    /* It may have had to die for the others. */
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
          (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    if (kind->take == a_file)
        remove_files();
    close(say[0]);
    close(listen[0]);
    close(listen[1]);
    return count;
}

int main(void)
{
    struct rlimit most = {1 << 20, 1 << 20};
    setrlimit(RLIMIT_NOFILE, &most);
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        uint32_t first = round_of(&kinds[i]), second = round_of(&kinds[i]);
        fprintf(stderr, "%s: %u, then %u\n", kinds[i].name, first, second);
        if (kinds[i].take == a_pipe || kinds[i].take == a_pair || kinds[i].take == a_thread)
            check_(second >= first - first / 4, __FILE__, __LINE__, "%s: %u, then only %u",
                   kinds[i].name, first, second);
    }
    int failed = check_done();
    printf("ready\n");
    fflush(stdout);
    (void)!read(0, data, 1);
    return failed;
}
