/* Differential instruction test: random instructions in random states.
 *
 * The program is run once by the CPU itself and once by Foreland with the same arguments; the
 * outputs have to be equal. A case is a few instructions with random operands, run with random
 * registers, flags, vectors, x87 and memory; its result is the complete state afterwards, of memory
 * too, or of the moment of the signal that ended it.
 *
 *   diffinsn [-g GROUP,...] [-p | -s STEPS] [-n] [-t | -v] SEED FIRST COUNT
 *
 * prints a running hash every 1000 cases; with -p a case is a program of many blocks whose state is
 * compared where they start, too; with -t one hash for each case, with -v everything about
 * each case; -n never sets AC. Case N of a seed is always the same, wherever a run starts.
 *
 * Not compared: addresses of the last x87 instruction and operand, and RF in the flags of a signal.
 */
#include "diff.h"

#include <asm/prctl.h>
#include <linux/signal.h>
#include <sys/syscall.h>

#define ALTERNATE_STACK 65536
#define TEMPLATE_WORDS  (ARENA_SIZE / 8)

void enter(const struct state *in, struct state *out);
extern char leave[], leave_signal[], on_signal[], restore_signal[], note[];
extern uint64_t note_vectors[64];

static struct state in, out;
static struct made made[SLOTS];
static uint64_t case_seed[SLOTS];
static uint64_t arena_template[TEMPLATE_WORDS];
static uint8_t alternate_stack[ALTERNATE_STACK] __attribute__((aligned(4096)));
static volatile bool inside;
static uint64_t note_hash; /* of the starts of blocks */
static bool show_notes;

static int64_t call(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                    uint64_t f)
{
    register uint64_t r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* gcc calls these for copies and fills. */
void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *start = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size)::"memory");
    return start;
}

void *memset(void *to, int value, size_t size)
{
    void *start = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
    return start;
}

/* Output through a buffer. */
static char text[65536];
static size_t text_length;

static void flush(void)
{
    size_t done = 0;
    while (done < text_length) {
        int64_t count = call(SYS_write, 1, (uint64_t)text + done, text_length - done, 0, 0, 0);
        if (count <= 0)
            call(SYS_exit_group, 2, 0, 0, 0, 0, 0);
        done += count;
    }
    text_length = 0;
}

static void put(const char *string)
{
    while (*string) {
        if (text_length == sizeof(text))
            flush();
        text[text_length++] = *string++;
    }
}

static void put_hex(uint64_t value, unsigned digits)
{
    char buffer[17];
    buffer[digits] = 0;
    for (unsigned i = digits; i-- > 0; value >>= 4)
        buffer[i] = "0123456789abcdef"[value & 15];
    put(buffer);
}

static void put_number(uint64_t value)
{
    char buffer[24];
    unsigned at = sizeof(buffer) - 1;
    buffer[at] = 0;
    do
        buffer[--at] = '0' + value % 10;
    while (value /= 10);
    put(buffer + at);
}

static void put_bytes(const uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        put_hex(bytes[i], 2);
}

static void die(const char *message)
{
    put("diffinsn: ");
    put(message);
    put("\n");
    flush();
    call(SYS_exit_group, 2, 0, 0, 0, 0, 0);
}

/* The part of the kernel's ucontext that is read and written here, as 64-bit words: uc_mcontext
 * starts at word 5. */
enum { UC_R8 = 5, UC_RDI = 13, UC_RSI, UC_RBP, UC_RBX, UC_RDX, UC_RAX, UC_RCX, UC_RSP, UC_RIP };
enum { UC_FLAGS = 22, UC_ERROR = 24, UC_TRAP = 25, UC_FPSTATE = 28 };

static void take_vectors(const uint8_t *frame)
{
    uint32_t magic;
    uint64_t present;
    memcpy(out.fx, frame, 512);
    memcpy(&magic, frame + 464, 4);
    if (magic != 0x46505853)
        die("a signal frame without extended state");
    memcpy(&present, frame + 512, 8);
    if (!(present & 1)) {
        memset(out.fx, 0, 24);
        memset(out.fx + 32, 0, 128);
        out.fx[0] = 0x7f;
        out.fx[1] = 0x03;
    }
    if (!(present & 2))
        memset(out.fx + 160, 0, 256);
    if (present & 4)
        memcpy(out.ymm_high, frame + 576, 256);
    else
        memset(out.ymm_high, 0, 256);
}

