/* What is written to a file that is only read: blocks in memory in front of it. For store_media.c;
 * results are SQLite's. One thread at a time. */
#ifndef RUNTIME_FS_STORE_STORE_SHADOW_H
#define RUNTIME_FS_STORE_STORE_SHADOW_H

#include <sqlite3.h>

struct shadow;

/* base may be NULL: an empty file. It stays the caller's. NULL: no memory. */
struct shadow *shadow_new(sqlite3_file *base);
/* Takes NULL. */
void shadow_free(struct shadow *shadow);
/* What is beyond the end reads as zero, with SQLITE_IOERR_SHORT_READ. */
int shadow_read(struct shadow *shadow, void *data, int amount, sqlite3_int64 offset);
int shadow_write(struct shadow *shadow, const void *data, int amount, sqlite3_int64 offset);
void shadow_truncate(struct shadow *shadow, sqlite3_int64 size);
/* Zeros at the end, up to a size. */
void shadow_extend(struct shadow *shadow, sqlite3_int64 size);
sqlite3_int64 shadow_size(const struct shadow *shadow);

#endif
