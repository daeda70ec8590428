/* How well text can be told from what is behind it. */
#include "app/draw/contrast.h"

#include <math.h>

#include "app/draw/canvas.h"

static double linear(uint32_t part)
{
    double value = (part & 255) / 255.0;
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

/* Relative luminance, and what WCAG adds for the light of the room. */
static double light(uint32_t color)
{
    return 0.2126 * linear(color >> 16) + 0.7152 * linear(color >> 8) + 0.0722 * linear(color) +
           0.05;
}

double contrast_ratio(uint32_t a, uint32_t b)
{
    double first = light(a), second = light(b);
    return first > second ? first / second : second / first;
}

uint32_t contrast_raise(uint32_t color, uint32_t behind, double least)
{
    if (contrast_ratio(color, behind) >= least)
        return color;
    double back = light(behind);
    uint32_t end = light(0xffffff) / back > back / light(0) ? 0xffffff : 0;
    uint32_t low = 0, high = 256; /* shares of `end`: too little, enough */
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        double mixed = light(canvas_mix(color, end, middle));
        if ((end ? mixed / back : back / mixed) >= least)
            high = middle;
        else
            low = middle;
    }
    return canvas_mix(color, end, high);
}
