/*
 * Self-checking blocks: of pages that are written and executed in turns. The block compares its
 * guest bytes with what was translated each time it is entered, without touching flags; when they
 * differ (or may not be read) the trap drops it.
 *
 * The comparison stands behind the block's code, where its length is known.
 */
#include <string.h>

#include "runtime/translate/xlate.h"

static void near_jump(struct emit *e, size_t to)
{
    emit_byte(e, 0xe9);
    emit_u32(e, (uint32_t)(to - (e->n + 4)));
}

static void patch_near(struct emit *e, size_t at)
{
    uint32_t rel = (uint32_t)(e->n - (at + 4));
    if (!e->full)
        memcpy(e->buf + at, &rel, 4);
}

void check_enter(struct xlate *x)
{
    emit_byte(&x->e, 0xe9);
    x->check_jump = (uint16_t)x->e.n;
    emit_u32(&x->e, 0);
}

/* The scratch register holds the difference of `value` and what was loaded into it. */
static void demand(struct xlate *x, uint32_t value, size_t fail)
{
    struct emit *e = &x->e;
    emit_lea32(e, HOST_SCRATCH, emit_mem(HOST_SCRATCH, (int32_t)(0u - value)));
    emit_bytes(e, "\xe3\x05", 2); /* jrcxz past the jump */
    near_jump(e, fail);
}

/* Compares 1, 2 or 4 bytes, which are aligned: the guest may have set AC. */
static void compare(struct xlate *x, const uint8_t *code, size_t at, unsigned width, size_t fail)
{
    uint32_t value = 0;
    memcpy(&value, code + at, width);
    xlate_mark(x, 0);
    if (width == 4) {
        emit_load32(&x->e, HOST_SCRATCH, emit_mem(HOST_WINDOW, (int32_t)at));
    } else { /* movzx ecx, [r11 + disp32] */
        emit_bytes(&x->e, width == 2 ? "\x41\x0f\xb7\x8b" : "\x41\x0f\xb6\x8b", 4);
        emit_u32(&x->e, (uint32_t)at);
    }
    demand(x, value, fail);
}

/* How many bytes the next comparison takes. */
static unsigned width_at(uint64_t address, size_t left)
{
    unsigned width = 4;
    while (address % width || width > left)
        width /= 2;
    return width;
}

void check_bytes(struct xlate *x, const uint8_t *code, size_t size)
{
    struct emit *e = &x->e;
    struct host_mem window = emit_state(offsetof(struct cpu, window));
    x->pc = x->start;
    size_t fail = e->n;
    emit_load(e, HOST_WINDOW, window);
    control_trap(x, TRAP_CHECK, x->start);
    patch_near(e, x->check_jump);
    emit_imm(e, HOST_SCRATCH, x->start);
    emit_lea(e, HOST_WINDOW,
             (struct host_mem){.base = HOST_WINDOW, .index = HOST_SCRATCH, .scale = 1});
    for (size_t at = 0; at < size;) {
        unsigned width = width_at(x->start + at, size - at);
        compare(x, code, at, width, fail);
        at += width;
    }
    emit_load(e, HOST_WINDOW, window);
    near_jump(e, x->checked);
}
