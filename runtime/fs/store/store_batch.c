/* Batches: changes on their way into the store. */
#define HEAP_TIER HEAP_ALWAYS /* the queue has a bound (store.h) */
#include "runtime/fs/store/store_queue.h"
#include "runtime/fs/store/store_seal.h"

#include "runtime/host/heap.h"
#include <string.h>

struct store_batch *store_batch_new(void)
{
    struct store_batch *batch = calloc(1, sizeof(*batch));
    if (batch)
        batch->last = &batch->first;
    return batch;
}

void store_batch_free(struct store_batch *batch)
{
    if (!batch)
        return;
    for (struct store_op *op = batch->first; op;) {
        struct store_op *next = op->next;
        free(op);
        op = next;
    }
    free(batch);
}

void store_batch_frees(struct store_batch *batch)
{
    if (batch)
        batch->frees = true;
}

static struct store_op *add(struct store_batch *batch, enum store_op_kind kind, uint64_t ino,
                            const void *name, size_t name_length, const void *value,
                            size_t value_length)
{
    if (!batch)
        return NULL;
    struct store_op *op = malloc(sizeof(*op) + name_length + value_length + SEAL_SIZE);
    if (!op) {
        batch->failed = true;
        return NULL;
    }
    *op = (struct store_op){.kind = kind,
                            .ino = ino,
                            .name_length = (uint32_t)name_length,
                            .value_length = (uint32_t)value_length};
    if (name_length)
        memcpy(op->text, name, name_length);
    if (value_length)
        memcpy(op->text + name_length, value, value_length);
    batch->bytes += sizeof(*op) + name_length + value_length;
    *batch->last = op;
    batch->last = &op->next;
    return op;
}

void store_put_inode(struct store_batch *batch, const struct store_inode *inode)
{
    struct store_op *op = add(batch, OP_PUT_INODE, inode->ino, NULL, 0, NULL, 0);
    if (op)
        op->inode = *inode;
}

void store_put_target(struct store_batch *batch, uint64_t ino, const char *text, size_t length)
{
    add(batch, OP_PUT_TARGET, ino, NULL, 0, text, length);
}

void store_remove_inode(struct store_batch *batch, uint64_t ino)
{
    add(batch, OP_REMOVE_INODE, ino, NULL, 0, NULL, 0);
}

void store_put_name(struct store_batch *batch, uint64_t dir, const char *name, size_t length,
                    uint64_t ino)
{
    struct store_op *op = add(batch, OP_PUT_NAME, dir, name, length, NULL, 0);
    if (op)
        op->number = ino;
}

void store_remove_name(struct store_batch *batch, uint64_t dir, const char *name, size_t length)
{
    add(batch, OP_REMOVE_NAME, dir, name, length, NULL, 0);
}

/* The length of data without the zeros at its end. */
static size_t significant(const uint8_t *data, size_t length)
{
    uint64_t word;
    while (length >= 8) {
        memcpy(&word, data + length - 8, 8);
        if (word)
            break;
        length -= 8;
    }
    while (length && data[length - 1] == 0)
        length--;
    return length;
}

size_t store_put_chunk(struct store_batch *batch, uint64_t ino, uint64_t index, const void *data,
                       size_t length)
{
    length = significant(data, length);
    struct store_op *op = add(batch, OP_PUT_CHUNK, ino, NULL, 0, data, length);
    if (op) {
        op->number = index;
        seal_write(op->text + length, seal_of_chunk(ino, index, op->text, length));
    }
    return length;
}

void store_cut(struct store_batch *batch, uint64_t ino, uint64_t size)
{
    struct store_op *op = add(batch, OP_CUT, ino, NULL, 0, NULL, 0);
    if (op)
        op->number = size;
}

void store_put_xattr(struct store_batch *batch, uint64_t ino, const char *name, const void *value,
                     size_t length)
{
    size_t name_length = strlen(name);
    struct store_op *op = add(batch, OP_PUT_XATTR, ino, name, name_length, value, length);
    if (op)
        seal_write(op->text + name_length + length,
                   seal_of_xattr(ino, name, name_length, value, length));
}

void store_remove_xattr(struct store_batch *batch, uint64_t ino, const char *name)
{
    add(batch, OP_REMOVE_XATTR, ino, name, strlen(name), NULL, 0);
}
