/*
 * Instructions that run on the host as they are, with their general registers and their memory
 * operand rewritten: guest rcx is in r10, guest rsp in r8, guest r8, r10 and r11 in the state
 * block.
 */
#include "runtime/translate/xlate.h"

static bool homed(int g)
{
    return g == CPU_R8 || g == CPU_R10 || g == CPU_R11;
}

static struct host_mem slot(int g)
{
    return emit_state(offsetof(struct cpu, gpr) + 8 * (size_t)g);
}

/* Host register of a guest register that has one. */
static int direct(int g)
{
    return g == CPU_RCX ? HOST_GUEST_RCX : g == CPU_RSP ? HOST_GUEST_RSP : g;
}

/* Loads a homed register, unless that is where it is. */
static void load_home(struct xlate *x, int to, int g)
{
    if (to != HOST_SCRATCH) {
        emit_load(&x->e, to, slot(g));
    } else if (x->e.holds != HOLDS_GUEST + g) {
        emit_load(&x->e, to, slot(g));
        x->e.holds = (uint8_t)(HOLDS_GUEST + g);
    }
}

void modrm_read(struct xlate *x, int to, int g)
{
    if (homed(g))
        load_home(x, to, g);
    else
        emit_mov(&x->e, to, direct(g));
}

int modrm_source(struct xlate *x, int g)
{
    if (homed(g))
        modrm_read(x, HOST_SCRATCH, g);
    return homed(g) ? HOST_SCRATCH : direct(g);
}

void modrm_write(struct xlate *x, int g, int from)
{
    modrm_forget(x, (uint16_t)(1 << g));
    if (!homed(g)) {
        emit_mov(&x->e, direct(g), from);
        return;
    }
    emit_store(&x->e, slot(g), from);
    if (from == HOST_SCRATCH)
        x->e.holds = (uint8_t)(HOLDS_GUEST + g);
}

void modrm_forget(struct xlate *x, uint16_t written)
{
    uint8_t holds = x->e.holds;
    if (holds == HOLDS_NOTHING)
        return;
    for (int g = 0; g < 16; g++)
        if ((written >> g & 1) &&
            (holds == HOLDS_GUEST + g || (!homed(g) && holds == HOLDS_WINDOW + direct(g))))
            x->e.holds = HOLDS_NOTHING;
}

int modrm_borrow(struct xlate *x, const struct insn *in, uint16_t avoid, bool low)
{
    static const uint8_t order[] = {CPU_RBX, CPU_RSI, CPU_RDI, CPU_RDX, CPU_RAX, CPU_RBP,
                                    CPU_R9,  CPU_R12, CPU_R13, CPU_R14, CPU_R15};
    uint16_t taken = in->used | avoid | x->borrowed;
    for (size_t i = 0; i < (low ? 6 : sizeof order); i++) {
        int r = order[i];
        if (taken >> r & 1)
            continue;
        emit_store(&x->e, slot(r), r);
        x->borrowed |= 1 << r;
        return r;
    }
    x->e.full = true;
    return CPU_RBX;
}

void modrm_return(struct xlate *x)
{
    for (int r = 0; r < 16; r++)
        if (x->borrowed >> r & 1)
            emit_load(&x->e, r, slot(r));
    x->borrowed = 0;
}

/* --- the memory operand ------------------------------------------------------------------- */

struct ea {
    int base, index; /* host registers or NO_REG */
    uint8_t scale;
    int64_t disp;
};

static bool fits32(int64_t v)
{
    return v >= INT32_MIN && v <= INT32_MAX;
}

/* A displacement that no operand can hold goes into the scratch register. It is an address,
 * relative to rip or of 32 bits, and neither has a base or an index. */
static void settle_disp(struct xlate *x, struct ea *a, int scratch)
{
    if (fits32(a->disp))
        return;
    emit_imm(&x->e, scratch, (uint64_t)a->disp);
    a->base = scratch;
    a->disp = 0;
}

/* Host register for guest base or index g: its own, or scratch loaded from the block. */
static int part(struct xlate *x, int g, int scratch)
{
    if (!homed(g))
        return direct(g);
    load_home(x, scratch, g);
    return scratch;
}

