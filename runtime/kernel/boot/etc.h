/*
 * Names of this machine and of others, as guests find them in /etc.
 *
 * /etc/hostname, where there is one, is the host name, as init(1) would set it; else it is the
 * machine's. /etc/hosts gets a line for it, marked, in a root of our own (an image, an archive).
 *
 * /etc/resolv.conf follows the host as long as it is a link into /run, whose file is written here
 * and anew whenever the host's name servers change, until a guest writes something else into it. In
 * a root of our own a missing or empty /etc/resolv.conf becomes such a link. A file with text is
 * the user's and is left alone.
 */
#ifndef RUNTIME_KERNEL_BOOT_ETC_H
#define RUNTIME_KERNEL_BOOT_ETC_H

#include <stdbool.h>

/* Once, when all is mounted. own: the root is an image or an archive. isolated: no name servers.
 * What cannot be written is in the log, and the rest works. */
void boot_names(bool own, bool isolated);

#endif
