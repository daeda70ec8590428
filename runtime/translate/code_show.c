/* Guest code beside its translation. */
#include "runtime/translate/code_show.h"

#include <stdio.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/host/heap.h"
#include "runtime/translate/xlate.h"

#define TEXT_SIZE 160

struct show {
    struct xlate x;
    uint8_t buffer[XLATE_CODE_MAX];
    uint16_t begins[XLATE_INSN_MAX + 1];
    void (*line)(void *arg, const char *guest, const char *host);
    void *arg;
};

/* One instruction as text; its length, at least 1. */
static size_t format(const uint8_t *code, size_t n, uint64_t pc, char text[TEXT_SIZE])
{
    ZydisFormatter formatter;
    ZydisDecoder decoder;
    ZydisDecodedInstruction in;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    int at = snprintf(text, TEXT_SIZE, "%llx  ", (unsigned long long)pc);
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, n, &in, operands))) {
        snprintf(text + at, (size_t)(TEXT_SIZE - at), "(0x%02x)", code[0]);
        return 1;
    }
    ZydisFormatterFormatInstruction(&formatter, &in, operands, in.operand_count_visible, text + at,
                                    (ZyanUSize)(TEXT_SIZE - at), pc, NULL);
    return in.length;
}

/* The host's instructions from *at on that begin before the offset `to`. */
static void show_host(struct show *s, size_t *at, size_t to)
{
    char text[TEXT_SIZE + 32];
    while (*at < to) {
        size_t length = format(s->buffer + *at, s->x.e.n - *at, *at, text);
        for (size_t i = 0; i < s->x.exit_count; i++)
            if (s->x.exits[i].patch >= *at && s->x.exits[i].patch < *at + length)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), " -> %llx",
                         (unsigned long long)s->x.exits[i].target);
        s->line(s->arg, "", text);
        *at += length;
    }
}

static void show_block(struct show *s, const uint8_t *code, size_t size)
{
    char text[TEXT_SIZE];
    size_t host = 0, i = 0;
    show_host(s, &host, s->begins[0]);
    for (size_t at = 0; at < size; i++) {
        size_t length = format(code + at, size - at, s->x.start + at, text);
        s->line(s->arg, text, "");
        show_host(s, &host, s->begins[i + 1]);
        at += length;
    }
    show_host(s, &host, s->x.e.n);
}

int code_show(const uint8_t *code, size_t n, uint64_t pc,
              void (*line)(void *arg, const char *guest, const char *host), void *arg)
{
    struct show *s = malloc(sizeof(*s));
    if (!s)
        return -L_ENOMEM;
    s->line = line;
    s->arg = arg;
    for (size_t at = 0; at < n;) {
        memset(&s->x, 0, sizeof(s->x));
        s->x.e.buf = s->buffer;
        s->x.e.cap = sizeof(s->buffer);
        s->x.start = pc + at;
        s->x.limit_high = (uint64_t)1 << 47;
        s->x.bare = at > 0;
        s->x.begins = s->begins;
        size_t given = n - at < XLATE_GUEST_MAX ? n - at : XLATE_GUEST_MAX;
        size_t size = xlate_block(&s->x, code + at, given);
        if (!size || s->x.e.full)
            break;
        if (at)
            line(arg, "", "");
        show_block(s, code + at, size < given ? size : given);
        at += size;
    }
    free(s);
    return 0;
}
