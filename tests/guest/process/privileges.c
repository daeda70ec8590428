/* What a user may not do and what root may give away: capabilities over set*uid, capset, exec and
 * files; other users' processes in /proc and by system calls; attributes; hard and symbolic links,
 * files and fifos where all may write; set-ID bits; access(2). Only root can play all this. */
#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define USER     65534u
#define OTHER    54321u
#define CHOWN    (1u << 0)
#define KILL     (1u << 5)
#define SERVICE  (1u << 10) /* CAP_NET_BIND_SERVICE, which nothing here needs */
#define CAP_ATTR "security.capability"

struct caps {
    uint32_t effective, permitted, inheritable;
};

static char self[200], folder[300];

static void get_caps(struct caps caps[2])
{
    uint32_t header[2] = {0x20080522, 0};
    CHECK_OK(syscall(SYS_capget, header, caps));
}

static int set_caps(const struct caps caps[2])
{
    uint32_t header[2] = {0x20080522, 0};
    return (int)syscall(SYS_capset, header, caps);
}

static struct caps low_caps(void)
{
    struct caps caps[2];
    get_caps(caps);
    return caps[0];
}

/* Only these are left. */
static void keep_caps(uint32_t effective, uint32_t permitted, uint32_t inheritable)
{
    struct caps caps[2] = {{effective, permitted, inheritable}, {0, 0, 0}};
    CHECK_OK(set_caps(caps));
}

static const char *in_folder(const char *name)
{
    return check_path(folder, name);
}

static void copy_self(const char *name)
{
    check_copy(self, in_folder(name));
}

/* What the new program has, in its own words: see main. */
static const char *exec_shows(const char *path)
{
    static char text[300];
    int ends[2];
    CHECK_OK(pipe(ends));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char *const argv[] = {"n", "show", NULL};
        dup2(ends[1], 1);
        execv(path, argv);
        dprintf(1, "errno %d", errno);
        _exit(1);
    }
    close(ends[1]);
    ssize_t used = 0, n;
    while ((n = read(ends[0], text + used, sizeof(text) - 1 - used)) > 0)
        used += n;
    text[used] = 0;
    close(ends[0]);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    return text;
}

static void expect(int line, const char *got, const char *want)
{
    check_(!strcmp(got, want), __FILE__, line, "got %s, not %s", got, want);
}

#define EXPECT(got, want) expect(__LINE__, got, want)

static void ids_without_keeping(void)
{
    CHECK_OK(seteuid(USER));
    CHECK_EQ(low_caps().effective, 0);
    CHECK(low_caps().permitted & KILL);
    CHECK_OK(seteuid(0));
    CHECK(low_caps().effective & KILL);
    CHECK_OK(check_become(USER));
    CHECK_EQ(low_caps().effective, 0);
    CHECK_EQ(low_caps().permitted, 0);
    CHECK_ERRNO(setuid(0), EPERM);
}

static void ids_with_keeping(void)
{
    CHECK_EQ(prctl(PR_GET_KEEPCAPS), 0);
    CHECK_ERRNO(prctl(PR_SET_KEEPCAPS, 2, 0, 0, 0), EINVAL);
    CHECK_OK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
    uint32_t had = low_caps().permitted;
    CHECK_OK(check_become(USER));
    CHECK_EQ(low_caps().effective, 0);
    CHECK_EQ(low_caps().permitted, had);
    CHECK_ERRNO(chown(in_folder("own"), 5, 5), EPERM);
    struct caps caps[2];
    get_caps(caps);
    caps[0].effective = caps[0].permitted;
    CHECK_OK(set_caps(caps));
    CHECK_OK(chown(in_folder("own"), 5, 5));
    CHECK_OK(chown(in_folder("own"), 0, 0));
    EXPECT(exec_shows(self), "uid 65534 65534 caps 0 0 secure 0 keep 0 dump 1");
    caps[0].inheritable = CHOWN;
    CHECK_OK(set_caps(caps));
    CHECK_OK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 0, 0, 0));
    CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0), 1);
    EXPECT(exec_shows(self), "uid 65534 65534 caps 1 1 secure 0 keep 0 dump 1");
    CHECK_OK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0), 0);
    CHECK_ERRNO(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 5, 0, 0), EPERM);
    EXPECT(exec_shows(self), "uid 65534 65534 caps 0 0 secure 0 keep 0 dump 1");
}

