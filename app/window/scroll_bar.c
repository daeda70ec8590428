/* Where the scroll bar's thumb is, and drawing it. */
#include "app/window/scroll_bar.h"

#define LINGER_MS     900
#define TRACK_COVER   30 /* of 255 */
#define THUMB_COVER   110
#define GRABBED_COVER 190

struct scroll_thumb scroll_thumb(const struct scroll_place *place, int height, int least)
{
    double all = (double)place->above + (double)place->below + place->rows;
    int size = (int)(height * (place->rows / all));
    if (size < least)
        size = least;
    if (size > height)
        size = height;
    double beyond = (double)place->above + (double)place->below;
    int top = beyond > 0 ? (int)((height - size) * ((double)place->above / beyond) + 0.5) : 0;
    return (struct scroll_thumb){top, size};
}

uint64_t scroll_above(const struct scroll_place *place, int height, int least, int top)
{
    int room = height - scroll_thumb(place, height, least).height;
    double beyond = (double)place->above + (double)place->below;
    if (top <= 0 || room <= 0)
        return 0;
    if (top >= room)
        return place->above + place->below;
    return (uint64_t)(beyond * top / room + 0.5);
}

bool scroll_bar_moved(struct scroll_bar *bar, const struct scroll_place *place, uint64_t now)
{
    bool at_bottom = place->below == 0, was_at_bottom = bar->place.below == 0;
    bool same = at_bottom && was_at_bottom;
    bool changed = place->above != bar->place.above || place->below != bar->place.below ||
                   place->rows != bar->place.rows;
    /* Output at the bottom is no scrolling. */
    if (at_bottom && !was_at_bottom)
        bar->until = now + LINGER_MS;
    bar->place = *place;
    return changed && (!same || bar->until || bar->hovered || bar->dragged);
}

bool scroll_bar_shown(const struct scroll_bar *bar, uint64_t now)
{
    if (bar->place.above + bar->place.below == 0)
        return false;
    return bar->place.below > 0 || bar->hovered || bar->dragged || bar->until > now;
}

static void cover(struct canvas *c, int x, int y, int width, int height, uint32_t color,
                  uint8_t share)
{
    for (int i = y; i < y + height; i++)
        for (int k = x; k < x + width; k++)
            canvas_blend(c, k, i, color, share);
}

void scroll_bar_draw(const struct scroll_bar *bar, struct canvas *c, const SDL_Rect *area,
                     int least, uint32_t color)
{
    struct scroll_thumb thumb = scroll_thumb(&bar->place, area->h, least);
    bool held = bar->dragged || bar->hovered;
    cover(c, area->x, area->y, area->w, area->h, color, TRACK_COVER);
    cover(c, area->x + 1, area->y + thumb.top, area->w - 2, thumb.height, color,
          held ? GRABBED_COVER : THUMB_COVER);
}
