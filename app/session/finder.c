/* The thread that searches, and what the UI thread asks of it. */
#include "app/session/finder.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/session/session.h"
#include "runtime/host/lock.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"

#define LOOK_NS   1000000   /* between two looks at whether it is still wanted */
#define QUIET_NS  150000000 /* a search that takes longer tells how far it is */
#define UPDATE_NS 100000000

struct finder {
    struct session *session;
    bool started;

    struct host_mutex lock; /* what follows */
    struct host_cond work, done;
    bool ending, running;
    char *text;
    unsigned how;
    bool fresh; /* the text is a new one */
    int steps;  /* to go; negative: upwards */
    bool asked; /* there is something new for the thread */
    enum finder_state state;
    int percent;
    bool counted; /* what follows is of the result that is shown */
    uint64_t which, results;

    /* Changes, under the lock, with everything that makes a search under way useless. */
    _Atomic uint32_t order;
};

/* One search, on the finder's thread. */
struct errand {
    struct finder *f;
    uint32_t order;
    struct term_search *search;
    enum finder_state state; /* after the last step */
    uint64_t tell_at;
};

static bool finder_wanted(const struct errand *e)
{
    return atomic_load(&e->f->order) == e->order;
}

/* Goes on from the last result. False when it is not wanted any more. */
static bool finder_begin(struct errand *e, int direction)
{
    struct term *t = session_lock_in_turn(e->f->session);
    bool go = finder_wanted(e);
    if (go)
        term_search_begin(e->search, t, direction);
    session_unlock_in_turn(e->f->session);
    e->tell_at = host_clock_monotonic_ns() + QUIET_NS;
    return go;
}

static void show_progress(struct errand *e)
{
    struct finder *f = e->f;
    uint64_t now = host_clock_monotonic_ns();
    if (now < e->tell_at)
        return;
    e->tell_at = now + UPDATE_NS;
    host_mutex_lock(&f->lock);
    if (finder_wanted(e))
        f->percent = term_search_percent(e->search);
    host_mutex_unlock(&f->lock);
    session_changed(f->session);
}

/* The next result. False when it is not wanted any more. */
static bool find_next(struct errand *e, enum term_search_step *step)
{
    for (;;) {
        struct term *t = session_lock_in_turn(e->f->session);
        bool go = finder_wanted(e);
        if (go)
            *step = term_search_step(e->search, t);
        session_unlock_in_turn(e->f->session);
        if (!go || *step != TERM_SEARCH_TEXT)
            return go;
        bool done;
        do {
            show_progress(e);
            done = term_search_look(e->search, LOOK_NS);
        } while (!done && finder_wanted(e));
    }
}

static enum finder_state state_after(enum term_search_step step)
{
    return step == TERM_SEARCH_FOUND         ? FINDER_FOUND
           : step == TERM_SEARCH_BEGUN_AGAIN ? FINDER_BEGUN_AGAIN
                                             : FINDER_NONE;
}

/* Takes one of the steps to go; 0 when there is none: the state then is that after the last one. */
static int take_step(struct errand *e)
{
    struct finder *f = e->f;
    host_mutex_lock(&f->lock);
    int step = !finder_wanted(e) || f->steps == 0 ? 0 : f->steps < 0 ? -1 : 1;
    f->steps -= step;
    f->percent = -1;
    if (step == 0 && finder_wanted(e))
        f->state = e->state;
    host_mutex_unlock(&f->lock);
    return step;
}

/* All steps that are to go, and those that come meanwhile. */
static void run_errand(struct errand *e)
{
    for (int step; (step = take_step(e)) != 0;) {
        enum term_search_step last = TERM_SEARCH_NONE;
        if (e->search && (!finder_begin(e, step) || !find_next(e, &last)))
            break;
        e->state = state_after(last);
    }
    session_changed(e->f->session);
}

/* Whether nothing is asked that is more urgent than the count. */
static bool may_count(struct errand *e)
{
    struct finder *f = e->f;
    host_mutex_lock(&f->lock);
    bool may = finder_wanted(e) && !f->asked && !f->ending;
    host_mutex_unlock(&f->lock);
    return may;
}

/* Takes the next rows; TERM_SEARCH_NONE when all have been taken, or nobody wants them. */
static enum term_search_step count_step(struct errand *e, bool first)
{
    struct term *t = session_lock_in_turn(e->f->session);
    enum term_search_step step = TERM_SEARCH_NONE;
    if (finder_wanted(e)) {
        if (first)
            term_search_count(e->search, t);
        step = term_search_step(e->search, t);
    }
    session_unlock_in_turn(e->f->session);
    return step;
}

