/* SPDX-License-Identifier: MIT */
#include "kernel/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/fixture/outside.h"
#include "kernel/process.h"
#include "kernel/uthread.h"

#define SEATS 5u
#define MEMBERS 12u
#define USED_NS 100u /* by each thread that lives, and by each that has ended */

static struct process processes[MEMBERS];
static struct uthread sitter;
static struct tally tally;

/* A process with `count` threads that live. */
static void make(uint32_t number, uint32_t count)
{
    struct process *p = &processes[number];

    outside_process(p, FIXTURE_FRAMES);
    assert_int_equal(vspace_init(&p->space, &p->ledger), STATUS_OK);
    for (uint32_t i = 0; i < count; i++) {
        struct seat *seat = NULL;

        assert_int_equal(seat_take(p, &seat), STATUS_OK);
        (void)seat_occupy(seat, &sitter);
    }
    tally_join(&tally, &p->in_session, p);
}

static void start(void)
{
    outside_init();
    outside.used_ns = USED_NS;
    sitter = (struct uthread){.ref = {5, 1}};
    tally_init(&tally);
}

static void end_thread(uint32_t number, uint32_t index)
{
    struct process *p = &processes[number];

    assert_true(thread_ref_is_none(seat_end(p, seat_of(p, index), 0, true)));
}

/* As the end of a process does it. */
static void leave(uint32_t number)
{
    struct process *p = &processes[number];
    struct seat_use use = seats_sum(p);
    struct cap_total_stat used = {.gone_count = 1};

    process_leave(p, &use.used, use.ended_count);
    tally_add_rest(&used.threads, p);
    tally_leave(&p->in_session, &used);
}

static struct cap_total_stat finish(void)
{
    struct cap_total_stat sum;
    uint32_t steps = 0;

    while (!tally_walk_some(&tally, &sum))
        assert_true(++steps < 50);
    return sum;
}

static struct cap_total_stat walk(void)
{
    assert_true(tally_walk_begin(&tally));
    return finish();
}

/* Goal: the sum is that of the members, their reapers, and of those that left.  Method: two, one
 * with a reaper; a thread ends; one leaves; something is absorbed. */
static void test_tally_adds_up(void **state)
{
    struct uthread reaper = {.ref = {9, 1}};
    struct cap_total_stat sum, more = {.threads.runtime_ns = 7, .threads.switches = 3};

    (void)state;
    start();
    make(0, 3);
    make(1, 2);
    processes[0].reaper = &reaper;
    end_thread(1, 0);
    sum = walk();
    assert_int_equal(sum.threads.runtime_ns, 6 * USED_NS);
    assert_int_equal(sum.threads.live_count, 4);
    assert_int_equal(sum.threads.ended_count, 1);
    assert_int_equal(sum.process_count, 2);
    end_thread(1, 1);
    leave(1);
    tally_absorb(&tally, &more);
    sum = walk();
    assert_int_equal(sum.threads.runtime_ns, 6 * USED_NS + 7);
    assert_int_equal(sum.threads.switches, 3);
    assert_int_equal(sum.threads.ended_count, 2);
    assert_int_equal(sum.process_count, 1);
    assert_int_equal(sum.gone_count, 1);
}

/* Goal: one walks at a time, and a step is bounded.  Method: a second beginning; many seats. */
static void test_tally_walks_in_steps(void **state)
{
    struct cap_total_stat sum;

    (void)state;
    start();
    make(0, 2 * SEATS_PER_STEP);
    assert_true(tally_walk_begin(&tally));
    assert_false(tally_walk_begin(&tally));
    assert_false(tally_walk_some(&tally, &sum));
    assert_false(tally_walk_begin(&tally));
    assert_int_equal(finish().threads.runtime_ns, 2 * SEATS_PER_STEP * USED_NS);
    assert_true(tally_walk_begin(&tally));
}

/* Goal: TL2: who leaves during a walk counts once: read, half read or not read.  Method: a walk
 * that has come into the second of three; each leaves then. */
static void test_tally_leaving_during_a_walk(void **state)
{
    (void)state;
    for (uint32_t leaver = 0; leaver < 3; leaver++) {
        struct cap_total_stat sum;

        start();
        make(0, 5);
        make(1, 15); /* 5 and the rest, then 10 of 15 */
        make(2, 5);
        assert_true(tally_walk_begin(&tally));
        assert_false(tally_walk_some(&tally, &sum));
        assert_ptr_equal(tally.at, &processes[1].in_session.link);
        for (uint32_t i = 0; i < processes[leaver].seats.fresh_index; i++)
            end_thread(leaver, i);
        leave(leaver);
        sum = finish();
        assert_int_equal(sum.threads.runtime_ns, 25 * USED_NS);
        assert_int_equal(sum.process_count, 2);
        assert_int_equal(sum.gone_count, 1);
    }
}

/* Goal: TL1, TL2 in any order of events.  Method: members join, threads end, processes leave, are
 * put behind others, all between the steps of walks; as nobody uses anything meanwhile and a thread
 * is there from its process's first instant, each sum is between what was there at its two ends. */
static void test_tally_histories(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 200; seed++) {
        struct prng p = prng_seed(seed);
        uint32_t joined = 0, left = 0, at_begin = 0;
        bool is_walking = false;
        struct cap_total_stat sum;

        start();
        for (uint32_t turn = 0; turn < 120; turn++) {
            switch (prng_next(&p) % 6) {
            case 0:
                if (joined < MEMBERS)
                    make(joined++, SEATS);
                break;
            case 1:
                if (left < joined && prng_next(&p) % 2 == 0) {
                    for (uint32_t i = 0; i < SEATS; i++)
                        end_thread(left, i);
                    leave(left++);
                }
                break;
            case 2:
                assert_true((tally_rotate(&tally) == NULL) == (joined == left));
                break;
            default:
                if (!is_walking) {
                    assert_true(tally_walk_begin(&tally));
                    at_begin = joined;
                    is_walking = true;
                } else if (tally_walk_some(&tally, &sum)) {
                    is_walking = false;
                    assert_int_equal(sum.threads.runtime_ns % (SEATS * USED_NS), 0);
                    assert_in_range(sum.threads.runtime_ns, at_begin * SEATS * USED_NS,
                                    joined * SEATS * USED_NS);
                    assert_int_equal(sum.process_count, joined - left);
                    assert_int_equal(sum.gone_count, left);
                }
            }
        }
        if (is_walking)
            (void)finish();
        assert_int_equal(walk().threads.runtime_ns, joined * SEATS * USED_NS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tally_adds_up),
        cmocka_unit_test(test_tally_walks_in_steps),
        cmocka_unit_test(test_tally_leaving_during_a_walk),
        cmocka_unit_test(test_tally_histories),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
