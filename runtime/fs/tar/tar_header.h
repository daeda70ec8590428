/* The header of a member of an archive: where its fields lie (POSIX.1-2024, pax, ustar format). */
#ifndef RUNTIME_FS_TAR_TAR_HEADER_H
#define RUNTIME_FS_TAR_TAR_HEADER_H

#define RECORD 512u /* bytes: of a header, and what data is padded to */

enum {
    AT_NAME = 0,
    AT_MODE = 100,
    AT_UID = 108,
    AT_GID = 116,
    AT_SIZE = 124,
    AT_MTIME = 136,
    AT_SUM = 148,
    AT_TYPE = 156,
    AT_LINK = 157,
    AT_MAGIC = 257,
    AT_MAJOR = 329,
    AT_MINOR = 337,
    AT_PREFIX = 345,
};

/* Bytes of fields: numbers are octal digits. */
enum { NAME_BYTES = 100, ID_BYTES = 8, SIZE_BYTES = 12, TIME_BYTES = 12, PREFIX_BYTES = 155 };

#endif
