/* Samples of guest code, counted by function. One thread takes them, and whoever prints has seen it
 * end: no lock is needed. */
#include "runtime/kernel/entry/profile.h"

#include <stdatomic.h>
#include <string.h>

#include "runtime/abi/errno.h"
#include "runtime/abi/fcntl.h"
#include "runtime/abi/stat.h"
#include "runtime/fs/path/path.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/host/heap.h"
#include "runtime/host/park.h"
#include "runtime/host/perf_map.h"
#include "runtime/host/thread.h"
#include "runtime/host/time.h"
#include "runtime/kernel/entry/symbols.h"
#include "runtime/memory/space.h"
#include "runtime/task/pid.h"
#include "runtime/task/process.h"
#include "runtime/task/task.h"
#include "runtime/translate/code_where.h"

#define EVERY_NS    NS_PER_MS
#define THREADS_MAX 256u
#define NAME_SIZE   512
#define ROWS_MAX    40u
#define ROW_PARTS   200u /* of all samples, which a row has at least */

/* A file that was seen, or (without file_id) memory that is no file's. */
struct image {
    struct image *next;
    uint64_t file_id, inode;
    struct symbols *symbols; /* read when all is over; NULL: it is no program's, or not there */
    char name[];
};

/* Samples of one place. */
struct point {
    struct code_sample at; /* the block's place is of the last sample */
    int32_t pid;           /* of private code */
    struct image *image;
    uint64_t offset; /* in the file, or the guest's address */
    uint64_t hits;   /* 0: the entry is free */
};

static struct {
    struct host_timer *timer;
    struct host_parker ended;
    atomic_bool stop;
    struct image *images;
    struct point *points; /* a hash table, at most half full */
    size_t size, count;
    uint64_t samples, lost;
} profile = {.ended = HOST_PARKER_INIT};

/* --- which file --- */

struct look {
    uint64_t address;
    bool found;
    uint64_t offset, inode;
    char name[NAME_SIZE];
};

static int look(void *arg, const struct space_region *r)
{
    struct look *l = arg;
    if (l->address < r->start || l->address >= r->end)
        return 0;
    l->found = true;
    l->offset = r->offset + (l->address - r->start);
    l->inode = r->inode;
    snprintf(l->name, sizeof(l->name), "%s", r->name ? r->name : "");
    return 1;
}

static struct image *image_by_id(uint64_t file_id)
{
    struct image *i = profile.images;
    while (i && i->file_id != file_id)
        i = i->next;
    return i;
}

static struct image *image_of(const struct look *l, uint64_t file_id)
{
    struct image *i = profile.images;
    while (i && (i->file_id || i->inode != l->inode || strcmp(i->name, l->name) != 0))
        i = i->next;
    if (i && !file_id)
        return i;
    size_t length = strlen(l->name) + 1;
    i = calloc(1, sizeof(*i) + length);
    if (!i)
        return NULL;
    memcpy(i->name, l->name, length);
    i->file_id = file_id;
    i->inode = l->inode;
    i->next = profile.images;
    profile.images = i;
    return i;
}

static bool describe(struct point *p, struct process *process)
{
    struct look l = {.address = p->at.guest};
    p->image = p->at.file_id ? image_by_id(p->at.file_id) : NULL;
    p->offset = p->at.offset;
    if (p->image)
        return true;
    struct space *space = process_space(process);
    if (space) {
        space_describe(space, look, &l);
        space_put(space);
    }
    if (!l.found)
        return false;
    if (!l.name[0])
        snprintf(l.name, sizeof(l.name), "memory of process %d", (int)process->pid);
    p->offset = l.name[0] == '/' ? l.offset : p->at.guest;
    p->image = image_of(&l, p->at.file_id);
    return p->image != NULL;
}

/* --- samples --- */

static bool same_place(const struct point *p, const struct point *other)
{
    return p->at.file_id == other->at.file_id && p->pid == other->pid &&
           (p->at.file_id ? p->at.offset == other->at.offset : p->at.guest == other->at.guest);
}

static struct point *find(struct point *points, size_t size, const struct point *key)
{
    uint64_t place = key->at.file_id ? key->at.offset : key->at.guest;
    uint64_t hash = (place + key->at.file_id * 31 + (uint64_t)key->pid) * 0x9e3779b97f4a7c15u;
    for (size_t i = (size_t)(hash >> 32);; i++) {
        struct point *p = &points[i & (size - 1)];
        if (!p->hits || same_place(p, key))
            return p;
    }
}

