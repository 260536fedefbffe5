/* SPDX-License-Identifier: MIT */
#include "base/prng.h"
#include "core/fixture/fixture.h"
#include "core/lend.h"

/* The current thread of `cpu` calls `to`.  Returns: how it went. */
static enum lend_result lend(struct fixture *f, uint32_t cpu, struct thread_ref to)
{
    return fixture_hand(f, cpu, sched_lend, to);
}

static enum lend_result hand_back(struct fixture *f, uint32_t cpu, struct thread_ref to)
{
    return fixture_hand(f, cpu, sched_hand_back, to);
}

static void go_home(struct fixture *f, uint32_t cpu)
{
    struct decision d;

    sched_go_home(f->s, rq_of(f->s, cpu), f->now, &d);
    fixture_act(f, cpu, d);
}

static enum lend_result borrow(struct fixture *f, uint32_t cpu, struct thread_ref from)
{
    struct decision d;
    enum lend_result result = sched_borrow(f->s, rq_of(f->s, cpu), from, f->now, &d);

    fixture_act(f, cpu, d);
    return result;
}

static void kill_by(struct fixture *f, uint32_t cpu, struct thread_ref ref)
{
    fixture_act(f, cpu, sched_kill(f->s, cpu, ref, f->now));
    fixture_deliver_all(f);
}

static void release(struct fixture *f, uint32_t cpu, struct thread_ref expected)
{
    struct thread_ref ref = sched_take_reaped(f->s, cpu);

    assert_int_equal(ref.slot, expected.slot);
    sched_release(f->s, ref);
}

static void pass(struct fixture *f, uint64_t ns)
{
    f->now = mono_add(f->now, ns);
}

/* Goal: what a server does is paid by its caller, and nothing of the queue moves.  Method: a call
 * of 300 ns and its return; ledgers, contexts, deadline and instants by hand. */
static void test_lend_caller_pays(void **state)
{
    struct fixture *f = fixture_new(1, 4, 0);
    struct thread_ref callee = fixture_waiter(f, 1024);
    struct thread_ref caller = fixture_start(f, 1024, LATENCY_NORMAL);
    struct sc *c = sc_of(f->s, caller.slot);

    (void)state;
    pass(f, 100);
    int64_t deadline_vns = c->vdeadline.vns;

    assert_int_equal(lend(f, 0, callee), LEND_DONE);
    assert_int_equal(fixture_current(f, 0), callee.slot);
    assert_true(lend_is_lent(f->s, callee.slot));
    sched_check(f->s);
    pass(f, 300);
    assert_int_equal(hand_back(f, 0, caller), LEND_DONE);
    assert_int_equal(fixture_current(f, 0), caller.slot);
    assert_false(lend_is_lent(f->s, callee.slot));
    pass(f, 50);
    fixture_decide(f, 0);
    fixture_block(f, 0);
    assert_int_equal(fixture_runtime_ns(f, caller), 150);
    assert_int_equal(fixture_runtime_ns(f, callee), 300);
    assert_int_equal(c->consumed_ns, 450);
    assert_int_equal(sc_of(f->s, callee.slot)->consumed_ns, 0);
    assert_int_equal(c->vdeadline.vns, deadline_vns);
    sched_check(f->s);
    fixture_free(f);
}

/* Goal: a pair on one context beside a hog has half of the CPU, whoever of the two runs.
 * Method: calls of 200 us and returns of 100 us for 1 s. */
