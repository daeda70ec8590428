#include "runtime/fs/path/path.h"
/*
 * The path walk itself, for the files that implement operations on names (walk.c, open.c, names.c).
 */
#ifndef RUNTIME_FS_PATH_WALK_H
#define RUNTIME_FS_PATH_WALK_H

#define WALK_LINKS_MAX 40

struct walk {
    struct vfs_caller *caller;
    struct path root, at; /* referenced; at is where we stand */
    struct path start;    /* RESOLVE_BENEATH; not referenced on its own: equals root then */
    uint32_t flags;
    int links;
    char *text;       /* what rest points into, when it is on the heap */
    const char *rest; /* what is left of the path */
    bool jumped;      /* the last component was a link of proc that leads to an object */
    char buffer[PATH_LENGTH_MAX];
};

/* Start: sets root and at. On failure nothing has to be released. */
int walk_begin(struct walk *walk, struct vfs_caller *caller, const struct path *at,
               const char *name, uint32_t flags);
/* Walk all of rest; with last: up to the last component, which is put there. */
int walk_run(struct walk *walk, struct last_name *last);
/* Put the target of the symbolic link at `link` in front of rest; at must be its directory. */
int walk_follow(struct walk *walk, struct path link);
void walk_end(struct walk *walk);

/* The entry of a name in a directory, referenced; its inode may be NULL. locked: the directory's
 * inode->lock is held. */
int lookup_name(struct path dir, const char *name, size_t length, bool locked, struct dentry **out);
/* Cross the mounts over a path. */
void cross_mounts(struct path *path);

#endif
