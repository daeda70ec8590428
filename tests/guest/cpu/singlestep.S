# void step_run(void): sets the trap flag, runs the instructions between step_first and step_end, and clears it.
        .intel_syntax noprefix
        .globl step_run, step_first, step_end
        .text
step_run:
        push    rbx
        xor     ebx, ebx
        mov     ecx, 2
        pushfq
        or      dword ptr [rsp], 0x100
        popfq
step_first:
        nop
        add     ebx, 1
        push    rbx
        pop     rax
        call    1f
        jmp     2f
1:      ret
2:      dec     ecx
        jnz     2b
        cpuid
        mov     eax, 39
        syscall
        pushfq
        and     dword ptr [rsp], 0xfffffeff
        popfq
step_end:
        pop     rbx
        ret
        .section .note.GNU-stack,"",@progbits
