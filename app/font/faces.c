/* Finds and opens the faces of a font: the four styles, then what stands in for them. */
#include "app/font/faces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/paths.h"
#include "app/font/face.h"
#include "app/font/fallback.h"
#include "app/font/font.h"
#include "runtime/host/file.h"

#define OTHERS_MAX  16
#define BOLD_WEIGHT 700
#define LEAST_BOLD  600

/* assets/font.S */
extern const unsigned char builtin_font[], builtin_font_end[];
extern const unsigned char builtin_font_bold[], builtin_font_bold_end[];

struct faces {
    FT_Library library;
    double pixels;
    char *names;               /* of the request, cut into pieces */
    char *folder;              /* likewise */
    char *styles[FONT_STYLES]; /* likewise */
    const char *family;        /* that was found; NULL: the host's */
    const char *shown;         /* to tell the user */
    bool asked, built_in;
    struct host_font regular; /* where the main face came from */
    struct face own[FONT_STYLES];
    bool tried[FONT_STYLES];
    struct face others[OTHERS_MAX];
    int other_count;
    struct face **system; /* by number */
    int system_count;
};

static char *faces_copy(const char *text)
{
    size_t n = text ? strlen(text) + 1 : 1;
    char *result = malloc(n);
    if (result)
        memcpy(result, text ? text : "", n);
    return result;
}

char *faces_next_name(char **rest)
{
    while (*rest) {
        char *name = *rest + strspn(*rest, " \t");
        char *end = strchr(name, ',');
        *rest = end ? end + 1 : NULL;
        end = end ? end : name + strlen(name);
        while (end > name && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        *end = 0;
        if (*name)
            return name;
    }
    return NULL;
}

bool faces_is_file(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strpbrk(name, "/\\") ||
           (dot && strlen(dot) == 4 && (dot[1] | 32) != ' ' && strspn(dot + 1, "tTfFoOcC") == 3);
}

/* A family or a file. */
static bool locate(const char *name, unsigned style, const char *folder, struct host_font *found)
{
    struct host_stat stat;
    if (!name || !faces_is_file(name))
        return host_font_find(name, style, found);
    memset(found, 0, sizeof(*found));
    int n = 0;
    if (folder && !path_is_absolute(name))
        n = snprintf(found->path, sizeof(found->path), "%s/%s", folder, name);
    if (n > 0 && (size_t)n < sizeof(found->path) && host_path_stat(found->path, &stat) == 0)
        return true;
    n = snprintf(found->path, sizeof(found->path), "%s", name);
    return n > 0 && (size_t)n < sizeof(found->path);
}

static bool open_built_in(struct faces *f, unsigned style)
{
    const unsigned char *from = style ? builtin_font_bold : builtin_font;
    const unsigned char *end = style ? builtin_font_bold_end : builtin_font_end;
    return !(style & FONT_ITALIC) &&
           face_open_memory(f->library, &f->own[style], from, (size_t)(end - from));
}

/* Files beside that of the regular face, by the ways such files are named. */
static bool open_sibling(struct faces *f, unsigned style)
{
    static const struct {
        const char *regular;
        const char *styles[FONT_STYLES];
    } names[] = {
        {"-Regular", {"", "-Bold", "-Italic", "-BoldItalic"}},
        {"-R", {"", "-B", "-RI", "-BI"}},
        {"", {"", "-Bold", "-Oblique", "-BoldOblique"}},
    };
    const char *path = f->regular.path, *dot = strrchr(path, '.');
    size_t length = dot ? (size_t)(dot - path) : strlen(path);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct host_font other = {.index = 0};
        size_t tail = strlen(names[i].regular);
        if (length < tail || strncmp(path + length - tail, names[i].regular, tail) != 0)
            continue;
        if (length + 32 > sizeof(other.path))
            return false;
        memcpy(other.path, path, length - tail);
        strcat(other.path, names[i].styles[style]);
        strcat(other.path, dot ? dot : "");
        return face_open(f->library, &f->own[style], &other);
    }
    return false;
}

/* Another weight of a variable font. */
static bool open_bolder(struct faces *f, unsigned style)
{
    struct host_font from = f->regular;
    if (!(style & FONT_BOLD) || f->built_in ||
        ((style & FONT_ITALIC) && !locate(f->family, FONT_ITALIC, f->folder, &from)))
        return false;
    if (!face_open(f->library, &f->own[style], &from))
        return false;
    if (face_weigh(&f->own[style], BOLD_WEIGHT) >= LEAST_BOLD)
        return true;
    face_close(&f->own[style]);
    return false;
}

/* The host may have found a bold face that is one of a variable font's. */
static bool open_found(struct faces *f, unsigned style, const struct host_font *found)
{
    if (!face_open(f->library, &f->own[style], found))
        return false;
    if ((style & FONT_BOLD) && !(found->index >> 16))
        face_weigh(&f->own[style], BOLD_WEIGHT);
    return true;
}

