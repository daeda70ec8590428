/* Executes encodings of every opcode and prints what each was answered with, so that a run under
 * Foreland can be compared with one on the bare processor (opcodes.sh):
 *
 *   BYTES RESULT      '.' it ran (int3 stands behind it), 's' SIGSEGV, 'i' SIGILL, 'f' SIGFPE,
 *                     'b' SIGBUS, in upper case when rip was not at the instruction, 't' it ran on
 *                     elsewhere, 'K' something killed the process, 'x' SIGSEGV or SIGILL where
 *                     either may come
 *
 *   opcodes tables                prints what sgdt and its kin store instead
 *   opcodes random SEED COUNT     executes bytes by chance instead, in so many processes, and
 *                                 prints how each ended (by_chance)
 *
 * An encoding is executed with valid addresses in the registers and in a process that a handler
 * brings back; state that it may leave behind is set anew before the next one. */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

/* Above 4 GiB, so that no displacement can hold an address, and where nothing else is. */
#define CODE  0x160000000u
#define SLOT  256u
#define SLOTS 1024u
#define DATA  0x170000000u
#define DATAS 0x100000u
/* What the registers point to, and addresses relative to rip. */
#define MIDDLE (DATA + DATAS / 2)

static const uint8_t modrms[] = {0x07, 0x0f, 0x17, 0x1f, 0x27, 0x2f, 0x37, 0x3f,
                                 0xc1, 0xc9, 0xd1, 0xd9, 0xe1, 0xe9, 0xf1, 0xf9,
                                 0x05, 0x0d, 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d};
#define MODRMS (sizeof(modrms))

struct slot {
    uint8_t bytes[16];
    uint8_t length;
    char result;
};

/* Shared with the children. */
static struct shared {
    struct slot slots[SLOTS];
    volatile unsigned at;
} * shared;
static unsigned filled;

void run_code(uint64_t code);
extern char run_resume[];
extern uint64_t run_stack, run_fs, run_frame; /* the last is what rbp becomes */
extern uint8_t run_clean[512];
/* The registers of the caller are kept, floating point and flags begin anew; run_resume sets the
 * segment registers as they were. */
__asm__(".intel_syntax noprefix\n"
        ".globl run_code, run_resume\n"
        "run_code: push rbx; push rbp; push r12; push r13; push r14; push r15\n"
        "mov run_stack[rip], rsp\n"
        "fxrstor run_clean[rip]\n"
        "mov target[rip], rdi\n push 0x202\n popfq\n"
        "movabs rdi, 0x170080000\n mov rsi, rdi\n mov rsp, rdi\n mov rbp, run_frame[rip]\n"
        "mov rbx, rdi\n"
        "mov rax, rdi\n mov rdx, rdi\n mov ecx, 1\n"
        "mov r8, rdi\n mov r9, rdi\n mov r10, rdi\n mov r11, rdi\n"
        "mov r12, rdi\n mov r13, rdi\n mov r14, rdi\n mov r15, rdi\n"
        "jmp target[rip]\n"
        "run_resume: mov rsp, run_stack[rip]\n"
        "cld\n"
        "xor eax, eax\n mov ds, eax\n mov es, eax\n mov gs, eax\n"
        "mov eax, 158\n mov edi, 0x1002\n mov rsi, run_fs[rip]\n syscall\n" /* ARCH_SET_FS */
        "pop r15; pop r14; pop r13; pop r12; pop rbp; pop rbx\n ret\n"
        ".data\n .balign 16\n run_clean: .skip 512\n run_stack: .quad 0\n target: .quad 0\n"
        "run_fs: .quad 0\n run_frame: .quad 0x170080000\n"
        ".globl run_clean, run_stack, run_fs, run_frame\n"
        ".text\n .att_syntax\n");

static volatile uint64_t expected;
static volatile char seen;

static void on_signal(int signal, siginfo_t *info, void *context)
{
    ucontext_t *state = context;
    (void)info;
    uint64_t rip = (uint64_t)state->uc_mcontext.gregs[REG_RIP];
    bool here = rip == expected;
    switch (signal) {
    case SIGTRAP:
        seen = rip > expected && rip <= expected + 16 ? '.' : 't';
        break;
    case SIGSEGV:
        seen = here ? 's' : 'S';
        break;
    case SIGILL:
        seen = here ? 'i' : 'I';
        break;
    case SIGFPE:
        seen = here ? 'f' : 'F';
        break;
    case SIGBUS:
        seen = here ? 'b' : 'B';
        break;
    default:
        seen = '?';
    }
    state->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)run_resume;
    state->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)0x44d00; /* AC, NT, TF, DF */
}

