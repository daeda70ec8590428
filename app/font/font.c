/* The cache of pictures of clusters: which face draws one, how it is fitted into its cells. */
#include "app/font/font.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/font/combining.h"
#include "app/font/emoji.h"
#include "app/font/face.h"
#include "app/font/faces.h"
#include "app/font/fallback.h"

/* What the cache may hold before it begins anew. */
#define CACHE_BYTES_MAX (16 << 20)
#define CACHE_USED_MAX  (1 << 15)

/* Fonts of the system that are tried for one cluster. */
#define TRIES_MAX 8

/* A cluster may be this much wider than its cells. */
#define TOO_WIDE        1.05
#define SMALLEST        0.5
#define SMALLEST_LETTER 0.8
#define CLUSTER_MAX     32

/* ASCII that reaches further from the baseline, in ems, is no letter any more. */
#define REACH_MAX 2

struct entry {
    uint64_t hash; /* 0: free */
    uint32_t code; /* of a cluster of one */
    uint32_t *codes;
    uint8_t n, style, cells;
    uint8_t answer;
    struct glyph glyph;
};

struct font {
    struct font_request request; /* with strings of its own */
    struct font *doubled;        /* NULL until it is asked for */
    struct faces *faces;
    double pixels;
    bool alone;
    struct font_metrics metrics;
    int shift;             /* of the own shapes in cells that are wider than theirs */
    struct entry *entries; /* open addressing */
    size_t capacity, used, bytes;
};

/* One cluster on its way to become a picture. */
struct work {
    struct font *font;
    const uint32_t *codes;
    size_t n;
    unsigned style;
    struct glyph_room room;
    int most;    /* how wide it may be, beginning in the room */
    bool partly; /* a face that lacks some of the marks will do */
    struct glyph *out;
};

static int percent(int value, int share)
{
    int result = share > 0 ? (value * share + 50) / 100 : value;
    return result > 0 ? result : 1;
}

/* Lines under, through and over the text: whole pixels, inside the cell at every size. */
static void measure_lines(struct font *f)
{
    struct font_metrics *out = &f->metrics;
    out->line = (int)lround(f->pixels / 14.0);
    if (out->line < 1)
        out->line = 1;
    out->underline = out->baseline + out->line;
    if (out->underline + out->line > out->cell_height)
        out->underline = out->cell_height - out->line;
    out->strike = out->baseline - (int)lround(f->pixels * 0.28);
    if (out->strike < 0)
        out->strike = 0;
}

/* The face of a style that has a character, or of a lesser one with the rest made up. */
static struct face *own_face(struct font *f, uint32_t code, unsigned style, unsigned *made_up)
{
    for (unsigned drop = 0; drop < FONT_STYLES; drop++) {
        struct face *face = drop & ~style ? NULL : faces_style(f->faces, style & ~drop);
        *made_up = drop;
        if (face && face_has(face, code))
            return face;
    }
    return NULL;
}

/* How far what is drawn of ASCII reaches above and below the baseline, where that is further: what
 * fonts say of themselves is rounded, and of a face rarely true for every character. */
static void ink_reach(struct font *f, int *above, int *below)
{
    int most = (int)(f->pixels * REACH_MAX), up, down;
    unsigned made_up;
    for (unsigned style = 0; style < FONT_STYLES; style++) {
        for (uint32_t code = '!'; code <= '~'; code++) {
            struct face *face = own_face(f, code, style, &made_up);
            if (!face || !FT_IS_SCALABLE(face->ft))
                continue;
            face_set_size(face, f->pixels);
            if (!glyph_reach(face, FT_Get_Char_Index(face->ft, code), made_up & FONT_BOLD,
                             made_up & FONT_ITALIC, &up, &down))
                continue;
            *above = up > *above && up <= most ? up : *above;
            *below = down > *below && down <= most ? down : *below;
        }
    }
}

static void font_measure(struct font *f, const struct font_request *request)
{
    FT_Face ft = faces_main(f->faces)->ft;
    const FT_Size_Metrics *m = &ft->size->metrics;
    struct font_metrics *out = &f->metrics;
    int above = (int)((m->ascender + 32) >> 6), below = 0;
    int width = (int)((m->max_advance + 32) >> 6), height = (int)((m->height + 63) >> 6);
    /* Shapes are not hinted across, so that neither is their distance. */
    if (!FT_Load_Char(ft, 'M', FT_LOAD_TARGET_LIGHT) && FT_IS_SCALABLE(ft))
        width = (int)lround((double)ft->glyph->linearHoriAdvance / 65536);
    else if (!FT_Load_Char(ft, 'M', FT_LOAD_DEFAULT))
        width = (int)((ft->glyph->advance.x + 32) >> 6);
    ink_reach(f, &above, &below);
    height = height > above + below ? height : above + below;
    out->cell_width = percent(width, request->cell_width);
    out->cell_height = percent(height, request->line_height);
    if (out->cell_height < 2)
        out->cell_height = 2;
    /* What a higher line adds stands above and below. */
    out->baseline = above + (out->cell_height - height) / 2;
    out->baseline = out->baseline < 1                  ? 1
                    : out->baseline > out->cell_height ? out->cell_height
                                                       : out->baseline;
    f->shift = (out->cell_width - width) / 2;
    measure_lines(f);
}

