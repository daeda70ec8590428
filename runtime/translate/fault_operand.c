/* The operand in memory that a host instruction faulted for, where the processor does not say. */
#include "runtime/translate/fault_operand.h"

#include <string.h>

#include "runtime/translate/decode.h"

/* Whether a vector operand in memory has to be aligned to its size, and is refused for that before
 * its address is looked at. */
static bool wants_alignment(const struct insn *in)
{
    switch (in->z.mnemonic) {
    case ZYDIS_MNEMONIC_MOVUPS:
    case ZYDIS_MNEMONIC_MOVUPD:
    case ZYDIS_MNEMONIC_MOVDQU:
    case ZYDIS_MNEMONIC_LDDQU:
    case ZYDIS_MNEMONIC_MASKMOVDQU:
    case ZYDIS_MNEMONIC_PCMPESTRI:
    case ZYDIS_MNEMONIC_PCMPESTRM:
    case ZYDIS_MNEMONIC_PCMPISTRI:
    case ZYDIS_MNEMONIC_PCMPISTRM:
        return false;
    case ZYDIS_MNEMONIC_VMOVAPS:
    case ZYDIS_MNEMONIC_VMOVAPD:
    case ZYDIS_MNEMONIC_VMOVDQA:
    case ZYDIS_MNEMONIC_VMOVNTDQ:
    case ZYDIS_MNEMONIC_VMOVNTPS:
    case ZYDIS_MNEMONIC_VMOVNTPD:
    case ZYDIS_MNEMONIC_VMOVNTDQA:
        return true;
    default:
        return !in->vex && in->z.meta.isa_set != ZYDIS_ISA_SET_SHA;
    }
}

/* What an operand in memory, of that many bytes, has to be a multiple of: else it is #GP. 0: of
 * nothing. */
static uint64_t demanded(const struct insn *in, uint64_t size)
{
    switch (in->z.meta.isa_set) {
    case ZYDIS_ISA_SET_FXSAVE:
    case ZYDIS_ISA_SET_FXSAVE64:
        return 16;
    case ZYDIS_ISA_SET_XSAVE:
    case ZYDIS_ISA_SET_XSAVEC:
    case ZYDIS_ISA_SET_XSAVEOPT:
        return 64;
    default:
        return (size == 16 || size == 32) && wants_alignment(in) ? size : 0;
    }
}

/* What it has to be a multiple of when AC is set: else it is #AC. As AMD's family 25 has it. */
static uint64_t checked(const struct insn *in, uint64_t size)
{
    switch (in->z.mnemonic) {
    case ZYDIS_MNEMONIC_FLDENV:
    case ZYDIS_MNEMONIC_FNSTENV:
    case ZYDIS_MNEMONIC_FRSTOR:
    case ZYDIS_MNEMONIC_FNSAVE:
        return in->prefix_66 ? 2 : 4;
    case ZYDIS_MNEMONIC_MASKMOVDQU:
    case ZYDIS_MNEMONIC_VMASKMOVDQU:
        return 8;
    default:
        break;
    }
    switch (demanded(in, size)) {
    case 16:
        return size == 16 ? 16 : 4; /* fxsave */
    case 64:
        return 1;
    default:
        return size == 32 ? 16 : size == 10 ? 8 : size;
    }
}

/* bt and its like go on from the operand's place to where the bit of their register lies. */
static int64_t bit_distance(const struct cpu *cpu, const struct insn *in)
{
    if (in->op[1].type != ZYDIS_OPERAND_TYPE_REGISTER)
        return 0;
    uint64_t bits = cpu->raw[decode_gpr(in->op[1].reg.value)];
    int64_t bit = in->op[0].size == 16   ? (int16_t)bits
                  : in->op[0].size == 32 ? (int32_t)bits
                                         : (int64_t)bits;
    return (bit & -(int64_t)in->op[0].size) / 8;
}

/* An element of a vector register, extended with its sign. */
static int64_t vector_element(const struct cpu *cpu, ZydisRegister reg, unsigned at, unsigned size)
{
    unsigned n = (unsigned)ZydisRegisterGetId(reg), from = at * size;
    uint64_t present;
    memcpy(&present, cpu->xsave + CPU_XSAVE_HEADER, sizeof present);
    uint8_t bytes[32] = {0};
    if (present & 2)
        memcpy(bytes, cpu->xsave + CPU_XSAVE_XMM + 16 * n, 16);
    if (present & 4)
        memcpy(bytes + 16, cpu->xsave + CPU_XSAVE_YMMH + 16 * n, 16);
    int32_t half;
    int64_t whole;
    memcpy(&half, bytes + from, sizeof half);
    if (size == 4)
        return half;
    memcpy(&whole, bytes + from, sizeof whole);
    return whole;
}

