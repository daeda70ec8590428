/*
 * The stack a program starts with (System V ABI, AMD64 supplement, 3.4.1). From the top: eight zero
 * bytes, the file name, the environment's strings, the arguments' strings, the platform's name, 16
 * random bytes; then, RSP being a multiple of 16: argc, argv, envp, auxv.
 */
#define HEAP_TIER HEAP_RESERVE
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/mman.h"
#include "runtime/host/heap.h"
#include "runtime/host/random.h"
#include "runtime/kernel/life/exec.h"
#include "runtime/memory/access.h"
#include "runtime/memory/space.h"
#include "runtime/task/process.h"
#include "runtime/task/sigframe.h"
#include "runtime/translate/cpu.h"

#define HWCAP2_FSGSBASE 2u
/* Mapped at the start beyond what is put there, as Linux does. */
#define STACK_AHEAD ((uint64_t)128 << 10)

static int map_stack(struct exec *ex)
{
    uint64_t limit = ex->task->process->rlimits[L_RLIMIT_STACK].rlim_cur;
    uint64_t used = ex->argv.used + ex->envp.used + strlen(ex->filename) + sizeof(ex->auxv) +
                    8 * ((uint64_t)ex->argv.count + ex->envp.count) + SPACE_PAGE;
    uint64_t size = used + STACK_AHEAD < limit ? used + STACK_AHEAD : used > limit ? used : limit;
    uint32_t prot = L_PROT_READ | L_PROT_WRITE | (ex->executable_stack ? L_PROT_EXEC : 0);
    ex->stack_top = space_limit(ex->space);
    return space_make_stack(ex->space, size, limit, prot);
}

static int push(struct exec *ex, uint64_t *sp, const void *bytes, size_t n)
{
    *sp -= n;
    return copy_to_guest(ex->space, *sp, bytes, n);
}

struct auxv {
    uint64_t *words;
    size_t count;
};

static void aux(struct auxv *a, uint64_t type, uint64_t value)
{
    a->words[a->count++] = type;
    a->words[a->count++] = value;
}

static void fill_auxv(struct exec *ex, struct auxv *a, uint64_t platform, uint64_t random,
                      uint64_t name)
{
    const struct cred *cred = &ex->cred;
    uint32_t features[4], extended[4];
    cpu_cpuid(1, 0, features);
    cpu_cpuid(7, 0, extended);
    aux(a, L_AT_HWCAP, features[3]);
    aux(a, L_AT_PAGESZ, SPACE_PAGE);
    aux(a, L_AT_CLKTCK, L_USER_HZ);
    aux(a, L_AT_PHDR, ex->phdr);
    aux(a, L_AT_PHENT, sizeof(struct l_elf_segment));
    aux(a, L_AT_PHNUM, ex->program.header.e_phnum);
    aux(a, L_AT_BASE, ex->base);
    aux(a, L_AT_FLAGS, 0);
    aux(a, L_AT_ENTRY, ex->entry);
    aux(a, L_AT_UID, cred->uid);
    aux(a, L_AT_EUID, cred->euid);
    aux(a, L_AT_GID, cred->gid);
    aux(a, L_AT_EGID, cred->egid);
    aux(a, L_AT_SECURE, ex->secure);
    aux(a, L_AT_RANDOM, random);
    aux(a, L_AT_HWCAP2, extended[1] & 1 ? HWCAP2_FSGSBASE : 0);
    aux(a, L_AT_EXECFN, name);
    aux(a, L_AT_PLATFORM, platform);
    aux(a, L_AT_MINSIGSTKSZ, sigframe_xsave_size() + 4 + 63 + sizeof(struct l_rt_sigframe) + 23);
    aux(a, L_AT_NULL, 0);
}

/* Pointers to count strings that start at `at`, and the NULL behind them. */
static size_t pointers(uint64_t *out, const struct exec_strings *s, uint64_t at)
{
    size_t offset = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        out[i] = at + offset;
        offset += strlen(s->data + offset) + 1;
    }
    out[s->count] = 0;
    return s->count + 1;
}

static int push_vectors(struct exec *ex, uint64_t sp, uint64_t platform, uint64_t random,
                        uint64_t name)
{
    size_t most = 1 + ex->argv.count + 1 + ex->envp.count + 1 + sizeof(ex->auxv) / 8;
    uint64_t *words = malloc(most * 8);
    if (!words)
        return -L_ENOMEM;
    size_t n = 0;
    words[n++] = ex->argv.count;
    n += pointers(words + n, &ex->argv, ex->arg_start);
    n += pointers(words + n, &ex->envp, ex->env_start);
    struct auxv a = {words + n, 0};
    fill_auxv(ex, &a, platform, random, name);
    ex->auxv_size = (uint32_t)(a.count * 8);
    memcpy(ex->auxv, a.words, ex->auxv_size);
    n += a.count;
    sp = (sp - n * 8) & ~(uint64_t)15;
    int error = copy_to_guest(ex->space, sp, words, n * 8);
    free(words);
    ex->stack_pointer = sp;
    return error;
}

int exec_stack(struct exec *ex)
{
    static const char platform_name[] = "x86_64";
    uint8_t random_bytes[16];
    uint64_t zero = 0;
    int error = map_stack(ex);
    if (error)
        return error;
    host_random(random_bytes, sizeof(random_bytes));
    uint64_t sp = ex->stack_top;
    error = push(ex, &sp, &zero, sizeof(zero));
    error = error ? error : push(ex, &sp, ex->filename, strlen(ex->filename) + 1);
    uint64_t name = ex->env_end = sp;
    error = error ? error : push(ex, &sp, ex->envp.data, ex->envp.used);
    ex->env_start = ex->arg_end = sp;
    error = error ? error : push(ex, &sp, ex->argv.data, ex->argv.used);
    ex->arg_start = sp;
    error = error ? error : push(ex, &sp, platform_name, sizeof(platform_name));
    uint64_t platform = sp;
    error = error ? error : push(ex, &sp, random_bytes, sizeof(random_bytes));
    return error ? error : push_vectors(ex, sp, platform, sp, name);
}
