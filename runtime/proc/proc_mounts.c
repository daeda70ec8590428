/* /proc/mounts, mountinfo and mountstats. */
#include "runtime/abi/mount.h"
#include "runtime/fs/vfs/dentry.h"
#include "runtime/fs/vfs/vfs.h"
#include "runtime/proc/proc.h"
#include "runtime/task/task.h"
#include <string.h>

enum format { MOUNTS, MOUNTINFO, MOUNTSTATS };

struct listing {
    struct proc_text *text;
    struct path root;
    enum format format;
};

/* Blanks and backslashes as octal, so that columns stay columns. */
static void add_escaped(struct proc_text *text, const char *value)
{
    for (; *value; value++) {
        if (strchr(" \t\n\\", *value))
            proc_add(text, "\\%03o", (unsigned char)*value);
        else
            proc_add_bytes(text, value, 1);
    }
}

static void add_options(struct proc_text *text, uint32_t flags)
{
    proc_add(text, "%s", flags & L_MS_RDONLY ? "ro" : "rw");
    if (flags & L_MS_NOSUID)
        proc_add(text, ",nosuid");
    if (flags & L_MS_NODEV)
        proc_add(text, ",nodev");
    if (flags & L_MS_NOEXEC)
        proc_add(text, ",noexec");
    proc_add(text, flags & L_MS_NOATIME ? ",noatime" : ",relatime");
}

static bool add_mount(struct mount *mount, void *arg)
{
    struct listing *l = arg;
    char buffer[PATH_LENGTH_MAX];
    bool outside;
    struct path path = {mount, mount->root};
    char *point = path_text(path, l->root, buffer, sizeof(buffer), false, &outside);
    uint32_t flags = mount->flags;
    if (!point || outside)
        return true;
    if (mount->super->flags & SUPER_READ_ONLY)
        flags |= L_MS_RDONLY;
    if (l->format == MOUNTINFO) {
        proc_add(l->text, "%u %u %u:%u / ", mount->id, mount->parent ? mount->parent->id : 1,
                 l_major(mount->super->dev), l_minor(mount->super->dev));
        add_escaped(l->text, point);
        proc_add(l->text, " ");
        add_options(l->text, flags);
        proc_add(l->text, " - %s ", mount->super->type);
        add_escaped(l->text, mount->super->source);
        proc_add(l->text, " %s\n", flags & L_MS_RDONLY ? "ro" : "rw");
    } else if (l->format == MOUNTSTATS) {
        proc_add(l->text, "device ");
        add_escaped(l->text, mount->super->source);
        proc_add(l->text, " mounted on ");
        add_escaped(l->text, point);
        proc_add(l->text, " with fstype %s\n", mount->super->type);
    } else {
        add_escaped(l->text, mount->super->source);
        proc_add(l->text, " ");
        add_escaped(l->text, point);
        proc_add(l->text, " %s ", mount->super->type);
        add_options(l->text, flags);
        proc_add(l->text, " 0 0\n");
    }
    return true;
}

static int list(struct proc_text *text, const struct proc_subject *s, enum format format)
{
    struct listing listing = {.text = text, .format = format};
    struct fs_context *context = s->process ? proc_context(s) : NULL;
    listing.root = context ? fs_context_root(context) : mount_root();
    fs_context_put(context);
    mount_each(add_mount, &listing);
    path_put(listing.root);
    return 0;
}

int proc_show_mounts(struct proc_text *text, const struct proc_subject *subject)
{
    return list(text, subject, MOUNTS);
}

int proc_show_mountinfo(struct proc_text *text, const struct proc_subject *subject)
{
    return list(text, subject, MOUNTINFO);
}

int proc_show_mountstats(struct proc_text *text, const struct proc_subject *subject)
{
    return list(text, subject, MOUNTSTATS);
}