static void on_signals(void (*handler)(int, siginfo_t *, void *))
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGALRM};
    stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
    struct sigaction action = {.sa_sigaction = handler,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaltstack(&stack, NULL);
    for (unsigned i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        sigaction(signals[i], &action, NULL);
}

static void child(void)
{
    on_signals(on_signal);
    while (shared->at < filled) {
        expected = CODE + shared->at * SLOT + SLOT / 2;
        seen = '?';
        memset((void *)(uintptr_t)(MIDDLE - 4096), 0, 8192);
        alarm(20); /* what loops for ever is as the machine likes it */
        run_code(expected);
        shared->slots[shared->at].result = seen;
        shared->at++;
    }
    _exit(0);
}

/* Executes what has been collected. */
static void run_slots(void)
{
    static uint8_t *code;
    if (!code)
        code = mmap((void *)(uintptr_t)CODE, SLOT * SLOTS, PROT_READ | PROT_WRITE,
                    MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(code, SLOT * SLOTS, PROT_READ | PROT_WRITE);
    memset(code, 0xcc, SLOT * SLOTS);
    for (unsigned i = 0; i < filled; i++)
        memcpy(code + i * SLOT + SLOT / 2, shared->slots[i].bytes, shared->slots[i].length);
    mprotect(code, SLOT * SLOTS, PROT_READ | PROT_EXEC);
    shared->at = 0;
    fflush(stdout);
    while (shared->at < filled) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0)
            child();
        waitpid(pid, &status, 0);
        if (shared->at < filled)
            shared->slots[shared->at++].result = 'K';
    }
}

static void print(const struct slot *slot)
{
    for (unsigned i = 0; i < slot->length; i++)
        printf("%02x", slot->bytes[i]);
}

/* Opcodes that the processor, its maker or the hypervisor decide about, that change what the
 * harness rests on, or that are system calls. */
static bool left_out(const uint8_t *prefix, unsigned prefixes, unsigned map, uint8_t opcode,
                     uint8_t modrm)
{
    bool narrow = prefixes && prefix[0] == 0x66;
    if (map == 0) {
        switch (opcode) {
        case 0x0f: /* the other maps */
        case 0xc4:
        case 0xc5:
        case 0x62:
        case 0xcd: /* int n: 0x80 is a system call */
        case 0xf1: /* int1 */
        case 0x8f: /* XOP */
        case 0xd6:
            return true;
        }
        /* Prefixes, and branches whose width AMD and Intel do not agree about. */
        return opcode == 0x26 || opcode == 0x2e || opcode == 0x36 || opcode == 0x3e ||
               (opcode & 0xf0) == 0x40 || (opcode >= 0x64 && opcode <= 0x67) || opcode == 0xf0 ||
               opcode == 0xf2 || opcode == 0xf3 || ((opcode & 0xfe) == 0xc6 && modrm >= 0xf8) ||
               (narrow && ((opcode & 0xf0) == 0x70 || (opcode & 0xf4) == 0xe0 || opcode == 0xc2 ||
                           opcode == 0xc3 || opcode == 0xe8 || opcode == 0xe9 || opcode == 0xff));
    }
    if (map == 1) {
        switch (opcode) {
        case 0x01: /* system_group() */
            return modrm >= 0xc0 && (modrm & 0x38) != 0x20;
        case 0x05: /* syscall, sysenter, sysret */
        case 0x07:
        case 0x33: /* rdpmc, which Linux may allow */
        case 0x34:
        case 0x35:
        case 0x38: /* the other maps, 3DNow */
        case 0x3a:
        case 0x0e:
        case 0x0f:
            return true;
        case 0xb2: /* far pointers with 64 bits, which AMD lacks */
        case 0xb4:
        case 0xb5:
            return prefixes && prefix[prefixes - 1] == 0x48;
        case 0x0d: /* prefetch, whose registers only AMD refuses */
            return modrm >= 0xc0;
        case 0x20: /* with lock, another register on AMD */
        case 0x22:
            return prefixes && prefix[0] == 0xf0;
        case 0x78: /* with other prefixes, AMD's own */
        case 0x79:
            return prefixes && prefix[0] != 0x48;
        case 0xae: /* wrfsbase and the like, umwait */
            return modrm >= 0xc0;
        case 0xc7: /* rdrand, rdpid; xsaves, vmptrld */
            return modrm >= 0xc0;
        }
        return narrow && (opcode & 0xf0) == 0x80;
    }
    return false;
}

/* Whether what follows an opcode says what its operands are. Else a displacement would be another
 * instruction, which may go on for ever. */
