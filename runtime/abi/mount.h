/* mount(2) and statfs(2) flags. */
#ifndef RUNTIME_ABI_MOUNT_H
#define RUNTIME_ABI_MOUNT_H

#define L_MS_RDONLY       1u
#define L_MS_NOSUID       2u
#define L_MS_NODEV        4u
#define L_MS_NOEXEC       8u
#define L_MS_SYNCHRONOUS  16u
#define L_MS_REMOUNT      32u
#define L_MS_NOATIME      1024u
#define L_MS_NODIRATIME   2048u
#define L_MS_BIND         4096u
#define L_MS_MOVE         8192u
#define L_MS_REC          16384u
#define L_MS_SILENT       32768u
#define L_MS_UNBINDABLE   (1u << 17)
#define L_MS_PRIVATE      (1u << 18)
#define L_MS_SLAVE        (1u << 19)
#define L_MS_SHARED       (1u << 20)
#define L_MS_RELATIME     (1u << 21)
#define L_MS_STRICTATIME  (1u << 24)
#define L_MNT_FORCE       1u
#define L_MNT_DETACH      2u
#define L_MNT_EXPIRE      4u
#define L_UMOUNT_NOFOLLOW 8u
#define L_ST_VALID        32u
#define L_ST_RELATIME     4096u

#endif