/* NULL also when out of memory, which means the default. */
static const char *request_copy(const char *text)
{
    size_t n = text ? strlen(text) + 1 : 0;
    char *result = n ? malloc(n) : NULL;
    if (result)
        memcpy(result, text, n);
    return result;
}

static void keep_request(struct font *f, const struct font_request *request)
{
    f->request = *request;
    f->request.family = request_copy(request->family);
    f->request.folder = request_copy(request->folder);
    for (int i = 0; i < FONT_STYLES; i++)
        f->request.styles[i] = request_copy(request->styles[i]);
}

struct font *font_new(const struct font_request *request)
{
    struct font *f = calloc(1, sizeof(*f));
    if (!f)
        return NULL;
    keep_request(f, request);
    f->pixels = request->pixels;
    f->alone = request->alone;
    f->capacity = 512;
    f->entries = calloc(f->capacity, sizeof(*f->entries));
    f->faces = faces_new(request);
    if (!f->entries || !f->faces) {
        font_free(f);
        return NULL;
    }
    font_measure(f, request);
    return f;
}

static void entry_clear(struct entry *e)
{
    free(e->codes);
    glyph_clear(&e->glyph);
    memset(e, 0, sizeof(*e));
}

static void cache_forget(struct font *f)
{
    for (size_t i = 0; i < f->capacity; i++)
        entry_clear(&f->entries[i]);
    f->used = f->bytes = 0;
}

void font_free(struct font *f)
{
    if (f->entries)
        cache_forget(f);
    free(f->entries);
    if (f->faces)
        faces_free(f->faces);
    if (f->doubled)
        font_free(f->doubled);
    free((void *)f->request.family);
    free((void *)f->request.folder);
    for (int i = 0; i < FONT_STYLES; i++)
        free((void *)f->request.styles[i]);
    free(f);
}

struct font *font_doubled(struct font *f)
{
    if (!f->doubled) {
        struct font_request request = f->request;
        request.pixels *= 2;
        f->doubled = font_new(&request);
    }
    if (!f->doubled)
        return f;
    /* Exactly twice, whatever is rounded. */
    struct font_metrics *m = &f->doubled->metrics;
    m->cell_width = 2 * f->metrics.cell_width;
    m->cell_height = 2 * f->metrics.cell_height;
    m->baseline = 2 * f->metrics.baseline;
    m->underline = 2 * f->metrics.underline;
    m->strike = 2 * f->metrics.strike;
    m->line = 2 * f->metrics.line;
    return f->doubled;
}

const char *font_family(const struct font *f, bool *asked)
{
    return faces_family(f->faces, asked);
}

struct font_metrics font_metrics(const struct font *f)
{
    return f->metrics;
}

static bool draw_text(struct work *w, struct face *face, const struct face_text *text,
                      unsigned made_up)
{
    glyph_clear(w->out);
    return glyph_draw(face, text, made_up & FONT_BOLD, made_up & FONT_ITALIC, w->out);
}

/* Smaller when it is larger than its room; true when it has been drawn again. */
static bool shrink_text(struct work *w, struct face *face, struct face_text *text, unsigned made_up,
                        double scale)
{
    if (scale >= 1 || !FT_IS_SCALABLE(face->ft))
        return false;
    face_set_size(face, face->pixels * (scale > SMALLEST ? scale : SMALLEST));
    face_shape(face, w->codes, w->n, text);
    return draw_text(w, face, text, made_up);
}

/* How wide what is seen is: at its edges are pixels that are covered in part. */
static double ink(const struct glyph *g)
{
    return g->width > 1 ? g->width - 1 : g->width;
}

/* Smaller when it takes more than its cells. What counts is what is seen: some fonts have a wide
 * place for a narrow shape, which then only has to be moved. */
static void narrow(struct work *w, struct face *face, struct face_text *text, unsigned made_up)
{
    double seen = ink(w->out), place = text->advance / 64.0;
    if (seen <= w->most * TOO_WIDE)
        return;
    /* A little of the space beside it stays. */
    shrink_text(w, face, text, made_up, w->most / fmin(place, seen * 9 / 8));
}

