/* Guest code beside its translation, for who works on the translator. */
#ifndef RUNTIME_TRANSLATE_CODE_SHOW_H
#define RUNTIME_TRANSLATE_CODE_SHOW_H

#include <stddef.h>
#include <stdint.h>

/* Translates n bytes of guest code that lie at pc, block by block until they are used up, runs
 * nothing, and calls line for each guest instruction and for each host instruction made of it: one
 * of both texts is empty, and both for a line between blocks. After cpu_init. 0 or -L_ENOMEM. */
int code_show(const uint8_t *code, size_t n, uint64_t pc,
              void (*line)(void *arg, const char *guest, const char *host), void *arg);

#endif
