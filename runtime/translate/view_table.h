/*
 * What guests' threads read to find the code that an indirect jump leads to. Read without a lock
 * while it changes; changed under translate_lock.
 *
 * The first table has one entry for all addresses with the same low 16 bits; who comes later takes
 * it, and the former goes to the second, where stub_miss looks. Guest code finds the first at a
 * fixed distance below its window (CPU_TABLE_BELOW), where the table is shown without permission to
 * write: a guest's pointer that went astray changes nothing. The table is written through another
 * view. A window that shows no table is no fault: each jump goes through the dispatcher then.
 */
#ifndef RUNTIME_TRANSLATE_VIEW_TABLE_H
#define RUNTIME_TRANSLATE_VIEW_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/translate/cpu.h"

#define VIEW_TABLE_ENTRIES 65536
#define VIEW_TABLE_BYTES   (VIEW_TABLE_ENTRIES * sizeof(uint64_t))
#define VIEW_SECOND_WAYS   4

/* The code of an address; neither is 0 in one that is used. */
struct second_entry {
    _Atomic uint64_t pc, code;
};

struct view_table {
    uint32_t refs; /* views using it */
    struct host_section *section;
    uint64_t offset; /* in it */
    _Atomic uint64_t *entry;
    struct second_entry (*second)[VIEW_SECOND_WAYS];
    uint32_t turns;          /* which of a full set goes next */
    uint32_t second_pages;   /* of the second table, that have been written to */
    uint8_t own[24];         /* pages of both that have been written to, one bit each */
    bool filled;             /* the first table has an entry everywhere */
    struct view_table *next; /* of those not in use */
};

/* 0 or -ENOMEM. Once. */
int table_init(void);

/* One that knows no address, with one reference; NULL when out of memory. Without the lock. */
struct view_table *table_create(void);
/* One that knows what the other does; NULL when out of memory. */
struct view_table *table_copy(const struct view_table *table);
/* A new reference to the table that never knows an address: nothing is entered into it. */
struct view_table *table_nothing(void);
bool table_is_nothing(const struct view_table *table);
void table_put(struct view_table *table);

/* Shows the table below the window at base, where nothing is; false when the host cannot. Ends
 * that. */
bool table_show(const struct view_table *table, uint64_t base);
void table_hide(uint64_t base);
/* Whether the address of the host is where the window at base has its table. */
bool table_contains(uint64_t base, uint64_t host);

/* What the first table has for pc: code of an address that agrees in its low 16 bits, or a stub. */
uint64_t table_place(const struct view_table *table, uint64_t pc);
/* From now on pc leads to the code by the first table; by the second. */
void table_enter(struct view_table *table, uint64_t pc, uint64_t code);
void table_keep(struct view_table *table, uint64_t pc, uint64_t code);
/* Neither leads to the code any more. */
void table_forget(struct view_table *table, uint64_t pc, uint64_t code);

#endif
