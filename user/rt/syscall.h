/* SPDX-License-Identifier: MIT */
/* syscall.h - the two system calls, as abi/syscall.h says they are made. */
#ifndef USER_RT_SYSCALL_H
#define USER_RT_SYSCALL_H

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

static inline NORETURN void syscall_exit(int64_t status)
{
    (void)syscall_raw(SYSCALL_EXIT, (uint64_t)status, 0);
    __builtin_trap(); /* exit came back: let the kernel say where */
}

#endif /* USER_RT_SYSCALL_H */
