/* SPDX-License-Identifier: MIT */
/*
 * thread.h - threads, and how a thread finds its own record.
 *
 * The kernel sets up no thread-local register.  A stack is RT_STACK_BYTES long and aligned to that,
 * and holds the thread's record at its lowest addresses, so rt_self() is the stack pointer with its
 * low bits cleared.  A stack that grows too long meets the record's canary first, which every
 * operation checks, and then unmapped memory.
 *
 *   base  struct rt_thread | ...free... <- stack grows down | base + RT_STACK_BYTES
 *
 * The first thread stays on the stack that the kernel made; the others' are in stack.h.
 */
#ifndef USER_RT_THREAD_H
#define USER_RT_THREAD_H

#include "abi/cap.h"
#include "user/rt/ring.h"
#include "user/rt/stack.h"

#define RT_CANARY UINT64_C(0x63616e6172792121)

struct rt_thread {
    uint32_t index; /* of its ring page and telemetry record */
    uint32_t gen;
    int64_t (*run)(void *argument);
    void *argument;
    bool is_failing; /* inside assert_fail */
    struct rt_ring ring;
    uint64_t canary; /* last: the first word that a long stack reaches */
};

struct rt_thread_ref {
    uint32_t index;
    uint32_t gen;
    uint32_t slot; /* of its stack (stack.h) */
};

static inline struct rt_thread *rt_self(void)
{
    uintptr_t stack;

    __asm__("mov %%rsp, %0" : "=r"(stack));
    return (struct rt_thread *)(stack & ~(uintptr_t)(RT_STACK_BYTES - 1));
}

/*
 * Start a thread that calls run(argument) and ends with what that returns.  `params` may be NULL
 * for the kernel's defaults.
 * Returns: STATUS_OK with *ref filled; STATUS_NO_SLOT when all stacks are taken; the kernel's
 * refusal.  Refused, nothing is lost.
 */
MUST_USE int64_t rt_thread_spawn(struct rt_thread_ref *ref, int64_t (*run)(void *argument),
                                 void *argument, const struct cap_thread_params *params);

/* Wait until the thread has ended; its exit status in *exit_status if not NULL.  Once per thread.
 * Returns: STATUS_OK, STATUS_KILLED if it was ended by another, or the kernel's refusal. */
int64_t rt_thread_join(const struct rt_thread_ref *ref, int64_t *exit_status);

/* Nobody will join it; its stack is used again when it is gone. */
int64_t rt_thread_detach(const struct rt_thread_ref *ref);

/* End it, whatever it does and whatever it holds: a mutex stays locked.  It is still to be joined,
 * unless it was detached. */
int64_t rt_thread_kill(const struct rt_thread_ref *ref);

/* How it stands now.  Returns: STATUS_OK; STATUS_STALE if it has ended. */
MUST_USE int64_t rt_thread_stat(const struct rt_thread_ref *ref, struct cap_thread_stat *stat);

/* Its last reasons, newest first (why.h says them in words); `process` is a PROCESS handle, or
 * CAP_NONE for the caller's own.  Returns: STATUS_OK; STATUS_STALE if it has ended. */
MUST_USE int64_t rt_thread_why(uint32_t process, const struct rt_thread_ref *ref,
                               struct cap_thread_why *why);

NORETURN void rt_thread_exit(int64_t status);

/* The calling thread, as others name it. */
struct rt_thread_ref rt_thread_self(void);

/* ---- For crt0.S ---- */

/* The first instructions of a new thread (crt0.S). */
void rt_thread_entry(void);
NORETURN void rt_thread_begin(struct rt_thread *self, uint64_t index, uint64_t gen);
NORETURN void rt_program_begin(uint64_t argument, uint64_t index, uint64_t gen);

#endif /* USER_RT_THREAD_H */