/* Smaller when it is higher than a line. Where marks tower over a letter, it is the letter that
 * has to be read, and what has no room is cut off. */
static void lower_case(struct work *w, struct face *face, struct face_text *text, unsigned made_up,
                       double scale)
{
    if (scale >= SMALLEST_LETTER || w->n == 1 || !combining_common(w->codes[w->n - 1]))
        shrink_text(w, face, text, made_up, scale);
}

/* Shapes of other fonts, and those that others would draw wider, are in the middle of their cells,
 * and no higher than a line. */
static void fit(struct work *w, struct face *face, struct face_text *text, unsigned made_up)
{
    struct glyph *g = w->out;
    if (!g->pixels)
        return;
    if (g->color) {
        glyph_fill(g, &w->room);
        return;
    }
    bool composed = face->fallback || w->n > 1;
    /* A narrow cell is the user's wish, and then the font's shapes may overlap. */
    bool wide =
        text->advance > w->room.width * 64 * TOO_WIDE && (face->fallback || w->font->shift >= 0);
    if (wide)
        narrow(w, face, text, made_up);
    if (composed && g->height > w->room.height)
        lower_case(w, face, text, made_up, (double)w->room.height / g->height);
    bool over = w->most > w->room.width && g->width > w->room.width;
    if (wide || text->advance == 0)
        g->left = over ? 0 : (w->room.width - g->width) / 2;
    else if (face->fallback || w->room.width > w->font->metrics.cell_width)
        g->left += (int)lround((w->room.width - text->advance / 64.0) / 2);
    else
        g->left += w->font->shift;
    if (composed)
        glyph_settle(g, &w->room);
}

static bool try_face(struct work *w, struct face *face, unsigned made_up)
{
    struct face_text text;
    if (!face || !face_has(face, w->codes[0]))
        return false;
    face_set_size(face, FT_IS_SCALABLE(face->ft) ? w->font->pixels : w->room.height);
    face_shape(face, w->codes, w->n, &text);
    if (text.missing && (w->n == 1 || !w->partly))
        return false;
    if (text.missing)
        face_drop_missing(&text);
    if (!draw_text(w, face, &text, made_up))
        return false;
    fit(w, face, &text, made_up);
    return true;
}

/* The chosen fonts: of the style, or of a lesser one with the rest made up. */
static bool try_own(struct work *w)
{
    for (unsigned drop = 0; drop < FONT_STYLES; drop++) {
        if (drop & ~w->style)
            continue;
        if (try_face(w, faces_style(w->font->faces, w->style & ~drop), drop))
            return true;
    }
    for (int i = 0; i < faces_others(w->font->faces); i++)
        if (try_face(w, faces_other(w->font->faces, i), w->style))
            return true;
    return false;
}

static enum font_answer try_system(struct work *w, bool color)
{
    int at = 0;
    for (int i = 0; i < TRIES_MAX && !w->font->alone; i++, at++) {
        enum fallback_answer answer = fallback_find(w->codes[0], color, &at);
        if (answer == FALLBACK_PENDING)
            return FONT_PENDING;
        if (answer == FALLBACK_NONE)
            break;
        if (try_face(w, faces_system(w->font->faces, at), color ? 0 : w->style))
            return FONT_GLYPH;
    }
    return FONT_MISSING;
}

/* The user's own choice of pictures. */
static bool try_own_colors(struct work *w)
{
    for (int i = 0; i < faces_others(w->font->faces); i++) {
        struct face *face = faces_other(w->font->faces, i);
        if (FT_HAS_COLOR(face->ft) && try_face(w, face, 0))
            return true;
    }
    return false;
}

static enum font_answer try_all(struct work *w, bool emoji)
{
    if (emoji && try_own_colors(w))
        return FONT_GLYPH;
    enum font_answer answer = emoji ? try_system(w, true) : FONT_MISSING;
    if (answer != FONT_MISSING)
        return answer;
    if (try_own(w))
        return FONT_GLYPH;
    answer = try_system(w, false);
    return answer == FONT_MISSING && !emoji ? try_system(w, true) : answer;
}

/* Hangul in parts (as some systems keep file names) becomes whole syllables, which is what fonts
 * have. Unicode Standard, section 3.12. */
static size_t compose_hangul(uint32_t *codes, size_t n)
{
    if (n < 2 || codes[0] < 0x1100 || codes[0] > 0x1112 || codes[1] < 0x1161 || codes[1] > 0x1175)
        return n;
    uint32_t syllable = 0xac00 + ((codes[0] - 0x1100) * 21 + codes[1] - 0x1161) * 28;
    size_t taken = 2;
    if (n > 2 && codes[2] > 0x11a7 && codes[2] <= 0x11c2)
        syllable += codes[taken++] - 0x11a7;
    memmove(codes + 1, codes + taken, (n - taken) * sizeof(*codes));
    codes[0] = syllable;
    return n - taken + 1;
}

