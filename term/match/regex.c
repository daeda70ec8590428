/* Regular expressions: read into a machine of states, all of which are moved at a time. */
#include "term/match/regex.h"

#include <stdlib.h>
#include <string.h>

#define NODES_MAX  4000
#define RANGES_MAX 4000
#define REPEAT_MAX 255
#define DEPTH_MAX  100
#define VISITS_MAX 400000 /* states looked at for one match: some milliseconds */

enum kind { CODE, ANY, SET, SPLIT, BEGIN, END, EDGE, MATCH };

/* A state: `next` follows when its condition holds; SPLIT goes to both. */
struct node {
    uint8_t kind;
    bool negated;     /* SET */
    uint32_t code;    /* CODE */
    int first, count; /* SET: ranges */
    int next, other;  /* -1: not known yet */
};

struct range {
    uint32_t low, high;
};

struct regex {
    struct node *nodes;
    int count;
    struct range *ranges;
    int range_count;
    int start;
    bool ignore_case;
    bool first[REGEX_FIRST]; /* the codes a match can begin with; the last stands for all others */
    uint32_t literal[REGEX_LITERAL_MAX];
    int literal_length;
    /* Matching: the states reached, and marks of those already in the list. */
    int *now, *then, *stack;
    uint32_t *marks;
    uint32_t mark;
    int visits; /* states looked at */
};

struct parse {
    struct regex *r;
    const uint32_t *at, *end;
    int depth;
    bool failed;
    /* Codes that stand one after the other outside of any choice, so in every match. */
    uint32_t run[REGEX_LITERAL_MAX];
    int run_length;
    bool choice; /* there is one outside of all brackets */
};

/* A piece of the machine: where it begins, and one node whose `next` leads out of it (pieces are
 * closed with an empty SPLIT, so that there is only one way out). */
struct piece {
    int start, out;
};

uint32_t fold_case(uint32_t code)
{
    if (code >= 'A' && code <= 'Z')
        return code + 32;
    if ((code >= 0xc0 && code <= 0xde && code != 0xd7) || (code >= 0x391 && code <= 0x3a9) ||
        (code >= 0x410 && code <= 0x42f))
        return code + 32;
    if (code >= 0x400 && code <= 0x40f)
        return code + 80;
    /* Latin Extended-A: capitals are even, but odd from U+0139 to U+0148 and after U+0178. */
    if ((code >= 0x100 && code <= 0x137 && code != 0x130 && code != 0x131) ||
        (code >= 0x14a && code <= 0x177))
        return code | 1;
    if ((code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17e))
        return code + (code & 1);
    return code;
}

static int node(struct parse *p, enum kind kind, uint32_t code)
{
    struct regex *r = p->r;
    if (r->count == NODES_MAX) {
        p->failed = true;
        return 0;
    }
    r->nodes[r->count] =
        (struct node){.kind = (uint8_t)kind, .code = code, .next = -1, .other = -1};
    return r->count++;
}

static struct piece regex_single(struct parse *p, enum kind kind, uint32_t code)
{
    int n = node(p, kind, code);
    return (struct piece){n, n};
}

static void add_range(struct parse *p, int set, uint32_t low, uint32_t high)
{
    struct regex *r = p->r;
    if (r->range_count == RANGES_MAX || low > high) {
        p->failed = true;
        return;
    }
    r->ranges[r->range_count++] = (struct range){low, high};
    r->nodes[set].count++;
}

/* The ranges of \d, \w, \s; false for other letters. */
static bool add_class(struct parse *p, int set, uint32_t letter)
{
    switch (letter | 0x20) {
    case 'd':
        add_range(p, set, '0', '9');
        return true;
    case 'w':
        add_range(p, set, '0', '9');
        add_range(p, set, 'A', 'Z');
        add_range(p, set, '_', '_');
        add_range(p, set, 'a', 'z');
        add_range(p, set, 0xaa, 0x1fff);
        add_range(p, set, 0x2c00, 0x10ffff);
        return true;
    case 's':
        add_range(p, set, '\t', '\t');
        add_range(p, set, ' ', ' ');
        add_range(p, set, 0xa0, 0xa0);
        add_range(p, set, 0x2000, 0x200a);
        add_range(p, set, 0x3000, 0x3000);
        return true;
    default:
        return false;
    }
}

