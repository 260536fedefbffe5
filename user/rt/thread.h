/* SPDX-License-Identifier: MIT */
/*
 * thread.h - threads, and how a thread finds its own record.
 *
 * The kernel sets up no thread-local register.  A stack is RT_STACK_BYTES long and aligned to that,
 * and holds the thread's record at its lowest addresses, so rt_self() is the stack pointer with its
 * low bits cleared.  A stack that grows too long meets the record's canary first, which every
 * submission to the ring checks.
 *
 *   base  struct rt_thread | ...free... <- stack grows down | base + RT_STACK_BYTES
 *
 * Stacks are static, at most RT_THREADS_MAX; slot 0 is the first thread's.  A slot is taken by
 * spawn and given back by join.
 */
#ifndef USER_RT_THREAD_H
#define USER_RT_THREAD_H

#include "abi/cap.h"
#include "user/rt/ring.h"

#define RT_THREADS_MAX 512u
#define RT_STACK_BYTES 16384u /* crt0.S has it as a number */
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

union rt_stack {
    struct rt_thread thread;
    unsigned char bytes[RT_STACK_BYTES];
} ALIGNED(RT_STACK_BYTES);

struct rt_thread_ref {
    uint32_t index;
    uint32_t gen;
    uint32_t slot; /* of its stack */
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
 * refusal.
 */
MUST_USE int64_t rt_thread_spawn(struct rt_thread_ref *ref, int64_t (*run)(void *argument),
                                 void *argument, const struct cap_thread_params *params);

/* Wait until the thread has ended; its exit status in *exit_status if not NULL.  Once per thread.
 * Returns: STATUS_OK, or the kernel's refusal. */
int64_t rt_thread_join(const struct rt_thread_ref *ref, int64_t *exit_status);

NORETURN void rt_thread_exit(int64_t status);

/* The calling thread, as others name it (without a stack: it cannot be joined with this). */
struct rt_thread_ref rt_thread_self(void);

/* ---- For crt0.S ---- */

extern union rt_stack rt_thread_stacks[RT_THREADS_MAX];

/* The first instructions of a new thread (crt0.S). */
void rt_thread_entry(void);
NORETURN void rt_thread_begin(struct rt_thread *self, uint64_t index, uint64_t gen);
NORETURN void rt_program_begin(uint64_t workload_bytes, uint64_t arguments_bytes, uint64_t index);

#endif /* USER_RT_THREAD_H */
