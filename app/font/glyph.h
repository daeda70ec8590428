/* Pictures of characters. */
#ifndef APP_FONT_GLYPH_H
#define APP_FONT_GLYPH_H

#include <stdbool.h>
#include <stdint.h>

struct glyph {
    int left, top; /* from the pen on the baseline; top grows upwards */
    int width, height, pitch;
    bool color; /* premultiplied BGRA instead of coverage */
    uint8_t *pixels;
};

struct face;
struct face_text;

/* The room that a cluster has, in pixels. */
struct glyph_room {
    int width, height;
    int baseline; /* from its top */
};

/*
 * Draws what face_shape made, at the size that the face has. bold, slanted: made up, because the
 * face is not. False when out of memory or the font is broken; *out is to be freed with
 * glyph_clear.
 */
bool glyph_draw(struct face *face, const struct face_text *text, bool bold, bool slanted,
                struct glyph *out);

/* The rows above and below the baseline in which glyph_draw would leave ink of an outline without
 * colours, without drawing it. False for others and when the font is broken. */
bool glyph_reach(struct face *face, uint32_t index, bool bold, bool slanted, int *above,
                 int *below);

/* Into the middle of the room, as large as it goes: colourful pictures. */
void glyph_fill(struct glyph *glyph, const struct glyph_room *room);

/* Moves what stands out of the room above or below back into it, as far as it fits. */
void glyph_settle(struct glyph *glyph, const struct glyph_room *room);

void glyph_clear(struct glyph *glyph);

#endif
