/* Factors of hashes that spread numbers and names over tables. */
#ifndef RUNTIME_HOST_HASH_H
#define RUNTIME_HOST_HASH_H

/* 2^64 divided by the golden ratio, for the upper bits of a product (Knuth, TAOCP 6.4). */
#define HASH_FACTOR 0x9e3779b97f4a7c15u
/* FNV-1a of 64 bits: (hash ^ byte) * FNV_FACTOR for each byte, from FNV_START (RFC 9923). */
#define FNV_START  0xcbf29ce484222325u
#define FNV_FACTOR 0x100000001b3u

#endif
