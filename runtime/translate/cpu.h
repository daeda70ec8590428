/*
 * The state block of a guest thread, and the way into and out of guest code.
 *
 * Each guest thread is a host thread. Its state block lies on that thread's own stack; while guest
 * code runs, host RSP is its address and never holds a guest value, so the guest's red zone and
 * stack pointer are ordinary data. Every event (system call, fault, trap, interruption)
 * saves the complete guest state into the block and calls the service function just below it.
 * Handlers, sigreturn, fork and exec change the block and return: nothing of a guest nests on the
 * host stack.
 *
 * Host registers while guest code runs:
 *   rsp  state block             r11  base of the address window
 *   rcx  scratch                 r10  guest rcx          r8  guest rsp
 *   all others hold the guest register of the same name; guest r8, r10, r11 live in gpr[].
 * The table for indirect jumps lies below the window (view_table.h).
 */
#ifndef RUNTIME_TRANSLATE_CPU_H
#define RUNTIME_TRANSLATE_CPU_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct codeview;
struct host_thread;

/* Bytes from the table for indirect jumps to the window. */
#define CPU_TABLE_BELOW ((uint64_t)512 << 20)

/* Indices of gpr[], in hardware order. */
enum {
    CPU_RAX,
    CPU_RCX,
    CPU_RDX,
    CPU_RBX,
    CPU_RSP,
    CPU_RBP,
    CPU_RSI,
    CPU_RDI,
    CPU_R8,
    CPU_R9,
    CPU_R10,
    CPU_R11,
    CPU_R12,
    CPU_R13,
    CPU_R14,
    CPU_R15
};

/* Indices of selector[], in hardware order. */
enum { CPU_ES, CPU_CS, CPU_SS, CPU_DS, CPU_FS, CPU_GS };

/* Selectors of a 64-bit Linux process; the others are 0. */
#define CPU_SELECTOR_CS 0x33
#define CPU_SELECTOR_SS 0x2b

enum {
    CPU_FLAG_CF = 1 << 0,
    CPU_FLAG_PF = 1 << 2,
    CPU_FLAG_AF = 1 << 4,
    CPU_FLAG_ZF = 1 << 6,
    CPU_FLAG_SF = 1 << 7,
    CPU_FLAG_TF = 1 << 8,
    CPU_FLAG_IF = 1 << 9,
    CPU_FLAG_DF = 1 << 10,
    CPU_FLAG_OF = 1 << 11,
    CPU_FLAG_RF = 1 << 16,
    CPU_FLAG_AC = 1 << 18,
    CPU_FLAG_ID = 1 << 21
};

/* Bytes of the XSAVE image with x87, SSE and AVX (Intel SDM vol. 1, 13.4), the only components a
 * guest has; XCR0 as the guest sees it is 7, or 3 on a host without AVX. */
#define CPU_XSAVE_SIZE   832
#define CPU_XSAVE_FCW    0
#define CPU_XSAVE_MXCSR  24
#define CPU_XSAVE_XMM    160
#define CPU_XSAVE_HEADER 512
#define CPU_XSAVE_YMMH   576

/* What a fault or trap means to Linux; filled before CPU_FAULT is reported. */
struct cpu_fault {
    int32_t signo;    /* SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP: Linux numbers */
    int32_t code;     /* si_code */
    uint64_t address; /* si_addr */
    uint32_t trapno; /* as in the ucontext: 14 page fault, 13 #GP, 6 #UD, 0 #DE, 3 #BP, 1 #DB ... */
    uint32_t error;  /* page-fault error code as the ucontext shows it */
    uint64_t cr2;
};

/* The translated code that a fault happened in. */
struct cpu_block {
    uint64_t host;     /* where, an address of the host; 0: the fault was in no such code */
    uint64_t code;     /* where the code begins */
    uint64_t pc, size; /* the guest's code that it is the translation of */
};

/* With SIGKILL: a defect of ours ends the guest; it has been logged. */
#define CPU_CODE_DEFECT 0x80

enum cpu_event {
    CPU_SYSCALL,   /* rip is after the instruction, rcx and r11 as `syscall` leaves them */
    CPU_FAULT,     /* `fault` is filled; rip is what the signal frame must show */
    CPU_INTERRUPT, /* `pending` was set; the guest is at an instruction boundary */
};

