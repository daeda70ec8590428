/* What the socket calls share. */
#ifndef RUNTIME_NET_SYS_SOCKET_H
#define RUNTIME_NET_SYS_SOCKET_H

#include "runtime/fs/calls/sys.h"
#include "runtime/net/socket.h"

/* The socket of a descriptor; *file is referenced when the result is 0. -L_EBADF, -L_ENOTSOCK. */
int socket_of(struct task *t, uint64_t fd, struct file **file);
/* An address out of the guest, of any length and family. -L_EINVAL, -L_EFAULT. */
int get_address(struct task *t, uint64_t address, uint64_t length, struct net_address *out);
/* An address to the guest: as much as fits where *length_address says, and its full length there.
 * An address of 0 is left alone. */
int put_address(struct task *t, uint64_t address, uint64_t length_address,
                const struct net_address *from);
/* Whether a call on this file may not wait. */
bool socket_nonblock(struct file *file, uint32_t flags);

#endif
