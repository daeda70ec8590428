/* Puts combining marks over or under their letters where a font does not. */
#include "app/font/combining.h"

/* What is seen of a glyph, in 1/64 pixel from its own pen. */
struct seen {
    int middle, top, bottom, advance;
};

bool combining_common(uint32_t code)
{
    return (code >= 0x300 && code <= 0x36f && !(code >= 0x35c && code <= 0x362)) ||
           (code >= 0x1ab0 && code <= 0x1aff) || (code >= 0x1dc0 && code <= 0x1dff) ||
           (code >= 0x20d0 && code <= 0x20ff) || (code >= 0xfe20 && code <= 0xfe2f);
}

static bool look_at_glyph(struct face *face, uint32_t index, struct seen *out)
{
    if (FT_Load_Glyph(face->ft, index, face_load_flags(face)))
        return false;
    const FT_Glyph_Metrics *m = &face->ft->glyph->metrics;
    *out = (struct seen){(int)(m->horiBearingX + m->width / 2), (int)m->horiBearingY,
                         (int)(m->horiBearingY - m->height), (int)m->horiAdvance};
    return true;
}

/* Marks above and below, not those through the letter or around it. */
static int side_of(const struct face *face, const struct seen *s)
{
    int em = (int)(face->pixels * 64);
    return s->top == s->bottom ? 0 : s->bottom > em * 2 / 5 ? 1 : s->top < em / 8 ? -1 : 0;
}

/* Away from what is before it, when both would be at the same place. */
static void stack(struct face *face, struct face_glyph *mark, const struct seen *s,
                  const struct face_glyph *before, const struct seen *b)
{
    int side = b->top > b->bottom ? side_of(face, s) : 0, gap = (int)(face->pixels * 64) / 20;
    int up = before->y + b->top + gap - (mark->y + s->bottom);
    int down = mark->y + s->top + gap - (before->y + b->bottom);
    if (side > 0 && up > 0)
        mark->y += up;
    if (side < 0 && down > 0)
        mark->y -= down;
}

void combining_place(struct face *face, struct face_text *text, int at)
{
    struct face_glyph *mark = &text->glyphs[at], *before = mark - 1;
    struct seen s, b;
    if (!look_at_glyph(face, mark->index, &s) || !look_at_glyph(face, before->index, &b))
        return;
    /* The pen is behind the letter, and the mark is not where the letter is. */
    bool beside = mark->x == text->advance && mark->y == 0 && s.middle > -text->advance / 4;
    if (beside)
        mark->x = (text->advance - (s.advance ? s.advance : 2 * s.middle)) / 2;
    if (beside || (at > 1 && mark->x == before->x && mark->font_y == before->font_y &&
                   side_of(face, &s) == side_of(face, &b)))
        stack(face, mark, &s, before, &b);
}