static bool has_modrm(unsigned map, uint8_t o)
{
    if (map > 1)
        return true;
    if (map == 1)
        return !((o >= 0x05 && o <= 0x0b) || (o & 0xf8) == 0x30 || o == 0x77 ||
                 (o & 0xf0) == 0x80 || (o >= 0xa0 && o <= 0xa2) || o == 0xa8 || o == 0xa9 ||
                 o == 0xaa || (o & 0xf8) == 0xc8);
    return (o < 0x40 && (o & 7) < 4) || o == 0x63 || o == 0x69 || o == 0x6b || (o & 0xf0) == 0x80 ||
           (o & 0xfe) == 0xc0 || (o & 0xfe) == 0xc6 || (o & 0xfc) == 0xd0 || (o & 0xf8) == 0xd8 ||
           (o & 0xf6) == 0xf6;
}

static void add(const uint8_t *bytes, unsigned length)
{
    struct slot *slot = &shared->slots[filled++];
    slot->length = (uint8_t)length;
    memcpy(slot->bytes, bytes, length);
    slot->result = '?';
}

/* Instructions that fault one way or the other: it depends on what the processor has and on whether
 * a hypervisor has switched them on. */
static bool either(const struct slot *slot)
{
    const uint8_t *b = slot->bytes;
    while (*b == 0x66 || *b == 0xf2 || *b == 0xf3 || *b == 0xf0 || *b == 0x65 || *b == 0x48)
        b++;
    if (b[0] != 0x0f)
        return false;
    if (b[1] == 0x38)
        return b[2] >= 0x80 && b[2] <= 0x82; /* invept, invvpid, invpcid */
    if (b[1] == 0x01)
        return (b[2] >= 0xc2 && b[2] <= 0xc4) || (b[2] >= 0xd8 && b[2] <= 0xdf);
    return b[1] == 0x78 || b[1] == 0x79 || /* vmread, vmwrite */
           (b[1] == 0xc7 && (b[2] & 0x38) != 0x08);
}

/* Executes, prints and forgets what has been collected. */
static void finish(void)
{
    run_slots();
    for (unsigned i = 0; i < filled; i++) {
        print(&shared->slots[i]);
        char result = shared->slots[i].result;
        printf(" %c\n",
               either(&shared->slots[i]) && (result == 's' || result == 'i') ? 'x' : result);
    }
    filled = 0;
}

static void collect(const uint8_t *bytes, unsigned length)
{
    add(bytes, length);
    if (filled == SLOTS)
        finish();
}

