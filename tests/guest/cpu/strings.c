/* String instructions of every width, with and without rep, in both directions, with 67h, and
 * interrupted by a fault in the middle, against a model in C. */
#include "check.h"

#include <sys/mman.h>
#include <ucontext.h>

struct run {
    uint64_t rax, rcx, rsi, rdi, flags, form;
};
void string_run(struct run *run);

enum kind { MOVS, STOS, LODS, SCAS, CMPS };
enum repeat { ONCE, WHILE_EQUAL, WHILE_DIFFERENT };
static const struct form {
    enum kind kind;
    uint8_t width;
    enum repeat repeat;
    bool narrow;
} form_table[] = {
    {MOVS, 1, ONCE, 0},
    {MOVS, 2, ONCE, 0},
    {MOVS, 4, ONCE, 0},
    {MOVS, 8, ONCE, 0},
    {MOVS, 1, WHILE_EQUAL, 0},
    {MOVS, 2, WHILE_EQUAL, 0},
    {MOVS, 4, WHILE_EQUAL, 0},
    {MOVS, 8, WHILE_EQUAL, 0},
    {STOS, 1, ONCE, 0},
    {STOS, 1, WHILE_EQUAL, 0},
    {STOS, 2, WHILE_EQUAL, 0},
    {STOS, 4, WHILE_EQUAL, 0},
    {STOS, 8, WHILE_EQUAL, 0},
    {LODS, 1, ONCE, 0},
    {LODS, 2, ONCE, 0},
    {LODS, 4, ONCE, 0},
    {LODS, 8, ONCE, 0},
    {LODS, 1, WHILE_EQUAL, 0},
    {SCAS, 1, ONCE, 0},
    {SCAS, 1, WHILE_EQUAL, 0},
    {SCAS, 1, WHILE_DIFFERENT, 0},
    {SCAS, 8, WHILE_DIFFERENT, 0},
    {CMPS, 1, ONCE, 0},
    {CMPS, 1, WHILE_EQUAL, 0},
    {CMPS, 2, WHILE_DIFFERENT, 0},
    {CMPS, 8, WHILE_EQUAL, 0},
    {SCAS, 4, WHILE_EQUAL, 0},
    {MOVS, 1, ONCE, 1},
    {MOVS, 4, WHILE_EQUAL, 1},
    {STOS, 1, WHILE_EQUAL, 1},
};
#define FORMS (sizeof(form_table) / sizeof(*form_table))
#define SIZE  8192

static uint8_t *memory, *model_memory;

static uint64_t load(const uint8_t *from, int width)
{
    uint64_t value = 0;
    memcpy(&value, from, width);
    return value;
}

/* The model; flags only ZF and CF of comparisons. Memory is model_memory instead of memory. */
static void model(struct run *run, const struct form *form)
{
    int64_t step = run->flags & 0x400 ? -form->width : form->width;
    uint64_t shift = model_memory - memory;
    uint64_t mask = form->width == 8 ? ~UINT64_C(0) : (UINT64_C(1) << form->width * 8) - 1;
    uint64_t narrow = form->narrow ? 0xffffffff : ~UINT64_C(0);
    run->rcx &= form->repeat != ONCE ? narrow : ~UINT64_C(0);
    while (form->repeat == ONCE || run->rcx) {
        uint8_t *source = (uint8_t *)((run->rsi & narrow) + shift),
                *target = (uint8_t *)((run->rdi & narrow) + shift);
        uint64_t left = 0, right = 0;
        bool compared = form->kind == SCAS || form->kind == CMPS;
        switch (form->kind) {
        case MOVS:
            memmove(target, source, form->width);
            break;
        case STOS:
            memcpy(target, &run->rax, form->width);
            break;
        case LODS:
            left = load(source, form->width);
            run->rax = form->width == 4 ? left : (run->rax & ~mask) | left;
            break;
        case SCAS:
            left = run->rax & mask;
            right = load(target, form->width);
            break;
        case CMPS:
            left = load(source, form->width);
            right = load(target, form->width);
            break;
        }
        if (form->kind != STOS && form->kind != SCAS)
            run->rsi = (run->rsi + step) & narrow;
        if (form->kind != LODS)
            run->rdi = (run->rdi + step) & narrow;
        if (form->repeat != ONCE)
            run->rcx--;
        if (compared)
            run->flags = (run->flags & ~UINT64_C(0x41)) | (left == right) << 6 | (left < right);
        if (form->repeat == ONCE || (compared && (left == right) != (form->repeat == WHILE_EQUAL)))
            return;
    }
}

