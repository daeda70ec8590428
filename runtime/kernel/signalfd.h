/* signalfd(2). */
#ifndef FORELAND_KERNEL_SIGNALFD_H
#define FORELAND_KERNEL_SIGNALFD_H

/* A signal was queued somewhere: whoever waits on a signalfd looks again. Any lock may be held. */
void signalfd_wake(void);

#endif
