/*
 * Between guest code and C. In guest code rsp is the state block; every stub keeps it so.
 * C is entered with flags clear, default MXCSR and an empty x87.
 */
#define __ASSEMBLER__ 1
#include "runtime/translate/stubs.h"

/* Integer arguments of the host's C calling convention. */
#ifdef __ELF__
#define ARG1      %rdi
#define ARG2      %rsi
#define ARG2_32   %esi
#define ARG3      %rdx
#else
#define ARG1      %rcx
#define ARG2      %rdx
#define ARG2_32   %edx
#define ARG3      %r8
#endif

#define S(off) (off)(%rsp)
#define G(reg) (CPU_OFF_GPR + 8 * (reg))(%rsp)
#define R(reg) (CPU_OFF_RAW + 8 * (reg))(%rsp)

.macro global name
    .globl \name
\name:
.endm

    .data
    .p2align 3
global stub_xmask
    .long 3
global stub_light
    .long 0
default_mxcsr:
    .long 0x1f80

    .text
    .p2align 4
global stub_text

/* Guest registers of guest code into gpr[]; guest r8, r10, r11 are there already. */
.macro save_guest
    mov %rax, G(0)
    mov %r10, G(1)
    mov %rdx, G(2)
    mov %rbx, G(3)
    mov %r8, G(4)
    mov %rbp, G(5)
    mov %rsi, G(6)
    mov %rdi, G(7)
    mov %r9, G(9)
    mov %r12, G(12)
    mov %r13, G(13)
    mov %r14, G(14)
    mov %r15, G(15)
.endm

.macro save_raw
    mov %rax, R(0)
    mov %rcx, R(1)
    mov %rdx, R(2)
    mov %rbx, R(3)
    mov %rbp, R(5)
    mov %rsi, R(6)
    mov %rdi, R(7)
    mov %r8, R(8)
    mov %r9, R(9)
    mov %r10, R(10)
    mov %r11, R(11)
    mov %r12, R(12)
    mov %r13, R(13)
    mov %r14, R(14)
    mov %r15, R(15)
.endm

/* Clobbers rax. */
.macro save_flags
    pushfq
    pop %rax
    mov %rax, S(CPU_OFF_RFLAGS)
.endm

/* Extended state into the block, and the environment of C. Clobbers rax, rdx, flags. */
.macro save_rest
    movl $0, S(CPU_OFF_LIGHT)
    mov stub_xmask(%rip), %eax
    xor %edx, %edx
    xsave S(CPU_OFF_XSAVE)
    testl $4, stub_xmask(%rip)
    jz 1f
    vzeroupper
1:  testb $1, S(CPU_OFF_XSAVE + 512)
    jz 2f
    fninit
    /* Used, but with the contents of the initial state: restored as that, so that the next system
     * call is light. */
    cmpl $0x37f, S(CPU_OFF_XSAVE)
    jne 2f
    cmpb $0, S(CPU_OFF_XSAVE + 4)
    jne 2f
    movdqa S(CPU_OFF_XSAVE + 32), %xmm0
    .irp n, 1, 2, 3, 4, 5, 6, 7
    por S(CPU_OFF_XSAVE + 32 + 16 * \n), %xmm0
    .endr
    ptest %xmm0, %xmm0
    jnz 2f
    andb $0xfe, S(CPU_OFF_XSAVE + 512)
2:  cmpl $0x1f80, S(CPU_OFF_XSAVE + 24)
    je 3f
    ldmxcsr default_mxcsr(%rip)
3:  testl $0x40000, S(CPU_OFF_RFLAGS)
    jz 4f
    pushq $0x202
    popfq
4:  cld
.endm

.macro enter kind
    save_flags
    save_rest
    mov $\kind, ARG2_32
    jmp to_c
.endm

global stub_link
    pop S(CPU_OFF_EXIT) /* the address counts from rsp after the pop */
    save_guest
    enter STUB_LINK

/* The address is not in the first table: it may be in the second. Only what neither has is C's. The
 * registers that this takes are in raw[], the flags in that of rcx. */
