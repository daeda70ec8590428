/* fore: a Linux program from the command line, with the caller's standard handles. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/fore/command_line.h"
#include "app/fore/image.h"
#include "app/fore/kept.h"
#include "app/fore/progress.h"
#include "app/fore/selftest.h"
#include "app/fore/show.h"
#include "app/fore/stats.h"
#include "runtime/abi/errno.h"
#include "runtime/fs/store/store.h"
#include "runtime/host/ending.h"
#include "runtime/host/env.h"
#include "runtime/host/errno_names.h"
#include "runtime/host/lock.h"
#include "runtime/host/log.h"
#include "runtime/host/policy.h"
#include "runtime/host/stdio.h"
#include "runtime/host/time.h"
#include "runtime/kernel/boot/boot.h"
#include "runtime/kernel/boot/run.h"
#include "runtime/kernel/entry/profile.h"
#include "runtime/kernel/entry/syscall.h"
#include "runtime/task/process.h"

#define USAGE_STATUS 2
#define LOST_STATUS  1 /* the program succeeded, but what it wrote is lost */

static int bad_usage(const char *text)
{
    fprintf(stderr, "fore: %s\n", text);
    return USAGE_STATUS;
}

/* An absolute path of the host; freed by the caller. NULL: no memory. */
static char *host_absolute(const char *name)
{
    char *folder = host_current_dir();
    bool absolute = name && (name[0] == '/' || name[0] == '\\' || (name[0] && name[1] == ':'));
    if (!name || (!folder && !absolute))
        return folder;
    size_t size = (folder ? strlen(folder) : 0) + strlen(name) + 2;
    char *path = malloc(size);
    if (path && absolute)
        snprintf(path, size, "%s", name);
    else if (path)
        snprintf(path, size, "%s/%s", folder, name);
    free(folder);
    return path;
}

/* Held by whoever brings Foreland down, until the process ends. */
static struct host_mutex finishing = HOST_MUTEX_INIT(RANK_FINISHING);

static void end_for_host(void)
{
    boot_leave_rest();
    host_mutex_lock(&finishing);
    boot_end(NULL);
}

static void print_remark(void *arg, const char *line)
{
    progress_hide(arg);
    fprintf(stderr, "fore: %s\n", line);
}

static void show_progress(void *arg, unsigned percent)
{
    progress_show(arg, percent);
}

/* Says what it waits for when that takes longer than a moment. */
static void send_rest(void)
{
    uint64_t left = boot_send_rest(2 * NS_PER_SEC);
    if (!left)
        return;
    fprintf(stderr, "fore: %llu bytes for the network are still to be taken (Ctrl-C leaves them)\n",
            (unsigned long long)left);
    left = boot_send_rest(BOOT_REST_NS);
    if (left)
        fprintf(stderr,
                "fore: %llu bytes for the network are lost: the other side does not take "
                "them\n",
                (unsigned long long)left);
}

/* The command and all that it starts. The exit status. */
static int run_session(const struct options *o)
{
    char message[1024];
    char *host_directory = host_absolute(o->cwd);
    const struct boot_session session = {
        .argv = (const char *const *)o->command,
        .environment = o->environment,
        .directory = o->cwd,
        .host_directory = host_directory,
    };
    struct process *first;
    int status;
    if (o->perf && profile_start())
        fprintf(stderr, "fore: --perf: there is no thread for it\n");
    int error = boot_session(&session, &first, message, sizeof(message));
    if (!error)
        status = boot_exit_code(process_wait_exit(first));
    else if (strncmp(message, "--", 2) == 0)
        status = USAGE_STATUS;
    else
        status = error == -L_ENOENT || error == -L_ENOTDIR ? 127 : 126;
    free(host_directory);
    if (error)
        fprintf(stderr, "fore: %s\n", message);
    if (o->perf)
        profile_print(stderr);
    return status;
}

static int run_guest(const struct options *o)
{
    char message[1024];
    struct progress progress;
    const struct store_watch watch = {
        .report = print_remark, .progress = show_progress, .arg = &progress};
    const struct boot_options boot = {
        .root = o->root,
        .image = o->image,
        .read_only = o->read_only,
        .mounts = o->mounts,
        .mount_count = o->mount_count,
        .isolated = o->isolated,
        .listen_lan = o->listen_lan,
        .no_cache = o->no_cache,
        .memory = o->memory,
        .watch = &watch,
    };
    progress_init(&progress, "fore: converting the image");
    syscall_trace = o->strace;
    /* Nobody wants to read about unimplemented system calls between a program's own output. */
    host_log_limit(o->log_level);
    int error = o->log ? host_log_open(o->log) : 0;
    if (error) {
        snprintf(message, sizeof(message), "--log: \"%s\" cannot be opened: %s", o->log,
                 errno_text(-error));
        return bad_usage(message);
    }
    if (!o->log && !o->strace)
        host_log_open_kept("fore.log");
    if (o->stats)
        stats_begin();
    int started = boot_start(&boot, message, sizeof(message));
    progress_hide(&progress);
    if (started)
        return bad_usage(message);
    if (host_policy(message, sizeof(message)) != HOST_POLICY_FREE)
        fprintf(stderr, "fore: %s\n", message);
    host_ending_watch(end_for_host);
    int status = o->show ? show_code(o->show, o->command[0]) : run_session(o);
    host_mutex_lock(&finishing);
    if (boot_finish(message, sizeof(message))) {
        fprintf(stderr, "fore: %s\n", message);
        status = status ? status : LOST_STATUS;
    }
    send_rest();
    if (o->stats)
        stats_print();
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    char message[512];
    host_stdio_claim();
    host_arguments(&argc, &argv);
    if (argc > 1 && strcmp(argv[1], "image") == 0)
        return fore_image(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "cache") == 0)
        return fore_cache(argc - 1, argv + 1);
    if (argc == 2 && strcmp(argv[1], "selftest") == 0)
        return fore_selftest();
    if (!options_read(&options, argv + 1, message, sizeof(message)))
        return bad_usage(message);
    if (options.help) {
        fputs(options_help, stdout);
        return 0;
    }
    if (options.version) {
        puts("fore " FORELAND_VERSION);
        return 0;
    }
    if (!options.command[0])
        return bad_usage("no command given; fore --help says more");
    int status = run_guest(&options);
    fflush(stdout);
    fflush(stderr);
    host_exit(status);
}
