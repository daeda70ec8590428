/* Classic BPF. */
#include "runtime/net/bpf.h"

/* --- the check --- */

static bool alu_is_known(uint16_t code)
{
    uint16_t op = L_BPF_OP(code);
    if (op == L_BPF_NEG)
        return code == (L_BPF_ALU | L_BPF_NEG);
    return op <= L_BPF_XOR;
}

static bool is_known(uint16_t code)
{
    if (code > UINT8_MAX)
        return false;
    uint16_t size = L_BPF_SIZE(code), mode = L_BPF_MODE(code), op = L_BPF_OP(code);
    switch (L_BPF_CLASS(code)) {
    case L_BPF_LD:
        if (mode == L_BPF_ABS || mode == L_BPF_IND)
            return size <= L_BPF_B;
        return size == L_BPF_W && (mode == L_BPF_IMM || mode == L_BPF_MEM || mode == L_BPF_LEN);
    case L_BPF_LDX:
        if (mode == L_BPF_MSH)
            return size == L_BPF_B;
        return size == L_BPF_W && (mode == L_BPF_IMM || mode == L_BPF_MEM || mode == L_BPF_LEN);
    case L_BPF_ST:
        return code == L_BPF_ST;
    case L_BPF_STX:
        return code == L_BPF_STX;
    case L_BPF_ALU:
        return alu_is_known(code);
    case L_BPF_JMP:
        return op == L_BPF_JA ? code == (L_BPF_JMP | L_BPF_JA) : op <= L_BPF_JSET;
    case L_BPF_RET:
        return code == (L_BPF_RET | L_BPF_K) || code == (L_BPF_RET | L_BPF_A);
    default:
        return code == (L_BPF_MISC | L_BPF_TAX) || code == (L_BPF_MISC | L_BPF_TXA);
    }
}

static bool is_constant_alu(uint16_t code, uint16_t op)
{
    return code == (L_BPF_ALU | op | L_BPF_K);
}

/* One instruction, `left` of which follow it. */
static bool operands_are_right(const struct l_sock_filter *f, size_t left)
{
    uint16_t class = L_BPF_CLASS(f->code), mode = L_BPF_MODE(f->code);
    if (is_constant_alu(f->code, L_BPF_DIV) || is_constant_alu(f->code, L_BPF_MOD))
        return f->k != 0;
    if (is_constant_alu(f->code, L_BPF_LSH) || is_constant_alu(f->code, L_BPF_RSH))
        return f->k < 32;
    if (class == L_BPF_ST || class == L_BPF_STX ||
        ((class == L_BPF_LD || class == L_BPF_LDX) && mode == L_BPF_MEM))
        return f->k < L_BPF_MEMWORDS;
    if (class == L_BPF_LD && mode == L_BPF_ABS && f->k >= L_SKF_AD_OFF)
        return f->k - L_SKF_AD_OFF < L_SKF_AD_MAX && f->k % 4 == 0;
    if (f->code == (L_BPF_JMP | L_BPF_JA))
        return f->k < left;
    if (class == L_BPF_JMP)
        return f->jt < left && f->jf < left;
    return true;
}

/* No cell of memory is read that was not written on every way that leads there. valid: of the
 * instruction at hand; reach: of each, by all jumps that lead to it. */
static bool memory_is_written(const struct l_sock_filter *code, size_t count)
{
    uint16_t reach[L_BPF_MAXINSNS], valid = 0;
    for (size_t i = 0; i < count; i++)
        reach[i] = UINT16_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct l_sock_filter *f = &code[i];
        uint16_t class = L_BPF_CLASS(f->code);
        valid &= reach[i];
        if (class == L_BPF_ST || class == L_BPF_STX) {
            valid |= (uint16_t)(1u << f->k);
        } else if ((class == L_BPF_LD || class == L_BPF_LDX) && L_BPF_MODE(f->code) == L_BPF_MEM) {
            if (!(valid & 1u << f->k))
                return false;
        } else if (f->code == (L_BPF_JMP | L_BPF_JA)) {
            reach[i + 1 + f->k] &= valid;
            valid = UINT16_MAX;
        } else if (class == L_BPF_JMP) {
            reach[i + 1 + f->jt] &= valid;
            reach[i + 1 + f->jf] &= valid;
            valid = UINT16_MAX;
        }
    }
    return true;
}

bool bpf_check(const struct l_sock_filter *code, size_t count)
{
    if (!count || count > L_BPF_MAXINSNS)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!is_known(code[i].code) || !operands_are_right(&code[i], count - i - 1))
            return false;
    }
    return L_BPF_CLASS(code[count - 1].code) == L_BPF_RET && memory_is_written(code, count);
}

/* --- running --- */