static void given_away(void)
{
    keep_caps(KILL, KILL | CHOWN, 0);
    CHECK_ERRNO(chown(in_folder("own"), 5, 5), EPERM);
    CHECK_ERRNO(setuid(USER), EPERM);
    CHECK_ERRNO(sethostname("x", 1), EPERM);
    CHECK_ERRNO(chroot("/"), EPERM);
    CHECK_ERRNO(open(in_folder("others"), O_RDONLY), EACCES);
    struct caps caps[2] = {{SERVICE, SERVICE, 0}, {0, 0, 0}};
    CHECK_ERRNO(set_caps(caps), EPERM);
    caps[0] = (struct caps){CHOWN, KILL, 0};
    CHECK_ERRNO(set_caps(caps), EPERM);
    caps[0] = (struct caps){0, KILL, SERVICE};
    CHECK_ERRNO(set_caps(caps), EPERM);
    keep_caps(CHOWN, CHOWN, CHOWN);
    CHECK_OK(chown(in_folder("own"), 5, 5));
    CHECK_OK(chown(in_folder("own"), 0, 0));
    CHECK_ERRNO(prctl(PR_CAPBSET_DROP, 0, 0, 0, 0), EPERM);
    /* Root has them all again after exec. */
    CHECK(!strstr(exec_shows(self), "caps 1 1"));
}

static void bounded(void)
{
    CHECK_EQ(prctl(PR_CAPBSET_READ, 5, 0, 0, 0), 1);
    for (int cap = 0; cap <= 63; cap++)
        if (cap != 0 && cap != 8)
            prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    CHECK_EQ(prctl(PR_CAPBSET_READ, 5, 0, 0, 0), 0);
    CHECK_ERRNO(prctl(PR_CAPBSET_READ, 63, 0, 0, 0), EINVAL);
    EXPECT(exec_shows(self), "uid 0 0 caps 101 101 secure 0 keep 0 dump 1");
    /* More than the set allows, and at once: no. */
    EXPECT(exec_shows(in_folder("can")), "errno 1");
}

static void bounded_user(void)
{
    prctl(PR_CAPBSET_DROP, 5, 0, 0, 0);
    CHECK_OK(check_become(USER));
    EXPECT(exec_shows(in_folder("can")), "errno 1");
}

static void no_root(void)
{
    CHECK_OK(prctl(PR_SET_SECUREBITS, 1 | 2, 0, 0, 0)); /* NOROOT, locked */
    CHECK_EQ(prctl(PR_GET_SECUREBITS), 3);
    CHECK_ERRNO(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0), EPERM);
    CHECK_ERRNO(prctl(PR_SET_SECUREBITS, 0x1000, 0, 0, 0), EPERM);
    EXPECT(exec_shows(self), "uid 0 0 caps 0 0 secure 0 keep 0 dump 1");
}

static int put_file_caps(const char *name, uint32_t permitted, bool effective)
{
    uint32_t value[5] = {0x02000000 | effective, permitted, 0, 0, 0};
    return setxattr(in_folder(name), CAP_ATTR, value, sizeof(value), 0);
}

static void programs_as_user(void)
{
    CHECK_OK(check_become(USER));
    EXPECT(exec_shows(in_folder("can")), "uid 65534 65534 caps 20 20 secure 1 keep 0 dump 0");
    EXPECT(exec_shows(in_folder("may")), "uid 65534 65534 caps 0 20 secure 1 keep 0 dump 0");
    EXPECT(exec_shows(in_folder("setuid")), "uid 65534 54321 caps 0 0 secure 1 keep 0 dump 0");
    EXPECT(exec_shows(in_folder("hidden")), "uid 65534 65534 caps 0 0 secure 0 keep 0 dump 0");
    CHECK(strstr(exec_shows(in_folder("setroot")), "uid 65534 0 "));
    CHECK(!strstr(exec_shows(in_folder("setroot")), "caps 0 0"));
    CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    EXPECT(exec_shows(in_folder("can")), "uid 65534 65534 caps 0 0 secure 1 keep 0 dump 1");
    EXPECT(exec_shows(in_folder("setroot")), "uid 65534 65534 caps 0 0 secure 0 keep 0 dump 1");
}

