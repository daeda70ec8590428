/*
 * Classic BPF: programs that look at data and give a number. They are checked before they run, as
 * Linux does (bpf(2) calls them classic, and Documentation/networking/filter.rst describes them),
 * so that each run ends after at most as many instructions as there are.
 *
 * Nothing here knows sockets: what data and what is known beside it, the caller says. No locks, no
 * memory.
 */
#ifndef RUNTIME_NET_BPF_H
#define RUNTIME_NET_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/abi/filter.h"

/* Whether a program of so many instructions may run. */
bool bpf_check(const struct l_sock_filter *code, size_t count);

struct bpf_data {
    void *arg;
    uint32_t length; /* that BPF_LEN tells */
    /* `size` (1, 2 or 4) bytes at an offset, as one number, the first byte being the highest. The
     * offset may be any; false: there is no such data, and the program ends with 0. */
    bool (*load)(void *arg, uint32_t offset, unsigned size, uint32_t *value);
    /* What is known beside the data: L_SKF_AD_*, but for L_SKF_AD_ALU_XOR_X; x is the register. */
    uint32_t (*known)(void *arg, uint32_t what, uint32_t a, uint32_t x);
};

/* Runs a program that was checked. */
uint32_t bpf_run(const struct l_sock_filter *code, const struct bpf_data *data);

/* A load from bytes that lie there: for struct bpf_data. */
bool bpf_load_bytes(const uint8_t *bytes, size_t n, uint32_t offset, unsigned size,
                    uint32_t *value);

#endif
