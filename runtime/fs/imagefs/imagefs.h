/* Images as file systems, for those who mount and end them. */
#ifndef RUNTIME_FS_IMAGEFS_IMAGEFS_H
#define RUNTIME_FS_IMAGEFS_IMAGEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_watch;
struct superblock;

/* An image (see store.h), which this process then has for itself; read_only: what is changed stays
 * in memory; watch: as for store_open. A superblock with one reference; or NULL, the errno in
 * *error and a sentence on what is wrong in message. */
struct superblock *imagefs_new(const char *host_path, bool read_only,
                               const struct store_watch *watch, int *error, char *message,
                               size_t size);
/* At the end of the program: stores everything and closes all images. What still asks for something
 * that is not in memory gets -L_EIO. An error means that changes are lost: message, else empty, has
 * a sentence on which. */
int imagefs_shutdown(char *message, size_t size);
/* For tests: the disk has so many bytes beyond what the image takes. UINT64_MAX: as it is. */
void imagefs_limit(struct superblock *super, uint64_t bytes);

#endif
