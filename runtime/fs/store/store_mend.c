/*
 * Pages that hold nothing but data of files are most of an image. When one is damaged its data is
 * lost, but what it belongs to has still to be removed or written anew, and SQLite follows the
 * chain of overflow pages to do so. The pointer map (SQLite's file format, section 1.8) says what
 * each page is and where it hangs, so the chain can be made whole: the page gets its successor and
 * zeros. What is read from it then does not verify (store_seal.h).
 *
 * The page is written in place. The log is folded in before, so that the map in the image is the
 * newest; a crash meanwhile leaves the page as damaged as it was.
 */
#include "runtime/abi/errno.h"
#include "runtime/fs/store/store_sql.h"
#include <string.h>

#define USABLE      (STORE_PAGE_SIZE - STORE_PAGE_TAIL)
#define ENTRY_SIZE  5
#define MAP_ENTRIES (USABLE / ENTRY_SIZE)
#define LOCK_PAGE   (0x40000000u / STORE_PAGE_SIZE + 1)

enum { OVERFLOW_FIRST = 3, OVERFLOW_NEXT = 4 };

static uint32_t number_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The page of the map that tells of a page, and of those behind it. */
static uint64_t map_of(uint64_t page)
{
    uint64_t map = (page - 2) / (MAP_ENTRIES + 1) * (MAP_ENTRIES + 1) + 2;
    return map == LOCK_PAGE ? map + 1 : map;
}

bool store_db_can_mend(struct store_db *db, uint64_t *page)
{
    uint8_t map[STORE_PAGE_SIZE];
    *page = media_damaged_page(db->handle);
    if (!db->sealed || db->no_mending || *page < 3 || *page == db->mended)
        return false;
    uint64_t at = map_of(*page);
    if (*page <= at || media_read_page(db->handle, at, map) != SQLITE_OK)
        return false;
    uint8_t kind = map[(*page - at - 1) * ENTRY_SIZE];
    return kind == OVERFLOW_FIRST || kind == OVERFLOW_NEXT;
}

/* The page that says of itself that it comes behind another one; 0: none. */
static int successor(struct store_db *db, uint64_t page, uint64_t *out)
{
    uint8_t map[STORE_PAGE_SIZE];
    struct media_usage usage;
    media_usage(media_of(db->handle), &usage);
    uint64_t count = usage.image / STORE_PAGE_SIZE;
    *out = 0;
    for (uint64_t first = 2; first <= count; first += MAP_ENTRIES + 1) {
        uint64_t at = map_of(first);
        if (media_read_page(db->handle, at, map) != SQLITE_OK)
            return -L_EUCLEAN;
        for (uint64_t i = 0; i < MAP_ENTRIES && at + i + 1 <= count; i++) {
            const uint8_t *entry = map + i * ENTRY_SIZE;
            if (entry[0] != OVERFLOW_NEXT || number_at(entry + 1) != page)
                continue;
            if (*out)
                return -L_EUCLEAN;
            *out = at + i + 1;
        }
    }
    return 0;
}

static int mend(struct store_db *db, uint64_t page)
{
    uint8_t data[STORE_PAGE_SIZE] = {0};
    uint64_t next;
    int in_log = -1, done = 0;
    if (sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &done) !=
            SQLITE_OK ||
        in_log != done)
        return -L_EUCLEAN;
    db->wal_pages = 0;
    int error = successor(db, page, &next);
    if (error)
        return error;
    for (int i = 0; i < 4; i++)
        data[i] = (uint8_t)(next >> (24 - 8 * i));
    return store_errno(media_write_page(db->handle, page, data));
}

int store_db_mend(struct store_db *db, uint64_t page)
{
    int error = mend(db, page);
    db->mended = page;
    db->no_mending = error != 0;
    return error;
}
