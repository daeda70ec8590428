/* Rows that never leave the program: what the translator alone costs. */
#include "row.h"

#include <math.h>
#include <stdlib.h>

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void integer_mix(void)
{
    uint64_t a = 88172645463325252u, sum = 0;
    for (int i = 0; i < 60000000; i++) {
        uint64_t r = next_random(&a);
        sum += r & 1 ? r * 31 : r / 7;
        sum ^= sum >> 9;
    }
    row_sink = sum;
}

static __attribute__((noinline)) unsigned int fibonacci(unsigned int n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static void calls(void)
{
    row_sink = fibonacci(39);
}

/* A byte-code machine, dispatched by a switch. */
static void switch_dispatch(void)
{
    unsigned char code[256];
    uint64_t state = 1, accumulator = 0;
    for (int i = 0; i < 256; i++)
        code[i] = next_random(&state) % 8;
    for (int round = 0; round < 400000; round++) {
        for (int i = 0; i < 256; i++) {
            switch (code[i]) {
            case 0:
                accumulator += i;
                break;
            case 1:
                accumulator -= round;
                break;
            case 2:
                accumulator ^= 0x5555;
                break;
            case 3:
                accumulator *= 3;
                break;
            case 4:
                accumulator >>= 1;
                break;
            case 5:
                accumulator |= 1;
                break;
            case 6:
                accumulator = ~accumulator;
                break;
            default:
                accumulator += accumulator << 4;
                break;
            }
        }
    }
    row_sink = accumulator;
}

static __attribute__((noinline)) uint64_t add(uint64_t a, uint64_t b)
{
    return a + b;
}

static __attribute__((noinline)) uint64_t subtract(uint64_t a, uint64_t b)
{
    return a - b;
}

static __attribute__((noinline)) uint64_t exclusive(uint64_t a, uint64_t b)
{
    return a ^ b;
}

static __attribute__((noinline)) uint64_t rotate(uint64_t a, uint64_t b)
{
    return a << (b & 63) | a >> (-b & 63);
}

static void indirect_calls(void)
{
    static uint64_t (*volatile operations[4])(uint64_t, uint64_t) = {add, subtract, exclusive,
                                                                     rotate};
    uint64_t state = 1, sum = 0;
    for (int i = 0; i < 60000000; i++)
        sum = operations[next_random(&state) >> 20 & (i & 1024 ? 3 : 1)](sum, i);
    row_sink = sum;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void sort(void)
{
    enum { COUNT = 1500000 };
    uint64_t *numbers = malloc(COUNT * sizeof(*numbers)), state = 1;
    for (int i = 0; i < COUNT; i++)
        numbers[i] = next_random(&state);
    qsort(numbers, COUNT, sizeof(*numbers), compare);
    row_sink = numbers[COUNT / 2];
    free(numbers);
}

static void hash(void)
{
    static unsigned char text[65536];
    uint64_t state = 1, sum = 0xcbf29ce484222325u;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = next_random(&state);
    for (int round = 0; round < 3000; round++)
        for (size_t i = 0; i < sizeof(text); i++)
            sum = (sum ^ text[i]) * 0x100000001b3u;
    row_sink = sum;
}

static void floating(void)
{
    double x = 0.5, sum = 0;
    for (int i = 1; i < 8000000; i++) {
        x = 3.99 * x * (1 - x);
        sum += sqrt(x) + x / i + sin(x);
    }
    row_sink = (uint64_t)(sum * 1000);
}

int main(int argc, char **argv)
{
    static const struct row rows[] = {
        {"integer", integer_mix},     {"calls", calls}, {"switch", switch_dispatch},
        {"indirect", indirect_calls}, {"sort", sort},   {"hash", hash},
        {"float", floating},          {NULL, NULL},
    };
    return rows_main(rows, argc, argv);
}
