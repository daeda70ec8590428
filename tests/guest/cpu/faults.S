# void fault_case(uint64_t number, uint64_t *registers): loads the general registers from the array (rax rcx rdx rbx - rbp rsi
# rdi r8..r15; RSP stays), then executes the faulting instruction of this number; the handler continues at
# fault_resume. fault_sites[number] is where each one lies.
        .intel_syntax noprefix
        .globl fault_case, fault_resume, fault_sites, fault_bad_entry
        .text
fault_case:
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        lea     rax, fault_sites[rip]
        mov     rax, [rax + rdi * 8]
        mov     target[rip], rax
        mov     stack[rip], rsp
        mov     rax, [rsi]
        mov     rcx, [rsi + 8]
        mov     rdx, [rsi + 16]
        mov     rbx, [rsi + 24]
        mov     rbp, [rsi + 40]
        mov     rdi, [rsi + 56]
        mov     r8, [rsi + 64]
        mov     r9, [rsi + 72]
        mov     r10, [rsi + 80]
        mov     r11, [rsi + 88]
        mov     r12, [rsi + 96]
        mov     r13, [rsi + 104]
        mov     r14, [rsi + 112]
        mov     r15, [rsi + 120]
        mov     rsi, [rsi + 48]
        push    0x2d7                   # all arithmetic flags but OF
        popfq
        jmp     target[rip]
fault_resume:
        mov     rsp, stack[rip]
        cld
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        ret

        .macro  site text:vararg
        .pushsection .data.rel.local
        .quad 1f
        .popsection
1:      \text
        ud2
        .endm
        .data
target: .quad 0
stack:  .quad 0
        .section .data.rel.local, "aw"
        .balign 8
fault_sites:
        .text
        site    mov eax, [r8]                   # 0: not mapped
        site    mov [r9], r10                   # 1: read-only
        site    add [r9 + rcx * 2 + 8], rbx     # 2: read-only, read and written
        site    mov al, [r11]                   # 3: no access
        site    mov rax, [r12]                  # 4: not canonical
        site    push [r8]                       # 5: RSP must not move
        site    div rsi                         # 6: RSI is 0
        site    ud2                             # 7
        site    int3                            # 8
        site    hlt                             # 9
        site    jmp r8                          # 10: rip is the target
        site    call r8                         # 11: the same, with the return address pushed
        site    jmp r12                         # 12: not canonical: rip stays
        site    movaps xmm0, [r13 + 8]          # 13: not aligned
        site    xchg [r9], r14                  # 14: registers unchanged
        site    cmpxchg [r9], r15               # 15
        site    vmovdqu ymm3, [r11 - 16]        # 16: begins in the page before
        site    int1                            # 17
        site    idiv dword ptr [r13]            # 18: quotient too large
        site    mov [rdi], rax                  # 19: null page
        site    jmp r11                         # 20: no permission to execute
        site    mov rax, fs:[r12]               # 21: not canonical
        site    lock xadd [r9], rax             # 22
        site    pop [r8]                        # 23: RSP must not move
        site    fld qword ptr [r8]              # 24
        site    movsq                           # 25: RSI is 0: source first
        site    cli                             # 26
        site    in al, dx                       # 27
        site    xlatb                           # 28
        site    movdqa [rdi], xmm0              # 29: null page
        .section .note.GNU-stack,"",@progbits
