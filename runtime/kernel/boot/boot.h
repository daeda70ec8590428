/*
 * Bringing Foreland up and down: what both programs do before the first guest runs and after the
 * last one has gone. For host threads; errors are also told as a sentence for people.
 */
#ifndef RUNTIME_KERNEL_BOOT_BOOT_H
#define RUNTIME_KERNEL_BOOT_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct process;
struct store_watch;
struct tty;

struct boot_options {
    const char *root;          /* directory or tar archive of the host; NULL: the image */
    const char *image;         /* image file; NULL: the default one */
    bool read_only;            /* changes of the image stay in memory */
    const char *const *mounts; /* HOST:GUEST, as many as mount_count */
    unsigned mount_count;
    bool listen_lan; /* servers of guests are found by other machines as well */
    bool isolated;   /* no network, drives or other folders of the host, but for the root */
    bool no_cache;   /* code is neither taken from earlier runs nor kept for later ones */
    uint64_t memory; /* limit in bytes; 0: three quarters of the machine's */
    /* Who is told how far an older image's conversion is (runtime/fs/store/store.h), while
     * boot_start runs; NULL: nobody. */
    const struct store_watch *watch;
};

/* Once. 0 or a negative errno with *message filled. */
int boot_start(const struct boot_options *options, char *message, size_t size);

/* Kills what still runs, writes file systems back. An error means that changes of files are lost:
 * message, else empty, says which. */
int boot_finish(char *message, size_t size);

/* What guests have sent and the other side has not taken goes on its way, as it would without them
 * on Linux: waits for that while some of it moves within idle_ns. Returns the bytes that are left.
 * boot_leave_rest ends it, now and from now on; on any thread, with FINISHING held by another. */
uint64_t boot_send_rest(uint64_t idle_ns);
void boot_leave_rest(void);
/* Nine attempts, each twice as long after the last as that one, the first after 0.2 s:
 * tcp_orphan_retries of tcp(7). */
#define BOOT_REST_NS (102 * NS_PER_SEC)

/* The same when the host ends the program (runtime/host/ending.h) and gives it little time: what
 * runs on the terminal (NULL: that of the host, if it is used) gets SIGHUP and a moment before. */
void boot_end(struct tty *tty);

struct boot_session {
    const char *const *argv;        /* NULL-terminated; argv[0] is searched in PATH */
    const char *program;            /* what to run when it is not argv[0]; or NULL */
    const char *const *environment; /* NAME=value to add or replace, NULL-terminated; or NULL */
    const char *directory;          /* to start in; NULL: the home directory, or / */
    /* A folder of the host (absolute) to start in when directory is not there, or NULL and guests
     * can see the folder. NULL: none. */
    const char *host_directory;
    struct tty *tty; /* standard handles and controlling terminal; NULL: those of the host */
};

/* Starts a session. 0 and the first process with a reference, or a negative errno with *message
 * filled. */
int boot_session(const struct boot_session *session, struct process **out, char *message,
                 size_t size);

/* Exit status for a wait status as shells have it: 128 + n for a signal. */
int boot_exit_code(int wait_status);

#endif
