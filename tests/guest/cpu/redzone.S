# uint64_t red_zone_keep(uint64_t what, uint64_t rounds, volatile uint32_t *bad_page)
# Fills the 128 bytes below RSP, does something that enters the kernel, and counts the words that
# changed. what: 0 system calls, 1 faults (SIGSEGV, whose handler skips red_zone_load), 2 a loop that waits
# for *bad_page to become non-zero while signals arrive.
        .intel_syntax noprefix
        .globl red_zone_keep, red_zone_load, red_zone_loaded
        .text
red_zone_keep:
        xor     r8d, r8d                # words found changed
        mov     r10, rdx
        mov     r9, rsi
1:
        .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16
        lea     rax, [r9 + \n * 0x1234567]
        mov     [rsp - 8 * \n], rax
        .endr
        cmp     rdi, 1
        je      2f
        ja      3f
        push    rdi                     # only to have a register: below it is refilled
        pop     rdi
        lea     rax, [r9 + 0x1234567]
        mov     [rsp - 8], rax
        mov     eax, 39
        mov     r11, r10
        syscall
        jmp     4f
2:
red_zone_load:
        mov     eax, [r10]
red_zone_loaded:
        jmp     4f
3:
        cmp     dword ptr [r10], 0
        je      3b
        mov     dword ptr [r10], 0
4:
        .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16
        lea     rax, [r9 + \n * 0x1234567]
        xor     ecx, ecx
        cmp     [rsp - 8 * \n], rax
        setne   cl
        add     r8, rcx
        .endr
        dec     r9
        jnz     1b
        mov     rax, r8
        ret
        .section .note.GNU-stack,"",@progbits
