/* Fonts by way of the registry's list. */
#include "app/host/fonts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* Where Windows lists its fonts: "Consolas Bold (TrueType)" = "consolab.ttf", in the folder of
 * fonts or with a whole path; collections as "Cambria & Cambria Math (TrueType)". */
#define FONTS_KEY L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Fonts"

#define NAME_MAX_SIZE 512

struct listed {
    wchar_t name[NAME_MAX_SIZE]; /* of one face, without what stands in brackets */
    wchar_t file[HOST_FONT_PATH_MAX];
    int index;
};

/* Without the trailing note in brackets and blanks. */
static void trim_name(wchar_t *name)
{
    wchar_t *note = wcsrchr(name, L'(');
    if (note)
        *note = 0;
    size_t n = wcslen(name);
    while (n > 0 && name[n - 1] == L' ')
        name[--n] = 0;
}

static bool has_extension(const wchar_t *file, const wchar_t *extension)
{
    const wchar_t *dot = wcsrchr(file, L'.');
    return dot && !_wcsicmp(dot, extension);
}

static bool is_collection(const wchar_t *file)
{
    return has_extension(file, L".ttc") || has_extension(file, L".otc");
}

static bool is_font(const wchar_t *file)
{
    return has_extension(file, L".ttf") || has_extension(file, L".otf") || is_collection(file);
}

/* The faces of one value, in the order of the collection; the names of a single variable font are
 * all of the same face. True when each said so. */
static bool each_face(wchar_t *names, const wchar_t *file,
                      bool (*each)(void *, const struct listed *), void *arg)
{
    static const wchar_t between[] = L" & ";
    struct listed face = {.index = 0};
    wcsncpy(face.file, file, HOST_FONT_PATH_MAX - 1);
    trim_name(names);
    while (names) {
        wchar_t *next = wcsstr(names, between);
        if (next)
            *next = 0;
        wcsncpy(face.name, names, NAME_MAX_SIZE - 1);
        if (each(arg, &face))
            return true;
        face.index += is_collection(file);
        names = next ? next + wcslen(between) : NULL;
    }
    return false;
}

/* Stops when each returns true; the user's own fonts come after the system's. */
static bool each_listed(bool (*each)(void *, const struct listed *), void *arg)
{
    static HKEY const roots[] = {HKEY_LOCAL_MACHINE, HKEY_CURRENT_USER};
    bool stopped = false;
    for (size_t i = 0; i < 2 && !stopped; i++) {
        HKEY key;
        if (RegOpenKeyExW(roots[i], FONTS_KEY, 0, KEY_READ, &key))
            continue;
        for (DWORD at = 0; !stopped; at++) {
            wchar_t name[NAME_MAX_SIZE], file[HOST_FONT_PATH_MAX];
            DWORD name_size = NAME_MAX_SIZE, type, size = sizeof(file) - sizeof(wchar_t);
            LSTATUS status =
                RegEnumValueW(key, at, name, &name_size, NULL, &type, (BYTE *)file, &size);
            if (status == ERROR_MORE_DATA)
                continue;
            if (status)
                break;
            file[size / sizeof(wchar_t)] = 0;
            /* Those with @ are for vertical text. */
            if (type == REG_SZ && name[0] != L'@' && is_font(file))
                stopped = each_face(name, file, each, arg);
        }
        RegCloseKey(key);
    }
    return stopped;
}

static bool font_describe(const struct listed *listed, struct host_font *out)
{
    wchar_t folder[MAX_PATH], path[HOST_FONT_PATH_MAX];
    memset(out, 0, sizeof(*out));
    out->index = listed->index;
    if (wcschr(listed->file, L'\\')) {
        wcscpy(path, listed->file);
    } else {
        UINT n = GetWindowsDirectoryW(folder, MAX_PATH);
        if (n == 0 || n >= MAX_PATH ||
            _snwprintf(path, HOST_FONT_PATH_MAX, L"%ls\\Fonts\\%ls", folder, listed->file) < 0)
            return false;
    }
    path[HOST_FONT_PATH_MAX - 1] = 0;
    return WideCharToMultiByte(CP_UTF8, 0, path, -1, out->path, sizeof(out->path), NULL, NULL) > 0;
}

struct search {
    const wchar_t *family;
    unsigned style;
    struct listed found;
};

/* The words that may follow the family for a style; the last of the list is empty. */
static const wchar_t *const style_names[FONT_STYLES][4] = {
    [0] = {L"", L" Regular", L" Book", NULL},
    [FONT_BOLD] = {L" Bold", L" SemiBold", L" Demi", NULL},
    [FONT_ITALIC] = {L" Italic", L" Oblique", NULL},
    [FONT_BOLD | FONT_ITALIC] = {L" Bold Italic", L" Bold Oblique", L" SemiBold Italic", NULL},
};