/* Counts the results while nothing else is to be done. */
static void count_results(struct errand *e)
{
    struct finder *f = e->f;
    bool found = e->state == FINDER_FOUND || e->state == FINDER_BEGUN_AGAIN, first = true;
    uint64_t which, results;
    while (e->search && found && may_count(e) && count_step(e, first) == TERM_SEARCH_TEXT) {
        first = false;
        while (!term_search_look(e->search, LOOK_NS))
            if (!may_count(e))
                return;
    }
    if (first || !term_search_counted(e->search, &which, &results))
        return;
    host_mutex_lock(&f->lock);
    bool shown = finder_wanted(e) && !f->asked && !f->ending;
    if (shown) {
        f->counted = true;
        f->which = which;
        f->results = results;
    }
    host_mutex_unlock(&f->lock);
    if (shown)
        session_changed(f->session);
}

/* False when the finder ends. */
static bool wait_for_errand(struct errand *e)
{
    struct finder *f = e->f;
    char *text = NULL;
    host_mutex_lock(&f->lock);
    while (!f->asked && !f->ending)
        host_cond_wait(&f->work, &f->lock, HOST_FOREVER);
    bool ending = f->ending, fresh = f->fresh;
    unsigned how = f->how;
    e->order = atomic_load(&f->order);
    if (fresh) {
        text = f->text;
        f->text = NULL;
    }
    f->asked = f->fresh = false;
    host_mutex_unlock(&f->lock);
    if (!fresh)
        return !ending;
    term_search_free(e->search);
    e->search = text && !ending ? term_search_new(text, how) : NULL;
    e->state = FINDER_NONE;
    free(text);
    return !ending;
}

static void finder_thread(void *arg)
{
    struct finder *f = arg;
    struct errand e = {.f = f};
    while (wait_for_errand(&e)) {
        run_errand(&e);
        count_results(&e);
    }
    term_search_free(e.search);
    host_mutex_lock(&f->lock);
    f->running = false;
    host_cond_broadcast(&f->done);
    host_mutex_unlock(&f->lock);
}

struct finder *finder_new(struct session *s)
{
    struct finder *f = calloc(1, sizeof(*f));
    if (!f)
        return NULL;
    host_mutex_init(&f->lock, RANK_FINDER);
    f->session = s;
    f->percent = -1;
    return f;
}

void finder_free(struct finder *f)
{
    if (!f)
        return;
    host_mutex_lock(&f->lock);
    f->ending = true;
    atomic_fetch_add(&f->order, 1);
    host_cond_signal(&f->work);
    while (f->running)
        host_cond_wait(&f->done, &f->lock, HOST_FOREVER);
    host_mutex_unlock(&f->lock);
    free(f->text);
    free(f);
}

static bool start_thread(struct finder *f)
{
    f->running = true;
    if (host_thread_start(finder_thread, f) == 0)
        return true;
    f->running = false;
    return false;
}

bool finder_start(struct finder *f, const char *text, unsigned how)
{
    char *copy = malloc(strlen(text) + 1);
    if (!copy)
        return false;
    strcpy(copy, text);
    f->started = f->started || start_thread(f);
    host_mutex_lock(&f->lock);
    atomic_fetch_add(&f->order, 1);
    free(f->text);
    f->text = copy;
    f->how = how;
    f->fresh = f->asked = true;
    f->counted = false;
    f->steps = f->started ? -1 : 0;
    f->state = f->started ? FINDER_BUSY : FINDER_NONE;
    f->percent = -1;
    host_cond_signal(&f->work);
    host_mutex_unlock(&f->lock);
    return f->started;
}

void finder_step(struct finder *f, int direction)
{
    host_mutex_lock(&f->lock);
    if (f->state != FINDER_IDLE && f->started) {
        f->steps += direction;
        f->asked = true;
        f->counted = false;
        f->state = FINDER_BUSY;
        host_cond_signal(&f->work);
    }
    host_mutex_unlock(&f->lock);
}

void finder_stop(struct finder *f)
{
    host_mutex_lock(&f->lock);
    atomic_fetch_add(&f->order, 1);
    f->steps = 0;
    f->counted = false;
    f->state = FINDER_IDLE;
    f->percent = -1;
    host_mutex_unlock(&f->lock);
    term_search_end(session_lock(f->session));
    session_unlock(f->session);
}

bool finder_count(struct finder *f, uint64_t *which, uint64_t *results)
{
    host_mutex_lock(&f->lock);
    bool counted = f->counted;
    *which = f->which;
    *results = f->results;
    host_mutex_unlock(&f->lock);
    return counted;
}

enum finder_state finder_state(struct finder *f, int *percent)
{
    host_mutex_lock(&f->lock);
    enum finder_state state = f->state;
    *percent = state == FINDER_BUSY ? f->percent : -1;
    host_mutex_unlock(&f->lock);
    return state;
}
