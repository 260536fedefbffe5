/* SPDX-License-Identifier: MIT */
/*
 * Threads that try to get more of one CPU than their share by what they do at the right moment: no
 * strategy may gain more than 5 % over the half that is due beside an honest hog of equal weight.
 * Cheating across CPUs is another test's matter.
 */
#include "base/prng.h"
#include "core/fixture/fixture.h"

#define MS NS_PER_MS
#define DUEL_NS (600 * MS)
#define PER_MILLE_MAX 525u /* half and 5 % of it */
#define STEPS_MAX 6u

/* What a cheater does after it has run for a while. */
enum trick { TRICK_NONE, TRICK_YIELD, TRICK_SLEEP, TRICK_LIGHTER, TRICK_HEAVIER, TRICK_CLASS };

struct step {
    uint64_t run_ns;
    enum trick trick;
    uint64_t argument; /* ns of sleep, or the class */
};

struct duel {
    struct fixture *f;
    struct thread_ref hog;
    struct thread_ref cheater;
};

static struct duel duel_begin(void)
{
    struct duel d = {.f = fixture_new(1, 4, 0)};

    d.hog = fixture_thread(d.f, 1024, LATENCY_NORMAL, 1, 0);
    d.cheater = fixture_thread(d.f, 1024, LATENCY_NORMAL, 1, 0);
    (void)fixture_wake(d.f, 0, d.hog);
    (void)fixture_wake(d.f, 0, d.cheater);
    return d;
}

/* The cheater's part of all, in thousandths; the hog has the rest. */
static uint64_t duel_end(struct duel *d)
{
    account_charge(d->f->s, rq_of(d->f->s, 0), d->f->now, CHARGE_PREEMPT);
    uint64_t hog_ns = fixture_runtime_ns(d->f, d->hog);
    uint64_t now_ns = d->f->now.ns;

    fixture_free(d->f);
    return (now_ns - hog_ns) * 1000 / now_ns;
}

/* Until the cheater has run for `run_ns` more and is current.  Two are runnable all the time.
 * Returns: false if it starves, which is its own doing. */
static bool run_cheater(struct duel *d, uint64_t run_ns)
{
    struct fixture *f = d->f;

    for (unsigned turn = 0; turn < 10000; turn++) {
        uint64_t left_ns = (uint64_t)mono_diff_ns(f->arm_at[0], f->now);

        if (fixture_current(f, 0) == d->cheater.slot) {
            if (run_ns < left_ns) {
                f->now = mono_add(f->now, run_ns);
                return true;
            }
            run_ns -= left_ns;
        }
        f->now = f->arm_at[0];
        fixture_decide(f, 0);
    }
    return false;
}

static void play(struct duel *d, const struct step *step)
{
    struct fixture *f = d->f;

    if (!run_cheater(d, step->run_ns))
        return;
    switch (step->trick) {
    case TRICK_YIELD:
        fixture_yield(f, 0);
        break;
    case TRICK_SLEEP:
        fixture_block(f, 0);
        fixture_run(f, step->argument);
        (void)fixture_wake(f, 0, d->cheater);
        break;
    case TRICK_LIGHTER:
        assert_int_equal(fixture_set_weight(f, 0, d->cheater, WEIGHT_MIN), STATUS_OK);
        break;
    case TRICK_HEAVIER:
        assert_int_equal(fixture_set_weight(f, 0, d->cheater, 1024), STATUS_OK);
        break;
    case TRICK_CLASS:
        assert_int_equal(fixture_set_class(f, 0, d->cheater, (enum latency_class)step->argument),
                         STATUS_OK);
        break;
    default:
        break;
    }
}

/* The steps again and again. */
static uint64_t share_of(const struct step *steps, unsigned count)
{
    struct duel d = duel_begin();

    while (d.f->now.ns < DUEL_NS)
        for (unsigned i = 0; i < count; i++)
            play(&d, &steps[i]);
    return duel_end(&d);
}

/* Goal: sleeping right before a charge gains nothing.  Method: run for 1/40 to 80/40 of a slice,
 * then sleep for 1 us to 4 ms. */
static void test_cheat_sleeps_before_the_charge(void **state)
{
    uint64_t most = 0;

    (void)state;
    for (uint64_t run = 1; run <= 80; run++) {
        for (uint64_t sleep_us = 1; sleep_us <= 4096; sleep_us *= 8) {
            struct step step = {run * SLICE_NORMAL_NS / 40 - 1, TRICK_SLEEP, sleep_us * 1000};
            uint64_t share = share_of(&step, 1);

            most = share > most ? share : most;
        }
    }
    assert_true(most <= PER_MILLE_MAX);
}

/* Goal: yielding gains nothing.  Method: yield every 5 us to 3 ms. */
static void test_cheat_yields(void **state)
{
    uint64_t most = 0;

    (void)state;
    for (uint64_t run_us = 5; run_us <= 3000; run_us = run_us * 3 / 2 + 1) {
        struct step step = {run_us * 1000, TRICK_YIELD, 0};
        uint64_t share = share_of(&step, 1);

        most = share > most ? share : most;
    }
    assert_true(most <= PER_MILLE_MAX);
}

static struct step random_step(struct prng *p)
{
    static const uint64_t scales_ns[] = {1000, 100000, MS, 4 * MS, 30 * MS};
    struct step step = {1 + prng_below(p, scales_ns[prng_below(p, 5)]),
                        (enum trick)prng_below(p, TRICK_CLASS + 1), 0};

    if (step.trick == TRICK_SLEEP)
        step.argument = 1 + prng_below(p, scales_ns[prng_below(p, 5)]);
    if (step.trick == TRICK_CLASS)
        step.argument = prng_below(p, LATENCY_CLASS_COUNT);
    return step;
}

