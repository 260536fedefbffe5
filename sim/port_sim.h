/* SPDX-License-Identifier: MIT */
/*
 * port_sim.h - the back end of core/port.h for the simulator.
 *
 * One host thread runs all simulated CPUs, one event at a time, so an atomic is a plain word and a
 * fence is nothing.  A lock still says whether it is held: taking a held one is a bug, and a
 * thief's trylock can be made to fail by setting `refuse_count` of the lock: that is contention.
 * Every source that includes a header of core/ is compiled with `-include sim/port_sim.h`.
 */
#ifndef SIM_PORT_SIM_H
#define SIM_PORT_SIM_H

#include "base/assert.h"
#include "base/types.h"

struct sched;
struct trace_record;

/* The machine's ear: hashes every event and prints it when asked to (sim/machine.c). */
void sim_trace(struct sched *s, const struct trace_record *record);

struct port_atomic32 {
    uint32_t value;
};

struct port_atomic64 {
    uint64_t value;
};

struct port_lock {
    uint16_t held;
    uint16_t refuse_count; /* so many trylocks fail before one may succeed */
};

static inline uint32_t port_load32(const struct port_atomic32 *p)
{
    return p->value;
}

static inline void port_store32(struct port_atomic32 *p, uint32_t value)
{
    p->value = value;
}

static inline uint32_t port_peek32(const struct port_atomic32 *p)
{
    return p->value;
}

static inline uint64_t port_peek64(const struct port_atomic64 *p)
{
    return p->value;
}

static inline void port_note32(struct port_atomic32 *p, uint32_t value)
{
    p->value = value;
}

static inline void port_note64(struct port_atomic64 *p, uint64_t value)
{
    p->value = value;
}

static inline bool port_cas32(struct port_atomic32 *p, uint32_t *expected, uint32_t desired)
{
    if (p->value != *expected) {
        *expected = p->value;
        return false;
    }
    p->value = desired;
    return true;
}

static inline uint32_t port_or32(struct port_atomic32 *p, uint32_t bits)
{
    uint32_t old = p->value;

    p->value = old | bits;
    return old;
}

static inline uint32_t port_xchg32(struct port_atomic32 *p, uint32_t value)
{
    uint32_t old = p->value;

    p->value = value;
    return old;
}

static inline uint64_t port_load64(const struct port_atomic64 *p)
{
    return p->value;
}

static inline void port_store64(struct port_atomic64 *p, uint64_t value)
{
    p->value = value;
}

static inline bool port_cas64(struct port_atomic64 *p, uint64_t *expected, uint64_t desired)
{
    if (p->value != *expected) {
        *expected = p->value;
        return false;
    }
    p->value = desired;
    return true;
}

static inline uint64_t port_or64(struct port_atomic64 *p, uint64_t bits)
{
    uint64_t old = p->value;

    p->value = old | bits;
    return old;
}

static inline uint64_t port_and64(struct port_atomic64 *p, uint64_t bits)
{
    uint64_t old = p->value;

    p->value = old & bits;
    return old;
}

static inline void port_fence(void)
{
}

static inline void port_lock(struct port_lock *lock)
{
    ASSERT(lock->held == 0);
    lock->held = 1;
}

static inline bool port_trylock(struct port_lock *lock)
{
    if (lock->held != 0)
        return false;
    if (lock->refuse_count != 0) {
        lock->refuse_count--;
        return false;
    }
    lock->held = 1;
    return true;
}

static inline void port_unlock(struct port_lock *lock)
{
    ASSERT(lock->held == 1);
    lock->held = 0;
}

/* A simulated thread has no registers. */
static inline void port_save(struct sched *s, uint32_t cpu, uint32_t thread)
{
    (void)s;
    (void)cpu;
    (void)thread;
}

static inline void port_trace(struct sched *s, const struct trace_record *record)
{
    sim_trace(s, record);
}

#endif /* SIM_PORT_SIM_H */
