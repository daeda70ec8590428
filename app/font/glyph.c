/* Draws shaped glyphs, makes bold and slanted ones up, and fits pictures into cells. */
#include "app/font/glyph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/font/color.h"
#include "app/font/face.h"
#include FT_BBOX_H
#include FT_BITMAP_H
#include FT_OUTLINE_H

void glyph_clear(struct glyph *glyph)
{
    free(glyph->pixels);
    memset(glyph, 0, sizeof(*glyph));
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
        const unsigned char *from = bitmap->buffer + (ptrdiff_t)y * bitmap->pitch;
        uint8_t *to = g->pixels + (ptrdiff_t)y * g->pitch;
        if (bitmap->pixel_mode != FT_PIXEL_MODE_MONO) {
            memcpy(to, from, (size_t)g->pitch);
            continue;
        }
        for (int x = 0; x < g->width; x++)
            to[x] = from[x / 8] >> (7 - x % 8) & 1 ? 255 : 0;
    }
    return true;
}

/* Loads a glyph and makes up what the face lacks. True for an outline. */
static bool glyph_load(struct face *face, uint32_t index, bool bold, bool slanted, bool *outline)
{
    FT_GlyphSlot slot = face->ft->glyph;
    if (FT_Load_Glyph(face->ft, index, face_load_flags(face)))
        return false;
    *outline = slot->format == FT_GLYPH_FORMAT_OUTLINE && !FT_HAS_COLOR(face->ft);
    if (!*outline)
        return true;
    FT_Matrix slant = {0x10000, 0x3800, 0, 0x10000};
    FT_Pos em = (FT_Pos)(face->pixels * 64);
    /* Both to the left and to the right, so that it stays in the middle of its cell: slanted
     * around half the height of small letters. */
    if (slanted) {
        FT_Outline_Transform(&slot->outline, &slant);
        FT_Outline_Translate(&slot->outline, -em / 16, 0);
    }
    if (bold) {
        FT_Outline_EmboldenXY(&slot->outline, em / 20, em / 48);
        FT_Outline_Translate(&slot->outline, -em / 40, 0);
    }
    return true;
}

bool glyph_reach(struct face *face, uint32_t index, bool bold, bool slanted, int *above, int *below)
{
    FT_GlyphSlot slot = face->ft->glyph;
    bool outline;
    FT_BBox box;
    if (!glyph_load(face, index, bold, slanted, &outline) || !outline)
        return false;
    /* Not the control points', which FreeType makes the picture for. */
    if (FT_Outline_Get_BBox(&slot->outline, &box))
        return false;
    *above = (int)((box.yMax + 63) >> 6);
    *below = -(int)(box.yMin >> 6);
    return true;
}

static bool draw_one(struct face *face, const struct face_glyph *glyph, bool bold, bool slanted,
                     struct glyph *out)
{
    FT_GlyphSlot slot = face->ft->glyph;
    bool outline;
    int x = glyph->x, y = glyph->y;
    if (color_draw(face, glyph->index, out)) {
        out->left += (int)lround(x / 64.0);
        out->top += (int)lround(y / 64.0);
        return true;
    }
    if (!glyph_load(face, glyph->index, bold, slanted, &outline))
        return false;
    if (outline) {
        FT_Outline_Translate(&slot->outline, x, y);
        x = y = 0;
    }
    if (FT_Render_Glyph(slot, FT_RENDER_MODE_NORMAL))
        return false;
    out->left = slot->bitmap_left + (int)lround(x / 64.0);
    out->top = slot->bitmap_top + (int)lround(y / 64.0);
    return copy_bitmap(out, &slot->bitmap);
}

static void add_pixel(uint8_t *to, const struct glyph *part, const uint8_t *from)
{
    if (!part->color) {
        *to = *to > *from ? *to : *from;
        return;
    }
    int keep = 255 - from[3];
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(from[i] + to[i] * keep / 255);
}

