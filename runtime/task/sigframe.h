/* Parts of the signal frame that other files need. */
#ifndef RUNTIME_TASK_SIGFRAME_H
#define RUNTIME_TASK_SIGFRAME_H

#include <stdbool.h>
#include <stdint.h>

struct l_stack;
struct task;

/* Size of the xsave area of a guest on this host. */
uint32_t sigframe_xsave_size(void);

/* sigaltstack(2) with kernel memory; sp is the guest's stack pointer. want or old may be NULL. */
int64_t altstack_change(struct task *t, uint64_t sp, const struct l_stack *want,
                        struct l_stack *old);

#endif
