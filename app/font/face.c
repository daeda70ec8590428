/* Opens one face of a font file, sets its size and weight, and shapes clusters with it. */
#include "app/font/face.h"

#include <hb-ft.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include FT_MULTIPLE_MASTERS_H
#include FT_TRUETYPE_TABLES_H
#include FT_TRUETYPE_TAGS_H

#include "app/font/combining.h"
#include "app/font/emoji.h"

#define REGULAR_WEIGHT 400
#define AXES_MAX       16

#define PAINTS_BYTES_MAX (16 << 20)

/* Only version 1 has paints; FreeType reads version 0 itself. */
static void read_paints(struct face *face)
{
    FT_ULong tag = FT_MAKE_TAG('C', 'O', 'L', 'R'), size = 0;
    if (FT_Load_Sfnt_Table(face->ft, tag, 0, NULL, &size) || size < 34 || size > PAINTS_BYTES_MAX)
        return;
    face->colr = malloc(size);
    if (!face->colr)
        return;
    if (FT_Load_Sfnt_Table(face->ft, tag, 0, face->colr, &size) || face->colr[1] == 0) {
        free(face->colr);
        face->colr = NULL;
    }
    face->colr_size = size;
}

static bool open_data(FT_Library library, struct face *face, int index)
{
    if (FT_New_Memory_Face(library, face->data, (FT_Long)face->size, index, &face->ft)) {
        face->ft = NULL;
        face_close(face);
        return false;
    }
    if (!FT_IS_SCALABLE(face->ft) && face->ft->num_fixed_sizes == 0) {
        face_close(face);
        return false;
    }
    read_paints(face);
    return true;
}

int face_weigh(struct face *face, int weight)
{
    FT_MM_Var *axes;
    FT_Fixed values[AXES_MAX], wanted = weight * 65536;
    int reached = 0;
    if (!FT_HAS_MULTIPLE_MASTERS(face->ft) || FT_Get_MM_Var(face->ft, &axes))
        return 0;
    for (FT_UInt i = 0; i < axes->num_axis && axes->num_axis <= AXES_MAX; i++) {
        const FT_Var_Axis *axis = &axes->axis[i];
        values[i] = axis->def;
        if (axis->tag != FT_MAKE_TAG('w', 'g', 'h', 't'))
            continue;
        values[i] = wanted < axis->minimum   ? axis->minimum
                    : wanted > axis->maximum ? axis->maximum
                                             : wanted;
        reached = (int)(values[i] / 65536);
    }
    if (reached && FT_Set_Var_Design_Coordinates(face->ft, axes->num_axis, values))
        reached = 0;
    FT_Done_MM_Var(face->ft->glyph->library, axes);
    return reached;
}

bool face_open(FT_Library library, struct face *face, const struct host_font *font)
{
    bool instance = font->index >> 16;
    memset(face, 0, sizeof(*face));
    face->data = host_font_load(font->path, &face->size);
    face->mapped = true;
    if (!face->data || !open_data(library, face, font->index))
        return false;
    /* What a variable font begins with may be its thinnest weight. */
    if (!instance)
        face_weigh(face, REGULAR_WEIGHT);
    return true;
}

bool face_open_memory(FT_Library library, struct face *face, const void *data, size_t size)
{
    memset(face, 0, sizeof(*face));
    face->data = data;
    face->size = size;
    return open_data(library, face, 0);
}

void face_close(struct face *face)
{
    if (face->shaper)
        hb_font_destroy(face->shaper);
    if (face->ft)
        FT_Done_Face(face->ft);
    free(face->colr);
    if (face->data && face->mapped)
        host_font_unload(face->data, face->size);
    memset(face, 0, sizeof(*face));
}

static int best_strike(FT_Face ft, double pixels)
{
    int best = 0;
    for (int i = 1; i < ft->num_fixed_sizes; i++) {
        int height = ft->available_sizes[i].height, now = ft->available_sizes[best].height;
        if (height >= pixels ? now < pixels || height < now : height > now)
            best = i;
    }
    return best;
}

void face_set_size(struct face *face, double pixels)
{
    if (face->pixels == pixels)
        return;
    if (FT_IS_SCALABLE(face->ft))
        FT_Set_Char_Size(face->ft, 0, (FT_F26Dot6)lround(pixels * 64), 72, 72);
    else
        FT_Select_Size(face->ft, best_strike(face->ft, pixels));
    face->pixels = pixels;
    if (face->shaper)
        hb_ft_font_changed(face->shaper);
}

bool face_has(const struct face *face, uint32_t code)
{
    return FT_Get_Char_Index(face->ft, code) != 0;
}

FT_Int32 face_load_flags(const struct face *face)
{
    return FT_LOAD_TARGET_LIGHT | (FT_HAS_COLOR(face->ft) ? FT_LOAD_COLOR : 0);
}

static hb_font_t *shaper(struct face *face)
{
    if (!face->shaper) {
        face->shaper = hb_ft_font_create_referenced(face->ft);
        hb_ft_font_set_load_flags(face->shaper, face_load_flags(face));
    }
    return face->shaper;
}

static void shape_one(struct face *face, uint32_t code, struct face_text *out)
{
    uint32_t index = FT_Get_Char_Index(face->ft, code);
    out->missing = index == 0;
    out->count = 1;
    out->glyphs[0] = (struct face_glyph){.index = index};
    if (!FT_Load_Glyph(face->ft, index, face_load_flags(face)))
        out->advance = (int)face->ft->glyph->advance.x;
}

static hb_buffer_t *shape(struct face *face, const uint32_t *codes, size_t n)
{
    hb_buffer_t *buffer = hb_buffer_create();
    /* Each glyph is to tell its own character. */
    hb_buffer_set_cluster_level(buffer, HB_BUFFER_CLUSTER_LEVEL_CHARACTERS);
    hb_buffer_add_codepoints(buffer, codes, (int)n, 0, (int)n);
    hb_buffer_guess_segment_properties(buffer);
    hb_shape(shaper(face), buffer, NULL, 0);
    return buffer;
}

void face_shape(struct face *face, const uint32_t *codes, size_t n, struct face_text *out)
{
    memset(out, 0, sizeof(*out));
    if (n == 1) {
        shape_one(face, codes[0], out);
        return;
    }
    hb_buffer_t *buffer = shape(face, codes, n);
    bool forward = HB_DIRECTION_IS_FORWARD(hb_buffer_get_direction(buffer));
    unsigned count;
    const hb_glyph_info_t *infos = hb_buffer_get_glyph_infos(buffer, &count);
    const hb_glyph_position_t *positions = hb_buffer_get_glyph_positions(buffer, &count);
    for (unsigned i = 0; i < count && out->count < FACE_GLYPHS_MAX; i++) {
        uint32_t from = infos[i].cluster < n ? codes[infos[i].cluster] : 0;
        if (infos[i].codepoint == 0) {
            /* What only chooses or joins shapes may be lacking. */
            if (emoji_invisible(from))
                continue;
            out->missing = true;
        }
        out->glyphs[out->count++] =
            (struct face_glyph){infos[i].codepoint, out->advance + positions[i].x_offset,
                                positions[i].y_offset, positions[i].y_offset};
        if (forward && out->count > 1 && out->advance > 0 && combining_common(from))
            combining_place(face, out, out->count - 1);
        else
            out->advance += positions[i].x_advance;
    }
    hb_buffer_destroy(buffer);
}

void face_drop_missing(struct face_text *text)
{
    int kept = 0;
    for (int i = 0; i < text->count; i++)
        if (text->glyphs[i].index != 0)
            text->glyphs[kept++] = text->glyphs[i];
    text->count = kept;
}
