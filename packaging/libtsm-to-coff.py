#!/usr/bin/env python3
"""Rewrites the x86-64 ELF objects of libtsm.a as GNU assembler text for Windows object files.

    libtsm-to-coff.py LIBTSM.a LIBTSM.h OUTDIR     writes OUTDIR/<object>.s and OUTDIR/libtsm.h

The machine code stays as it is, and so do its calling convention and the layout of its types.
What changes:
- relocations become assembler expressions;
- what the code imports from the C library gets the prefix tsm_libc_ (libtsm-libc.c supplies it);
- the stack protector's accesses to %fs:0x28 become immediate forms of the same length, since
  Windows has no such slot;
- the header says that functions and callbacks follow the System V convention (a callback handed
  to libtsm is defined with TSM_ABI, which only this header defines), that the bit-fields are laid
  out as there, and that tsm_age_t has 64 bits.

Left out are the objects for ptys and for the escape sequence parser: the screen, which is all that
is used, does not refer to them.

Stops with one line on anything it does not know for sure: another relocation type, another use of
a segment register, a function that keeps data below the stack pointer (Windows may overwrite it)
or that takes a page of stack or more without touching it (Windows grows stacks by guard page).
"""

import os
import re
import struct
import subprocess
import sys
import tempfile

SKIPPED_OBJECTS = {"shl-pty.c.o", "tsm-vte.c.o", "tsm-vte-charsets.c.o"}
CANARY = 0x2B992DDF

SHT_NOBITS, SHT_RELA, SHT_SYMTAB = 8, 4, 2
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR = 1, 2, 4
SHN_UNDEF, SHN_ABS, SHN_COMMON = 0, 0xFFF1, 0xFFF2
STB_LOCAL, STT_SECTION = 0, 3

R_PC32, R_PLT32 = 2, 4


def stop(message):
    sys.exit("libtsm-to-coff: " + message)


def read_archive(path):
    """The members of a System V ar archive, as (name, bytes)."""
    data = open(path, "rb").read()
    if data[:8] != b"!<arch>\n":
        stop(f"{path} is not an archive")
    members, long_names, at = [], b"", 8
    while at < len(data):
        header = data[at:at + 60]
        name, size = header[:16].decode().rstrip(), int(header[48:58])
        body = data[at + 60:at + 60 + size]
        at += 60 + size + (size & 1)
        if name == "//":
            long_names = body
        elif name in ("/", "/SYM64/"):
            continue
        else:
            if name.startswith("/"):
                start = int(name[1:])
                name = long_names[start:long_names.index(b"/\n", start)].decode()
            members.append((name.rstrip("/"), body))
    return members


class Section:
    def __init__(self, data, fields, index):
        (self.name_at, self.type, self.flags, _, self.offset, self.size, self.link, self.info,
         self.align, self.entry_size) = fields
        self.index = index
        self.bytes = b"" if self.type == SHT_NOBITS else data[self.offset:self.offset + self.size]
        self.relocations = []


class Symbol:
    def __init__(self, name, info, section, value):
        self.name, self.binding, self.type = name, info >> 4, info & 15
        self.section, self.value = section, value


def c_string(table, at):
    return table[at:table.index(b"\0", at)].decode()


class Object:
    def __init__(self, name, data):
        self.name = name
        if data[:7] != b"\x7fELF\x02\x01\x01" or struct.unpack_from("<HH", data, 16) != (1, 62):
            stop(f"{name} is not an x86-64 relocatable ELF object")
        table_at, = struct.unpack_from("<Q", data, 40)
        entry_size, count, names = struct.unpack_from("<HHH", data, 58)
        self.sections = [
            Section(data, struct.unpack_from("<IIQQQQIIQQ", data, table_at + i * entry_size), i)
            for i in range(count)
        ]
        for section in self.sections:
            section.name = c_string(self.sections[names].bytes, section.name_at)
        self.symbols = []
        for table in (s for s in self.sections if s.type == SHT_SYMTAB):
            strings = self.sections[table.link].bytes
            for at in range(0, table.size, 24):
                name_at, info, _, section, value, _ = struct.unpack_from("<IBBHQQ", table.bytes, at)
                self.symbols.append(Symbol(c_string(strings, name_at), info, section, value))
        for table in (s for s in self.sections if s.type == SHT_RELA):
            target = self.sections[table.info]
            for at in range(0, table.size, 24):
                where, info, addend = struct.unpack_from("<QQq", table.bytes, at)
                target.relocations.append((where, info & 0xFFFFFFFF, self.symbols[info >> 32],
                                           addend))

    def kept_sections(self):
        return [s for s in self.sections
                if s.flags & SHF_ALLOC and s.size and not s.name.startswith((".eh_frame", ".note"))]


