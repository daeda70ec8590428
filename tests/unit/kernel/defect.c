/* A guest that a defect of ours ends: it dies of SIGKILL, and its terminal says so and names the
 * log. The defect is reported as the translator reports one, on the guest's own thread. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/abi/signal.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/env.h"
#include "runtime/host/lock.h"
#include "runtime/host/log.h"
#include "runtime/host/park.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/kernel/boot/boot.h"
#include "runtime/kernel/boot/run.h"
#include "runtime/kernel/entry/service.h"
#include "runtime/task/process.h"
#include "runtime/translate/cpu.h"
#include "runtime/tty/tty.h"
#include "tests/unit/run.h"

#define LOG  "defect.log"
#define ROOT "defect.tar"

static struct host_mutex lock = HOST_MUTEX_INIT(RANK_TEST);
static struct host_cond cond = HOST_COND_INIT;
static bool served;
static int result, status;
static struct tty *tty;

static void nothing(void *owner)
{
    (void)owner;
}

static const struct tty_master_ops master = {nothing, nothing, nothing};

/* On the thread of the new process, before it runs anything. It never goes on: the process is dead
 * when the service returns. */
static void meet_defect(struct task *t, void *arg)
{
    static struct cpu cpu;
    struct host_parker parker;
    (void)arg;
    struct process *p = t->process;
    process_get(p);
    cpu.task = t;
    cpu.fault.signo = L_SIGKILL;
    cpu.fault.code = CPU_CODE_DEFECT;
    int returned = service(&cpu, CPU_FAULT);
    host_mutex_lock(&lock);
    result = returned;
    status = p->group_code;
    served = true;
    host_cond_broadcast(&cond);
    host_mutex_unlock(&lock);
    host_parker_init(&parker);
    for (;;)
        host_park(&parker, HOST_FOREVER);
}

static void run(void *arg)
{
    static const char *const words[] = {"/program", NULL};
    const struct process_start start = {.path = words[0],
                                        .argv = words,
                                        .envp = words + 1,
                                        .files = files_new(),
                                        .fs = fs_context_new(),
                                        .tty = tty,
                                        .started = meet_defect};
    struct process *process;
    (void)arg;
    process_run(&start, &process);
}

/* A tar archive without members. */
static void make_root(void)
{
    static const char zeros[1024];
    FILE *file = fopen(ROOT, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(zeros, 1, sizeof(zeros), file), sizeof(zeros));
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(the_terminal_names_the_log)
{
    const struct boot_options options = {.root = ROOT};
    char message[500], text[2000];
    make_root();
    ck_assert_int_eq(host_log_open(LOG), 0);
    ck_assert_msg(boot_start(&options, message, sizeof(message)) == 0, "%s", message);
    ck_assert_int_eq(tty_create(&master, NULL, &tty), 0);
    ck_assert_int_eq(host_thread_start(run, NULL), 0);
    uint64_t deadline = host_clock_monotonic_ns() + 30000000000u;
    host_mutex_lock(&lock);
    while (!served)
        ck_assert_msg(host_cond_wait(&cond, &lock, deadline), "the guest does not end");
    host_mutex_unlock(&lock);
    ck_assert_int_eq(result, 1);
    ck_assert_int_eq(status, L_SIGKILL);
    size_t n = tty_master_read(tty, text, sizeof(text) - 1);
    text[n] = 0;
    ck_assert_msg(strstr(text, "was ended by a defect of Foreland; the log is " LOG) != NULL, "%s",
                  text);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("defect");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_terminal_names_the_log);
    int status = unit_run("defect", tcase);
    remove(ROOT);
    host_exit(status);
}
