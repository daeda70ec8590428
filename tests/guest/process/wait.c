/* wait4 and waitid: exact status, options, zombies, re-parenting, stopped and continued children,
 * ECHILD. */
#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void exit_codes(void)
{
    static const int codes[] = {0, 1, 2, 127, 128, 255, 256, 257, -1};
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            _exit(codes[i]);
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_EQ(status, (codes[i] & 255) << 8);
    }
    CHECK_ERRNO(waitpid(-1, NULL, 0), ECHILD);
    CHECK_ERRNO(waitpid(getpid(), NULL, 0), ECHILD);
    CHECK_ERRNO(waitpid(-1, NULL, 0x40), EINVAL);
}

static void crashes(void)
{
    int status;
    for (int kind = 0; kind < 6; kind++) {
        pid_t child = fork();
        if (child == 0) {
            switch (kind) {
            case 0:
                *(volatile int *)8 = 1;
                break;
            case 1:
                __asm__ volatile("ud2");
                break;
            case 2:
                __asm__ volatile("xor %%ecx, %%ecx; div %%ecx" ::: "eax", "ecx", "edx");
                break;
            case 3:
                __asm__ volatile("int3");
                break;
            case 4:
                abort();
            case 5:
                __asm__ volatile("hlt");
                break;
            }
            _exit(1);
        }
        static const int signals[] = {SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSEGV};
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK(WIFSIGNALED(status));
        CHECK_EQ(status & 0x7f, signals[kind]);
    }
}

static void with_waitid(void)
{
    siginfo_t info;
    int gate[2];
    CHECK_OK(pipe(gate));
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(gate[1]);
        if (read(gate[0], &byte, 1) < 0)
            _exit(1);
        _exit(33);
    }
    close(gate[0]);
    memset(&info, 0x55, sizeof(info));
    CHECK_OK(waitid(P_PID, child, &info, WEXITED | WNOHANG));
    CHECK_EQ(info.si_pid, 0);
    CHECK_EQ(waitpid(child, NULL, WNOHANG), 0);
    close(gate[1]);
    CHECK_OK(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    CHECK_EQ(info.si_pid, child);
    CHECK_EQ(info.si_signo, SIGCHLD);
    CHECK_EQ(info.si_code, CLD_EXITED);
    CHECK_EQ(info.si_status, 33);
    CHECK_EQ(info.si_uid, getuid());
    /* Still a zombie: it can be signalled and found. */
    CHECK_OK(kill(child, 0));
    CHECK_OK(kill(child, SIGKILL));
    memset(&info, 0, sizeof(info));
    CHECK_OK(waitid(P_ALL, 0, &info, WEXITED));
    CHECK_EQ(info.si_status, 33);
    CHECK_ERRNO(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
    CHECK_ERRNO(kill(child, 0), ESRCH);
    CHECK_ERRNO(waitid(P_ALL, 0, &info, 0), EINVAL);

    child = fork();
    if (child == 0) {
        raise(SIGKILL);
        _exit(0);
    }
    CHECK_OK(waitid(P_PID, child, &info, WEXITED));
    CHECK_EQ(info.si_code, CLD_KILLED);
    CHECK_EQ(info.si_status, SIGKILL);
}

static void stopping(void)
{
    int status;
    siginfo_t info;
    int go[2];
    char byte = 0;
    CHECK_OK(pipe(go));
    pid_t child = fork();
    if (child == 0) {
        /* In a group of its own, whose parent is in another one: SIGTSTP stops it for sure. */
        setpgid(0, 0);
        raise(SIGSTOP);
        /* A new stop or the end would take the news of having been continued back. */
        if (read(go[0], &byte, 1) == 1)
            raise(SIGTSTP);
        _exit(read(go[0], &byte, 1) == 1 ? 5 : 1);
    }
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK_EQ(status, SIGSTOP << 8 | 0x7f);
    /* Told once. */
    CHECK_EQ(waitpid(child, &status, WUNTRACED | WNOHANG), 0);
    CHECK_OK(kill(child, SIGCONT));
    CHECK_EQ(waitpid(child, &status, WCONTINUED), child);
    CHECK_EQ(status, 0xffff);
    CHECK(WIFCONTINUED(status));
    CHECK_EQ(write(go[1], &byte, 1), 1);
    CHECK_OK(waitid(P_PID, child, &info, WSTOPPED));
    CHECK_EQ(info.si_code, CLD_STOPPED);
    CHECK_EQ(info.si_status, SIGTSTP);
    CHECK_OK(kill(child, SIGCONT));
    CHECK_OK(waitid(P_PID, child, &info, WCONTINUED));
    CHECK_EQ(info.si_code, CLD_CONTINUED);
    CHECK_EQ(info.si_status, SIGCONT);
    CHECK_EQ(write(go[1], &byte, 1), 1);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 5 << 8);

    /* A stopped process dies of SIGKILL at once; SIGTERM waits for SIGCONT. */
    child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        _exit(6);
    }
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK_OK(kill(child, SIGTERM));
    CHECK_EQ(waitpid(child, &status, WNOHANG), 0);
    CHECK_OK(kill(child, SIGCONT));
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status & 0x7f, SIGTERM);
    child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        _exit(6);
    }
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK_OK(kill(child, SIGKILL));
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, SIGKILL);
}