static bool font_matches(void *arg, const struct listed *listed)
{
    struct search *s = arg;
    size_t n = wcslen(s->family);
    if (_wcsnicmp(listed->name, s->family, n) != 0)
        return false;
    for (int i = 0; i < 4 && style_names[s->style][i]; i++)
        if (!_wcsicmp(listed->name + n, style_names[s->style][i])) {
            s->found = *listed;
            return true;
        }
    return false;
}

static bool font_find(const wchar_t *family, unsigned style, struct host_font *found)
{
    struct search s = {.family = family, .style = style};
    return each_listed(font_matches, &s) && font_describe(&s.found, found);
}

bool host_font_find(const char *family, unsigned style, struct host_font *found)
{
    static const wchar_t *const good[] = {L"Cascadia Mono", L"Consolas", L"Lucida Console",
                                          L"Courier New"};
    wchar_t wide[NAME_MAX_SIZE];
    if (family)
        return MultiByteToWideChar(CP_UTF8, 0, family, -1, wide, NAME_MAX_SIZE) > 0 &&
               font_find(wide, style, found);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        /* A style is wanted of the family that is there. */
        struct host_font regular;
        if (font_find(good[i], 0, &regular))
            return font_find(good[i], style, found);
    }
    return false;
}

/* The Chinese, Japanese or Korean fonts whose shapes of the common characters the user expects. */
static const wchar_t *han_fonts(int at)
{
    static const wchar_t *const fonts[4][2] = {{L"Microsoft YaHei", L"SimSun"},
                                               {L"Microsoft JhengHei", L"MingLiU"},
                                               {L"Yu Gothic", L"MS Gothic"},
                                               {L"Malgun Gothic", L"Batang"}};
    LANGID language = GetUserDefaultUILanguage();
    int first = 0;
    if (PRIMARYLANGID(language) == LANG_JAPANESE)
        first = 2;
    else if (PRIMARYLANGID(language) == LANG_KOREAN)
        first = 3;
    else if (PRIMARYLANGID(language) == LANG_CHINESE &&
             (SUBLANGID(language) == SUBLANG_CHINESE_TRADITIONAL ||
              SUBLANGID(language) == SUBLANG_CHINESE_HONGKONG))
        first = 1;
    return at < 8 ? fonts[(first + at / 2) % 4][at % 2] : NULL;
}

struct giving {
    void (*each)(void *arg, const struct host_font *font, host_font_pages pages, const void *host);
    void *arg;
};

static void give_family(const struct giving *g, const wchar_t *family)
{
    struct host_font font;
    if (font_find(family, 0, &font))
        g->each(g->arg, &font, NULL, NULL);
}

/* The other fonts; bold and slanted faces only have the characters of their regular ones. */
static bool font_give(void *arg, const struct listed *listed)
{
    static const wchar_t *const styles[] = {L" Bold",  L" Italic", L" Oblique",  L" Light",
                                            L" Black", L" Thin",   L" Condensed"};
    const struct giving *g = arg;
    struct host_font font;
    for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
        if (wcsstr(listed->name, styles[i]))
            return false;
    if (font_describe(listed, &font))
        g->each(g->arg, &font, NULL, NULL);
    return false;
}

void host_fonts_each(void (*each)(void *arg, const struct host_font *font, host_font_pages pages,
                                  const void *host),
                     void *arg)
{
    static const wchar_t *const first[] = {L"Cascadia Mono",    L"Consolas",    L"DejaVu Sans Mono",
                                           L"Lucida Console",   L"Courier New", L"Segoe UI Emoji",
                                           L"Segoe UI Symbol",  L"Segoe UI",    L"Cambria Math",
                                           L"Segoe UI Historic"};
    static const wchar_t *const second[] = {
        L"Nirmala UI",         L"Leelawadee UI",    L"Ebrima",        L"Gadugi",
        L"Myanmar Text",       L"Mongolian Baiti",  L"Javanese Text", L"Microsoft Himalaya",
        L"Microsoft Yi Baiti", L"Microsoft Tai Le", L"Sylfaen"};
    struct giving g = {each, arg};
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
        give_family(&g, first[i]);
    for (int i = 0; han_fonts(i); i++)
        give_family(&g, han_fonts(i));
    for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++)
        give_family(&g, second[i]);
    each_listed(font_give, &g);
}

const unsigned char *host_font_load(const char *path, size_t *size)
{
    wchar_t wide[HOST_FONT_PATH_MAX];
    if (!MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, HOST_FONT_PATH_MAX))
        return NULL;
    HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    LARGE_INTEGER length;
    void *data = NULL;
    if (GetFileSizeEx(file, &length) && length.QuadPart > 0) {
        HANDLE section = CreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL);
        if (section) {
            data = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
            CloseHandle(section);
        }
    }
    CloseHandle(file);
    *size = (size_t)length.QuadPart;
    return data;
}

void host_font_unload(const unsigned char *data, size_t size)
{
    (void)size;
    UnmapViewOfFile(data);
}
