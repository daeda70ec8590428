/*
 * What a line discipline does, as a table: modes set, bytes typed, what is echoed, what a reader
 * gets. real_pty.c plays it on the host's own kernel to show that the table is right, ldisc.c on
 * ours.
 *
 * Each case starts with a fresh terminal in the initial modes. A step that finds something else
 * than it says fails the case, and at its end nothing unread or unseen may be left.
 */
#ifndef TESTS_UNIT_TTY_CASES_H
#define TESTS_UNIT_TTY_CASES_H

#include "runtime/abi/signal.h"
#include "runtime/abi/termios.h"

enum step_kind {
    STEP_END,
    STEP_IFLAG, /* a: bits to set, b: bits to clear */
    STEP_OFLAG,
    STEP_LFLAG,
    STEP_CC,      /* a: index, b: value */
    STEP_TYPE,    /* the master writes text */
    STEP_FILL,    /* the master writes the one byte of text, a times */
    STEP_SEEN,    /* the master reads exactly text */
    STEP_READ,    /* the slave reads with a buffer of a bytes and gets text */
    STEP_NOTHING, /* a read would wait */
    STEP_COUNT,   /* a read with a buffer of a bytes gives b bytes, whatever they are */
    STEP_WRITE,   /* the slave writes text, all of which is taken */
    STEP_HELD,    /* the slave's write of text takes nothing */
    STEP_INQ,     /* FIONREAD on the slave says a */
    STEP_FLUSH,   /* tcflush(a) on the slave */
    STEP_FLOW,    /* tcflow(a) on the slave */
    STEP_PACKET,  /* packet mode a */
    STEP_STATUS,  /* the master, in packet mode, reads the status byte a alone */
    STEP_SIGNALS, /* a: bit set of the signals made since last asked */
    STEP_POLL,    /* the slave is readable: a */
};

struct step {
    enum step_kind kind;
    uint32_t a, b;
    const char *text;
    uint32_t size;
};

struct tty_case {
    const char *name;
    struct step steps[24];
};

#define IFLAG(set, clear)                                                                          \
    {                                                                                              \
        STEP_IFLAG, set, clear, "", 0                                                              \
    }
#define OFLAG(set, clear)                                                                          \
    {                                                                                              \
        STEP_OFLAG, set, clear, "", 0                                                              \
    }
#define LFLAG(set, clear)                                                                          \
    {                                                                                              \
        STEP_LFLAG, set, clear, "", 0                                                              \
    }
#define CC(index, value)                                                                           \
    {                                                                                              \
        STEP_CC, index, value, "", 0                                                               \
    }
#define TYPE(s)                                                                                    \
    {                                                                                              \
        STEP_TYPE, 0, 0, s, sizeof(s) - 1                                                          \
    }
#define FILL(s, n)                                                                                 \
    {                                                                                              \
        STEP_FILL, n, 0, s, 1                                                                      \
    }
#define SEEN(s)                                                                                    \
    {                                                                                              \
        STEP_SEEN, 0, 0, s, sizeof(s) - 1                                                          \
    }
#define READ(n, s)                                                                                 \
    {                                                                                              \
        STEP_READ, n, 0, s, sizeof(s) - 1                                                          \
    }
#define COUNT(n, got)                                                                              \
    {                                                                                              \
        STEP_COUNT, n, got, "", 0                                                                  \
    }
#define NOTHING                                                                                    \
    {                                                                                              \
        STEP_NOTHING, 0, 0, "", 0                                                                  \
    }
#define WRITE(s)                                                                                   \
    {                                                                                              \
        STEP_WRITE, 0, 0, s, sizeof(s) - 1                                                         \
    }
#define HELD(s)                                                                                    \
    {                                                                                              \
        STEP_HELD, 0, 0, s, sizeof(s) - 1                                                          \
    }
#define INQ(n)                                                                                     \
    {                                                                                              \
        STEP_INQ, n, 0, "", 0                                                                      \
    }
