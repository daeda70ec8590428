/* The rows of terminal.sh: about 20 MB of text each. */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 20000000

static char *text;
static size_t text_length;

static void text_put(const char *more)
{
    size_t n = strlen(more);
    memcpy(text + text_length, more, n);
    text_length += n;
}

static void text_ascii(void)
{
    for (unsigned line = 0; text_length < TEXT_SIZE; line++) {
        for (unsigned i = 0; i < 79; i++)
            text[text_length++] = (char)(' ' + (line * 7 + i) % 95);
        text[text_length++] = '\n';
    }
}

/* A colour of its own for each cell. */
static void text_colour(void)
{
    for (unsigned i = 0; text_length < TEXT_SIZE; i++) {
        char cell[64];
        snprintf(cell, sizeof(cell), "\033[38;2;%u;%u;%um%c", i * 7 % 256, i * 3 % 256, i * 5 % 256,
                 'a' + i % 26);
        text_put(cell);
        if (i % 79 == 78)
            text_put("\n");
    }
    text_put("\033[m");
}

/* Wide, combining and joined characters, emoji. */
static void text_unicode(void)
{
    static const char *const words[] = {
        "日本語の文字", "中文字符測試", "한국어", "e\u0301a\u0308o\u0302",
        "Ελληνικά",     "кириллица",    "😀🎉🚀",    "👩\u200d👩\u200d👧\u200d👦",
        "ñandú ü",      "plain text"};
    for (unsigned i = 0; text_length < TEXT_SIZE; i++) {
        text_put(words[i % 10]);
        text_put(i % 6 == 5 ? "\n" : " ");
    }
}

static void text_lines(void)
{
    while (text_length < TEXT_SIZE)
        text_put("y\n");
}

/* Puts the text of a row into `text`, text_length bytes of it. */
static size_t text_make(const char *row)
{
    if (!text)
        text = malloc(TEXT_SIZE + 1000);
    if (!text)
        exit(1);
    text_length = 0;
    if (!strcmp(row, "ascii"))
        text_ascii();
    else if (!strcmp(row, "colour"))
        text_colour();
    else if (!strcmp(row, "unicode"))
        text_unicode();
    else
        text_lines();
    return text_length;
}

#endif
