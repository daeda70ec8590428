/* The files of an image as SQLite sees them: checksums, the limit, the log's room. */
#include "runtime/fs/store/store_media.h"

#include "runtime/fs/store/crc32c.h"
#include "runtime/fs/store/store_shadow.h"
#include "runtime/host/lock.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE    100
#define EVIDENCE_MOST  64 /* pages that are looked at to know an image */
#define LOG_HEADER     32
#define LOG_PIECE      (64 << 10)
#define HEADER_CHANGES 24
#define HEADER_PAGES   28 /* valid when the two numbers beside are the same */
#define HEADER_COUNTED 92
#define HEADER_TAIL    20 /* where the header says how many bytes of a page SQLite leaves alone */

struct media_file {
    sqlite3_file base;
    struct media_file *image; /* of a log: the image it belongs to; of an image: itself; or NULL */
    struct media_file *log;   /* of an image, while it is open */
    struct shadow *shadow;    /* with MEDIA_MEMORY */
    bool is_image, checked, has_real, locked;
    bool first_damaged;
    _Atomic uint64_t size;
    _Atomic uint64_t limit, log_size; /* of an image */
    uint64_t damaged, empty;          /* pages, the last that did not verify, or had only zeros */
    uint8_t page[STORE_PAGE_SIZE];
    sqlite3_file real[]; /* as large as the host's VFS wants it */
};

static struct media_file *file_of(sqlite3_file *file)
{
    return (struct media_file *)file;
}

static bool is_log(const struct media_file *file)
{
    return file->image && !file->is_image && !file->shadow;
}

static sqlite3_vfs *real_vfs(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

/* --- pages --- */

static uint32_t sum_of(const uint8_t *page, uint64_t number)
{
    return crc32c(crc32c(0, &number, sizeof(number)), page, STORE_PAGE_SIZE - STORE_PAGE_TAIL);
}

static bool is_page(const struct media_file *file, int amount, sqlite3_int64 offset)
{
    return file->is_image && amount == STORE_PAGE_SIZE && offset % STORE_PAGE_SIZE == 0;
}

static bool all_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, STORE_PAGE_SIZE - 1) == 0;
}

static bool holds(const uint8_t *page, uint64_t number)
{
    uint32_t sum;
    memcpy(&sum, page + STORE_PAGE_SIZE - STORE_PAGE_TAIL, sizeof(sum));
    return sum == sum_of(page, number);
}

static int verify(struct media_file *file, const uint8_t *page, sqlite3_int64 offset)
{
    uint64_t number = (uint64_t)offset / STORE_PAGE_SIZE;
    if (holds(page, number))
        return SQLITE_OK;
    if (all_zero(page)) {
        file->empty = number + 1;
        return SQLITE_OK;
    }
    file->damaged = number + 1;
    return MEDIA_DAMAGED;
}

/* --- what SQLite calls --- */

static int media_close(sqlite3_file *handle)
{
    struct media_file *file = file_of(handle);
    if (is_log(file) && file->image->log == file)
        file->image->log = NULL;
    shadow_free(file->shadow);
    return file->has_real ? file->real->pMethods->xClose(file->real) : SQLITE_OK;
}

static int read_any(struct media_file *file, void *data, int amount, sqlite3_int64 offset)
{
    if (file->shadow)
        return shadow_read(file->shadow, data, amount, offset);
    return file->real->pMethods->xRead(file->real, data, amount, offset);
}

static int media_read(sqlite3_file *handle, void *data, int amount, sqlite3_int64 offset)
{
    struct media_file *file = file_of(handle);
    int result = read_any(file, data, amount, offset);
    if (result == SQLITE_IOERR_READ && is_page(file, amount, offset)) {
        file->damaged = (uint64_t)offset / STORE_PAGE_SIZE + 1;
        return MEDIA_DAMAGED;
    }
    if (!file->checked || result != SQLITE_OK)
        return result;
    if (is_page(file, amount, offset))
        return verify(file, data, offset);
    /* Only the header is read otherwise: a page of another size is a damaged header's. */
    return amount > HEADER_SIZE ? MEDIA_DAMAGED : SQLITE_OK;
}

/* Whether the file may be that large. */
static int may_grow(struct media_file *file, uint64_t size)
{
    struct media_file *image = file->image;
    if (size > file->size && image) {
        uint64_t others = file->is_image ? image->log_size : image->size;
        if (size + others > image->limit)
            return SQLITE_FULL;
    }
    return SQLITE_OK;
}

