# void string_run(struct run *run): loads rax, rcx, rsi, rdi and the flags, executes the instruction
# run->form, stores them back. Layout: rax 0, rcx 8, rsi 16, rdi 24, flags 32, form 40.
        .intel_syntax noprefix
        .globl string_run
        .text
string_run:
        push    rbx
        mov     rbx, rdi
        mov     rdx, [rbx + 40]
        lea     rax, table[rip]
        movsxd  rdx, dword ptr [rax + rdx * 4]
        add     rdx, rax
        push    [rbx + 32]
        mov     rax, [rbx]
        mov     rcx, [rbx + 8]
        mov     rsi, [rbx + 16]
        mov     rdi, [rbx + 24]
        popfq
        jmp     rdx
done:
        mov     [rbx], rax
        mov     [rbx + 8], rcx
        mov     [rbx + 16], rsi
        mov     [rbx + 24], rdi
        pushfq
        pop     [rbx + 32]
        cld
        pop     rbx
        ret
        .macro  form number, text:vararg
f\number: \text
        jmp     done
        .endm
        form 0, movsb
        form 1, movsw
        form 2, movsd
        form 3, movsq
        form 4, rep movsb
        form 5, rep movsw
        form 6, rep movsd
        form 7, rep movsq
        form 8, stosb
        form 9, rep stosb
        form 10, rep stosw
        form 11, rep stosd
        form 12, rep stosq
        form 13, lodsb
        form 14, lodsw
        form 15, lodsd
        form 16, lodsq
        form 17, rep lodsb
        form 18, scasb
        form 19, repe scasb
        form 20, repne scasb
        form 21, repne scasq
        form 22, cmpsb
        form 23, repe cmpsb
        form 24, repne cmpsw
        form 25, repe cmpsq
        form 26, repe scasd
        form 27, addr32 movsb
        form 28, addr32 rep movsd
        form 29, addr32 rep stosb
        .balign 4
table:
        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
        .long f\n - table
        .endr
        .section .note.GNU-stack,"",@progbits