bool bpf_load_bytes(const uint8_t *bytes, size_t n, uint32_t offset, unsigned size, uint32_t *value)
{
    if (offset > n || n - offset < size)
        return false;
    *value = 0;
    for (unsigned i = 0; i < size; i++)
        *value = *value << 8 | bytes[offset + i];
    return true;
}

static unsigned bytes_of(uint16_t code)
{
    return L_BPF_SIZE(code) == L_BPF_W ? 4 : L_BPF_SIZE(code) == L_BPF_H ? 2 : 1;
}

/* False: the program ends. */
static bool compute(uint16_t op, uint32_t *a, uint32_t operand)
{
    switch (op) {
    case L_BPF_ADD:
        *a += operand;
        break;
    case L_BPF_SUB:
        *a -= operand;
        break;
    case L_BPF_MUL:
        *a *= operand;
        break;
    case L_BPF_DIV:
    case L_BPF_MOD:
        if (!operand)
            return false;
        *a = op == L_BPF_DIV ? *a / operand : *a % operand;
        break;
    case L_BPF_OR:
        *a |= operand;
        break;
    case L_BPF_AND:
        *a &= operand;
        break;
    case L_BPF_XOR:
        *a ^= operand;
        break;
    case L_BPF_LSH: /* of a register as x86 shifts: by the lowest five bits */
        *a <<= operand & 31;
        break;
    case L_BPF_RSH:
        *a >>= operand & 31;
        break;
    case L_BPF_NEG:
        *a = -*a;
        break;
    }
    return true;
}

static bool jumps(uint16_t op, uint32_t a, uint32_t operand)
{
    switch (op) {
    case L_BPF_JEQ:
        return a == operand;
    case L_BPF_JGT:
        return a > operand;
    case L_BPF_JGE:
        return a >= operand;
    default:
        return (a & operand) != 0;
    }
}

struct machine {
    uint32_t a, x, memory[L_BPF_MEMWORDS];
};

/* False: there is no such data. */
static bool load(struct machine *m, const struct l_sock_filter *f, const struct bpf_data *data)
{
    switch (L_BPF_MODE(f->code)) {
    case L_BPF_IMM:
        m->a = f->k;
        return true;
    case L_BPF_MEM:
        m->a = m->memory[f->k];
        return true;
    case L_BPF_LEN:
        m->a = data->length;
        return true;
    case L_BPF_ABS:
        if (f->k == L_SKF_AD_OFF + L_SKF_AD_ALU_XOR_X)
            m->a ^= m->x;
        else if (f->k >= L_SKF_AD_OFF)
            m->a = data->known(data->arg, f->k - L_SKF_AD_OFF, m->a, m->x);
        else
            return data->load(data->arg, f->k, bytes_of(f->code), &m->a);
        return true;
    default: /* L_BPF_IND */
        return data->load(data->arg, m->x + f->k, bytes_of(f->code), &m->a);
    }
}

static bool load_x(struct machine *m, const struct l_sock_filter *f, const struct bpf_data *data)
{
    switch (L_BPF_MODE(f->code)) {
    case L_BPF_IMM:
        m->x = f->k;
        return true;
    case L_BPF_MEM:
        m->x = m->memory[f->k];
        return true;
    case L_BPF_LEN:
        m->x = data->length;
        return true;
    default: /* L_BPF_MSH: the length of a header of IPv4 */
        if (!data->load(data->arg, f->k, 1, &m->x))
            return false;
        m->x = (m->x & 15) * 4;
        return true;
    }
}

uint32_t bpf_run(const struct l_sock_filter *code, const struct bpf_data *data)
{
    struct machine m = {0};
    for (const struct l_sock_filter *f = code;; f++) {
        uint32_t operand = f->code & L_BPF_X ? m.x : f->k;
        bool going = true;
        switch (L_BPF_CLASS(f->code)) {
        case L_BPF_LD:
            going = load(&m, f, data);
            break;
        case L_BPF_LDX:
            going = load_x(&m, f, data);
            break;
        case L_BPF_ST:
            m.memory[f->k] = m.a;
            break;
        case L_BPF_STX:
            m.memory[f->k] = m.x;
            break;
        case L_BPF_ALU:
            going = compute(L_BPF_OP(f->code), &m.a, operand);
            break;
        case L_BPF_JMP:
            if (L_BPF_OP(f->code) == L_BPF_JA)
                f += f->k;
            else
                f += jumps(L_BPF_OP(f->code), m.a, operand) ? f->jt : f->jf;
            break;
        case L_BPF_RET:
            return f->code & L_BPF_A ? m.a : f->k;
        default:
            *(f->code & L_BPF_TXA ? &m.a : &m.x) = f->code & L_BPF_TXA ? m.x : m.a;
            break;
        }
        if (!going)
            return 0;
    }
}