static void set_size(struct media_file *file, uint64_t size)
{
    file->size = size;
    if (file->image && !file->is_image)
        file->image->log_size = size;
}

/* Writes zeros up to a size, or as far as there is room. By writing: a host may count a file that
 * was only made longer as one with a hole. */
static void write_zeros(struct media_file *file, uint64_t end)
{
    static const uint8_t zeros[LOG_PIECE];
    const sqlite3_io_methods *real = file->real->pMethods;
    while (file->size < end) {
        uint64_t part = LOG_PIECE - file->size % LOG_PIECE;
        if (part > end - file->size)
            part = end - file->size;
        if (may_grow(file, file->size + part) != SQLITE_OK ||
            real->xWrite(file->real, zeros, (int)part, (sqlite3_int64)file->size) != SQLITE_OK)
            return;
        set_size(file, file->size + part);
    }
}

static void cut_to(struct media_file *file, uint64_t size)
{
    if (size < file->size &&
        file->real->pMethods->xTruncate(file->real, (sqlite3_int64)size) == SQLITE_OK)
        set_size(file, size);
}

/* How many pages the header says there are. */
static uint64_t pages_of(const uint8_t *header)
{
    const uint8_t *at = header + HEADER_PAGES;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Where the pages of an image end that has no log; 0 when it does not say. */
static uint64_t end_of_pages(struct media_file *image)
{
    uint8_t header[HEADER_SIZE];
    if (!image->checked || read_any(image, header, sizeof(header), 0) != SQLITE_OK ||
        memcmp(header + HEADER_CHANGES, header + HEADER_COUNTED, 4) != 0)
        return 0;
    return pages_of(header) * STORE_PAGE_SIZE;
}

/* Takes the room that a log keeps, or as much as there is. */
static void allocate_log(struct media_file *file)
{
    bool is_new = file->size == 0;
    write_zeros(file, MEDIA_LOG_KEPT);
    if (file->size == MEDIA_LOG_KEPT || !is_new)
        return;
    uint64_t end = end_of_pages(file->image);
    if (end)
        cut_to(file->image, end);
    write_zeros(file, MEDIA_LOG_KEPT);
}

/* A log of no bytes is one whose header says nothing. */
static int clear_log(struct media_file *file)
{
    static const uint8_t nothing[LOG_HEADER];
    const sqlite3_io_methods *real = file->real->pMethods;
    int result = real->xWrite(file->real, nothing, sizeof(nothing), 0);
    if (result == SQLITE_OK && file->size > MEDIA_LOG_KEPT) {
        /* One that the host does not shorten is longer than it need be, no more. */
        if (real->xTruncate(file->real, MEDIA_LOG_KEPT) == SQLITE_OK)
            set_size(file, MEDIA_LOG_KEPT);
    }
    return result;
}

static int media_write(sqlite3_file *handle, const void *data, int amount, sqlite3_int64 offset)
{
    struct media_file *file = file_of(handle);
    uint64_t end = (uint64_t)offset + (uint64_t)amount;
    int result = may_grow(file, end);
    if (result != SQLITE_OK)
        return result;
    if (file->checked && is_page(file, amount, offset)) {
        memcpy(file->page, data, STORE_PAGE_SIZE);
        uint32_t sum = sum_of(data, (uint64_t)offset / STORE_PAGE_SIZE);
        memcpy(file->page + STORE_PAGE_SIZE - STORE_PAGE_TAIL, &sum, sizeof(sum));
        data = file->page;
    }
    if (file->shadow)
        result = shadow_write(file->shadow, data, amount, offset);
    else
        result = file->real->pMethods->xWrite(file->real, data, amount, offset);
    if (result == SQLITE_OK && end > file->size)
        set_size(file, end);
    return result;
}

static int media_truncate(sqlite3_file *handle, sqlite3_int64 size)
{
    struct media_file *file = file_of(handle);
    if ((uint64_t)size == file->size) /* which a full disk may still refuse */
        return SQLITE_OK;
    int result = may_grow(file, (uint64_t)size);
    if (result != SQLITE_OK)
        return result;
    if (is_log(file) && size == 0 && file->size > 0)
        return clear_log(file);
    if (file->shadow)
        shadow_truncate(file->shadow, size);
    else
        result = file->real->pMethods->xTruncate(file->real, size);
    if (result == SQLITE_OK)
        set_size(file, (uint64_t)size);
    return result;
}

static int media_sync(sqlite3_file *handle, int flags)
{
    struct media_file *file = file_of(handle);
    return file->shadow ? SQLITE_OK : file->real->pMethods->xSync(file->real, flags);
}

static int media_size(sqlite3_file *handle, sqlite3_int64 *out)
{
    struct media_file *file = file_of(handle);
    if (!file->shadow)
        return file->real->pMethods->xFileSize(file->real, out);
    *out = shadow_size(file->shadow);
    return SQLITE_OK;
}

/* A file that is only read gets a reader's lock, which keeps writers out, and no other. */
static int media_lock(sqlite3_file *handle, int lock)
{
    struct media_file *file = file_of(handle);
    if (!file->shadow)
        return file->real->pMethods->xLock(file->real, lock);
    if (!file->has_real || file->locked)
        return SQLITE_OK;
    int result = file->real->pMethods->xLock(file->real, SQLITE_LOCK_SHARED);
    file->locked = result == SQLITE_OK;
    return result;
}

static int media_unlock(sqlite3_file *handle, int lock)
{
    struct media_file *file = file_of(handle);
    if (!file->shadow)
        return file->real->pMethods->xUnlock(file->real, lock);
    if (!file->locked || lock > SQLITE_LOCK_NONE)
        return SQLITE_OK;
    file->locked = false;
    return file->real->pMethods->xUnlock(file->real, SQLITE_LOCK_NONE);
}

static int media_check_lock(sqlite3_file *handle, int *out)
{
    struct media_file *file = file_of(handle);
    *out = 0;
    return file->shadow ? SQLITE_OK : file->real->pMethods->xCheckReservedLock(file->real, out);
}

static int media_control(sqlite3_file *handle, int op, void *arg)
{
    struct media_file *file = file_of(handle);
    return file->shadow ? SQLITE_NOTFOUND : file->real->pMethods->xFileControl(file->real, op, arg);
}

static int media_sector(sqlite3_file *handle)
{
    struct media_file *file = file_of(handle);
    return file->shadow ? 4096 : file->real->pMethods->xSectorSize(file->real);
}

static int media_traits(sqlite3_file *handle)
{
    struct media_file *file = file_of(handle);
    return file->shadow ? 0 : file->real->pMethods->xDeviceCharacteristics(file->real);
}

/* Without shared memory: the connection is exclusive and keeps the log's index to itself. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = media_close,
    .xRead = media_read,
    .xWrite = media_write,
    .xTruncate = media_truncate,
    .xSync = media_sync,
    .xFileSize = media_size,
    .xLock = media_lock,
    .xUnlock = media_unlock,
    .xCheckReservedLock = media_check_lock,
    .xFileControl = media_control,
    .xSectorSize = media_sector,
    .xDeviceCharacteristics = media_traits,
};

/* Whether one of the pages behind the first one is an image's. */
static bool has_good_page(struct media_file *file)
{
    for (uint64_t number = 1; number < EVIDENCE_MOST; number++) {
        sqlite3_int64 offset = (sqlite3_int64)number * STORE_PAGE_SIZE;
        if ((uint64_t)offset + STORE_PAGE_SIZE > file->size)
            return false;
        if (read_any(file, file->page, STORE_PAGE_SIZE, offset) == SQLITE_OK &&
            !all_zero(file->page) && holds(file->page, number))
            return true;
    }
    return false;
}

/* The last page that is not only zeros, counted from 1. */
static uint64_t last_page(struct media_file *file)
{
    uint64_t count = (file->size + STORE_PAGE_SIZE - 1) / STORE_PAGE_SIZE;
    while (count > 1) {
        sqlite3_int64 offset = (sqlite3_int64)(count - 1) * STORE_PAGE_SIZE;
        int result = read_any(file, file->page, STORE_PAGE_SIZE, offset);
        if (result != SQLITE_OK || !all_zero(file->page))
            break;
        count--;
    }
    return count;
}

static void number_to(uint8_t *at, uint64_t number)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(number >> (24 - 8 * i));
}