static void test_lend_pair_has_one_share(void **state)
{
    struct fixture *f = fixture_new(1, 4, 0);
    struct thread_ref callee = fixture_waiter(f, 1024);
    struct thread_ref caller = fixture_start(f, 1024, LATENCY_NORMAL);
    struct thread_ref hog = fixture_start(f, 1024, LATENCY_NORMAL);

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        fixture_run(f, 100 * NS_PER_US);
        if (fixture_current(f, 0) == caller.slot)
            assert_int_equal(lend(f, 0, callee), LEND_DONE);
        else if (fixture_current(f, 0) == callee.slot && i % 2 == 0)
            assert_int_equal(hand_back(f, 0, caller), LEND_DONE);
    }
    fixture_decide(f, 0);
    uint64_t pair_ns = fixture_runtime_ns(f, caller) + fixture_runtime_ns(f, callee);
    uint64_t hog_ns = fixture_runtime_ns(f, hog);

    assert_true(fixture_runtime_ns(f, callee) > pair_ns / 4);
    assert_true(pair_ns < hog_ns + 4 * NS_PER_MS && hog_ns < pair_ns + 4 * NS_PER_MS);
    sched_check(f->s);
    fixture_free(f);
}

/* Goal: each reason to refuse, which changes nothing.  Method: one case each, counted. */
static void test_lend_refusals(void **state)
{
    struct fixture *f = fixture_new(2, 16, 0);
    struct thread_ref callee = fixture_waiter(f, 1024);
    struct thread_ref caller = fixture_start(f, 1024, LATENCY_NORMAL);
    struct thread_ref queued = fixture_start(f, 1024, LATENCY_NORMAL);
    struct thread_ref stale = {callee.slot, callee.gen + 1};
    const uint64_t *counts = rq_of(f->s, 0)->stat.lend_count;

    (void)state;
    assert_int_equal(lend(f, 0, queued), LEND_NOT_WAITING);
    assert_int_equal(lend(f, 0, stale), LEND_NOT_WAITING);
    assert_int_equal(hand_back(f, 0, callee), LEND_NOT_WAITING);
    fixture_act(f, 1, sched_set_mask(f->s, 1, callee, (const uint64_t[]){2}, f->now));
    assert_int_equal(lend(f, 0, callee), LEND_MASK);
    fixture_act(f, 1, sched_set_mask(f->s, 1, callee, (const uint64_t[]){3}, f->now));
    (void)fixture_set_weight(f, 1, callee, 2048);
    assert_int_equal(lend(f, 0, callee), LEND_OTHER_CARE);
    fixture_act(f, 1, sched_kill(f->s, 1, caller, f->now));
    assert_int_equal(lend(f, 0, callee), LEND_OWN_CARE);
    assert_int_equal(counts[LEND_NOT_WAITING], 3);
    assert_int_equal(counts[LEND_MASK], 1);
    assert_int_equal(counts[LEND_OTHER_CARE], 1);
    assert_int_equal(counts[LEND_OWN_CARE], 1);
    assert_int_equal(counts[LEND_DONE], 0);
    sched_check(f->s);
    fixture_free(f);
}

/* A chain on CPU 0: refs[0] is the root, refs[count - 1] runs. */
static void make_chain(struct fixture *f, struct thread_ref *refs, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        refs[i] = fixture_waiter(f, 1024);
    refs[0] = fixture_start(f, 1024, LATENCY_NORMAL);
    for (uint32_t i = 1; i < count; i++) {
        pass(f, 10);
        assert_int_equal(lend(f, 0, refs[i]), LEND_DONE);
        sched_check(f->s);
    }
}

/* Goal: a context goes LEND_DEPTH_MAX deep and all the way back; it goes no further, lent or
 * borrowed, and who waits with it can be woken after that. */
