/* From an address of the host to the block, the guest's instruction and its function, as a debugger
 * asks (where_host, where_guest): of a guest that sits in a loop of known bytes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/abi/elf.h"
#include "runtime/fs/vfs/fdtable.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/env.h"
#include "runtime/host/park.h"
#include "runtime/host/time.h"
#include "runtime/kernel/boot/boot.h"
#include "runtime/kernel/boot/run.h"
#include "runtime/kernel/entry/where.h"
#include "runtime/memory/space.h"
#include "runtime/task/pid.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include "runtime/translate/cache.h"
#include "runtime/translate/codeview.h"
#include "runtime/translate/stubs.h"
#include "tests/unit/fs/archive.h"
#include "tests/unit/run.h"

#define ROOT  "where.tar"
#define BASE  0x400000u
#define ENTRY (BASE + sizeof(struct program_head))

/* push %rbx; mov (%rsp),%rcx; mov %rcx,(%rsp); pop %rbx; mov $24,%eax (sched_yield); syscall; and
 * again. */
static const uint8_t code[] = {0x53, 0x48, 0x8b, 0x0c, 0x24, 0x48, 0x89, 0x0c, 0x24, 0x5b,
                               0xb8, 0x18, 0,    0,    0,    0x0f, 0x05, 0xeb, 0xed};
#define LOAD_AT    1u
#define STORE_AT   5u
#define SYSCALL_AT 15u /* the block's last instruction */
#define BLOCK_SIZE 17u

static const char names[] = "\0first\0spins";

struct program_head {
    struct l_elf_header header;
    struct l_elf_segment segment;
};

struct program {
    struct program_head head;
    uint8_t code[sizeof(code)];
    uint8_t pad[8 - sizeof(code) % 8];
    struct l_elf_symbol symbol[3];
    struct l_elf_section section[3];
    char names[sizeof(names)];
};

static const struct program program = {
    .head = {.header = {.e_ident = "\177ELF\2\1\1",
                        .e_type = 2,
                        .e_machine = 62,
                        .e_version = 1,
                        .e_entry = ENTRY,
                        .e_phoff = offsetof(struct program_head, segment),
                        .e_shoff = offsetof(struct program, section),
                        .e_ehsize = sizeof(struct l_elf_header),
                        .e_phentsize = sizeof(struct l_elf_segment),
                        .e_phnum = 1,
                        .e_shentsize = sizeof(struct l_elf_section),
                        .e_shnum = 3},
             .segment = {.p_type = L_PT_LOAD,
                         .p_flags = 5,
                         .p_vaddr = BASE,
                         .p_filesz = sizeof(struct program),
                         .p_memsz = sizeof(struct program),
                         .p_align = 4096}},
    /* The second function begins at the load. */
    .symbol =
        {{0},
         {.st_name = 1, .st_info = L_STT_FUNC, .st_shndx = 1, .st_value = ENTRY, .st_size = 1},
         {.st_name = 7,
          .st_info = L_STT_FUNC,
          .st_shndx = 1,
          .st_value = ENTRY + LOAD_AT,
          .st_size = sizeof(code) - LOAD_AT}},
    .section = {{0},
                {.sh_type = L_SHT_SYMTAB,
                 .sh_offset = offsetof(struct program, symbol),
                 .sh_size = 3 * sizeof(struct l_elf_symbol),
                 .sh_link = 2,
                 .sh_entsize = sizeof(struct l_elf_symbol)},
                {.sh_type = 3,
                 .sh_offset = offsetof(struct program, names),
                 .sh_size = sizeof(names)}},
};

static struct process *process;

static void start(void)
{
    static const char *const words[] = {"/spins", NULL};
    const struct boot_options options = {.root = ROOT};
    struct program copy = program;
    char message[500];
    memcpy(copy.code, code, sizeof(code));
    memcpy(copy.names, names, sizeof(names));
    member("spins", '0', 0755, NULL, &copy, sizeof(copy));
    finish_archive();
    FILE *file = fopen(ROOT, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(archive, 1, used, file), used);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_msg(boot_start(&options, message, sizeof(message)) == 0, "%s", message);
    const struct process_start with = {.path = words[0],
                                       .argv = words,
                                       .envp = words + 1,
                                       .files = files_new(),
                                       .fs = fs_context_new()};
    ck_assert_int_eq(process_run(&with, &process), 0);
}

