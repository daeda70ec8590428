/* The names of colours that X11 knows (see term/vt/color_names.py). */
#ifndef TERM_VT_COLOR_NAMES_H
#define TERM_VT_COLOR_NAMES_H

#include <stdint.h>

#define COLOR_NAMES 676

/* In the order of strcmp, in small letters without blanks. */
extern const struct color_name {
    const char *name;
    uint32_t color;
} color_names[COLOR_NAMES];

#endif
