/* execve: what is kept, what is reset, scripts, the limits and the errors; ids and limits. */
#include "check.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

extern char **environ;
static char self[200];

/* Runs in a child: exec with these, or the errno as 100 + errno. */
static int run(const char *path, char *const *argv, char *const *envp)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        execve(path, argv, envp);
        _exit(100 + errno);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -status;
}

/* A file beside this program, by its whole name. */
static const char *beside(const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof(*paths), "%.*s/%s", (int)(strrchr(self, '/') - self), self, name);
    return path;
}

static const char *put_file(const char *name, const char *text, mode_t mode)
{
    const char *path = beside(name);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    CHECK_OK(fchmod(fd, mode));
    close(fd);
    return path;
}

/* In the new program: says with its exit status whether all is as it should be. */
static int after_exec(void)
{
    struct sigaction action;
    sigset_t set;
    stack_t stack;
    int kept = atoi(getenv("KEPT")), closed = atoi(getenv("CLOSED"));
    if (fcntl(kept, F_GETFD) != 0 || fcntl(closed, F_GETFD) != -1)
        return 1;
    sigaction(SIGUSR1, NULL, &action);
    if (action.sa_handler != SIG_DFL)
        return 2;
    sigaction(SIGUSR2, NULL, &action);
    if (action.sa_handler != SIG_IGN)
        return 3;
    sigprocmask(0, NULL, &set);
    if (!sigismember(&set, SIGHUP) || sigismember(&set, SIGINT))
        return 4;
    sigpending(&set);
    if (!sigismember(&set, SIGHUP))
        return 5;
    sigaltstack(NULL, &stack);
    if (!(stack.ss_flags & SS_DISABLE))
        return 6;
    if (getpid() != atoi(getenv("PID")) || alarm(0) == 0)
        return 7;
    char name[17] = "";
    prctl(PR_GET_NAME, name);
    if (strcmp(name, strrchr(self, '/') + 1))
        return 8;
    if (umask(0) != 027)
        return 9;
    return 0;
}

static void handler(int sig)
{
    (void)sig;
}