static size_t segment_base(const struct insn *in)
{
    return in->segment == 0x64 ? offsetof(struct cpu, fs_base) : offsetof(struct cpu, gs_base);
}

/* The general case: base and index into scratch and one borrowed register where they are homed. */
static struct ea plain_parts(struct xlate *x, const struct insn *in, int base, int index,
                             uint8_t scale, int64_t disp, int scratch, uint16_t avoid)
{
    struct ea a = {NO_REG, NO_REG, scale, disp};
    if (index < 0) {
        if (base >= 0)
            a.base = part(x, base, scratch);
        return a;
    }
    if (base < 0) {
        a.index = part(x, index, scratch);
        return a;
    }
    if (!homed(index)) {
        a.base = part(x, base, scratch);
        a.index = direct(index);
        return a;
    }
    load_home(x, scratch, index);
    int b = base == index ? scratch : direct(base);
    if (homed(base) && base != index) {
        b = modrm_borrow(x, in, avoid, false);
        emit_load(&x->e, b, slot(base));
    }
    emit_lea(&x->e, scratch,
             (struct host_mem){.base = (int8_t)b, .index = (int8_t)scratch, .scale = scale});
    a.base = scratch;
    return a;
}

static void add_segment(struct xlate *x, const struct insn *in, struct ea *a, int scratch,
                        uint16_t avoid)
{
    if (a->base == NO_REG && a->index == NO_REG) {
        emit_load(&x->e, scratch, emit_state(segment_base(in)));
        a->base = scratch;
        return;
    }
    /* Neither part is the scratch register: the base of the segment goes there, the rest on top. */
    if (a->base != scratch && a->index != scratch) {
        emit_load(&x->e, scratch, emit_state(segment_base(in)));
        if (a->base != NO_REG)
            emit_lea(
                &x->e, scratch,
                (struct host_mem){.base = (int8_t)scratch, .index = (int8_t)a->base, .scale = 1});
    } else {
        int t = modrm_borrow(x, in, avoid, false);
        emit_load(&x->e, t, emit_state(segment_base(in)));
        if (a->base != NO_REG) {
            emit_lea(&x->e, scratch,
                     (struct host_mem){.base = (int8_t)a->base, .index = (int8_t)t, .scale = 1});
        } else {
            emit_lea(
                &x->e, scratch,
                (struct host_mem){.base = (int8_t)t, .index = (int8_t)a->index, .scale = a->scale});
            a->index = NO_REG;
        }
    }
    a->base = scratch;
}

/* The sum of a host register and the window into the scratch register, unless it is there. What
 * guest rsp's register holds moves with folded pushes, and what is borrowed is somebody else's. */
static void add_window(struct xlate *x, int scratch, int base)
{
    uint8_t holds = (uint8_t)(HOLDS_WINDOW + base);
    bool lasts = scratch == HOST_SCRATCH && base != HOST_SCRATCH && base != HOST_GUEST_RSP &&
                 !(x->borrowed >> base & 1);
    if (lasts && x->e.holds == holds)
        return;
    emit_lea(&x->e, scratch,
             (struct host_mem){.base = (int8_t)base, .index = HOST_WINDOW, .scale = 1});
    if (lasts)
        x->e.holds = holds;
}

static struct host_mem with_window(struct xlate *x, struct ea a, int scratch)
{
    struct host_mem m = {.base = (int8_t)a.base,
                         .index = (int8_t)a.index,
                         .scale = a.scale,
                         .disp = (int32_t)a.disp};
    if (a.base == NO_REG) {
        m.base = HOST_WINDOW;
    } else if (a.index == NO_REG) {
        m.index = HOST_WINDOW;
        m.scale = 1;
    } else {
        add_window(x, scratch, a.base);
        m.base = (int8_t)scratch;
    }
    return m;
}

