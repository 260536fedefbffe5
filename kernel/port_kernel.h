/* SPDX-License-Identifier: MIT */
/*
 * port_kernel.h - the back end of core/port.h in the kernel, but for what happens around a shared
 * access.  A front header says that and includes this one; the build names it with -include for
 * core and kernel, so it stands before everything else and needs nothing but the compiler.
 *
 *   port_step()   before each access to memory that CPUs share
 *   port_pause()  in each turn of a loop that waits for a lock
 *
 * Locks are test-and-set words: a run queue is locked by its owner and tried by thieves, everything
 * else is held for tens of instructions, so there is no queue to be fair to; and a waiter whose
 * turn it is cannot be one that the host has put aside, as with tickets.
 */
#ifndef KERNEL_PORT_KERNEL_H
#define KERNEL_PORT_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

struct sched;
struct trace_record;

struct port_atomic32 {
    uint32_t v;
};

struct port_atomic64 {
    uint64_t v;
};

struct port_lock {
    uint32_t v; /* 1: held */
};

void *arch_local(void);                        /* kernel/arch.h; for kernel/trace.h */
void kernel_save(uint32_t cpu, uint32_t slot); /* kernel/sched_glue.c */

/* Of one instruction or two each: out of line they would cost twice that. */
#define ALWAYS inline __attribute__((always_inline))

static ALWAYS uint32_t port_load32(const struct port_atomic32 *p)
{
    port_step();
    return __atomic_load_n(&p->v, __ATOMIC_ACQUIRE);
}

static ALWAYS void port_store32(struct port_atomic32 *p, uint32_t value)
{
    port_step();
    __atomic_store_n(&p->v, value, __ATOMIC_RELEASE);
}

static ALWAYS uint32_t port_peek32(const struct port_atomic32 *p)
{
    return __atomic_load_n(&p->v, __ATOMIC_ACQUIRE);
}

static ALWAYS uint64_t port_peek64(const struct port_atomic64 *p)
{
    return __atomic_load_n(&p->v, __ATOMIC_ACQUIRE);
}

static ALWAYS void port_note32(struct port_atomic32 *p, uint32_t value)
{
    __atomic_store_n(&p->v, value, __ATOMIC_RELEASE);
}

static ALWAYS void port_note64(struct port_atomic64 *p, uint64_t value)
{
    __atomic_store_n(&p->v, value, __ATOMIC_RELEASE);
}

static ALWAYS bool port_cas32(struct port_atomic32 *p, uint32_t *expected, uint32_t desired)
{
    port_step();
    return __atomic_compare_exchange_n(&p->v, expected, desired, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

static ALWAYS uint32_t port_or32(struct port_atomic32 *p, uint32_t bits)
{
    port_step();
    return __atomic_fetch_or(&p->v, bits, __ATOMIC_SEQ_CST);
}

static ALWAYS uint32_t port_xchg32(struct port_atomic32 *p, uint32_t value)
{
    port_step();
    return __atomic_exchange_n(&p->v, value, __ATOMIC_SEQ_CST);
}

static ALWAYS uint64_t port_load64(const struct port_atomic64 *p)
{
    port_step();
    return __atomic_load_n(&p->v, __ATOMIC_ACQUIRE);
}

static ALWAYS void port_store64(struct port_atomic64 *p, uint64_t value)
{
    port_step();
    __atomic_store_n(&p->v, value, __ATOMIC_RELEASE);
}

static ALWAYS bool port_cas64(struct port_atomic64 *p, uint64_t *expected, uint64_t desired)
{
    port_step();
    return __atomic_compare_exchange_n(&p->v, expected, desired, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

static ALWAYS uint64_t port_or64(struct port_atomic64 *p, uint64_t bits)
{
    port_step();
    return __atomic_fetch_or(&p->v, bits, __ATOMIC_SEQ_CST);
}

static ALWAYS uint64_t port_and64(struct port_atomic64 *p, uint64_t bits)
{
    port_step();
    return __atomic_fetch_and(&p->v, bits, __ATOMIC_SEQ_CST);
}

static ALWAYS void port_fence(void)
{
    port_step();
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static ALWAYS bool port_trylock(struct port_lock *lock)
{
    port_step();
    return __atomic_exchange_n(&lock->v, 1, __ATOMIC_ACQUIRE) == 0;
}

/* Apart, so that the first try is in line. */
static __attribute__((cold, noinline)) void port_lock_later(struct port_lock *lock)
{
    do { /* bound: holders never wait for anything */
        while (__atomic_load_n(&lock->v, __ATOMIC_RELAXED) != 0)
            port_pause();
    } while (!port_trylock(lock));
}

static ALWAYS __attribute__((always_inline)) void port_lock(struct port_lock *lock)
{
    if (!port_trylock(lock))
        port_lock_later(lock);
}

static ALWAYS void port_unlock(struct port_lock *lock)
{
    port_step();
    __atomic_store_n(&lock->v, 0, __ATOMIC_RELEASE);
}

static ALWAYS void port_save(struct sched *s, uint32_t cpu, uint32_t thread)
{
    (void)s;
    kernel_save(cpu, thread);
}

/* kernel_trace, which writes trace_rings; it needs the types above. */
#include "kernel/trace.h"

static ALWAYS void port_trace(struct sched *s, const struct trace_record *record)
{
    (void)s;
    kernel_trace(record);
}

#undef ALWAYS

#endif /* KERNEL_PORT_KERNEL_H */