#define FLUSH(n)                                                                                   \
    {                                                                                              \
        STEP_FLUSH, n, 0, "", 0                                                                    \
    }
#define FLOW(n)                                                                                    \
    {                                                                                              \
        STEP_FLOW, n, 0, "", 0                                                                     \
    }
#define PACKET(n)                                                                                  \
    {                                                                                              \
        STEP_PACKET, n, 0, "", 0                                                                   \
    }
#define STATUS(n)                                                                                  \
    {                                                                                              \
        STEP_STATUS, n, 0, "", 0                                                                   \
    }
#define SIGNALS(n)                                                                                 \
    {                                                                                              \
        STEP_SIGNALS, n, 0, "", 0                                                                  \
    }
#define POLL(n)                                                                                    \
    {                                                                                              \
        STEP_POLL, n, 0, "", 0                                                                     \
    }
#define NO_ECHO LFLAG(0, L_ECHO)
#define RAW     LFLAG(0, L_ICANON | L_ECHO)

static const struct tty_case tty_cases[] = {
    {"line", {TYPE("ab"), SEEN("ab"), NOTHING, TYPE("c\n"), SEEN("c\r\n"), READ(10, "abc\n")}},
    {"two lines, one read each", {NO_ECHO, TYPE("a\nb\n"), READ(10, "a\n"), READ(10, "b\n")}},
    {"line in pieces", {NO_ECHO, TYPE("abcdef\n"), READ(3, "abc"), READ(3, "def"), READ(3, "\n")}},
    {"return is newline", {TYPE("a\r"), SEEN("a\r\n"), READ(9, "a\n")}},
    {"IGNCR", {IFLAG(L_IGNCR, 0), TYPE("a\rb\n"), SEEN("ab\r\n"), READ(9, "ab\n")}},
    {"no ICRNL", {IFLAG(0, L_ICRNL), TYPE("a\rb\n"), SEEN("a^Mb\r\n"), READ(9, "a\rb\n")}},
    {"INLCR", {IFLAG(L_INLCR, L_ICRNL), TYPE("a\n"), SEEN("a^M"), TYPE("\004"), READ(9, "a\r")}},
    {"INLCR and ICRNL", {IFLAG(L_INLCR, 0), TYPE("a\nb\r"), SEEN("a^Mb\r\n"), READ(9, "a\rb\n")}},
    {"ISTRIP", {IFLAG(L_ISTRIP, 0), TYPE("\301b\n"), SEEN("Ab\r\n"), READ(9, "Ab\n")}},
    {"IUCLC", {IFLAG(L_IUCLC, 0), TYPE("AbC\n"), SEEN("abc\r\n"), READ(9, "abc\n")}},
    {"IUCLC needs IEXTEN",
     {IFLAG(L_IUCLC, 0), LFLAG(0, L_IEXTEN), TYPE("Ab\n"), SEEN("Ab\r\n"), READ(9, "Ab\n")}},
    {"PARMRK doubles 0377",
     {IFLAG(L_PARMRK, 0), TYPE("\377\n"), SEEN("\377\r\n"), READ(9, "\377\377\n")}},
    {"PARMRK raw", {RAW, IFLAG(L_PARMRK, 0), TYPE("\377a"), READ(9, "\377\377a")}},
    {"null byte is plain", {TYPE("a\0b\n"), SEEN("a^@b\r\n"), READ(9, "a\0b\n")}},

    {"erase", {TYPE("abx\177\n"), SEEN("abx\b \b\r\n"), READ(9, "ab\n")}},
    {"erase at the start", {TYPE("\177\177a\n"), SEEN("a\r\n"), READ(9, "a\n")}},
    {"erase stays in its line",
     {TYPE("a\n\177b\n"), SEEN("a\r\nb\r\n"), READ(9, "a\n"), READ(9, "b\n")}},
    {"erase of a control character",
     {TYPE("a\001\177b\n"), SEEN("a^A\b \b\b \bb\r\n"), READ(9, "ab\n")}},
    {"erase without ECHOCTL",
     {LFLAG(0, L_ECHOCTL), TYPE("a\001\177b\n"), SEEN("a\001b\r\n"), READ(9, "ab\n")}},
    {"erase without ECHOE",
     {LFLAG(0, L_ECHOE), TYPE("abc\177\n"), SEEN("abc^?\r\n"), READ(9, "ab\n")}},
    {"erase of a tab", {TYPE("ab\t\177c\n"), SEEN("ab\t\b\b\b\b\b\bc\r\n"), READ(9, "abc\n")}},
    {"erase of a tab after a tab",
     {TYPE("\tabc\t\177c\n"), SEEN("\tabc\t\b\b\b\b\bc\r\n"), READ(9, "\tabcc\n")}},
    {"erase of a tab behind a prompt",
     {WRITE("> "), TYPE("a\t\177b\n"), SEEN("> a\t\b\b\b\b\bb\r\n"), READ(9, "ab\n")}},
    {"erase of a tab after a control character",
     {TYPE("\001\t\177b\n"), SEEN("^A\t\b\b\b\b\b\bb\r\n"), READ(9, "\001b\n")}},
    {"erase of UTF-8",
     {IFLAG(L_IUTF8, 0), TYPE("a\303\244\177b\n"), SEEN("a\303\244\b \bb\r\n"), READ(9, "ab\n")}},
    {"erase of three bytes",
     {IFLAG(L_IUTF8, 0), TYPE("\342\202\254\177b\n"), SEEN("\342\202\254\b \bb\r\n"),
      READ(9, "b\n")}},
    {"erase of bytes without IUTF8",
     {TYPE("a\303\244\177b\n"), SEEN("a\303\244\b \bb\r\n"), READ(9, "a\303b\n")}},
    {"erase of a lone continuation byte",
     {IFLAG(L_IUTF8, 0), TYPE("\244\177b\n"), SEEN("\244b\r\n"), READ(9, "\244b\n")}},
    {"tab after UTF-8",
     {IFLAG(L_IUTF8, 0), TYPE("\303\244\t\177b\n"), SEEN("\303\244\t\b\b\b\b\b\b\bb\r\n"),
      READ(9, "\303\244b\n")}},
    {"word erase",
     {TYPE("foo bar\027x\n"), SEEN("foo bar\b \b\b \b\b \bx\r\n"), READ(9, "foo x\n")}},
    {"word erase takes blanks first",
     {TYPE("a bc  \027\n"), SEEN("a bc  \b \b\b \b\b \b\b \b\r\n"), READ(9, "a \n")}},
    {"word erase and punctuation",
     {TYPE("a-b_1\027\n"), SEEN("a-b_1\b \b\b \b\b \b\r\n"), READ(9, "a-\n")}},
    {"word erase and Latin-1",
     {TYPE("a \344\327\344\027\n"), SEEN("a \344\327\344\b \b\r\n"), READ(9, "a \344\327\n")}},
    {"word erase needs IEXTEN",
     {LFLAG(0, L_IEXTEN), TYPE("ab\027\n"), SEEN("ab^W\r\n"), READ(9, "ab\027\n")}},
    {"kill", {TYPE("abc\025x\n"), SEEN("abc\b \b\b \b\b \bx\r\n"), READ(9, "x\n")}},
    {"kill without ECHOKE",
     {LFLAG(0, L_ECHOKE), TYPE("abc\025x\n"), SEEN("abc^U\r\nx\r\n"), READ(9, "x\n")}},
    {"kill without ECHOK",
     {LFLAG(0, L_ECHOK), TYPE("ab\025x\n"), SEEN("ab^Ux\r\n"), READ(9, "x\n")}},
    {"kill without ECHOE",
     {LFLAG(0, L_ECHOE), TYPE("ab\025x\n"), SEEN("ab^U\r\nx\r\n"), READ(9, "x\n")}},
    {"kill without ECHO", {NO_ECHO, TYPE("ab\025x\n"), READ(9, "x\n")}},
    {"ECHOPRT",
     {LFLAG(L_ECHOPRT, 0), TYPE("abc\177\177x\n"), SEEN("abc\\cb/x\r\n"), READ(9, "ax\n")}},
    {"ECHOPRT to the start",
     {LFLAG(L_ECHOPRT, 0), TYPE("ab\177\177x\n"), SEEN("ab\\ba/x\r\n"), READ(9, "x\n")}},
    {"ECHOPRT of UTF-8",
     {LFLAG(L_ECHOPRT, 0), IFLAG(L_IUTF8, 0), TYPE("a\303\244\177\n"),
      SEEN("a\303\244\\\303\244\r\n"), READ(9, "a\n")}},
    {"reprint", {TYPE("ab\022c\n"), SEEN("ab^R\r\nabc\r\n"), READ(9, "abc\n")}},
    {"reprint needs ECHO", {NO_ECHO, TYPE("a\022\n"), READ(9, "a\022\n")}},
    {"literal next", {TYPE("a\026\003b\n"), SEEN("a^\b^Cb\r\n"), READ(9, "a\003b\n"), SIGNALS(0)}},
    {"literal next of erase", {TYPE("a\026\177\n"), SEEN("a^\b^?\r\n"), READ(9, "a\177\n")}},
    {"literal next of newline", {TYPE("a\026\nb\n"), SEEN("a^\b^Jb\r\n"), READ(9, "a\nb\n")}},
    {"literal next of return", {TYPE("a\026\rb\n"), SEEN("a^\b^Mb\r\n"), READ(9, "a\rb\n")}},
    {"literal next without ECHOCTL",
     {LFLAG(0, L_ECHOCTL), TYPE("\026\003\n"), SEEN("\003\r\n"), READ(9, "\003\n")}},
    {"literal next needs IEXTEN",
     {LFLAG(0, L_IEXTEN), TYPE("a\026b\n"), SEEN("a^Vb\r\n"), READ(9, "a\026b\n")}},
    {"literal next is a key of canonical mode only", {RAW, TYPE("\026a"), READ(9, "\026a")}},
    {"disabled key", {CC(L_VERASE, 0), TYPE("a\177\n"), SEEN("a^?\r\n"), READ(9, "a\177\n")}},
    {"other erase key", {CC(L_VERASE, '#'), TYPE("ab#\n"), SEEN("ab\b \b\r\n"), READ(9, "a\n")}},

    {"end of file", {TYPE("\004"), SEEN(""), READ(9, "")}},
    {"end of file ends a line", {TYPE("ab\004"), SEEN("ab"), READ(9, "ab"), NOTHING}},
    {"end of file twice", {TYPE("ab\004\004"), SEEN("ab"), READ(9, "ab"), READ(9, ""), NOTHING}},
    {"end of file behind a full buffer", {NO_ECHO, TYPE("abc\004"), READ(3, "abc"), NOTHING}},
    {"end of file in pieces", {NO_ECHO, TYPE("abc\004"), READ(2, "ab"), READ(2, "c"), NOTHING}},
    {"end of file then a line", {NO_ECHO, TYPE("\004x\n"), READ(9, ""), READ(9, "x\n")}},
    {"end of file is not counted",
     {NO_ECHO, TYPE("ab\004cd\nef"), INQ(5), READ(9, "ab"), INQ(3), READ(9, "cd\n"), INQ(0),
      TYPE("\n"), READ(9, "ef\n")}},
    {"unfinished line is not counted",
     {TYPE("ab"), SEEN("ab"), INQ(0), POLL(0), TYPE("\n"), SEEN("\r\n"), INQ(3), POLL(1),
      READ(9, "ab\n")}},
    {"VEOL", {CC(L_VEOL, ';'), TYPE("ab;"), SEEN("ab;"), READ(9, "ab;")}},
    {"VEOL2", {CC(L_VEOL2, ';'), TYPE("ab;"), SEEN("ab;"), READ(9, "ab;")}},
    {"VEOL2 needs IEXTEN",
     {CC(L_VEOL2, ';'), LFLAG(0, L_IEXTEN), TYPE("ab;"), SEEN("ab;"), NOTHING, TYPE("\n"),
      SEEN("\r\n"), READ(9, "ab;\n")}},

    {"ECHONL", {LFLAG(L_ECHONL, L_ECHO), TYPE("ab\n"), SEEN("\r\n"), READ(9, "ab\n")}},
    {"no echo", {NO_ECHO, TYPE("ab\177c\n"), READ(9, "ac\n")}},
    {"echo in raw mode",
     {LFLAG(0, L_ICANON), TYPE("a\n\r\001\t"), SEEN("a^J\r\n^A\t"), READ(9, "a\n\n\001\t")}},
    {"echo in raw mode without ECHOCTL",
     {LFLAG(0, L_ICANON | L_ECHOCTL), TYPE("a\n\001"), SEEN("a\r\n\001"), READ(9, "a\n\001")}},
    {"echo without OPOST", {OFLAG(0, L_OPOST), TYPE("a\n"), SEEN("a\n"), READ(9, "a\n")}},

    {"raw", {RAW, TYPE("a"), READ(9, "a"), TYPE("bc\004"), READ(9, "bc\004"), NOTHING}},
    {"raw in pieces", {RAW, TYPE("abcd"), INQ(4), READ(3, "abc"), READ(3, "d"), NOTHING}},
    {"raw keeps return as told", {RAW, IFLAG(0, L_ICRNL), TYPE("\r\n"), READ(9, "\r\n")}},
    {"poll counts VMIN",
     {RAW, CC(L_VMIN, 3), TYPE("ab"), POLL(0), TYPE("c"), POLL(1), READ(9, "abc")}},
    {"poll with VTIME ignores VMIN",
     {RAW, CC(L_VMIN, 3), CC(L_VTIME, 1), TYPE("a"), POLL(1), READ(9, "a")}},
    {"nothing with VMIN and VTIME 0 is an end",
     {RAW, CC(L_VMIN, 0), READ(9, ""), TYPE("a"), READ(9, "a")}},
    {"to raw with an unfinished line", {NO_ECHO, TYPE("ab"), NOTHING, RAW, READ(9, "ab")}},
    {"to raw with lines", {NO_ECHO, TYPE("a\nb\004c"), POLL(1), RAW, READ(9, "a\nb\0c")}},
    {"to canonical with bytes",
     {RAW, TYPE("ab"), POLL(1), LFLAG(L_ICANON, 0), READ(9, "ab"), TYPE("c\n"), READ(9, "c\n")}},
    {"to canonical: bytes cannot be erased",
     {RAW, TYPE("ab"), POLL(1), LFLAG(L_ICANON, 0), TYPE("\177c\n"), READ(9, "ab"),
      READ(9, "c\n")}},
    {"to canonical with nothing", {RAW, LFLAG(L_ICANON, 0), NOTHING, TYPE("a\n"), READ(9, "a\n")}},

    {"interrupt", {TYPE("ab\003c\n"), SEEN("^Cc\r\n"), SIGNALS(1u << L_SIGINT), READ(9, "c\n")}},
    {"quit", {TYPE("\034"), SEEN("^\\"), SIGNALS(1u << L_SIGQUIT), NOTHING}},
    {"suspend", {TYPE("\032"), SEEN("^Z"), SIGNALS(1u << L_SIGTSTP), NOTHING}},
    {"interrupt without echo", {NO_ECHO, TYPE("ab\003"), SIGNALS(1u << L_SIGINT), NOTHING}},
    {"interrupt in raw mode with ISIG",
     {RAW, TYPE("ab\003c"), SIGNALS(1u << L_SIGINT), READ(9, "c")}},
    {"NOFLSH",
     {LFLAG(L_NOFLSH, 0), TYPE("ab\003c\n"), SEEN("ab^Cc\r\n"), SIGNALS(1u << L_SIGINT),
      READ(9, "abc\n")}},
    {"interrupt drops whole lines",
     {NO_ECHO, TYPE("a\nb\003c\n"), SIGNALS(1u << L_SIGINT), READ(9, "c\n")}},
    {"no ISIG", {LFLAG(0, L_ISIG), TYPE("\003\n"), SEEN("^C\r\n"), SIGNALS(0), READ(9, "\003\n")}},
    {"interrupt releases output",
     {TYPE("\023"), NOTHING, HELD("x"), TYPE("\003"), SEEN("^C"), SIGNALS(1u << L_SIGINT),
      WRITE("y"), SEEN("y")}},

    {"ONLCR", {WRITE("a\nb\r\n"), SEEN("a\r\nb\r\r\n")}},
    {"no ONLCR", {OFLAG(0, L_ONLCR), WRITE("a\n"), SEEN("a\n")}},
    {"no OPOST", {OFLAG(L_OCRNL, L_OPOST), WRITE("a\n\r\t"), SEEN("a\n\r\t")}},
    {"OCRNL", {OFLAG(L_OCRNL, 0), WRITE("a\rb"), SEEN("a\nb")}},
    {"ONOCR", {OFLAG(L_ONOCR, 0), WRITE("\ra\rb\n\r"), SEEN("a\rb\r\n")}},
    {"ONLRET", {OFLAG(L_ONLRET | L_ONOCR, L_ONLCR), WRITE("ab\n\rc\r"), SEEN("ab\nc\r")}},
    {"newline alone keeps the column",
     {OFLAG(L_XTABS, L_ONLCR), WRITE("ab\n\tc"), SEEN("ab\n      c")}},
    {"OLCUC", {OFLAG(L_OLCUC, 0), WRITE("aBz{\n"), SEEN("ABZ{\r\n")}},
    {"XTABS", {OFLAG(L_XTABS, 0), WRITE("\tab\tc"), SEEN("        ab      c")}},
    {"XTABS after backspace", {OFLAG(L_XTABS, 0), WRITE("ab\b\tc"), SEEN("ab\b       c")}},
    {"XTABS after UTF-8",
     {OFLAG(L_XTABS, 0), IFLAG(L_IUTF8, 0), WRITE("\303\244\tc"), SEEN("\303\244       c")}},
    {"XTABS after bytes", {OFLAG(L_XTABS, 0), WRITE("\303\244\tc"), SEEN("\303\244      c")}},
    {"XTABS and echo",
     {OFLAG(L_XTABS, 0), TYPE("a\t\177\n"), SEEN("a       \b\b\b\b\b\b\b\r\n"), READ(9, "a\n")}},
    {"other tab delays leave tabs", {OFLAG(L_TAB1, 0), WRITE("\ta"), SEEN("\ta")}},

    {"stop and start",
     {WRITE("a"), TYPE("\023"), NOTHING, HELD("x"), TYPE("\021"), NOTHING, WRITE("b"), SEEN("ab")}},
    {"echo waits while stopped",
     {TYPE("\023a"), NOTHING, SEEN(""), TYPE("\021"), SEEN("a"), TYPE("\n"), SEEN("\r\n"),
      READ(9, "a\n")}},
    {"IXANY",
     {IFLAG(L_IXANY, 0), TYPE("\023"), NOTHING, HELD("x"), TYPE("a\n"), SEEN("a\r\n"),
      READ(9, "a\n")}},
    {"no IXON", {IFLAG(0, L_IXON), TYPE("\023\021\n"), SEEN("^S^Q\r\n"), READ(9, "\023\021\n")}},
    {"IXON off releases",
     {TYPE("\023"), NOTHING, HELD("x"), IFLAG(0, L_IXON), WRITE("y"), SEEN("y")}},
    {"TCOOFF and TCOON", {FLOW(L_TCOOFF), HELD("x"), FLOW(L_TCOON), WRITE("y"), SEEN("y")}},
    {"a key does not undo TCOOFF",
     {FLOW(L_TCOOFF), TYPE("\021"), NOTHING, HELD("x"), FLOW(L_TCOON), WRITE("y"), SEEN("y")}},
    {"TCOON does not undo a key",
     {TYPE("\023"), NOTHING, FLOW(L_TCOON), HELD("x"), TYPE("\021"), NOTHING, WRITE("y"),
      SEEN("y")}},
    {"TCIOFF and TCION send keys", {FLOW(L_TCIOFF), SEEN("\023"), FLOW(L_TCION), SEEN("\021")}},

    {"flush of input",
     {NO_ECHO, TYPE("ab\ncd"), POLL(1), FLUSH(L_TCIFLUSH), NOTHING, TYPE("e\n"), READ(9, "e\n")}},
    {"flush of output", {WRITE("abc"), SEEN("abc"), FLUSH(L_TCOFLUSH), WRITE("d"), SEEN("d")}},
    {"flush of both",
     {NO_ECHO, WRITE("abc"), SEEN("abc"), TYPE("x\n"), POLL(1), FLUSH(L_TCIOFLUSH), NOTHING,
      SEEN("")}},

    {"a long line is cut",
     {NO_ECHO, FILL("a", 5000), TYPE("\n"), INQ(4096), COUNT(8192, 4096), NOTHING}},
    {"a long raw input waits",
     {RAW, FILL("a", 5000), COUNT(8192, 4095), COUNT(8192, 905), NOTHING}},
    {"lines beyond the buffer wait",
     {NO_ECHO, TYPE("x\n"), FILL("a", 5000), READ(9, "x\n"), TYPE("\n"), COUNT(8192, 4096),
      NOTHING}},
    {"long output",
     {OFLAG(0, L_OPOST), WRITE("0123456789012345678901234567890123456789"),
      SEEN("0123456789012345678901234567890123456789")}},

    {"packet mode",
     {PACKET(1), WRITE("ab"), SEEN("ab"), TYPE("c\n"), SEEN("c\r\n"), READ(9, "c\n")}},
    {"packet mode: stop and start",
     {PACKET(1), TYPE("\023"), NOTHING, STATUS(L_TIOCPKT_STOP), TYPE("\021"), NOTHING,
      STATUS(L_TIOCPKT_START)}},
    {"packet mode: flush of input", {PACKET(1), FLUSH(L_TCIFLUSH), STATUS(L_TIOCPKT_FLUSHREAD)}},
    {"packet mode: flush of output", {PACKET(1), FLUSH(L_TCOFLUSH), STATUS(L_TIOCPKT_FLUSHWRITE)}},
    {"packet mode: interrupt",
     {PACKET(1), NO_ECHO, TYPE("\003"), NOTHING, STATUS(L_TIOCPKT_FLUSHREAD | L_TIOCPKT_FLUSHWRITE),
      SIGNALS(1u << L_SIGINT)}},
    {"packet mode: flow control keys",
     {PACKET(1), IFLAG(0, L_IXON), STATUS(L_TIOCPKT_NOSTOP), IFLAG(L_IXON, 0),
      STATUS(L_TIOCPKT_DOSTOP), CC(L_VSTOP, 'x'), STATUS(L_TIOCPKT_NOSTOP)}},
    {"packet mode: EXTPROC", {PACKET(1), LFLAG(L_EXTPROC, 0), STATUS(L_TIOCPKT_IOCTL)}},
    {"EXTPROC hands everything on",
     {LFLAG(L_EXTPROC, 0), TYPE("a\177\003\r"), READ(9, "a\177\003\r"), SIGNALS(0)}},
    {"EXTPROC end of file", {LFLAG(L_EXTPROC, 0), TYPE("\004"), READ(9, "")}},
};

#define TTY_CASE_COUNT (sizeof(tty_cases) / sizeof(tty_cases[0]))

#endif
