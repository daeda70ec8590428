/*
 * Selectors and descriptors as a 64-bit Linux process sees them: what a load of a segment register
 * does, and what lar, lsl, verr and verw answer. The host's segment registers are never loaded, its
 * tables never asked.
 */
#ifndef RUNTIME_TRANSLATE_SELECTOR_H
#define RUNTIME_TRANSLATE_SELECTOR_H

#include <stdbool.h>

#include "runtime/translate/cpu.h"

enum selector_use {
    SELECTOR_LOAD,
    SELECTOR_LAR,
    SELECTOR_LSL,
    SELECTOR_VERR,
    SELECTOR_VERW,
    SELECTOR_REFUSE
};

/* What TRAP_SELECTOR finds in helper_detail. */
#define SELECTOR_USE(detail)      ((enum selector_use)((detail)&15))
#define SELECTOR_SEGMENT(detail)  ((detail) >> 4 & 15)  /* LOAD: which segment register */
#define SELECTOR_REGISTER(detail) ((detail) >> 8 & 15)  /* a general register that is set too: */
#define SELECTOR_SIZE(detail)     ((detail) >> 12 & 15) /* its bytes, 0 for none (LOAD) */
#define SELECTOR_LENGTH(detail)   ((detail) >> 16 & 15) /* of the instruction */
#define SELECTOR_POP(detail)      ((detail) >> 20 & 15) /* added to rsp */

/* Executes the instruction at rip, whose selector is in helper_value (its low 16 bits; the register
 * of a far pointer gets helper_offset), and steps over it. False: it faults, `fault` is filled and
 * nothing has changed. */
bool selector_answer(struct cpu *cpu);

/* Whether far pointers may have offsets of 64 bits, which AMD's processors lack. */
bool selector_wide_pointers(void);

#endif