.macro unsave
    mov R(1), %rax
    add $0x7f, %al
    sahf
    mov R(0), %rax
    mov R(2), %rdx
.endm

    .p2align 6
global stub_miss
    mov %rax, R(0)
    mov %rdx, R(2)
    lahf
    seto %al
    mov %rax, R(1)
global stub_probe_test
    cmpl $0, S(CPU_OFF_PENDING)
    jne stub_probe_pending
    mov S(CPU_OFF_RIP), %rdx
    mov %rdx, %rcx
    shr $16, %rcx
    xor %edx, %ecx
    and $(SECOND_SETS - 1), %ecx
    shl $6, %ecx
    add S(CPU_OFF_SECOND), %rcx
    cmp (%rcx), %rdx
    je 1f
    .irp n, 1, 2, 3
    add $16, %rcx
    cmp (%rcx), %rdx
    je 1f
    .endr
    jmp 2f
    /* Both halves are not read at once: the code there checks the address again. */
1:  mov 8(%rcx), %rcx
    jrcxz 2f /* the guest's address 0, and an entry not in use */
    decl S(CPU_OFF_PATIENCE)
    jz 2f
    mov %rcx, S(CPU_OFF_RESUME)
    unsave
    jmp *S(CPU_OFF_RESUME)
global stub_probe_end

2:  unsave
    save_guest
    enter STUB_MISS

global stub_probe_pending
    unsave
global stub_leave
    save_guest
    enter STUB_LEAVE

    .p2align 4
global stub_trap
    save_guest
    enter STUB_TRAP

    .p2align 4
global stub_fault
    save_raw
    enter STUB_FAULT

    .p2align 4
global stub_async
    save_raw
    enter STUB_ASYNC

    .p2align 4
global stub_syscall
    save_guest
    save_flags
    cmpl $0, stub_light(%rip)
    je 1f
    mov $1, %ecx
    xgetbv /* the components that are not in their initial state */
    test $5, %al
    jz system_call_light
1:  save_rest
    mov $STUB_SYSCALL, ARG2_32

to_c:
    mov %rsp, ARG1
    sub $32, %rsp /* room that callees may use, on Windows */
    call cpu_event
    add $32, %rsp
answer:
    cmp $LEAVE_GUEST, %eax
    jne 5f

    cmpl $0, S(CPU_OFF_LIGHT)
    jne leave_light
    mov stub_xmask(%rip), %eax
    xor %edx, %edx
    xrstor S(CPU_OFF_XSAVE)
leave_flags:
    mov S(CPU_OFF_RFLAGS), %rax
    and $0x244cd5, %rax
    or $0x202, %rax
    push %rax
    popfq
global stub_leave_test
    mov S(CPU_OFF_PENDING), %ecx
    jrcxz 1f
    jmp stub_leave_pending
1:  mov G(0), %rax
    mov G(1), %r10
    mov G(2), %rdx
    mov G(3), %rbx
    mov G(4), %r8
    mov G(5), %rbp
    mov G(6), %rsi
    mov G(7), %rdi
    mov G(9), %r9
    mov G(12), %r12
    mov G(13), %r13
    mov G(14), %r14
    mov G(15), %r15
    mov S(CPU_OFF_WINDOW), %r11
    jmp *S(CPU_OFF_RESUME)
global stub_leave_end

5:  cmp $LEAVE_STOP, %eax
    je stop
    mov %eax, %esi
    mov stub_xmask(%rip), %eax
    xor %edx, %edx
    xrstor S(CPU_OFF_XSAVE)
    mov S(CPU_OFF_RFLAGS), %rax
    and $0x244cd5, %rax
    or $0x202, %rax
    cmp $LEAVE_COPY, %esi
    push %rax
    je 6f
    popfq
global stub_raw_test
    mov S(CPU_OFF_PENDING), %ecx
    jrcxz 7f
    jmp stub_raw_pending