def disassemble(name, data):
    """Yields (section, function, address, bytes, text) for each instruction."""
    with tempfile.NamedTemporaryFile(suffix=".o") as file:
        file.write(data)
        file.flush()
        text = subprocess.run(["objdump", "-d", "-w", "--insn-width=15", file.name], check=True,
                              capture_output=True, text=True).stdout
    section = function = None
    for line in text.splitlines():
        if line.startswith("Disassembly of section "):
            section = line[len("Disassembly of section "):-1]
        elif match := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            function = match[1]
        elif match := re.match(r"\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(.*)$", line):
            if "(bad)" in match[3]:
                stop(f"{name}: {function}: unknown instruction at {match[1]}")
            yield section, function, int(match[1], 16), bytes.fromhex(match[2]), match[3]


def without_segment(code, where):
    """The immediate form, in the same length, of mov or sub %fs:0x28,reg."""
    if len(code) != 9 or code[0] != 0x64 or code[1] not in (0x48, 0x4C) or \
            code[2] not in (0x8B, 0x2B) or code[3] & 0xC7 != 4 or \
            code[4:] != b"\x25\x28\0\0\0":
        stop(f"{where}: unknown use of a segment register: {code.hex(' ')}")
    register = code[3] >> 3 & 7
    rex = 0x49 if code[1] == 0x4C else 0x48
    opcode, modrm = (0xC7, 0xC0) if code[2] == 0x8B else (0x81, 0xE8)
    # A two-byte nop fills up; it leaves the flags of the sub alone.
    return struct.pack("<BBBI", rex, opcode, modrm | register, CANARY) + b"\x66\x90"


def check_and_patch(obj, data):
    """Patches the stack protector out of obj's sections and checks what the code does."""
    by_name = {s.name: s for s in obj.kept_sections()}
    framed = below_frame = grown = None
    for section, function, address, code, text in disassemble(obj.name, data):
        where = f"{obj.name}: {function} at {address:#x}"
        if function != framed and re.search(r"mov\s+%rsp,%rbp", text):
            framed, below_frame, grown = function, None, False
        if "%fs:" in text or "%gs:" in text:
            kept = by_name[section]
            kept.bytes = kept.bytes[:address] + without_segment(code, where) + \
                kept.bytes[address + len(code):]
        if re.search(r"-0x[0-9a-f]+\(%rsp", text) and not text.startswith("lea"):
            stop(f"{where}: data below the stack pointer: {text}")
        if match := re.search(r"sub\s+\$0x([0-9a-f]+),%rsp", text):
            if int(match[1], 16) >= 4096:
                stop(f"{where}: a frame of {int(match[1], 16)} bytes")
        if framed == function and re.search(r"(sub|push|add|and)\b.*", text):
            grown = grown or "%rsp" in text or text.startswith("push")
        if framed == function and not grown and re.search(r"-0x[0-9a-f]+\(%rbp", text):
            stop(f"{where}: data below the stack pointer: {text}")
        if re.match(r"(syscall|int|int3|hlt|cpuid|rd|wr)\b", text):
            stop(f"{where}: unexpected instruction: {text}")


def section_directive(section):
    if section.flags & SHF_EXECINSTR:
        return ".text"
    if section.type == SHT_NOBITS:
        return ".bss"
    return ".data" if section.flags & SHF_WRITE else '.section .rdata,"dr"'


