/* Code that some threads change while others run it, in five ways: stores into pages that are
 * writable and executable, stores between two mprotect, stores through another mapping of a memfd,
 * write() to a mapped file, and mappings that come, move and go. What a thread runs once it has
 * seen that a change is complete, and has serialized as the manuals ask of it, is that change or a
 * later one, never an older one; it faults only while a change is under way. changing [SECONDS] by
 * default some hundred changes of each kind
 */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/mman.h>

#define PAGE      4096u
#define STRIDE    65536u /* from slot to slot: hosts map in units of that */
#define EXECUTORS 5
#define SLOTS     4  /* of each kind */
#define PAGES     64 /* of the file whose pages are mapped in turns */
#define CHANGES   64

typedef uint32_t function(void);
enum kind { STORED, PROTECTED, ALIASED, WRITTEN, MAPPED, KINDS };

/* Each is changed by one thread alone. */
struct slot {
    enum kind kind;
    uint8_t *code;                /* where it runs; a page of its own */
    uint8_t *store;               /* where it is stored */
    uint8_t *caller;              /* code that calls it */
    off_t offset;                 /* in the file */
    _Atomic uint32_t begun, done; /* changes */
    _Atomic uint32_t runs;
};

static struct slot slots[KINDS * SLOTS];
static int memory_file, written_file, pages_file;
static _Atomic uint32_t stop, wrong, faults;
static uint32_t seconds;

/* --- code: nop; nop; nop; mov eax, number; ret. The number is aligned, so that it changes at once.
 */

static const uint8_t constant[12] = {0x0f, 0x1f, 0x00, 0xb8, 0, 0, 0, 0, 0xc3};

static void put_code(uint8_t *to, uint32_t number)
{
    memcpy(to, constant, sizeof(constant));
    memcpy(to + 4, &number, 4);
}

static void put_number(uint8_t *to, uint32_t number)
{
    __atomic_store_n((uint32_t *)(void *)(to + 4), number, __ATOMIC_RELEASE);
}

/* sub rsp, 8; call target; add rsp, 8; ret */
static void put_caller(uint8_t *at, const uint8_t *target)
{
    static const uint8_t before[] = {0x48, 0x83, 0xec, 8, 0xe8},
                         after[] = {0x48, 0x83, 0xc4, 8, 0xc3};
    int32_t distance = (int32_t)(target - (at + 9));
    memcpy(at, before, sizeof(before));
    memcpy(at + 5, &distance, 4);
    memcpy(at + 9, after, sizeof(after));
}

static void serialize(void)
{
    uint32_t a = 0, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d) : : "memory");
}

/* --- who runs it --- */

struct executor {
    sigjmp_buf back;
    const struct slot *running;
};
static _Thread_local struct executor *self;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    uintptr_t address = (uintptr_t)info->si_addr;
    (void)context;
    if (!self || !self->running || address - (uintptr_t)self->running->code >= PAGE) {
        static const char text[] = "FAILED a fault elsewhere\n";
        ssize_t n = write(1, text, sizeof(text) - 1);
        _exit(n < 0 || signal);
    }
    siglongjmp(self->back, 1);
}

/* Whether some change in [from, to] has that number. */
static bool fits(const struct slot *s, uint32_t number, uint32_t from, uint32_t to)
{
    if (s->kind != MAPPED)
        return number >= from && number <= to;
    for (uint32_t i = from; i <= to && i - from < PAGES; i++)
        if (i % PAGES == number)
            return true;
    return to - from >= PAGES && number < PAGES;
}

/* Calls the code; false when it faulted. */
static bool call(const struct slot *s, const uint8_t *code, uint32_t *number)
{
    self->running = s;
    if (sigsetjmp(self->back, 1) == 0) {
        *number = ((function *)(uintptr_t)code)();
        self->running = NULL;
        return true;
    }
    self->running = NULL;
    return false;
}

static void run_once(struct slot *s, bool through)
{
    uint32_t before = atomic_load(&s->done), number = 0;
    serialize();
    bool ran = call(s, through ? s->caller : s->code, &number);
    uint32_t after = atomic_load(&s->begun);
    bool may_fault = s->kind == PROTECTED || s->kind == MAPPED;
    bool right = ran ? fits(s, number, before, after) : may_fault && after != before;
    if (!right && atomic_fetch_add(&wrong, 1) < 5)
        printf("FAILED kind %d: %s%u between %u and %u\n", s->kind, ran ? "" : "fault ", number,
               before, after);
    atomic_fetch_add(ran ? &s->runs : &faults, 1);
}

static void *execute(void *arg)
{
    struct executor executor = {.running = NULL};
    uint32_t i = (uint32_t)(uintptr_t)arg * 7;
    self = &executor;
    for (; !atomic_load(&stop); i++)
        run_once(&slots[i % (KINDS * SLOTS)], i & 32);
    return NULL;
}

/* --- who changes it --- */

static void map_page(const struct slot *s, uint32_t number)
{
    off_t offset = (off_t)(number % PAGES) * PAGE;
    int protection = PROT_READ | PROT_EXEC;
    void *fresh;
    switch (number % 4) {
    case 0: /* it is gone for a while */
        munmap(s->code, PAGE);
        sched_yield();
        break;
    case 1: /* it is there, and cannot be run */
        mprotect(s->code, PAGE, number & 4 ? PROT_NONE : PROT_READ);
        break;
    case 2: /* another comes from elsewhere */
        fresh = mmap(NULL, PAGE, protection, MAP_PRIVATE, pages_file, offset);
        if (mremap(fresh, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, s->code) == s->code)
            return;
        break;
    }
    if (mmap(s->code, PAGE, protection, MAP_PRIVATE | MAP_FIXED, pages_file, offset) != s->code)
        atomic_fetch_add(&wrong, 1);
}

