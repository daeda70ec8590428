# void enter(const struct state *in, struct state *out): loads the complete state *in, jumps to its rip; the case
# ends at leave, which stores the complete state in *out and returns to enter's caller. After
# a signal the handler has filled *out itself and continues at leave_signal.
        .intel_syntax noprefix
        .globl enter, leave, leave_signal, note, note_vectors, on_signal, restore_signal, _start
        .text
_start:
        mov     rdi, rsp
        and     rsp, -16
        call    start
        ud2

enter:
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        mov     saved_rsp[rip], rsp
        mov     saved_out[rip], rsi
        mov     rax, [rdi + 128]
        mov     saved_target[rip], rax
        fxrstor [rdi + 416]
        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        vinsertf128 ymm\n, ymm\n, [rdi + 160 + 16 * \n], 1
        .endr
        push    [rdi + 136]
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
        popfq
        mov     rsp, [rdi + 32]
        mov     rdi, [rdi + 56]
        jmp     saved_target[rip]

leave:
        mov     saved_rsi[rip], rsi
        mov     rsi, saved_out[rip]
        mov     [rsi], rax
        mov     [rsi + 8], rcx
        mov     [rsi + 16], rdx
        mov     [rsi + 24], rbx
        mov     [rsi + 32], rsp
        mov     [rsi + 40], rbp
        mov     [rsi + 56], rdi
        mov     [rsi + 64], r8
        mov     [rsi + 72], r9
        mov     [rsi + 80], r10
        mov     [rsi + 88], r11
        mov     [rsi + 96], r12
        mov     [rsi + 104], r13
        mov     [rsi + 112], r14
        mov     [rsi + 120], r15
        mov     rax, saved_rsi[rip]
        mov     [rsi + 48], rax
        mov     rsp, saved_rsp[rip]
        pushfq
        pop     [rsi + 136]
        push    0x202
        popfq
        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        vextractf128 [rsi + 160 + 16 * \n], ymm\n, 1
        .endr
        fxsave  [rsi + 416]
leave_signal:
        mov     rsp, saved_rsp[rip]
        vzeroall
        fninit
        push    0x1f80
        ldmxcsr [rsp]
        pop     rax
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        ret

# A program's block starts: its number and the return address are on the stack. note_block sees the registers (r15
# first), the flags, the address and the number; nothing is changed.
note:
        pushfq
        .irp r, rax,rcx,rdx,rbx,rbp,rsi,rdi,r8,r9,r10,r11,r12,r13,r14,r15
        push    \r
        .endr
        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        vmovdqu note_vectors[rip + 32 * \n], ymm\n
        .endr
        mov     rdi, rsp
        push    0x202
        popfq
        call    note_block
        .irp r, r15,r14,r13,r12,r11,r10,r9,r8,rdi,rsi,rbp,rbx,rdx,rcx,rax
        pop     \r
        .endr
        popfq
        ret     8

# The kernel leaves AC as it was; C code may not run with it.
on_signal:
        push    0x202
        popfq
        jmp     handle_signal
restore_signal:
        mov     eax, 15
        syscall

        .bss
        .balign 16
saved_rsp: .quad 0
saved_out: .quad 0
saved_target: .quad 0
saved_rsi: .quad 0
        .balign 32
note_vectors: .skip 512
        .section .note.GNU-stack,"",@progbits