static void test_lend_depth(void **state)
{
    struct fixture *f = fixture_new(1, 16, 0);
    struct thread_ref refs[LEND_DEPTH_MAX + 1];
    struct thread_ref extra = fixture_waiter(f, 1024);

    (void)state;
    make_chain(f, refs, LEND_DEPTH_MAX + 1);
    assert_int_equal(lend(f, 0, extra), LEND_DEPTH);
    fixture_block(f, 0);
    (void)fixture_wake(f, 0, extra);
    assert_int_equal(borrow(f, 0, refs[LEND_DEPTH_MAX]), LEND_DEPTH);
    assert_false(lend_is_lent(f->s, extra.slot));
    assert_false(thread_word_read(f->s, refs[LEND_DEPTH_MAX].slot).is_lender);
    fixture_block(f, 0);
    (void)fixture_wake(f, 0, refs[LEND_DEPTH_MAX]);
    assert_int_equal(fixture_current(f, 0), refs[LEND_DEPTH_MAX].slot);
    sched_check(f->s);
    for (uint32_t i = LEND_DEPTH_MAX; i > 0; i--) {
        assert_int_equal(hand_back(f, 0, refs[i - 1]), LEND_DONE);
        sched_check(f->s);
    }
    assert_int_equal(fixture_current(f, 0), refs[0].slot);
    fixture_free(f);
}

/* Goal: a wake does not run a lender; it is kept.  Method: wake the caller while the server runs;
 * after the return it runs on; after a parting a later wake lets it run, or one kept at once. */
static void test_lend_wake_of_a_lender(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref refs[2];

    (void)state;
    make_chain(f, refs, 2);
    (void)fixture_wake(f, 1, refs[0]);
    fixture_deliver_all(f);
    assert_int_equal(fixture_current(f, 0), refs[1].slot);
    assert_int_equal(thread_word_read(f->s, refs[0].slot).state, THREAD_BLOCKED);
    assert_int_equal(hand_back(f, 0, refs[0]), LEND_DONE);
    assert_int_equal(fixture_current(f, 0), refs[0].slot);
    assert_int_equal(lend(f, 0, refs[1]), LEND_DONE);
    go_home(f, 0);
    assert_int_equal(fixture_current(f, 0), refs[1].slot);
    assert_false(lend_is_lent(f->s, refs[1].slot));
    sched_check(f->s);
    assert_int_equal(thread_word_read(f->s, refs[0].slot).state, THREAD_BLOCKED);
    (void)fixture_wake(f, 0, refs[0]);
    assert_int_equal(thread_word_read(f->s, refs[0].slot).state, THREAD_QUEUED);
    fixture_block(f, 0);
    assert_int_equal(lend(f, 0, refs[1]), LEND_DONE);
    (void)fixture_wake(f, 1, refs[0]);
    go_home(f, 0);
    assert_int_not_equal(thread_word_read(f->s, refs[0].slot).state, THREAD_BLOCKED);
    sched_check(f->s);
    fixture_free(f);
}

/* Goal: whoever of a chain dies, what is above has the context back, and what is below goes on with
 * its own.  Method: each member of a chain of four, killed from another CPU; then the threads that
 * are left, one by one. */
static void test_lend_death_of_each_member(void **state)
{
    (void)state;
    for (uint32_t dies = 0; dies < 4; dies++) {
        struct fixture *f = fixture_new(2, 8, 0);
        struct thread_ref refs[4];

        make_chain(f, refs, 4);
        pass(f, 10);
        kill_by(f, 1, refs[dies]);
        sched_check(f->s);
        release(f, 0, refs[dies]);
        sched_check(f->s);
        for (uint32_t i = 0; i < 4; i++)
            if (i != dies)
                assert_int_equal(sc_thread(sc_of(f->s, thread_sc(thread_of(f->s, refs[i].slot)))),
                                 i < dies ? refs[dies - 1].slot : refs[3].slot);
        if (dies > 0) {
            assert_false(thread_word_read(f->s, refs[dies - 1].slot).is_lender);
            assert_int_equal(thread_sc(thread_of(f->s, refs[dies - 1].slot)), refs[0].slot);
        }
        assert_int_equal(fixture_current(f, 0), dies < 3 ? refs[3].slot : SLOT_NONE);
        for (uint32_t i = 4; i-- > 0;)
            if (i != dies) {
                kill_by(f, 1, refs[i]);
                sched_check(f->s);
            }
        fixture_free(f);
    }
}

/* Goal: a lender ends soon, also when the user of its context is queued or waits for something
 * else.  Method: kill the caller in both states; its slot comes back, the server is at home. */
