/* Guest instructions taken apart. */
#include "runtime/translate/decode.h"

#include <string.h>

#include "runtime/translate/cpuid.h"

static ZydisDecoder decoder;
static bool isa_allowed[ZYDIS_ISA_SET_MAX_VALUE + 1];

static const uint16_t isa_base[] = {
    ZYDIS_ISA_SET_CET,         ZYDIS_ISA_SET_CLFSH,        ZYDIS_ISA_SET_CMOV,
    ZYDIS_ISA_SET_FAT_NOP,     ZYDIS_ISA_SET_FCMOV,        ZYDIS_ISA_SET_FXSAVE,
    ZYDIS_ISA_SET_FXSAVE64,    ZYDIS_ISA_SET_I186,         ZYDIS_ISA_SET_I286PROTECTED,
    ZYDIS_ISA_SET_I286REAL,    ZYDIS_ISA_SET_I386,         ZYDIS_ISA_SET_I486,
    ZYDIS_ISA_SET_I486REAL,    ZYDIS_ISA_SET_I86,          ZYDIS_ISA_SET_LAHF,
    ZYDIS_ISA_SET_LONGMODE,    ZYDIS_ISA_SET_PAUSE,        ZYDIS_ISA_SET_PENTIUMMMX,
    ZYDIS_ISA_SET_PENTIUMREAL, ZYDIS_ISA_SET_PPRO,         ZYDIS_ISA_SET_PREFETCH_NOP,
    ZYDIS_ISA_SET_SSE,         ZYDIS_ISA_SET_SSE2,         ZYDIS_ISA_SET_SSE2MMX,
    ZYDIS_ISA_SET_SSEMXCSR,    ZYDIS_ISA_SET_SSE_PREFETCH, ZYDIS_ISA_SET_X87,
    ZYDIS_ISA_SET_CLDEMOTE,    ZYDIS_ISA_SET_PREFETCHWT1,
};

/* Instruction sets that depend on a bit of the guest's cpuid. */
static const struct {
    uint16_t isa;
    uint32_t leaf;
    uint8_t word; /* 0 eax, 1 ebx, 2 ecx, 3 edx */
    uint8_t bit;
} isa_optional[] = {
    {ZYDIS_ISA_SET_SSE3, 1, 2, 0},
    {ZYDIS_ISA_SET_SSE3X87, 1, 2, 0},
    {ZYDIS_ISA_SET_PCLMULQDQ, 1, 2, 1},
    {ZYDIS_ISA_SET_SSSE3, 1, 2, 9},
    {ZYDIS_ISA_SET_SSSE3MMX, 1, 2, 9},
    {ZYDIS_ISA_SET_FMA, 1, 2, 12},
    {ZYDIS_ISA_SET_CMPXCHG16B, 1, 2, 13},
    {ZYDIS_ISA_SET_SSE4, 1, 2, 19},
    {ZYDIS_ISA_SET_SSE42, 1, 2, 20},
    {ZYDIS_ISA_SET_MOVBE, 1, 2, 22},
    {ZYDIS_ISA_SET_POPCNT, 1, 2, 23},
    {ZYDIS_ISA_SET_AES, 1, 2, 25},
    {ZYDIS_ISA_SET_XSAVE, 1, 2, 27},
    {ZYDIS_ISA_SET_AVX, 1, 2, 28},
    {ZYDIS_ISA_SET_AVXAES, 1, 2, 28},
    {ZYDIS_ISA_SET_F16C, 1, 2, 29},
    {ZYDIS_ISA_SET_RDRAND, 1, 2, 30},
    {ZYDIS_ISA_SET_BMI1, 7, 1, 3},
    {ZYDIS_ISA_SET_AVX2, 7, 1, 5},
    {ZYDIS_ISA_SET_AVX2GATHER, 7, 1, 5},
    {ZYDIS_ISA_SET_BMI2, 7, 1, 8},
    {ZYDIS_ISA_SET_RDSEED, 7, 1, 18},
    {ZYDIS_ISA_SET_ADOX_ADCX, 7, 1, 19},
    {ZYDIS_ISA_SET_CLFLUSHOPT, 7, 1, 23},
    {ZYDIS_ISA_SET_CLWB, 7, 1, 24},
    {ZYDIS_ISA_SET_SHA, 7, 1, 29},
    {ZYDIS_ISA_SET_GFNI, 7, 2, 8},
    {ZYDIS_ISA_SET_AVX_GFNI, 7, 2, 8},
    {ZYDIS_ISA_SET_VAES, 7, 2, 9},
    {ZYDIS_ISA_SET_VPCLMULQDQ, 7, 2, 10},
    {ZYDIS_ISA_SET_RDPID, 7, 2, 22},
    {ZYDIS_ISA_SET_LZCNT, 0x80000001, 2, 5},
    {ZYDIS_ISA_SET_RDTSCP, 0x80000001, 3, 27},
    {ZYDIS_ISA_SET_XSAVEOPT, 0xd, 0, 0},
    {ZYDIS_ISA_SET_XSAVEC, 0xd, 0, 1},
};