/* Goal: no mixture of these does.  Method: 500 random strategies of up to six steps: run, then
 * yield, sleep, take the least weight, take the own one again, or another class. */
static void test_cheat_strategies_at_random(void **state)
{
    struct prng p = prng_seed(8);
    uint64_t most = 0;

    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        struct step steps[STEPS_MAX];
        unsigned count = 1 + (unsigned)prng_below(&p, STEPS_MAX);

        for (unsigned k = 0; k < count; k++)
            steps[k] = random_step(&p);
        uint64_t share = share_of(steps, count);

        most = share > most ? share : most;
    }
    assert_true(most <= PER_MILLE_MAX);
}

/* Goal: a debt cannot be laundered by a new weight.  Method: run to the end of the slice, so in
 * debt, take the least weight, sleep or yield, take the own weight again. */
static void test_cheat_reweights(void **state)
{
    uint64_t most = 0;

    (void)state;
    for (uint64_t run = 1; run <= 30; run++) {
        for (unsigned sleeps = 0; sleeps < 2; sleeps++) {
            const struct step steps[] = {
                {run * MS / 10, TRICK_LIGHTER, 0},
                {1, sleeps ? TRICK_SLEEP : TRICK_YIELD, 1000},
                {1, TRICK_HEAVIER, 0},
            };
            uint64_t share = share_of(steps, ARRAY_COUNT(steps));

            most = share > most ? share : most;
        }
    }
    assert_true(most <= PER_MILLE_MAX);
}

/* The cheater starts the one who goes on for it. */
static void start_successor(struct duel *d)
{
    d->cheater = fixture_thread(d->f, 1024, LATENCY_NORMAL, 1, 0);
    (void)fixture_wake(d->f, 0, d->cheater);
}

/* The share of a thread that runs for `run_ns`, starts its like and ends; with a parent it is that
 * who starts them, one after the other. */
static uint64_t share_of_a_line(uint64_t run_ns, bool has_parent)
{
    struct duel d = duel_begin();
    struct thread_ref parent = d.cheater;

    if (has_parent && run_cheater(&d, 1)) {
        start_successor(&d);
        fixture_block(d.f, 0);
    }
    for (unsigned i = 0; i < 3000; i++) {
        if (!run_cheater(&d, run_ns))
            break;
        if (!has_parent) {
            start_successor(&d);
            while (fixture_current(d.f, 0) == d.hog.slot)
                fixture_run(d.f, NS_PER_MS);
            if (fixture_current(d.f, 0) == d.cheater.slot)
                continue; /* it preempted who made it: that one goes on as the hog's equal */
            fixture_exit(d.f, 0);
        } else {
            (void)fixture_wake(d.f, 0, parent);
            fixture_exit(d.f, 0);
            d.cheater = parent;
            if (!run_cheater(&d, 1))
                break;
            start_successor(&d);
            fixture_block(d.f, 0);
        }
    }
    return duel_end(&d);
}

/* Goal: a debt is not left to a successor.  Method: lines of threads that run a part of a slice, up
 * to all of it, then start the next and end; and the same with a parent that does it for them. */
static void test_cheat_forks(void **state)
{
    uint64_t most = 0;

    (void)state;
    for (uint64_t run_us = 100; run_us <= 2900; run_us += 400) {
        uint64_t share = share_of_a_line(run_us * 1000, true);

        most = share > most ? share : most;
        share = share_of_a_line(run_us * 1000, false);
        most = share > most ? share : most;
    }
    assert_true(most <= PER_MILLE_MAX);
}

/* Goal: nor is it left to one on another CPU.  Method: beside two hogs on two CPUs a line of
 * threads, each of which may run only where its maker does not; two thirds of a CPU are its due. */
static void test_cheat_forks_across_cpus(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);
    struct thread_ref hogs[2];
    uint64_t hogs_ns = 0;
    uint32_t cpu = 0;

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        hogs[i] = fixture_thread(f, 1024, LATENCY_NORMAL, 3, i);
        (void)fixture_wake(f, i, hogs[i]);
        fixture_deliver_all(f);
    }
    struct thread_ref line = fixture_thread(f, 1024, LATENCY_NORMAL, 1, 0);

    (void)fixture_wake(f, 0, line);
    while (f->now.ns < 10 * NS_PER_S) {
        while (fixture_current(f, cpu) != line.slot)
            fixture_run(f, NS_PER_MS / 10);
        fixture_run(f, 2 * NS_PER_MS + 900 * NS_PER_US);
        if (fixture_current(f, cpu) != line.slot)
            continue;
        line = fixture_thread(f, 1024, LATENCY_NORMAL, UINT64_C(1) << (1 - cpu), 1 - cpu);
        (void)fixture_wake(f, cpu, line);
        fixture_exit(f, cpu);
        fixture_deliver_all(f);
        cpu = 1 - cpu;
    }
    for (uint32_t i = 0; i < 2; i++)
        hogs_ns += fixture_runtime_ns(f, hogs[i]);
    assert_true(2 * f->now.ns - hogs_ns <= f->now.ns * 2 / 3 * 105 / 100);
    fixture_free(f);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cheat_sleeps_before_the_charge),
        cmocka_unit_test(test_cheat_yields),
        cmocka_unit_test(test_cheat_reweights),
        cmocka_unit_test(test_cheat_strategies_at_random),
        cmocka_unit_test(test_cheat_forks),
        cmocka_unit_test(test_cheat_forks_across_cpus),
    };

    fixture_choose_test(argument_count, arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
