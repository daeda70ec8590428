/* Makes tar archives in memory, and unpacks them. */
#ifndef TESTS_UNIT_FS_ARCHIVE_H
#define TESTS_UNIT_FS_ARCHIVE_H

#include "fixture.h"
#include "runtime/fs/tar/tar.h"
#include "runtime/host/file.h"
#include "runtime/host/random.h"

static uint8_t archive[1 << 22];
static size_t used;

static inline void octal(uint8_t *field, size_t width, uint64_t value)
{
    snprintf((char *)field, width, "%0*llo", (int)width - 1, (unsigned long long)value);
}

static inline void seal(uint8_t *header)
{
    uint32_t sum = 0;
    memset(header + 148, ' ', 8);
    for (int i = 0; i < 512; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

static inline uint8_t *member(const char *name, char type, uint32_t mode, const char *link,
                              const void *data, size_t size)
{
    uint8_t *header = archive + used;
    memset(header, 0, 512);
    strncpy((char *)header, name, 100);
    octal(header + 100, 8, mode);
    octal(header + 108, 8, 3);
    octal(header + 116, 8, 4);
    octal(header + 124, 12, size);
    octal(header + 136, 12, 1000000000);
    header[156] = (uint8_t)type;
    if (link)
        strncpy((char *)header + 157, link, 100);
    memcpy(header + 257, "ustar\00000", 8);
    octal(header + 329, 8, 1);
    octal(header + 337, 8, 3);
    seal(header);
    used += 512;
    memcpy(archive + used, data, size);
    memset(archive + used + size, 0, (512 - size % 512) % 512);
    used += (size + 511) / 512 * 512;
    return header;
}

static inline void finish_archive(void)
{
    memset(archive + used, 0, 1024);
    used += 1024;
}

static inline int unpack_into(struct superblock *super, char *message, size_t size)
{
    /* Tests of one host may run at the same time. */
    static char name[64];
    struct host_file *file;
    if (!name[0])
        snprintf(name, sizeof(name), "unit-fs-%016llx.tar", (unsigned long long)host_random_u64());
    ck_assert_int_eq(
        host_file_open(name, HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_TRUNCATE, 0644, &file),
        0);
    ck_assert_int_eq(host_file_write(file, archive, used, 0), (int64_t)used);
    host_file_close(file);
    int error = tar_unpack(name, super, message, size);
    host_path_unlink(name);
    return error;
}

static inline int unpack(struct superblock **super, char *message, size_t size)
{
    int error;
    *super = tmpfs_new("t", 0755, &error);
    ck_assert_ptr_nonnull(*super);
    return unpack_into(*super, message, size);
}

#endif