/* Puts a new first page before what is read. */
static int replace_first(struct media_file *file)
{
    uint64_t count = last_page(file);
    int result = media_first_page(file->page);
    if (result != SQLITE_OK)
        return result;
    number_to(file->page + HEADER_PAGES, count);
    number_to(file->page + HEADER_CHANGES, 1);
    number_to(file->page + HEADER_COUNTED, 1);
    uint32_t sum = sum_of(file->page, 0);
    memcpy(file->page + STORE_PAGE_SIZE - STORE_PAGE_TAIL, &sum, sizeof(sum));
    return shadow_write(file->shadow, file->page, STORE_PAGE_SIZE, 0);
}

/* What is to be known of a file that has just been opened. */
static int look_at(struct media_file *file)
{
    sqlite3_int64 size = 0;
    int result = media_size(&file->base, &size);
    if (result != SQLITE_OK)
        return result;
    set_size(file, (uint64_t)size);
    if (!file->is_image)
        return SQLITE_OK;
    if (size < HEADER_SIZE) {
        file->checked = size == 0;
        return SQLITE_OK;
    }
    result = read_any(file, file->page, STORE_PAGE_SIZE, 0);
    bool read = result == SQLITE_OK;
    bool said =
        (read || result == SQLITE_IOERR_SHORT_READ) && file->page[HEADER_TAIL] == STORE_PAGE_TAIL;
    uint64_t pages = pages_of(file->page);
    if (!read || !said || !holds(file->page, 0))
        file->first_damaged = has_good_page(file);
    file->checked = said || file->first_damaged;
    if (file->first_damaged)
        return file->shadow ? replace_first(file) : SQLITE_OK;
    if (result == SQLITE_IOERR_SHORT_READ)
        result = SQLITE_OK;
    /* Of a file that was cut off the rest can be read; SQLite would refuse it as a whole. */
    if (file->shadow && file->checked) {
        shadow_extend(file->shadow, (sqlite3_int64)pages * STORE_PAGE_SIZE);
        set_size(file, (uint64_t)shadow_size(file->shadow));
    }
    return result;
}