void handle_signal(int number, const siginfo_t *info, uint64_t *context)
{
    if (!inside)
        die("a signal outside of the instructions under test");
    inside = false;
    out.signal = number;
    out.code = (uint32_t)info->si_code;
    out.address = (uint64_t)info->si_addr;
    out.trap = context[UC_TRAP];
    out.error = context[UC_ERROR];
    static const uint8_t order[8] = {UC_RAX, UC_RCX, UC_RDX, UC_RBX,
                                     UC_RSP, UC_RBP, UC_RSI, UC_RDI};
    for (unsigned i = 0; i < 8; i++) {
        out.general[i] = context[order[i]];
        out.general[8 + i] = context[UC_R8 + i];
    }
    out.rip = context[UC_RIP];
    out.flags = context[UC_FLAGS] & ~UINT64_C(0x10000);
    take_vectors((const uint8_t *)context[UC_FPSTATE]);
    context[UC_RIP] = (uint64_t)leave_signal;
    context[UC_FLAGS] = 0x202;
}

static void set_up(uint64_t seed)
{
    struct {
        void *handler;
        uint64_t flags;
        void *restorer;
        uint64_t mask;
    } action = {on_signal, SA_SIGINFO | SA_ONSTACK | SA_NODEFER | 0x04000000, restore_signal, 0};
    static const uint8_t signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    for (unsigned i = 0; i < sizeof(signals); i++)
        if (call(SYS_rt_sigaction, signals[i], (uint64_t)&action, 0, 8, 0, 0))
            die("rt_sigaction failed");
    stack_t stack = {.ss_sp = alternate_stack, .ss_size = ALTERNATE_STACK};
    if (call(SYS_sigaltstack, (uint64_t)&stack, 0, 0, 0, 0, 0))
        die("sigaltstack failed");
    /* PROT_NONE 0, READ 1, WRITE 2, EXEC 4; MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE */
    uint64_t edge = 4096, flags = 0x100022;
    if (call(SYS_mmap, CODE_BASE, SLOTS * SLOT_SIZE, 3, flags, -1, 0) != (int64_t)CODE_BASE ||
        call(SYS_mmap, ARENA_BASE - edge, ARENA_SIZE + 2 * edge, 0, flags, -1, 0) !=
            (int64_t)(ARENA_BASE - edge) ||
        call(SYS_mprotect, ARENA_BASE, ARENA_SIZE, 3, 0, 0, 0) ||
        call(SYS_mmap, PROGRAM_DATA, PROGRAM_DATA_SIZE, 3, flags, -1, 0) != (int64_t)PROGRAM_DATA)
        die("mmap failed");
    if (call(SYS_arch_prctl, ARCH_SET_FS, FS_BASE, 0, 0, 0, 0) ||
        call(SYS_arch_prctl, ARCH_SET_GS, GS_BASE, 0, 0, 0, 0))
        die("arch_prctl failed");
    for (unsigned i = 0; i < TEMPLATE_WORDS; i += 2)
        random_vector(&seed, (uint8_t *)&arena_template[i]);
    for (unsigned i = TEMPLATE_WORDS - 32; i < TEMPLATE_WORDS; i++)
        arena_template[i] = below(&seed, 64);
}

static void fill_arena(uint64_t *seed)
{
    uint64_t *arena = (uint64_t *)ARENA_BASE;
    memcpy(arena, arena_template, ARENA_SIZE);
    for (unsigned i = 0; i < 32; i++)
        arena[below(seed, TEMPLATE_WORDS - 32)] = random_value(seed);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
    return hash ^ hash >> 28;
}

/* Called by note (enter.S). */
void note_block(const uint64_t *words)
{
    enum { RETURN = 16, BLOCK, COUNT };
    uint64_t hash = mix(1, *(const uint64_t *)PROGRAM_RSP);
    for (unsigned i = 0; i < COUNT; i++)
        hash = mix(hash, words[i]);
    for (unsigned i = 0; i < sizeof(note_vectors) / 8; i++)
        hash = mix(hash, note_vectors[i]);
    note_hash = mix(note_hash, hash);
    if (!show_notes)
        return;
    put("block ");
    put_number(words[BLOCK]);
    for (unsigned i = 0; i < RETURN; i++) {
        put(" ");
        put_hex(words[i], 16);
    }
    put(" ");
    put_hex(hash, 16);
    put("\n");
}

/* Sets aside what is not compared. */
static void normalise(void)
{
    memset(out.fx + 5, 0, 19); /* reserved, last opcode, instruction and operand */
    memset(out.fx + 28, 0, 4); /* mask of MXCSR */
    for (unsigned i = 0; i < 8; i++)
        memset(out.fx + 32 + i * 16 + 10, 0, 6);
    memset(out.fx + 416, 0, 96);
}

