/* Private and shared memory brought close together by each call that can: it may be refused, but
 * what lies there then keeps its content and can be touched. */
#include "check.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAGE  4096u
#define BLOCK 65536u

static int file;

static uint8_t *area(void)
{
    uint8_t *at = mmap(NULL, 8 * BLOCK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    CHECK_OK(munmap(at, 8 * BLOCK));
    return (uint8_t *)(((uintptr_t)at + 4 * BLOCK) & ~(uintptr_t)(BLOCK - 1));
}

static uint8_t *private_at(uint8_t *at, size_t size)
{
    int fixed = at ? MAP_FIXED : 0;
    return mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);
}

static uint8_t *shared_at(uint8_t *at, size_t size, off_t offset)
{
    int fixed = at ? MAP_FIXED : 0;
    return mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | fixed, file, offset);
}

static void touch(uint8_t *at, uint8_t value)
{
    if (at == MAP_FAILED)
        return;
    *at = value;
    CHECK_EQ(*at, value);
}

/* Both are used in turns, the shared one also through its file. */
static void use(uint8_t *one, uint8_t *shared, off_t offset)
{
    for (uint8_t i = 1; i < 4; i++) {
        touch(one, i);
        touch(shared, (uint8_t)(i + 100));
        touch(one, (uint8_t)(i + 200));
    }
    uint8_t found = 0;
    if (shared != MAP_FAILED) {
        CHECK_EQ(pread(file, &found, 1, offset), 1);
        CHECK_EQ(found, 103);
    }
}

static void moved_private(void)
{
    uint8_t *at = area(), *source = private_at(NULL, PAGE);
    uint8_t *shared = shared_at(at, PAGE, 0);
    touch(source, 7);
    use(MAP_FAILED, shared, 0);
    uint8_t *moved = mremap(source, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + 2 * PAGE);
    CHECK_EQ(*(moved == MAP_FAILED ? source : moved), 7);
    use(moved == MAP_FAILED ? source : moved, shared, 0);
}

static void moved_shared(void)
{
    uint8_t *at = area(), *one = private_at(at + 3 * PAGE, PAGE);
    touch(one, 9);
    uint8_t *source = shared_at(NULL, PAGE, 0);
    use(one, source, 0);
    uint8_t *moved = mremap(source, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at);
    use(one, moved == MAP_FAILED ? source : moved, 0);
}

/* In place of something of its own kind, and of the other. */
static void moved_over(void)
{
    uint8_t *at = area(), *shared = shared_at(at, 2 * PAGE, 0), *source = private_at(NULL, PAGE);
    use(source, shared, 0);
    uint8_t *moved = mremap(source, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + PAGE);
    use(moved == MAP_FAILED ? source : moved, shared, 0);
}