static void compare(uint64_t index, uint64_t *seed)
{
    const struct form *form = &form_table[index];
    for (int i = 0; i < SIZE; i++)
        memory[i] = check_random(seed) % 5 ? 0x33 : 0x34;
    memcpy(model_memory, memory, SIZE);
    bool down = check_random(seed) & 1;
    struct run real = {
        .rax = check_random(seed) & 1 ? UINT64_C(0x3333333333333333) : UINT64_C(0x3333333433333334),
        .rcx = check_random(seed) % 100,
        .rsi = (uintptr_t)memory + 1024 + check_random(seed) % 4096,
        .rdi = (uintptr_t)memory + 1024 + check_random(seed) % 4096,
        .flags = 0x202 | (down ? 0x400 : 0),
        .form = index,
    };
    struct run expected = real;
    model(&expected, form);
    string_run(&real);
    check_(real.rax == expected.rax && real.rcx == expected.rcx && real.rsi == expected.rsi &&
               real.rdi == expected.rdi,
           __FILE__, __LINE__, "form %d leaves other registers", (int)index);
    check_(((real.flags ^ expected.flags) & 0x441) == 0, __FILE__, __LINE__,
           "form %d leaves other flags", (int)index);
    check_(memcmp(memory, model_memory, SIZE) == 0, __FILE__, __LINE__, "form %d, other memory",
           (int)index);
}

static uint8_t *guard;
static volatile int64_t fault_rcx, fault_rsi, fault_rdi, fault_address, fault_count;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    fault_rcx = registers[REG_RCX];
    fault_rsi = registers[REG_RSI];
    fault_rdi = registers[REG_RDI];
    fault_address = (intptr_t)info->si_addr;
    fault_count++;
    mprotect(guard, 4096, PROT_READ | PROT_WRITE);
}

/* A rep instruction that runs into a page without access stops there with its registers advanced
 * so far, and goes on after the handler gave access. */
static void interrupted(void)
{
    for (int into_source = 0; into_source < 2; into_source++) {
        mprotect(guard, 4096, PROT_NONE);
        memset(guard - 64, 0x77, 64);
        struct run run = {
            .rcx = 100,
            .rsi = (uintptr_t)(into_source ? guard - 40 : memory),
            .rdi = (uintptr_t)(into_source ? memory : guard - 40),
            .flags = 0x202,
            .form = 4,
        };
        struct run begin = run;
        int64_t count = fault_count;
        string_run(&run);
        CHECK_EQ(fault_count, count + 1);
        CHECK_EQ(fault_address, (uintptr_t)guard);
        CHECK_EQ(fault_rcx, 60);
        CHECK_EQ(fault_rsi, begin.rsi + 40);
        CHECK_EQ(fault_rdi, begin.rdi + 40);
        CHECK_EQ(run.rcx, 0);
        CHECK_EQ(run.rsi, begin.rsi + 100);
        CHECK_EQ(run.rdi, begin.rdi + 100);
        CHECK(memcmp((void *)begin.rdi, (void *)begin.rsi, 100) == 0);
    }
}

int main(void)
{
    /* Below 4 GiB, so that 67h addresses it too. */
    memory =
        mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    model_memory = malloc(SIZE);
    uint8_t *pair = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED && pair != MAP_FAILED);
    guard = pair + 4096;
    uint64_t seed = 4;
    for (uint64_t form = 0; form < FORMS; form++)
        for (int round = 0; round < 200; round++)
            compare(form, &seed);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    CHECK_OK(sigaction(SIGSEGV, &action, NULL));
    interrupted();
    return check_done();
}
