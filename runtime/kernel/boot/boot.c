/* What both programs do before the first guest runs and after the last one has gone. */
#include "runtime/kernel/boot/boot.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/fs/hostfs/hoststd.h"
#include "runtime/fs/imagefs/imagefs.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/host/budget.h"
#include "runtime/host/env.h"
#include "runtime/host/errno_names.h"
#include "runtime/host/file.h"
#include "runtime/host/heap.h"
#include "runtime/host/keep.h"
#include "runtime/host/log.h"
#include "runtime/host/network.h"
#include "runtime/host/policy.h"
#include "runtime/host/random.h"
#include "runtime/host/stdio.h"
#include "runtime/host/time.h"
#include "runtime/kernel/boot/etc.h"
#include "runtime/kernel/boot/mounts.h"
#include "runtime/kernel/boot/run.h"
#include "runtime/kernel/entry/service.h"
#include "runtime/memory/space.h"
#include "runtime/net/inet_host.h"
#include "runtime/net/inet_port.h"
#include "runtime/task/clock.h"
#include "runtime/task/process.h"
#include "runtime/translate/cache.h"
#include "runtime/translate/cpu.h"
#include "runtime/translate/saved.h"
#include "runtime/tty/hostterm.h"
#include "runtime/tty/tty.h"

#define ENVIRONMENT_MAX 256
#define SEED_FILE       "seed" /* beside the code that is kept */
#define KILL_NS         (2 * NS_PER_SEC)

/* Together, and with what writing back takes, below the five seconds that Windows gives. */
#define END_GRACE_NS  (1 * NS_PER_SEC)
#define END_KILL_NS   (1 * NS_PER_SEC)
#define END_OUTPUT_NS (NS_PER_SEC / 2)

/* The terminal fore was started in, once it is used. */
static struct tty *_Atomic terminal;

static bool isolated;

static int say_error(char *message, size_t size, int error, const char *text)
{
    snprintf(message, size, "%s", text);
    return error;
}

/* Files lie at the same addresses in every run of the user's, as code that is kept has to. */
static void keep_code(bool without)
{
    struct host_keep *keep = NULL;
    struct host_file *file = NULL;
    uint64_t seed = 0;
    if (without || host_keep_open(SAVED_FOLDER, &keep))
        keep = NULL;
    if (keep && !host_keep_file(keep, SEED_FILE, &file) &&
        host_file_read(file, &seed, sizeof(seed), 0) != sizeof(seed))
        seed = 0;
    host_file_close(file);
    if (!seed) {
        seed = host_random_u64() | 1;
        if (keep)
            host_keep_store(keep, SEED_FILE, &seed, sizeof(seed));
    }
    space_place_seed(seed);
    if (keep)
        saved_open(keep);
}

static int start_parts(const struct boot_options *options, char *message, size_t size)
{
    /* What only hinders the programs tell themselves. */
    if (host_policy(message, size) == HOST_POLICY_FORBIDS)
        return -L_EPERM;
    message[0] = 0;
    int error = cpu_init();
    if (error)
        return say_error(message, size, error,
                         error == -L_ENODEV ? "this processor lacks SSE4.2 or XSAVE"
                                            : "no memory for translated code");
    error = space_init();
    if (error)
        return say_error(message, size, error, "no address space for guests");
    error = kernel_init();
    if (error)
        return say_error(message, size, error, "no thread for timers");
    keep_code(options->no_cache);
    memory_limit_set(options->memory ? options->memory : host_memory_size() / 4 * 3);
    if (memory_limit())
        cache_limit(memory_limit() / 4);
    tty_init();
    return 0;
}

static int mount_one(const char *spec, char *message, size_t size)
{
    /* The last colon parts them, so that C:\folder:/mnt/x works. */
    const char *colon = strrchr(spec, ':');
    char *host = colon ? strdup(spec) : NULL;
    if (!host || colon == spec || colon[1] != '/') {
        free(host);
        snprintf(message, size, "--mount %s: not of the form HOST:/GUEST", spec);
        return -L_EINVAL;
    }
    host[colon - spec] = 0;
    int error = fs_mount_host(host, colon + 1, message, size);
    free(host);
    return error;
}

/* The image beside the program unless another one is named. */
static int mount_image(const struct boot_options *options, char *message, size_t size)
{
    char *beside = options->image ? NULL : host_beside_program("foreland.img");
    const char *path = options->image ? options->image : beside;
    int error = -L_ENOENT;
    struct superblock *super =
        path ? imagefs_new(path, options->read_only, options->watch, &error, message, size) : NULL;
    if (error == -L_ENOENT && !options->image)
        snprintf(message, size,
                 "%s: there is no image beside the program. If it was started from inside the zip "
                 "file, unpack all of that first and start it in the new folder; else name an "
                 "image with --image, or make one (fore image --help)",
                 path ? path : "foreland.img");
    free(beside);
    return super ? fs_mount_root(super) : error;
}