static void test_lend_death_while_the_user_does_not_run(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);
    struct thread_ref refs[2], hog;

    (void)state;
    make_chain(f, refs, 2);
    hog = fixture_start(f, 1 << 16, LATENCY_NORMAL);
    while (fixture_current(f, 0) != hog.slot)
        fixture_run(f, NS_PER_MS);
    assert_int_equal(thread_word_read(f->s, refs[1].slot).state, THREAD_QUEUED);
    kill_by(f, 1, refs[0]);
    sched_check(f->s);
    release(f, 0, refs[0]);
    assert_false(lend_is_lent(f->s, refs[1].slot));
    kill_by(f, 1, hog);
    release(f, 0, hog);
    kill_by(f, 1, refs[1]);
    release(f, 0, refs[1]);

    make_chain(f, refs, 2);
    fixture_block(f, 0);
    kill_by(f, 1, refs[0]);
    sched_check(f->s);
    release(f, 0, refs[0]);
    assert_int_equal(fixture_current(f, 0), refs[1].slot);
    assert_false(lend_is_lent(f->s, refs[1].slot));
    fixture_free(f);
}

/* Goal: a lender ends although its server waits before its CPU has taken the interrupt for that.
 * Method: the kill, then the block, then the interrupt. */
static void test_lend_death_before_a_block(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);
    struct thread_ref refs[2];

    (void)state;
    make_chain(f, refs, 2);
    fixture_act(f, 1, sched_kill(f->s, 1, refs[0], f->now));
    fixture_block(f, 0);
    fixture_deliver_all(f);
    sched_check(f->s);
    release(f, 0, refs[0]);
    assert_false(lend_is_lent(f->s, refs[1].slot));
    fixture_free(f);
}

/* Goal: who learns of what another CPU has done to a queued server.  Method: its lender is killed
 * from CPU 1: CPU 0 is kicked, as somebody is to be taken down there. */
static void test_lend_death_is_announced(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);
    struct thread_ref refs[2], hog;

    (void)state;
    make_chain(f, refs, 2);
    hog = fixture_start(f, 1 << 16, LATENCY_NORMAL);
    while (fixture_current(f, 0) != hog.slot)
        fixture_run(f, NS_PER_MS);
    assert_int_equal(f->kicks[0], 0);
    fixture_act(f, 1, sched_kill(f->s, 1, refs[0], f->now));
    assert_int_equal(thread_word_read(f->s, refs[0].slot).state, THREAD_DEAD);
    assert_int_equal(f->kicks[0], 1);
    fixture_free(f);
}

/* Goal: a server with an urgent context is urgent, though its lender will be less so.  Method: a
 * post of it to a CPU that runs a less urgent thread. */
static void test_lend_class_over_a_post(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);
    struct thread_ref callee = fixture_waiter(f, 1024);
    struct thread_ref caller = fixture_start(f, 1024, LATENCY_INTERACTIVE);

    (void)state;
    assert_int_equal(lend(f, 0, callee), LEND_DONE);
    fixture_block(f, 0);
    (void)fixture_start(f, 1024, LATENCY_NORMAL);
    (void)fixture_start(f, 1024, LATENCY_NORMAL);
    fixture_act(f, 0, sched_set_class(f->s, 0, caller, LATENCY_BATCH, f->now));
    assert_int_equal(f->kicks[0], 0);
    (void)fixture_wake(f, 1, callee);
    assert_int_equal(f->kicks[0], 1);
    fixture_deliver_all(f);
    assert_int_equal(sc_of(f->s, caller.slot)->latency_class, LATENCY_INTERACTIVE);
    sched_check(f->s);
    fixture_free(f);
}

/* Goal: a server takes the context of who waits in its line.  Method: a blocked caller, on another
 * CPU's clock; the server borrows, is preempted, hands back. */
