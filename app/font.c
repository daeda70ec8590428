#include "app/font.h"

#include <ft2build.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H
#include FT_BITMAP_H

#include "app/host/fonts.h"

#define FALLBACKS_MAX 64

/* assets/font.S */
extern const unsigned char builtin_font[], builtin_font_end[];
extern const unsigned char builtin_font_bold[], builtin_font_bold_end[];

struct face {
    FT_Face ft; /* NULL: none */
    const unsigned char *data;
    size_t size;
    bool mapped; /* from a file, to be given back */
};

struct entry {
    uint64_t key; /* 0: free */
    bool missing;
    struct glyph glyph;
};

struct font {
    FT_Library library;
    double pixels;
    struct font_metrics metrics;
    struct face styles[FONT_STYLES];
    struct face fallbacks[FALLBACKS_MAX];
    int fallback_count;
    bool fallbacks_known; /* the system's files have been listed */
    char **files;
    int file_count;
    struct entry *entries; /* open addressing */
    size_t capacity, used;
};

static void face_close(struct face *face)
{
    if (face->ft)
        FT_Done_Face(face->ft);
    if (face->data && face->mapped)
        host_font_unload(face->data, face->size);
    memset(face, 0, sizeof(*face));
}

static bool face_open_memory(struct font *f, struct face *face, const unsigned char *data,
                             size_t size, bool mapped)
{
    face->data = data;
    face->size = size;
    face->mapped = mapped;
    if (FT_New_Memory_Face(f->library, data, (FT_Long)size, 0, &face->ft)) {
        face->ft = NULL;
        face_close(face);
        return false;
    }
    return true;
}

static bool face_open(struct font *f, struct face *face, const char *path)
{
    size_t size;
    const unsigned char *data = host_font_load(path, &size);
    return data && face_open_memory(f, face, data, size, true);
}

/* Bitmap fonts (colour emoji) have their own sizes: the nearest not below. */
static void face_set_size(const struct font *f, struct face *face, double pixels)
{
    FT_Face ft = face->ft;
    if (FT_IS_SCALABLE(ft)) {
        FT_Set_Char_Size(ft, 0, (FT_F26Dot6)lround(pixels * 64), 72, 72);
        return;
    }
    int best = 0;
    for (int i = 1; i < ft->num_fixed_sizes; i++)
        if (ft->available_sizes[i].height >= f->metrics.cell_height &&
            (ft->available_sizes[i].height < ft->available_sizes[best].height ||
             ft->available_sizes[best].height < f->metrics.cell_height))
            best = i;
    FT_Select_Size(ft, best);
}

struct search {
    const char *name; /* without folders */
    char found[4096];
};

static const char *base_name(const char *path)
{
    const char *base = path;
    for (const char *p = path; *p; p++)
        if (*p == '/' || *p == '\\')
            base = p + 1;
    return base;
}

static int matches(void *arg, const char *path)
{
    struct search *s = arg;
    const char *a = base_name(path), *b = s->name;
    while (*a && (*a | 32) == (*b | 32)) {
        a++;
        b++;
    }
    if (*a || *b || strlen(path) >= sizeof(s->found))
        return 0;
    strcpy(s->found, path);
    return 1;
}

/* The file of another style beside the regular one, by the ways such files are named. */
static void open_styles(struct font *f, const char *path)
{
    static const struct {
        const char *regular;
        const char *styles[FONT_STYLES];
    } names[] = {
        {"-Regular", {"", "-Bold", "-Italic", "-BoldItalic"}},
        {"consola", {"", "consolab", "consolai", "consolaz"}},
        {"cour", {"", "courbd", "couri", "courbi"}},
        {"-R", {"", "-B", "-RI", "-BI"}},
        {"", {"", "-Bold", "-Oblique", "-BoldOblique"}},
    };
    const char *dot = strrchr(path, '.');
    size_t length = dot ? (size_t)(dot - path) : strlen(path);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t tail = strlen(names[i].regular);
        if (length < tail || strncmp(path + length - tail, names[i].regular, tail) != 0)
            continue;
        for (int style = 1; style < FONT_STYLES; style++) {
            char other[4096];
            if (length + 32 > sizeof(other))
                return;
            memcpy(other, path, length - tail);
            strcpy(other + length - tail, names[i].styles[style]);
            strcat(other, dot ? dot : "");
            face_open(f, &f->styles[style], other);
        }
        return;
    }
}

