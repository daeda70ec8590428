/* Making tasks and processes. */
#ifndef RUNTIME_KERNEL_LIFE_FORK_H
#define RUNTIME_KERNEL_LIFE_FORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/translate/cpu.h"

struct process;
struct sighand;
struct task;

struct clone_request {
    uint64_t flags; /* L_CLONE_*, without the signal */
    uint64_t exit_signal;
    uint64_t stack; /* top, or 0 for the parent's */
    uint64_t parent_tid, child_tid, tls, pidfd;
};

/* Objects that nobody can find yet. A task holds a reference to its process and has none of files
 * and fs; a process has refs 0, no space and no handlers. NULL when out of memory. */
struct task *task_new(struct process *p, const struct task *from);
struct process *process_new(const struct process *from);

/* A thread about to be born: its registers, to be changed as needed, and its task. */
struct birth {
    struct task *task;
    uint64_t child_settid; /* where the new thread stores its id, or 0 */
    struct cpu *cpu;
    void *memory;
};

/* NULL when out of memory. */
struct birth *birth_new(struct task *t);
void birth_free(struct birth *birth);
/* Runs the guest on the calling host thread until the task has ended; frees birth, drops the
 * thread's reference to the task. */
void birth_run(struct birth *birth);

/* The parent of a vfork may go on. */
void vfork_release(struct task *t);

void sighand_put(struct sighand *sighand);

/* What those above the life of tasks give it, before the first one starts. */
struct life_ops {
    int (*service)(struct cpu *cpu, enum cpu_event event); /* of every guest thread */
    void (*exits)(struct task *t, bool last); /* told of each end; last: of its process */
};
extern const struct life_ops *life_ops;

#endif