/* The Windows drive at /mnt/c, by its letter. Without it the rest works as well. */
static void mount_drive(void)
{
    char message[256];
    char *drive = host_system_drive(), guest[] = "/mnt/c";
    if (!drive)
        return;
    guest[5] = (char)(drive[0] | 0x20);
    if (fs_mount_host(drive, guest, message, sizeof(message)))
        host_log("%s", message);
    free(drive);
}

static int mount_all(const struct boot_options *options, char *message, size_t size)
{
    int error = options->root ? fs_mount_root_from(options->root, message, size)
                              : mount_image(options, message, size);
    if (!error)
        error = fs_mount_standard(message, size);
    if (!error && !options->isolated)
        mount_drive();
    for (unsigned i = 0; i < options->mount_count && !error; i++)
        error = mount_one(options->mounts[i], message, size);
    return error;
}

/* The root is a directory of the host, whose files are not ours to change. */
static bool is_directory(const char *root)
{
    struct host_stat st;
    return !host_path_stat_follow(root, &st) && (st.mode & L_S_IFMT) == L_S_IFDIR;
}

int boot_start(const struct boot_options *options, char *message, size_t size)
{
    if (options->isolated && options->mount_count)
        return say_error(message, size, -L_EINVAL, "--isolated and --mount exclude each other");
    isolated = options->isolated;
    if (isolated)
        inet_host_forbid();
    if (options->listen_lan)
        inet_port_open_lan();
    int error = start_parts(options, message, size);
    if (!error)
        error = mount_all(options, message, size);
    if (!error)
        boot_names(!options->root || !is_directory(options->root), isolated);
    return error;
}

/* Files first: a terminal may take its time. */
static int finish_guests(uint64_t kill_ns, uint64_t output_deadline, char *message, size_t size)
{
    process_kill_all(host_clock_monotonic_ns() + kill_ns);
    host_stdio_stop();
    int error = fs_shutdown(message, size);
    hostterm_finish(output_deadline);
    return error;
}

int boot_finish(char *message, size_t size)
{
    int error = finish_guests(KILL_NS, HOST_FOREVER, message, size);
    saved_write();
    return error;
}

uint64_t boot_send_rest(uint64_t idle_ns)
{
    return inet_host_drain(idle_ns);
}

void boot_leave_rest(void)
{
    inet_host_hurry();
}

void boot_end(struct tty *tty)
{
    char message[1000]; /* the log has it as well */
    if (!tty)
        tty = atomic_load(&terminal);
    if (tty) {
        tty_hangup(tty);
        process_wait_all(host_clock_monotonic_ns() + END_GRACE_NS);
    }
    finish_guests(END_KILL_NS, host_clock_monotonic_ns() + END_OUTPUT_NS, message, sizeof(message));
    uint64_t left = boot_send_rest(0);
    if (left)
        host_log("%llu bytes for the network are lost", (unsigned long long)left);
    saved_write();
}

/* --- the environment of a session ---------------------------------------------------------- */

struct environment {
    char *list[ENVIRONMENT_MAX + 1];
    unsigned count;
};

static void set_variable(struct environment *e, const char *text)
{
    size_t n = strcspn(text, "=") + 1;
    unsigned at = 0;
    while (at < e->count && strncmp(e->list[at], text, n))
        at++;
    char *copy = at < ENVIRONMENT_MAX ? strdup(text) : NULL;
    if (!copy)
        return;
    if (at < e->count)
        free(e->list[at]);
    else
        e->count++;
    e->list[at] = copy;
}

static void set_timezone(struct environment *e)
{
    char zone[128], text[136];
    host_timezone(zone, sizeof(zone));
    if (!zone[0] || !strcmp(zone, "UTC") || !strcmp(zone, "Etc/UTC"))
        return;
    snprintf(text, sizeof(text), "TZ=%s", zone);
    set_variable(e, text);
}

static bool has_variable(const struct environment *e, const char *name)
{
    size_t n = strlen(name);
    for (unsigned i = 0; i < e->count; i++) {
        if (!strncmp(e->list[i], name, n) && e->list[i][n] == '=')
            return true;
    }
    return false;
}

/* Under both names, as some programs look at one of them alone. */
static void set_proxy(struct environment *e, const char *lower, const char *upper,
                      const char *value)
{
    char *text = value ? malloc(strlen(upper) + strlen(value) + 2) : NULL;
    if (!text)
        return;
    sprintf(text, "%s=%s", lower, value);
    set_variable(e, text);
    sprintf(text, "%s=%s", upper, value);
    set_variable(e, text);
    free(text);
}

/* Those of the host, when the session names none. */
static void set_proxies(struct environment *e)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "all_proxy",
                                        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"};
    struct host_proxies proxies;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (has_variable(e, names[i]))
            return;
    }
    host_proxies_read(&proxies);
    set_proxy(e, "http_proxy", "HTTP_PROXY", proxies.http);
    set_proxy(e, "https_proxy", "HTTPS_PROXY", proxies.https);
    set_proxy(e, "all_proxy", "ALL_PROXY", proxies.all);
    if (!has_variable(e, "no_proxy") && !has_variable(e, "NO_PROXY"))
        set_proxy(e, "no_proxy", "NO_PROXY", proxies.except);
    host_proxies_free(&proxies);
}