static struct host_mem vector_address(struct xlate *x, const struct insn *in, int base,
                                      int64_t disp, int scratch, uint16_t avoid)
{
    struct ea a = plain_parts(x, in, base, -1, 1, 0, scratch, avoid);
    if (in->segment)
        add_segment(x, in, &a, scratch, avoid);
    struct host_mem m = with_window(x, a, scratch);
    if (m.index != NO_REG) {
        emit_lea(&x->e, scratch, m);
        m = emit_mem(scratch, 0);
    }
    m.index = (int8_t)((in->bytes[in->opcode_at + 2] >> 3 & 7) | in->rex_x);
    m.vector = true;
    m.scale = in->mem->mem.scale;
    m.disp = (int32_t)disp;
    return m;
}

struct host_mem modrm_address(struct xlate *x, const struct insn *in, int scratch, bool window,
                              uint16_t avoid)
{
    const ZydisDecodedOperandMem *mem = &in->mem->mem;
    int base = decode_gpr(mem->base), index = in->mem_vsib ? -1 : decode_gpr(mem->index);
    int64_t disp = mem->disp.has_displacement ? mem->disp.value : 0;
    bool rip = mem->base == ZYDIS_REGISTER_RIP || mem->base == ZYDIS_REGISTER_EIP;
    if (rip)
        disp += (int64_t)in->next;
    if (base == CPU_RSP)
        disp += x->sp;
    if (in->mem_vsib)
        return vector_address(x, in, base, disp, scratch, avoid);
    struct ea a = plain_parts(x, in, base, index, mem->scale, disp, scratch, avoid);
    if (in->address32) {
        if (a.base == NO_REG && a.index == NO_REG) {
            a.disp = (uint32_t)a.disp;
        } else {
            emit_lea32(&x->e, scratch,
                       (struct host_mem){.base = (int8_t)a.base,
                                         .index = (int8_t)a.index,
                                         .scale = a.scale,
                                         .disp = (int32_t)a.disp});
            a = (struct ea){scratch, NO_REG, 1, 0};
        }
    }
    settle_disp(x, &a, scratch);
    if (in->segment && window)
        add_segment(x, in, &a, scratch, avoid);
    struct host_mem m = {.base = (int8_t)a.base,
                         .index = (int8_t)a.index,
                         .scale = a.scale,
                         .disp = (int32_t)a.disp};
    if (window)
        m = with_window(x, a, scratch);
    if (in->no_rex && window) {
        emit_lea(&x->e, scratch, m);
        m = emit_mem(scratch, 0);
    }
    return m;
}

uint8_t modrm_segment(const struct insn *in)
{
    return in->mem && in->mem->mem.segment == ZYDIS_REGISTER_SS ? RECOVERY_STACK : 0;
}

/* --- the instruction ---------------------------------------------------------------------- */

/* Host registers for the encoded fields. */
struct fields {
    int reg, rm, v, op;
    bool rm_mem;
    struct host_mem mem;
};

static bool byte_needs_rex(const struct reg_role *r, int host)
{
    return r->reg >= 0 && r->size == 8 && !r->high && host >= 4;
}

static void put_legacy(struct emit *e, const struct insn *in, const struct fields *f)
{
    uint8_t rex = in->rex_w ? 8 : 0;
    bool force = byte_needs_rex(&in->role_reg, f->reg) || byte_needs_rex(&in->role_op, f->op) ||
                 (!f->rm_mem && byte_needs_rex(&in->role_rm, f->rm));
    rex |= f->reg >= 8 ? 4 : 0;
    if (f->rm_mem) {
        rex |= f->mem.index >= 8 ? 2 : 0;
        rex |= f->mem.base >= 8 ? 1 : 0;
    } else {
        rex |= f->rm >= 8 || f->op >= 8 ? 1 : 0;
    }
    if (in->prefix_f0)
        emit_byte(e, 0xf0);
    if (in->prefix_66)
        emit_byte(e, 0x66);
    if (in->prefix_rep)
        emit_byte(e, in->prefix_rep);
    if (rex || force)
        emit_byte(e, 0x40 | rex);
    emit_bytes(e, in->bytes + in->opcode_at, in->opcode_len - 1);
    emit_byte(e, f->op >= 0 ? (uint8_t)((in->opcode & 0xf8) | (f->op & 7)) : in->opcode);
}

