/* Filters of classic BPF: linux/filter.h, linux/bpf_common.h. */
#ifndef RUNTIME_ABI_FILTER_H
#define RUNTIME_ABI_FILTER_H

#include <stdint.h>

struct l_sock_filter {
    uint16_t code;
    uint8_t jt, jf;
    uint32_t k;
};
_Static_assert(sizeof(struct l_sock_filter) == 8, "sock_filter");

struct l_sock_fprog {
    uint16_t len; /* instructions */
    uint8_t pad[6];
    uint64_t filter;
};
_Static_assert(sizeof(struct l_sock_fprog) == 16, "sock_fprog");

#define L_BPF_MAXINSNS 4096u
#define L_BPF_MEMWORDS 16u

/* code: a class, and what it takes. */
#define L_BPF_CLASS(code) ((code)&0x07)
#define L_BPF_LD          0x00
#define L_BPF_LDX         0x01
#define L_BPF_ST          0x02
#define L_BPF_STX         0x03
#define L_BPF_ALU         0x04
#define L_BPF_JMP         0x05
#define L_BPF_RET         0x06
#define L_BPF_MISC        0x07
#define L_BPF_SIZE(code)  ((code)&0x18)
#define L_BPF_W           0x00
#define L_BPF_H           0x08
#define L_BPF_B           0x10
#define L_BPF_MODE(code)  ((code)&0xe0)
#define L_BPF_IMM         0x00
#define L_BPF_ABS         0x20
#define L_BPF_IND         0x40
#define L_BPF_MEM         0x60
#define L_BPF_LEN         0x80
#define L_BPF_MSH         0xa0
#define L_BPF_OP(code)    ((code)&0xf0)
#define L_BPF_ADD         0x00
#define L_BPF_SUB         0x10
#define L_BPF_MUL         0x20
#define L_BPF_DIV         0x30
#define L_BPF_OR          0x40
#define L_BPF_AND         0x50
#define L_BPF_LSH         0x60
#define L_BPF_RSH         0x70
#define L_BPF_NEG         0x80
#define L_BPF_MOD         0x90
#define L_BPF_XOR         0xa0
#define L_BPF_JA          0x00
#define L_BPF_JEQ         0x10
#define L_BPF_JGT         0x20
#define L_BPF_JGE         0x30
#define L_BPF_JSET        0x40
#define L_BPF_K           0x00
#define L_BPF_X           0x08
#define L_BPF_A           0x10 /* of L_BPF_RET */
#define L_BPF_TAX         0x00
#define L_BPF_TXA         0x80

/* Offsets of L_BPF_ABS that are not of the data: what is known beside it; the network's header and
 * the link's. */
#define L_SKF_AD_OFF              0xfffff000u
#define L_SKF_AD_PROTOCOL         0u
#define L_SKF_AD_PKTTYPE          4u
#define L_SKF_AD_IFINDEX          8u
#define L_SKF_AD_NLATTR           12u
#define L_SKF_AD_NLATTR_NEST      16u
#define L_SKF_AD_MARK             20u
#define L_SKF_AD_QUEUE            24u
#define L_SKF_AD_HATYPE           28u
#define L_SKF_AD_RXHASH           32u
#define L_SKF_AD_CPU              36u
#define L_SKF_AD_ALU_XOR_X        40u
#define L_SKF_AD_VLAN_TAG         44u
#define L_SKF_AD_VLAN_TAG_PRESENT 48u
#define L_SKF_AD_PAY_OFFSET       52u
#define L_SKF_AD_RANDOM           56u
#define L_SKF_AD_VLAN_TPID        60u
#define L_SKF_AD_MAX              64u
#define L_SKF_NET_OFF             0xfff00000u
#define L_SKF_LL_OFF              0xffe00000u

#endif