static void legacy(void)
{
    static const struct {
        uint8_t bytes[2], length;
    } prefixes[] = {{{0}, 0},    {{0x66}, 1}, {{0xf2}, 1},       {{0xf3}, 1},
                    {{0x48}, 1}, {{0xf0}, 1}, {{0x66, 0x48}, 2}, {{0x65}, 1}};
    static const uint8_t maps[4][2] = {{0}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
    static const uint8_t lengths[4] = {0, 1, 2, 2};
    for (unsigned map = 0; map < 4; map++)
        for (unsigned p = 0; p < sizeof(prefixes) / sizeof(*prefixes); p++)
            for (unsigned opcode = 0; opcode < 256; opcode++)
                for (unsigned m = 0; m < MODRMS; m++) {
                    uint8_t bytes[16];
                    unsigned n = prefixes[p].length;
                    bool relative = (modrms[m] & 0xc7) == 5;
                    if ((relative && !has_modrm(map, (uint8_t)opcode)) ||
                        left_out(prefixes[p].bytes, n, map, (uint8_t)opcode, modrms[m]))
                        continue;
                    memcpy(bytes, prefixes[p].bytes, n);
                    memcpy(bytes + n, maps[map], lengths[map]);
                    n += lengths[map];
                    bytes[n++] = (uint8_t)opcode;
                    bytes[n++] = modrms[m];
                    if (relative) {
                        uint64_t next = CODE + filled * SLOT + SLOT / 2 + n + 4;
                        int32_t distance = (int32_t)(MIDDLE - next);
                        memcpy(bytes + n, &distance, 4);
                        n += 4;
                    }
                    collect(bytes, n);
                }
}

/* Those of 0f 01 that are neither calls of a hypervisor nor one maker's. */
static void system_group(void)
{
    static const uint8_t some[] = {0xc2, 0xc3, 0xc4, 0xc8, 0xc9, 0xca, 0xcb, 0xcf, 0xd1,
                                   0xd8, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xf8};
    for (unsigned i = 0; i < sizeof(some); i++) {
        uint8_t bytes[3] = {0x0f, 0x01, some[i]};
        collect(bytes, sizeof(bytes));
    }
}

static void vex(void)
{
    static const uint8_t some[] = {0x07, 0x1f, 0xc1, 0xd9};
    for (unsigned map = 1; map < 4; map++)
        for (unsigned last = 0; last < 16; last++)
            for (unsigned opcode = 0; opcode < 256; opcode++)
                for (unsigned m = 0; m < sizeof(some); m++) {
                    /* W, L and the implied prefix; vvvv names no register. */
                    uint8_t bytes[5] = {0xc4, (uint8_t)(0xe0 | map),
                                        (uint8_t)((last & 8) << 4 | 0x78 | (last & 7)),
                                        (uint8_t)opcode, some[m]};
                    if (map == 1 && opcode == 0xae)
                        continue;
                    collect(bytes, sizeof(bytes));
                }
}

/* Operands relative to the stack that no address can be, aligned and not. */
static void outside(void)
{
    static const uint8_t prefixes[] = {0, 0x66, 0xf2, 0xf3};
    finish();
    run_frame = 0x0012345678abcde0;
    for (unsigned map = 1; map < 4; map++)
        for (unsigned p = 0; p < sizeof(prefixes); p++)
            for (unsigned opcode = 0; opcode < 256; opcode++)
                for (unsigned m = 0; m < (map == 1 ? 16 : 2); m++) {
                    uint8_t bytes[16], modrm = (uint8_t)(0x45 | (m >> 1) << 3);
                    unsigned n = 0;
                    if (!has_modrm(map, (uint8_t)opcode) ||
                        left_out(prefixes + p, p > 0, map, (uint8_t)opcode, modrm))
                        continue;
                    if (p)
                        bytes[n++] = prefixes[p];
                    bytes[n++] = 0x0f;
                    if (map > 1)
                        bytes[n++] = map == 2 ? 0x38 : 0x3a;
                    bytes[n++] = (uint8_t)opcode;
                    bytes[n++] = modrm;
                    bytes[n++] = m & 1;
                    collect(bytes, n);
                }
    for (unsigned map = 1; map < 4; map++)
        for (unsigned last = 0; last < 16; last++)
            for (unsigned opcode = 0; opcode < 256; opcode++) {
                uint8_t bytes[] = {0xc4,
                                   (uint8_t)(0xe0 | map),
                                   (uint8_t)((last & 8) << 4 | 0x78 | (last & 7)),
                                   (uint8_t)opcode,
                                   0x45,
                                   1};
                if (map != 1 || opcode != 0xae)
                    collect(bytes, sizeof(bytes));
            }
    finish();
    run_frame = MIDDLE;
}

static uint64_t state;

static uint64_t random_number(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1du;
}

#define CHANCE 4096u

/* The end of a process that executes bytes by chance. */
static struct end {
    uint64_t signal, registers[16], flags, rip;
} * end;

static long plain_call(long number, uint64_t a, uint64_t b)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b)
                     : "rcx", "r11", "memory");
    return result;
}

/* Nothing here may use the thread's segment. */
static void on_end(int signal, siginfo_t *info, void *context)
{
    static const uint8_t order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                      REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                      REG_R12, REG_R13, REG_R14, REG_R15};
    const greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)info;
    for (int i = 0; i < 16; i++)
        end->registers[i] = (uint64_t)registers[order[i]];
    end->flags = (uint64_t)registers[REG_EFL] & ~UINT64_C(0x10000); /* RF */
    end->rip = (uint64_t)registers[REG_RIP];
    end->signal = (uint64_t)signal;
    plain_call(SYS_exit_group, 0, 0);
}

/* Bytes by chance. System calls are for other tests: neither files nor processes come to harm.
 * cpuid, rdtsc, xgetbv and rdpid tell of the machine, and hypervisors do not agree about int1. */
static void fill(uint8_t *code)
{
    for (unsigned k = 0; k < CHANCE; k++)
        code[k] = (uint8_t)(random_number() >> 32);
    for (unsigned k = 0; k + 1 < CHANCE; k++) {
        uint8_t next = code[k + 1];
        if ((code[k] == 0x0f && (next == 0x05 || next == 0x34 || next == 0xa2 || next == 0x31)) ||
            (code[k] == 0x01 && next == 0xd0) || (code[k] == 0xc7 && next >= 0xf8) ||
            code[k] == 0xcd || code[k] == 0xf1)
            code[k] = 0x0b;
    }
}

