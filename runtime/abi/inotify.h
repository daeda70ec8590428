/* inotify(7). */
#ifndef RUNTIME_ABI_INOTIFY_H
#define RUNTIME_ABI_INOTIFY_H

#include <stdint.h>

#define L_IN_ACCESS        0x1u
#define L_IN_MODIFY        0x2u
#define L_IN_ATTRIB        0x4u
#define L_IN_CLOSE_WRITE   0x8u
#define L_IN_CLOSE_NOWRITE 0x10u
#define L_IN_OPEN          0x20u
#define L_IN_MOVED_FROM    0x40u
#define L_IN_MOVED_TO      0x80u
#define L_IN_CREATE        0x100u
#define L_IN_DELETE        0x200u
#define L_IN_DELETE_SELF   0x400u
#define L_IN_MOVE_SELF     0x800u
#define L_IN_ALL_EVENTS    0xfffu
#define L_IN_UNMOUNT       0x2000u
#define L_IN_Q_OVERFLOW    0x4000u
#define L_IN_IGNORED       0x8000u
#define L_IN_ONLYDIR       0x1000000u
#define L_IN_DONT_FOLLOW   0x2000000u
#define L_IN_EXCL_UNLINK   0x4000000u
#define L_IN_MASK_CREATE   0x10000000u
#define L_IN_MASK_ADD      0x20000000u
#define L_IN_ISDIR         0x40000000u
#define L_IN_ONESHOT       0x80000000u

struct l_inotify_event {
    int32_t wd;
    uint32_t mask;
    uint32_t cookie;
    uint32_t len; /* of the name that follows, with its padding of NULs */
};
_Static_assert(sizeof(struct l_inotify_event) == 16, "inotify_event");

#endif