static void kept_and_reset(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        static char stack_memory[65536];
        stack_t stack = {stack_memory, 0, sizeof(stack_memory)};
        char text[32];
        sigset_t set;
        signal(SIGUSR1, handler);
        signal(SIGUSR2, SIG_IGN);
        signal(SIGHUP, SIG_DFL);
        sigaltstack(&stack, NULL);
        sigemptyset(&set);
        sigaddset(&set, SIGHUP);
        sigprocmask(SIG_SETMASK, &set, NULL);
        raise(SIGHUP);
        alarm(100);
        umask(027);
        snprintf(text, sizeof(text), "%d", open("/dev/null", O_RDONLY));
        setenv("KEPT", text, 1);
        snprintf(text, sizeof(text), "%d", open("/dev/null", O_RDONLY | O_CLOEXEC));
        setenv("CLOSED", text, 1);
        snprintf(text, sizeof(text), "%d", (int)getpid());
        setenv("PID", text, 1);
        char *argv[] = {self, (char *)"after", NULL};
        execve(self, argv, environ);
        _exit(99);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

static void scripts(void)
{
    char text[512], *argv[] = {(char *)"name", (char *)"x", NULL}, *none[] = {NULL};
    snprintf(text, sizeof(text), "#! %s  script one \nrest\n", self);
    /* argv: self, "script one", the script, x */
    CHECK_EQ(run(put_file("script", text, 0755), argv, none), 40);
    snprintf(text, sizeof(text), "#!%s\n", beside("script"));
    CHECK_EQ(run(put_file("script2", text, 0755), argv, none), 41);
    snprintf(text, sizeof(text), "#!%s\n", beside("loop"));
    CHECK_EQ(run(put_file("loop", text, 0755), argv, none), 100 + ELOOP);
    CHECK_EQ(run(put_file("bad", "#!/tmp/nowhere\n", 0755), argv, none), 100 + ENOENT);
    CHECK_EQ(run(put_file("bad", "#!\n", 0755), argv, none), 100 + ENOEXEC);
    CHECK_EQ(run(put_file("bad", "just text\n", 0755), argv, none), 100 + ENOEXEC);
    CHECK_EQ(run(put_file("bad", "", 0755), argv, none), 100 + ENOEXEC);
    CHECK_EQ(run(put_file("bad", "#!/bin/sh\n", 0644), argv, none), 100 + EACCES);
    CHECK_EQ(run("/tmp", argv, none), 100 + EACCES);
    CHECK_EQ(run(beside("bad/x"), argv, none), 100 + ENOTDIR);
    CHECK_EQ(run("/nowhere", argv, none), 100 + ENOENT);
    CHECK_EQ(run("", argv, none), 100 + ENOENT);
    CHECK_EQ(run((char *)1, argv, none), 100 + EFAULT);
    CHECK_EQ(run(self, (char **)1, none), 100 + EFAULT);
    /* No argv at all: the program finds an empty name. */
    CHECK_EQ(run(self, none, none), 43);
    int fd = open(self, O_RDONLY);
    pid_t child = fork();
    int status;
    char *count[] = {self, (char *)"count", NULL};
    if (child == 0) {
        syscall(SYS_execveat, fd, "", count, none, AT_EMPTY_PATH);
        _exit(98);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 42 << 8);
    CHECK_ERRNO(syscall(SYS_execveat, fd, "", count, none, 0), ENOENT);
    CHECK_ERRNO(syscall(SYS_execveat, -1, "x", count, none, 0), EBADF);
    CHECK_ERRNO(syscall(SYS_execveat, fd, "x", count, none, 0x8000000), EINVAL);
    close(fd);
    unlink(beside("script"));
    unlink(beside("script2"));
    unlink(beside("loop"));
    unlink(beside("bad"));
}

static void sizes(void)
{
    enum { KIB = 1024 };
    static char *argv[3000];
    char *none[] = {NULL}, *big = malloc(132 * KIB);
    memset(big, 'a', 132 * KIB);
    big[131071] = 0;
    argv[0] = self;
    argv[1] = (char *)"count";
    argv[2] = big;
    argv[3] = NULL;
    CHECK_EQ(run(self, argv, none), 42);
    big[131071] = 'a';
    big[131072] = 0;
    CHECK_EQ(run(self, argv, none), 100 + E2BIG);
    /* A quarter of the stack's limit is the most. */
    struct rlimit limit;
    CHECK_OK(getrlimit(RLIMIT_STACK, &limit));
    if (limit.rlim_cur != 8 << 20) {
        limit.rlim_cur = 8 << 20;
        CHECK_OK(setrlimit(RLIMIT_STACK, &limit));
    }
    big[1023] = 0;
    for (int i = 2; i < 1900; i++)
        argv[i] = big;
    argv[1900] = NULL;
    CHECK_EQ(run(self, argv, none), 42);
    for (int i = 1900; i < 2100; i++)
        argv[i] = big;
    CHECK_EQ(run(self, argv, none), 100 + E2BIG);
    free(big);
}

static void ids(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() != 0) /* on the real kernel, by whoever runs the tests */
            _exit(0);
        uid_t r, e, s;
        gid_t groups[2] = {5, 7};
        CHECK_OK(setgroups(2, groups));
        CHECK_EQ(getgroups(0, NULL), 2);
        CHECK_OK(setresgid(100, 101, 102));
        CHECK_OK(setresuid(1000, 1001, 1002));
        CHECK_OK(getresuid(&r, &e, &s));
        CHECK_EQ(r * 10000 + (e - 1000) * 10 + (s - 1000), 10000012);
        CHECK_EQ(getegid(), 101);
        CHECK_ERRNO(setuid(0), EPERM);
        CHECK_ERRNO(setresuid(-1, 0, -1), EPERM);
        CHECK_OK(seteuid(1002));
        CHECK_EQ(geteuid(), 1002);
        CHECK_OK(seteuid(1000));
        CHECK_ERRNO(setgroups(2, groups), EPERM);
        CHECK_ERRNO(kill(getppid(), 0), EPERM);
        CHECK_ERRNO(sethostname("x", 1), EPERM);
        CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, -5), EACCES);
        CHECK_OK(setpriority(PRIO_PROCESS, 0, 19));
        CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
        struct rlimit limit = {100, 200};
        CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
        limit.rlim_max = 300;
        CHECK_ERRNO(setrlimit(RLIMIT_NOFILE, &limit), EPERM);
        limit.rlim_cur = 400;
        CHECK_ERRNO(setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
        int fd = 0;
        while ((fd = dup(0)) >= 0)
            ;
        CHECK_EQ(errno, EMFILE);
        CHECK_OK(close(99));
        CHECK_EQ(open("/dev/null", O_RDONLY), 99);
        _exit(check_failed ? 1 : 0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

int main(int argc, char **argv)
{
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = 0;
    if (argc >= 2 && !strcmp(argv[1], "after"))
        return after_exec();
    if (argc >= 2 && !strcmp(argv[1], "count"))
        return 42;
    if (argc == 4 && !strcmp(argv[1], "script one"))
        return strcmp(argv[2], beside("script")) || strcmp(argv[3], "x") || strcmp(argv[0], self)
                   ? 50
                   : 40;
    if (argc == 5 && !strcmp(argv[1], "script one"))
        return strcmp(argv[3], beside("script2")) || strcmp(argv[4], "x") ? 51 : 41;
    if (argc == 1 && !argv[0][0])
        return 43;
    kept_and_reset();
    scripts();
    sizes();
    ids();
    return check_done();
}
