# Every way to address a word through gs:. rdi: form, rsi: offset.
        .intel_syntax noprefix
        .globl segment_read, segment_add
        .text
segment_read:
        push    rbx
        push    r12
        push    r13
        push    rbp
        lea     rax, table[rip]
        movsxd  rcx, dword ptr [rax + rdi * 4]
        add     rax, rcx
        xor     edx, edx
        jmp     rax
done:
        pop     rbp
        pop     r13
        pop     r12
        pop     rbx
        ret
f0:     mov     rax, gs:[rsi]
        jmp     done
f1:     lea     rbx, [rsi - 16]
        mov     rax, gs:[rbx + 16]
        jmp     done
f2:     lea     r12, [rsi - 0x12345]
        mov     rax, gs:[r12 + 0x12345]
        jmp     done
f3:     mov     r13, rsi
        shr     r13, 3
        mov     rax, gs:[r13 * 8]
        jmp     done
f4:     mov     rbp, rsi
        sub     rbp, 8
        mov     r13d, 2
        mov     rax, gs:[rbp + r13 * 4]
        jmp     done
f5:     mov     r13, rsp                # RSP as base: the offset wraps around
        sub     rsi, r13
        mov     rax, gs:[rsp + rsi]
        jmp     done
f6:     mov     rax, gs:8               # only for offset 8: no register at all
        jmp     done
f7:     xor     eax, eax
        add     rax, gs:[rsi]
        jmp     done
f8:     movq    xmm0, qword ptr gs:[rsi]
        movq    rax, xmm0
        jmp     done
f9:     mov     ecx, esi
        mov     rax, gs:[ecx]           # 67h
        jmp     done
f10:    push    qword ptr gs:[rsi]
        pop     rax
        jmp     done
f11:    mov     rbx, rsi
        sub     rbx, rax
        mov     rcx, rax
        mov     rax, gs:[rax + rbx]
        jmp     done
f12:    mov     rcx, rdi
        mov     r12, rdi
        mov     rdi, rsi
        lea     rsi, [rdi]
        lods    rax, qword ptr gs:[rsi]
        jmp     done
f13:    mov     rdi, rsi
        movabs  rax, qword ptr gs:8     # only for offset 8: 64-bit absolute address
        jmp     done
        .balign 4
table:
        .long f0-table, f1-table, f2-table, f3-table, f4-table, f5-table, f6-table, f7-table
        .long f8-table, f9-table, f10-table, f11-table, f12-table, f13-table

segment_add:
        cmp     rdi, 1
        je      1f
        ja      2f
        inc     qword ptr gs:[rsi]
        ret
1:      lock add qword ptr gs:[rsi], 1
        ret
2:      mov     eax, 1
        lock xadd gs:[rsi], rax
        ret
        .section .note.GNU-stack,"",@progbits