static bool room_for_one(void)
{
    if (profile.count * 2 < profile.size)
        return true;
    size_t size = profile.size ? profile.size * 2 : 1024;
    struct point *points = calloc(size, sizeof(*points));
    if (!points)
        return false;
    for (size_t i = 0; i < profile.size; i++)
        if (profile.points[i].hits)
            *find(points, size, &profile.points[i]) = profile.points[i];
    free(profile.points);
    profile.points = points;
    profile.size = size;
    return true;
}

static void count(struct process *process, uint64_t host)
{
    struct point key = {0};
    if (!code_sample(host, &key.at))
        return;
    profile.samples++;
    key.pid = key.at.file_id ? 0 : process->pid;
    struct point *p = room_for_one() ? find(profile.points, profile.size, &key) : NULL;
    if (p && !p->hits) {
        if (!describe(&key, process))
            p = NULL;
        else
            *p = key, profile.count++;
    }
    if (!p) {
        profile.lost++;
        return;
    }
    p->at = key.at;
    p->hits++;
}

struct running {
    struct host_thread *thread;
    struct process *process;
};

static size_t take_running(struct running *out)
{
    size_t n = 0;
    host_mutex_lock(&kernel_lock);
    for (int32_t id = 1; id <= pid_highest() && n < THREADS_MAX; id++) {
        const struct task *t = pid_entry(id)->task;
        if (!t || !t->cpu || !t->host || atomic_load(&t->state) != TASK_RUNNING)
            continue;
        process_get(t->process);
        out[n++] = (struct running){.thread = t->host, .process = t->process};
    }
    host_mutex_unlock(&kernel_lock);
    return n;
}

static void sample_for_ever(void *arg)
{
    static struct running threads[THREADS_MAX];
    (void)arg;
    while (!atomic_load(&profile.stop)) {
        host_timer_wait(profile.timer, host_clock_monotonic_ns() + EVERY_NS);
        size_t n = take_running(threads);
        for (size_t i = 0; i < n; i++) {
            uint64_t rip;
            if (host_thread_sample(threads[i].thread, &rip))
                count(threads[i].process, rip);
            process_put(threads[i].process);
        }
    }
    host_unpark(&profile.ended);
}

int profile_start(void)
{
    profile.timer = host_timer_create();
    if (!profile.timer)
        return -L_ENOMEM;
    int error = host_thread_start(sample_for_ever, NULL);
    if (error) {
        host_timer_free(profile.timer);
        profile.timer = NULL;
    }
    return error;
}

/* --- what is printed --- */

/* A function, or a place that belongs to none. */
struct row {
    const struct image *image;
    uint64_t start; /* of the function: an address as the file gives it; else the offset */
    bool function;
    uint64_t hits;
};

static bool function_at(const struct image *image, uint64_t offset, struct symbol *symbol,
                        uint64_t *into)
{
    uint64_t address;
    if (!image->symbols || !symbols_to_address(image->symbols, offset, &address) ||
        !symbols_at(image->symbols, address, symbol))
        return false;
    *into = address - symbol->start;
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->image != y->image)
        return (uintptr_t)x->image < (uintptr_t)y->image ? -1 : 1;
    if (x->function != y->function)
        return x->function ? -1 : 1;
    return x->start < y->start ? -1 : x->start > y->start;
}

static int by_hits(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return x->hits != y->hits ? (x->hits < y->hits ? 1 : -1) : by_place(a, b);
}

static size_t fill_rows(struct row *rows)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < profile.size; i++) {
        const struct point *p = &profile.points[i];
        struct symbol symbol;
        uint64_t into;
        if (!p->hits)
            continue;
        bool function = function_at(p->image, p->offset, &symbol, &into);
        rows[n++] = (struct row){.image = p->image,
                                 .start = function ? symbol.start : p->offset,
                                 .function = function,
                                 .hits = p->hits};
    }
    qsort(rows, n, sizeof(*rows), by_place);
    for (size_t i = 0; i < n; i++) {
        if (kept && !by_place(&rows[kept - 1], &rows[i]))
            rows[kept - 1].hits += rows[i].hits;
        else
            rows[kept++] = rows[i];
    }
    qsort(rows, kept, sizeof(*rows), by_hits);
    return kept;
}

