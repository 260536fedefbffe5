/* SPDX-License-Identifier: MIT */
#include "core/why.h"
#include "core/fair.h"

#define CURSOR_BITS 2u
#define RULE_BITS 8u
#define SLOT_BITS 21u
#define RULE_SHIFT CURSOR_BITS
#define SLOT_SHIFT (RULE_SHIFT + RULE_BITS)
#define GEN_SHIFT (SLOT_SHIFT + SLOT_BITS)

#define LOW(bits) ((UINT64_C(1) << (bits)) - 1)
#define CURSOR_MASK LOW(CURSOR_BITS)

_Static_assert(WHY_RECORD_COUNT == 1u << CURSOR_BITS, "the cursor goes round by itself");
_Static_assert(WHY_RULE_COUNT <= LOW(RULE_BITS), "a rule fits its field");
_Static_assert(THREAD_COUNT_MAX < LOW(SLOT_BITS), "a slot and 1 fit theirs");
_Static_assert(GEN_SHIFT + 32 <= 64, "a generation fits its own");

static HOT uint64_t head_of(const struct why *why)
{
    uint64_t slot_plus_1 = why->subject_slot == SLOT_NONE ? 0 : (uint64_t)why->subject_slot + 1;

    ASSERT(why->rule != WHY_NONE);
    return (uint64_t)why->rule << RULE_SHIFT | slot_plus_1 << SLOT_SHIFT |
           (uint64_t)why->subject_gen << GEN_SHIFT;
}

/*
 * The next record is overwritten.  Each store is a release: who sees one of them sees the head
 * without a rule that came before.
 */
static HOT void put(struct sched *s, uint32_t thread, const struct why *why)
{
    struct why_record *first = why_row_of(s, thread)->records;
    uint64_t cursor = (port_peek64(&first->head) + 1) & CURSOR_MASK;
    struct why_record *r = &first[cursor];

    port_note64(&r->head, 0);
    port_note64(&r->time_ns, why->time_ns);
    port_note64(&r->a, (uint64_t)why->a);
    port_note64(&r->b, (uint64_t)why->b);
    port_note64(&r->head, head_of(why));
    port_note64(&first->head, (port_peek64(&first->head) & ~CURSOR_MASK) | cursor);
}

COLD void why_note(struct sched *s, uint32_t thread, const struct why *why)
{
    put(s, thread, why);
}

static HOT void tell(struct sched *s, const struct rq *rq, uint32_t thread, const struct why *why)
{
    put(s, thread, why);
    port_trace(s, &(struct trace_record){.now = {why->time_ns},
                                         .cpu = rq->cpu,
                                         .event = EV_WHY,
                                         .rule = why->rule,
                                         .thread = thread,
                                         .a = why->a,
                                         .b = why->b});
}

COLD void why_tell(struct sched *s, const struct rq *rq, uint32_t thread, const struct why *why)
{
    tell(s, rq, thread, why);
}

COLD void why_migrated(struct sched *s, struct rq *rq, uint32_t thread, struct why why)
{
    why.subject_slot = SLOT_NONE;
    why_tell(s, rq, thread, &why);
    why.subject_slot = thread;
    why.subject_gen = thread_ref_of(s, thread).gen;
    rq->why = why;
}

/* Which rule made `own` give way to `other`, and its numbers. */
static HOT struct why rule_of(const struct sched *s, const struct rq *rq, const struct sc *own,
                              const struct sc *other, struct mono now)
{
    struct vtime v;

    if (rq->need_pick == PICK_SHORTER && other->latency_class > own->latency_class)
        return (struct why){.rule = WHY_PREEMPTED_SHORTER,
                            .a = (int64_t)sc_slice_ns(other->latency_class),
                            .b = (int64_t)sc_slice_ns(own->latency_class)};
    v = fair_now(s, rq, now);
    if (rq->fair_policy == FAIR_EEVDF && vtime_diff_vns(own->v, v) > 0)
        return (struct why){.rule = WHY_PREEMPTED_AHEAD, .a = own->v.vns, .b = v.vns};
    return (struct why){
        .rule = WHY_PREEMPTED_DEADLINE, .a = other->vdeadline.vns, .b = own->vdeadline.vns};
}

