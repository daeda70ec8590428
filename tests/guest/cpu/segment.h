/* The operand forms of segment.S: each loads or stores one value in the thread's segment. */
#ifndef GUEST_SEGMENT_H
#define GUEST_SEGMENT_H
#include <stdint.h>

#define SEGMENT_FORMS 14

/* Reads the 64-bit word at gs:offset with form n (0..SEGMENT_FORMS - 1). */
uint64_t segment_read(uint64_t form, uint64_t offset);
/* Adds one to the word at gs:offset, in a way that depends on the form. */
void segment_add(uint64_t form, uint64_t offset);
#endif
