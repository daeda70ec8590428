/* mmap(2), mprotect(2), mremap(2), madvise(2), msync(2). */
#ifndef RUNTIME_ABI_MMAN_H
#define RUNTIME_ABI_MMAN_H

#define L_PROT_NONE           0
#define L_PROT_READ           1
#define L_PROT_WRITE          2
#define L_PROT_EXEC           4
#define L_PROT_GROWSDOWN      0x1000000
#define L_PROT_GROWSUP        0x2000000
#define L_MAP_SHARED          1
#define L_MAP_PRIVATE         2
#define L_MAP_SHARED_VALIDATE 3
#define L_MAP_TYPE            0xf
#define L_MAP_FIXED           0x10
#define L_MAP_ANONYMOUS       0x20
#define L_MAP_32BIT           0x40
#define L_MAP_GROWSDOWN       0x100
#define L_MAP_DENYWRITE       0x800
#define L_MAP_EXECUTABLE      0x1000
#define L_MAP_LOCKED          0x2000
#define L_MAP_NORESERVE       0x4000
#define L_MAP_POPULATE        0x8000
#define L_MAP_NONBLOCK        0x10000
#define L_MAP_STACK           0x20000
#define L_MAP_HUGETLB         0x40000
#define L_MAP_SYNC            0x80000
#define L_MAP_FIXED_NOREPLACE 0x100000
#define L_MS_ASYNC            1
#define L_MS_SYNC             4
#define L_MS_INVALIDATE       2
#define L_MREMAP_MAYMOVE      1
#define L_MREMAP_FIXED        2
#define L_MREMAP_DONTUNMAP    4
#define L_MADV_NORMAL         0
#define L_MADV_RANDOM         1
#define L_MADV_SEQUENTIAL     2
#define L_MADV_WILLNEED       3
#define L_MADV_DONTNEED       4
#define L_MADV_FREE           8
#define L_MADV_REMOVE         9
#define L_MADV_DONTFORK       0xa
#define L_MADV_DOFORK         0xb
#define L_MADV_MERGEABLE      0xc
#define L_MADV_UNMERGEABLE    0xd
#define L_MADV_HUGEPAGE       0xe
#define L_MADV_NOHUGEPAGE     0xf
#define L_MADV_DONTDUMP       0x10
#define L_MADV_DODUMP         0x11
#define L_MADV_WIPEONFORK     0x12
#define L_MADV_KEEPONFORK     0x13
#define L_MADV_COLD           0x14
#define L_MADV_PAGEOUT        0x15
#define L_MADV_POPULATE_READ  0x16
#define L_MADV_POPULATE_WRITE 0x17
#define L_MCL_CURRENT         1
#define L_MCL_FUTURE          2
#define L_MCL_ONFAULT         4

#endif
