/* Files whose folders come after the watch: each save is told, however fast the way to them is
 * made. */
#include "app/host/watch.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config/config.h"
#include "runtime/host/file.h"
#include "runtime/host/lock.h"
#include "runtime/host/time.h"
#include "tests/unit/host/files.h"
#include "tests/unit/run.h"

#define ROUNDS 16
#define DEPTH  16

static const char top[] = "watch-test";
static struct host_mutex lock = HOST_MUTEX_INIT(RANK_TEST);
static struct host_cond told = HOST_COND_INIT;
static char path[200];
static char seen; /* the first byte of the file when a change was last told; lock */

/* On the watch's thread. */
static bool changed(void *arg, bool last)
{
    size_t n;
    int error;
    (void)arg;
    (void)last;
    host_mutex_lock(&lock);
    char *text = config_read_file(path, &n, &error);
    seen = text && n ? text[0] : 0;
    free(text);
    host_cond_broadcast(&told);
    host_mutex_unlock(&lock);
    return true;
}

static void save(const char *text)
{
    struct host_file *file;
    ck_assert_int_eq(host_file_open(path, HOST_FILE_WRITE | HOST_FILE_CREATE, 0644, &file), 0);
    fill_file(file, text);
}

static void wait_for(char text)
{
    uint64_t deadline = host_clock_monotonic_ns() + 60 * (uint64_t)NS_PER_SEC;
    bool in_time = true;
    host_mutex_lock(&lock);
    while (in_time && seen != text)
        in_time = host_cond_wait(&told, &lock, deadline);
    host_mutex_unlock(&lock);
    ck_assert_msg(in_time, "'%c' was not told", text);
}

/* Makes the folders on the way to the file, at a pace that meets the watch at each of its steps. */
static void make_way(void)
{
    static unsigned pace;
    char folder[200];
    for (const char *slash = strchr(path, '/'); (slash = strchr(slash + 1, '/'));) {
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
        host_path_mkdir(folder, 0755);
        uint64_t until = host_clock_monotonic_ns() + pace++ % 64 * 2000;
        while (host_clock_monotonic_ns() < until)
            ;
    }
}

static void set_path(int round)
{
    host_mutex_lock(&lock);
    seen = 0;
    int n = snprintf(path, sizeof(path), "%s/%d", top, round);
    for (int depth = 0; depth < DEPTH; depth++)
        n += snprintf(path + n, sizeof(path) - n, "/d");
    snprintf(path + n, sizeof(path) - n, "/file");
    host_mutex_unlock(&lock);
}

START_TEST(folders_come_later)
{
    struct host_watch *watch = host_watch_new(changed, NULL);
    ck_assert_ptr_nonnull(watch);
    clear(top);
    ck_assert_int_eq(host_path_mkdir(top, 0755), 0);
    for (int round = 0; round < ROUNDS; round++) {
        const char *files[] = {path, NULL};
        set_path(round);
        ck_assert(host_watch_files(watch, files));
        make_way();
        save("1");
        wait_for('1');
        save("2");
        wait_for('2');
    }
    clear(top);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("watch");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, folders_come_later);
    return unit_run("watch", tests);
}
