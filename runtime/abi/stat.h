/* stat(2), statx(2), directory entries, statfs(2). */
#ifndef RUNTIME_ABI_STAT_H
#define RUNTIME_ABI_STAT_H

#include <stdint.h>

#include "runtime/abi/time.h"

#define L_S_IFMT                0xf000
#define L_S_IFSOCK              0xc000
#define L_S_IFLNK               0xa000
#define L_S_IFREG               0x8000
#define L_S_IFBLK               0x6000
#define L_S_IFDIR               0x4000
#define L_S_IFCHR               0x2000
#define L_S_IFIFO               0x1000
#define L_S_ISUID               0x800
#define L_S_ISGID               0x400
#define L_S_ISVTX               0x200
#define L_DT_UNKNOWN            0
#define L_DT_FIFO               1
#define L_DT_CHR                2
#define L_DT_DIR                4
#define L_DT_BLK                6
#define L_DT_REG                8
#define L_DT_LNK                10
#define L_DT_SOCK               12
#define L_STATX_TYPE            1
#define L_STATX_MODE            2
#define L_STATX_NLINK           4
#define L_STATX_UID             8
#define L_STATX_GID             0x10
#define L_STATX_ATIME           0x20
#define L_STATX_MTIME           0x40
#define L_STATX_CTIME           0x80
#define L_STATX_INO             0x100
#define L_STATX_SIZE            0x200
#define L_STATX_BLOCKS          0x400
#define L_STATX_BASIC_STATS     0x7ff
#define L_STATX_BTIME           0x800
#define L_STATX_MNT_ID          0x1000
#define L_STATX__RESERVED       0x80000000u
#define L_STATX_ATTR_MOUNT_ROOT 0x2000
#define L_TMPFS_MAGIC           0x1021994
#define L_PROC_SUPER_MAGIC      0x9fa0
#define L_SYSFS_MAGIC           0x62656572
#define L_DEVPTS_SUPER_MAGIC    0x1cd1
#define L_EXT4_SUPER_MAGIC      0xef53
#define L_PIPEFS_MAGIC          0x50495045
#define L_SOCKFS_MAGIC          0x534f434b
#define L_ANON_INODE_FS_MAGIC   0x9041934

struct l_stat {
    uint64_t st_dev;
    uint64_t st_ino;
    uint64_t st_nlink;
    uint32_t st_mode;
    uint32_t st_uid;
    uint32_t st_gid;
    uint32_t pad0;
    uint64_t st_rdev;
    int64_t st_size;
    int64_t st_blksize;
    int64_t st_blocks; /* of 512 bytes */
    struct l_timespec st_atim;
    struct l_timespec st_mtim;
    struct l_timespec st_ctim;
    int64_t reserved[3];
};
_Static_assert(sizeof(struct l_stat) == 144, "stat");

struct l_statx_timestamp {
    int64_t tv_sec;
    uint32_t tv_nsec;
    int32_t reserved;
};

struct l_statx {
    uint32_t stx_mask;
    uint32_t stx_blksize;
    uint64_t stx_attributes;
    uint32_t stx_nlink;
    uint32_t stx_uid;
    uint32_t stx_gid;
    uint16_t stx_mode;
    uint16_t pad1;
    uint64_t stx_ino;
    uint64_t stx_size;
    uint64_t stx_blocks;
    uint64_t stx_attributes_mask;
    struct l_statx_timestamp stx_atime, stx_btime, stx_ctime, stx_mtime;
    uint32_t stx_rdev_major, stx_rdev_minor;
    uint32_t stx_dev_major, stx_dev_minor;
    uint64_t stx_mnt_id;
    uint32_t stx_dio_mem_align, stx_dio_offset_align;
    uint64_t spare3[12];
};
_Static_assert(sizeof(struct l_statx) == 256, "statx");

/* getdents64(2): followed by the name and a NUL, d_reclen a multiple of 8. */
struct l_dirent64 {
    uint64_t d_ino;
    int64_t d_off;
    uint16_t d_reclen;
    uint8_t d_type;
    char d_name[];
};

struct l_statfs {
    int64_t f_type;
    int64_t f_bsize;
    uint64_t f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    int32_t f_fsid[2];
    int64_t f_namelen, f_frsize, f_flags, f_spare[4];
};
_Static_assert(sizeof(struct l_statfs) == 120, "statfs");

struct l_flock {
    int16_t l_type;
    int16_t l_whence;
    int32_t pad;
    int64_t l_start;
    int64_t l_len;
    int32_t l_pid;
    int32_t pad2;
};
_Static_assert(sizeof(struct l_flock) == 32, "flock");

struct l_iovec {
    uint64_t iov_base;
    uint64_t iov_len;
};

/* dev_t as the kernel hands it to programs (makedev(3)). */
static inline uint64_t l_makedev(uint32_t major, uint32_t minor)
{
    return ((uint64_t)(major & 0xfffff000u) << 32) | ((uint64_t)(major & 0xfffu) << 8) |
           ((uint64_t)(minor & 0xffffff00u) << 12) | (minor & 0xffu);
}

static inline uint32_t l_major(uint64_t dev)
{
    return (uint32_t)((dev >> 8) & 0xfff) | (uint32_t)((dev >> 32) & 0xfffff000u);
}

static inline uint32_t l_minor(uint64_t dev)
{
    return (uint32_t)(dev & 0xff) | (uint32_t)((dev >> 12) & 0xffffff00u);
}

#endif