static int new_set(struct parse *p)
{
    int set = node(p, SET, 0);
    p->r->nodes[set].first = p->r->range_count;
    return set;
}

static struct piece parse_escape(struct parse *p)
{
    if (p->at == p->end) {
        p->failed = true;
        return (struct piece){0, 0};
    }
    uint32_t c = *p->at++;
    if (c == 'b')
        return regex_single(p, EDGE, 0);
    if (c == 't')
        return regex_single(p, CODE, '\t');
    if (c < 0x80 && strchr("dwsDWS", (int)c)) {
        int set = new_set(p);
        add_class(p, set, c);
        p->r->nodes[set].negated = c < 'a';
        return (struct piece){set, set};
    }
    return regex_single(p, CODE, c);
}

static struct piece parse_set(struct parse *p)
{
    int set = new_set(p);
    bool first = true;
    if (p->at < p->end && *p->at == '^') {
        p->r->nodes[set].negated = true;
        p->at++;
    }
    for (; p->at < p->end && (*p->at != ']' || first); first = false) {
        uint32_t low = *p->at++;
        if (low == '\\' && p->at < p->end) {
            low = *p->at++;
            if (low < 0x80 && strchr("dws", (int)low) && add_class(p, set, low))
                continue;
        }
        uint32_t high = low;
        if (p->end - p->at >= 2 && p->at[0] == '-' && p->at[1] != ']') {
            high = p->at[1];
            p->at += 2;
            if (high == '\\' && p->at < p->end)
                high = *p->at++;
        }
        add_range(p, set, low, high);
    }
    if (p->at == p->end)
        p->failed = true;
    else
        p->at++;
    return (struct piece){set, set};
}

static struct piece parse_choice(struct parse *p);

static struct piece parse_atom(struct parse *p)
{
    uint32_t c = *p->at++;
    switch (c) {
    case '(': {
        if (++p->depth > DEPTH_MAX) {
            p->failed = true;
            return (struct piece){0, 0};
        }
        struct piece inside = parse_choice(p);
        p->depth--;
        if (p->at == p->end || *p->at != ')')
            p->failed = true;
        else
            p->at++;
        return inside;
    }
    case '[':
        return parse_set(p);
    case '.':
        return regex_single(p, ANY, 0);
    case '^':
        return regex_single(p, BEGIN, 0);
    case '$':
        return regex_single(p, END, 0);
    case '\\':
        return parse_escape(p);
    case '*':
    case '+':
    case '?':
    case ')':
        p->failed = true;
        return (struct piece){0, 0};
    default:
        return regex_single(p, CODE, p->r->ignore_case ? fold_case(c) : c);
    }
}

static void connect(struct parse *p, int out, int to)
{
    p->r->nodes[out].next = to;
}

/* Zero or more (or one or more) of a piece. */
static struct piece regex_loop(struct parse *p, struct piece inside, bool once)
{
    int split = node(p, SPLIT, 0), out = node(p, SPLIT, 0);
    p->r->nodes[split].next = inside.start;
    p->r->nodes[split].other = out;
    connect(p, inside.out, split);
    return (struct piece){once ? inside.start : split, out};
}

static struct piece maybe(struct parse *p, struct piece inside)
{
    int split = node(p, SPLIT, 0), out = node(p, SPLIT, 0);
    p->r->nodes[split].next = inside.start;
    p->r->nodes[split].other = out;
    connect(p, inside.out, out);
    return (struct piece){split, out};
}

static int regex_number(struct parse *p, int otherwise)
{
    int value = -1;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9') {
        value = (value < 0 ? 0 : value) * 10 + (int)(*p->at++ - '0');
        if (value > REPEAT_MAX)
            p->failed = true;
        if (p->failed)
            return 0;
    }
    return value < 0 ? otherwise : value;
}