static bool optional_reported(uint32_t leaf, uint8_t word, uint8_t bit)
{
    uint32_t out[4];
    cpu_cpuid(leaf, leaf == 0xd ? 1 : 0, out);
    return out[word] >> bit & 1;
}

void decode_init(void)
{
    uint32_t out[4];
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_CLDEMOTE, ZYAN_FALSE);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_WBNOINVD, ZYAN_FALSE);
    cpu_cpuid(0x80000001, 0, out);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_LZCNT, out[2] >> 5 & 1);
    cpu_cpuid(7, 0, out);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_TZCNT, out[1] >> 3 & 1);
    for (size_t i = 0; i < sizeof isa_base / sizeof *isa_base; i++)
        isa_allowed[isa_base[i]] = true;
    for (size_t i = 0; i < sizeof isa_optional / sizeof *isa_optional; i++)
        if (optional_reported(isa_optional[i].leaf, isa_optional[i].word, isa_optional[i].bit))
            isa_allowed[isa_optional[i].isa] = true;
}

int decode_gpr(ZydisRegister reg)
{
    if (reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_BL)
        return reg - ZYDIS_REGISTER_AL;
    if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH)
        return reg - ZYDIS_REGISTER_AH;
    if (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B)
        return reg - ZYDIS_REGISTER_SPL + 4;
    if (reg >= ZYDIS_REGISTER_AX && reg <= ZYDIS_REGISTER_R15W)
        return reg - ZYDIS_REGISTER_AX;
    if (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_R15D)
        return reg - ZYDIS_REGISTER_EAX;
    if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15)
        return reg - ZYDIS_REGISTER_RAX;
    return -1;
}

static uint8_t scan_prefixes(struct insn *in)
{
    uint8_t i = 0;
    for (;; i++) {
        uint8_t b = in->bytes[i];
        if (b == 0x66)
            in->prefix_66 = true;
        else if (b == 0xf0)
            in->prefix_f0 = true;
        else if (b == 0xf2 || b == 0xf3)
            in->prefix_rep = b;
        else if (b == 0x67)
            in->address32 = true;
        else if (b == 0x64 || b == 0x65)
            in->segment = b;
        else if (b != 0x2e && b != 0x36 && b != 0x3e && b != 0x26 && (b & 0xf0) != 0x40)
            return i;
    }
}

static void take_rex(struct insn *in, uint8_t rex)
{
    in->rex_w = rex & 8;
    in->rex_r = (rex & 4) << 1;
    in->rex_x = (rex & 2) << 2;
    in->rex_b = (rex & 1) << 3;
}

static void take_vex(struct insn *in, const uint8_t *p)
{
    in->vex = true;
    in->rex_r = p[1] & 0x80 ? 0 : 8;
    in->vex_map = 1;
    uint8_t last = p[1];
    if (p[0] == 0xc4) {
        in->rex_x = p[1] & 0x40 ? 0 : 8;
        in->rex_b = p[1] & 0x20 ? 0 : 8;
        in->vex_map = p[1] & 31;
        in->rex_w = p[2] & 0x80;
        last = p[2];
    }
    in->vex_v = ~last >> 3 & 15;
    in->vex_l = last >> 2 & 1;
    in->vex_pp = last & 3;
    in->opcode_at = (uint8_t)(p - in->bytes + (p[0] == 0xc4 ? 3 : 2));
    in->opcode_len = 1;
}

static void take_apart(struct insn *in)
{
    uint8_t at = scan_prefixes(in);
    const uint8_t *p = in->bytes + at;
    if (in->z.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX) {
        take_vex(in, p);
    } else {
        if (at > 0 && (p[-1] & 0xf0) == 0x40)
            take_rex(in, p[-1]);
        in->opcode_at = at;
        in->opcode_len = p[0] != 0x0f ? 1 : (p[1] == 0x38 || p[1] == 0x3a) ? 3 : 2;
    }
    in->opcode = in->bytes[in->opcode_at + in->opcode_len - 1];
    in->has_modrm = in->z.attributes & ZYDIS_ATTRIB_HAS_MODRM;
    uint8_t rest = in->opcode_at + in->opcode_len;
    if (in->has_modrm) {
        uint8_t m = in->bytes[rest];
        in->mod = m >> 6;
        in->reg = m >> 3 & 7;
        in->rm = m & 7;
        rest++;
        if (in->mod != 3 && in->rm == 4)
            rest++;
        rest += in->z.raw.disp.size / 8;
    }
    in->imm_at = rest;
    in->imm_len = in->length - rest;
}

static void set_role(struct reg_role *role, const ZydisDecodedOperand *o)
{
    ZydisRegister r = o->reg.value;
    role->reg = (int8_t)decode_gpr(r);
    role->high = r >= ZYDIS_REGISTER_AH && r <= ZYDIS_REGISTER_BH;
    role->size = (uint8_t)(ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, r));
    role->written = o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
    role->read = (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ) ||
                 (o->actions & ZYDIS_OPERAND_ACTION_CONDWRITE) || role->size < 32;
}