static void grown(void)
{
    uint8_t *at = area(), *one = private_at(at - PAGE, PAGE);
    uint8_t *shared = shared_at(at + 4 * PAGE, PAGE, 4 * PAGE);
    use(one, shared, 4 * PAGE);
    uint8_t *more = mremap(one, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
    CHECK(more != MAP_FAILED);
    touch(more + 2 * PAGE, 5);
    use(more + PAGE, shared, 4 * PAGE);
}

/* Where the system chooses, it chooses what can be used. */
static void chosen(void)
{
    uint8_t *at[100], *shared[20];
    for (unsigned i = 0; i < 20; i++) {
        uint8_t *place = area();
        shared[i] = shared_at(place, PAGE, 0);
        touch(shared[i], 1);
        private_at(place + BLOCK + PAGE, 2 * BLOCK);
        shared_at(place - BLOCK + 4 * PAGE, PAGE, 4 * PAGE);
        mmap(place - 2 * BLOCK, BLOCK, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    }
    for (unsigned i = 0; i < 100; i++) {
        at[i] = mmap(NULL, PAGE * (1 + i % 20), PROT_READ | PROT_WRITE,
                     i % 3 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE, i % 3 ? -1 : file, 0);
        CHECK(at[i] != MAP_FAILED);
        touch(at[i], (uint8_t)i);
    }
    for (unsigned i = 0; i < 20; i++)
        touch(shared[i], 2);
    for (unsigned i = 0; i < 100; i++)
        CHECK_EQ(*at[i], i);
}

/* As chosen, for programs' files, which lie elsewhere. */
static void beside_files(void)
{
    for (unsigned i = 0; i < 20; i++) {
        uint8_t *one = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
        CHECK(one != MAP_FAILED);
        uint8_t *place = (uint8_t *)(((uintptr_t)one & ~(uintptr_t)(BLOCK - 1)) + 8 * PAGE);
        CHECK_OK(munmap(one, PAGE));
        uint8_t *shared = shared_at(place, PAGE, 8 * PAGE);
        one = mmap(NULL, (1 + i) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
        CHECK(one != MAP_FAILED);
        use(one, shared, 8 * PAGE);
    }
}

/* Memory that came after a fork, beside what was inherited, reaches the next child. */
static void inherited(void)
{
    for (unsigned first = 0; first < 8; first++) {
        uint8_t *at = area(), told = 0;
        int report[2];
        private_at(at + first * PAGE, PAGE);
        touch(at + first * PAGE, 1);
        CHECK_OK(pipe(report));
        pid_t child = fork();
        if (child == 0) {
            private_at(at + 12 * PAGE, 2 * PAGE);
            at[12 * PAGE] = 2;
            at[13 * PAGE] = 3;
            if (fork() == 0) {
                told = (uint8_t)(at[first * PAGE] * 100 + at[12 * PAGE] * 10 + at[13 * PAGE]);
                _exit(write(report[1], &told, 1) != 1);
            }
            int status;
            wait(&status);
            _exit(WEXITSTATUS(status));
        }
        CHECK_OK(close(report[1]));
        CHECK_EQ(read(report[0], &told, 1), 1);
        CHECK_EQ(told, 123);
        CHECK_OK(close(report[0]));
        CHECK_EQ(waitpid(child, NULL, 0), child);
        CHECK_OK(munmap(at, BLOCK));
    }
}

/* What was beside moved memory keeps its protection, for children too. */
static void left_behind(void)
{
    uint8_t *at = area(), *to = area() + 16 * BLOCK;
    int ends[2];
    CHECK_OK(pipe(ends));
    private_at(at, 3 * PAGE);
    memset(at, 'l', 3 * PAGE);
    CHECK_OK(mprotect(at + PAGE, PAGE, PROT_NONE));
    CHECK(mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
    CHECK_ERRNO(write(ends[1], at + PAGE, 1), EFAULT);
    CHECK_EQ(write(ends[1], at + 2 * PAGE, 1), 1);
    for (unsigned i = 0; i < 3; i++) {
        pid_t child = fork();
        int status;
        if (child == 0) {
            if (at[2 * PAGE] != 'l' || mprotect(at + PAGE, PAGE, PROT_READ) || at[PAGE] != 'l')
                _exit(1);
            _exit(0);
        }
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_EQ(status, 0);
    }
    CHECK_OK(close(ends[0]));
    CHECK_OK(close(ends[1]));
}

/* A child reads what it has from its parent while the parent shows a file beside it. */
static void carved_while_read(void)
{
    for (unsigned round = 0; round < 30; round++) {
        uint8_t *at = area();
        private_at(at, 4 * BLOCK);
        memset(at, 'p', 4 * BLOCK);
        pid_t child = fork();
        if (child == 0) {
            for (unsigned i = 0; i < 4 * BLOCK; i += PAGE)
                if (at[i] != 'p')
                    _exit(1);
            _exit(0);
        }
        CHECK_OK(munmap(at + 2 * BLOCK, BLOCK));
        use(MAP_FAILED, shared_at(at + 2 * BLOCK, PAGE, 0), 0);
        int status;
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_EQ(status, 0);
        CHECK_OK(munmap(at, 4 * BLOCK));
    }
}

int main(void)
{
    inherited();
    file = (int)syscall(SYS_memfd_create, "neighbours", 0);
    CHECK_OK(ftruncate(file, 32 * PAGE));
    moved_private();
    moved_shared();
    moved_over();
    grown();
    chosen();
    beside_files();
    carved_while_read();
    left_behind();
    return check_done();
}
