/* SPDX-License-Identifier: MIT */
/* script_test.c - what threads do to each other: mutexes, conditions, suspend points. */
#include "sim/scenario.h"
#include "workload/step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS ((int64_t)NS_PER_MS)

/* Run `text` (single quotes stand for double ones) on `cpu_count` CPUs, checking every event. */
static void run_on(struct scenario *s, uint32_t cpu_count, const char *text)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    scenario_run(s, &(struct sim_config){.cpu_count = cpu_count, .check_every = 1}, copy);
    free(copy);
}

/* ---- Mutex ----------------------------------------------------------------------------------- */

/* Goal: one holder at a time.  Method: two threads on two CPUs hold it for 1 ms, 50 times each: at
 * least 100 ms, and no more than that and an interrupt's way for each turn. */
static void test_mutex_excludes(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'t': {'instance': 2, 'loop': 50, 'lock': 'm', 'run': 1000,"
           " 'unlock': 'm'}}, 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].activations == 50);
    assert_true(s.threads[1].activations == 50);
    assert_true(s.header->duration_ns >= 100 * NS_PER_MS);
    assert_true(s.header->duration_ns <= 101 * NS_PER_MS);
    scenario_fini(&s);
}

/* Goal: two mutexes do not exclude each other.  Method: as above, one each: 50 ms. */
static void test_mutex_others_do_not_matter(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'a': {'loop': 50, 'lock': 'm', 'run': 1000, 'unlock': 'm'},"
           "           'b': {'loop': 50, 'lock': 'n', 'run': 1000, 'unlock': 'n'}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.header->duration_ns <= 51 * NS_PER_MS);
    scenario_fini(&s);
}

/* Goal: who waits longest is woken first.  Method: a holder for 20 ms, then three waiters in order
 * of their start; the run ends while the second waiter holds it. */
static void test_mutex_longest_waiter_first(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 4,
           "{'tasks': {'holder': {'loop': 1, 'lock': 'm', 'run': 20000, 'unlock': 'm'},"
           "  'w': {'instance': 3, 'delay': 1000, 'loop': 1, 'lock': 'm', 'run': 700000,"
           "        'unlock': 'm', 'sleep': 1}}, 'global': {'duration': 1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[1].runtime_ns == 700 * MS);
    assert_true(s.threads[2].runtime_ns > 270 * MS && s.threads[2].runtime_ns < 280 * MS);
    assert_true(s.threads[3].runtime_ns == 0);
    scenario_fini(&s);
}

/* Goal: unlock frees, it does not hand over: the unlocker may take it again at once (barging), and
 * the woken waiter parks again.  Method: a thread that unlocks and locks without a pause keeps
 * a waiter on the other CPU out; the waiter is woken each time and blocks each time. */
static void test_mutex_may_be_barged(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'a': {'loop': 20, 'lock': 'm', 'run': 1000, 'unlock': 'm'},"
           "           'b': {'delay': 500, 'loop': 1, 'lock': 'm', 'run': 1000,"
           "                 'unlock': 'm'}}, 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.header->duration_ns >= 21 * NS_PER_MS);
    assert_true(s.threads[1].voluntary_blocks >= 20);
    scenario_fini(&s);
}

/* Goal: unlocking what one does not hold fails the verdict and changes nothing.  Method: a thief
 * unlocks while the holder runs; the third thread still waits for the holder. */
static void test_mutex_foreign_unlock_is_noticed(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 3,
           "{'tasks': {'holder': {'loop': 1, 'lock': 'm', 'run': 10000, 'unlock': 'm'},"
           "           'thief': {'delay': 2000, 'loop': 1, 'unlock': 'm'},"
           "           'next': {'delay': 1000, 'loop': 1, 'lock': 'm', 'run': 5000,"
           "                    'unlock': 'm'}}, 'global': {'duration': -1}}");
    assert_true(s.header->failed == RESULT_FAILED_SYNC);
    assert_true(s.header->duration_ns >= 15 * NS_PER_MS);
    scenario_fini(&s);
}

/* Goal: locking twice waits for oneself, for ever. */
static void test_mutex_twice_is_deadlock(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 1,
           "{'tasks': {'t': {'loop': 1, 'lock0': 'm', 'lock1': 'm', 'run': 1}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == RESULT_FAILED_INCOMPLETE);
    scenario_fini(&s);
}

