/*
 * The image store: one SQLite file with the inodes, names and data of a file system. Nothing but
 * the store*.c files knows SQLite.
 *
 * One thread owns the connection. Changes are collected in a batch and submitted; the thread
 * applies batches in the order of submission inside an open transaction. A batch is never torn: a
 * commit comes between batches. store_commit makes durable everything submitted before it; the
 * store itself never commits at another time, because only its user knows when the data that must
 * precede the metadata has been submitted. After a crash the image holds what the last commit left.
 *
 * Reads wait for the store's thread: callers cache what must not wait. A read sees all batches
 * submitted before it.
 *
 * Errors are negative guest errnos; -L_EUCLEAN: what is asked for is damaged. When the host's disk
 * is full (or memory short) the transaction is rolled back and its batches are kept; submissions
 * then fail with that error until a later store_commit, which tries the whole again, succeeds.
 * Other failures stay: -L_EIO. A change that meets damage in the image is left out (store_refused);
 * removing what is damaged works where the pages of its rows are whole (store_mend.c).
 *
 * Functions may be called from any thread, with locks held that neither the store nor its readers
 * take. Files beside the image: PATH-wal (SQLite's log; part of the image until a clean close has
 * folded it in) and PATH-owner (the process id of the program that has the image open; only a hint
 * for messages, the lock is on the image itself).
 */
#ifndef RUNTIME_FS_STORE_STORE_H
#define RUNTIME_FS_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_ROOT        1u /* inode of the root directory */
#define STORE_CHUNK_SHIFT 16
#define STORE_CHUNK_SIZE  (1u << STORE_CHUNK_SHIFT)
#define STORE_SIZE_MAX    ((uint64_t)1 << 44) /* of a file: 2^28 chunks */
/* st_size of a directory, and st_blocks (of 512 bytes). */
#define STORE_DIR_SIZE   4096u
#define STORE_DIR_BLOCKS 8u
#define STORE_INODE_MAX  (((uint64_t)1 << 35) - 1)

struct store;

/* Who watches something that takes long. report gets one sentence for each fault, loss or remark;
 * progress, which may be NULL, the part that is done, in hundredths. */
struct store_watch {
    void (*report)(void *arg, const char *line);
    void (*progress)(void *arg, unsigned percent);
    void *arg;
};
/* Times are nanoseconds since 1970; mode has type and permission bits as Linux'. An inode with
 * nlink 0 is an orphan: removed at the next open if nobody removed it before. */
struct store_inode {
    uint64_t ino, rdev, size;
    uint64_t blocks; /* of 512 bytes, as stat shows them */
    uint32_t mode, nlink, uid, gid;
    int64_t atime, mtime, ctime, btime;
};

/*
 * Makes a new image with an empty root directory at a path where nothing is. 0, -L_EEXIST or what
 * the host says; a sentence for the user in message.
 */
int store_create(const char *path, char *message, size_t size);

/*
 * Opens an image for this process alone, completes what a crash interrupted, removes orphans and
 * converts the older format. read_only: beside others that do so, and the files are only read; what
 * is changed stays in memory and goes with the store. watch, which may be NULL, is told how far a
 * conversion is, on this thread, and why there was none. 0, -L_EBUSY (in use: message names the
 * process), -L_ENOENT, -L_EINVAL (not an image, or one of a newer format), -L_EUCLEAN (damaged),
 * -L_EROFS ...; a sentence for the user in message.
 */
int store_open(const char *path, bool read_only, const struct store_watch *watch,
               struct store **out, char *message, size_t size);

/* Commits, folds the log into the image and closes it; the result of the last commit. Everything
 * asked of the store afterwards fails with -L_EIO; stopping it again does nothing. */
int store_stop(struct store *store);
/* The same, and frees it: nobody uses it any more. */
int store_close(struct store *store);

/* --- changes --- */

struct store_batch;

/* NULL: no memory; the functions below take that and store_submit then reports it. */
struct store_batch *store_batch_new(void);
void store_batch_free(struct store_batch *batch);

/* Sets all attributes of an inode, making it if it is not there. */
void store_put_inode(struct store_batch *batch, const struct store_inode *inode);
/* The text of a symbolic link; its inode has been put before. */
void store_put_target(struct store_batch *batch, uint64_t ino, const char *text, size_t length);
/* Removes an inode with its data and extended attributes; its names are gone already. */
void store_remove_inode(struct store_batch *batch, uint64_t ino);
/* Lets a name lead to an inode, replacing what it led to. */
void store_put_name(struct store_batch *batch, uint64_t dir, const char *name, size_t length,
                    uint64_t ino);
void store_remove_name(struct store_batch *batch, uint64_t dir, const char *name, size_t length);
/* Data of a chunk, copied; what is beyond length reads as zero. Zeros at the end are not stored, a
 * chunk of zeros is a hole. length is at most STORE_CHUNK_SIZE. Returns how much is stored. */
size_t store_put_chunk(struct store_batch *batch, uint64_t ino, uint64_t index, const void *data,
                       size_t length);
/* Forgets the data at and beyond size. */
void store_cut(struct store_batch *batch, uint64_t ino, uint64_t size);
void store_put_xattr(struct store_batch *batch, uint64_t ino, const char *name, const void *value,
                     size_t length);
void store_remove_xattr(struct store_batch *batch, uint64_t ino, const char *name);