static void open_builtin(struct font *f)
{
    face_open_memory(f, &f->styles[0], builtin_font, (size_t)(builtin_font_end - builtin_font),
                     false);
    face_open_memory(f, &f->styles[FONT_BOLD], builtin_font_bold,
                     (size_t)(builtin_font_bold_end - builtin_font_bold), false);
}

static void open_family(struct font *f, const char *file)
{
    if (file && face_open(f, &f->styles[0], file)) {
        open_styles(f, file);
        return;
    }
    for (int i = 0; !file && host_font_names[i]; i++) {
        struct search s = {.name = host_font_names[i]};
        host_fonts_each(matches, &s);
        if (s.found[0] && face_open(f, &f->styles[0], s.found)) {
            open_styles(f, s.found);
            return;
        }
    }
    open_builtin(f);
}

static void measure(struct font *f)
{
    FT_Face ft = f->styles[0].ft;
    const FT_Size_Metrics *m = &ft->size->metrics;
    struct font_metrics *out = &f->metrics;
    int width = (int)((m->max_advance + 32) >> 6);
    if (!FT_Load_Char(ft, 'M', FT_LOAD_DEFAULT))
        width = (int)((ft->glyph->advance.x + 32) >> 6);
    out->cell_width = width > 0 ? width : 1;
    out->cell_height = (int)((m->height + 63) >> 6);
    if (out->cell_height < 2)
        out->cell_height = 2;
    out->baseline = (int)((m->ascender + 32) >> 6);
    out->line = (int)lround(f->pixels / 14.0);
    if (out->line < 1)
        out->line = 1;
    out->underline = out->baseline + out->line;
    if (out->underline + out->line > out->cell_height)
        out->underline = out->cell_height - out->line;
    out->strike = out->baseline - (int)lround(f->pixels * 0.28);
}

struct font *font_new(const char *file, double pixels)
{
    struct font *f = calloc(1, sizeof(*f));
    if (!f || FT_Init_FreeType(&f->library)) {
        free(f);
        return NULL;
    }
    f->pixels = pixels;
    f->capacity = 1024;
    f->entries = calloc(f->capacity, sizeof(*f->entries));
    open_family(f, file);
    if (!f->entries || !f->styles[0].ft) {
        font_free(f);
        return NULL;
    }
    for (int i = 0; i < FONT_STYLES; i++)
        if (f->styles[i].ft)
            face_set_size(f, &f->styles[i], pixels);
    measure(f);
    return f;
}

void font_free(struct font *f)
{
    for (size_t i = 0; f->entries && i < f->capacity; i++)
        free(f->entries[i].glyph.pixels);
    free(f->entries);
    for (int i = 0; i < FONT_STYLES; i++)
        face_close(&f->styles[i]);
    for (int i = 0; i < f->fallback_count; i++)
        face_close(&f->fallbacks[i]);
    for (int i = 0; i < f->file_count; i++)
        free(f->files[i]);
    free(f->files);
    FT_Done_FreeType(f->library);
    free(f);
}

struct font_metrics font_metrics(const struct font *f)
{
    return f->metrics;
}

static int add_file(void *arg, const char *path)
{
    struct font *f = arg;
    if (f->file_count % 64 == 0) {
        char **more = realloc(f->files, sizeof(*more) * (size_t)(f->file_count + 64));
        if (!more)
            return 1;
        f->files = more;
    }
    f->files[f->file_count] = malloc(strlen(path) + 1);
    if (!f->files[f->file_count])
        return 1;
    strcpy(f->files[f->file_count++], path);
    return 0;
}

