/* Starting guests from outside, and waiting for them. */
#ifndef RUNTIME_KERNEL_BOOT_RUN_H
#define RUNTIME_KERNEL_BOOT_RUN_H

#include <stdbool.h>
#include <stdint.h>

struct files;
struct fs_context;
struct process;
struct task;
struct tty;

/* Starts the first process, or another session beside it. */
struct process_start {
    const char *path;        /* guest path; searched in PATH when it has no slash */
    const char *const *argv; /* NULL-terminated */
    const char *const *envp;
    struct files *files;                    /* with 0, 1, 2 open; ownership passes */
    struct fs_context *fs;                  /* ownership passes */
    struct tty *tty;                        /* becomes the controlling terminal when not NULL */
    void (*started)(struct task *, void *); /* on the new thread before exec; may be NULL */
    void *arg;
};

/* Runs it as leader of a new session. Returns the process with a reference once exec has succeeded
 * or failed; on failure (-errno) there is no process, and nothing of start is left. */
int process_run(const struct process_start *start, struct process **out);

/* Waits until the process has exited; returns its wait status. For host threads. */
int process_wait_exit(struct process *p);

/* Waits until no process is left; false when the deadline passes first. For host threads. */
bool process_wait_all(uint64_t deadline_ns);

/* Kills every process and waits until all are gone or the deadline passes. */
void process_kill_all(uint64_t deadline_ns);

#endif
