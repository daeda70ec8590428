/*
 * A translation in progress: guest instructions of one block are decoded, relocated and emitted
 * into a buffer. The result is position independent: it reaches the runtime only through the state
 * block, and other blocks only through exits that are linked later.
 */
#ifndef RUNTIME_TRANSLATE_XLATE_H
#define RUNTIME_TRANSLATE_XLATE_H

#include "runtime/translate/decode.h"
#include "runtime/translate/emit.h"

#define XLATE_CODE_MAX 8192
#define XLATE_INSN_MAX 100
#define XLATE_EXIT_MAX 48
/* Where indirect jumps enter, unless the block is bare; before that a jump to stub_miss stands. */
#define XLATE_ENTRY 4
/* Bytes of a direct exit's call of stub_link. */
#define XLATE_STUB_CALL 4
/* Guest bytes that a translation is given: nearly all blocks are shorter. */
#define XLATE_GUEST_MAX 320

/* Where the guest state is while one host instruction runs, for a fault in it. The instruction is
 * restartable: nothing of the guest instruction has happened. */
struct recovery {
    uint16_t host;  /* offset in the block's code */
    uint16_t guest; /* offset of the guest instruction from the block's start */
    uint16_t
        in_slot;  /* guest registers whose value is in gpr[], the host register being borrowed */
    int8_t sp;    /* guest rsp = host register + sp */
    uint8_t kind; /* RECOVERY_* */
};

enum {
    RECOVERY_RSI = 1, /* host rsi and/or rdi hold guest value + bias (window, segment base) */
    RECOVERY_RDI = 2,
    RECOVERY_RCX = 4,    /* guest rcx is in host rcx (progress of rep) */
    RECOVERY_FS = 8,     /* the bias of rsi includes fs_base */
    RECOVERY_GS = 16,    /* ... gs_base */
    RECOVERY_STACK = 64, /* the access is relative to the stack segment: #SS instead of #GP */
    RECOVERY_REP = 32, /* the host instruction repeats: stopping in it is an instruction boundary */
    RECOVERY_NARROW = 128, /* addresses of 32 bits: rsi and rdi as they were are in gpr[] */
};

/* A direct exit: a rel32 that first leads to a stub in the block and can be linked to a body. */
struct exit_point {
    uint16_t patch; /* offset of the rel32 */
    uint16_t stub;  /* offset of the stub's return address */
    uint64_t target;
};

/* The end of an indirect jump: `jmp [r11 + rcx * 8 - CPU_TABLE_BELOW]`, in 8 bytes. */
struct indirect_point {
    uint16_t jump; /* its offset */
};

enum xlate_step { STEP_NEXT, STEP_END, STEP_UNDEFINED, STEP_PRIVILEGED };

/* Reasons for a trap exit (struct cpu helper_arg). */
enum xlate_trap {
    TRAP_UNDEFINED,
    TRAP_PRIVILEGED, /* general protection */
    TRAP_BREAKPOINT, /* int3: rip is after it */
    TRAP_ICEBP,
    TRAP_INTERRUPT, /* int n; helper_value: the error code */
    TRAP_CPUID,
    TRAP_XGETBV,
    TRAP_POPF,   /* helper_value: what popfq read; rip is after it */
    TRAP_POPF16, /* the same of 16 bits */
    TRAP_FAR,    /* rip is at a far branch to helper_offset; helper_detail: rsp after it */
    TRAP_IRET,   /* the same with flags in helper_value */
    TRAP_IRET16,
    TRAP_SELECTOR, /* helper_value: a selector, helper_detail what becomes of it (selector.h) */
    TRAP_CHECK,    /* self-checking block whose guest bytes seem to have changed */
};

struct xlate {
    struct emit e;
    uint64_t start;                 /* guest address of the block */
    uint64_t pc;                    /* of the current instruction */
    uint64_t limit_low, limit_high; /* direct exits inside this guest range may be linked */
    int32_t sp;                     /* guest rsp = host register + sp (folded pushes and pops) */
    uint16_t borrowed;              /* host registers whose guest value is in gpr[] just now */
    uint16_t body;                  /* where linked exits enter */
    uint16_t checked;               /* where a self-checking block goes on */
    uint16_t last, last_end;        /* the host instruction that ended a guest one, if any */
    bool last_rsp;                  /* which names guest rsp */
    uint16_t check_jump;            /* its jump to the comparison: the rel32 */
    struct recovery recovery[XLATE_INSN_MAX * 3];
    size_t recoveries;
    struct exit_point exits[XLATE_EXIT_MAX];
    size_t exit_count;
    struct indirect_point indirects[4];
    size_t indirect_count;
    bool self_check;
    bool single;      /* one instruction only */
    bool bare;        /* no indirect jump enters here */
    uint16_t *begins; /* NULL, or XLATE_INSN_MAX + 1 places for where the code of each guest
                       * instruction begins, and of what follows the last */
};

