/* SPDX-License-Identifier: MIT */
/*
 * entry.h - one operation in registers (abi/syscall.h), start to end: the shortest way to ask for
 * one thing at a time.  The thread's ring is not touched; its operations in flight go on.
 */
#ifndef USER_RT_ENTRY_H
#define USER_RT_ENTRY_H

#include "base/assert.h"
#include "user/rt/syscall.h"
#include "user/rt/thread.h"

/* Returns the operation's status; its second result in *value, if not NULL. */
static inline int64_t rt_entry_do(const struct ring_sqe *entry, uint64_t *value)
{
    uint64_t unused;

    ASSERT(rt_self()->canary == RT_CANARY);
    return syscall_entry(entry, value != NULL ? value : &unused);
}

/* A method of a capability, for those who need no second result. */
static inline int64_t rt_call(uint32_t cap, uint16_t method, uint64_t argument0,
                              uint64_t argument1, uint64_t argument2)
{
    struct ring_sqe entry = {
        .op = RING_OP_CALL,
        .cap = cap,
        .method = method,
        .args = {argument0, argument1, argument2},
    };

    return rt_entry_do(&entry, NULL);
}

#endif /* USER_RT_ENTRY_H */
