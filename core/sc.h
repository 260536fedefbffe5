/* SPDX-License-Identifier: MIT */
/*
 * sc.h - who pays: the scheduling context, which is what run queues hold.
 *
 * Kind FAIR pays from its weighted share; every ordinary thread is born with one, its home context,
 * in the slot of the same number.  Kind RESERVED pays from a budget; the queue for it exists in the
 * run queue and in the dispatch order, nothing creates one yet.
 * A context names the thread that executes on it; lending moves that field and nothing else.
 *
 * Locks.  As for the thread's state (core/thread.h): the owner's, under the run queue's lock while
 *         the context is linked there.
 */
#ifndef CORE_SC_H
#define CORE_SC_H

#include "core/eedq.h"

enum sc_kind { SC_FAIR = 0, SC_RESERVED = 1 };

/* How a context left the CPU in `v_clock`; neither: it went to sleep. */
#define SC_MOVED 0x8000u  /* to another CPU at once; v and vdeadline are on G, not on V */
#define SC_FORCED 0x4000u /* because its CPU set demanded it */
#define SC_EPOCH 0x2000u  /* in an epoch of odd number (core/clock.h) */
#define SC_CLOCK_CPU 0x1fffu

_Static_assert(CPU_MAX < SC_CLOCK_CPU, "1 + a CPU fits");

/* Of the home context of a thread that runs on another's (core/lend.h): it is in no queue. */
struct lent {
    uint32_t lender; /* whose context, or from whom, it was lent */
    uint32_t depth;  /* lenders up to the root; 1: that lender */
};

struct sc {
    union {
        struct eedq_node node;
        struct lent lent;
    };
    struct vtime v;              /* virtual runtime, absolute on the clock of a CPU: v_clock */
    struct port_atomic32 thread; /* who executes on it, or SLOT_NONE; its owner's (sc_thread) */
    uint16_t v_clock;       /* 1 + the CPU whose clock v is on, and how it left there; 0: new */
    uint8_t kind;           /* enum sc_kind */
    uint8_t latency_class;  /* enum latency_class; up to here it is what taking it out needs */
    struct vtime vdeadline; /* v at which the current request is used up */
    int64_t lag_vns;        /* V - v when it last left a queue, at most the bound L */
    uint64_t consumed_ns;   /* all it has paid for: the second view of the ledgers */
    uint32_t remainder;     /* of the exact charge, in units of 1/weight vns */
    uint32_t weight;
    int64_t slice_vns; /* of that class, at that weight (sc_rate) */
    int64_t bound_vns; /* L while no longer slice competes: slice and granularity (sc_rate) */
    struct port_atomic64 wanted; /* weight and class to be taken over (core/policy.h); any CPU */
    struct mono queued_at;       /* when it came into the queue it is or was in last */
} ALIGNED(64);

static inline struct sc *sc_of(const struct sched *s, uint32_t slot)
{
    ASSERT(slot < s->thread_count);
    return (struct sc *)arena_at(s, s->sc_offset) + slot;
}

/* Who executes on it.  Its owner says so; anybody else learns who did, a moment ago. */
static inline uint32_t sc_thread(const struct sc *c)
{
    return port_peek32(&c->thread);
}

static inline void sc_set_thread(struct sc *c, uint32_t thread)
{
    port_store32(&c->thread, thread);
}

/* A fresh FAIR context in `slot` for the thread of that slot: lag 0, nothing consumed. */
void sc_init_fair(struct sched *s, uint32_t slot, uint32_t weight, enum latency_class class);

/* The slice of a class, the same but at most PUSH_CHECK_NS, and what `service_ns` of service is in
 * virtual time at `weight`. */
uint64_t sc_slice_ns(uint32_t latency_class);
uint64_t sc_look_ns(uint32_t latency_class);
int64_t sc_virtual_vns(uint64_t service_ns, uint32_t weight);

/* The weight or the class has been set: compute what follows from them. */
void sc_rate(struct sc *c);

/*
 * Exact charge: v advances by (delta * 1024 + remainder) / weight, the rest stays in `remainder`.
 * At constant weight weight * dv + d(remainder) == 1024 * delta, to the last bit.
 * Returns: by how much v advanced.
 */
int64_t sc_charge(struct sc *c, uint64_t delta_ns);

#endif /* CORE_SC_H */
