/* CRC-32C (Castagnoli; RFC 3720, appendix B.4), with the processor's instruction where it has one.
 */
#ifndef RUNTIME_FS_STORE_CRC32C_H
#define RUNTIME_FS_STORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of data that follows what `crc` is the checksum of; 0 at the start. */
uint32_t crc32c(uint32_t crc, const void *data, size_t length);
/* The same without the instruction. */
uint32_t crc32c_plain(uint32_t crc, const void *data, size_t length);

#endif