static void put_vex(struct emit *e, const struct insn *in, const struct fields *f)
{
    uint8_t r = f->reg >= 8, x = 0, b = 0;
    if (f->rm_mem) {
        x = f->mem.index >= 8;
        b = f->mem.base >= 8;
    } else {
        b = f->rm >= 8;
    }
    uint8_t tail = (uint8_t)((~f->v & 15) << 3 | in->vex_l << 2 | in->vex_pp);
    if (!x && !b && in->vex_map == 1 && !in->rex_w) {
        emit_byte(e, 0xc5);
        emit_byte(e, (uint8_t)(!r << 7 | tail));
    } else {
        emit_byte(e, 0xc4);
        emit_byte(e, (uint8_t)(!r << 7 | !x << 6 | !b << 5 | in->vex_map));
        emit_byte(e, (uint8_t)(in->rex_w << 7 | tail));
    }
    emit_byte(e, in->opcode);
}

static void put_insn(struct emit *e, const struct insn *in, const struct fields *f)
{
    if (in->vex)
        put_vex(e, in, f);
    else
        put_legacy(e, in, f);
    if (in->has_modrm) {
        if (f->rm_mem)
            emit_modrm_mem(e, f->reg, &f->mem);
        else
            emit_byte(e, (uint8_t)(0xc0 | (f->reg & 7) << 3 | (f->rm & 7)));
    }
    emit_bytes(e, in->bytes + in->imm_at, in->imm_len);
}

/* Opcodes whose register operand in ModRM.rm may as well be the register's memory home. Shifts by
 * more than one are not among them: processors leave other undefined flags for memory. */
static bool rm_may_be_home(const struct insn *in)
{
    const struct reg_role *r = &in->role_rm;
    if (in->vex || in->prefix_f0 || r->reg < 0 || !homed(r->reg))
        return false;
    if (r->written && r->size == 32)
        return false;
    uint8_t o = in->opcode;
    if (in->opcode_len == 1)
        return (o < 0x40 && (o & 7) < 4) || o == 0x63 || o == 0x69 || o == 0x6b || o == 0x80 ||
               o == 0x81 || o == 0x83 || o == 0x84 || o == 0x85 || (o >= 0x88 && o <= 0x8b) ||
               (o & 0xfe) == 0xd0 || o == 0xc6 || o == 0xc7 || o == 0xf6 || o == 0xf7 ||
               o == 0xfe || (o == 0xff && in->reg < 2);
    return in->opcode_len == 2 && ((o >= 0x40 && o < 0x50) || (o >= 0x90 && o < 0xa0) ||
                                   o == 0xaf || o == 0xb6 || o == 0xb7 || o == 0xbe || o == 0xbf);
}

/* Temporaries standing in for guest registers during one instruction. */
struct stand_in {
    int8_t guest, host;
    bool load, store;
};

struct plan {
    struct stand_in in[4];
    int count;
    bool scratch_taken; /* the scratch register is in use for something */
    uint16_t avoid;
};

static bool named_twice(const struct insn *in, int g)
{
    return (in->role_reg.reg == g) + (in->role_rm.reg == g) + (in->role_v.reg == g) > 1;
}

/* Host register for a role: its own one, or a stand-in. */
static int place(struct xlate *x, const struct insn *in, struct plan *p, const struct reg_role *r,
                 bool may_share)
{
    int g = r->reg;
    bool stand = homed(g) || (in->no_rex && direct(g) >= 8);
    if (!stand)
        return r->high ? g + 4 : direct(g);
    for (int i = 0; i < p->count; i++) {
        if (p->in[i].guest == g) {
            p->in[i].load |= r->read;
            p->in[i].store |= r->written;
            return p->in[i].host + (r->high ? 4 : 0);
        }
    }
    struct stand_in *s = &p->in[p->count++];
    s->guest = (int8_t)g;
    s->load = r->read;
    s->store = r->written;
    bool share = may_share && !r->read && !in->rcx_in && !in->rcx_out && !named_twice(in, g);
    if (!p->scratch_taken || share) {
        s->host = HOST_SCRATCH;
        p->scratch_taken = true;
    } else {
        s->host = (int8_t)modrm_borrow(x, in, p->avoid, in->no_rex);
    }
    return s->host + (r->high ? 4 : 0);
}

