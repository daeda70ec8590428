/* Capabilities (capabilities(7)): numbers, securebits, the headers of capget(2), and the value of
 * the attribute security.capability. */
#ifndef RUNTIME_ABI_CAPABILITY_H
#define RUNTIME_ABI_CAPABILITY_H

#include <stdint.h>

enum {
    L_CAP_CHOWN = 0,
    L_CAP_DAC_OVERRIDE = 1,
    L_CAP_DAC_READ_SEARCH = 2,
    L_CAP_FOWNER = 3,
    L_CAP_FSETID = 4,
    L_CAP_KILL = 5,
    L_CAP_SETGID = 6,
    L_CAP_SETUID = 7,
    L_CAP_SETPCAP = 8,
    L_CAP_LINUX_IMMUTABLE = 9,
    L_CAP_NET_BIND_SERVICE = 10,
    L_CAP_NET_ADMIN = 12,
    L_CAP_NET_RAW = 13,
    L_CAP_IPC_LOCK = 14,
    L_CAP_IPC_OWNER = 15,
    L_CAP_SYS_CHROOT = 18,
    L_CAP_SYS_PTRACE = 19,
    L_CAP_SYS_ADMIN = 21,
    L_CAP_SYS_BOOT = 22,
    L_CAP_SYS_NICE = 23,
    L_CAP_SYS_RESOURCE = 24,
    L_CAP_SYS_TIME = 25,
    L_CAP_SYS_TTY_CONFIG = 26,
    L_CAP_MKNOD = 27,
    L_CAP_SETFCAP = 31,
    L_CAP_MAC_OVERRIDE = 32,
    L_CAP_LAST = 40,
};

#define L_CAP_BIT(cap) ((uint64_t)1 << (cap))
#define L_CAP_ALL      (L_CAP_BIT(L_CAP_LAST + 1) - 1)

/* Each has a lock in the next higher bit. */
#define L_SECBIT_NOROOT               0x01u
#define L_SECBIT_NO_SETUID_FIXUP      0x04u
#define L_SECBIT_KEEP_CAPS            0x10u
#define L_SECBIT_KEEP_CAPS_LOCKED     0x20u
#define L_SECBIT_NO_CAP_AMBIENT_RAISE 0x40u
#define L_SECBITS_ALL                 0x55u
#define L_SECBITS_LOCKS               0xaau

#define L_CAPABILITY_V1 0x19980330u
#define L_CAPABILITY_V2 0x20071026u
#define L_CAPABILITY_V3 0x20080522u

struct l_cap_header {
    uint32_t version;
    int32_t pid;
};

struct l_cap_data {
    uint32_t effective, permitted, inheritable;
};

#define L_XATTR_CAPS "security.capability"

#define L_VFS_CAP_REVISION_MASK  0xff000000u
#define L_VFS_CAP_REVISION_2     0x02000000u
#define L_VFS_CAP_REVISION_3     0x03000000u
#define L_VFS_CAP_FLAG_EFFECTIVE 1u

/* Revision 2 ends before rootid. */
struct l_vfs_cap {
    uint32_t magic;
    struct {
        uint32_t permitted, inheritable;
    } data[2];
    uint32_t rootid;
};

#define L_VFS_CAP_SIZE_2 20u
#define L_VFS_CAP_SIZE_3 24u

#endif