static ssize_t attribute_size(const char *name)
{
    return getxattr(in_folder(name), CAP_ATTR, NULL, 0);
}

static void programs(void)
{
    copy_self("can");
    copy_self("may");
    copy_self("setuid");
    copy_self("setroot");
    copy_self("hidden");
    uint32_t bad[5] = {0x05000000, KILL, 0, 0, 0};
    CHECK_ERRNO(setxattr(in_folder("can"), CAP_ATTR, bad, sizeof(bad), 0), EINVAL);
    CHECK_ERRNO(setxattr(in_folder("can"), CAP_ATTR, bad, 3, 0), EINVAL);
    CHECK_OK(put_file_caps("can", KILL, true));
    CHECK_OK(put_file_caps("may", KILL, false));
    CHECK_OK(chown(in_folder("setuid"), OTHER, 0));
    CHECK_OK(chmod(in_folder("setuid"), 04755));
    CHECK_OK(chmod(in_folder("setroot"), 04755));
    CHECK_OK(chmod(in_folder("hidden"), 0711));
    check_in_child(programs_as_user);
    check_in_child(bounded_user);
    check_in_child(bounded);
    check_in_child(no_root);
    /* A change takes them away, whoever makes it. */
    CHECK_EQ(attribute_size("can"), 20);
    int fd = open(in_folder("can"), O_WRONLY | O_APPEND);
    CHECK_EQ(write(fd, "x", 1), 1);
    close(fd);
    CHECK_ERRNO(attribute_size("can"), ENODATA);
    CHECK_OK(chown(in_folder("may"), 0, 0));
    CHECK_ERRNO(attribute_size("may"), ENODATA);
    CHECK_OK(put_file_caps("may", KILL, false));
    CHECK_OK(truncate(in_folder("may"), 10));
    CHECK_ERRNO(attribute_size("may"), ENODATA);
}

static mode_t mode_of(const char *name)
{
    struct stat st;
    CHECK_OK(stat(in_folder(name), &st));
    return st.st_mode & 07777;
}

static void write_as_user(void)
{
    CHECK_OK(check_become(OTHER));
    int fd = open(in_folder("mine"), O_WRONLY);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(mode_of("mine"), 0755);
    CHECK_OK(fchmod(fd, 04755));
    CHECK_OK(ftruncate(fd, 0));
    CHECK_EQ(mode_of("mine"), 0755);
    close(fd);
}

static void set_id_bits(void)
{
    int fd = open(in_folder("mine"), O_WRONLY | O_CREAT, 0755);
    CHECK_OK(fchown(fd, OTHER, OTHER));
    CHECK_OK(fchmod(fd, 06755));
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_OK(ftruncate(fd, 0));
    CHECK_EQ(mode_of("mine"), 06755);
    close(fd);
    check_in_child(write_as_user);
    CHECK_OK(chmod(in_folder("mine"), 06755));
    CHECK_OK(chown(in_folder("mine"), 0, 0));
    CHECK_EQ(mode_of("mine"), 0755);
    unlink(in_folder("mine"));
}

static pid_t root;

static const char *of_root(const char *name)
{
    static char path[100];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)root, name);
    return path;
}