/* ---- Condition ------------------------------------------------------------------------------- */

/* Goal: wait gives the mutex back and has it again afterwards.  Method: the signaller needs the
 * mutex while the waiter waits, and keeps it for 10 ms after the signal. */
static void test_condition_wait_releases_and_relocks(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'waiter': {'loop': 1, 'lock': 'm', 'wait': {'ref': 'c',"
           "             'mutex': 'm'}, 'run': 1000, 'unlock': 'm'},"
           "           'caller': {'delay': 5000, 'loop': 1, 'lock': 'm', 'signal': 'c',"
           "             'run': 10000, 'unlock': 'm'}}, 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.header->duration_ns >= 16 * NS_PER_MS);
    assert_true(s.header->duration_ns <= 17 * NS_PER_MS);
    scenario_fini(&s);
}

/* Goal: a signal that nobody waits for is lost.  Method: the signal comes 5 ms before the wait. */
static void test_condition_signal_is_lost(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'caller': {'loop': 1, 'signal': 'c'},"
           "           'waiter': {'delay': 5000, 'loop': 1, 'lock': 'm',"
           "             'wait': {'ref': 'c', 'mutex': 'm'}, 'unlock': 'm'}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == RESULT_FAILED_INCOMPLETE);
    scenario_fini(&s);
}

/* Goal: a signal wakes one, the longest waiter.  Method: three wait in order of their start, one
 * signal. */
static void test_condition_signal_wakes_longest(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 4,
           "{'tasks': {'w': {'instance': 3, 'loop': 1, 'lock': 'm', 'wait': {'ref': 'c',"
           "             'mutex': 'm'}, 'unlock': 'm', 'run': 1000},"
           "           'caller': {'delay': 5000, 'loop': 1, 'signal': 'c'}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == RESULT_FAILED_INCOMPLETE);
    assert_true(s.threads[0].runtime_ns == MS);
    assert_true(s.threads[1].runtime_ns == 0);
    assert_true(s.threads[2].runtime_ns == 0);
    scenario_fini(&s);
}

/* Goal: a signal between the unlock and the parking of a wait is not lost.  Method: one CPU; the
 * waiter's unlock wakes an interactive thread, which takes the CPU at once and signals. */
static void test_condition_signal_in_the_gap(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 1,
           "{'tasks': {'waiter': {'capos-class': 'batch', 'loop': 1, 'lock': 'm',"
           "             'run': 5000, 'wait': {'ref': 'c', 'mutex': 'm'}, 'unlock': 'm'},"
           "           'caller': {'capos-class': 'interactive', 'delay': 1000, 'loop': 1,"
           "             'lock': 'm', 'signal': 'c', 'unlock': 'm'}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].voluntary_blocks == 0);
    assert_true(s.threads[1].voluntary_blocks == 2); /* its delay and the mutex */
    scenario_fini(&s);
}

/* Goal: broad wakes all who wait.  Method: three wait, each holds the mutex for 1 ms after. */
static void test_condition_broad_wakes_all(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 4,
           "{'tasks': {'w': {'instance': 3, 'loop': 1, 'lock': 'm', 'wait': {'ref': 'c',"
           "             'mutex': 'm'}, 'run': 1000, 'unlock': 'm'},"
           "           'caller': {'delay': 5000, 'loop': 1, 'broad': 'c'}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    for (unsigned i = 0; i < 3; i++)
        assert_true(s.threads[i].runtime_ns == MS);
    assert_true(s.header->duration_ns >= 8 * NS_PER_MS);
    scenario_fini(&s);
}

/* Goal: sync wakes the other and waits for its signal, with or without a lock around it.  Method:
 * two threads that take turns so, one of each kind, 100 rounds of 100 us each. */
static void test_condition_sync_takes_turns(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'a': {'loop': 100, 'lock': 'm', 'sync': {'ref': 'c', 'mutex': 'm'},"
           "             'unlock': 'm', 'run': 100},"
           "           'b': {'delay': 1000, 'loop': 100, 'run': 100,"
           "             'sync': {'ref': 'c', 'mutex': 'm'}},"
           "           'last': {'delay': 900000, 'loop': 1, 'signal': 'c'}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].activations == 100);
    assert_true(s.threads[1].activations == 100);
    scenario_fini(&s);
}

/* ---- Barriers and semaphores ----------------------------------------------------------------- */

/* Goal: nobody passes before all users have come, and the barrier serves again at once.  Method:
 * the slowest of three takes 3 ms a turn, 20 turns: all take 60 ms. */
static void test_barrier_waits_for_all(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 4,
           "{'tasks': {'fast': {'instance': 2, 'loop': 20, 'run': 100, 'barrier': 'b'},"
           "           'slow': {'loop': 20, 'run': 3000, 'barrier': 'b'}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.header->duration_ns >= 60 * NS_PER_MS);
    assert_true(s.header->duration_ns <= 61 * NS_PER_MS);
    assert_true(s.threads[0].activations == 20 && s.threads[0].voluntary_blocks >= 20);
    scenario_fini(&s);
}

/* Goal: a barrier that one thread names does not hold it. */
static void test_barrier_for_one(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 1, "{'tasks': {'t': {'loop': 5, 'barrier': 'b', 'run': 100}},"
                  " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].activations == 5);
    scenario_fini(&s);
}

/* Goal: posts are kept, one wait each, and a semaphore begins with none.  Method: three posts long
 * before four waits: the fourth lasts for ever. */
static void test_semaphore_keeps_posts(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'poster': {'loop': 3, 'sem_post': 's'},"
           "           'waiter': {'delay': 5000, 'loop': 4, 'sem_wait': 's', 'run': 1000}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == RESULT_FAILED_INCOMPLETE);
    assert_true(s.threads[1].activations == 3);
    assert_true(s.threads[1].runtime_ns == 3 * MS);
    scenario_fini(&s);
}

/* Goal: a post hands over to the longest waiter.  Method: two wait, one post, one comes later and
 * finds nothing. */
static void test_semaphore_longest_waiter_first(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 4,
           "{'tasks': {'w': {'instance': 2, 'loop': 1, 'sem_wait': 's', 'run': 1000},"
           "           'poster': {'delay': 5000, 'loop': 1, 'sem_post': 's'},"
           "           'late': {'delay': 5001, 'loop': 1, 'sem_wait': 's', 'run': 1000}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == RESULT_FAILED_INCOMPLETE);
    assert_true(s.threads[0].runtime_ns == MS);
    assert_true(s.threads[1].runtime_ns == 0);
    assert_true(s.threads[3].runtime_ns == 0);
    scenario_fini(&s);
}

/* ---- Memory and yield ------------------------------------------------------------------------ */

/* Goal: a byte of mem takes 1 ns, memrun what it says.  Method: 50 turns of 1 ms of each. */
static void test_mem_takes_time(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 1, "{'tasks': {'t': {'loop': 50, 'mem': 1000000, 'memrun': 1000}},"
                  " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].runtime_ns == 100 * MS);
    scenario_fini(&s);
}

/* Goal: yield lets the others run before the slice is over.  Method: three threads on one CPU, 0.2
 * ms a turn: each turn ends with a switch; without yield a slice of 3 ms does. */
static void test_yield_switches(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 1, "{'tasks': {'t': {'instance': 3, 'loop': 100, 'run': 200, 'yield'}},"
                  " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(s.threads[i].runtime_ns == 20 * MS);
        assert_true(s.threads[i].switches >= 95);
    }
    scenario_fini(&s);
    run_on(&s, 1, "{'tasks': {'t': {'instance': 3, 'loop': 100, 'run': 200}},"
                  " 'global': {'duration': -1}}");
    assert_true(s.threads[0].switches <= 10);
    scenario_fini(&s);
}

/* Goal: a thread alone yields to nobody and goes on.  Method: 1000 yields and nothing else: each 16
 * of them take STEP_TOLL_NS. */
static void test_yield_alone(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 1, "{'tasks': {'t': {'loop': 1600, 'yield'}}, 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].activations == 1600);
    assert_true(s.threads[0].runtime_ns >= 95 * (int64_t)STEP_TOLL_NS);
    assert_true(s.threads[0].runtime_ns <= 100 * (int64_t)STEP_TOLL_NS);
    scenario_fini(&s);
}

/* ---- Forks ----------------------------------------------------------------------------------- */

/* Goal: a fork starts one more thread at that moment, with a row of its own; one that was never
 * forked is unknown.  Method: two forks 10 ms apart of the three there is room for, as the run ends
 * between the second and the third. */
static void test_fork_starts_threads(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'forker': {'loop': 3, 'sleep': 400000, 'fork': 'child'},"
           "           'child': {'instance': 0, 'loop': 2, 'run': 1000, 'sleep': 1000}},"
           " 'global': {'duration': 1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.header->thread_count == 4);
    assert_true(s.threads[0].activations == 2);
    for (unsigned i = 1; i <= 2; i++) {
        assert_true(s.threads[i].runtime_ns == 2 * MS);
        assert_true(s.threads[i].activations == 2);
    }
    assert_true(s.threads[3].runtime_ns == RESULT_UNKNOWN);
    assert_true(s.threads[3].activations == RESULT_UNKNOWN);
    scenario_fini(&s);
}

/* Goal: a run without a duration waits for forked threads, and for those that were never forked it
 * does not.  Method: the last child ends last; room for two whose fork never comes. */
static void test_fork_run_ends_with_the_last(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'forker': {'loop': 1, 'fork': 'child'},"
           "           'never': {'loop': 1, 'suspend', 'fork': 'child', 'fork': 'child'},"
           "           'ender': {'loop': 1, 'sleep': 20000, 'run': 1},"
           "           'child': {'instance': 0, 'delay': 5000, 'loop': 1, 'run': 30000}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == RESULT_FAILED_INCOMPLETE); /* `never` */
    assert_true(s.threads[3].runtime_ns == 30 * MS);
    assert_true(s.threads[4].runtime_ns == RESULT_UNKNOWN);
    assert_true(s.header->duration_ns >= 35 * NS_PER_MS);
    scenario_fini(&s);
}

/* Goal: more forks than there is room for fail the verdict, and do nothing else.  Method: a fork
 * each ms for 200 ms. */
static void test_fork_limit(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 1,
           "{'tasks': {'forker': {'loop': -1, 'sleep': 1000, 'fork': 'child'},"
           "           'child': {'instance': 0, 'loop': 1, 'run': 100}},"
           " 'global': {'duration': 1}}");
    assert_true(s.header->failed == RESULT_FAILED_FORK);
    assert_true(s.header->thread_count == 1 + WORKLOAD_FORKS_MAX);
    assert_true(s.threads[WORKLOAD_FORKS_MAX].activations == 1);
    assert_true(s.threads[0].activations > 800);
    scenario_fini(&s);
}

/* Goal: a forked thread starts near its forker: there if nothing else is idle.  Method: the forker
 * has CPU 1 of two, a hog CPU 0; the child, free to go, waits for the forker's CPU. */
static void test_fork_starts_where_it_is_forked(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'hog': {'cpus': [0], 'loop': -1, 'run': 1000},"
           "           'forker': {'cpus': [1], 'loop': 1, 'fork': 'child', 'run': 10000},"
           "           'child': {'instance': 0, 'loop': 1, 'run': 1000}},"
           " 'global': {'duration': 1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[2].migrations == 0);
    assert_true(s.cpus[1].busy_ns == 11 * MS);
    scenario_fini(&s);
}

/* ---- Suspend points -------------------------------------------------------------------------- */

/* Goal: resume wakes everybody who waits.  Method: three suspend, one resumes. */
static void test_suspend_resume_wakes_all(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'w': {'instance': 3, 'loop': 1, 'suspend': 'p', 'run': 1000},"
           "           'caller': {'delay': 5000, 'loop': 1, 'resume': 'p'}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    for (unsigned i = 0; i < 3; i++)
        assert_true(s.threads[i].runtime_ns == MS);
    scenario_fini(&s);
}

/* Goal: a resume before the suspend is lost.  Method: the resumer starts first. */
static void test_suspend_early_resume_is_lost(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'caller': {'loop': 1, 'resume': 'p'},"
           "           'w': {'delay': 1000, 'loop': 1, 'suspend': 'p', 'run': 1000}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == RESULT_FAILED_INCOMPLETE);
    assert_true(s.threads[1].runtime_ns == 0);
    scenario_fini(&s);
}

/* Goal: two threads that take turns by suspend and resume both get on.  Method: 200 rounds. */
static void test_suspend_ping_pong(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 1,
           "{'tasks': {'a': {'loop': 200, 'suspend': 'a', 'run': 100, 'resume': 'b'},"
           "           'b': {'loop': 200, 'run': 100, 'resume': 'a', 'suspend': 'b'}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].activations == 200);
    assert_true(s.threads[1].activations == 200);
    assert_true(s.header->duration_ns >= 40 * NS_PER_MS);
    scenario_fini(&s);
}

/* Goal: a name that is a condition and suspended at is one place to wait.  Method: a signal wakes
 * the longest of both kinds of waiters, a resume the rest. */
static void test_suspend_at_condition(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 4,
           "{'tasks': {'s': {'loop': 1, 'suspend': 'p', 'run': 1000},"
           "           'w': {'loop': 1, 'lock': 'm', 'wait': {'ref': 'p', 'mutex': 'm'},"
           "                 'unlock': 'm', 'run': 2000},"
           "           't': {'loop': 1, 'suspend': 'p', 'run': 4000},"
           "           'one': {'delay': 5000, 'loop': 1, 'signal': 'p'},"
           "           'all': {'delay': 20000, 'loop': 1, 'resume': 'p'}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].runtime_ns == MS);
    assert_true(s.threads[1].runtime_ns == 2 * MS);
    assert_true(s.threads[2].runtime_ns == 4 * MS);
    assert_true(s.header->duration_ns >= 24 * NS_PER_MS);
    assert_true(s.header->duration_ns <= 25 * NS_PER_MS);
    scenario_fini(&s);
}

/* ---- CPU sets -------------------------------------------------------------------------------- */

/* Goal: a phase's CPU set holds from its first event.  Method: 10 ms on CPU 1, then 20 ms on CPU 2
 * of an idle machine. */
static void test_phase_mask_moves_thread(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 4,
           "{'tasks': {'t': {'loop': 1, 'phases': {"
           "  'one': {'cpus': [1], 'loop': 1, 'run': 10000},"
           "  'two': {'cpus': [2], 'loop': 1, 'run': 20000}}}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.cpus[0].busy_ns == 0);
    assert_true(s.cpus[1].busy_ns == 10 * MS);
    assert_true(s.cpus[2].busy_ns == 20 * MS);
    assert_true(s.threads[0].migrations >= 1);
    scenario_fini(&s);
}

/* Goal: CPUs that the machine does not have are no place to start.  Method: a set of CPU 1 and of
 * one beyond the end, for two threads: both run on CPU 1. */
static void test_mask_is_cut_to_machine(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 4,
           "{'tasks': {'t': {'instance': 2, 'cpus': [1, 9], 'loop': 1, 'run': 1000}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.cpus[1].busy_ns == 2 * MS);
    scenario_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mutex_excludes),
        cmocka_unit_test(test_mutex_others_do_not_matter),
        cmocka_unit_test(test_mutex_longest_waiter_first),
        cmocka_unit_test(test_mutex_may_be_barged),
        cmocka_unit_test(test_mutex_foreign_unlock_is_noticed),
        cmocka_unit_test(test_mutex_twice_is_deadlock),
        cmocka_unit_test(test_condition_wait_releases_and_relocks),
        cmocka_unit_test(test_condition_signal_is_lost),
        cmocka_unit_test(test_condition_signal_wakes_longest),
        cmocka_unit_test(test_condition_signal_in_the_gap),
        cmocka_unit_test(test_condition_broad_wakes_all),
        cmocka_unit_test(test_condition_sync_takes_turns),
        cmocka_unit_test(test_barrier_waits_for_all),
        cmocka_unit_test(test_barrier_for_one),
        cmocka_unit_test(test_semaphore_keeps_posts),
        cmocka_unit_test(test_semaphore_longest_waiter_first),
        cmocka_unit_test(test_mem_takes_time),
        cmocka_unit_test(test_yield_switches),
        cmocka_unit_test(test_yield_alone),
        cmocka_unit_test(test_fork_starts_threads),
        cmocka_unit_test(test_fork_run_ends_with_the_last),
        cmocka_unit_test(test_fork_limit),
        cmocka_unit_test(test_fork_starts_where_it_is_forked),
        cmocka_unit_test(test_suspend_at_condition),
        cmocka_unit_test(test_suspend_resume_wakes_all),
        cmocka_unit_test(test_suspend_early_resume_is_lost),
        cmocka_unit_test(test_suspend_ping_pong),
        cmocka_unit_test(test_phase_mask_moves_thread),
        cmocka_unit_test(test_mask_is_cut_to_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
