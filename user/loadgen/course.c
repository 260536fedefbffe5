/* SPDX-License-Identifier: MIT */
#include "user/loadgen/load.h"

#include "abi/result.h"
#include "user/loadgen/calls.h"
#include "user/rt/burn.h"
#include "user/rt/print.h"

/* Sleep until `at`, but for the snapshots that are due before. */
static void sleep_until(struct mono at)
{
    while (mono_before(load_snapshot_at(), at)) { /* each takes time: at most until `at` */
        (void)rt_sleep_until(load_snapshot_at().ns);
        load_write_snapshot();
    }
    (void)rt_sleep_until(at.ns);
}

/* The same, or until one more than `ended` threads have ended. */
static void wait_until(uint32_t ended, struct mono at)
{
    while (mono_before(load_snapshot_at(), at)) { /* at most until `at` */
        if (rt_park(&load.ended, ended, load_snapshot_at().ns) != STATUS_EXPIRED)
            return;
        load_write_snapshot();
    }
    (void)rt_park(&load.ended, ended, at.ns);
}

static void read_cpus(struct cap_cpu_stat *stats)
{
    for (uint32_t cpu = 0; cpu < load.cpu_count; cpu++)
        if (rt_cpu_stat(cpu, &stats[cpu]) != STATUS_OK)
            load.cpu_is_known[cpu] = false;
}

/* The sum of the living threads' wait counts; false if one of them is not waiting for another. */
static bool all_wait(uint64_t *wait_count)
{
    *wait_count = 0;
    for (uint32_t i = 0; i < load.thread_count; i++) {
        const struct load_thread *t = &load.threads[i];

        if (!load_is_own(i))
            continue;
        bool is_waiting = __atomic_load_n(&t->is_waiting, __ATOMIC_ACQUIRE) != 0;

        if (!__atomic_load_n(&t->has_started, __ATOMIC_ACQUIRE))
            continue;
        if (!is_waiting && !__atomic_load_n(&t->has_ended, __ATOMIC_ACQUIRE))
            return false;
        *wait_count += __atomic_load_n(&t->wait_count, __ATOMIC_RELAXED);
    }
    return true;
}

/*
 * No duration: until all have ended or nothing moves.  A thread that was woken but has not run yet
 * looks as if it waited; with every other thread waiting it runs at once, so it is not overlooked
 * over several looks.  With several processes that is so only when nothing moves in any.
 */
static void follow_to_standstill(void)
{
    uint64_t seen = 0;
    uint32_t stuck_looks = 0;

    for (;;) { /* a turn takes at most LOAD_LOOK_NS, less if a thread ends */
        uint32_t ended = __atomic_load_n(&load.ended, __ATOMIC_ACQUIRE);
        uint64_t wait_count;

        /* Read in this order: who has not ended may fork, who has not started does not. */
        if (ended == __atomic_load_n(&load.started, __ATOMIC_ACQUIRE)) {
            (void)load_all_still(true);
            return;
        }
        wait_until(ended, mono_add(rt_now(), LOAD_LOOK_NS));
        if (!all_wait(&wait_count) || wait_count != seen) {
            stuck_looks = 0;
            seen = wait_count;
            (void)load_all_still(false);
        } else if (++stuck_looks >= LOAD_STUCK_LOOKS && load_all_still(true)) {
            rt_print("loadgen: every thread waits for another: the run ends");
            load_fail(RESULT_FAILED_INCOMPLETE);
            return;
        }
    }
}

static bool join_those_there(void)
{
    bool has_joined = false;

    for (uint32_t i = 0; i < load.thread_count; i++) {
        struct load_thread *t = &load.threads[i];

        if (!load_is_own(i) || t->is_joined || !__atomic_load_n(&t->has_started, __ATOMIC_ACQUIRE))
            continue;
        (void)rt_thread_join(&t->ref, NULL); /* of one that has ended: no wait */
        t->is_joined = true;
        has_joined = true;
        rt_pause();
    }
    return has_joined;
}

/* Who was joined may have forked somebody before: look again until there is nobody new. */
static void join_all(void)
{
    while (join_those_there())
        continue; /* at most a turn for each thread */
}

/* Process 0 alone writes snapshots: while others run it has to be there. */
static void watch_others(void)
{
    /* At most until all have ended. */
    while (load_processes_live() && !mono_is_never(load_snapshot_at())) {
        (void)rt_sleep_until(load_snapshot_at().ns);
        load_write_snapshot();
    }
}

static void follow_as_child(void)
{
    if (mono_is_never(load.end)) {
        follow_to_standstill();
        return;
    }
    sleep_until(mono_add(load.end, LOAD_LATE_NS));
    load_destroy_endpoints();
    join_all();
}

static void follow_all(void)
{
    uint64_t read_ns = LOAD_READ_NS + LOAD_READ_CPU_NS * load.cpu_count;

    for (uint32_t cpu = 0; cpu < load.cpu_count; cpu++)
        load.cpu_is_known[cpu] = true;
    (void)rt_sleep_until(load.start.ns - read_ns);
    read_cpus(load.cpus_before);
    if (mono_is_never(load.end)) {
        follow_to_standstill();
        watch_others();
        load_processes_await();
        read_cpus(load.cpus_after);
        return;
    }
    sleep_until(load.end);
    read_cpus(load.cpus_after);
    load_destroy_endpoints();
    join_all();
    load_processes_await();
}

void load_follow(void)
{
    if (load.process == 0)
        follow_all();
    else
        follow_as_child();
}