/* {m}, {m,}, {m,n}: the atom, which began at `from`, is read again for each time it stands. */
static struct piece regex_repeat(struct parse *p, struct piece one, const uint32_t *from)
{
    int least = regex_number(p, 0), most = least;
    if (p->at < p->end && *p->at == ',') {
        p->at++;
        most = regex_number(p, -1);
    }
    if (p->at == p->end || *p->at != '}' || (most >= 0 && most < least)) {
        p->failed = true;
        return one;
    }
    const uint32_t *after = p->at + 1;
    int copies = most < 0 ? (least ? least : 1) : most;
    int begin = node(p, SPLIT, 0);
    struct piece all = {begin, begin};
    for (int i = 0; i < copies && !p->failed; i++) {
        p->at = from;
        struct piece next = i == 0 ? one : parse_atom(p);
        if (most < 0 && i == copies - 1)
            next = regex_loop(p, next, least > 0);
        else if (i >= least)
            next = maybe(p, next);
        connect(p, all.out, next.start);
        all.out = next.out;
    }
    p->at = after;
    return all;
}

/* Takes note of what every match contains: the longest run of single codes. */
static void note_literal(struct parse *p, struct piece one, bool repeated)
{
    const struct node *x = &p->r->nodes[one.start];
    if (p->depth > 0)
        return;
    if (p->failed || repeated || one.start != one.out || x->kind != CODE) {
        p->run_length = 0;
        return;
    }
    if (p->run_length == REGEX_LITERAL_MAX)
        return;
    p->run[p->run_length++] = x->code;
    if (p->run_length > p->r->literal_length) {
        memcpy(p->r->literal, p->run, sizeof(p->run));
        p->r->literal_length = p->run_length;
    }
}

static bool quantifier(uint32_t c)
{
    return c == '*' || c == '+' || c == '?' || c == '{';
}

static struct piece parse_sequence(struct parse *p)
{
    int begin = node(p, SPLIT, 0);
    struct piece all = {begin, begin};
    if (p->depth == 0)
        p->run_length = 0;
    while (p->at < p->end && *p->at != '|' && *p->at != ')' && !p->failed) {
        const uint32_t *from = p->at;
        struct piece one = parse_atom(p);
        note_literal(p, one, p->at < p->end && quantifier(*p->at));
        if (p->at < p->end && !p->failed) {
            uint32_t c = *p->at;
            if (quantifier(c))
                p->at++;
            if (c == '*' || c == '+')
                one = regex_loop(p, one, c == '+');
            else if (c == '?')
                one = maybe(p, one);
            else if (c == '{')
                one = regex_repeat(p, one, from);
        }
        connect(p, all.out, one.start);
        all.out = one.out;
    }
    return all;
}

static struct piece parse_choice(struct parse *p)
{
    struct piece all = parse_sequence(p);
    while (p->at < p->end && *p->at == '|' && !p->failed) {
        p->at++;
        p->choice = p->choice || p->depth == 0;
        struct piece right = parse_sequence(p);
        int split = node(p, SPLIT, 0), out = node(p, SPLIT, 0);
        p->r->nodes[split].next = all.start;
        p->r->nodes[split].other = right.start;
        connect(p, all.out, out);
        connect(p, right.out, out);
        all = (struct piece){split, out};
    }
    return all;
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    free(r->nodes);
    free(r->ranges);
    free(r->now);
    free(r->then);
    free(r->stack);
    free(r->marks);
    free(r);
}

static bool word_code(uint32_t c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           c >= 0xaa;
}

/* Adds a state and all that is reached from it without taking a character. */
static int regex_follow(struct regex *r, int from, int *list, int count, const uint32_t *text,
                        int n, int at)
{
    int depth = 0;
    r->stack[depth++] = from;
    while (depth > 0) {
        int i = r->stack[--depth];
        if (i < 0 || r->marks[i] == r->mark)
            continue;
        r->marks[i] = r->mark;
        r->visits++;
        const struct node *x = &r->nodes[i];
        bool before = at > 0 && word_code(text[at - 1]), after = at < n && word_code(text[at]);
        switch (x->kind) {
        case SPLIT:
            r->stack[depth++] = x->other;
            r->stack[depth++] = x->next;
            break;
        case BEGIN:
            r->stack[depth++] = at == 0 ? x->next : -1;
            break;
        case END:
            r->stack[depth++] = at == n ? x->next : -1;
            break;
        case EDGE:
            r->stack[depth++] = before != after ? x->next : -1;
            break;
        default:
            list[count++] = i;
            break;
        }
    }
    return count;
}

