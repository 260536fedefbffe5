/* SPDX-License-Identifier: MIT */
/* syscall.h - the two system calls, as abi/syscall.h says they are made. */
#ifndef USER_RT_SYSCALL_H
#define USER_RT_SYSCALL_H

#include "abi/ring.h"
#include "abi/syscall.h"
#include "base/types.h"

static inline int64_t syscall_raw(uint64_t number, uint64_t argument0, uint64_t argument1)
{
    int64_t result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(argument0), "S"(argument1)
                     : "rcx", "r11", "memory");
    return result;
}

static inline int64_t syscall_cap_enter(uint64_t min_complete, uint64_t deadline_ns)
{
    return syscall_raw(SYSCALL_CAP_ENTER, min_complete, deadline_ns);
}

/* One entry in registers, start to end.  Returns its status; args are the words of the result. */
static inline int64_t syscall_message(struct ring_sqe *entry)
{
    int64_t status;
    uint64_t word = (uint64_t)entry->flags << 8 |
                    SYSCALL_ENTRY(entry->op, entry->method, entry->cap);
    uint64_t result = entry->args[0];
    register uint64_t argument1 __asm__("r10") = entry->args[1];
    register uint64_t argument2 __asm__("r8") = entry->args[2];
    register uint64_t argument3 __asm__("r9") = entry->args[3];

    __asm__ volatile("syscall"
                     : "=a"(status), "+d"(result), "+r"(argument1), "+r"(argument2),
                       "+r"(argument3)
                     : "a"((uint64_t)SYSCALL_CAP_ENTER_ENTRY), "D"(word), "S"(entry->deadline_ns)
                     : "rcx", "r11", "memory");
    entry->args[0] = result;
    entry->args[1] = argument1;
    entry->args[2] = argument2;
    entry->args[3] = argument3;
    return status;
}

/* The same for a second result in *value. */
static inline int64_t syscall_entry(const struct ring_sqe *entry, uint64_t *value)
{
    struct ring_sqe copy = *entry;
    int64_t status = syscall_message(&copy);

    *value = copy.args[0];
    return status;
}

static inline NORETURN void syscall_exit(int64_t status)
{
    (void)syscall_raw(SYSCALL_EXIT, (uint64_t)status, 0);
    __builtin_trap(); /* exit came back: let the kernel say where */
}

#endif /* USER_RT_SYSCALL_H */
