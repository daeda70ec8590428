/* The socket system calls; arguments as in the manual pages (section 2). */
#ifndef RUNTIME_NET_NET_CALLS_H
#define RUNTIME_NET_NET_CALLS_H

#include <stdint.h>

struct task;

int64_t sys_socket(struct task *t, uint64_t domain, uint64_t type, uint64_t protocol);
int64_t sys_socketpair(struct task *t, uint64_t domain, uint64_t type, uint64_t protocol,
                       uint64_t address);
int64_t sys_bind(struct task *t, uint64_t fd, uint64_t address, uint64_t length);
int64_t sys_listen(struct task *t, uint64_t fd, uint64_t backlog);
int64_t sys_accept(struct task *t, uint64_t fd, uint64_t address, uint64_t length);
int64_t sys_accept4(struct task *t, uint64_t fd, uint64_t address, uint64_t length, uint64_t flags);
int64_t sys_connect(struct task *t, uint64_t fd, uint64_t address, uint64_t length);
int64_t sys_getsockname(struct task *t, uint64_t fd, uint64_t address, uint64_t length);
int64_t sys_getpeername(struct task *t, uint64_t fd, uint64_t address, uint64_t length);
int64_t sys_shutdown(struct task *t, uint64_t fd, uint64_t how);
int64_t sys_setsockopt(struct task *t, uint64_t fd, uint64_t level, uint64_t name, uint64_t address,
                       uint64_t length);
int64_t sys_getsockopt(struct task *t, uint64_t fd, uint64_t level, uint64_t name, uint64_t address,
                       uint64_t length);
int64_t sys_sendto(struct task *t, uint64_t fd, uint64_t data, uint64_t n, uint64_t flags,
                   uint64_t address, uint64_t length);
int64_t sys_recvfrom(struct task *t, uint64_t fd, uint64_t data, uint64_t n, uint64_t flags,
                     uint64_t address, uint64_t length);
int64_t sys_sendmsg(struct task *t, uint64_t fd, uint64_t message, uint64_t flags);
int64_t sys_recvmsg(struct task *t, uint64_t fd, uint64_t message, uint64_t flags);
int64_t sys_sendmmsg(struct task *t, uint64_t fd, uint64_t messages, uint64_t count,
                     uint64_t flags);
int64_t sys_recvmmsg(struct task *t, uint64_t fd, uint64_t messages, uint64_t count, uint64_t flags,
                     uint64_t timeout);

#endif
