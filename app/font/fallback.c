/* Lists the system's fonts on a thread of its own, and answers which has a character. */
#include "app/font/fallback.h"

#include <ft2build.h>
#include <stdlib.h>
#include <string.h>
#include FT_FREETYPE_H

#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"

/* How long the UI thread waits for an answer before it goes on without. */
#define PATIENCE_NS 20000000

struct strbuf {
    uint32_t first;
    uint32_t bits[8];
};

struct fallback {
    struct host_font font;
    struct strbuf *pages; /* ascending */
    int page_count;
    struct fallback *next;
};

/* Fonts are only ever added, so that one that was found stays valid without the lock. */
static struct {
    struct host_mutex lock;
    struct host_cond changed_cond;
    struct fallback *first, **end;
    bool started, complete, was_pending;
    uint64_t patience_end; /* of the first wait, 0 before it */
    void (*ready)(void *arg);
    void *ready_arg;
} list = {.lock = HOST_MUTEX_INIT(RANK_FALLBACK)};

static void add_page(void *arg, uint32_t first, const uint32_t bits[8])
{
    struct fallback *f = arg;
    if (f->page_count % 16 == 0) {
        struct strbuf *more = realloc(f->pages, sizeof(*more) * (size_t)(f->page_count + 16));
        if (!more)
            return;
        f->pages = more;
    }
    f->pages[f->page_count].first = first;
    memcpy(f->pages[f->page_count++].bits, bits, sizeof(f->pages->bits));
}

/* Pages from the font itself. */
static bool read_pages(FT_Library library, struct fallback *f)
{
    FT_Face face;
    size_t size;
    const unsigned char *data = library ? host_font_load(f->font.path, &size) : NULL;
    if (!data)
        return false;
    if (FT_New_Memory_Face(library, data, (FT_Long)size, f->font.index, &face)) {
        host_font_unload(data, size);
        return false;
    }
    FT_UInt glyph;
    struct strbuf page = {.first = UINT32_MAX};
    for (FT_ULong c = FT_Get_First_Char(face, &glyph); glyph;
         c = FT_Get_Next_Char(face, c, &glyph)) {
        if (page.first != (c & ~255u)) {
            if (page.first != UINT32_MAX)
                add_page(f, page.first, page.bits);
            page = (struct strbuf){.first = (uint32_t)c & ~255u};
        }
        page.bits[c >> 5 & 7] |= 1u << (c & 31);
    }
    if (page.first != UINT32_MAX)
        add_page(f, page.first, page.bits);
    f->font.color = FT_HAS_COLOR(face);
    bool usable = FT_IS_SCALABLE(face) || f->font.color;
    FT_Done_Face(face);
    host_font_unload(data, size);
    return usable;
}

/* Only this thread adds, so that it may look without the lock. */
static bool listed(const struct host_font *font)
{
    for (const struct fallback *f = list.first; f; f = f->next)
        if (f->font.index == font->index && !strcmp(f->font.path, font->path))
            return true;
    return false;
}

static void fallback_add(void *arg, const struct host_font *font, host_font_pages pages,
                         const void *host)
{
    struct fallback *f = listed(font) ? NULL : calloc(1, sizeof(*f));
    if (!f)
        return;
    f->font = *font;
    if (!(pages && pages(host, add_page, f)) && !read_pages(arg, f)) {
        free(f->pages);
        free(f);
        return;
    }
    host_mutex_lock(&list.lock);
    *list.end = f;
    list.end = &f->next;
    host_cond_signal(&list.changed_cond);
    host_mutex_unlock(&list.lock);
}

static void make_list(void *unused)
{
    FT_Library library = NULL;
    (void)unused;
    if (FT_Init_FreeType(&library))
        library = NULL;
    host_fonts_each(fallback_add, library);
    if (library)
        FT_Done_FreeType(library);
    host_mutex_lock(&list.lock);
    list.complete = true;
    void (*ready)(void *) = list.was_pending ? list.ready : NULL;
    void *arg = list.ready_arg;
    host_cond_broadcast(&list.changed_cond);
    if (ready)
        ready(arg);
    host_mutex_unlock(&list.lock);
}

/* With the lock. */
static void start_listing(void)
{
    if (list.started)
        return;
    list.started = true;
    list.end = &list.first;
    list.patience_end = host_clock_monotonic_ns() + PATIENCE_NS;
    if (host_thread_start(make_list, NULL))
        list.complete = true;
}

static bool has(const struct fallback *f, uint32_t code)
{
    int low = 0, high = f->page_count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (f->pages[middle].first <= (code & ~255u))
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && f->pages[low - 1].first == (code & ~255u) &&
           (f->pages[low - 1].bits[code >> 5 & 7] >> (code & 31) & 1);
}

static bool look_at_font(uint32_t code, bool color, int *at)
{
    int number = 0;
    for (const struct fallback *f = list.first; f; f = f->next, number++)
        if (number >= *at && f->font.color == color && has(f, code)) {
            *at = number;
            return true;
        }
    return false;
}

enum fallback_answer fallback_find(uint32_t code, bool color, int *at)
{
    host_mutex_lock(&list.lock);
    start_listing();
    bool found = look_at_font(code, color, at);
    while (!found && !list.complete && host_clock_monotonic_ns() < list.patience_end) {
        host_cond_wait(&list.changed_cond, &list.lock, list.patience_end);
        found = look_at_font(code, color, at);
    }
    /* The last fonts may have come between the look and the end. */
    if (!found && list.complete)
        found = look_at_font(code, color, at);
    if (!found && !list.complete)
        list.was_pending = true;
    enum fallback_answer answer = found           ? FALLBACK_FOUND
                                  : list.complete ? FALLBACK_NONE
                                                  : FALLBACK_PENDING;
    host_mutex_unlock(&list.lock);
    return answer;
}

const struct host_font *fallback_font(int at)
{
    host_mutex_lock(&list.lock);
    const struct fallback *f = list.first;
    while (f && at-- > 0)
        f = f->next;
    host_mutex_unlock(&list.lock);
    return f ? &f->font : NULL;
}

void fallback_wait(void)
{
    host_mutex_lock(&list.lock);
    start_listing();
    while (!list.complete)
        host_cond_wait(&list.changed_cond, &list.lock, HOST_FOREVER);
    host_mutex_unlock(&list.lock);
}

void fallback_notify(void (*ready)(void *arg), void *arg)
{
    host_mutex_lock(&list.lock);
    list.ready = ready;
    list.ready_arg = arg;
    host_mutex_unlock(&list.lock);
}