6:  popfq
7:  mov R(0), %rax
    mov R(1), %rcx
    mov R(2), %rdx
    mov R(3), %rbx
    mov R(5), %rbp
    mov R(6), %rsi
    mov R(7), %rdi
    mov R(8), %r8
    mov R(9), %r9
    mov R(10), %r10
    mov R(11), %r11
    mov R(12), %r12
    mov R(13), %r13
    mov R(14), %r14
    mov R(15), %r15
    jmp *S(CPU_OFF_RESUME)
global stub_raw_end

/* x87 and the upper halves of ymm are in their initial state, as they are in nearly all system
 * calls: only xmm and MXCSR are saved. Nothing that C does here touches the x87. */
.macro each_xmm instruction
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \instruction \n
    .endr
.endm
.macro save_xmm n
    movaps %xmm\n, S(CPU_OFF_XMM + 16 * \n)
.endm
.macro load_xmm n
    movaps S(CPU_OFF_XMM + 16 * \n), %xmm\n
.endm

system_call_light:
    each_xmm save_xmm
    stmxcsr S(CPU_OFF_LIGHT_MXCSR)
    movl $1, S(CPU_OFF_LIGHT)
    cmpl $0x1f80, S(CPU_OFF_LIGHT_MXCSR)
    je 1f
    ldmxcsr default_mxcsr(%rip)
1:  testl $0x40000, S(CPU_OFF_RFLAGS)
    jz 2f
    pushq $0x202
    popfq
2:  cld
    mov $STUB_SYSCALL, ARG2_32
    jmp to_c

leave_light:
    testl $4, stub_xmask(%rip)
    jz 1f
    vzeroupper /* or what C left there would slow down and show in the guest */
1:  each_xmm load_xmm
    cmpl $0x1f80, S(CPU_OFF_LIGHT_MXCSR)
    je leave_flags
    ldmxcsr S(CPU_OFF_LIGHT_MXCSR)
    jmp leave_flags

/* The block still holds everything; only the environment of C has to be made again. */
.macro back_to_c kind
    mov $\kind, ARG2_32
    jmp c_environment
.endm

global stub_leave_pending
    back_to_c STUB_PENDING
global stub_raw_pending
    back_to_c STUB_RAW_PENDING
c_environment:
    pushq $0x202
    popfq
    testl $4, stub_xmask(%rip)
    jz 1f
    vzeroupper
1:  fninit
    ldmxcsr default_mxcsr(%rip)
    jmp to_c

stop:
    mov S(CPU_OFF_VALUE), %eax
    mov S(CPU_OFF_HOST_RSP), %rsp
#ifndef __ELF__
    movaps (%rsp), %xmm6
    movaps 16(%rsp), %xmm7
    movaps 32(%rsp), %xmm8
    movaps 48(%rsp), %xmm9
    movaps 64(%rsp), %xmm10
    movaps 80(%rsp), %xmm11
    movaps 96(%rsp), %xmm12
    movaps 112(%rsp), %xmm13
    movaps 128(%rsp), %xmm14
    movaps 144(%rsp), %xmm15
    add $168, %rsp
    pop %rsi
    pop %rdi
#endif
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

global stub_start
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
#ifndef __ELF__
    push %rdi
    push %rsi
    sub $168, %rsp
    movaps %xmm6, (%rsp)
    movaps %xmm7, 16(%rsp)
    movaps %xmm8, 32(%rsp)
    movaps %xmm9, 48(%rsp)
    movaps %xmm10, 64(%rsp)
    movaps %xmm11, 80(%rsp)
    movaps %xmm12, 96(%rsp)
    movaps %xmm13, 112(%rsp)
    movaps %xmm14, 128(%rsp)
    movaps %xmm15, 144(%rsp)
#endif
    mov ARG1, %rax
    mov %rsp, ARG3
    sub $(CPU_SIZEOF + 64), %rsp
    and $-64, %rsp
    mov %rax, ARG2
    mov %rsp, ARG1
    sub $32, %rsp
    call cpu_first
    add $32, %rsp
    mov $STUB_PENDING, ARG2_32
    jmp to_c
global stub_text_end

#ifdef __ELF__
    .section .note.GNU-stack, "", @progbits
#endif
