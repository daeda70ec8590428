/* Writes a canvas as PNG, without compression. */
#include "app/draw/png.h"

#include <stdlib.h>
#include <string.h>

#define ADLER_BASE 65521 /* RFC 1950: the largest prime below 65536 */

struct writer {
    uint8_t *bytes;
    size_t at;
    size_t chunk; /* where the present chunk's type begins */
    uint32_t adler_a, adler_b;
};

static uint32_t crc32(const uint8_t *bytes, size_t n)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void put32(struct writer *w, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        w->bytes[w->at++] = (uint8_t)(value >> shift);
}

static void chunk_begin(struct writer *w, const char *type)
{
    w->at += 4;
    w->chunk = w->at;
    memcpy(w->bytes + w->at, type, 4);
    w->at += 4;
}

static void chunk_end(struct writer *w)
{
    size_t end = w->at;
    w->at = w->chunk - 4;
    put32(w, (uint32_t)(end - w->chunk - 4));
    w->at = end;
    put32(w, crc32(w->bytes + w->chunk, end - w->chunk));
}

static void put_data(struct writer *w, uint8_t byte)
{
    w->bytes[w->at++] = byte;
    w->adler_a = (w->adler_a + byte) % ADLER_BASE;
    w->adler_b = (w->adler_b + w->adler_a) % ADLER_BASE;
}

/* One stored block of deflate a row: filter byte 0 and the pixels. */
static void put_row(struct writer *w, const uint32_t *pixels, int width, int last)
{
    uint16_t n = (uint16_t)(1 + 3 * width);
    w->bytes[w->at++] = (uint8_t)last;
    w->bytes[w->at++] = (uint8_t)n;
    w->bytes[w->at++] = (uint8_t)(n >> 8);
    w->bytes[w->at++] = (uint8_t)~n;
    w->bytes[w->at++] = (uint8_t)(~n >> 8);
    put_data(w, 0);
    for (int x = 0; x < width; x++) {
        put_data(w, (uint8_t)(pixels[x] >> 16));
        put_data(w, (uint8_t)(pixels[x] >> 8));
        put_data(w, (uint8_t)pixels[x]);
    }
}

uint8_t *png_encode(const struct canvas *canvas, size_t *size)
{
    int width = canvas->width < 21000 ? canvas->width : 21000;
    size_t row = 6 + 3 * (size_t)width;
    struct writer w = {.bytes = malloc(row * (size_t)canvas->height + 128), .adler_a = 1};
    if (!w.bytes)
        return NULL;
    memcpy(w.bytes, "\211PNG\r\n\032\n", 8);
    w.at = 8;
    chunk_begin(&w, "IHDR");
    put32(&w, (uint32_t)width);
    put32(&w, (uint32_t)canvas->height);
    memcpy(w.bytes + w.at, "\010\002\0\0\0", 5); /* 8 bits, RGB */
    w.at += 5;
    chunk_end(&w);
    chunk_begin(&w, "IDAT");
    w.bytes[w.at++] = 0x78;
    w.bytes[w.at++] = 0x01;
    for (int y = 0; y < canvas->height; y++)
        put_row(&w, canvas->pixels + (ptrdiff_t)y * canvas->stride, width, y == canvas->height - 1);
    put32(&w, w.adler_b << 16 | w.adler_a);
    chunk_end(&w);
    chunk_begin(&w, "IEND");
    chunk_end(&w);
    *size = w.at;
    return w.bytes;
}
