/* Files below a directory of the host, which no name and no link leads out of. */
#include "runtime/host/beneath.h"
#include "runtime/abi/errno.h"
#include "runtime/abi/stat.h"
#include "tests/unit/host/files.h"
#include "tests/unit/run.h"
#include <check.h>
#include <stdio.h>
#include <string.h>
#ifdef __linux__
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

static const char top[] = "host-beneath-test";
static struct host_root *root;

static void put(const char *name, const char *text)
{
    put_beneath(root, name, text);
}

static void expect(const char *name, const char *text)
{
    struct host_file *file;
    ck_assert_int_eq(host_at_open(root, name, HOST_FILE_READ, 0, &file), 0);
    expect_file(file, text);
    host_file_close(file);
}

/* host-beneath-test/in is the directory, beside it lies what must not be reached. */
static void setup(void)
{
    clear(top);
    ck_assert_int_eq(host_path_mkdir(top, 0755), 0);
    ck_assert_int_eq(host_root_open(top, &root), 0);
    ck_assert_int_eq(host_at_mkdir(root, "in", 0755), 0);
    ck_assert_int_eq(host_at_mkdir(root, "out", 0755), 0);
    put("out/secret", "secret");
    host_root_close(root);
    char path[100];
    snprintf(path, sizeof(path), "%s/in", top);
    ck_assert_int_eq(host_root_open(path, &root), 0);
}

static void teardown(void)
{
    host_root_close(root);
    clear(top);
}

START_TEST(names)
{
    struct host_stat stat;
    struct host_file *file;
    put("a", "one");
    put("b", "two");
    ck_assert_int_eq(host_at_rename(root, "a", "b", false), 0);
    expect("b", "one");
    ck_assert_int_eq(host_at_stat(root, "a", &stat), -L_ENOENT);
    ck_assert_int_eq(host_at_open(root, "a", HOST_FILE_READ, 0, &file), -L_ENOENT);
    ck_assert_int_eq(host_at_open(root, "b",
                                  HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE, 0644,
                                  &file),
                     -L_EEXIST);
    ck_assert_int_eq(host_at_mkdir(root, "d", 0755), 0);
    ck_assert_int_eq(host_at_mkdir(root, "d", 0755), -L_EEXIST);
    put("d/x", "x");
    ck_assert_int_eq(host_at_rmdir(root, "d"), -L_ENOTEMPTY);
    ck_assert_int_eq(host_at_rmdir(root, "b"), -L_ENOTDIR);
    ck_assert_int_eq(host_at_unlink(root, "d", false), -L_EISDIR);
    ck_assert_int_eq(host_at_rename(root, "b", "d", false), -L_EISDIR);
    ck_assert_int_eq(host_at_unlink(root, "d/x", false), 0);
    ck_assert_int_eq(host_at_mkdir(root, "e", 0755), 0);
    ck_assert_int_eq(host_at_rename(root, "e", "d", false), 0);
    ck_assert_int_eq(host_at_stat(root, "d", &stat), 0);
    ck_assert_uint_eq(stat.mode & L_S_IFMT, L_S_IFDIR);
    ck_assert_int_eq(host_at_link(root, "b", "d/link"), 0);
    ck_assert_int_eq(host_at_stat(root, "b", &stat), 0);
    ck_assert_uint_eq(stat.nlink, 2);
    ck_assert_int_eq(host_at_unlink(root, "b", false), 0);
    expect("d/link", "one");
    ck_assert_int_eq(host_at_stat(root, "", &stat), 0);
    ck_assert_uint_eq(stat.mode & L_S_IFMT, L_S_IFDIR);
}
END_TEST