static void others(void)
{
    static const char *const files[] = {"maps", "environ", "mem", "auxv", "smaps"},
                             *const links[] = {"cwd", "root", "exe", "fd/0"};
    char text[100];
    CHECK_OK(check_become(USER));
    for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        CHECK_ERRNO(open(of_root(files[i]), O_RDONLY), EACCES);
    for (unsigned i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        CHECK_ERRNO(readlink(of_root(links[i]), text, sizeof(text)), EACCES);
    CHECK_ERRNO(open(of_root("root/etc"), O_RDONLY), EACCES);
    CHECK_ERRNO(open(of_root("fd"), O_RDONLY), EACCES);
    CHECK_ERRNO(open(of_root("comm"), O_WRONLY), EACCES);
    CHECK_ERRNO(open(of_root("oom_score_adj"), O_WRONLY), EACCES);
    CHECK_OK(open(of_root("stat"), O_RDONLY));
    CHECK_OK(open(of_root("status"), O_RDONLY));
    char piece[16];
    struct iovec local = {piece, sizeof(piece)}, remote = {folder, sizeof(piece)};
    struct rlimit limit = {10, 10};
    CHECK_ERRNO(process_vm_readv(root, &local, 1, &remote, 1, 0), EPERM);
    CHECK_ERRNO(process_vm_writev(root, &local, 1, &remote, 1, 0), EPERM);
    CHECK_EQ(process_vm_readv(root, &local, 1, &remote, 0, 0), 0);
    CHECK_ERRNO(syscall(SYS_prlimit64, root, RLIMIT_NOFILE, &limit, NULL), EPERM);
    CHECK_ERRNO(setpriority(PRIO_PROCESS, root, 10), EPERM);
    CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, -20), EACCES);
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 19)); /* from wherever the tests were started with */
    CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, 18), EACCES);
    int param = 1;
    CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param), EPERM);
    param = 0;
    CHECK_ERRNO(syscall(SYS_sched_setscheduler, root, SCHED_BATCH, &param), EPERM);
    CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &param));
    CHECK_ERRNO(kill(root, 0), EPERM);
    void *head;
    size_t length;
    CHECK_ERRNO(syscall(SYS_get_robust_list, root, &head, &length), EPERM);
    int pidfd = (int)syscall(SYS_pidfd_open, root, 0);
    CHECK_ERRNO(syscall(SYS_pidfd_getfd, pidfd, 0, 0), EPERM);
    CHECK_ERRNO(syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0), EPERM);
}

/* After a change of user a process is not for that user to look into, until exec. */
static void undumpable(void)
{
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
    CHECK_OK(check_become(USER));
    CHECK(prctl(PR_GET_DUMPABLE) != 1);
    char text[100];
    struct stat st;
    CHECK_OK(stat("/proc/self/environ", &st));
    CHECK_EQ(st.st_uid, 0);
    CHECK_ERRNO(open("/proc/self/environ", O_RDONLY), EACCES);
    CHECK_OK(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
    CHECK_OK(readlink("/proc/self/fd/0", text, sizeof(text)));
    CHECK_OK(readlink("/proc/self/cwd", text, sizeof(text)));
    CHECK_OK(open("/proc/self/maps", O_RDONLY));
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        char path[60];
        snprintf(path, sizeof(path), "/proc/%d/maps", (int)parent);
        _exit(open(path, O_RDONLY) == -1 && errno == EACCES ? 0 : 1);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    EXPECT(exec_shows(self), "uid 65534 65534 caps 0 0 secure 0 keep 0 dump 1");
    CHECK_OK(prctl(PR_SET_DUMPABLE, 1));
    CHECK_OK(open("/proc/self/environ", O_RDONLY));
}

static void attributes_as_user(void)
{
    const char *path = in_folder("others");
    CHECK_OK(check_become(USER));
    CHECK_ERRNO(setxattr(path, "user.x", "1", 1, 0), EACCES);
    CHECK_ERRNO(getxattr(path, "user.x", NULL, 0), EACCES);
    CHECK_ERRNO(removexattr(path, "user.x"), EACCES);
    CHECK_ERRNO(setxattr(path, "trusted.x", "1", 1, 0), EPERM);
    CHECK_ERRNO(getxattr(path, "trusted.x", NULL, 0), ENODATA);
    CHECK_ERRNO(removexattr(path, "trusted.x"), EPERM);
    CHECK_ERRNO(put_file_caps("others", KILL, true), EPERM);
    CHECK_ERRNO(removexattr(path, CAP_ATTR), EPERM);
    CHECK_ERRNO(setxattr(in_folder("sticky"), "user.x", "1", 1, 0), EPERM);
}

static int sysctl(const char *name)
{
    char path[100], text[20] = "0";
    snprintf(path, sizeof(path), "/proc/sys/fs/%s", name);
    int fd = open(path, O_RDONLY);
    if (fd != -1 && read(fd, text, sizeof(text) - 1) < 0)
        text[0] = '0';
    close(fd);
    return atoi(text);
}

static void links_as_user(void)
{
    bool guarded = sysctl("protected_hardlinks"), follows = !sysctl("protected_symlinks");
    CHECK_OK(check_become(USER));
    int result = link(in_folder("others"), in_folder("sticky/new"));
    CHECK(guarded ? result == -1 && errno == EPERM : result == 0);
    result = link(in_folder("setroot"), in_folder("sticky/new2"));
    CHECK(guarded ? result == -1 && errno == EPERM : result == 0);
    CHECK_OK(link(in_folder("all"), in_folder("sticky/new3")));
    result = open(in_folder("sticky/other"), O_RDONLY);
    CHECK(follows ? result != -1 : result == -1 && errno == EACCES);
    CHECK_OK(open(in_folder("sticky/roots"), O_RDONLY));
    CHECK_OK(open(in_folder("sticky/there/all"), O_RDONLY));
    CHECK_OK(symlink("../all", in_folder("sticky/own")));
    CHECK_OK(open(in_folder("sticky/own"), O_RDONLY));
    CHECK_ERRNO(unlink(in_folder("sticky/other")), EPERM);
}

static void links(void)
{
    CHECK_OK(symlink("../all", in_folder("sticky/other")));
    CHECK_OK(lchown(in_folder("sticky/other"), OTHER, OTHER));
    CHECK_OK(symlink("../all", in_folder("sticky/roots")));
    CHECK_OK(symlink("..", in_folder("sticky/there")));
    CHECK_OK(lchown(in_folder("sticky/there"), OTHER, OTHER));
    check_in_child(links_as_user);
    /* It concerns root as well. */
    int result = open(in_folder("sticky/other"), O_RDONLY);
    CHECK(sysctl("protected_symlinks") ? result == -1 && errno == EACCES : result != -1);
    close(result);
}

static void make(const char *name, mode_t mode)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT, 0600);
    CHECK_OK(fchmod(fd, mode));
    close(fd);
}

