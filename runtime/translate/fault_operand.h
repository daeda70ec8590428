/* What a host instruction was doing to memory when it faulted, where the processor does not say: it
 * gives no address for one that is not canonical, as many are on the host that the guest may name.
 */
#ifndef RUNTIME_TRANSLATE_FAULT_OPERAND_H
#define RUNTIME_TRANSLATE_FAULT_OPERAND_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/translate/cpu.h"

struct fault_operand {
    uint64_t address; /* of the host */
    bool aligned;     /* false: the instruction may have faulted for its alignment first */
    bool odd;         /* not a multiple of its size, which is a fault when AC is set */
    bool written;
};

/* From the instruction at host_rip, raw[] and xsave[] of cpu: the operand whose address is none, or
 * that AC forbids, if there is one; the one that is looked at first, if there are two. False when
 * it has none in memory. */
bool fault_operand(const struct cpu *cpu, struct fault_operand *operand);

/* Whether it is an address at all: bits 47 to 63 are the same. */
static inline bool is_canonical(uint64_t address)
{
    return address + ((uint64_t)1 << 47) < (uint64_t)1 << 48;
}

#endif
