/* The state a program starts with: every general register but RSP is zero, RSP is a multiple of 16
 * and points at argc, flags, MXCSR and x87 control word have their defaults. Exit status: the number of
 * the expectation that does not hold, 0 when all hold.
 */
        .intel_syntax noprefix
        .globl _start
        .text
_start:
        pushfq
        pop     r15_flags[rip]
        mov     saved_r15[rip], r15
        mov     r15d, 1
        test    rax, rax
        jnz     wrong
        inc     r15d
        test    rbx, rbx
        jnz     wrong
        inc     r15d
        test    rcx, rcx
        jnz     wrong
        inc     r15d
        test    rdx, rdx
        jnz     wrong
        inc     r15d
        test    rsi, rsi
        jnz     wrong
        inc     r15d
        test    rdi, rdi
        jnz     wrong
        inc     r15d
        test    rbp, rbp
        jnz     wrong
        inc     r15d                    /* 8 */
        test    r8, r8
        jnz     wrong
        inc     r15d
        test    r9, r9
        jnz     wrong
        inc     r15d
        test    r10, r10
        jnz     wrong
        inc     r15d
        test    r11, r11
        jnz     wrong
        inc     r15d
        test    r12, r12
        jnz     wrong
        inc     r15d
        test    r13, r13
        jnz     wrong
        inc     r15d
        test    r14, r14
        jnz     wrong
        inc     r15d                    /* 15 */
        cmp     qword ptr saved_r15[rip], 0
        jne     wrong
        inc     r15d
        test    spl, 15
        jnz     wrong
        inc     r15d
        cmp     qword ptr [rsp], 1
        jne     wrong
        inc     r15d                    /* 18 */
        cmp     qword ptr [rsp + 16], 0
        jne     wrong
        inc     r15d
        mov     rax, [rsp + 8]
        cmp     dword ptr [rax], 0x74732f2e     /* "./st" */
        jne     wrong
        inc     r15d                    /* 20 */
        cmp     qword ptr r15_flags[rip], 0x202
        jne     wrong
        inc     r15d
        stmxcsr [rsp - 8]
        cmp     dword ptr [rsp - 8], 0x1f80
        jne     wrong
        inc     r15d
        fnstcw  [rsp - 8]
        cmp     word ptr [rsp - 8], 0x37f
        jne     wrong
        inc     r15d                    /* 23 */
        fnstsw  ax
        test    ax, ax
        jne     wrong
        xor     r15d, r15d
wrong:
        mov     edi, r15d
        mov     eax, 231                /* exit_group */
        syscall
        ud2

        .data
r15_flags: .quad 0
saved_r15: .quad 1
        .section .note.GNU-stack,"",@progbits
