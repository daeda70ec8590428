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

static void compare_word(struct xlate *x, const uint8_t *code, size_t at, size_t fail)
{
    uint32_t word;
    memcpy(&word, code + at, 4);
    xlate_mark(x, 0);
    emit_load32(&x->e, HOST_SCRATCH, emit_mem(HOST_WINDOW, (int32_t)at));
    demand(x, word, fail);
}

static void compare_byte(struct xlate *x, const uint8_t *code, size_t at, size_t fail)
{
    xlate_mark(x, 0);
    emit_bytes(&x->e, "\x41\x0f\xb6\x4b", 4); /* movzx ecx, byte [r11 + disp8] */
    emit_byte(&x->e, (uint8_t)at);
    demand(x, code[at], fail);
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
    if (size < 4) {
        for (size_t at = 0; at < size; at++)
            compare_byte(x, code, at, fail);
    } else {
        for (size_t at = 0; at + 4 <= size; at += 4)
            compare_word(x, code, at, fail);
        if (size % 4)
            compare_word(x, code, size - 4, fail);
    }
    emit_load(e, HOST_WINDOW, window);
    near_jump(e, x->checked);
}
