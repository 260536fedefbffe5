/* SPDX-License-Identifier: MIT */
/*
 * scale.c - the machine alone, as large as it can be: no reference beside it, nothing is judged.
 *
 * Half of the threads always run, the other half runs 200 us in every 10 s, evenly spread.  All
 * hogs are woken at 1 ms, which is the first half of the work; then every event is the end of a
 * slice, or a sleeper's wake or the end of what it ran.
 */
#include "tests/fairness/scale.h"

#include "core/limits.h"
#include "sim/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define THREADS_EACH (THREAD_COUNT_MAX / CPU_MAX)
#define START_NS NS_PER_MS
#define BEGUN_NS (100 * NS_PER_MS)
#define DURATION_NS (400 * NS_PER_MS)
#define HOG_NS NS_PER_S
#define RUN_NS (200 * NS_PER_US)
#define PERIOD_NS (10 * NS_PER_S)

struct sleeper {
    uint64_t goal_ns; /* CPU time at which it sleeps again; 0: it has slept */
    struct mono due;  /* its latest wake */
};

struct scale {
    struct machine machine;
    struct sleeper *sleepers;
    uint32_t hog_count; /* threads from here on are sleepers */
};

static double host_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Until the first instant of its grid that is ahead. */
static void sleep_on(struct scale *w, uint32_t cpu, struct sleeper *sleeper)
{
    uint64_t late_ns = (uint64_t)mono_diff_ns(w->machine.now, sleeper->due);

    sleeper->goal_ns = 0;
    sleeper->due = mono_add(sleeper->due, (late_ns / PERIOD_NS + 1) * PERIOD_NS);
    machine_block(&w->machine, cpu, WAKE_TIMER, sleeper->due);
}

static bool go_on(void *context, uint32_t cpu, uint32_t thread)
{
    struct scale *w = context;
    uint64_t used_ns = w->machine.threads[thread].used_ns;

    if (thread < w->hog_count) {
        machine_spend_until(&w->machine, cpu, mono_add(w->machine.now, HOG_NS));
        return true;
    }
    struct sleeper *sleeper = &w->sleepers[thread - w->hog_count];

    if (sleeper->goal_ns == 0)
        sleeper->goal_ns = used_ns + RUN_NS;
    if (used_ns >= sleeper->goal_ns) {
        sleep_on(w, cpu, sleeper);
        return false;
    }
    machine_spend_until(&w->machine, cpu, mono_add(w->machine.now, sleeper->goal_ns - used_ns));
    return true;
}

static void start(struct scale *w, uint32_t thread, uint32_t cpu_count)
{
    const struct thread_params params = {.weight = WEIGHT_UNIT, .latency_class = LATENCY_NORMAL};
    uint32_t turn = thread % w->hog_count;
    struct mono at = {START_NS};

    if (thread >= w->hog_count) {
        at = mono_add(at, PERIOD_NS * turn / w->hog_count);
        w->sleepers[turn].due = at;
    }
    machine_thread_start(&w->machine, thread, turn % cpu_count, 0, &params);
    machine_sleep_until(&w->machine, turn % cpu_count, thread, at);
}

static void make(struct scale *w, uint32_t cpu_count, uint64_t seed)
{
    static struct cpumask all; /* as long as the machine */
    uint32_t thread_count = cpu_count * THREADS_EACH;

    cpumask_fill(all.words, cpumask_words_for(cpu_count), cpu_count);
    struct machine_config config = {.cpu_count = cpu_count,
                                    .thread_count = thread_count,
                                    .seed = seed,
                                    .rows = all.words,
                                    .row_count = 1,
                                    .program = {go_on, w}};

    w->hog_count = thread_count / 2;
    w->sleepers = calloc(w->hog_count, sizeof *w->sleepers);
    bool is_ready = w->sleepers != NULL && machine_init(&w->machine, &config);

    ASSERT(is_ready);
    for (uint32_t thread = 0; thread < thread_count; thread++)
        start(w, thread, cpu_count);
}

/* On to `end_ns`.  Prints how many events that were, and how long they took. */
static void run(struct scale *w, const char *what, uint64_t end_ns)
{
    uint64_t before = w->machine.event_count;
    double begin_s = host_s();
    enum machine_stop stop = machine_run(&w->machine, (struct mono){end_ns}, UINT64_MAX);
    double took_s = host_s() - begin_s;

    ASSERT(stop == MACHINE_AT_END);
    uint64_t event_count = w->machine.event_count - before;

    printf("%s: %" PRIu64 " events in %.2f s, %.2f M a second\n", what, event_count, took_s,
           (double)event_count / took_s * 1e-6);
}

void scale_run(uint32_t cpu_count, uint64_t duration_ns, uint64_t seed)
{
    static struct scale w;
    double begin_s = host_s();

    make(&w, cpu_count, seed);
    printf("%" PRIu32 " CPUs, %" PRIu32 " threads: made in %.2f s\n", cpu_count,
           w.machine.config.thread_count, host_s() - begin_s);
    run(&w, "all hogs begin", BEGUN_NS);
    run(&w, "then", BEGUN_NS + (duration_ns != 0 ? duration_ns : DURATION_NS));
    begin_s = host_s();
    machine_check(&w.machine);
    double checked_s = host_s() - begin_s;
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    printf("%ld MiB; all laws checked in %.2f s; trace %016" PRIx64 "\n", usage.ru_maxrss / 1024,
           checked_s, w.machine.trace_hash);
    machine_fini(&w.machine);
    free(w.sleepers);
}