START_TEST(times_and_modes)
{
    struct host_stat stat;
    struct host_file *file;
    put("t", "");
    const int64_t when = 1234567890ll * 1000000000 + 123456700;
    ck_assert_int_eq(host_at_utimes(root, "t", INT64_MIN, when), 0);
    ck_assert_int_eq(host_at_stat(root, "t", &stat), 0);
    ck_assert_int_eq(stat.mtime, when);
    ck_assert_int_eq(host_at_chmod(root, "t", 0444), 0);
    ck_assert_int_eq(host_at_stat(root, "t", &stat), 0);
    ck_assert_uint_eq(stat.mode & 0777, 0444);
    ck_assert_int_eq(host_at_open(root, "t", HOST_FILE_READ, 0, &file), 0);
    ck_assert_int_eq(host_file_chmod(file, 0644), 0);
    ck_assert_int_eq(host_file_utimes(file, INT64_MIN, when + 1000000000), 0);
    ck_assert_int_eq(host_file_fstat(file, &stat), 0);
    ck_assert_uint_eq(stat.mode & 0777, 0644);
    ck_assert_int_eq(stat.mtime, when + 1000000000);
    ck_assert_int_eq(host_file_chmod(file, 0444), 0);
    host_file_close(file);
    ck_assert_int_eq(host_at_unlink(root, "t", false), 0);
}
END_TEST

/* An open file: its name is free at once, it can still be used and opened once more. */
START_TEST(open_files)
{
    struct host_file *file, *again;
    struct host_stat stat;
    put("a", "first");
    put("b", "second");
    ck_assert_int_eq(host_at_open(root, "a", HOST_FILE_READ, 0, &file), 0);
    ck_assert_int_eq(host_file_reopen(file, HOST_FILE_READ | HOST_FILE_WRITE, &again), 0);
    ck_assert_int_eq(host_file_write(again, "F", 1, 0), 1);
    host_file_close(again);
    ck_assert_int_eq(host_at_rename(root, "b", "a", true), 0);
    expect("a", "second");
    expect_file(file, "First");
    host_file_close(file);
    ck_assert_int_eq(host_at_open(root, "a", HOST_FILE_READ | HOST_FILE_WRITE, 0, &file), 0);
    ck_assert_int_eq(host_at_unlink(root, "a", true), 0);
    ck_assert_int_eq(host_at_stat(root, "a", &stat), -L_ENOENT);
    put("a", "third");
    expect_file(file, "second");
    ck_assert_int_eq(host_file_write(file, "S", 1, 0), 1);
    host_file_close(file);
    expect("a", "third");
}
END_TEST

START_TEST(misfits)
{
    static const char *const bad[] = {
        "..\\out\\secret",
        "a\\b",
        "con",
        "CON.txt",
        "conin$",
        "CONOUT$",
        "nul",
        "nul .x",
        "aux:",
        "com1",
        "COM\xc2\xb9",
        "lpt\xc2\xb2.log",
        "LPT\xc2\xb3",
        "a:b",
        "a::$DATA",
        "dot.",
        "blank ",
        "a?",
        "a*",
        "a<b",
        "a|b",
        "\xff\xfe",
        "x\001",
        "\\\\.\\C:",
        "C:",
    };
    struct host_stat stat;
    struct host_file *file;
    const uint32_t flags = HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE;
    if (!host_names_fold())
        return; /* all of them are names like others */
    put("fine", "x");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(host_at_stat(root, bad[i], &stat) == -L_ENOENT, "%s was found", bad[i]);
        ck_assert_int_eq(host_at_open(root, bad[i], flags, 0644, &file), -L_EINVAL);
        ck_assert_int_eq(host_at_mkdir(root, bad[i], 0755), -L_EINVAL);
        ck_assert_int_eq(host_at_link(root, "fine", bad[i]), -L_EINVAL);
        ck_assert_int_eq(host_at_rename(root, "fine", bad[i], false), -L_EINVAL);
        ck_assert_int_eq(host_at_unlink(root, bad[i], false), -L_ENOENT);
        char below[100];
        snprintf(below, sizeof(below), "%s/x", bad[i]);
        ck_assert_int_eq(host_at_mkdir(root, below, 0755), -L_EINVAL);
    }
    static const char *const good[] = {"com10", "com", "conx",       "console",
                                       "nulx",  "lpt", "com\xc2\xbc"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        put(good[i], "x");
}
END_TEST

#ifdef __linux__

