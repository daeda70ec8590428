/*
 * What runs inside the terminals that terminal.sh compares.
 *
 *   terminal RESULTS flow ROW...   writes 20 MB of each row and asks where the cursor is (DSR);
 *                                  the time until the answer has come. Appends "ROW MEGABYTES/S".
 *   terminal RESULTS shown         fills the screen with red, which terminal.sh waits for
 *   terminal RESULTS lines         100,000 lines of 160 columns
 *   terminal RESULTS keys          shows what is typed
 *
 * Each but the first stays until the terminal closes and appends its name when the terminal has
 * taken everything. Rows: ascii, colour, unicode, lines.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

#define WRITE       65536
#define TIMES       3
#define LONG_ENOUGH 4.0 /* seconds; a slower row is measured once */

static const char *results;

static void say(const char *line)
{
    FILE *f = fopen(results, "a");
    if (!f)
        exit(1);
    fprintf(f, "%s\n", line);
    fclose(f);
}

static void write_all(const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(1, bytes, n < WRITE ? n : WRITE);
        if (done <= 0)
            exit(1);
        bytes += done;
        n -= (size_t)done;
    }
}

/* Returns when the terminal has answered, so has taken everything before. */
static void settle(void)
{
    char c = 0;
    write_all("\033[6n", 4);
    while (c != 'R')
        if (read(0, &c, 1) != 1)
            exit(1);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void flow(const char *row)
{
    double best = 1e9;
    size_t length = text_make(row);
    for (int i = 0; i < TIMES; i++) {
        settle();
        double start = seconds();
        write_all(text, length);
        settle();
        double took = seconds() - start;
        best = took < best ? took : best;
        if (took > LONG_ENOUGH)
            break;
    }
    char result[100];
    snprintf(result, sizeof(result), "%s %.1f", row, (double)length / best / 1e6);
    say(result);
}

static void fill(void)
{
    write_all("\033[41m\033[2J\033[H", 12);
    settle();
}

static void many_lines(void)
{
    static const char letters[] = "etaoin shrdlu cmfwyp vbgkjqxz 0123456789 ETAOIN,.;:()";
    unsigned state = 1;
    for (int i = 0; i < 100000; i++) {
        char line[161];
        for (int k = 0; k < 160; k++) {
            state = state * 1103515245 + 12345;
            line[k] = letters[(state >> 16) % (sizeof(letters) - 1)];
        }
        line[160] = '\n';
        write_all(line, 161);
    }
    settle();
}

int main(int argc, char **argv)
{
    struct termios raw;
    if (argc < 3 || tcgetattr(0, &raw))
        return 2;
    results = argv[1];
    /* Keys and answers are not echoed; output is processed as for any program. */
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(0, TCSANOW, &raw);
    if (!strcmp(argv[2], "flow")) {
        for (int i = 3; i < argc; i++)
            flow(argv[i]);
        say("done");
        return 0;
    }
    if (!strcmp(argv[2], "shown"))
        fill();
    else if (!strcmp(argv[2], "lines"))
        many_lines();
    else
        settle();
    say(argv[2]);
    for (char c; read(0, &c, 1) == 1;)
        write_all(&c, 1);
    return 0;
}
