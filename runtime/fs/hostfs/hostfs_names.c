/*
 * The names under which the host has a file. A file may have several, and each of them can go while
 * the others stay; guests may also move a directory while somebody works below it. So paths are
 * made when they are used, under the gate.
 */
#include "runtime/abi/errno.h"
#include "runtime/fs/hostfs/hostfs.h"
#include "runtime/host/heap.h"
#include <string.h>

/* --- the gate --- */

void host_names_use(struct superblock *super)
{
    struct host_gate *gate = &host_super_of(super)->gate;
    host_mutex_lock(&gate->lock);
    while (gate->changing || gate->waiting)
        host_cond_wait(&gate->changed, &gate->lock, HOST_FOREVER);
    gate->users++;
    host_mutex_unlock(&gate->lock);
}

void host_names_used(struct superblock *super)
{
    struct host_gate *gate = &host_super_of(super)->gate;
    host_mutex_lock(&gate->lock);
    if (--gate->users == 0 && gate->waiting)
        host_cond_broadcast(&gate->changed);
    host_mutex_unlock(&gate->lock);
}

void host_names_change(struct superblock *super)
{
    struct host_gate *gate = &host_super_of(super)->gate;
    host_mutex_lock(&gate->lock);
    gate->waiting++;
    while (gate->changing || gate->users)
        host_cond_wait(&gate->changed, &gate->lock, HOST_FOREVER);
    gate->waiting--;
    gate->changing = true;
    host_mutex_unlock(&gate->lock);
}

void host_names_changed(struct superblock *super)
{
    struct host_gate *gate = &host_super_of(super)->gate;
    host_mutex_lock(&gate->lock);
    gate->changing = false;
    host_cond_broadcast(&gate->changed);
    host_mutex_unlock(&gate->lock);
}

/* --- paths --- */

/* Writes part in front of path + *start. */
static bool put_part(char *path, size_t *start, const char *part)
{
    size_t length = strlen(part);
    if (*start < length + 1)
        return false;
    *start -= length;
    memcpy(path + *start, part, length);
    path[--*start] = '/';
    return true;
}

int host_node_path(struct inode *inode, const char *name, char *path)
{
    struct host_super *hs = host_super_of(inode->super);
    size_t start = HOST_PATH_MAX - 1;
    path[start] = 0;
    bool fits = !name || put_part(path, &start, name), known = true;
    host_mutex_lock(&hs->names);
    struct host_node *node = host_node_of(inode);
    while (fits && !node->root) {
        const struct host_name *first = node->names;
        known = first != NULL;
        if (!known)
            break;
        fits = put_part(path, &start, first->text);
        node = host_node_of(first->parent);
    }
    host_mutex_unlock(&hs->names);
    if (!fits || !known)
        return fits ? -L_ENOENT : -L_ENAMETOOLONG;
    start += path[start] == '/';
    memmove(path, path + start, HOST_PATH_MAX - start);
    return 0;
}

/* --- lists --- */

/* hs->names is held. */
static void forget(struct host_super *hs, struct host_name **link)
{
    struct host_name *name = *link;
    *link = name->next;
    name->next = hs->forgotten;
    hs->forgotten = name;
}

void host_name_add(struct inode *inode, struct inode *dir, const char *text)
{
    struct host_node *node = host_node_of(inode);
    struct host_super *hs = host_super_of(inode->super);
    bool single = (inode->mode & L_S_IFMT) == L_S_IFDIR;
    if (node->root)
        return;
    host_mutex_lock(&hs->names);
    struct host_name *first = node->names;
    bool right = first && first->parent == dir && strcmp(first->text, text) == 0;
    host_mutex_unlock(&hs->names);
    if (right)
        return;
    struct host_name *name = malloc(sizeof(*name) + strlen(text) + 1);
    if (!name)
        return;
    name->parent = inode_get(dir);
    strcpy(name->text, text);
    host_mutex_lock(&hs->names);
    unsigned count = 1;
    for (struct host_name **link = &node->names; *link;) {
        bool same = (*link)->parent == dir && strcmp((*link)->text, text) == 0;
        if (single || same || count == HOST_NAMES_MAX) {
            forget(hs, link);
        } else {
            count++;
            link = &(*link)->next;
        }
    }
    name->next = node->names;
    node->names = name;
    host_mutex_unlock(&hs->names);
}

void host_name_drop(struct inode *inode, struct inode *dir, const char *text)
{
    struct host_node *node = host_node_of(inode);
    struct host_super *hs = host_super_of(inode->super);
    host_mutex_lock(&hs->names);
    for (struct host_name **link = &node->names; *link;) {
        if (!text || ((*link)->parent == dir && strcmp((*link)->text, text) == 0))
            forget(hs, link);
        else
            link = &(*link)->next;
    }
    host_mutex_unlock(&hs->names);
}

/* It is not called as its first name says, for which path was made. */
static void host_name_wrong(struct inode *inode, const char *path)
{
    struct host_node *node = host_node_of(inode);
    struct host_super *hs = host_super_of(inode->super);
    const char *slash = strrchr(path, '/');
    host_mutex_lock(&hs->names);
    if (node->names && strcmp(node->names->text, slash ? slash + 1 : path) == 0)
        forget(hs, &node->names);
    host_mutex_unlock(&hs->names);
}

int host_node_each_path(struct inode *inode, int (*fn)(struct inode *, const char *path, void *),
                        void *arg)
{
    char path[HOST_PATH_MAX];
    int error = 0;
    host_names_use(inode->super);
    /* Another thread may look names up meanwhile, which puts them first: there is an end to it. */
    for (unsigned i = 0; i < 2 * HOST_NAMES_MAX; i++) {
        error = host_node_path(inode, NULL, path);
        if (!error)
            error = fn(inode, path, arg);
        else if (error == -L_ENOENT)
            break;
        if (error != -L_ENOENT && error != -L_ESTALE)
            break;
        host_name_wrong(inode, path);
    }
    host_names_used(inode->super);
    host_names_free(inode->super);
    return error == -L_ENOENT ? -L_ESTALE : error;
}

/* One thread frees for all, so that a long chain of directories does not become a deep recursion:
 * releasing a parent comes here again. */
void host_names_free(struct superblock *super)
{
    struct host_super *hs = host_super_of(super);
    host_mutex_lock(&hs->names);
    bool mine = !hs->freeing && hs->forgotten;
    if (mine)
        hs->freeing = true;
    host_mutex_unlock(&hs->names);
    if (!mine)
        return;
    super_get(super);
    for (;;) {
        host_mutex_lock(&hs->names);
        struct host_name *name = hs->forgotten;
        if (name)
            hs->forgotten = name->next;
        else
            hs->freeing = false;
        host_mutex_unlock(&hs->names);
        if (!name)
            break;
        inode_put(name->parent);
        free(name);
    }
    super_put(super);
}
