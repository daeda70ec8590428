/* Answers to the program. */
#ifndef TERM_INPUT_REPLY_H
#define TERM_INPUT_REPLY_H

#include "term/screen/state.h"

/* Sends printf-style text to the program. "\x9b" and the like at the beginning and "\x9c" at the
 * end stand for C1 controls and go out in the form S7C1T or S8C1T ask for. */
void reply(struct term *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void send_bytes(struct term *t, const char *bytes, size_t n);

#endif
