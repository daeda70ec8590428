/* Host instructions put together. */
#include "runtime/translate/emit.h"

#include <string.h>

void emit_byte(struct emit *e, uint8_t b)
{
    if (e->n >= e->cap) {
        e->full = true;
        return;
    }
    e->buf[e->n++] = b;
}

void emit_bytes(struct emit *e, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        emit_byte(e, ((const uint8_t *)p)[i]);
}

void emit_u32(struct emit *e, uint32_t v)
{
    emit_bytes(e, &v, 4);
}

static void emit_u64(struct emit *e, uint64_t v)
{
    emit_bytes(e, &v, 8);
}

static void modrm(struct emit *e, int mod, int reg, int rm)
{
    emit_byte(e, (uint8_t)(mod << 6 | (reg & 7) << 3 | (rm & 7)));
}

static uint8_t scale_bits(uint8_t scale)
{
    return scale == 8 ? 3 : scale == 4 ? 2 : scale == 2 ? 1 : 0;
}

void emit_modrm_mem(struct emit *e, int reg, const struct host_mem *m)
{
    bool sib = m->index != NO_REG || m->base == NO_REG || (m->base & 7) == 4;
    uint8_t mod = 2;
    if (m->base == NO_REG)
        mod = 0;
    else if (m->disp == 0 && (m->base & 7) != 5)
        mod = 0;
    else if (m->disp >= -128 && m->disp <= 127)
        mod = 1;
    if (sib) {
        int index = m->index == NO_REG ? 4 : m->index & 7;
        int base = m->base == NO_REG ? 5 : m->base & 7;
        modrm(e, mod, reg, 4);
        emit_byte(e, (uint8_t)(scale_bits(m->scale) << 6 | index << 3 | base));
    } else {
        modrm(e, mod, reg, m->base);
    }
    if (mod == 1)
        emit_byte(e, (uint8_t)m->disp);
    else if (mod == 2 || m->base == NO_REG)
        emit_u32(e, (uint32_t)m->disp);
}

struct host_mem emit_mem(int base, int32_t disp)
{
    return (struct host_mem){.base = (int8_t)base, .index = NO_REG, .scale = 1, .disp = disp};
}

struct host_mem emit_state(size_t offset)
{
    return emit_mem(HOST_STATE, (int32_t)offset);
}

struct host_mem emit_guest(int reg, int32_t disp)
{
    return (struct host_mem){.base = (int8_t)reg, .index = HOST_WINDOW, .scale = 1, .disp = disp};
}

static void op_mem(struct emit *e, int wide, uint8_t opcode, int reg, const struct host_mem *m)
{
    uint8_t rex =
        (uint8_t)(0x40 | wide << 3 | (reg >> 3 & 1) << 2 |
                  (m->index >= 8 && m->index != NO_REG) << 1 | (m->base >= 8 && m->base != NO_REG));
    if (rex != 0x40)
        emit_byte(e, rex);
    emit_byte(e, opcode);
    emit_modrm_mem(e, reg, m);
}

static void op_reg(struct emit *e, int wide, uint8_t opcode, int reg, int rm)
{
    uint8_t rex = (uint8_t)(0x40 | wide << 3 | (reg >> 3 & 1) << 2 | (rm >> 3 & 1));
    if (rex != 0x40)
        emit_byte(e, rex);
    emit_byte(e, opcode);
    modrm(e, 3, reg, rm);
}

static void changes(struct emit *e, int reg)
{
    if (reg == HOST_SCRATCH)
        e->holds = HOLDS_NOTHING;
}

void emit_mov(struct emit *e, int to, int from)
{
    if (to == from)
        return;
    changes(e, to);
    op_reg(e, 1, 0x89, from, to);
}

void emit_mov32(struct emit *e, int to, int from)
{
    changes(e, to);
    op_reg(e, 0, 0x89, from, to);
}

void emit_load(struct emit *e, int to, struct host_mem m)
{
    changes(e, to);
    op_mem(e, 1, 0x8b, to, &m);
}

void emit_load32(struct emit *e, int to, struct host_mem m)
{
    changes(e, to);
    op_mem(e, 0, 0x8b, to, &m);
}

void emit_store(struct emit *e, struct host_mem m, int from)
{
    op_mem(e, 1, 0x89, from, &m);
}

void emit_store32(struct emit *e, struct host_mem m, int from)
{
    op_mem(e, 0, 0x89, from, &m);
}

void emit_load16(struct emit *e, int to, struct host_mem m)
{
    emit_byte(e, 0x66);
    emit_load32(e, to, m);
}

void emit_store16(struct emit *e, struct host_mem m, int from)
{
    emit_byte(e, 0x66);
    emit_store32(e, m, from);
}

void emit_store_imm32(struct emit *e, struct host_mem m, int32_t imm)
{
    op_mem(e, 1, 0xc7, 0, &m);
    emit_u32(e, (uint32_t)imm);
}

void emit_lea(struct emit *e, int to, struct host_mem m)
{
    if (m.index == NO_REG && m.disp == 0 && m.base != NO_REG) {
        emit_mov(e, to, m.base);
        return;
    }
    changes(e, to);
    op_mem(e, 1, 0x8d, to, &m);
}

void emit_lea32(struct emit *e, int to, struct host_mem m)
{
    changes(e, to);
    op_mem(e, 0, 0x8d, to, &m);
}

void emit_imm(struct emit *e, int to, uint64_t value)
{
    changes(e, to);
    if (value <= UINT32_MAX) {
        if (to >= 8)
            emit_byte(e, 0x41);
        emit_byte(e, (uint8_t)(0xb8 | (to & 7)));
        emit_u32(e, (uint32_t)value);
    } else if (value >= 0xffffffff80000000u) {
        op_reg(e, 1, 0xc7, 0, to);
        emit_u32(e, (uint32_t)value);
    } else {
        emit_byte(e, (uint8_t)(0x48 | (to >= 8)));
        emit_byte(e, (uint8_t)(0xb8 | (to & 7)));
        emit_u64(e, value);
    }
}

void emit_not(struct emit *e, int reg)
{
    changes(e, reg);
    op_reg(e, 1, 0xf7, 2, reg);
}

void emit_movzx16(struct emit *e, int to, int from)
{
    changes(e, to);
    uint8_t rex = (uint8_t)(0x40 | (to >= 8) << 2 | (from >= 8));
    if (rex != 0x40)
        emit_byte(e, rex);
    emit_byte(e, 0x0f);
    emit_byte(e, 0xb7);
    modrm(e, 3, to, from);
}

void emit_jmp_mem(struct emit *e, struct host_mem m)
{
    op_mem(e, 0, 0xff, 4, &m);
}

void emit_call_mem(struct emit *e, struct host_mem m)
{
    op_mem(e, 0, 0xff, 2, &m);
}

void emit_nop(struct emit *e, size_t n)
{
    static const uint8_t nops[9][9] = {
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40, 0x00},
        {0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
        {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    };
    while (n > 0) {
        size_t k = n > 9 ? 9 : n;
        emit_bytes(e, nops[k - 1], k);
        n -= k;
    }
}

void emit_align_patch(struct emit *e, size_t skip)
{
    size_t in = (e->n + skip) & 7;
    if (in > 4)
        emit_nop(e, 8 - in);
}
