/* CRC-32C, by table or with the processor's instruction. */
#include "runtime/fs/store/crc32c.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* its bits reversed */
/* The instruction takes three cycles but can begin anew each cycle: three lanes, each so long. */
#define LANE 1024u

/* Filled by whoever comes first; a second one writes the same. */
static _Atomic uint32_t bytes[256];
static _Atomic uint32_t beyond_lane[4][256]; /* a checksum with LANE zeros behind it, by bytes */
static atomic_bool filled;

static uint32_t step(uint32_t crc, uint8_t byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
    return crc;
}

static void fill_tables(void)
{
    uint32_t of_bit[32];
    if (atomic_load_explicit(&filled, memory_order_acquire))
        return;
    for (uint32_t i = 0; i < 256; i++)
        atomic_store_explicit(&bytes[i], step(0, (uint8_t)i), memory_order_relaxed);
    for (int bit = 0; bit < 32; bit++) {
        of_bit[bit] = 1u << bit;
        for (uint32_t i = 0; i < LANE; i++)
            of_bit[bit] = step(of_bit[bit], 0);
    }
    for (int part = 0; part < 4; part++) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t sum = 0;
            for (int bit = 0; bit < 8; bit++)
                sum ^= i >> bit & 1 ? of_bit[part * 8 + bit] : 0;
            atomic_store_explicit(&beyond_lane[part][i], sum, memory_order_relaxed);
        }
    }
    atomic_store_explicit(&filled, true, memory_order_release);
}

uint32_t crc32c_plain(uint32_t crc, const void *data, size_t length)
{
    const uint8_t *from = data;
    fill_tables();
    crc = ~crc;
    while (length--)
        crc = crc >> 8 ^ atomic_load_explicit(&bytes[(crc ^ *from++) & 0xff], memory_order_relaxed);
    return ~crc;
}

static uint32_t skip_lane(uint32_t crc)
{
    uint32_t sum = 0;
    for (int part = 0; part < 4; part++)
        sum ^=
            atomic_load_explicit(&beyond_lane[part][crc >> part * 8 & 0xff], memory_order_relaxed);
    return sum;
}

static uint64_t word_at(const uint8_t *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof(word));
    return word;
}

__attribute__((target("sse4.2"))) static uint32_t
with_instruction(uint32_t crc, const uint8_t *from, size_t length)
{
    uint64_t a = ~crc;
    for (; length >= 3 * LANE; from += 3 * LANE, length -= 3 * LANE) {
        uint64_t b = 0, c = 0;
        for (uint32_t i = 0; i < LANE; i += 8) {
            a = __builtin_ia32_crc32di(a, word_at(from + i));
            b = __builtin_ia32_crc32di(b, word_at(from + LANE + i));
            c = __builtin_ia32_crc32di(c, word_at(from + 2 * LANE + i));
        }
        b ^= skip_lane((uint32_t)a);
        a = c ^ skip_lane((uint32_t)b);
    }
    for (; length >= 8; from += 8, length -= 8)
        a = __builtin_ia32_crc32di(a, word_at(from));
    while (length--)
        a = __builtin_ia32_crc32qi((uint32_t)a, *from++);
    return ~(uint32_t)a;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t length)
{
    if (!__builtin_cpu_supports("sse4.2"))
        return crc32c_plain(crc, data, length);
    fill_tables();
    return with_instruction(crc, data, length);
}
