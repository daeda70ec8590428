/* Fonts by way of fontconfig. */
#include "app/host/fonts.h"

#include <fcntl.h>
#include <fontconfig/fontconfig.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two threads at once would both read the configuration. */
static bool ready(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    bool done = FcInit();
    pthread_mutex_unlock(&lock);
    return done;
}

static FcPattern *pattern(const char *family, unsigned style)
{
    FcPattern *p = FcPatternCreate();
    if (!p)
        return NULL;
    FcPatternAddString(p, FC_FAMILY, (const FcChar8 *)family);
    FcPatternAddInteger(p, FC_WEIGHT, style & FONT_BOLD ? FC_WEIGHT_BOLD : FC_WEIGHT_REGULAR);
    FcPatternAddInteger(p, FC_SLANT, style & FONT_ITALIC ? FC_SLANT_ITALIC : FC_SLANT_ROMAN);
    /* Of variable fonts, their named instances. */
    FcPatternAddBool(p, FC_VARIABLE, FcFalse);
    FcConfigSubstitute(NULL, p, FcMatchPattern);
    FcDefaultSubstitute(p);
    return p;
}

static bool font_describe(FcPattern *p, struct host_font *out)
{
    FcChar8 *path;
    FcBool scalable = FcFalse, color = FcFalse;
    memset(out, 0, sizeof(*out));
    FcPatternGetBool(p, FC_SCALABLE, 0, &scalable);
    FcPatternGetBool(p, FC_COLOR, 0, &color);
    FcPatternGetInteger(p, FC_INDEX, 0, &out->index);
    out->color = color;
    return (scalable || color) && FcPatternGetString(p, FC_FILE, 0, &path) == FcResultMatch &&
           snprintf(out->path, sizeof(out->path), "%s", (const char *)path) <
               (int)sizeof(out->path);
}

static bool has_family(FcPattern *p, const char *family)
{
    FcChar8 *name;
    for (int i = 0; FcPatternGetString(p, FC_FAMILY, i, &name) == FcResultMatch; i++)
        if (FcStrCmpIgnoreCase(name, (const FcChar8 *)family) == 0)
            return true;
    return false;
}

/* A font that is only to be drawn bold or slanted pretends to be so. */
static bool has_style(FcPattern *p, unsigned style)
{
    int weight = FC_WEIGHT_REGULAR, slant = FC_SLANT_ROMAN;
    FcBool made_bold = FcFalse;
    FcMatrix *matrix, made_slanted = {1, 0, 0, 1};
    FcPatternGetInteger(p, FC_WEIGHT, 0, &weight);
    FcPatternGetInteger(p, FC_SLANT, 0, &slant);
    FcPatternGetBool(p, FC_EMBOLDEN, 0, &made_bold);
    if (FcPatternGetMatrix(p, FC_MATRIX, 0, &matrix) == FcResultMatch)
        made_slanted = *matrix;
    return (!(style & FONT_BOLD) || (weight >= FC_WEIGHT_DEMIBOLD && !made_bold)) &&
           (!(style & FONT_ITALIC) || (slant != FC_SLANT_ROMAN && made_slanted.xy == 0));
}

/* What the family really is: fontconfig answers every question with some font. */
static bool family_matches(FcPattern *match, const char *family)
{
    static const char *const generic[] = {"monospace", "mono", "sans", "sans-serif", "serif"};
    for (size_t i = 0; i < sizeof(generic) / sizeof(generic[0]); i++)
        if (!strcmp(family, generic[i]))
            return true;
    return has_family(match, family);
}

bool host_font_find(const char *family, unsigned style, struct host_font *found)
{
    FcResult result;
    if (!family)
        family = "monospace";
    FcPattern *wanted = ready() ? pattern(family, style) : NULL;
    FcPattern *match = wanted ? FcFontMatch(NULL, wanted, &result) : NULL;
    bool good = match && family_matches(match, family) && has_style(match, style) &&
                font_describe(match, found);
    if (match)
        FcPatternDestroy(match);
    if (wanted)
        FcPatternDestroy(wanted);
    return good;
}

static bool charset_pages(const void *host, host_font_page page, void *arg)
{
    FcChar32 map[FC_CHARSET_MAP_SIZE], next;
    _Static_assert(FC_CHARSET_MAP_SIZE == 8, "pages of 256 code points");
    for (FcChar32 first = FcCharSetFirstPage(host, map, &next); first != FC_CHARSET_DONE;
         first = FcCharSetNextPage(host, map, &next))
        page(arg, first, map);
    return true;
}

void host_fonts_each(void (*each)(void *arg, const struct host_font *font, host_font_pages pages,
                                  const void *host),
                     void *arg)
{
    FcResult result;
    FcPattern *wanted = ready() ? pattern("monospace", 0) : NULL;
    FcFontSet *set = wanted ? FcFontSort(NULL, wanted, FcTrue, NULL, &result) : NULL;
    for (int i = 0; set && i < set->nfont; i++) {
        struct host_font font;
        FcCharSet *charset;
        if (font_describe(set->fonts[i], &font) &&
            FcPatternGetCharSet(set->fonts[i], FC_CHARSET, 0, &charset) == FcResultMatch)
            each(arg, &font, charset_pages, charset);
    }
    if (set)
        FcFontSetDestroy(set);
    if (wanted)
        FcPatternDestroy(wanted);
}

const unsigned char *host_font_load(const char *path, size_t *size)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    void *data = MAP_FAILED;
    if (fstat(fd, &st) == 0 && st.st_size > 0)
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (data == MAP_FAILED)
        return NULL;
    *size = (size_t)st.st_size;
    return data;
}

void host_font_unload(const unsigned char *data, size_t size)
{
    munmap((void *)data, size);
}