static void print_row(FILE *out, const struct row *row)
{
    struct symbol symbol;
    unsigned parts = (unsigned)(row->hits * 1000 / profile.samples);
    fprintf(out, "fore: %8llu %3u.%u%%  ", (unsigned long long)row->hits, parts / 10, parts % 10);
    if (row->function && symbols_at(row->image->symbols, row->start, &symbol))
        fprintf(out, "%s in %s\n", symbol.name, row->image->name);
    else if (row->image->name[0] == '/')
        fprintf(out, "%s+0x%llx\n", row->image->name, (unsigned long long)row->start);
    else
        fprintf(out, "0x%llx in %s\n", (unsigned long long)row->start, row->image->name);
}

static void read_symbols(struct image *i)
{
    struct file *file;
    if (i->name[0] != '/' ||
        vfs_open(vfs_kernel_caller(), NULL, i->name, L_O_RDONLY | L_O_NONBLOCK, 0, 0, &file))
        return;
    /* The name may be another file's by now. */
    if (file->inode->ino == i->inode && (file->inode->mode & L_S_IFMT) == L_S_IFREG)
        i->symbols = symbols_read(file);
    file_put(file);
}

static void print_table(FILE *out)
{
    fprintf(out, "fore: %llu samples of guest code, a millisecond apart\n",
            (unsigned long long)profile.samples);
    if (profile.lost)
        fprintf(out, "fore: %8llu of them could not be placed\n", (unsigned long long)profile.lost);
    struct row *rows = profile.count ? calloc(profile.count, sizeof(*rows)) : NULL;
    size_t n = rows ? fill_rows(rows) : 0;
    for (size_t i = 0; i < n && i < ROWS_MAX && rows[i].hits * ROW_PARTS >= profile.samples; i++)
        print_row(out, &rows[i]);
    free(rows);
}

static void write_block(FILE *map, const struct code_sample *b, const struct image *image,
                        uint64_t offset)
{
    struct symbol symbol;
    uint64_t into;
    fprintf(map, "%llx %x ", (unsigned long long)b->code, b->size);
    if (image && function_at(image, offset, &symbol, &into))
        fprintf(map, "%s+0x%llx (%s)\n", symbol.name, (unsigned long long)into, image->name);
    else if (image)
        fprintf(map, "0x%llx (%s)\n", (unsigned long long)offset, image->name);
    else
        fprintf(map, "0x%llx (file %llu)\n", (unsigned long long)offset,
                (unsigned long long)b->file_id);
}

/* What is shared is there still; of private code, what was seen. */
static void write_map(FILE *map)
{
    size_t room = code_shared(NULL, 0);
    struct code_sample *blocks = room ? calloc(room, sizeof(*blocks)) : NULL;
    size_t n = blocks ? code_shared(blocks, room) : 0;
    for (size_t i = 0; i < n && i < room; i++)
        write_block(map, &blocks[i], image_by_id(blocks[i].file_id), blocks[i].offset);
    free(blocks);
    for (size_t i = 0; i < profile.size; i++) {
        const struct point *p = &profile.points[i];
        if (p->hits && !p->at.file_id)
            write_block(map, &p->at, p->image, p->offset);
    }
}

void profile_print(FILE *out)
{
    char name[64];
    if (!profile.timer)
        return;
    atomic_store(&profile.stop, true);
    host_timer_poke(profile.timer);
    while (!host_park(&profile.ended, HOST_FOREVER))
        ;
    host_timer_free(profile.timer);
    profile.timer = NULL;
    for (struct image *i = profile.images; i; i = i->next)
        read_symbols(i);
    print_table(out);
    FILE *map = host_perf_map_open(name, sizeof(name));
    if (map) {
        write_map(map);
        if (fclose(map) == 0)
            fprintf(out, "fore: names of blocks for perf are in %s\n", name);
    }
    for (struct image *i = profile.images, *next; i; i = next) {
        next = i->next;
        symbols_free(i->symbols);
        free(i);
    }
    profile.images = NULL;
    free(profile.points);
    profile.points = NULL;
    profile.size = profile.count = 0;
}