/* Whether the instruction changes the scratch register in a guest's place. */
static bool stands_written(const struct plan *p)
{
    for (int i = 0; i < p->count; i++)
        if (p->in[i].store && p->in[i].host == HOST_SCRATCH)
            return true;
    return false;
}

static bool address_needs_scratch(const struct insn *in)
{
    const ZydisDecodedOperandMem *m = &in->mem->mem;
    int base = decode_gpr(m->base), index = decode_gpr(m->index);
    if (in->segment || in->address32 || in->no_rex || in->mem_vsib)
        return true;
    if (m->base == ZYDIS_REGISTER_RIP)
        return !fits32((int64_t)in->next + m->disp.value);
    if ((base >= 0 && homed(base)) || (index >= 0 && homed(index)))
        return true;
    return base >= 0 && index >= 0 && in->mnemonic != ZYDIS_MNEMONIC_LEA;
}

static bool may_fault(const struct insn *in)
{
    return in->mem || in->mnemonic == ZYDIS_MNEMONIC_DIV || in->mnemonic == ZYDIS_MNEMONIC_IDIV ||
           in->z.meta.isa_ext != ZYDIS_ISA_EXT_BASE;
}

enum xlate_step modrm_rewrite(struct xlate *x, const struct insn *in)
{
    struct plan p = {.scratch_taken = in->rcx_in || in->rcx_out};
    struct fields f = {
        .reg = in->reg | in->rex_r, .rm = in->rm | in->rex_b, .v = in->vex_v, .op = -1};
    bool lea = in->mnemonic == ZYDIS_MNEMONIC_LEA;
    int scratch = HOST_SCRATCH;
    if (!in->has_modrm)
        f.reg = f.rm = 0;
    if ((in->used >> CPU_RSP & 1) && x->sp) {
        bool names_rsp = in->role_reg.reg == CPU_RSP || in->role_rm.reg == CPU_RSP ||
                         in->role_v.reg == CPU_RSP || in->role_op.reg == CPU_RSP;
        if (names_rsp || in->address32)
            xlate_flush_sp(x);
    }
    if (in->mem && address_needs_scratch(in)) {
        bool low_named = in->no_rex && (in->role_reg.reg == CPU_RCX);
        if (p.scratch_taken || low_named) {
            scratch = modrm_borrow(x, in, p.avoid, in->no_rex);
        } else {
            p.scratch_taken = true;
        }
    }
    if (in->role_rm.reg >= 0 && rm_may_be_home(in)) {
        f.rm_mem = true;
        f.mem = slot(in->role_rm.reg);
    } else if (in->role_rm.reg >= 0) {
        f.rm = place(x, in, &p, &in->role_rm, false);
    }
    if (in->role_reg.reg >= 0)
        f.reg = place(x, in, &p, &in->role_reg, in->mem && scratch == HOST_SCRATCH);
    if (in->role_v.reg >= 0)
        f.v = place(x, in, &p, &in->role_v, false);
    if (in->role_op.reg >= 0)
        f.op = place(x, in, &p, &in->role_op, false);
    if (in->mem) {
        f.rm_mem = true;
        f.mem = modrm_address(x, in, scratch, !lea, p.avoid);
    }
    for (int i = 0; i < p.count; i++)
        if (p.in[i].load)
            modrm_read(x, p.in[i].host, p.in[i].guest);
    if (in->rcx_in)
        emit_mov(&x->e, HOST_SCRATCH, HOST_GUEST_RCX);
    x->last = (uint16_t)x->e.n;
    x->last_rsp = in->used >> CPU_RSP & 1;
    if (may_fault(in))
        xlate_mark(x, modrm_segment(in));
    put_insn(&x->e, in, &f);
    x->last_end = (uint16_t)x->e.n;
    modrm_forget(x, in->written);
    if (in->rcx_out || stands_written(&p))
        x->e.holds = HOLDS_NOTHING;
    for (int i = 0; i < p.count; i++)
        if (p.in[i].store)
            modrm_write(x, p.in[i].guest, p.in[i].host);
    if (in->rcx_out)
        emit_mov(&x->e, HOST_GUEST_RCX, HOST_SCRATCH);
    modrm_return(x);
    return STEP_NEXT;
}