static void note_use(struct insn *in, ZydisRegister r)
{
    int g = decode_gpr(r);
    if (g >= 0)
        in->used |= 1 << g;
}

static void take_register(struct insn *in, const ZydisDecodedOperand *o)
{
    int g = decode_gpr(o->reg.value);
    if (g < 0)
        return;
    note_use(in, o->reg.value);
    if (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
        in->written |= 1 << g;
    if (o->visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT) {
        switch (o->encoding) {
        case ZYDIS_OPERAND_ENCODING_MODRM_REG:
            set_role(&in->role_reg, o);
            return;
        case ZYDIS_OPERAND_ENCODING_MODRM_RM:
            set_role(&in->role_rm, o);
            return;
        case ZYDIS_OPERAND_ENCODING_NDSNDD:
            set_role(&in->role_v, o);
            return;
        case ZYDIS_OPERAND_ENCODING_OPCODE:
            set_role(&in->role_op, o);
            return;
        default:
            break;
        }
    }
    if (g == 1) {
        in->rcx_in |= !!(o->actions & ZYDIS_OPERAND_ACTION_MASK_READ);
        in->rcx_out |= !!(o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE);
    }
}

static void take_operands(struct insn *in)
{
    for (int i = 0; i < in->z.operand_count; i++) {
        const ZydisDecodedOperand *o = &in->op[i];
        if (o->type == ZYDIS_OPERAND_TYPE_REGISTER) {
            take_register(in, o);
        } else if (o->type == ZYDIS_OPERAND_TYPE_MEMORY) {
            note_use(in, o->mem.base);
            note_use(in, o->mem.index);
            if (o->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM) {
                in->mem = o;
                in->mem_vsib = o->mem.type == ZYDIS_MEMOP_TYPE_VSIB;
            }
        }
    }
    /* A source of zero leaves the destination as it was. */
    if (in->mnemonic == ZYDIS_MNEMONIC_BSF || in->mnemonic == ZYDIS_MNEMONIC_BSR)
        in->role_reg.read = true;
    in->no_rex = in->role_reg.high || in->role_rm.high || in->role_op.high;
}

/* What is undefined outside the kernel, or because Linux leaves it switched off, before anybody
 * asks for privileges: hypervisors' and shadow stacks' instructions, those of system management. */
static bool is_off(const ZydisDecodedInstruction *z)
{
    switch (z->meta.isa_set) {
    case ZYDIS_ISA_SET_CET:
        return z->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED;
    case ZYDIS_ISA_SET_KEYLOCKER:
    case ZYDIS_ISA_SET_KEYLOCKER_WIDE:
    case ZYDIS_ISA_SET_MONITOR:
    case ZYDIS_ISA_SET_SGX:
    case ZYDIS_ISA_SET_SMAP:
    case ZYDIS_ISA_SET_SMX:
    case ZYDIS_ISA_SET_SVM:
    case ZYDIS_ISA_SET_VMFUNC:
    case ZYDIS_ISA_SET_VTX:
        return true;
    default:
        return z->mnemonic == ZYDIS_MNEMONIC_RSM;
    }
}

static enum insn_status judge(const struct insn *in)
{
    const ZydisDecodedInstruction *z = &in->z;
    if ((z->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
         z->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX) ||
        is_off(z))
        return INSN_UNDEFINED;
    if (z->mnemonic == ZYDIS_MNEMONIC_IN || z->mnemonic == ZYDIS_MNEMONIC_OUT ||
        z->mnemonic == ZYDIS_MNEMONIC_RDPMC || z->mnemonic == ZYDIS_MNEMONIC_CLI ||
        z->mnemonic == ZYDIS_MNEMONIC_STI || z->mnemonic == ZYDIS_MNEMONIC_LGDT ||
        z->meta.category == ZYDIS_CATEGORY_IOSTRINGOP ||
        (z->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED))
        return INSN_PRIVILEGED;
    if (!isa_allowed[z->meta.isa_set])
        return INSN_UNDEFINED;
    return INSN_OK;
}

enum insn_status decode(struct insn *in, const uint8_t *bytes, size_t n, uint64_t pc)
{
    memset(in, 0, offsetof(struct insn, op));
    memset(&in->bytes, 0, sizeof *in - offsetof(struct insn, bytes));
    ZyanStatus s = ZydisDecoderDecodeFull(&decoder, bytes, n, &in->z, in->op);
    if (s == ZYDIS_STATUS_NO_MORE_DATA)
        return INSN_TRUNCATED;
    if (s == ZYDIS_STATUS_INSTRUCTION_TOO_LONG)
        return INSN_PRIVILEGED; /* #GP as well */
    if (!ZYAN_SUCCESS(s))
        return INSN_UNDEFINED;
    in->bytes = bytes;
    in->length = in->z.length;
    in->next = pc + in->length;
    in->mnemonic = in->z.mnemonic;
    in->role_reg.reg = in->role_rm.reg = in->role_v.reg = in->role_op.reg = -1;
    enum insn_status status = judge(in);
    if (status != INSN_OK)
        return status;
    take_apart(in);
    take_operands(in);
    return INSN_OK;
}
