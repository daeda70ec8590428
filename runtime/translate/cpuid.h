/* The processor as a guest sees it. */
#ifndef RUNTIME_TRANSLATE_CPUID_H
#define RUNTIME_TRANSLATE_CPUID_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/translate/cpu.h"

/* Reads the host's processor. 0, or -1 when it lacks XSAVE or SSE4.2. Once, before cpu_cpuid. */
int cpuid_init(void);

/* The host's XCR0 restricted to what a guest may have: 7, or 3 without AVX. */
uint64_t cpuid_xcr0(void);

/* Whether XGETBV with ecx = 1 tells which components are not in their initial state (leaf 0xD). */
bool cpuid_xgetbv1(void);

/* Whether `loop` is one operation like other jumps, as on AMD's processors and their kin; Intel's
 * take seven (Agner Fog, Instruction tables). */
bool cpuid_quick_loop(void);

#endif