static void test_lend_borrow(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);
    struct thread_ref caller = fixture_thread(f, 2048, LATENCY_NORMAL, 3, 1);
    struct thread_ref callee = fixture_start(f, 1024, LATENCY_NORMAL);

    (void)state;
    (void)fixture_wake(f, 1, caller);
    fixture_deliver_all(f);
    assert_int_equal(fixture_current(f, 1), caller.slot);
    assert_int_equal(borrow(f, 0, caller), LEND_NOT_WAITING);
    fixture_run(f, NS_PER_MS);
    fixture_block(f, 1);
    assert_int_equal(borrow(f, 0, caller), LEND_DONE);
    assert_int_equal(rq_of(f->s, 0)->w, 2048);
    sched_check(f->s);
    pass(f, 100);
    assert_int_equal(hand_back(f, 0, caller), LEND_DONE);
    assert_int_equal(fixture_current(f, 0), caller.slot);
    assert_int_equal(fixture_runtime_ns(f, callee), NS_PER_MS + 100);
    assert_int_equal(sc_of(f->s, caller.slot)->consumed_ns, NS_PER_MS + 100);
    sched_check(f->s);
    fixture_free(f);
}

/* Goal: a policy set for a server on a lent context is its home's, for later; one set for a lender
 * waits until it has its context back. */
static void test_lend_policy(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);
    struct thread_ref refs[2];

    (void)state;
    make_chain(f, refs, 2);
    (void)fixture_set_weight(f, 1, refs[1], 4096);
    fixture_deliver_all(f);
    assert_int_equal(sc_of(f->s, refs[1].slot)->weight, 4096);
    assert_int_equal(rq_of(f->s, 0)->w, 1024);
    (void)fixture_set_weight(f, 1, refs[0], 512);
    fixture_deliver_all(f);
    assert_int_equal(rq_of(f->s, 0)->w, 1024);
    assert_int_equal(hand_back(f, 0, refs[0]), LEND_OTHER_CARE);
    go_home(f, 0);
    assert_int_equal(rq_of(f->s, 0)->w, 4096);
    (void)fixture_wake(f, 0, refs[0]);
    fixture_decide(f, 0);
    assert_int_equal(rq_of(f->s, 0)->w, 4096 + 512);
    sched_check(f->s);
    fixture_free(f);
}

/* Goal: a lender that was woken and changed while it lent is queued as what it is now.  Method:
 * both from another CPU, then the server parts. */
static void test_lend_policy_of_a_woken_lender(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);
    struct thread_ref refs[2];

    (void)state;
    make_chain(f, refs, 2);
    (void)fixture_set_weight(f, 1, refs[0], 2048);
    (void)fixture_wake(f, 1, refs[0]);
    go_home(f, 0);
    assert_int_equal(fixture_current(f, 0), refs[1].slot);
    assert_int_equal(rq_of(f->s, 0)->w, 1024 + 2048);
    sched_check(f->s);
    fixture_free(f);
}

#define LIVES 12u

struct life {
    struct thread_ref refs[LIVES];
    uint64_t results[LEND_RESULT_COUNT];
    uint64_t back, home, borrowed, reaped;
};

static void run_one(struct fixture *f, struct life *life, struct prng *p, uint32_t cpu)
{
    struct thread_ref other = life->refs[prng_below(p, LIVES)];
    uint32_t current = fixture_current(f, cpu);

    if (current == SLOT_NONE)
        return;
    if (lend_is_lent(f->s, current) && prng_below(p, 2) == 0) {
        struct thread_ref to = thread_ref_of(f->s, sc_of(f->s, current)->lent.lender);

        if (hand_back(f, cpu, to) == LEND_DONE)
            life->back++;
    } else if (lend_is_lent(f->s, current) && prng_below(p, 4) == 0) {
        go_home(f, cpu);
        life->home++;
    } else if (!lend_is_lent(f->s, current) && prng_below(p, 4) == 0) {
        if (thread_sc(thread_of(f->s, other.slot)) == other.slot)
            life->borrowed += borrow(f, cpu, other) == LEND_DONE;
    } else if (thread_sc(thread_of(f->s, other.slot)) == other.slot) {
        life->results[lend(f, cpu, other)]++;
    }
}