/* Another font of the system that has the character. Files that had none are opened again for the
 * next one: rare, and cheaper than keeping them all. */
static struct face *find_fallback(struct font *f, uint32_t code)
{
    for (int i = 0; i < f->fallback_count; i++)
        if (FT_Get_Char_Index(f->fallbacks[i].ft, code))
            return &f->fallbacks[i];
    if (!f->fallbacks_known) {
        f->fallbacks_known = true;
        host_fonts_each(add_file, f);
    }
    for (int i = 0; i < f->file_count && f->fallback_count < FALLBACKS_MAX; i++) {
        struct face face = {0};
        if (!face_open(f, &face, f->files[i]))
            continue;
        if (!FT_Get_Char_Index(face.ft, code)) {
            face_close(&face);
            continue;
        }
        face_set_size(f, &face, f->pixels);
        f->fallbacks[f->fallback_count] = face;
        return &f->fallbacks[f->fallback_count++];
    }
    return NULL;
}

/* Private use and unassigned code points are in no ordinary font: not worth a search. */
static bool worth_searching(uint32_t code)
{
    return code >= 0x80 && !(code >= 0xe000 && code < 0xf900) && code < 0xe0000;
}

/* The face to take and what has to be made up: *missing_style are styles it lacks. */
static struct face *choose(struct font *f, uint32_t code, unsigned style, unsigned *missing_style)
{
    for (int drop = 0; drop < FONT_STYLES; drop++) {
        unsigned have = style & ~(unsigned)drop;
        struct face *face = &f->styles[have];
        if (face->ft && (drop & (int)~style) == 0 && FT_Get_Char_Index(face->ft, code)) {
            *missing_style = style & (unsigned)drop;
            return face;
        }
    }
    *missing_style = style;
    return worth_searching(code) ? find_fallback(f, code) : NULL;
}

static bool copy_bitmap(struct glyph *g, const FT_Bitmap *bitmap)
{
    int bytes = bitmap->pixel_mode == FT_PIXEL_MODE_BGRA ? 4 : 1;
    g->color = bytes == 4;
    g->width = (int)bitmap->width;
    g->height = (int)bitmap->rows;
    g->pitch = g->width * bytes;
    if (g->width == 0 || g->height == 0)
        return true;
    g->pixels = malloc((size_t)g->pitch * (size_t)g->height);
    if (!g->pixels)
        return false;
    for (int y = 0; y < g->height; y++) {
        const unsigned char *from = bitmap->buffer + y * bitmap->pitch;
        uint8_t *to = g->pixels + y * g->pitch;
        if (bitmap->pixel_mode != FT_PIXEL_MODE_MONO) {
            memcpy(to, from, (size_t)g->pitch);
            continue;
        }
        for (int x = 0; x < g->width; x++)
            to[x] = from[x / 8] >> (7 - x % 8) & 1 ? 255 : 0;
    }
    return true;
}

/* Box filter down to the width and height that fit. */
static void shrink(struct glyph *g, int width, int height)
{
    int bytes = g->color ? 4 : 1;
    uint8_t *to = malloc((size_t)width * (size_t)height * (size_t)bytes);
    if (!to)
        return;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int b = 0; b < bytes; b++) {
                int x0 = x * g->width / width, x1 = (x + 1) * g->width / width;
                int y0 = y * g->height / height, y1 = (y + 1) * g->height / height;
                int sum = 0, count = 0;
                for (int v = y0; v < (y1 > y0 ? y1 : y0 + 1); v++)
                    for (int u = x0; u < (x1 > x0 ? x1 : x0 + 1); u++, count++)
                        sum += g->pixels[v * g->pitch + u * bytes + b];
                to[(y * width + x) * bytes + b] = (uint8_t)(sum / count);
            }
    free(g->pixels);
    g->pixels = to;
    g->left = g->left * width / g->width;
    g->top = g->top * height / g->height;
    g->width = width;
    g->height = height;
    g->pitch = width * bytes;
}