static void fill_environment(struct environment *e, const char *const *more)
{
    static const char *const standard[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME=/root",
        "TERM=xterm-256color",
        "LANG=C.UTF-8",
    };
    memset(e, 0, sizeof(*e));
    for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
        set_variable(e, standard[i]);
    set_timezone(e);
    for (; more && *more; more++)
        set_variable(e, *more);
    if (!isolated)
        set_proxies(e);
}

static void free_environment(struct environment *e)
{
    for (unsigned i = 0; i < e->count; i++)
        free(e->list[i]);
}

/* --- the files of a session ---------------------------------------------------------------- */

static int host_terminal(struct tty **tty)
{
    static struct tty *started;
    int error = started ? 0 : hostterm_start(&started);
    *tty = started;
    atomic_store(&terminal, started);
    return error;
}

static int open_standard(int number, struct tty **tty, struct file **file)
{
    int error = 0;
    if (!*tty && host_stdio_kind(number) == HOST_STDIO_TERMINAL)
        error = host_terminal(tty);
    if (error)
        return error;
    if (*tty && host_stdio_kind(number) == HOST_STDIO_TERMINAL)
        return tty_open_slave(*tty, L_O_RDWR | L_O_NOCTTY, file);
    *file = hoststd_open(number, &error);
    return *file ? 0 : error;
}

static int open_files(const struct boot_session *session, struct files *files, struct tty **tty)
{
    *tty = session->tty;
    for (int i = 0; i < 3; i++) {
        struct file *file = NULL;
        int error = session->tty ? tty_open_slave(session->tty, L_O_RDWR | L_O_NOCTTY, &file)
                                 : open_standard(i, tty, &file);
        /* A handle that the host did not give stays closed. */
        if (error == -L_EBADF)
            continue;
        if (!error)
            error = files_install(files, file, i, false, FILES_MAX);
        if (error < 0)
            return error;
    }
    return 0;
}

static void change_directory(struct fs_context *fs, const char *name)
{
    struct path path;
    if (vfs_walk(vfs_kernel_caller(), NULL, name, WALK_FOLLOW | WALK_DIRECTORY, &path))
        return;
    host_mutex_lock(&fs->lock);
    struct path old = fs->cwd;
    fs->cwd = path;
    host_mutex_unlock(&fs->lock);
    path_put(old);
}

/* Where the session starts, into PATH_LENGTH_MAX bytes. */
static int find_directory(const struct boot_session *session, char *guest, char *message,
                          size_t size)
{
    const char *name = session->directory;
    struct path path;
    int error = -L_ENOENT;
    snprintf(guest, PATH_LENGTH_MAX, "%s", name ? name : "/root");
    if (name)
        error = vfs_walk(vfs_kernel_caller(), NULL, name, WALK_FOLLOW | WALK_DIRECTORY, &path);
    if (!error)
        path_put(path);
    if (!error || (session->host_directory &&
                   fs_guest_path(session->host_directory, guest, PATH_LENGTH_MAX) == 0))
        return 0;
    snprintf(guest, PATH_LENGTH_MAX, "/root");
    if (!name)
        return 0;
    snprintf(message, size, "--cwd %s: %s", name,
             error == -L_ENOENT ? "no such directory" : "not a directory");
    return -L_EINVAL;
}

static const char *reason(int error)
{
    switch (error) {
    case -L_ENOENT:
        return "not found";
    case -L_EACCES:
        return "permission denied";
    case -L_ENOEXEC:
        return "not a program for x86-64 Linux";
    case -L_ENOMEM:
        return "out of memory";
    case -L_ELOOP:
        return "too many levels of symbolic links or scripts";
    default:
        return errno_text(-error);
    }
}

int boot_session(const struct boot_session *session, struct process **out, char *message,
                 size_t size)
{
    struct environment environment;
    struct process_start start = {.path = session->program ? session->program : session->argv[0],
                                  .argv = session->argv};
    char directory[PATH_LENGTH_MAX];
    message[0] = 0;
    int error = find_directory(session, directory, message, size);
    if (error)
        return error;
    start.files = files_new();
    start.fs = fs_context_new();
    if (!start.files || !start.fs)
        return say_error(message, size, -L_ENOMEM, "out of memory");
    error = open_files(session, start.files, &start.tty);
    if (error) {
        files_put(start.files);
        fs_context_put(start.fs);
        return say_error(message, size, error, "the standard handles cannot be opened");
    }
    change_directory(start.fs, directory);
    fill_environment(&environment, session->environment);
    start.envp = (const char *const *)environment.list;
    if (start.tty)
        tty_set_console(start.tty);
    error = process_run(&start, out);
    free_environment(&environment);
    if (error)
        snprintf(message, size, "%s: %s", start.path, reason(error));
    return error;
}

int boot_exit_code(int wait_status)
{
    return wait_status & 0x7f ? 128 + (wait_status & 0x7f) : wait_status >> 8 & 0xff;
}