/* Nothing goes through a link, wherever it stands in the name. */
static void try_links(void)
{
    static const char *const through[] = {"link/secret", "sub/link/secret"};
    struct host_stat stat;
    struct host_file *file;
    struct host_dir *dir;
    const uint32_t fresh = HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_EXCLUSIVE;
    for (int i = 0; i < 2; i++) {
        const char *name = through[i];
        ck_assert_int_lt(host_at_stat(root, name, &stat), 0);
        ck_assert_int_lt(host_at_open(root, name, HOST_FILE_READ, 0, &file), 0);
        ck_assert_int_lt(host_at_open(root, i ? "sub/link/n" : "link/n", fresh, 0644, &file), 0);
        ck_assert_int_lt(host_at_mkdir(root, i ? "sub/link/n" : "link/n", 0755), 0);
        ck_assert_int_lt(host_at_mknod(root, i ? "sub/link/n" : "link/n", L_S_IFIFO | 0600, 0), 0);
        ck_assert_int_lt(host_at_symlink(root, "x", i ? "sub/link/n" : "link/n"), 0);
        ck_assert_int_lt(host_at_unlink(root, name, false), 0);
        ck_assert_int_lt(host_at_rmdir(root, i ? "sub/link/dir" : "link/dir"), 0);
        ck_assert_int_lt(host_at_rename(root, name, "n", false), 0);
        ck_assert_int_lt(host_at_rename(root, "file", name, false), 0);
        ck_assert_int_lt(host_at_exchange(root, "file", name), 0);
        ck_assert_int_lt(host_at_link(root, name, "n"), 0);
        ck_assert_int_lt(host_at_link(root, "file", i ? "sub/link/n" : "link/n"), 0);
        ck_assert_int_lt(host_at_chmod(root, name, 0600), 0);
        ck_assert_int_lt(host_at_chown(root, name, 0, 0), 0);
        ck_assert_int_lt(host_at_utimes(root, name, 0, 0), 0);
        ck_assert_int_lt(host_at_dir(root, i ? "sub/link/dir" : "link/dir", &dir), 0);
    }
    /* A link itself. */
    ck_assert_int_lt(host_at_open(root, "to", HOST_FILE_READ, 0, &file), 0);
    ck_assert_int_lt(host_at_open(root, "to", HOST_FILE_WRITE | HOST_FILE_TRUNCATE, 0, &file), 0);
    ck_assert_int_eq(host_at_open(root, "to", fresh, 0644, &file), -L_EEXIST);
    ck_assert_int_eq(host_at_open(root, "nowhere", fresh, 0644, &file), -L_EEXIST);
    ck_assert_int_lt(host_at_dir(root, "link", &dir), 0);
    ck_assert_int_lt(host_at_chmod(root, "to", 0600), 0);
    ck_assert_int_eq(host_at_stat(root, "to", &stat), 0);
    ck_assert_uint_eq(stat.mode & L_S_IFMT, L_S_IFLNK);
    char text[100] = "";
    ck_assert_int_eq(host_at_readlink(root, "to", text, sizeof(text)), 13);
    ck_assert_str_eq(text, "../out/secret");
    ck_assert_int_eq(host_at_exchange(root, "file", "sub/other"), 0);
    expect("file", "other");
    ck_assert_int_eq(host_at_dir(root, "sub", &dir), 0);
    host_dir_close(dir);
    ck_assert_int_eq(host_at_dir(root, "", &dir), 0);
    host_dir_close(dir);
    ck_assert_int_lt(host_at_stat(root, "file/x", &stat), 0);
    /* Outside nothing changed. */
    char path[100];
    snprintf(path, sizeof(path), "%s/out/secret", top);
    ck_assert_int_eq(host_path_stat(path, &stat), 0);
    ck_assert_uint_eq(stat.size, 6);
    ck_assert_uint_eq(stat.mode & 0777, 0644);
    ck_assert_int_gt(stat.mtime, 0);
    snprintf(path, sizeof(path), "%s/out/n", top);
    ck_assert_int_eq(host_path_stat(path, &stat), -L_ENOENT);
}

