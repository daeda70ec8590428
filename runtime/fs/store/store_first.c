/* The first page of an image. It is the same in all of them but for how many pages there are and
 * which are free, so where it is damaged another one can stand for it while the rest is read. */
#include "runtime/fs/store/store_sql.h"
#include <stdio.h>
#include <string.h>

/* Bytes 18 and 19 of the header (SQLite's file format, section 1.3): that there may be a log. */
#define HEADER_LOG 18

static int make_tables(sqlite3 *handle)
{
    char pragmas[200];
    int tail = STORE_PAGE_TAIL;
    store_format_pragmas(pragmas, sizeof(pragmas));
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_RESERVE_BYTES, &tail);
    int result = sqlite3_exec(handle, pragmas, NULL, NULL, NULL);
    return result != SQLITE_OK ? result : sqlite3_exec(handle, store_schema, NULL, NULL, NULL);
}

int media_first_page(uint8_t *page)
{
    sqlite3 *handle;
    sqlite3_int64 size = 0;
    int result =
        sqlite3_open_v2(":memory:", &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK)
        result = make_tables(handle);
    uint8_t *image = result == SQLITE_OK ? sqlite3_serialize(handle, "main", &size, 0) : NULL;
    if (image && size >= STORE_PAGE_SIZE) {
        memcpy(page, image, STORE_PAGE_SIZE);
        page[HEADER_LOG] = page[HEADER_LOG + 1] = 2;
    } else if (result == SQLITE_OK) {
        result = SQLITE_NOMEM;
    }
    sqlite3_free(image);
    sqlite3_close(handle);
    return result;
}
