# void system_call_registers(struct registers *in_out, uint64_t number)
# Loads every register from *in_out, executes getpid, stores every register back.
# Layout: rax rcx rdx rbx rsp(not loaded) rbp rsi rdi r8..r15 (16 x 8), rflags at 128, address after the system call
# at 136, ymm0..15 at 160 (32 each), x87 image at 672 (108 bytes), mxcsr at 784.
        .intel_syntax noprefix
        .globl system_call_registers, system_call_after
        .text
system_call_registers:
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        push    rdi
        sub     rsp, 128
        stmxcsr [rsp]
        fnstcw  [rsp + 4]
        ldmxcsr [rdi + 784]
        frstor  [rdi + 672]
        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        vmovdqu ymm\n, [rdi + 160 + 32 * \n]
        .endr
        mov     [rdi + 32], rsp
        push    [rdi + 128]
        mov     rax, [rdi]
        mov     rcx, [rdi + 8]
        mov     rdx, [rdi + 16]
        mov     rbx, [rdi + 24]
        mov     rbp, [rdi + 40]
        mov     rsi, [rdi + 48]
        mov     r8, [rdi + 64]
        mov     r9, [rdi + 72]
        mov     r10, [rdi + 80]
        mov     r11, [rdi + 88]
        mov     r12, [rdi + 96]
        mov     r13, [rdi + 104]
        mov     r14, [rdi + 112]
        mov     r15, [rdi + 120]
        mov     rdi, [rdi + 56]
        popfq
        syscall
system_call_after:
        mov     [rsp - 16], rdi
        mov     rdi, [rsp + 128]
        mov     [rdi], rax
        mov     [rdi + 8], rcx
        mov     [rdi + 16], rdx
        mov     [rdi + 24], rbx
        mov     [rdi + 32], rsp
        mov     [rdi + 40], rbp
        mov     [rdi + 48], rsi
        mov     [rdi + 64], r8
        mov     [rdi + 72], r9
        mov     [rdi + 80], r10
        mov     [rdi + 88], r11
        mov     [rdi + 96], r12
        mov     [rdi + 104], r13
        mov     [rdi + 112], r14
        mov     [rdi + 120], r15
        mov     rax, [rsp - 16]
        mov     [rdi + 56], rax
        pushfq
        pop     [rdi + 128]
        push    0x202                   # AC would fault below
        popfq
        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        vmovdqu [rdi + 160 + 32 * \n], ymm\n
        .endr
        fnsave  [rdi + 672]
        stmxcsr [rdi + 784]
        ldmxcsr [rsp]
        fldcw   [rsp + 4]
        vzeroupper
        add     rsp, 128
        pop     rdi
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        ret
        .section .note.GNU-stack,"",@progbits