static void change(struct slot *s)
{
    uint32_t number = atomic_load(&s->done) + 1;
    atomic_store(&s->begun, number);
    switch (s->kind) {
    case STORED:
    case ALIASED:
        put_number(s->store, number);
        break;
    case PROTECTED:
        mprotect(s->code, PAGE, PROT_READ | PROT_WRITE);
        put_number(s->store, number);
        mprotect(s->code, PAGE, PROT_READ | PROT_EXEC);
        break;
    case WRITTEN:
        if (pwrite(written_file, &number, 4, s->offset + 4) != 4)
            atomic_fetch_add(&wrong, 1);
        break;
    default:
        map_page(s, number);
        break;
    }
    atomic_store(&s->done, number);
}

/* Now and then it waits until somebody has run what it made. */
static void change_all(enum kind from, enum kind to)
{
    struct slot *begin = &slots[from * SLOTS], *end = &slots[to * SLOTS];
    time_t until = time(NULL) + seconds;
    for (uint32_t i = 1; seconds ? time(NULL) < until : i <= CHANGES; i++) {
        for (struct slot *s = begin; s < end; s++) {
            uint32_t runs = atomic_load(&s->runs);
            change(s);
            while (i % 16 == 0 && atomic_load(&s->runs) == runs)
                sched_yield();
        }
    }
}

static void *change_stores(void *arg)
{
    change_all(STORED, PROTECTED + 1);
    return arg;
}

static void *change_files(void *arg)
{
    change_all(ALIASED, WRITTEN + 1);
    return arg;
}

static void *change_mappings(void *arg)
{
    change_all(MAPPED, KINDS);
    return arg;
}

/* --- */

static int file_of_code(const char *name, unsigned pages, unsigned step)
{
    int fd = (int)syscall(SYS_memfd_create, name, 0);
    if (strcmp(name, "memory") != 0) {
        char path[] = "/tmp/changingXXXXXX";
        close(fd);
        fd = mkstemp(path);
        unlink(path);
    }
    for (unsigned i = 0; i < pages; i++) {
        uint8_t page[PAGE] = {0};
        put_code(page, step == PAGE ? i : 0);
        CHECK_EQ(pwrite(fd, page, PAGE, (off_t)i * step), PAGE);
    }
    CHECK_OK(ftruncate(fd, (off_t)pages * step));
    return fd;
}

static void prepare(void)
{
    const int all = PROT_READ | PROT_WRITE | PROT_EXEC, run = PROT_READ | PROT_EXEC;
    uint8_t *area =
        mmap(NULL, (KINDS * SLOTS + 2) * STRIDE, all, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    area += -(uintptr_t)area % STRIDE;
    uint8_t *callers = area + KINDS * SLOTS * STRIDE;
    memory_file = file_of_code("memory", SLOTS, STRIDE);
    written_file = file_of_code("written", SLOTS, STRIDE);
    pages_file = file_of_code("pages", PAGES, PAGE);
    uint8_t *other = mmap(NULL, SLOTS * STRIDE, PROT_READ | PROT_WRITE, MAP_SHARED, memory_file, 0);
    CHECK(other != MAP_FAILED);
    for (unsigned i = 0; i < KINDS * SLOTS; i++) {
        struct slot *s = &slots[i];
        s->kind = i / SLOTS;
        s->offset = (off_t)(i % SLOTS) * STRIDE;
        s->code = s->store = area + i * STRIDE;
        s->caller = callers + i * 32;
        put_caller(s->caller, s->code);
        put_code(s->code, 0);
        void *at = s->code;
        if (s->kind == PROTECTED)
            CHECK_OK(mprotect(s->code, PAGE, run));
        else if (s->kind == ALIASED)
            at = mmap(s->code, STRIDE, run, MAP_SHARED | MAP_FIXED, memory_file, s->offset);
        else if (s->kind == WRITTEN)
            at = mmap(s->code, STRIDE, run, MAP_SHARED | MAP_FIXED, written_file, s->offset);
        else if (s->kind == MAPPED)
            at = mmap(s->code, PAGE, run, MAP_PRIVATE | MAP_FIXED, pages_file, 0);
        CHECK(at == s->code);
        if (s->kind == ALIASED)
            s->store = other + s->offset;
    }
}

int main(int argc, char **argv)
{
    static void *(*const changers[])(void *) = {change_stores, change_files, change_mappings};
    pthread_t thread[EXECUTORS + 3];
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    seconds = argc > 1 ? (uint32_t)atoi(argv[1]) : 0;
    alarm(seconds + 60);
    CHECK_OK(sigaction(SIGSEGV, &action, NULL));
    CHECK_OK(sigaction(SIGBUS, &action, NULL));
    prepare();
    for (uintptr_t i = 0; i < EXECUTORS; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, execute, (void *)i), 0);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(pthread_create(&thread[EXECUTORS + i], NULL, changers[i], NULL), 0);
    for (unsigned i = 0; i < 3; i++)
        pthread_join(thread[EXECUTORS + i], NULL);
    atomic_store(&stop, 1);
    for (unsigned i = 0; i < EXECUTORS; i++)
        pthread_join(thread[i], NULL);
    CHECK_EQ(wrong, 0);
    uint64_t runs = 0, changes = 0;
    for (unsigned i = 0; i < KINDS * SLOTS; i++) {
        CHECK(slots[i].runs > 0 && slots[i].done >= (seconds ? 1 : CHANGES));
        runs += slots[i].runs;
        changes += slots[i].done;
    }
    if (seconds)
        printf("%llu changes, %llu runs, %u faults\n", (unsigned long long)changes,
               (unsigned long long)runs, faults);
    return check_done();
}
