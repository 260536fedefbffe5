/* SPDX-License-Identifier: MIT */
/*
 * port.h - what differs between the hosts of the core.
 *
 * Each build names its back end with `-include` on the command line (sim/port_sim.h,
 * kernel/port_plain.h, tests/explorer/port_explorer.h); all of it is static inline.  A back end
 * defines the three types and the functions below; this header says what they must do, and a
 * build without one of them does not compile.
 *
 *   struct port_atomic32 {uint32_t}, struct port_atomic64 {uint64_t}, struct port_lock
 *       plain data, all zero = 0 and unlocked; they live in the arena and are copied with it.
 *
 *   port_load32/64(p)            load, acquire
 *   port_store32/64(p, v)        store, release (NOT ordered before later loads: see port_fence)
 *   port_cas32/64(p, &old, v)    compare and swap, sequentially consistent; on failure *old is what
 *                                was there; may not fail spuriously
 *   port_or64/and64(p, v)        fetch-or, fetch-and; return the old value; sequentially consistent
 *   port_xchg32(p, v)            exchange, sequentially consistent
 *   port_or32(p, v)              fetch-or, sequentially consistent
 *   port_peek32/64(p), port_note32/64(p, v)   load, acquire; store, release: for words that are
 *                                hints, on whose order nobody's safety depends
 *   port_fence()                 full fence: stores before it are visible before loads after it
 *   port_lock(l), port_trylock(l), port_unlock(l)   leaf locks, held for a bounded time
 *   port_save(s, cpu, thread)    the thread stops running on `cpu` and may run elsewhere as soon as
 *                                this returns: whatever of it still lives in the CPU is saved now
 *   port_trace(s, &record)       an event happened
 * and base/assert.h's assert_fail.
 */
#ifndef CORE_PORT_H
#define CORE_PORT_H

#include "abi/trace.h"
#include "base/assert.h"
#include "base/types.h"

struct sched;

struct trace_record {
    struct mono now;
    uint32_t cpu;
    uint32_t event; /* enum trace_event */
    uint32_t thread;
    uint32_t rule; /* enum why_rule, of EV_WHY; else 0 */
    int64_t a;
    int64_t b;
};

static inline uint32_t port_load32(const struct port_atomic32 *p);
static inline void port_store32(struct port_atomic32 *p, uint32_t value);
static inline uint32_t port_peek32(const struct port_atomic32 *p);
static inline uint64_t port_peek64(const struct port_atomic64 *p);
static inline void port_note32(struct port_atomic32 *p, uint32_t value);
static inline void port_note64(struct port_atomic64 *p, uint64_t value);
static inline bool port_cas32(struct port_atomic32 *p, uint32_t *expected, uint32_t desired);
static inline uint32_t port_or32(struct port_atomic32 *p, uint32_t bits);
static inline uint32_t port_xchg32(struct port_atomic32 *p, uint32_t value);
static inline uint64_t port_load64(const struct port_atomic64 *p);
static inline void port_store64(struct port_atomic64 *p, uint64_t value);
static inline bool port_cas64(struct port_atomic64 *p, uint64_t *expected, uint64_t desired);
static inline uint64_t port_or64(struct port_atomic64 *p, uint64_t bits);
static inline uint64_t port_and64(struct port_atomic64 *p, uint64_t bits);
static inline void port_fence(void);
static inline void port_lock(struct port_lock *lock);
static inline bool port_trylock(struct port_lock *lock);
static inline void port_unlock(struct port_lock *lock);
static inline void port_save(struct sched *s, uint32_t cpu, uint32_t thread);
static inline void port_trace(struct sched *s, const struct trace_record *record);

#endif /* CORE_PORT_H */