/* This change makes room: it is accepted while the disk is full, too. */
void store_batch_frees(struct store_batch *batch);
/* Takes over the batch, also on failure. Waits while too much is queued, unless urgent. */
int store_submit(struct store *store, struct store_batch *batch, bool urgent);
/* Waits while too much is queued: before an urgent batch of one who could wait, but not with the
 * locks it is submitted under. */
void store_wait_for_room(struct store *store);
/* Marks the present end of the queue as a place to commit at, to be waited for with
 * store_committed. Never waits. 0: no memory. */
uint64_t store_mark(struct store *store);
/* The same; after the commit the log is folded into the image, whose size is settled then. */
uint64_t store_mark_settled(struct store *store);
/* Waits until the commit at a mark has been done; its result. */
int store_committed(struct store *store, uint64_t mark);
/* Both. */
int store_commit(struct store *store);
/* Whether a change of an inode could not be stored since this was last asked, because the image is
 * damaged there. Such a change fails alone; the commit it belongs to does not. */
bool store_refused(struct store *store, uint64_t ino);
/* How many changes that were, since the image was opened. */
uint32_t store_refusals(struct store *store);
/* Bytes submitted since the last mark; a large number asks for a commit. */
uint64_t store_pending(struct store *store);

/* --- reads --- */

/* -L_ENOENT when there is none. */
int store_get_inode(struct store *store, uint64_t ino, struct store_inode *out);
/* Length of a symbolic link's text, which is cut at size. */
int store_get_target(struct store *store, uint64_t ino, char *text, size_t size);
/* Fills length bytes from the start of a chunk; holes are zero. */
int store_get_chunk(struct store *store, uint64_t ino, uint64_t index, void *data, size_t length);

struct store_entry {
    const char *name; /* ends in NUL as well */
    size_t length;
    struct store_inode inode; /* mode 0: it cannot be read */
    const char *target;       /* of a symbolic link, else NULL */
    size_t target_length;
};
/* Calls fn for each name of a directory, on the store's thread: fn may not call the store. Stops
 * with fn's result when that is not 0. */
int store_read_dir(struct store *store, uint64_t dir,
                   int (*fn)(void *arg, const struct store_entry *entry), void *arg);
/* As getxattr(2) and listxattr(2): the length; size 0 asks for it; -L_ENODATA, -L_ERANGE. */
int64_t store_get_xattr(struct store *store, uint64_t ino, const char *name, void *value,
                        size_t size);
int64_t store_list_xattr(struct store *store, uint64_t ino, char *list, size_t size);
/* Calls fn with the index of each chunk that is no hole, on the store's thread. */
int store_read_chunks(struct store *store, uint64_t ino, void (*fn)(void *arg, uint64_t index),
                      void *arg);
/* The index of the first chunk with data at or after index; -L_ENXIO when there is none. */
int store_next_chunk(struct store *store, uint64_t ino, uint64_t index, uint64_t *out);

/* --- about the whole --- */

/* A path to an inode, for messages; "inode N" where none is found. Looks through the whole image.
 */
void store_name_of(struct store *store, uint64_t ino, char *path, size_t size);
/* Larger than every inode number ever used in this image. */
uint64_t store_next_ino(struct store *store);
struct store_usage {
    uint64_t bytes, bytes_free; /* of the image file, once the log is in it; free: inside it */
    uint64_t bytes_log;         /* of the log in use */
};
/* As of the last commit; does not wait. */
void store_usage(struct store *store, struct store_usage *out);
const char *store_path(struct store *store);
/* The image and its log may not take more than so many bytes together: then the disk is full, as if
 * it had no more. Lasts until the store is closed. */
void store_limit(struct store *store, uint64_t bytes);
/*
 * Whether data of `grow` bytes that is new, and of `rewrite` bytes that takes the place of other,
 * can be committed with the room there is now, both on the disk and in the log; a little stays
 * free for what makes room. *spare: bytes that there are beyond.
 */
bool store_fits(struct store *store, uint64_t grow, uint64_t rewrite, uint64_t *spare);
/* What a commit that failed for want of room has not stored: fn is called with the inode of each
 * piece of data, or of each new name, on the store's thread. */
int store_unstored(struct store *store, bool names, void (*fn)(void *arg, uint64_t ino), void *arg);

/* --- whole images, none of them open --- */

/*
 * Verifies an image: the checksums of its pages and data, SQLite's own check, then that every name
 * leads to an inode, every inode has the links it counts and can be reached from the root, and data
 * lies inside regular files. Changes nothing. Returns the number of faults, or a negative errno
 * with a sentence in message.
 */
int store_check(const char *path, const struct store_watch *watch, char *message, size_t size);
/* A compact copy of an image, in the present format, as one file at a path where nothing is. What
 * is damaged is not copied: with a watch each loss is reported and the rest is copied, else
 * -L_EUCLEAN. Returns the number of losses, or a negative errno with a sentence in message. */
int store_copy(const char *path, const char *to, const struct store_watch *watch, char *message,
               size_t size);
/*
 * Makes a damaged image usable again: all that can be read of it, and nothing else, takes its
 * place; the damaged one is kept as PATH-damaged. Killed at any point, the image is as it was or
 * whole, or this completes it when it is called again. Each loss is reported. Returns the number of
 * losses, or a negative errno with a sentence in message; the image is as it was then.
 */
int store_repair(const char *path, const struct store_watch *watch, char *message, size_t size);

#endif