/* The next host instruction may fault. */
void xlate_mark(struct xlate *x, uint8_t kind);

/* Loads size bytes (2, 4 or 8) of memory, where a fault is of that kind. What lies above them in
 * the register becomes 0 with clear; else half a word leaves it as it is. */
void xlate_load(struct xlate *x, int to, struct host_mem m, int size, uint8_t kind, bool clear);
/* Stores the low size bytes of a host register. */
void xlate_store(struct xlate *x, struct host_mem m, int from, int size, uint8_t kind);

/* Brings the guest rsp register up to date. Changes no flags. */
void xlate_flush_sp(struct xlate *x);

/* Stores the constant guest address to rip in the state block. Clobbers the scratch register when
 * it does not fit 31 bits. */
void xlate_store_rip(struct xlate *x, uint64_t pc);

/* modrm.c: an instruction that runs on the host with its operands rewritten. */
enum xlate_step modrm_rewrite(struct xlate *x, const struct insn *in);
/* Borrows a host register that the instruction does not use; avoid is a mask of more to leave
 * alone. With low set it is one of the first eight. Returned to the guest by modrm_return. */
int modrm_borrow(struct xlate *x, const struct insn *in, uint16_t avoid, bool low);
void modrm_return(struct xlate *x);
/* Makes the host operand for the ModRM memory operand, using the scratch register given for parts.
 * Window is false for lea. */
struct host_mem modrm_address(struct xlate *x, const struct insn *in, int scratch, bool window,
                              uint16_t avoid);
/* RECOVERY_STACK when the memory operand is relative to the stack segment, else 0. */
uint8_t modrm_segment(const struct insn *in);
/* Puts the value of guest register g into the host register to (64 bits). */
void modrm_read(struct xlate *x, int to, int g);
/* The host register that holds guest register g: the scratch register where it has none. */
int modrm_source(struct xlate *x, int g);
/* Sets guest register g from a host register. */
void modrm_write(struct xlate *x, int g, int from);
/* What the scratch register is known to hold is not so any more when it depends on one of these
 * guest registers. */
void modrm_forget(struct xlate *x, uint16_t written);

/* branch.c: branches, calls, returns, traps. STEP_UNDEFINED when it is none of them. */
enum xlate_step control(struct xlate *x, const struct insn *in, bool *handled);
void control_exit(struct xlate *x, uint64_t target); /* unconditional direct exit */
void control_trap(struct xlate *x, enum xlate_trap trap, uint64_t rip);
void control_leave(struct xlate *x, uint64_t rip); /* to the dispatcher, which tests `pending` */
void control_prologue(struct xlate *x);            /* entry for indirect jumps, if any; sets body */
void control_stubs(struct xlate *x);               /* after the last instruction */

/* The processor's `loop` is as quick as other jumps. Set once, before anything is translated. */
extern bool control_by_loop;

/* selfcheck.c: what a self-checking block does first, and, behind the last instruction, the
 * comparison of its size guest bytes with those at code. */
void check_enter(struct xlate *x);
void check_bytes(struct xlate *x, const uint8_t *code, size_t size);

/* stack.c: push, pop, leave, enter, pushf, popf. */
enum xlate_step stack(struct xlate *x, const struct insn *in, bool *handled);

/* segment.c: segment registers, and what else asks about descriptors. */
enum xlate_step segment(struct xlate *x, const struct insn *in, bool *handled);
/* Puts the selector in a segment register into the host register to. */
void segment_selector(struct xlate *x, int to, ZydisRegister reg);
/* pop fs, pop gs */
enum xlate_step segment_pop(struct xlate *x, const struct insn *in, int size);

/* far.c: far call and jmp, ret and iret. */
enum xlate_step far_branch(struct xlate *x, const struct insn *in, bool call);
enum xlate_step far_return(struct xlate *x, const struct insn *in);
enum xlate_step far_iret(struct xlate *x, const struct insn *in);

/* special.c: string instructions, xlat, maskmov, XSAVE family. */
enum xlate_step special(struct xlate *x, const struct insn *in, bool *handled);

/* xlate.c: translates from the guest bytes at code (n of them, guest address x->start). Returns the
 * number of guest bytes covered; 0 when the first instruction is cut off by the end of the bytes.
 */
size_t xlate_block(struct xlate *x, const uint8_t *code, size_t n);

#endif
