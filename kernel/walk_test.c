/* SPDX-License-Identifier: MIT */
#include "kernel/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/assert.h"
#include "kernel/fixture/outside.h"
#include "kernel/process.h"
#include "kernel/uthread.h"

#define SEATS (2 * SEATS_PER_STEP + 5)
#define INDEX 7u /* of the process in the pool, which gives out no record here */
#define TO (RING_PAGE(0) + RING_CQ_OFFSET) /* in the first ring's page */

static struct uthread sitter, caller;
static uint32_t applied[SEATS];
static uint32_t weights[SEATS];

/* ---- What is asked of threads is noted ---- */

void uthread_apply(struct seat *seat, const struct process_policy *policy)
{
    assert_true(seat->index < SEATS);
    applied[seat->index]++;
    weights[seat->index] = policy->weight;
}

void uthread_begin_work(struct uthread *t, struct op *op)
{
    (void)t;
    (void)op;
    UNREACHABLE(); /* these tests do the steps themselves */
}

static struct process *start(struct work *w, enum work_kind kind)
{
    struct process *process;

    outside_init();
    process = process_at(INDEX);
    outside_process(process, FIXTURE_FRAMES);
    assert_int_equal(vspace_init(&process->space, &process->ledger), STATUS_OK);
    sitter = (struct uthread){.ref = {5, 1}, .process = process};
    caller = (struct uthread){.ref = {6, 1}, .process = process};
    for (uint32_t i = 0; i < SEATS; i++) {
        struct seat *seat = NULL;

        assert_int_equal(seat_take(process, &seat), STATUS_OK);
        (void)seat_occupy(seat, &sitter);
        applied[i] = 0;
    }
    process_count_live(process); /* the walk's */
    work_init(w, kind, process, caller.ref);
    w->object = INDEX;
    w->to = TO;
    return process;
}

/* Goal: a step is bounded, and each thread gets what the process has at that moment, so that the
 * later of two changes wins.  Method: change it between the first step and the others; then walk
 * once more, as the later one does. */
static void test_walk_gives_everybody_the_policy(void **state)
{
    struct work w;
    struct process *process = start(&w, WORK_POLICY);
    uint32_t steps = 1;

    (void)state;
    process_set_policy(process, &(struct process_policy){.weight = 5});
    assert_int_equal(walk_policy_step(&w), WORK_MORE);
    process_set_policy(process, &(struct process_policy){.weight = 9});
    for (; walk_policy_step(&w) != WORK_DONE; steps++)
        assert_true(steps < 10);
    assert_int_equal(steps, 2);
    assert_int_equal(w.status, STATUS_OK);
    for (uint32_t i = 0; i < SEATS; i++) {
        assert_int_equal(applied[i], 1);
        assert_int_equal(weights[i], i < SEATS_PER_STEP ? 5 : 9);
    }
    assert_int_equal(port_load32(&process->live_count), SEATS);
}

/* Goal: fields that nobody set stay as they are.  Method: weight, then class, then a CPU set. */
static void test_walk_keeps_what_was_set_before(void **state)
{
    struct work w;
    struct process *process = start(&w, WORK_POLICY);
    struct process_policy policy;

    (void)state;
    process_set_policy(process, &(struct process_policy){.weight = 5});
    process_set_policy(process, &(struct process_policy){.class_plus_1 = 1});
    process_set_policy(process,
                       &(struct process_policy){.has_cpus = true, .cpus = {{UINT64_C(6)}}});
    policy = process_policy(process);
    assert_int_equal(policy.weight, 5);
    assert_int_equal(policy.class_plus_1, 1);
    assert_int_equal(policy.cpus.words[0], 6);
    assert_int_equal(policy.epoch, 3);
}

/* Goal: a thread whose seat the walk passed too early is given what it missed, and only then. */
static void test_walk_new_threads_catch_up(void **state)
{
    struct work w;
    struct process *process = start(&w, WORK_POLICY);
    uint32_t epoch = process_policy(process).epoch;

    (void)state;
    walk_catch_up(process, 3, epoch);
    assert_int_equal(applied[3], 0);
    process_set_policy(process, &(struct process_policy){.weight = 5});
    walk_catch_up(process, 3, epoch);
    assert_int_equal(applied[3], 1);
    assert_int_equal(weights[3], 5);
}

/* Goal: what a process has used is what every seat has, and itself.  Method: threads that live, one
 * that ends between two steps, in a seat passed and in one to come; something left before. */
static void test_walk_counts_everybody_once(void **state)
{
    struct work w;
    struct process *process = start(&w, WORK_STAT);
    const struct ledger left = {.runtime_ns = 7, .switch_count = 2};

    (void)state;
    process_leave(process, &left, 3);
    port_store64(&process->irq_ns, 11);
    outside.used_ns = 100;
    assert_int_equal(walk_stat_step(&w), WORK_MORE);
    assert_true(thread_ref_is_none(seat_end(process, seat_of(process, 0), 0, true)));
    assert_true(thread_ref_is_none(seat_end(process, seat_of(process, SEATS - 1), 0, true)));
    for (uint32_t steps = 0; walk_stat_step(&w) != WORK_DONE; steps++)
        assert_true(steps < 10);
    assert_int_equal(w.status, STATUS_OK);
    assert_int_equal(w.stat.runtime_ns, SEATS * 100 + 7);
    assert_int_equal(w.stat.switches, 2);
    assert_int_equal(w.stat.live_count, SEATS - 1);
    assert_int_equal(w.stat.ended_count, 1 + 3);
    assert_int_equal(w.stat.irq_ns, 11);
    struct cap_process_stat copied;

    assert_int_equal(vspace_copy_in(&process->space, &copied, TO, sizeof(copied)), STATUS_OK);
    assert_memory_equal(&copied, &w.stat, sizeof(copied));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk_gives_everybody_the_policy),
        cmocka_unit_test(test_walk_keeps_what_was_set_before),
        cmocka_unit_test(test_walk_new_threads_catch_up),
        cmocka_unit_test(test_walk_counts_everybody_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