static bool in_set(const struct regex *r, const struct node *x, uint32_t code)
{
    for (int i = 0; i < x->count; i++) {
        const struct range *a = &r->ranges[x->first + i];
        if (code >= a->low && code <= a->high)
            return true;
        uint32_t upper = code - 32; /* for the case that is not the folded one */
        if (r->ignore_case && code >= 'a' && code <= 'z' && upper >= a->low && upper <= a->high)
            return true;
    }
    return false;
}

static bool takes(const struct regex *r, const struct node *x, uint32_t code)
{
    if (r->ignore_case)
        code = fold_case(code);
    if (x->kind == CODE)
        return code == x->code;
    return x->kind == ANY || (x->kind == SET && in_set(r, x, code) != x->negated);
}

/* The codes that lead on from the start, whatever stands before and after them. */
static void find_first(struct regex *r)
{
    int depth = 0;
    r->mark++;
    r->stack[depth++] = r->start;
    while (depth > 0) {
        int i = r->stack[--depth];
        if (i < 0 || r->marks[i] == r->mark)
            continue;
        r->marks[i] = r->mark;
        const struct node *x = &r->nodes[i];
        if (x->kind == CODE || x->kind == ANY || x->kind == SET) {
            if (x->kind != CODE || x->code >= REGEX_FIRST - 1)
                r->first[REGEX_FIRST - 1] = true;
            for (uint32_t c = 0; c < REGEX_FIRST - 1; c++)
                r->first[c] = r->first[c] || takes(r, x, c);
        } else {
            r->stack[depth++] = x->kind == SPLIT ? x->other : -1;
            r->stack[depth++] = x->next;
        }
    }
}

const bool *regex_first(const struct regex *r)
{
    return r->first;
}

int regex_literal(const struct regex *r, const uint32_t **codes)
{
    *codes = r->literal;
    return r->literal_length;
}

struct regex *regex_new(const uint32_t *pattern, int n, bool ignore_case)
{
    struct regex *r = calloc(1, sizeof(*r));
    if (!r)
        return NULL;
    r->ignore_case = ignore_case;
    r->nodes = calloc(NODES_MAX, sizeof(*r->nodes));
    r->ranges = calloc(RANGES_MAX, sizeof(*r->ranges));
    r->now = calloc(NODES_MAX, sizeof(int));
    r->then = calloc(NODES_MAX, sizeof(int));
    r->stack = calloc(2 * NODES_MAX, sizeof(int));
    r->marks = calloc(NODES_MAX, sizeof(uint32_t));
    struct parse p = {.r = r, .at = pattern, .end = pattern + n};
    if (!r->nodes || !r->ranges || !r->now || !r->then || !r->stack || !r->marks) {
        regex_free(r);
        return NULL;
    }
    struct piece all = parse_choice(&p);
    connect(&p, all.out, node(&p, MATCH, 0));
    r->start = all.start;
    if (p.failed || p.at != p.end) {
        regex_free(r);
        return NULL;
    }
    if (p.choice)
        r->literal_length = 0;
    find_first(r);
    return r;
}

static bool has_match(const struct regex *r, const int *list, int count)
{
    for (int i = 0; i < count; i++) {
        if (r->nodes[list[i]].kind == MATCH)
            return true;
    }
    return false;
}

int regex_match(struct regex *r, const uint32_t *text, int n, int at, int most, int *visits)
{
    int best = -1, begin = at;
    r->visits = 0;
    r->mark++;
    int count = regex_follow(r, r->start, r->now, 0, text, n, at);
    for (; count > 0 && r->visits < VISITS_MAX; at++) {
        if (has_match(r, r->now, count))
            best = at - begin;
        if (at == n || at - begin == most)
            break;
        int reached = 0;
        r->mark++;
        for (int i = 0; i < count; i++) {
            const struct node *x = &r->nodes[r->now[i]];
            if (takes(r, x, text[at]))
                reached = regex_follow(r, x->next, r->then, reached, text, n, at + 1);
        }
        int *swap = r->now;
        r->now = r->then;
        r->then = swap;
        count = reached;
    }
    *visits += r->visits;
    return best;
}