/* A selector has done its work when the presentation is known. */
static size_t drop_selector(uint32_t *codes, size_t n)
{
    return n == 2 && (codes[1] == EMOJI_TEXT_SELECTOR || codes[1] == EMOJI_PICTURE_SELECTOR) ? 1
                                                                                             : n;
}

static enum font_answer render(struct font *f, const uint32_t *codes, size_t n, unsigned style,
                               int cells, struct glyph *out)
{
    uint32_t copy[CLUSTER_MAX];
    n = n < CLUSTER_MAX ? n : CLUSTER_MAX;
    memcpy(copy, codes, n * sizeof(*codes));
    bool emoji = emoji_presentation(copy, n);
    n = compose_hangul(copy, drop_selector(copy, n));
    struct work w = {.font = f, .codes = copy, .n = n, .style = style & ~FONT_SPARE, .out = out};
    w.room = (struct glyph_room){f->metrics.cell_width * cells, f->metrics.cell_height,
                                 f->metrics.baseline};
    w.most = w.room.width * (style & FONT_SPARE ? 2 : 1);
    enum font_answer answer = try_all(&w, emoji);
    if (answer == FONT_MISSING && n > 1) {
        w.partly = true;
        answer = try_all(&w, emoji);
    }
    return answer;
}

static uint64_t cluster_hash(const uint32_t *codes, size_t n, unsigned style, int cells)
{
    uint64_t hash = (style << 4) + (unsigned)cells;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ codes[i]) * 0x9e3779b97f4a7c15u;
    return (hash ^ hash >> 32) | 1;
}

static bool is_for(const struct entry *e, const uint32_t *codes, size_t n, unsigned style,
                   int cells)
{
    return e->n == n && e->style == style && e->cells == cells &&
           (n == 1 ? e->code == codes[0] : !memcmp(e->codes, codes, n * sizeof(*codes)));
}

static struct entry *entry_place(struct font *f, uint64_t hash, const uint32_t *codes, size_t n,
                                 unsigned style, int cells)
{
    size_t at = hash >> 1 & (f->capacity - 1);
    while (f->entries[at].hash &&
           !(f->entries[at].hash == hash && is_for(&f->entries[at], codes, n, style, cells)))
        at = (at + 1) & (f->capacity - 1);
    return &f->entries[at];
}

static void cache_grow(struct font *f)
{
    struct entry *old = f->entries;
    size_t n = f->capacity;
    struct entry *more = n < CACHE_USED_MAX ? calloc(2 * n, sizeof(*more)) : NULL;
    if (!more) {
        cache_forget(f);
        return;
    }
    f->entries = more;
    f->capacity = 2 * n;
    for (size_t i = 0; i < n; i++) {
        const struct entry *e = &old[i];
        if (e->hash)
            *entry_place(f, e->hash, e->n == 1 ? &e->code : e->codes, e->n, e->style, e->cells) =
                *e;
    }
    free(old);
}

static bool remember(struct entry *e, uint64_t hash, const uint32_t *codes, size_t n,
                     unsigned style, int cells)
{
    e->codes = n > 1 ? malloc(n * sizeof(*codes)) : NULL;
    if (n > 1 && !e->codes)
        return false;
    if (n > 1)
        memcpy(e->codes, codes, n * sizeof(*codes));
    e->hash = hash;
    e->code = codes[0];
    e->n = (uint8_t)n;
    e->style = (uint8_t)style;
    e->cells = (uint8_t)cells;
    return true;
}

enum font_answer font_glyph(struct font *f, const uint32_t *codes, size_t n, unsigned style,
                            int cells, const struct glyph **glyph)
{
    static const struct glyph nothing;
    *glyph = &nothing;
    n = n < CLUSTER_MAX ? n : CLUSTER_MAX;
    uint64_t hash = cluster_hash(codes, n, style, cells);
    if (f->used * 2 >= f->capacity)
        cache_grow(f);
    if (f->bytes > CACHE_BYTES_MAX)
        cache_forget(f);
    struct entry *e = entry_place(f, hash, codes, n, style, cells);
    if (!e->hash) {
        e->answer = (uint8_t)render(f, codes, n, style, cells, &e->glyph);
        if (e->answer == FONT_PENDING || !remember(e, hash, codes, n, style, cells)) {
            entry_clear(e);
            return FONT_PENDING;
        }
        f->used++;
        f->bytes += (size_t)e->glyph.pitch * (size_t)e->glyph.height;
    }
    *glyph = &e->glyph;
    return (enum font_answer)e->answer;
}