/* Of a gather: where its first element lies whose address is none, from the base on. The mask says
 * by signs which elements it wants. */
static int64_t gather_distance(const struct cpu *cpu, const struct insn *in, uint64_t base)
{
    const ZydisDecodedOperand *o = &in->op[1], *mask = &in->op[2];
    unsigned size = o->element_size / 8u, count = (unsigned)mask->size / o->element_size;
    bool quads = in->z.mnemonic == ZYDIS_MNEMONIC_VGATHERQPS ||
                 in->z.mnemonic == ZYDIS_MNEMONIC_VGATHERQPD ||
                 in->z.mnemonic == ZYDIS_MNEMONIC_VPGATHERQD ||
                 in->z.mnemonic == ZYDIS_MNEMONIC_VPGATHERQQ;
    for (unsigned i = 0; i < count; i++) {
        if (vector_element(cpu, mask->reg.value, i, size) >= 0)
            continue;
        int64_t distance =
            vector_element(cpu, o->mem.index, i, quads ? 8 : 4) * (int64_t)o->mem.scale;
        if (!is_canonical(base + (uint64_t)distance))
            return distance;
    }
    return 0;
}

/* Of a move under a mask: the first element that the mask wants. */
static int64_t masked_distance(const struct cpu *cpu, const struct insn *in, unsigned size)
{
    for (unsigned i = 0; i < (unsigned)in->op[1].size / 8 / size; i++)
        if (vector_element(cpu, in->op[1].reg.value, i, size) < 0)
            return i * (int64_t)size;
    return 0;
}

/* How far from the address that the operand names the access begins; *by_elements: it is one of
 * single elements. */
static int64_t distance_of(const struct cpu *cpu, const struct insn *in,
                           const ZydisDecodedOperand *o, uint64_t address, bool *by_elements)
{
    *by_elements = true;
    switch (in->z.mnemonic) {
    case ZYDIS_MNEMONIC_BT:
    case ZYDIS_MNEMONIC_BTC:
    case ZYDIS_MNEMONIC_BTR:
    case ZYDIS_MNEMONIC_BTS:
        *by_elements = false;
        return bit_distance(cpu, in);
    case ZYDIS_MNEMONIC_VMASKMOVPS:
    case ZYDIS_MNEMONIC_VPMASKMOVD:
        return masked_distance(cpu, in, 4);
    case ZYDIS_MNEMONIC_VMASKMOVPD:
    case ZYDIS_MNEMONIC_VPMASKMOVQ:
        return masked_distance(cpu, in, 8);
    default:
        *by_elements = o->mem.type == ZYDIS_MEMOP_TYPE_VSIB;
        return *by_elements ? gather_distance(cpu, in, address) : 0;
    }
}

static void look_at(const struct cpu *cpu, const struct insn *in, const ZydisDecodedOperand *o,
                    struct fault_operand *operand)
{
    int base = decode_gpr(o->mem.base), index = decode_gpr(o->mem.index);
    uint64_t address = (uint64_t)o->mem.disp.value, size = o->size / 8;
    if (base >= 0)
        address += cpu->raw[base];
    if (index >= 0)
        address += cpu->raw[index] * o->mem.scale;
    bool by_elements;
    operand->address = address + (uint64_t)distance_of(cpu, in, o, address, &by_elements);
    uint64_t unit = demanded(in, size);
    bool odd = address & (checked(in, size) - 1);
    operand->aligned = !unit || !(address & (unit - 1));
    operand->odd = odd && !by_elements;
    /* For fxsave and fxrstor alone, #AC and an address that is not canonical come before. */
    if (size > 32 && unit == 16 &&
        ((operand->odd && (cpu->rflags & CPU_FLAG_AC)) ||
         !is_canonical(operand->address - cpu->window)))
        operand->aligned = true;
    operand->written = o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
}

/* Whether the host or the guest has no such address, or AC forbids it. */
static bool is_refused(const struct cpu *cpu, const struct fault_operand *operand)
{
    return !is_canonical(operand->address) || !is_canonical(operand->address - cpu->window) ||
           ((cpu->rflags & CPU_FLAG_AC) && operand->odd);
}

bool fault_operand(const struct cpu *cpu, struct fault_operand *operand)
{
    bool any = false;
    struct insn in;
    if (decode(&in, (const uint8_t *)cpu->host_rip, 15, cpu->host_rip) != INSN_OK)
        return false;
    /* Of two, movs reads the second first. */
    for (int i = in.z.operand_count - 1; i >= 0; i--) {
        struct fault_operand this;
        if (in.op[i].type != ZYDIS_OPERAND_TYPE_MEMORY)
            continue;
        look_at(cpu, &in, &in.op[i], &this);
        bool refused = is_refused(cpu, &this);
        if (!any || refused)
            *operand = this;
        any = true;
        if (refused)
            break;
    }
    return any;
}