static uint64_t hash_result(const struct made *m)
{
    uint64_t hash = note_hash;
    const uint64_t *words = (const uint64_t *)&out;
    for (unsigned i = 0; i < sizeof(out) / 8; i++)
        hash = mix(hash, words[i]);
    words = (const uint64_t *)ARENA_BASE;
    for (unsigned i = 0; i < TEMPLATE_WORDS; i++)
        hash = mix(hash, words[i]);
    /* It may have changed itself. */
    for (unsigned i = 0; i < m->length; i++)
        hash = mix(hash, ((const uint8_t *)m->start)[i]);
    return hash;
}

static const char register_names[16][4] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                           "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

static void show_state(const char *when, const struct state *state)
{
    for (unsigned i = 0; i < 16; i++) {
        put(when);
        put(register_names[i]);
        put(" ");
        put_hex(state->general[i], 16);
        put("\n");
    }
    put(when);
    put("flags ");
    put_hex(state->flags, 8);
    put("\n");
    for (unsigned i = 0; i < 16; i++) {
        put(when);
        put("ymm");
        put_number(i);
        put(" ");
        put_bytes(state->fx + 160 + 16 * i, 16);
        put(" ");
        put_bytes(state->ymm_high[i], 16);
        put("\n");
    }
    put(when);
    put("x87 control, status, tags ");
    put_bytes(state->fx, 5);
    put(" mxcsr ");
    put_bytes(state->fx + 24, 4);
    put("\n");
    for (unsigned i = 0; i < 8; i++) {
        put(when);
        put("st");
        put_number(i);
        put(" ");
        put_bytes(state->fx + 32 + 16 * i, 10);
        put("\n");
    }
}

static void show_code(const struct made *m)
{
    const uint8_t *code = (const uint8_t *)m->start;
    put("code at ");
    put_hex(m->start, 8);
    put("\n");
    for (unsigned i = 0, at = 0; i < m->steps; i++) {
        put("prepare ");
        put_bytes(code + at, m->step[i].offset - at);
        put("\ninstruction ");
        put_hex(m->start + m->step[i].offset, 8);
        put(" ");
        put_bytes(code + m->step[i].offset, m->step[i].length);
        put("\n");
        at = m->step[i].offset + m->step[i].length;
    }
}

static void show_result(const uint64_t *arena_before)
{
    show_state("out ", &out);
    put("ended ");
    if (out.signal) {
        put("by signal ");
        put_number(out.signal);
        put(" code ");
        put_hex(out.code, 8);
        put(" address ");
        put_hex(out.address, 16);
        put(" trap ");
        put_number(out.trap);
        put(" error ");
        put_hex(out.error, 8);
        put(" rip ");
        put_hex(out.rip, 16);
    } else {
        put("normally");
    }
    put("\n");
    const uint64_t *arena = (const uint64_t *)ARENA_BASE;
    for (unsigned i = 0; i < TEMPLATE_WORDS; i++) {
        if (arena[i] == arena_before[i])
            continue;
        put("memory ");
        put_hex(ARENA_BASE + i * 8, 8);
        put(" ");
        put_hex(arena_before[i], 16);
        put(" -> ");
        put_hex(arena[i], 16);
        put("\n");
    }
}

struct options {
    uint32_t groups, steps;
    bool each, verbose, programs;
};

/* Cases that are made at a time. */
static unsigned round_length(const struct options *options)
{
    return options->programs ? PROGRAMS : SLOTS;
}

static uint64_t run_case(uint64_t index, const struct options *options)
{
    static uint64_t arena_before[TEMPLATE_WORDS];
    unsigned slot = index % round_length(options);
    const struct made *m = &made[slot];
    uint64_t seed = case_seed[slot];
    random_state(&seed, &in, options->groups);
    if (options->programs)
        in.flags &= ~UINT64_C(0x40000); /* AC would end most of them at once */
    note_hash = 1;
    show_notes = options->verbose;
    fill_arena(&seed);
    in.rip = m->start;
    memset(&out, 0, sizeof(out));
    if (options->verbose) {
        memcpy(arena_before, (void *)ARENA_BASE, ARENA_SIZE);
        put("case ");
        put_number(index);
        put("\n");
        show_code(m);
        show_state("in ", &in);
        flush();
    }
    __asm__ volatile("mov %0, %%ds\n mov %0, %%es" ::"r"(0));
    inside = true;
    enter(&in, &out);
    inside = false;
    normalise();
    if (options->verbose)
        show_result(arena_before);
    return hash_result(m);
}

