/* guest: flags -no-pie
 *
 * Libraries that come and go at one address: what was translated of one is never run for another.
 * The libraries are made here, one page of code each, and ask for an address, which glibc passes on
 * when the program itself is not position independent. Another library at the same address, another
 * file at the same path, the same file with other content, and all that while another thread calls
 * a library that stays. */
#include "check.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>

#define ADDRESS UINT64_C(0x600000000)
#define PAGE    4096

/* A shared object with `value`, a function that returns number. */
struct library {
    Elf64_Ehdr header;
    Elf64_Phdr segments[3];
    Elf64_Sym symbols[2];
    uint32_t hash[5]; /* 1 bucket, 2 symbols */
    char strings[20];
    uint8_t code[64];
    _Alignas(PAGE) Elf64_Dyn dynamic[8];
};

#define AT(field) (base + offsetof(struct library, field))

static void make(const char *path, uint64_t base, uint32_t number)
{
    static struct library l;
    l = (struct library){
        .header = {.e_type = ET_DYN,
                   .e_machine = EM_X86_64,
                   .e_version = EV_CURRENT,
                   .e_phoff = offsetof(struct library, segments),
                   .e_ehsize = sizeof(Elf64_Ehdr),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 3},
        .segments = {{PT_LOAD, PF_R | PF_X, 0, base, base, PAGE, PAGE, PAGE},
                     {PT_LOAD, PF_R | PF_W, PAGE, base + PAGE, base + PAGE, sizeof(l.dynamic),
                      sizeof(l.dynamic), PAGE},
                     {PT_DYNAMIC, PF_R | PF_W, PAGE, base + PAGE, base + PAGE, sizeof(l.dynamic),
                      sizeof(l.dynamic), 8}},
        .symbols = {{0}, {1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, AT(code), 6}},
        .hash = {1, 2, 1, 0, 0},
        .strings = "\0value",
        .dynamic = {{DT_HASH, {AT(hash)}},
                    {DT_SYMTAB, {AT(symbols)}},
                    {DT_STRTAB, {AT(strings)}},
                    {DT_STRSZ, {sizeof(l.strings)}},
                    {DT_SYMENT, {sizeof(Elf64_Sym)}},
                    {DT_NULL, {0}}},
    };
    memcpy(l.header.e_ident, ELFMAG, SELFMAG);
    l.header.e_ident[EI_CLASS] = ELFCLASS64;
    l.header.e_ident[EI_DATA] = ELFDATA2LSB;
    l.header.e_ident[EI_VERSION] = EV_CURRENT;
    l.code[0] = 0xb8; /* mov eax, number; ret */
    memcpy(l.code + 1, &number, 4);
    l.code[5] = 0xc3;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    CHECK_EQ(write(fd, &l, sizeof(l)), (ssize_t)sizeof(l));
    CHECK_OK(close(fd));
}

typedef int function(void);

static function *load(const char *path, void **library)
{
    *library = dlopen(path, RTLD_NOW);
    if (!check_(*library != NULL, __FILE__, __LINE__, "dlopen: %s", *library ? "" : dlerror()))
        exit(check_done());
    return (function *)(uintptr_t)dlsym(*library, "value");
}

/* Each is called often enough to be linked to its caller. */
static void use(const char *path, uint64_t address, int value)
{
    void *library;
    function *call = load(path, &library);
    if (address)
        CHECK_EQ((uintptr_t)call, address + offsetof(struct library, code));
    int wrong = 0;
    for (int i = 0; i < 20; i++)
        wrong += call() != value;
    CHECK_EQ(wrong, 0);
    CHECK_EQ(dlclose(library), 0);
}

static _Atomic bool stop;
static _Atomic int calls;

static void *caller(void *argument)
{
    function *call = (function *)(uintptr_t)argument;
    int wrong = 0;
    while (!stop) {
        wrong += call() != 4711;
        calls++;
    }
    return (void *)(intptr_t)wrong;
}

static void in_turns(void)
{
    for (int i = 0; i < 60; i++)
        use(i % 2 ? "./a.so" : "./b.so", ADDRESS, i % 2 ? 1 : 2);
}

int main(void)
{
    CHECK_OK(chdir("/tmp"));
    make("a.so", ADDRESS, 1);
    make("b.so", ADDRESS, 2);
    make("stays.so", ADDRESS + 16 * PAGE, 4711);
    in_turns();

    void *library, *result;
    pthread_t thread;
    function *stays = load("./stays.so", &library);
    CHECK_EQ(pthread_create(&thread, NULL, caller, (void *)(uintptr_t)stays), 0);
    CHECK_EVENTUALLY(calls > 1000);
    in_turns();
    int before = calls;
    CHECK_EVENTUALLY(calls > before);
    stop = true;
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK_EQ((intptr_t)result, 0);
    CHECK_EQ(dlclose(library), 0);

    /* Another file at the same path, and the same file written again. */
    for (int i = 100; i < 130; i++) {
        if (i % 2) {
            make("new.so", ADDRESS, i);
            CHECK_OK(rename("new.so", "a.so"));
        } else {
            make("a.so", ADDRESS, i);
        }
        use("./a.so", ADDRESS, i);
    }
    /* Wherever the linker likes. */
    for (int i = 0; i < 20; i++) {
        make("free.so", 0, i);
        use("./free.so", 0, i);
    }
    unlink("a.so");
    unlink("b.so");
    unlink("stays.so");
    unlink("free.so");
    return check_done();
}