static int open_real(sqlite3_vfs *real, const char *name, struct media_file *file, int flags,
                     int *out_flags)
{
    int result = real->xOpen(real, name, file->real, flags, out_flags);
    file->has_real = file->real->pMethods != NULL;
    return result;
}

/* The file itself is only read; one that is not there is an empty one. */
static int open_in_memory(sqlite3_vfs *real, const char *name, struct media_file *file, int flags)
{
    int kind = flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE |
                         SQLITE_OPEN_DELETEONCLOSE);
    int there = 0, result = SQLITE_OK, unused;
    if (name)
        real->xAccess(real, name, SQLITE_ACCESS_EXISTS, &there);
    if (there)
        result = open_real(real, name, file, kind | SQLITE_OPEN_READONLY, &unused);
    else if (!(flags & SQLITE_OPEN_CREATE))
        result = SQLITE_CANTOPEN;
    if (result != SQLITE_OK)
        return result;
    file->shadow = shadow_new(file->has_real ? file->real : NULL);
    return file->shadow ? SQLITE_OK : SQLITE_NOMEM;
}

static int delete_nothing(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    (void)name;
    (void)sync_folder;
    return SQLITE_OK;
}

static int media_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *handle, int flags,
                      int *out_flags)
{
    struct media_file *file = file_of(handle);
    bool in_memory = vfs->xDelete == delete_nothing;
    memset(file, 0, sizeof(*file));
    file->is_image = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    file->limit = UINT64_MAX;
    if (file->is_image)
        file->image = file;
    else if (flags & SQLITE_OPEN_WAL)
        file->image = file_of(sqlite3_database_file_object(name));
    int result = in_memory ? open_in_memory(real_vfs(vfs), name, file, flags)
                           : open_real(real_vfs(vfs), name, file, flags, out_flags);
    if (in_memory && out_flags)
        *out_flags = flags;
    if (result == SQLITE_OK)
        result = look_at(file);
    if (result != SQLITE_OK) {
        media_close(handle);
        return result;
    }
    if (is_log(file))
        file->image->log = file;
    if (is_log(file) && file->size < MEDIA_LOG_KEPT)
        allocate_log(file);
    file->base.pMethods = &methods;
    return SQLITE_OK;
}

static int media_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    return real_vfs(vfs)->xDelete(real_vfs(vfs), name, sync_folder);
}

static int media_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    return real_vfs(vfs)->xAccess(real_vfs(vfs), name, flags, out);
}