/* Joins parts into one picture. Parts without colour beside ones with it are left out. */
static bool join_boxes(struct glyph *parts, int count, struct glyph *out)
{
    int left = INT32_MAX, right = INT32_MIN, top = INT32_MIN, bottom = INT32_MAX;
    for (int i = 0; i < count; i++) {
        const struct glyph *p = &parts[i];
        if (!p->pixels)
            continue;
        left = p->left < left ? p->left : left;
        right = p->left + p->width > right ? p->left + p->width : right;
        top = p->top > top ? p->top : top;
        bottom = p->top - p->height < bottom ? p->top - p->height : bottom;
        out->color |= p->color;
    }
    if (left >= right)
        return true;
    int bytes = out->color ? 4 : 1;
    out->left = left;
    out->top = top;
    out->width = right - left;
    out->height = top - bottom;
    out->pitch = out->width * bytes;
    out->pixels = calloc((size_t)out->pitch, (size_t)out->height);
    for (int i = 0; out->pixels && i < count; i++) {
        const struct glyph *p = &parts[i];
        for (int y = 0; p->color == out->color && p->pixels && y < p->height; y++)
            for (int x = 0; x < p->width; x++)
                add_pixel(out->pixels + (ptrdiff_t)(top - p->top + y) * out->pitch +
                              (p->left - left + x) * bytes,
                          p, p->pixels + (ptrdiff_t)y * p->pitch + x * bytes);
    }
    return out->pixels;
}

bool glyph_draw(struct face *face, const struct face_text *text, bool bold, bool slanted,
                struct glyph *out)
{
    struct glyph parts[FACE_GLYPHS_MAX];
    bool good = true;
    memset(parts, 0, sizeof(parts));
    memset(out, 0, sizeof(*out));
    for (int i = 0; i < text->count; i++)
        good &= draw_one(face, &text->glyphs[i], bold, slanted, &parts[i]);
    if (good && text->count == 1) {
        *out = parts[0];
        return true;
    }
    good = good && join_boxes(parts, text->count, out);
    for (int i = 0; i < text->count; i++)
        glyph_clear(&parts[i]);
    return good;
}

/* How much of the source lies under one pixel: sums of whole and cut off pixels of one row or
 * column, in 1/256. */
struct span {
    int from, to;    /* first and last source pixel */
    int first, last; /* their shares */
    int whole;       /* of all together */
};

static struct span span_of(int at, int size, int source)
{
    int64_t start = (int64_t)at * source * 256 / size,
            end = (int64_t)(at + 1) * source * 256 / size;
    struct span s = {.from = (int)(start >> 8), .to = (int)((end - 1) >> 8)};
    s.first = 256 - (int)(start & 255);
    s.last = (int)(end - ((int64_t)s.to << 8));
    if (s.from == s.to)
        s.first = s.last = (int)(end - start);
    s.whole = (int)(end - start);
    return s;
}

static int share(const struct span *s, int at)
{
    return at == s->from ? s->first : at == s->to ? s->last : 256;
}

static uint8_t average(const struct glyph *g, const struct span *across, const struct span *down,
                       int byte, int bytes)
{
    int64_t sum = 0;
    for (int y = down->from; y <= down->to; y++) {
        int64_t row = 0;
        for (int x = across->from; x <= across->to; x++)
            row += g->pixels[(ptrdiff_t)y * g->pitch + x * bytes + byte] * share(across, x);
        sum += row * share(down, y);
    }
    int64_t whole = (int64_t)across->whole * down->whole;
    return whole ? (uint8_t)((sum + whole / 2) / whole) : 0;
}

/* Scales a picture to a width and height. */
static void glyph_scale(struct glyph *g, int width, int height)
{
    int bytes = g->color ? 4 : 1;
    width = width < 1 ? 1 : width;
    height = height < 1 ? 1 : height;
    uint8_t *to = g->pixels ? malloc((size_t)width * (size_t)height * (size_t)bytes) : NULL;
    if (!to)
        return;
    for (int y = 0; y < height; y++) {
        struct span down = span_of(y, height, g->height);
        for (int x = 0; x < width; x++) {
            struct span across = span_of(x, width, g->width);
            for (int b = 0; b < bytes; b++)
                to[((ptrdiff_t)y * width + x) * bytes + b] = average(g, &across, &down, b, bytes);
        }
    }
    free(g->pixels);
    g->pixels = to;
    g->left = g->left * width / g->width;
    g->top = g->top * height / g->height;
    g->width = width;
    g->height = height;
    g->pitch = width * bytes;
}

void glyph_fill(struct glyph *g, const struct glyph_room *room)
{
    if (!g->pixels)
        return;
    double scale = (double)room->width / g->width;
    if (scale * g->height > room->height)
        scale = (double)room->height / g->height;
    glyph_scale(g, (int)lround(g->width * scale), (int)lround(g->height * scale));
    g->left = (room->width - g->width) / 2;
    g->top = room->baseline - (room->height - g->height) / 2;
}

void glyph_settle(struct glyph *g, const struct glyph_room *room)
{
    int above = g->top - room->baseline;
    int below = g->height - g->top - (room->height - room->baseline);
    if (above > 0 && below < 0)
        g->top -= above < -below ? above : -below;
    else if (below > 0 && above < 0)
        g->top += below < -above ? below : -above;
}