/* O_CREAT of what somebody else has put where all may write. */
static void try_planted(void)
{
    int file = open(in_folder("sticky/planted"), O_RDWR | O_CREAT, 0600);
    CHECK(sysctl("protected_regular") ? file == -1 && errno == EACCES : file != -1);
    int fifo = open(in_folder("sticky/fifo"), O_RDWR | O_CREAT, 0600);
    CHECK(sysctl("protected_fifos") ? fifo == -1 && errno == EACCES : fifo != -1);
    close(file);
    close(fifo);
    CHECK_ERRNO(open(in_folder("sticky/planted"), O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK_OK(open(in_folder("sticky/planted"), O_RDWR));
    CHECK_OK(open(in_folder("sticky/fifo"), O_RDWR));
    CHECK_OK(open(in_folder("sticky/folder/planted"), O_RDWR | O_CREAT, 0600));
}

static void planted_as_user(void)
{
    CHECK_OK(check_become(USER));
    try_planted();
    CHECK_OK(open(in_folder("sticky/public"), O_RDWR | O_CREAT, 0600)); /* the folder's owner's */
    CHECK_OK(open(in_folder("sticky/mine"), O_RDWR | O_CREAT, 0600));
    CHECK_OK(open(in_folder("sticky/mine"), O_RDWR | O_CREAT, 0600));
}

static void planted(void)
{
    make("sticky/planted", 0666);
    make("sticky/public", 0666);
    CHECK_OK(mkfifo(in_folder("sticky/fifo"), 0600));
    CHECK_OK(mkdir(in_folder("sticky/folder"), 0700));
    make("sticky/folder/planted", 0666);
    static const char *const names[] = {"sticky/planted", "sticky/fifo", "sticky/folder",
                                        "sticky/folder/planted"};
    for (unsigned i = 0; i < 4; i++)
        CHECK_OK(chown(in_folder(names[i]), OTHER, OTHER));
    CHECK_OK(chmod(in_folder("sticky/fifo"), 0666));
    CHECK_OK(chmod(in_folder("sticky/folder"), 0777));
    check_in_child(planted_as_user);
    try_planted();
    CHECK_OK(unlink(in_folder("sticky/folder/planted")));
    CHECK_OK(rmdir(in_folder("sticky/folder")));
}

/* The whole path is walked with the real ids. */
static void access_by_real_ids(void)
{
    const char *path = in_folder("closed/inside");
    CHECK_OK(syscall(SYS_setresgid, USER, 0, 0));
    CHECK_OK(syscall(SYS_setgroups, 0, NULL));
    CHECK_OK(syscall(SYS_setresuid, USER, 0, 0));
    CHECK_ERRNO(access(path, F_OK), EACCES);
    CHECK_ERRNO(syscall(SYS_faccessat, AT_FDCWD, path, R_OK), EACCES);
    CHECK_OK(syscall(SYS_faccessat2, AT_FDCWD, path, R_OK, AT_EACCESS));
    CHECK_OK(close(open(path, O_RDONLY)));
    CHECK_OK(syscall(SYS_setresuid, 0, 0, 0));
    CHECK_OK(syscall(SYS_setresgid, 0, 0, 0));
    CHECK_OK(syscall(SYS_setresuid, 0, USER, 0));
    CHECK_OK(access(path, R_OK | W_OK));
    CHECK_ERRNO(syscall(SYS_faccessat2, AT_FDCWD, path, F_OK, AT_EACCESS), EACCES);
    CHECK_ERRNO(open(path, O_RDONLY), EACCES);
}

/* What exec gives a process that has just become the user. */
static int exec_as(uid_t user)
{
    pid_t child = fork();
    if (child == 0) {
        char *const argv[] = {"n", "nothing", NULL};
        syscall(SYS_setresuid, user, user, user);
        execv(self, argv);
        _exit(errno);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

/* Too many processes of a user: set*uid succeeds, and the exec after it does not. */
static void over_limit(void)
{
    struct rlimit none = {0, 0};
    int ends[2], status;
    char byte;
    uid_t user = check_user();
    CHECK_OK(pipe(ends));
    CHECK_OK(setrlimit(RLIMIT_NPROC, &none));
    pid_t other = fork();
    if (other == 0) {
        syscall(SYS_setresuid, user, user, user);
        if (write(ends[1], "x", 1) == 1)
            pause();
        _exit(0);
    }
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    CHECK_EQ(exec_as(user), EAGAIN);
    kill(other, SIGKILL);
    CHECK_EQ(waitpid(other, &status, 0), other);
    CHECK_EQ(exec_as(user), 0);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "show")) {
        struct caps caps = low_caps();
        printf("uid %u %u caps %x %x secure %lu keep %d dump %d", (unsigned)getuid(),
               (unsigned)geteuid(), caps.effective, caps.permitted, getauxval(AT_SECURE),
               prctl(PR_GET_KEEPCAPS), prctl(PR_GET_DUMPABLE) == 1);
        return 0;
    }
    if (argc == 2)
        return 0;
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = 0;
    strcpy(folder, "/tmp/guest.privileges.XXXXXX");
    if (geteuid() != 0 || !mkdtemp(folder))
        return check_done();
    root = getpid();
    umask(022);
    CHECK_OK(chmod(folder, 0755));
    copy_self("program");
    snprintf(self, sizeof(self), "%s", in_folder("program"));
    make("own", 0644);
    make("others", 0600);
    CHECK_OK(chown(in_folder("others"), OTHER, OTHER));
    make("all", 0666);
    CHECK_OK(mkdir(in_folder("sticky"), 0777));
    CHECK_OK(chmod(in_folder("sticky"), 01777));
    check_in_child(ids_without_keeping);
    check_in_child(ids_with_keeping);
    check_in_child(given_away);
    programs();
    set_id_bits();
    check_in_child(others);
    check_in_child(undumpable);
    check_in_child(attributes_as_user);
    links();
    planted();
    CHECK_OK(mkdir(in_folder("closed"), 0700));
    make("closed/inside", 0666);
    check_in_child(access_by_real_ids);
    CHECK_OK(unlink(in_folder("closed/inside")));
    CHECK_OK(rmdir(in_folder("closed")));
    check_in_child(over_limit);
    static const char *const names[] = {"sticky/new",
                                        "sticky/new2",
                                        "sticky/new3",
                                        "sticky/own",
                                        "sticky/other",
                                        "sticky/roots",
                                        "sticky/there",
                                        "program",
                                        "own",
                                        "others",
                                        "all",
                                        "can",
                                        "may",
                                        "setuid",
                                        "setroot",
                                        "hidden",
                                        "sticky/planted",
                                        "sticky/fifo",
                                        "sticky/public",
                                        "sticky/mine"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(in_folder(names[i]));
    CHECK_OK(rmdir(in_folder("sticky")));
    CHECK_OK(rmdir(folder));
    return check_done();
}