/* The guest's only block. The translator tells nobody when it is there. */
static const struct block *find_block(void)
{
    const struct block *block = NULL;
    struct space *space = process_space(process);
    const struct codeview *view = space_codeview(space);
    uint64_t deadline = host_clock_monotonic_ns() + 60 * (uint64_t)1000000000;
    struct host_parker parker;
    host_parker_init(&parker);
    for (;;) {
        host_mutex_lock(&translate_lock);
        block = view_find(view, ENTRY, false);
        host_mutex_unlock(&translate_lock);
        uint64_t now = host_clock_monotonic_ns();
        if (block)
            break;
        ck_assert_uint_lt(now, deadline);
        host_park(&parker, now + 1000000);
    }
    space_put(space);
    return block;
}

static void says(uint64_t host, const char *begin, const char *end)
{
    const char *text = where_host(host);
    size_t length = strlen(text), tail = strlen(end);
    ck_assert_msg(strstr(text, begin) && length >= tail && !strcmp(text + length - tail, end),
                  "\"%s\" has no \"%s\", or does not end in \"%s\"", text, begin, end);
}

START_TEST(blocks_and_their_instructions)
{
    char place[200], shown[100], process_number[40];
    start();
    const struct block *b = find_block();
    uint64_t at = (uint64_t)b->code;
    ck_assert_uint_eq(b->guest_size, BLOCK_SIZE);
    snprintf(process_number, sizeof(process_number), "; process %d", (int)process->pid);
    snprintf(place, sizeof(place),
             ": guest 0x%llx, at 0x0 of the block of 0x%llx-0x%llx at 0x%llx-0x%llx, shared code",
             (unsigned long long)ENTRY, (unsigned long long)ENTRY,
             (unsigned long long)(ENTRY + BLOCK_SIZE), (unsigned long long)at,
             (unsigned long long)(at + b->size));
    says(at, place, process_number);
    /* An instruction that may fault is known; what comes between two lies between them. */
    bool load = false, store = false, between = false;
    for (uint16_t i = 0; i < b->recoveries; i++) {
        const struct recovery *r = &b->recovery[i];
        snprintf(shown, sizeof(shown), ": guest 0x%llx, at 0x%x of",
                 (unsigned long long)(ENTRY + r->guest), r->host);
        says(at + r->host, shown, process_number);
        load |= r->guest == LOAD_AT;
        store |= r->guest == STORE_AT;
        if (r->guest != LOAD_AT)
            continue;
        ck_assert_uint_lt((uint64_t)i + 1, b->recoveries);
        between = true;
        snprintf(shown, sizeof(shown), ": guest 0x%llx to 0x%llx, at 0x%x of",
                 (unsigned long long)(ENTRY + LOAD_AT), (unsigned long long)(ENTRY + r[1].guest),
                 r->host + 1);
        says(at + r->host + 1, shown, process_number);
    }
    ck_assert(load && store && between);
    snprintf(shown, sizeof(shown), ", at 0x%x of", b->size - 1);
    says(at + b->size - 1, shown, process_number);
}
END_TEST

START_TEST(places_without_a_block)
{
    const struct block *b = find_block();
    uint64_t chunk = (uint64_t)b->code & ~(uint64_t)(CACHE_CHUNK - 1);
    says(chunk + CACHE_CHUNK - 1, "host 0x", ": code memory without a block");
    says((uint64_t)stub_fault, "host 0x", ": between guest code and C (stubs.S)");
    says((uint64_t)stub_text_end, "host 0x", ": no translated code");
    says((uint64_t)(uintptr_t)&process, "host 0x", ": no translated code");
    says(0, "host 0x0: no translated code", "");
}
END_TEST

START_TEST(functions)
{
    char expected[100];
    snprintf(expected, sizeof(expected), "/spins+0x%zx (first+0x0)", sizeof(struct program_head));
    ck_assert_str_eq(where_guest(process->pid, ENTRY), expected);
    snprintf(expected, sizeof(expected), "/spins+0x%zx (spins+0x4)",
             sizeof(struct program_head) + STORE_AT);
    ck_assert_str_eq(where_guest(process->pid, ENTRY + STORE_AT), expected);
    ck_assert_str_eq(where_guest(process->pid, 0x1000), "no memory");
    ck_assert_str_eq(where_guest(30000, ENTRY), "no such process");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("where");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, blocks_and_their_instructions);
    tcase_add_test(tcase, places_without_a_block);
    tcase_add_test(tcase, functions);
    int status = unit_run("where", tcase);
    process_kill_all(host_clock_monotonic_ns() + 10 * (uint64_t)1000000000);
    remove(ROOT);
    host_exit(status);
}
