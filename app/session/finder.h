/*
 * Searching on a thread of its own, so that neither the window nor programs wait for it: it holds
 * the terminal's lock for fractions of a millisecond, in turn with the parser and behind the UI
 * thread. A change of what is looked for ends what is under way at once. All calls are the UI
 * thread's.
 */
#ifndef APP_SESSION_FINDER_H
#define APP_SESSION_FINDER_H

#include <stdbool.h>
#include <stdint.h>

struct finder;
struct session;

/* NULL when out of memory. It tells the session, which has to live longer, of changes of its state
 * (session_changed). */
struct finder *finder_new(struct session *s);
/* Ends its thread; what is under way is given up. NULL is ignored. */
void finder_free(struct finder *f);

/* Looks for the newest result of a text, how as term_search_new has it. False when there is no
 * memory or no thread. */
bool finder_start(struct finder *f, const char *text, unsigned how);
/* On to the next result: upwards (-1) or downwards (+1), past the end from the other one. Several
 * while a search is under way are done one after the other. */
void finder_step(struct finder *f, int direction);
/* Nothing is looked for or marked any more. */
void finder_stop(struct finder *f);

enum finder_state {
    FINDER_IDLE,
    FINDER_BUSY,
    FINDER_FOUND,
    FINDER_BEGUN_AGAIN, /* found, past the end from the other one */
    FINDER_NONE,
};

/* Which of how many results is shown, counted after it was found. False while that is not known. */
bool finder_count(struct finder *f, uint64_t *which, uint64_t *results);

/* *percent: how far a search that takes long has come, otherwise -1. */
enum finder_state finder_state(struct finder *f, int *percent);

#endif
