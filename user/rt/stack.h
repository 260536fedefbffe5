/* SPDX-License-Identifier: MIT */
/*
 * stack.h - places for the stacks of all threads but the first.
 *
 * A place has a number, 1..RT_THREADS_MAX - 1; number 0 stands for the stack that the kernel made
 * for the first thread.  A place's memory object is made and mapped when the place is first used
 * and kept for the next user, so a thread costs two operations more only once per place.  Below
 * each stack RT_STACK_BYTES stay unmapped: a stack that grows too long faults there.
 *
 *   S1  A place is on exactly one list (free, or detached) or one thread's.
 *
 * Places of detached threads come back by themselves: when no free place is left, those whose
 * thread's telemetry record says that it is gone are free.
 *
 * Locks.  None: both lists are changed with compare-and-swap, so a thread that is killed in here
 *         holds up nobody, and loses one place at most.
 * Cost.   take and give O(1), about 30 instructions each; at most RT_THREADS_MAX places are looked
 *         at when no free place is left.
 */
#ifndef USER_RT_STACK_H
#define USER_RT_STACK_H

#include "base/types.h"
#include "user/rt/layout.h"

#define RT_STACK_KERNELS 0u /* the number that stands for the first thread's stack */

/* The lowest address of the stack at place `slot`. */
static inline uint64_t rt_stack_base(uint32_t slot)
{
    return RT_STACKS_BASE + slot * RT_STACK_STRIDE + (RT_STACK_STRIDE - RT_STACK_BYTES);
}

/* The place whose stack begins at `base`, or RT_STACK_KERNELS. */
static inline uint32_t rt_stack_slot(uint64_t base)
{
    return base < RT_STACKS_BASE ? RT_STACK_KERNELS
                                 : (uint32_t)((base - RT_STACKS_BASE) / RT_STACK_STRIDE);
}

/*
 * A place with a stack that can be used, for a new thread.
 * Returns: STATUS_OK with *slot; STATUS_NO_SLOT when every place is a thread's; the kernel's
 * refusal to make or map the memory.
 */
MUST_USE int64_t rt_stack_take(uint32_t *slot);

/* Its thread has ended, or was never made.  Of RT_STACK_KERNELS: nothing to do. */
void rt_stack_give(uint32_t slot);

/* Its thread, `index` and `gen`, is detached: the place is free when that is gone. */
void rt_stack_give_later(uint32_t slot, uint32_t index, uint32_t gen);

#endif /* USER_RT_STACK_H */