static bool open_style(struct faces *f, unsigned style)
{
    struct host_font found;
    const char *name = f->styles[style];
    if (name && name[0] &&
        (locate(name, style, f->folder, &found) || locate(name, 0, f->folder, &found)) &&
        open_found(f, style, &found))
        return true;
    if (f->built_in)
        return open_built_in(f, style);
    if (f->family && faces_is_file(f->family))
        return open_sibling(f, style) || open_bolder(f, style);
    if (host_font_find(f->family, style, &found) && open_found(f, style, &found))
        return true;
    return open_bolder(f, style);
}

static bool open_main(struct faces *f, const char *name)
{
    if (name && !strcmp(name, FONT_BUILT_IN)) {
        f->built_in = true;
        f->shown = FONT_BUILT_IN;
        return open_built_in(f, 0);
    }
    if (!locate(name, 0, f->folder, &f->regular) || !face_open(f->library, &f->own[0], &f->regular))
        return false;
    f->family = name;
    f->shown = name ? name : f->own[0].ft->family_name ? f->own[0].ft->family_name : "";
    return true;
}

static void open_other(struct faces *f, const char *name)
{
    struct host_font found;
    struct face *face = &f->others[f->other_count];
    if (f->other_count == OTHERS_MAX)
        return;
    bool good = strcmp(name, FONT_BUILT_IN)
                    ? locate(name, 0, f->folder, &found) && face_open(f->library, face, &found)
                    : face_open_memory(f->library, face, builtin_font,
                                       (size_t)(builtin_font_end - builtin_font));
    if (!good)
        return;
    face->fallback = true;
    f->other_count++;
}

static bool open_family(struct faces *f, const struct font_request *request)
{
    char *rest = f->names, *name = faces_next_name(&rest);
    bool first = true;
    f->asked = true;
    for (; name; name = faces_next_name(&rest), first = false) {
        if (f->own[0].ft)
            open_other(f, name);
        else if (open_main(f, name))
            f->asked = first;
        else
            f->asked = false;
    }
    if (f->own[0].ft)
        return true;
    return (!request->alone && open_main(f, NULL)) || open_main(f, FONT_BUILT_IN);
}

struct faces *faces_new(const struct font_request *request)
{
    struct faces *f = calloc(1, sizeof(*f));
    if (!f || FT_Init_FreeType(&f->library)) {
        free(f);
        return NULL;
    }
    f->pixels = request->pixels;
    f->names = faces_copy(request->family);
    f->folder = request->folder ? faces_copy(request->folder) : NULL;
    for (int i = 1; i < FONT_STYLES; i++)
        f->styles[i] = faces_copy(request->styles[i]);
    if (!f->names || !open_family(f, request)) {
        faces_free(f);
        return NULL;
    }
    f->tried[0] = true;
    face_set_size(&f->own[0], f->pixels);
    return f;
}

void faces_free(struct faces *f)
{
    for (int i = 0; i < FONT_STYLES; i++) {
        face_close(&f->own[i]);
        free(f->styles[i]);
    }
    for (int i = 0; i < f->other_count; i++)
        face_close(&f->others[i]);
    for (int i = 0; i < f->system_count; i++)
        if (f->system[i]) {
            face_close(f->system[i]);
            free(f->system[i]);
        }
    free(f->system);
    free(f->names);
    free(f->folder);
    FT_Done_FreeType(f->library);
    free(f);
}

bool faces_has(const char *name, unsigned style, const char *folder)
{
    FT_Library library;
    struct host_font found;
    struct face face = {0};
    if (!strcmp(name, FONT_BUILT_IN))
        return true;
    if (FT_Init_FreeType(&library))
        return false;
    bool has = (locate(name, style, folder, &found) || locate(name, 0, folder, &found)) &&
               face_open(library, &face, &found);
    if (has)
        face_close(&face);
    FT_Done_FreeType(library);
    return has;
}

const char *faces_family(const struct faces *f, bool *asked)
{
    *asked = f->asked;
    return f->shown;
}

struct face *faces_main(struct faces *f)
{
    return &f->own[0];
}

struct face *faces_style(struct faces *f, unsigned style)
{
    if (!f->tried[style]) {
        f->tried[style] = true;
        if (!open_style(f, style))
            memset(&f->own[style], 0, sizeof(f->own[style]));
    }
    return f->own[style].ft ? &f->own[style] : NULL;
}

int faces_others(const struct faces *f)
{
    return f->other_count;
}

struct face *faces_other(struct faces *f, int at)
{
    return &f->others[at];
}

struct face *faces_system(struct faces *f, int at)
{
    if (at >= f->system_count) {
        struct face **more = realloc(f->system, sizeof(*more) * (size_t)(at + 1));
        if (!more)
            return NULL;
        memset(more + f->system_count, 0, sizeof(*more) * (size_t)(at + 1 - f->system_count));
        f->system = more;
        f->system_count = at + 1;
    }
    struct face *face = f->system[at];
    if (!face) {
        const struct host_font *font = fallback_font(at);
        face = f->system[at] = calloc(1, sizeof(*face));
        if (face && font && face_open(f->library, face, font))
            face->fallback = true;
    }
    return face && face->ft ? face : NULL;
}
