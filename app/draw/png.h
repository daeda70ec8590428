/* Pictures of the window, for tests. */
#ifndef APP_DRAW_PNG_H
#define APP_DRAW_PNG_H

#include <stddef.h>
#include <stdint.h>

#include "app/draw/canvas.h"

/* The canvas as a PNG file's bytes, uncompressed inside; the caller frees. NULL: no memory. */
uint8_t *png_encode(const struct canvas *canvas, size_t *size);

#endif
