/*
 * The files of an image as SQLite sees them. For store*.c only.
 *
 * Each page of the image ends in STORE_PAGE_TAIL bytes that SQLite leaves alone: the CRC-32C of the
 * page's number and the rest of it, written with the page and verified each time the page is read
 * from the image. A page that does not verify gives MEDIA_DAMAGED. Pages of zeros pass: a page
 * that was freed before it was ever written is one, and what else would use it verifies itself
 * (store_seal.h). A page that the host cannot read is damaged as well. Images of format 2 have no
 * such tail; their header says so.
 *
 * A log has MEDIA_LOG_KEPT bytes of the disk as long as it is there, so that
 * changes that take no more room, like removing files, can be made on a full disk. While there is
 * no log the image has so much behind its last page, and gives it away when a log finds no room.
 *
 * MEDIA_MEMORY keeps everything that is written in memory, in front of files that are only read.
 */
#ifndef RUNTIME_FS_STORE_STORE_MEDIA_H
#define RUNTIME_FS_STORE_STORE_MEDIA_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#define STORE_PAGE_SIZE 8192
#define STORE_PAGE_TAIL 4
#define MEDIA_LOG_KEPT  (4 << 20)
/* A code that SQLite has no use for: after SQLITE_CORRUPT it would write nothing more in the
 * transaction, after an error of reading it would roll it back. */
#define MEDIA_DAMAGED SQLITE_FORMAT

enum media { MEDIA_DISK, MEDIA_MEMORY };

/* The name of the VFS to open a connection with; NULL: no memory. */
const char *media_vfs(enum media media);

/* The following take a connection that was opened with it. */

/* Whether pages have checksums. */
bool media_is_checked(sqlite3 *handle);
/* Whether the first page was damaged when the file was opened, and it is an image all the same, as
 * others of its pages verify. With MEDIA_MEMORY a new one stands for it, with no free pages. */
bool media_first_is_damaged(sqlite3 *handle);
/* Verifies one page, counted from 1, as it lies in the image: SQLITE_OK, MEDIA_DAMAGED, or what
 * reading gave. */
int media_verify(sqlite3 *handle, uint64_t page);
/* The page found damaged last, or of zeros where none has been, since it was last asked; 0: none.
 */
uint64_t media_damaged_page(sqlite3 *handle);
/* Reads a page, verified; writes one, with its checksum, behind SQLite's back. */
int media_read_page(sqlite3 *handle, uint64_t page, uint8_t *data);
int media_write_page(sqlite3 *handle, uint64_t page, const uint8_t *data);
/* Gives the room of the log, which holds nothing any more, to the image: right before a connection
 * is closed. */
void media_keep_room(sqlite3 *handle);
/* The two files of a connection, to be asked from any thread while it is open. */
struct media_file *media_of(sqlite3 *handle);
/* The image and its log may not take more than so many bytes together from now on. */
void media_limit(struct media_file *media, uint64_t bytes);
struct media_usage {
    uint64_t image, log; /* bytes of the two files */
    uint64_t room;       /* bytes by which they may grow; UINT64_MAX: only the disk knows */
};
void media_usage(struct media_file *media, struct media_usage *out);

/* store_first.c: the first page of a new image, without a checksum. A result of SQLite. */
int media_first_page(uint8_t *page);

#endif
