/* SPDX-License-Identifier: MIT */
/*
 * switches.c - switch between THREADS runnable threads of one CPU, for counting what that costs.
 *
 * The core with the simulator's port, at -O2, assertions on, no sanitizer.  One thread runs, the
 * others are queued; they differ in weight, and none runs longer than a slice and a bit, so the
 * order of the queue changes all the time.  tests/cost/core-cost runs this under valgrind and finds
 * the functions measured_* by their names; what comes before them is warm-up.
 *
 *     measured_queue   rq_requeue_current, rq_pick, rq_dispatch: enqueue, pick and dequeue of one
 *                      context, with the thread's state word and who is current.  The charge comes
 *                      before and is not in it.
 *     measured_decide  sched_decide at the end of a slice: that and the charge, the clock that is
 *                      published, the look whether somebody should go elsewhere, the decision.
 *
 *     measured_enqueue, measured_pick, measured_dequeue   the three of measured_queue one by one.
 *
 * A trace of memory shows which is which by what is written to `marker` before each and after.
 */
#include "base/prng.h"
#include "core/account.h"
#include "core/sched.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ARENA_ALIGN 64u
#define WARM_UP_COUNT 64u /* switches for each thread */
#define WEIGHT_KINDS 5u
#define CPU_MEASURED 0u

/* What is written to `marker`: from here on belongs to ... */
enum mark { MARK_NOTHING, MARK_ENQUEUE, MARK_PICK, MARK_DEQUEUE };

static volatile uint8_t marker;

struct bench {
    struct sched *s;
    struct rq *rq;
    struct prng prng;
    struct mono now;
};

/* Nobody listens. */
void sim_trace(struct sched *s, const struct trace_record *record)
{
    (void)s;
    (void)record;
}

static NOINLINE void measured_queue(struct sched *s, struct rq *rq, struct mono now)
{
    (void)rq_requeue_current(s, rq);
    uint32_t thread = sc_thread(sc_of(s, rq_pick(s, rq)));

    (void)rq_dispatch(s, rq, thread, thread_of(s, thread), now);
}

static NOINLINE void measured_enqueue(struct sched *s, struct rq *rq)
{
    (void)rq_requeue_current(s, rq);
}

static NOINLINE uint32_t measured_pick(struct sched *s, struct rq *rq)
{
    return sc_thread(sc_of(s, rq_pick(s, rq)));
}

static NOINLINE void measured_dequeue(struct sched *s, struct rq *rq, uint32_t thread,
                                      struct mono now)
{
    (void)rq_dispatch(s, rq, thread, thread_of(s, thread), now);
}

static NOINLINE void measured_decide(struct sched *s, struct rq *rq, struct mono now,
                                     struct decision *d)
{
    sched_decide_to(s, rq, now, d);
}

/* Up to half a slice more than one, so that nobody's v is a multiple of another's. */
static void pass_slice(struct bench *b)
{
    b->now = mono_add(b->now, SLICE_NORMAL_NS + prng_below(&b->prng, SLICE_NORMAL_NS / 2));
}

static void decide(struct bench *b)
{
    struct decision d;

    pass_slice(b);
    sched_decide_to(b->s, b->rq, b->now, &d);
}

static void start_thread(struct bench *b, uint32_t number)
{
    struct thread_params params = {.weight = WEIGHT_UNIT >> 2 << number % WEIGHT_KINDS,
                                   .latency_class = LATENCY_NORMAL,
                                   .start_cpu = CPU_MEASURED};
    struct thread_ref ref;
    enum status status = sched_thread_create(b->s, &params, &ref);

    ASSERT(status == STATUS_OK);
    struct decision d = sched_wake(b->s, CPU_MEASURED, ref, WAKE_START, b->now);

    ASSERT(d.status == STATUS_OK);
    decide(b);
}

/* False: no memory for it. */
static bool prepare(struct bench *b, uint32_t thread_count)
{
    uint64_t bytes = sched_bytes(1, thread_count);

    ASSERT(bytes != 0);
    *b = (struct bench){.s = aligned_alloc(ARENA_ALIGN, bytes), .prng = prng_seed(1)};
    if (b->s == NULL)
        return false;
    memset(b->s, 0, bytes);
    sched_init(b->s, 1, thread_count, b->now);
    sched_cpu_start(b->s, CPU_MEASURED, b->now, b->now);
    b->rq = rq_of(b->s, CPU_MEASURED);
    for (uint32_t i = 0; i < thread_count; i++)
        start_thread(b, i);
    for (uint32_t i = 0; i < WARM_UP_COUNT * thread_count; i++)
        decide(b);
    ASSERT(rq_queued_count(b->rq) == thread_count - 1);
    return true;
}

static double host_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Time passes and is charged: all of a switch that comes before the queue. */
static void charge(struct bench *b)
{
    pass_slice(b);
    account_charge(b->s, b->rq, b->now, CHARGE_PREEMPT);
}

static void mark_parts(struct bench *b)
{
    charge(b);
    marker = MARK_ENQUEUE;
    measured_enqueue(b->s, b->rq);
    marker = MARK_PICK;
    uint32_t thread = measured_pick(b->s, b->rq);

    marker = MARK_DEQUEUE;
    measured_dequeue(b->s, b->rq, thread, b->now);
    marker = MARK_NOTHING;
}

static void measure(struct bench *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        charge(b);
        measured_queue(b->s, b->rq, b->now);
    }
    for (uint32_t i = 0; i < count; i++)
        mark_parts(b);
    double begin_ns = host_ns();

    for (uint32_t i = 0; i < count; i++) {
        struct decision d;

        pass_slice(b);
        measured_decide(b->s, b->rq, b->now, &d);
    }
    printf("%.1f ns a decision by the host's clock\n", (host_ns() - begin_ns) / count);
}

/* A number from 2 on; else 0. */
static uint32_t number_of(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' && value >= 2 && value <= THREAD_COUNT_MAX
               ? (uint32_t)value
               : 0;
}

int main(int count, char **arguments)
{
    uint32_t thread_count = count == 3 ? number_of(arguments[1]) : 0;
    uint32_t switch_count = count == 3 ? number_of(arguments[2]) : 0;
    struct bench b;

    if (thread_count == 0 || switch_count == 0) {
        (void)fputs("usage: switches THREADS COUNT (each 2 or more)\n", stderr);
        return 2;
    }
    if (!prepare(&b, thread_count)) {
        (void)fputs("switches: no memory for so many threads\n", stderr);
        return 2;
    }
    printf("marker %" PRIxPTR "\narena %" PRIxPTR " %" PRIu64 "\n", (uintptr_t)&marker,
           (uintptr_t)b.s, b.s->bytes);
    measure(&b, switch_count);
    sched_check(b.s);
    free(b.s);
    return 0;
}
