/* SPDX-License-Identifier: MIT */
/*
 * clock.h - a CPU's fair clock as the other CPUs see it: G, the clock that forgets.
 *
 * Within a queue only its virtual time V counts (core/fair.h).  To say which of two CPUs has served
 * its threads more, each publishes G = V + zone.  Nothing but the following moves `zone`:
 *
 *     at every multiple of E = CLOCK_EPOCH_NS all CPUs at once do  G := min(G / 2, E);
 *     an arrival at an empty queue first moves G to the origin's; if nobody is left there, only up.
 *     Then its own position is the queue's, so G moves there instead of V, which who sleeps here
 *     counts from.
 *
 * So G compares the recent past.  Levels that CPU masks or reserved time force apart saturate
 * instead of diverging: at a constant rate r a gap is at most 2 E r.  Why not one absolute clock:
 * where rates differ for good, the difference is a credit without bound for whoever crosses over.
 * Why not only V: then nothing is fair across CPUs.
 *
 * Halving is lazy.  What a CPU has published {V, zone, time, W} says what its clock is at any later
 * instant, as long as it runs on as it was: V passes dt * 1024 / W, with the wall's time while the
 * queue is empty.  Owner and readers halve by this same function of the same published words, so
 * they agree on `zone` to the bit, whenever they look.
 *
 * Units.  A gap of G counts as service: gap * W / (n * 1024), at the mean weight of a queue.
 *   contact  two CPUs are in contact iff the gap is at most B = 4 H + 2 longest slices, at the
 *            smaller mean of the two.  Out of contact, positions mean nothing to each other.
 *
 *   K1  The words of a page that is read whole belong together (the sequence number is even and the
 *       same before and after).
 *   K2  At an epoch's beginning G <= E.
 *
 * Overflow.  G < E + E * 1024 / w < 2^43; gap * W < 2^81, in a wide.
 * Locks.  Writing: the run queue's.  Reading: none; a reader that meets a writer CLOCK_READ_TRIES
 *         times goes without, as nobody waits for another CPU.   Cost.  O(1).
 */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include "core/arena.h"

struct rq;

/* As published, in the run queue: hints that nobody's safety depends on. */
struct clock_page {
    struct port_atomic32 seq;  /* odd: being written */
    struct port_atomic32 load; /* how many compete, and the class of the longest slice */
    struct port_atomic64 v;
    struct port_atomic64 zone;
    struct port_atomic64 time;
    struct port_atomic64 w;
};

/* What a clock says at `time`. */
struct clock {
    struct vtime v;
    int64_t zone_vns;
    struct mono time;
    int64_t w;            /* weight of who competes there; 0: nobody */
    uint32_t count;       /* how many compete */
    uint32_t least_class; /* the least urgent class among them, which has the longest slice */
};

static inline int64_t clock_g(const struct clock *c)
{
    return vtime_add(c->v, c->zone_vns).vns;
}

/* Let `c` run on until `now`, halved at every epoch's beginning on the way; not backwards. */
void clock_advance(struct clock *c, struct mono now);

/* The clock of `cpu` as of `now`.  Returns: false if its page was being written each time. */
MUST_USE bool clock_read(const struct sched *s, uint32_t cpu, struct mono now, struct clock *c);

/* How many compete on `cpu`, as published. */
uint32_t clock_count(const struct sched *s, uint32_t cpu);

/* The clock of `rq`, exactly: its zone now, its V as it is.  Lock: rq. */
struct clock clock_own(const struct sched *s, const struct rq *rq, struct mono now);

/* Its zone alone.  Lock: rq. */
int64_t clock_zone_vns(const struct rq *rq, struct mono now);

/* SC_EPOCH if the number of the epoch at `at` is odd: tells one epoch from the next. */
uint16_t clock_epoch_bit(struct mono at);

/* Publish it.  Lock: rq. */
void clock_publish(const struct sched *s, struct rq *rq, struct mono now);

/* Move G of the empty `rq` by `by_vns`, V staying.  Lock: rq.  Returns: its clock then. */
struct clock clock_shift(const struct sched *s, struct rq *rq, int64_t by_vns, struct mono now);

/* Is `gap_vns` of G more than `service_ns` of service at the mean weight of `c`?  An empty queue
 * counts as one of `weight`. */
bool clock_gap_exceeds(const struct clock *c, int64_t gap_vns, uint32_t weight,
                       uint64_t service_ns);

/* B where that is the least urgent class; B of two clocks, for a context of that class. */
uint64_t clock_contact_ns_of(uint32_t least_class);
uint64_t clock_contact_ns(const struct clock *a, const struct clock *b, uint32_t latency_class);

/* Are they in contact, for a context of that weight and class? */
bool clock_in_contact(const struct clock *a, const struct clock *b, uint32_t weight,
                      uint32_t latency_class);

#endif /* CORE_CLOCK_H */