def rewrite(obj, defined):
    """The assembler text of one object. defined: the global names of the whole library."""
    lines = [f'.file "{obj.name}"']

    def expression(symbol, addend):
        if symbol.section in (SHN_ABS, SHN_COMMON):
            stop(f"{obj.name}: {symbol.name}: absolute or common symbol")
        if symbol.section != SHN_UNDEF and (symbol.binding == STB_LOCAL or
                                            symbol.type == STT_SECTION):
            base = f".Lsection{symbol.section}"
            addend += symbol.value
        elif symbol.section != SHN_UNDEF or symbol.name in defined:
            base = symbol.name
        else:
            base = "tsm_libc_" + symbol.name
        return base, addend

    for section in obj.kept_sections():
        labels = {}
        for symbol in obj.symbols:
            if symbol.section == section.index and symbol.binding != STB_LOCAL:
                labels.setdefault(symbol.value, []).append(symbol.name)
        relocations = {r[0]: r[1:] for r in section.relocations}
        lines += [section_directive(section), f".balign {max(section.align, 1)}",
                  f".Lsection{section.index}:"]
        if section.type == SHT_NOBITS:
            if labels:
                stop(f"{obj.name}: exported variable in {section.name}")
            lines.append(f".skip {section.size}")
            continue
        at = 0
        while at < section.size:
            for name in labels.pop(at, []):
                lines += [f".globl {name}", f"{name}:"]
            if at in relocations:
                kind, symbol, addend = relocations.pop(at)
                base, addend = expression(symbol, addend)
                if kind not in (R_PC32, R_PLT32):
                    stop(f"{obj.name}: {section.name}+{at:#x}: unknown relocation type {kind}")
                lines.append(f".long {base}{addend:+d} - .")
                at += 4
                continue
            end = min([section.size] + [x for x in labels if x > at] +
                      [x for x in relocations if x > at] + [at + 16])
            lines.append(".byte " + ",".join(str(b) for b in section.bytes[at:end]))
            at = end
        if labels or relocations:
            stop(f"{obj.name}: {section.name}: a label or relocation inside another one")
    return "\n".join(lines) + "\n"


def rewrite_header(text):
    """libtsm.h for a compiler that follows the Windows conventions."""
    def replace(pattern, by):
        nonlocal text
        text, count = re.subn(pattern, by, text, flags=re.M)
        if not count:
            stop(f"libtsm.h: nothing matches {pattern}")
    replace(r"^(#define TSM_LIBTSM_H)$", r"\1\n\n#define TSM_ABI __attribute__((sysv_abi))")
    replace(r"^((?:unsigned )?\w+ \*?tsm_\w+ ?\()", r"TSM_ABI \1")
    replace(r"^(typedef \w+ \()(\*tsm_\w+\))", r"\1TSM_ABI \2")
    replace(r"^struct (tsm_screen_attr \{)", r"struct __attribute__((gcc_struct)) \1")
    replace(r"^typedef uint_fast32_t ", "typedef uint64_t ")
    return text


def main():
    if len(sys.argv) != 4:
        stop("usage: libtsm-to-coff.py LIBTSM.a LIBTSM.h OUTDIR")
    out = sys.argv[3]
    members = [(name, data) for name, data in read_archive(sys.argv[1])
               if name not in SKIPPED_OBJECTS]
    objects = [(Object(name, data), data) for name, data in members]
    defined = {s.name for obj, _ in objects for s in obj.symbols
               if s.binding != STB_LOCAL and s.section != SHN_UNDEF}
    for obj, data in objects:
        check_and_patch(obj, data)
        name = re.sub(r"(\.c)?\.o$", "", obj.name) + ".s"
        with open(os.path.join(out, name), "w") as file:
            file.write(rewrite(obj, defined))
    with open(sys.argv[2]) as header, open(os.path.join(out, "libtsm.h"), "w") as file:
        file.write(rewrite_header(header.read()))


if __name__ == "__main__":
    main()