/* What is wider than its columns, or a bitmap higher than a line, is made smaller. */
static void fit(const struct font *f, struct glyph *g, int cells)
{
    int wide = f->metrics.cell_width * cells, high = f->metrics.cell_height;
    if (!g->pixels || (g->width <= wide + wide / 4 && g->height <= high + high / 2))
        return;
    double scale = (double)wide / g->width;
    if (scale * g->height > high)
        scale = (double)high / g->height;
    int width = (int)(g->width * scale), height = (int)(g->height * scale);
    shrink(g, width > 0 ? width : 1, height > 0 ? height : 1);
    if (g->left < 0 || g->left + g->width > wide)
        g->left = (wide - g->width) / 2;
    if (g->top > f->metrics.baseline)
        g->top = f->metrics.baseline - (high - g->height) / 2;
}

static bool render(struct font *f, uint32_t code, unsigned style, int cells, struct glyph *g)
{
    unsigned made_up;
    struct face *face = choose(f, code, style, &made_up);
    if (!face)
        return false;
    FT_Face ft = face->ft;
    FT_Int32 flags = FT_LOAD_TARGET_LIGHT | (FT_HAS_COLOR(ft) ? FT_LOAD_COLOR : 0);
    if (FT_Load_Glyph(ft, FT_Get_Char_Index(ft, code), flags))
        return false;
    FT_GlyphSlot slot = ft->glyph;
    if (slot->format == FT_GLYPH_FORMAT_OUTLINE) {
        FT_Matrix slant = {0x10000, 0x3800, 0, 0x10000};
        if (made_up & FONT_ITALIC)
            FT_Outline_Transform(&slot->outline, &slant);
        if (made_up & FONT_BOLD)
            FT_Outline_Embolden(&slot->outline, (FT_Pos)(f->pixels * 64 / 24));
    }
    if (FT_Render_Glyph(slot, FT_RENDER_MODE_NORMAL))
        return false;
    g->left = slot->bitmap_left;
    g->top = slot->bitmap_top;
    if (!copy_bitmap(g, &slot->bitmap))
        return false;
    fit(f, g, cells);
    return true;
}

static struct entry *place(struct font *f, uint64_t key)
{
    size_t at = (size_t)(key * 0x9e3779b97f4a7c15u >> 32) & (f->capacity - 1);
    while (f->entries[at].key && f->entries[at].key != key)
        at = (at + 1) & (f->capacity - 1);
    return &f->entries[at];
}

static void forget_all(struct font *f)
{
    for (size_t i = 0; i < f->capacity; i++)
        free(f->entries[i].glyph.pixels);
    memset(f->entries, 0, f->capacity * sizeof(*f->entries));
    f->used = 0;
}

static void grow(struct font *f)
{
    struct entry *old = f->entries;
    size_t n = f->capacity;
    struct entry *more = calloc(2 * n, sizeof(*more));
    if (!more) {
        forget_all(f);
        return;
    }
    f->entries = more;
    f->capacity = 2 * n;
    for (size_t i = 0; i < n; i++)
        if (old[i].key)
            *place(f, old[i].key) = old[i];
    free(old);
}

const struct glyph *font_glyph(struct font *f, uint32_t code, unsigned style, int cells,
                               bool *missing)
{
    uint64_t key = 1ull << 40 | (uint64_t)style << 34 | (uint64_t)(cells & 3) << 32 | code;
    if (f->used * 2 >= f->capacity)
        grow(f);
    struct entry *e = place(f, key);
    if (!e->key) {
        e->missing = !render(f, code, style, cells, &e->glyph);
        e->key = key;
        f->used++;
    }
    *missing = e->missing;
    return &e->glyph;
}
