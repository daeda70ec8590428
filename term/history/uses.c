/* Counts which numbers of the terminal's tables the scrollback has. */
#include "term/history/uses.h"

#include <stdlib.h>
#include <string.h>

#define KIND_SHIFT 31

static bool table_room(struct use_table *t, uint32_t number)
{
    if (number < t->slots)
        return true;
    uint32_t slots = t->slots ? t->slots : 256;
    while (slots <= number)
        slots *= 2;
    uint32_t *blocks = realloc(t->blocks, slots * sizeof(*blocks));
    if (blocks)
        t->blocks = blocks;
    uint32_t *last = realloc(t->last, slots * sizeof(*last));
    if (last)
        t->last = last;
    if (!blocks || !last)
        return false;
    memset(blocks + t->slots, 0, (slots - t->slots) * sizeof(*blocks));
    memset(last + t->slots, 0, (slots - t->slots) * sizeof(*last));
    t->slots = slots;
    return true;
}

static bool use_note(struct uses *u, struct use_list *list, enum use_kind kind, uint32_t number)
{
    struct use_table *t = &u->of[kind];
    if (!table_room(t, number))
        return false;
    if (t->last[number] == list->serial)
        return true;
    if (list->count == list->slots) {
        uint32_t slots = list->slots ? list->slots * 2 : 64;
        uint32_t *grown = realloc(list->numbers, slots * sizeof(*grown));
        if (!grown)
            return false;
        list->numbers = grown;
        list->slots = slots;
    }
    list->numbers[list->count++] = number | (uint32_t)kind << KIND_SHIFT;
    t->last[number] = list->serial;
    t->blocks[number]++;
    return true;
}

bool uses_note(struct uses *u, struct use_list *list, const struct term_cell *cells, int n)
{
    uint32_t any = 0;
    for (int i = 0; i < n; i++)
        any |= (cells[i].attr & TERM_EXTRA_MASK) | (cells[i].ch & TERM_CH_CLUSTER);
    for (int i = 0; any && i < n; i++) {
        uint32_t extra = cells[i].attr >> TERM_EXTRA_SHIFT;
        if (extra && !use_note(u, list, USE_EXTRA, extra))
            return false;
        if ((cells[i].ch & TERM_CH_CLUSTER) &&
            !use_note(u, list, USE_CLUSTER, cells[i].ch & ~TERM_CH_CLUSTER))
            return false;
    }
    return true;
}

void uses_drop(struct uses *u, struct use_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t number = list->numbers[i] & ~(1u << KIND_SHIFT);
        u->of[list->numbers[i] >> KIND_SHIFT].blocks[number]--;
    }
    free(list->numbers);
    *list = (struct use_list){0};
}

bool uses_has(const struct uses *u, enum use_kind kind, uint32_t number)
{
    return number < u->of[kind].slots && u->of[kind].blocks[number] > 0;
}

void uses_free(struct uses *u)
{
    for (int i = 0; i < USE_KINDS; i++) {
        free(u->of[i].blocks);
        free(u->of[i].last);
    }
    *u = (struct uses){0};
}