struct cpu {
    /* First what guest code reaches most, with displacements of at most one byte. */
    uint64_t rip;
    uint64_t near_stub[2]; /* STUB_LINK and STUB_MISS */
    uint64_t fs_base;
    uint64_t gpr[16];
    uint64_t rflags;
    uint64_t window; /* host address of guest address 0 */
    uint64_t table;  /* indirect-branch table of the codeview (view_table.h) */
    uint64_t second; /* what did not find room in it */
    uint64_t gs_base;
    uint64_t stub[8];           /* addresses of the other assembler stubs, indexed by STUB_* */
    _Atomic uint32_t pending;   /* set by cpu_interrupt, tested before guest code is entered */
    uint32_t host_fault_access; /* what the host's fault handler saw, with the two below */
    uint32_t host_fault_kind;
    uint32_t host_fault_valid;
    uint64_t host_fault_address;
    uint64_t host_rsp;     /* what cpu_start returns to */
    uint64_t host_rip;     /* host address of a fault or an interruption */
    uint64_t exit_slot;    /* the direct exit taken, for linking */
    uint64_t resume;       /* host address that the leave stub jumps to */
    uint64_t helper_arg;   /* which trap */
    uint64_t helper_value; /* its operand; also the result of the service function at the end */
    uint64_t raw[16];      /* host registers in the middle of a block */
    int (*service)(struct cpu *, enum cpu_event);
    void *task;                /* the kernel's struct task */
    struct codeview *view;     /* code of the address space this thread runs in */
    struct cpu_thread *thread; /* translator's per-thread data */
    struct host_thread *host;  /* for interruption */
    struct cpu *next_in_view;
    _Atomic uint64_t stamp; /* the view's when the thread last held no address of code; UINT64_MAX
                               while it is in the service function */
    struct cpu_fault fault;
    _Alignas(64) uint8_t xsave[CPU_XSAVE_SIZE]; /* valid while light is 0: see cpu_extended */
    _Alignas(16) uint8_t xmm[16][16];           /* while light is 1 */
    uint32_t light; /* a system call saved xmm alone: x87 and the upper halves of ymm are initial */
    uint32_t light_mxcsr;
    uint32_t patience; /* jumps until one that only the second table has is moved to the first */
    uint64_t helper_detail; /* a trap's second operand, and its third */
    uint64_t helper_offset;
    struct cpu_block block; /* of the fault that is reported, for the log */
    uint16_t selector[6];   /* segment registers by CPU_ES and so on; the host's stay its own */
};

typedef int cpu_service_fn(struct cpu *cpu, enum cpu_event event);

/* Prepares the translator: code memory, stubs, CPU features, fault hooks. Once, before any other
 * call and before other threads start. 0, -ENOMEM, or -ENODEV when the CPU lacks XSAVE or SSE4.2.
 */
int cpu_init(void);

/* Makes a state block on the calling thread's stack, lets init fill it (registers, rip, fs_base,
 * task, and cpu_set_view), then runs guest code until the service function returns non-zero, which
 * is returned. The block dies with the call. */
int cpu_start(void (*init)(struct cpu *, void *), void *arg, cpu_service_fn *service);

/* Registers as execve leaves them: general registers and rflags (0x202) cleared, selectors of a new
 * process, x87 and MXCSR at their defaults, vector registers zero. Leaves rip, task and view alone.
 */
void cpu_reset(struct cpu *cpu);

/* The extended state as an XSAVE image, which may be read and changed until the service function
 * returns. Everyone who looks at it goes through here. */
uint8_t *cpu_extended(struct cpu *cpu);

/* Copies the guest-visible state (registers, flags, selectors, bases, extended state) for fork and
 * clone. */
void cpu_copy_state(struct cpu *to, const struct cpu *from);

/* The thread runs in this address space from now on; window is the host address of guest address
 * 0. Called by init, and by the service function on exec. The caller keeps the view alive for as
 * long as it is set; a NULL view lets go of it before the thread's last return. */
void cpu_set_view(struct cpu *cpu, struct codeview *view, uint64_t window);

/* Makes the thread reach its service function with CPU_INTERRUPT soon (well under a millisecond),
 * wherever it is in guest code. Any thread may call it; the caller guarantees that the thread stays
 * inside cpu_start meanwhile (a lock it must take to leave, for example). The service function
 * clears `pending` with cpu_clear_pending before it looks for work. */
void cpu_interrupt(struct cpu *cpu);
void cpu_clear_pending(struct cpu *cpu);

/* What the guest's cpuid reports; also for AT_HWCAP, AT_HWCAP2 and /proc/cpuinfo. out: eax ebx ecx
 * edx. */
void cpu_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

/* XCR0 as the guest sees it: the feature mask of the xsave image. */
uint64_t cpu_xcr0(void);

#endif