/* Not COLD: an interactive thread that wakes beside hogs comes here each time. */
NOINLINE void why_gave_way(struct sched *s, const struct rq *rq, const struct thread *previous,
                           const struct thread *next, struct mono now)
{
    const struct sc *own = sc_of(s, thread_sc(previous));
    const struct sc *other = sc_of(s, thread_sc(next));
    struct why why = rule_of(s, rq, own, other, now);

    why.subject_slot = sc_thread(other);
    why.subject_gen = word_gen(thread_word_load(next));
    why.time_ns = now.ns;
    tell(s, rq, sc_thread(own), &why);
}

/* Who has a shorter slice than `own` and comes after it, soonest; SLOT_NONE: nobody near. */
static uint32_t shorter_behind(const struct sched *s, const struct rq *rq, uint32_t own)
{
    uint32_t sc = own;

    for (uint32_t i = 0; i < STEAL_SCAN_MAX && sc != SLOT_NONE; i++) {
        sc = eedq_next(s, &rq->fair, sc);
        if (sc != SLOT_NONE && sc_of(s, sc)->latency_class > sc_of(s, own)->latency_class)
            return sc;
    }
    return SLOT_NONE;
}

NOINLINE void why_went_on(struct sched *s, const struct rq *rq, uint32_t thread, struct mono now)
{
    uint32_t own = thread_sc(thread_of(s, thread));
    uint32_t sc = shorter_behind(s, rq, own);

    if (sc == SLOT_NONE)
        return;
    tell(s, rq, sc_thread(sc_of(s, sc)),
         &(struct why){.rule = WHY_NOT_PREEMPTED_LATER,
                       .subject_slot = thread,
                       .subject_gen = thread_ref_of(s, thread).gen,
                       .time_ns = now.ns,
                       .a = sc_of(s, sc)->vdeadline.vns,
                       .b = sc_of(s, own)->vdeadline.vns});
}

/* Read one record whole.  Returns: false if it is empty, or was being written each time. */
static bool read_record(const struct why_record *r, struct why *why)
{
    for (uint32_t i = 0; i < WHY_READ_TRIES; i++) {
        uint64_t head = port_peek64(&r->head) & ~CURSOR_MASK;
        uint64_t slot_plus_1 = head >> SLOT_SHIFT & LOW(SLOT_BITS);
        uint64_t time_ns = port_peek64(&r->time_ns);

        *why = (struct why){
            .rule = (uint32_t)(head >> RULE_SHIFT & LOW(RULE_BITS)),
            .subject_slot = slot_plus_1 == 0 ? SLOT_NONE : (uint32_t)slot_plus_1 - 1,
            .subject_gen = (uint32_t)(head >> GEN_SHIFT),
            .time_ns = time_ns,
            .a = (int64_t)port_peek64(&r->a),
            .b = (int64_t)port_peek64(&r->b),
        };
        if (why->rule != WHY_NONE && (port_peek64(&r->head) & ~CURSOR_MASK) == head &&
            port_peek64(&r->time_ns) == time_ns)
            return true;
    }
    return false;
}

uint32_t why_read(const struct sched *s, uint32_t thread, struct why reasons[WHY_RECORD_COUNT])
{
    const struct why_record *first = why_row_of(s, thread)->records;
    uint64_t cursor = port_peek64(&first->head);
    uint32_t count = 0;

    for (uint32_t i = 0; i < WHY_RECORD_COUNT; i++) {
        const struct why_record *r = &first[(cursor - i) & CURSOR_MASK];

        /* One that is newer than what was read before has been overwritten meanwhile. */
        if (read_record(r, &reasons[count]) &&
            (count == 0 || reasons[count].time_ns <= reasons[count - 1].time_ns))
            count++;
    }
    return count;
}
