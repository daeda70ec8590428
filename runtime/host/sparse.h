/*
 * What file systems of the host may have beyond names and bytes: holes, room set aside, files
 * without a name, attributes of the user's own. Where one of them has not, that is an error, and
 * nothing was done. On Windows there are holes (where FILE_SUPPORTS_SPARSE_FILES), and nothing of
 * the rest.
 *
 * As in beneath.h: everything blocks; 0 or positive, or a negative guest errno.
 */
#ifndef RUNTIME_HOST_SPARSE_H
#define RUNTIME_HOST_SPARSE_H

#include "runtime/host/beneath.h"

/* The next byte at or after offset that is data, or in a hole (the end is one). -L_ENXIO: there is
 * none, or offset is not in the file. Where holes cannot be told all of a file is data. */
int64_t host_file_seek(struct host_file *file, uint64_t offset, bool hole);

enum host_room {
    HOST_ROOM_EXTEND, /* set aside, the file grows to the end of it */
    HOST_ROOM_KEEP,   /* set aside, the size stays */
    HOST_ROOM_PUNCH,  /* given back, reads as zeros; the size stays */
    HOST_ROOM_ZERO,   /* reads as zeros, and the file grows to the end of it */
    HOST_ROOM_ZERO_KEEP,
};

/* n bytes from offset on. -L_EOPNOTSUPP where the host cannot. */
int host_file_room(struct host_file *file, enum host_room what, uint64_t offset, uint64_t n);

/* A file in the directory that has no name yet, open for reading and writing; and its first name.
 * -L_EOPNOTSUPP. */
int host_at_nameless(struct host_root *root, const char *directory, uint32_t mode,
                     struct host_file **out);
int host_file_name(struct host_file *file, struct host_root *root, const char *name);

/* What a name leads to, only to be asked and for the following. -L_EOPNOTSUPP. */
int host_at_hold(struct host_root *root, const char *name, struct host_file **out);

/* Attributes as getxattr(2) and its kin; a name may be of any name space. size 0 asks for the
 * length. flags as setxattr(2). */
int64_t host_file_getxattr(struct host_file *file, const char *name, void *value, size_t size);
int64_t host_file_listxattr(struct host_file *file, char *names, size_t size);
int host_file_setxattr(struct host_file *file, const char *name, const void *value, size_t size,
                       int flags);
int host_file_removexattr(struct host_file *file, const char *name);

#endif