static int media_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    return real_vfs(vfs)->xFullPathname(real_vfs(vfs), name, size, out);
}

static int media_randomness(sqlite3_vfs *vfs, int size, char *out)
{
    return real_vfs(vfs)->xRandomness(real_vfs(vfs), size, out);
}

static int media_sleep(sqlite3_vfs *vfs, int microseconds)
{
    return real_vfs(vfs)->xSleep(real_vfs(vfs), microseconds);
}

static int media_time(sqlite3_vfs *vfs, double *out)
{
    return real_vfs(vfs)->xCurrentTime(real_vfs(vfs), out);
}

static int media_last_error(sqlite3_vfs *vfs, int size, char *out)
{
    return real_vfs(vfs)->xGetLastError(real_vfs(vfs), size, out);
}

/* --- registering --- */

static sqlite3_vfs on_disk = {
    .iVersion = 1,
    .zName = "foreland",
    .xOpen = media_open,
    .xDelete = media_delete,
    .xAccess = media_access,
    .xFullPathname = media_full_path,
    .xRandomness = media_randomness,
    .xSleep = media_sleep,
    .xCurrentTime = media_time,
    .xGetLastError = media_last_error,
};
static sqlite3_vfs in_memory;

const char *media_vfs(enum media media)
{
    static struct host_mutex lock = HOST_MUTEX_INIT(RANK_STORE_MEDIA);
    host_mutex_lock(&lock);
    sqlite3_vfs *real = on_disk.pAppData ? on_disk.pAppData : sqlite3_vfs_find(NULL);
    if (real && !on_disk.pAppData) {
        on_disk.szOsFile = (int)sizeof(struct media_file) + real->szOsFile;
        on_disk.mxPathname = real->mxPathname;
        on_disk.pAppData = real;

        in_memory = on_disk;
        in_memory.zName = "foreland-memory";
        in_memory.xDelete = delete_nothing;
        sqlite3_vfs_register(&on_disk, 0);
        sqlite3_vfs_register(&in_memory, 0);
    }
    host_mutex_unlock(&lock);
    if (!real)
        return NULL;
    return media == MEDIA_MEMORY ? in_memory.zName : on_disk.zName;
}

/* --- asking --- */

static struct media_file *image_of(sqlite3 *handle)
{
    sqlite3_file *file = NULL;
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    return file_of(file);
}

bool media_first_is_damaged(sqlite3 *handle)
{
    struct media_file *image = image_of(handle);
    return image && image->first_damaged;
}

bool media_is_checked(sqlite3 *handle)
{
    return image_of(handle)->checked;
}

int media_verify(sqlite3 *handle, uint64_t page)
{
    return media_read_page(handle, page, image_of(handle)->page);
}

uint64_t media_damaged_page(sqlite3 *handle)
{
    struct media_file *file = image_of(handle);
    uint64_t page = file->damaged ? file->damaged : file->empty;
    file->damaged = file->empty = 0;
    return page;
}

int media_read_page(sqlite3 *handle, uint64_t page, uint8_t *data)
{
    return media_read(&image_of(handle)->base, data, STORE_PAGE_SIZE,
                      (sqlite3_int64)(page - 1) * STORE_PAGE_SIZE);
}

int media_write_page(sqlite3 *handle, uint64_t page, const uint8_t *data)
{
    return media_write(&image_of(handle)->base, data, STORE_PAGE_SIZE,
                       (sqlite3_int64)(page - 1) * STORE_PAGE_SIZE);
}

struct media_file *media_of(sqlite3 *handle)
{
    return image_of(handle);
}

void media_keep_room(sqlite3 *handle)
{
    struct media_file *image = image_of(handle);
    uint64_t end = end_of_pages(image);
    if (image->shadow || !image->log || !end || end > image->size)
        return;
    cut_to(image->log, 0);
    cut_to(image, end + MEDIA_LOG_KEPT);
    write_zeros(image, end + MEDIA_LOG_KEPT);
}

void media_limit(struct media_file *media, uint64_t bytes)
{
    media->limit = bytes;
}

void media_usage(struct media_file *media, struct media_usage *out)
{
    out->image = media->size;
    out->log = media->log_size;
    uint64_t limit = media->limit, used = out->image + out->log;
    out->room = limit == UINT64_MAX ? UINT64_MAX : limit > used ? limit - used : 0;
}
