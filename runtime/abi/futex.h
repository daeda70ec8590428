/* futex(2). */
#ifndef RUNTIME_ABI_FUTEX_H
#define RUNTIME_ABI_FUTEX_H

#include <stdint.h>

#define L_FUTEX_WAIT             0
#define L_FUTEX_WAKE             1
#define L_FUTEX_FD               2
#define L_FUTEX_REQUEUE          3
#define L_FUTEX_CMP_REQUEUE      4
#define L_FUTEX_WAKE_OP          5
#define L_FUTEX_LOCK_PI          6
#define L_FUTEX_UNLOCK_PI        7
#define L_FUTEX_TRYLOCK_PI       8
#define L_FUTEX_WAIT_BITSET      9
#define L_FUTEX_WAKE_BITSET      0xa
#define L_FUTEX_WAIT_REQUEUE_PI  0xb
#define L_FUTEX_CMP_REQUEUE_PI   0xc
#define L_FUTEX_LOCK_PI2         0xd
#define L_FUTEX_PRIVATE_FLAG     0x80
#define L_FUTEX_CLOCK_REALTIME   0x100
#define L_FUTEX_WAITERS          0x80000000u
#define L_FUTEX_OWNER_DIED       0x40000000
#define L_FUTEX_TID_MASK         0x3fffffff
#define L_FUTEX_BITSET_MATCH_ANY 0xffffffffu
#define L_FUTEX_OP_SET           0
#define L_FUTEX_OP_ADD           1
#define L_FUTEX_OP_OR            2
#define L_FUTEX_OP_ANDN          3
#define L_FUTEX_OP_XOR           4
#define L_FUTEX_OP_OPARG_SHIFT   8
#define L_FUTEX_OP_CMP_EQ        0
#define L_FUTEX_OP_CMP_NE        1
#define L_FUTEX_OP_CMP_LT        2
#define L_FUTEX_OP_CMP_LE        3
#define L_FUTEX_OP_CMP_GT        4
#define L_FUTEX_OP_CMP_GE        5

/* The most entries of a robust list that are followed at exit, as Linux has it. */
#define L_ROBUST_LIST_LIMIT 2048

struct l_robust_list_head {
    uint64_t list;
    int64_t futex_offset;
    uint64_t list_op_pending;
};

#endif