static void chance_child(uint64_t base, const uint8_t *code)
{
    void *at = mmap((void *)base, CHANCE, PROT_READ | PROT_WRITE | PROT_EXEC,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    memcpy(at, code, CHANCE);
    on_signals(on_end);
    alarm(1);
    plain_call(SYS_arch_prctl, 0x1001, MIDDLE); /* ARCH_SET_GS, ARCH_SET_FS */
    plain_call(SYS_arch_prctl, 0x1002, MIDDLE);
    run_code(base);
    plain_call(SYS_exit_group, 0, 0);
}

static void print_end(const uint8_t *code, uint64_t base)
{
    uint64_t offset = end->rip - base;
    printf("%d %llx %llx ", (int)end->signal, (unsigned long long)offset,
           (unsigned long long)end->flags);
    for (int k = 0; offset < CHANCE - 15 && k < 15; k++)
        printf("%02x", code[offset + k]);
    if (offset >= CHANCE - 15)
        printf(end->rip < 0x10000 ? "low" : "-");
    for (int k = 0; k < 16; k++)
        printf(" %llx", (unsigned long long)end->registers[k]);
    printf("\n");
}

/* Executes bytes by chance, one process for each number, and prints
 *
 *   NUMBER SIGNAL OFFSET FLAGS BYTES REGISTERS
 *
 * with the offset of rip in the code and the bytes there, or "low" in the first 64 KiB of memory;
 * or NUMBER and "other" when it ended in another way, or went on until its time was over. Whatever
 * the bytes do, only the process that executes them may come to harm. */
static void by_chance(uint64_t seed, long count)
{
    state = seed * 2 + 1;
    end = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (long i = 0; i < count; i++) {
        static uint8_t code[CHANCE];
        uint64_t base = i & 1 ? 0x50000000 : CODE;
        int status;
        fill(code);
        end->signal = 0;
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0)
            chance_child(base, code);
        if (pid < 0 || waitpid(pid, &status, 0) != pid) {
            printf("no process\n");
            exit(1);
        }
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
            printf("seed %llu, number %ld: killed\n", (unsigned long long)seed, i);
            exit(1);
        }
        printf("%ld ", i);
        if (end->signal == 0 || end->signal == SIGALRM)
            printf("other\n");
        else
            print_end(code, base);
    }
    printf("done\n");
}

/* Memory has ones behind what is stored, registers have ones around it. */
static void tables(void)
{
    uint8_t global[12], interrupt[12];
    uint16_t words[3];
    uint64_t registers[9];
    memset(global, 0xff, sizeof(global));
    memset(interrupt, 0xff, sizeof(interrupt));
    memset(words, 0xff, sizeof(words));
    memset(registers, 0xff, sizeof(registers));
    __asm__ volatile("sgdt %0" : "+m"(global));
    __asm__ volatile("sidt %0" : "+m"(interrupt));
    __asm__ volatile("smsw %0" : "+m"(words[0]));
    __asm__ volatile("sldt %0" : "+m"(words[1]));
    __asm__ volatile("str %0" : "+m"(words[2]));
    __asm__ volatile("smsw %w0\n smsw %k1\n smsw %q2"
                     : "+r"(registers[0]), "+r"(registers[1]), "+r"(registers[2]));
    __asm__ volatile("sldt %w0\n sldt %k1\n rex.W sldt %k2"
                     : "+r"(registers[3]), "+r"(registers[4]), "+r"(registers[5]));
    __asm__ volatile("str %w0\n str %k1\n rex.W str %k2"
                     : "+r"(registers[6]), "+r"(registers[7]), "+r"(registers[8]));
    for (unsigned i = 0; i < sizeof(global); i++)
        printf("%02x", global[i]);
    printf(" ");
    for (unsigned i = 0; i < sizeof(interrupt); i++)
        printf("%02x", interrupt[i]);
    printf("\n%x %x %x\n", words[0], words[1], words[2]);
    for (unsigned i = 0; i < 9; i++)
        printf("%llx%c", (unsigned long long)registers[i], i % 3 == 2 ? '\n' : ' ');
}

int main(int argc, char **argv)
{
    static const uint16_t control = 0x37f;
    static const uint32_t mxcsr = 0x1f80;
    memcpy(run_clean, &control, sizeof(control));
    memcpy(run_clean + 24, &mxcsr, sizeof(mxcsr));
    syscall(SYS_arch_prctl, 0x1003, &run_fs); /* ARCH_GET_FS */
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    mmap((void *)(uintptr_t)DATA, DATAS, PROT_READ | PROT_WRITE,
         MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (argc == 4 && strcmp(argv[1], "random") == 0) {
        by_chance(strtoull(argv[2], NULL, 0), atol(argv[3]));
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "tables") == 0) {
        tables();
        return 0;
    }
    legacy();
    system_group();
    vex();
    outside();
    return 0;
}
