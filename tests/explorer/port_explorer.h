/* SPDX-License-Identifier: MIT */
/*
 * port_explorer.h - the back end of core/port.h under which every shared access is a choice.
 *
 * All functions go to tests/explorer/access.h; locks are words there, released by an ordinary store
 * as on x86.
 */
#ifndef TESTS_EXPLORER_PORT_EXPLORER_H
#define TESTS_EXPLORER_PORT_EXPLORER_H

#include "tests/explorer/access.h"

struct port_atomic32 {
    uint32_t value;
};

struct port_atomic64 {
    uint64_t value;
};

struct port_lock {
    uint32_t is_held;
};

struct sched;
struct trace_record;

/* The modelled machine's part (tests/explorer/machine.c). */
void machine_save(uint32_t cpu, uint32_t thread);
void machine_trace(const struct trace_record *record);
/* Are the words of clock pages choices in what is explored now? */
bool machine_clocks_are_choices(void);
/* `value` is about to be stored in a word of a clock page. */
void machine_note_page(const void *word, uint32_t value);

static inline uint32_t port_load32(const struct port_atomic32 *p)
{
    return (uint32_t)cpu_load(p, TSO_32);
}

static inline void port_store32(struct port_atomic32 *p, uint32_t value)
{
    cpu_store(p, value, TSO_32);
}

/* Hints are no choices, nor is what the reader owns: a reader sees his own stores and what has
 * reached memory, and doubles no states.  Unless the scenario is about clocks. */
static inline uint32_t port_peek32(const struct port_atomic32 *p)
{
    return machine_clocks_are_choices() ? port_load32(p) : (uint32_t)cpu_peek(p, TSO_32);
}

static inline uint64_t port_peek64(const struct port_atomic64 *p)
{
    return machine_clocks_are_choices() ? cpu_load(p, TSO_64) : p->value;
}

static inline void port_note32(struct port_atomic32 *p, uint32_t value)
{
    if (!machine_clocks_are_choices()) {
        p->value = value;
        return;
    }
    machine_note_page(p, value);
    port_store32(p, value);
}

static inline void port_note64(struct port_atomic64 *p, uint64_t value)
{
    if (machine_clocks_are_choices())
        cpu_store(p, value, TSO_64);
    else
        p->value = value;
}

static inline bool port_cas32(struct port_atomic32 *p, uint32_t *expected, uint32_t desired)
{
    uint64_t wide = *expected;
    bool is_done = cpu_compare_swap(p, &wide, desired, TSO_32);

    *expected = (uint32_t)wide;
    return is_done;
}

static inline uint32_t port_or32(struct port_atomic32 *p, uint32_t bits)
{
    return (uint32_t)cpu_update(p, bits, UPDATE_OR, TSO_32);
}

static inline uint32_t port_xchg32(struct port_atomic32 *p, uint32_t value)
{
    return (uint32_t)cpu_update(p, value, UPDATE_SWAP, TSO_32);
}

static inline uint64_t port_load64(const struct port_atomic64 *p)
{
    return cpu_load(p, TSO_64);
}

static inline void port_store64(struct port_atomic64 *p, uint64_t value)
{
    cpu_store(p, value, TSO_64);
}

static inline bool port_cas64(struct port_atomic64 *p, uint64_t *expected, uint64_t desired)
{
    return cpu_compare_swap(p, expected, desired, TSO_64);
}

static inline uint64_t port_or64(struct port_atomic64 *p, uint64_t bits)
{
    return cpu_update(p, bits, UPDATE_OR, TSO_64);
}

static inline uint64_t port_and64(struct port_atomic64 *p, uint64_t bits)
{
    return cpu_update(p, bits, UPDATE_AND, TSO_64);
}

static inline void port_fence(void)
{
    cpu_fence();
}

static inline void port_lock(struct port_lock *lock)
{
    cpu_lock(&lock->is_held);
}

static inline bool port_trylock(struct port_lock *lock)
{
    uint64_t expected = 0;

    return cpu_compare_swap(&lock->is_held, &expected, 1, TSO_32);
}

static inline void port_unlock(struct port_lock *lock)
{
    cpu_store(&lock->is_held, 0, TSO_32);
}

static inline void port_save(struct sched *s, uint32_t cpu, uint32_t thread)
{
    (void)s;
    machine_save(cpu, thread);
}

static inline void port_trace(struct sched *s, const struct trace_record *record)
{
    (void)s;
    machine_trace(record);
}

#endif /* TESTS_EXPLORER_PORT_EXPLORER_H */
