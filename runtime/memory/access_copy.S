/*
 * The instructions that touch guest memory on behalf of the kernel. All follow the System V calling
 * convention on every host, use no stack, and have a fix-up: where the fault handler sends a thread
 * whose access faulted. access.h has the C side.
 */
    .text

#define ROUTINE(name)                                                                              \
    .globl name;                                                                                   \
    .p2align 4;                                                                                    \
    name:

    .globl access_begin
access_begin:

/* size_t access_copy(void *to, const void *from, size_t size): bytes not copied. The string
 * instruction keeps its registers exact, so the fix-up is what follows it. */
ROUTINE(access_copy)
    movq %rdx, %rcx
    .globl access_copy_fault
access_copy_fault:
    rep movsb
    .globl access_copy_fixup
access_copy_fixup:
    movq %rcx, %rax
    ret

/* size_t access_clear(void *to, size_t size): bytes not cleared. */
ROUTINE(access_clear)
    movq %rsi, %rcx
    xorl %eax, %eax
    .globl access_clear_fault
access_clear_fault:
    rep stosb
    .globl access_clear_fixup
access_clear_fixup:
    movq %rcx, %rax
    ret

/* int access_load32(uint32_t *to, const void *guest): 0, or 1 after a fault; and so on. */
ROUTINE(access_load32)
    movl (%rsi), %eax
    movl %eax, (%rdi)
    xorl %eax, %eax
    ret

ROUTINE(access_load64)
    movq (%rsi), %rax
    movq %rax, (%rdi)
    xorl %eax, %eax
    ret

/* int access_store32(void *guest, uint32_t value) */
ROUTINE(access_store32)
    movl %esi, (%rdi)
    xorl %eax, %eax
    ret

ROUTINE(access_store64)
    movq %rsi, (%rdi)
    xorl %eax, %eax
    ret

/* int access_exchange32(void *guest, uint32_t *value) */
ROUTINE(access_exchange32)
    movl (%rsi), %eax
    xchgl %eax, (%rdi)
    movl %eax, (%rsi)
    xorl %eax, %eax
    ret

/* int access_compare32(void *guest, uint32_t *expected, uint32_t desired) */
ROUTINE(access_compare32)
    movl (%rsi), %eax
    lock cmpxchgl %edx, (%rdi)
    movl %eax, (%rsi)
    xorl %eax, %eax
    ret

    .globl access_end
access_end:
    .globl access_failed
access_failed:
    movl $1, %eax
    ret

#ifdef __ELF__
    .section .note.GNU-stack, "", @progbits
#endif
