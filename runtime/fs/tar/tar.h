/* Archives of the host into and out of file systems. */
#ifndef RUNTIME_FS_TAR_TAR_H
#define RUNTIME_FS_TAR_TAR_H

#include <stddef.h>

struct superblock;

/*
 * Unpack a tar archive (ustar, pax, GNU names; not compressed) of the host into a directory of the
 * tree. 0 or a negative errno; a sentence on what is wrong and where in message.
 */
int tar_unpack(const char *host_path, struct superblock *super, char *message, size_t size);
/* The other way round: write all files of a superblock into a new archive (pax where ustar does not
 * suffice). What cannot be read is left out and told to lost; returns how much that is. */
int tar_pack(const char *host_path, struct superblock *super,
             void (*lost)(void *arg, const char *line), void *arg, char *message, size_t size);

#endif