static void make_links(void)
{
    char path[100];
    put("file", "file");
    ck_assert_int_eq(host_at_mkdir(root, "sub", 0755), 0);
    put("sub/other", "other");
    snprintf(path, sizeof(path), "%s/out/dir", top);
    ck_assert_int_eq(host_path_mkdir(path, 0755), 0);
    ck_assert_int_eq(host_at_symlink(root, "../out", "link"), 0);
    ck_assert_int_eq(host_at_symlink(root, "../../out", "sub/link"), 0);
    ck_assert_int_eq(host_at_symlink(root, "../out/secret", "to"), 0);
    ck_assert_int_eq(host_at_symlink(root, "../out/new", "nowhere"), 0);
}

START_TEST(links)
{
    make_links();
    try_links();
}
END_TEST

static atomic_bool done;

static void *exchange_always(void *arg)
{
    unsigned *count = arg;
    while (!atomic_load(&done))
        *count += host_at_exchange(root, "dir", "link") == 0;
    return NULL;
}

/* A directory and a link out of the root change places all the time. */
START_TEST(raced)
{
    pthread_t thread;
    unsigned exchanged = 0, inside = 0;
    struct host_file *file;
    struct host_stat stat;
    make_links();
    ck_assert_int_eq(host_at_mkdir(root, "dir", 0755), 0);
    put("dir/secret", "mine");
    atomic_store(&done, false);
    ck_assert_int_eq(pthread_create(&thread, NULL, exchange_always, &exchanged), 0);
    for (int i = 0; i < 3000 || inside < 100; i++) {
        char text[100] = "", name[40];
        if (host_at_open(root, "dir/secret", HOST_FILE_READ | HOST_FILE_WRITE, 0, &file) == 0) {
            ck_assert_int_eq(host_file_read(file, text, sizeof(text), 0), 4);
            ck_assert_str_eq(text, "mine");
            host_file_close(file);
            inside++;
        }
        snprintf(name, sizeof(name), "dir/made%d", i % 10);
        host_at_mkdir(root, name, 0755);
        host_at_symlink(root, "x", "dir/symlink");
        host_at_rename(root, "dir/symlink", "dir/renamed", false);
        host_at_chmod(root, "dir/secret", 0640);
        host_at_utimes(root, "dir/secret", 0, 0);
    }
    atomic_store(&done, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_gt(exchanged, 0);
    struct host_dir *dir;
    struct host_dirent entry;
    char path[100];
    int count = 0;
    snprintf(path, sizeof(path), "%s/out", top);
    ck_assert_int_eq(host_dir_open(path, &dir), 0);
    while (host_dir_next(dir, &entry) > 0)
        count++;
    host_dir_close(dir);
    ck_assert_int_eq(count, 2); /* what was there */
    snprintf(path, sizeof(path), "%s/out/secret", top);
    ck_assert_int_eq(host_path_stat(path, &stat), 0);
    ck_assert_uint_eq(stat.mode & 0777, 0644);
    ck_assert_int_gt(stat.mtime, 0);
}
END_TEST

/* The same on a kernel that has no openat2: a filter of system calls plays it, for this process and
 * what it starts, so in a child. */
START_TEST(links_part_by_part)
{
    make_links();
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct sock_filter filter[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
            _exit(77);
        if (syscall(SYS_openat2, 0, "", NULL, 0) != -1 || errno != ENOSYS)
            _exit(1);
        char path[100];
        host_root_close(root);
        snprintf(path, sizeof(path), "%s/in", top);
        if (host_root_open(path, &root))
            _exit(2);
        try_links();
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    /* 77: seccomp is not to be had here. */
    ck_assert(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77));
    expect("file", WEXITSTATUS(status) ? "file" : "other");
}
END_TEST

#endif

int main(void)
{
    TCase *tcase = tcase_create("host beneath");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, names);
    tcase_add_test(tcase, times_and_modes);
    tcase_add_test(tcase, open_files);
    tcase_add_test(tcase, misfits);
#ifdef __linux__
    tcase_add_test(tcase, links);
    tcase_add_test(tcase, raced);
    tcase_add_test(tcase, links_part_by_part);
#endif
    return unit_run("host beneath", tcase);
}