/* Makes the code of cases first..last, all in one round of slots. */
static void make_cases(uint64_t seed, uint64_t first, uint64_t last, const struct options *options)
{
    if (call(SYS_mprotect, CODE_BASE, SLOTS * SLOT_SIZE, 3, 0, 0, 0))
        die("mprotect failed");
    for (uint64_t index = first; index <= last; index++) {
        unsigned slot = index % round_length(options);
        uint64_t state = seed ^ mix(seed, index), base = CODE_BASE + slot * SLOT_SIZE;
        if (options->programs) {
            base = CODE_BASE + slot * PROGRAM_SIZE;
            generate_program(&state, (uint8_t *)base, base, (uint64_t)leave, (uint64_t)note,
                             &made[slot]);
            if (made[slot].length > PROGRAM_TABLE)
                die("a program is too long");
            case_seed[slot] = state;
            continue;
        }
        unsigned steps = options->steps ? options->steps : 1 + below(&state, 3);
        generate(&state, (uint8_t *)base, base, (uint64_t)leave, steps, &made[slot]);
        case_seed[slot] = state;
    }
    if (call(SYS_mprotect, CODE_BASE, SLOTS * SLOT_SIZE, options->programs ? 7 : 5, 0, 0, 0))
        die("mprotect failed");
}

static void run_all(uint64_t seed, uint64_t first, uint64_t count, const struct options *options)
{
    uint64_t running = seed;
    for (uint64_t index = first; index < first + count;) {
        unsigned length = round_length(options);
        uint64_t last = index - index % length + length - 1;
        if (last >= first + count)
            last = first + count - 1;
        make_cases(seed, index, last, options);
        for (; index <= last; index++) {
            uint64_t hash = run_case(index, options);
            running = mix(running, hash);
            if (options->each || options->verbose) {
                put_number(index);
                put(" ");
                put_hex(hash, 16);
                put("\n");
            } else if (index % 1000 == 999) {
                put_number(index + 1);
                put(" ");
                put_hex(running, 16);
                put("\n");
                flush();
            }
        }
    }
    put("all ");
    put_hex(running, 16);
    put("\n");
    flush();
}

static bool same(const char *left, const char *right)
{
    while (*left && *left == *right)
        left++, right++;
    return *left == *right;
}

static uint32_t parse_groups(char *list)
{
    static const struct {
        char name[8];
        uint32_t mask;
    } names[] = {
        {"basic", G_BASIC},     {"integer", G_INTEGER}, {"x87", G_X87}, {"mmx", G_MMX},
        {"sse", G_SSE},         {"avx", G_AVX},         {"bmi", G_BMI}, {"string", G_STRING},
        {"control", G_CONTROL}, {"fault", G_FAULT},     {"all", G_ALL},
    };
    uint32_t mask = 0;
    while (*list) {
        char *end = list;
        while (*end && *end != ',')
            end++;
        bool last = !*end;
        *end = 0;
        uint32_t found = 0;
        for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
            if (same(names[i].name, list))
                found = names[i].mask;
        if (!found)
            die("unknown group");
        mask |= found;
        list = last ? end : end + 1;
    }
    return mask;
}

static uint64_t parse_number(const char *string)
{
    uint64_t value = 0;
    if (!*string)
        die("a number is missing");
    for (; *string; string++) {
        if (*string < '0' || *string > '9')
            die("not a number");
        value = value * 10 + (*string - '0');
    }
    return value;
}

void start(uint64_t *stack)
{
    struct options options = {.groups = G_ALL};
    char **argument = (char **)stack + 2;
    for (; *argument && **argument == '-'; argument++) {
        if (same(*argument, "-t"))
            options.each = true;
        else if (same(*argument, "-v"))
            options.verbose = true;
        else if (same(*argument, "-p"))
            options.programs = true;
        else if (same(*argument, "-n"))
            generate_without_alignment_checks();
        else if (same(*argument, "-g") && argument[1])
            options.groups = parse_groups(*++argument);
        else if (same(*argument, "-s") && argument[1])
            options.steps = parse_number(*++argument);
        else
            die("unknown option");
    }
    if (!argument[0] || !argument[1] || !argument[2] || options.steps > MAX_STEPS)
        die("usage: diffinsn [-g GROUP,...] [-p | -s STEPS] [-n] [-t | -v] SEED FIRST COUNT");
    uint64_t seed = parse_number(argument[0]);
    set_up(seed);
    generate_init(options.groups);
    run_all(seed, parse_number(argument[1]), parse_number(argument[2]), &options);
    call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}
