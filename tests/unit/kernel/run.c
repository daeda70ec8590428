/* Starting a process that cannot be started leaves nothing behind; /dev/console. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#ifndef _WIN32
#include <sys/resource.h>
#endif

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/host/env.h"
#include "runtime/host/time.h"
#include "runtime/kernel/boot/boot.h"
#include "runtime/kernel/boot/run.h"
#include "runtime/task/process.h"
#include "runtime/tty/tty.h"
#include "tests/unit/run.h"

#define ROOT "run.tar"

static struct tty *tty;

static void nothing(void *owner)
{
    (void)owner;
}

static const struct tty_master_ops master = {nothing, nothing, nothing};

static void boot(void)
{
    static const char zeros[1024];
    const struct boot_options options = {.root = ROOT};
    char message[500];
    FILE *file = fopen(ROOT, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(zeros, 1, sizeof(zeros), file), sizeof(zeros));
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_msg(boot_start(&options, message, sizeof(message)) == 0, "%s", message);
    ck_assert_int_eq(tty_create(&master, NULL, &tty), 0);
}

/* A file whose references tell whether the table that held it is gone. */
static int run_program(struct file **file)
{
    static const char *const words[] = {"/program", NULL};
    struct process_start start = {.path = words[0],
                                  .argv = words,
                                  .envp = words + 1,
                                  .files = files_new(),
                                  .fs = fs_context_new()};
    struct process *process;
    ck_assert_int_eq(vfs_open(vfs_kernel_caller(), NULL, "/dev/null", L_O_RDONLY, 0, 0, file), 0);
    ck_assert_int_eq(files_install(start.files, file_get(*file), 0, false, 10), 0);
    return process_run(&start, &process);
}

static void nothing_is_left(struct file *file)
{
    ck_assert_uint_eq(process_count(), 0);
    ck_assert(process_wait_all(host_clock_monotonic_ns()));
    ck_assert_uint_eq(atomic_load(&file->refs), 1);
    file_put(file);
}

START_TEST(no_thread)
{
    boot();
#if !defined(_WIN32) && !defined(__SANITIZE_ADDRESS__)
    /* No thread has been used yet that could be used again: one more needs address space. */
    struct rlimit before, none;
    struct file *file;
    getrlimit(RLIMIT_AS, &before);
    none = before;
    none.rlim_cur = 1;
    setrlimit(RLIMIT_AS, &none);
    int error = run_program(&file);
    setrlimit(RLIMIT_AS, &before);
    ck_assert_int_eq(error, -L_EAGAIN);
    nothing_is_left(file);
#endif
}
END_TEST

START_TEST(no_program)
{
    for (int i = 0; i < 3; i++) {
        struct file *file;
        ck_assert_int_eq(run_program(&file), -L_ENOENT);
        nothing_is_left(file);
    }
}
END_TEST

static int open_console(void)
{
    struct file *file;
    int error =
        vfs_open(vfs_kernel_caller(), NULL, "/dev/console", L_O_RDWR | L_O_NOCTTY, 0, 0, &file);
    if (!error)
        file_put(file);
    return error;
}

START_TEST(console)
{
    struct tty *other;
    ck_assert_int_eq(open_console(), -L_ENXIO);
    ck_assert_int_eq(tty_create(&master, NULL, &other), 0);
    tty_set_console(other);
    ck_assert_int_eq(open_console(), 0);
    tty_set_console(tty);
    tty_master_close(other);
    ck_assert_int_eq(open_console(), 0);
    tty_master_close(tty);
    ck_assert_int_eq(open_console(), -L_ENXIO);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("run");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, no_thread);
    tcase_add_test(tcase, no_program);
    tcase_add_test(tcase, console);
    int status = unit_run("run", tcase);
    remove(ROOT);
    host_exit(status);
}
