/* What a cell cannot hold itself: links, underline colours, grapheme clusters. */
#ifndef TERM_SCREEN_TABLES_H
#define TERM_SCREEN_TABLES_H

#include "term/screen/state.h"

/* A number for the pair; 0 when there is nothing to say or no room. */
unsigned extra_number(struct term *t, uint32_t underline_color, uint32_t link);
struct term_extra extra_get(const struct term *t, uint32_t attr);
/* Makes the link whose URI this is current, or none (NULL). `id` joins pieces of one link. */
void link_set(struct term *t, const char *id, size_t id_length, const char *uri);
/* The pen after `link` or `underline_color` changed. */
void link_changed(struct term *t);
const char *link_uri(const struct term *t, uint32_t link);
/* The `ch` of a cluster; 0 when there is no room. */
uint32_t cluster_number(struct term *t, const uint32_t *codes, int n);
/* The code points of a cell (none for a blank, one for most); at most CLUSTER_CODES_MAX. */
int cell_codes(const struct term *t, uint32_t ch, uint32_t *codes);
void tables_free(struct term *t);

#endif
