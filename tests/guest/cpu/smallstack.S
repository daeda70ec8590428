# int small_stack_start(void *stack_top, int *tid, struct small *small): a thread on the given stack, made with clone.
# It takes numbers and arguments from small->list (7 words each; the list ends with -1), makes the system calls and stores
# the results in place of the number; then it ends. Nothing but the word at RSP is used of the stack.
        .intel_syntax noprefix
        .globl small_stack_start
        .text
small_stack_start:
        mov     r10, rsi                # address to clear at exit
        mov     r12, rdx
        mov     rsi, rdi
        mov     edi, 0x250f00           # VM FS FILES SIGHAND THREAD SYSVSEM CHILD_CLEARTID
        xor     edx, edx
        xor     r8d, r8d
        mov     eax, 56
        syscall
        test    eax, eax
        jz      1f
        ret
1:      mov     rax, [r12]
        cmp     rax, -1
        je      2f
        mov     rdi, [r12 + 8]
        mov     rsi, [r12 + 16]
        mov     rdx, [r12 + 24]
        mov     r10, [r12 + 32]
        mov     r8, [r12 + 40]
        mov     r9, [r12 + 48]
        syscall
        mov     [r12], rax
        add     r12, 56
        jmp     1b
2:      mov     qword ptr [r12], -2
        xor     edi, edi
        mov     eax, 60
        syscall
        ud2
        .section .note.GNU-stack,"",@progbits
