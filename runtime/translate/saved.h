/*
 * Code spaces of files, kept between runs.
 *
 * A file in the user's caches (runtime/host/keep.h) holds the blocks of one code space, the guest
 * bytes they were made from, and what the code depends on: the translator's own sources, the
 * processor's features, the guest addresses. It is taken when all of that is the same, its checksum
 * is right, and the guest's file has these very bytes at these places now; otherwise the blocks are
 * translated as if there were none. So what it is found by need not be unique.
 *
 * These files are replaced by others, never changed. Nothing of the guest's, of other users or of
 * an older version is believed. Who can write the user's own caches, a guest that was given that
 * folder too, can write any program of the user's.
 */
#ifndef RUNTIME_TRANSLATE_SAVED_H
#define RUNTIME_TRANSLATE_SAVED_H

#include "runtime/translate/codespace.h"
#include "runtime/translate/codeview.h"

struct host_keep;
struct kept;

/* The folder's name among the user's caches. */
#define SAVED_FOLDER "code"
/* All files together; the oldest go. */
#define SAVED_MOST ((uint64_t)512 << 20)

/* Keeps code spaces from now on. Before any guest runs; the folder must stay open. */
void saved_open(struct host_keep *folder);

/* What a code space is found by. False: it is not one that is kept. Without locks; may read the
 * guest's file. */
bool saved_key(const struct codeview *view, uint64_t pc, const struct code_extent *extent,
               struct saved_key *key);
/* What was kept for that extent, ready for codespace_adopt; NULL when there is nothing, or nothing
 * that may be believed. Without locks; reads files. */
struct kept *saved_read(const struct codeview *view, uint64_t pc, const struct code_extent *extent,
                        const struct saved_key *key);

/* Writes the code spaces that have grown. What cannot be written is left out. Any thread, without
 * locks. */
void saved_write(void);
/* An address space has ended: when much has been translated meanwhile, it is written now, on a
 * thread of its own. Without locks. */
void saved_look(void);

#endif
