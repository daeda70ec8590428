/* poll(2), select(2), epoll(7), eventfd(2). */
#ifndef RUNTIME_ABI_POLL_H
#define RUNTIME_ABI_POLL_H

#include <stdint.h>

#define L_POLLIN                  1
#define L_POLLPRI                 2
#define L_POLLOUT                 4
#define L_POLLERR                 8
#define L_POLLHUP                 0x10
#define L_POLLNVAL                0x20
#define L_POLLRDNORM              0x40
#define L_POLLRDBAND              0x80
#define L_POLLWRNORM              0x100
#define L_POLLWRBAND              0x200
#define L_POLLMSG                 0x400
#define L_POLLREMOVE              0x1000
#define L_POLLRDHUP               0x2000
#define L_EPOLL_CLOEXEC           0x80000
#define L_EPOLL_CTL_ADD           1
#define L_EPOLL_CTL_DEL           2
#define L_EPOLL_CTL_MOD           3
#define L_EFD_SEMAPHORE           1
#define L_EFD_CLOEXEC             0x80000
#define L_EFD_NONBLOCK            0x800
#define L_SFD_CLOEXEC             0x80000
#define L_SFD_NONBLOCK            0x800
#define L_TFD_CLOEXEC             0x80000
#define L_TFD_NONBLOCK            0x800
#define L_TFD_TIMER_ABSTIME       1
#define L_TFD_TIMER_CANCEL_ON_SET 2
#define L_IN_CLOEXEC              0x80000
#define L_IN_NONBLOCK             0x800
#define L_EPOLLEXCLUSIVE          (1u << 28)
#define L_EPOLLWAKEUP             (1u << 29)
#define L_EPOLLONESHOT            (1u << 30)
#define L_EPOLLET                 (1u << 31)

struct l_pollfd {
    int32_t fd;
    int16_t events;
    int16_t revents;
};

/* Packed on x86-64 and nowhere else. */
struct l_epoll_event {
    uint32_t events;
    uint64_t data;
} __attribute__((packed));
_Static_assert(sizeof(struct l_epoll_event) == 12, "epoll_event");

#endif