static void random_step(struct fixture *f, struct life *life, struct prng *p)
{
    uint32_t cpu = (uint32_t)prng_below(p, f->s->cpu_count);
    struct thread_ref *ref = &life->refs[prng_below(p, LIVES)];
    uint64_t mask = 1 + prng_below(p, 7);

    switch (prng_below(p, 12)) {
    case 0:
        if (!thread_ref_is_live(f->s, *ref))
            *ref = fixture_thread(f, 1 + (uint32_t)prng_below(p, 3000),
                                  (enum latency_class)prng_below(p, 3), 0, cpu);
        break;
    case 1:
        if (prng_below(p, 3) == 0)
            fixture_act(f, cpu, sched_kill(f->s, cpu, *ref, f->now));
        break;
    case 2:
        fixture_act(f, cpu, sched_set_mask(f->s, cpu, *ref, &mask, f->now));
        break;
    case 3:
        (void)fixture_set_weight(f, cpu, *ref, 1 + (uint32_t)prng_below(p, 3000));
        break;
    case 4:
        if (fixture_current(f, cpu) != SLOT_NONE)
            fixture_block(f, cpu);
        break;
    case 5:
    case 6:
        (void)fixture_deliver(f, cpu);
        break;
    case 7:
        (void)fixture_wake(f, cpu, *ref);
        break;
    default:
        run_one(f, life, p, cpu);
    }
}

/* Goal: no slot, context or nanosecond is lost, whatever happens to chains.  Method: 2 * 10^5
 * random calls, returns, partings, borrowings, kills, masks, weights, blocks and wakes on 3 CPUs,
 * all invariants after each; then everybody is killed and every slot comes back. */
static void test_lend_random_lives(void **state)
{
    struct fixture *f = fixture_new(3, LIVES, 7);
    struct prng p = prng_seed(11);
    struct life life = {.back = 0};

    (void)state;
    for (uint32_t i = 0; i < LIVES; i++)
        life.refs[i] = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    for (unsigned step = 0; step < 200000; step++) {
        pass(f, prng_below(&p, 60000));
        random_step(f, &life, &p);
        sched_check(f->s);
        life.reaped += fixture_release_all(f);
    }
    for (uint32_t i = 0; i < LIVES; i++)
        fixture_act(f, 0, sched_kill(f->s, 0, life.refs[i], f->now));
    fixture_run(f, 100 * NS_PER_MS);
    (void)fixture_release_all(f);
    for (uint32_t i = 0; i < LIVES; i++)
        assert_false(thread_ref_is_live(f->s, life.refs[i]));
    sched_check(f->s);
    assert_true(life.back > 1000 && life.home > 500 && life.borrowed > 500 && life.reaped > 1000);
    for (uint32_t i = 0; i < LEND_RESULT_COUNT; i++)
        assert_true(i >= LEND_DEPTH || life.results[i] > 10);
    fixture_free(f);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lend_caller_pays),
        cmocka_unit_test(test_lend_pair_has_one_share),
        cmocka_unit_test(test_lend_refusals),
        cmocka_unit_test(test_lend_depth),
        cmocka_unit_test(test_lend_wake_of_a_lender),
        cmocka_unit_test(test_lend_death_of_each_member),
        cmocka_unit_test(test_lend_death_while_the_user_does_not_run),
        cmocka_unit_test(test_lend_death_before_a_block),
        cmocka_unit_test(test_lend_death_is_announced),
        cmocka_unit_test(test_lend_class_over_a_post),
        cmocka_unit_test(test_lend_borrow),
        cmocka_unit_test(test_lend_policy),
        cmocka_unit_test(test_lend_policy_of_a_woken_lender),
        cmocka_unit_test(test_lend_random_lives),
    };

    fixture_choose_test(argument_count, arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
