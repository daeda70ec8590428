/* The font every Foreland has: DejaVu Sans Mono (Bitstream Vera licence; free to embed). The build
   names the folder of the files. */
#ifdef __ELF__
    .section .rodata
#else
    .section .rdata, "dr"
#endif
    .balign 16
    .globl builtin_font, builtin_font_end, builtin_font_bold, builtin_font_bold_end
builtin_font:
    .incbin "DejaVuSansMono.ttf"
builtin_font_end:
    .balign 16
builtin_font_bold:
    .incbin "DejaVuSansMono-Bold.ttf"
builtin_font_bold_end:
#ifdef __ELF__
    .section .note.GNU-stack, "", @progbits
#endif