static void groups(void)
{
    int status;
    pid_t first = fork();
    if (first == 0) {
        setpgid(0, 0);
        pause();
        _exit(0);
    }
    CHECK_OK(setpgid(first, first));
    pid_t second = fork();
    if (second == 0) {
        setpgid(0, first);
        pause();
        _exit(0);
    }
    CHECK_OK(setpgid(second, first));
    CHECK_EQ(getpgid(second), first);
    CHECK_EQ(waitpid(0, &status, WNOHANG), -1); /* none in our own group */
    CHECK_EQ(errno, ECHILD);
    CHECK_EQ(waitpid(-first, &status, WNOHANG), 0);
    CHECK_OK(kill(-first, SIGINT));
    for (int i = 0; i < 2; i++) {
        pid_t got = waitpid(-first, &status, 0);
        CHECK(got == first || got == second);
        CHECK_EQ(status, SIGINT);
    }
    CHECK_ERRNO(kill(-first, SIGINT), ESRCH);
    CHECK_ERRNO(setpgid(getpid(), 0x3fffffff), EPERM);
    CHECK_ERRNO(setpgid(0x3fffffff, 0), ESRCH);
    CHECK_ERRNO(setpgid(0, -1), EINVAL);
}

/* An orphan belongs to its nearest living sub-reaper; ignored SIGCHLD leaves no zombies. */
static void reaping(void)
{
    int status, report[2];
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
    CHECK_OK(pipe(report));
    pid_t child = fork();
    if (child == 0) {
        pid_t middle = getpid();
        pid_t grandchild = fork();
        if (grandchild == 0) {
            int64_t until = check_now() + CHECK_PATIENCE * INT64_C(1000000000);
            while (getppid() == middle && check_now() < until)
                ;
            _exit(21);
        }
        if (write(report[1], &grandchild, sizeof(grandchild)) < 0)
            _exit(1);
        _exit(20);
    }
    pid_t grandchild = 0;
    CHECK_EQ(read(report[0], &grandchild, sizeof(grandchild)), (ssize_t)sizeof(grandchild));
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 20 << 8);
    CHECK_EQ(waitpid(-1, &status, 0), grandchild);
    CHECK_EQ(status, 21 << 8);
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 0));
    close(report[0]);
    close(report[1]);

    signal(SIGCHLD, SIG_IGN);
    child = fork();
    if (child == 0)
        _exit(3);
    CHECK_ERRNO(waitpid(child, &status, 0), ECHILD);
    signal(SIGCHLD, SIG_DFL);
}

static int64_t microseconds(const struct rusage *used)
{
    return (used->ru_utime.tv_sec + used->ru_stime.tv_sec) * INT64_C(1000000) +
           used->ru_utime.tv_usec + used->ru_stime.tv_usec;
}

/* What a child that was busy has used; it says itself when that is enough, for how long it takes
 * depends on what else the machine does. */
static void usage(void)
{
    struct rusage used;
    int status;
    memset(&used, 0xff, sizeof(used));
    pid_t child = fork();
    if (child == 0) {
        do
            getrusage(RUSAGE_SELF, &used);
        while (microseconds(&used) < 30000);
        _exit(0);
    }
    CHECK_EQ(wait4(child, &status, 0, &used), child);
    CHECK(microseconds(&used) >= 20000);
    CHECK(used.ru_utime.tv_sec < 10);
}

int main(void)
{
    exit_codes();
    crashes();
    with_waitid();
    stopping();
    groups();
    reaping();
    usage();
    return check_done();
}
