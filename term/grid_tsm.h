// The narrow door to libtsm's screen. Its code follows the System V calling convention on every
// host, so grid_tsm.c is compiled for that convention on Windows (-mabi=sysv), and the functions
// here name theirs, which is then the same for callers and callee everywhere.
#ifndef TERM_GRID_TSM_H
#define TERM_GRID_TSM_H

#include <stdint.h>

#define TSM_DOOR __attribute__((ms_abi))

// A cell as it travels through libtsm: a symbol from TSM_SYMBOL_FIRST on (which it takes for a
// character of one column and never looks into) and eight bytes where it keeps colours.
#define TSM_SYMBOL_FIRST 0x110000u
struct tsm_door_cell {
    uint32_t symbol;
    uint32_t style;
};

// NULL when out of memory.
TSM_DOOR void *tsm_door_new(void);
TSM_DOOR void tsm_door_free(void *screen);
// 0, or -1 when out of memory.
TSM_DOOR int tsm_door_resize(void *screen, int rows, int cols);
TSM_DOOR void tsm_door_put(void *screen, int row, const struct tsm_door_cell *cells, int n);
// Reads every cell into `out` (rows times cols of them).
TSM_DOOR void tsm_door_read(void *screen, int rows, int cols, struct tsm_door_cell *out);

#endif
