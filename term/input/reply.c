/* Bytes to the program: answers, with the controls in the form that it has asked for. */
#include "term/input/reply.h"

#include <stdarg.h>
#include <stdio.h>

void send_bytes(struct term *t, const char *bytes, size_t n)
{
    if (n > 0)
        t->callbacks.write(t->context, bytes, n);
}

void reply(struct term *t, const char *format, ...)
{
    char text[4096];
    char out[sizeof(text) + 2];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length <= 0 || (size_t)length >= sizeof(text))
        return;
    size_t n = 0;
    for (int i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        bool edge = i == 0 || i == length - 1;
        if (edge && byte >= 0x80 && byte < 0xa0 && !t->c1_8bit) {
            out[n++] = 0x1b;
            byte -= 0x40;
        }
        out[n++] = (char)byte;
    }
    send_bytes(t, out, n);
}
