/* SPDX-License-Identifier: MIT */
/* lend_turn_test.c - sched_turn_over: a wake and a block in one (core/lend.h). */
#include "core/fixture/fixture.h"
#include "core/lend.h"

#define LATE_NS (20 * NS_PER_MS) /* more than any slice */

static void pass(struct fixture *f, uint64_t ns)
{
    f->now = mono_add(f->now, ns);
}

static enum lend_result turn_over(struct fixture *f, uint32_t cpu, struct thread_ref to)
{
    return fixture_hand(f, cpu, sched_turn_over, to);
}

/* The same in two steps, with no decision in between. */
static void wake_and_block(struct fixture *f, uint32_t cpu, struct thread_ref to)
{
    struct decision d = sched_wake(f->s, cpu, to, WAKE_ENDPOINT, f->now);

    assert_int_equal(d.kick_count, 0);
    fixture_block(f, cpu);
}

/* A pair of which one waits for the other by turns, in one of two ways. */
struct pair {
    struct fixture *f;
    struct thread_ref refs[2];
};

static struct pair pair_new(uint32_t weight, uint32_t other)
{
    struct pair p = {.f = fixture_new(1, 4, 0)};

    p.refs[1] = fixture_waiter(p.f, other);
    p.refs[0] = fixture_start(p.f, weight, LATENCY_NORMAL);
    return p;
}

static void assert_same_context(const struct pair *a, const struct pair *b, uint32_t i)
{
    const struct sc *x = sc_of(a->f->s, a->refs[i].slot);
    const struct sc *y = sc_of(b->f->s, b->refs[i].slot);
    const struct ledger *one = &thread_of(a->f->s, a->refs[i].slot)->ledger;
    const struct ledger *other = &thread_of(b->f->s, b->refs[i].slot)->ledger;

    assert_int_equal(x->v.vns, y->v.vns);
    assert_int_equal(x->vdeadline.vns, y->vdeadline.vns);
    assert_int_equal(x->lag_vns, y->lag_vns);
    assert_int_equal(x->consumed_ns, y->consumed_ns);
    assert_int_equal(one->runtime_ns, other->runtime_ns);
    assert_int_equal(one->switch_count, other->switch_count);
    assert_int_equal(one->block_count, other->block_count);
}

static void assert_same_queue(const struct pair *a, const struct pair *b)
{
    const struct rq *x = rq_of(a->f->s, 0);
    const struct rq *y = rq_of(b->f->s, 0);

    assert_int_equal(x->current, y->current);
    assert_int_equal(x->w, y->w);
    assert_int_equal(x->v0.vns, y->v0.vns);
    assert_int_equal(x->stat.switch_count, y->stat.switch_count);
    assert_true(rq_protect_end(x).ns == rq_protect_end(y).ns);
}

/* Goal: turning over comes to what a wake and a block come to: clock, contexts, ledgers, and until
 * when who runs is protected.  Method: two machines, 200 turns of 1 us to 2 ms, with equal
 * and with other weights. */
static void test_turn_over_is_wake_and_block(void **state)
{
    static const uint32_t weights[][2] = {{1024, 1024}, {1024, 3072}, {512, 15}};

    (void)state;
    for (uint32_t k = 0; k < ARRAY_COUNT(weights); k++) {
        struct pair a = pair_new(weights[k][0], weights[k][1]);
        struct pair b = pair_new(weights[k][0], weights[k][1]);
        uint32_t done_count = 0;

        for (uint32_t turn = 0; turn < 200; turn++) {
            uint64_t ns = 1000 + turn * 400009 % (2 * NS_PER_MS);
            uint32_t to = (turn + 1) % 2;

            pass(a.f, ns);
            pass(b.f, ns);
            enum lend_result result = turn_over(a.f, 0, a.refs[to]);

            done_count += result == LEND_DONE;
            if (result != LEND_DONE) { /* a check is due */
                assert_int_equal(result, LEND_NOT_ALONE);
                wake_and_block(a.f, 0, a.refs[to]);
            }
            wake_and_block(b.f, 0, b.refs[to]);
            assert_int_equal(fixture_current(a.f, 0), a.refs[to].slot);
            assert_same_queue(&a, &b);
            assert_same_context(&a, &b, 0);
            assert_same_context(&a, &b, 1);
            sched_check(a.f->s);
        }
        assert_true(done_count > 50);
        fixture_free(a.f);
        fixture_free(b.f);
    }
}

/* Goal: each reason to refuse, which changes nothing.  Method: one case each. */
static void test_turn_over_refusals(void **state)
{
    struct fixture *f = fixture_new(2, 16, 0);
    struct thread_ref callee = fixture_waiter(f, 1024);
    struct thread_ref elsewhere = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 1);
    struct thread_ref stale = {callee.slot, callee.gen + 1};

    (void)state;
    (void)fixture_wake(f, 1, elsewhere);
    fixture_block(f, 1);
    struct thread_ref caller = fixture_start(f, 1024, LATENCY_NORMAL);

    assert_int_equal(fixture_current(f, 0), caller.slot);
    assert_int_equal(turn_over(f, 0, stale), LEND_NOT_WAITING);
    assert_int_equal(turn_over(f, 0, caller), LEND_NOT_WAITING);
    assert_int_equal(turn_over(f, 0, elsewhere), LEND_NOT_ALONE); /* it would wake on CPU 1 */
    struct thread_ref queued = fixture_start(f, 1024, LATENCY_NORMAL);

    assert_int_equal(turn_over(f, 0, callee), LEND_NOT_ALONE); /* it would have to compete */
    assert_int_equal(turn_over(f, 0, queued), LEND_NOT_WAITING);
    (void)fixture_set_weight(f, 1, callee, 2048);
    assert_int_equal(turn_over(f, 0, callee), LEND_OTHER_CARE);
    fixture_act(f, 1, sched_kill(f->s, 1, caller, f->now));
    assert_int_equal(turn_over(f, 0, callee), LEND_OWN_CARE);
    assert_int_equal(fixture_current(f, 0), caller.slot);
    sched_check(f->s);
    fixture_free(f);
}

/* Goal: who comes beside a pair that turns over has to wait for a slice of whose turn it is, and no
 * longer.  Method: turns for 20 ms, a third thread wakes 1 ms into the last. */
static void test_turn_over_protects_whose_turn_it_is(void **state)
{
    struct pair p = {.f = fixture_new(1, 4, 0)};
    struct thread_ref third = fixture_waiter(p.f, 1024);
    uint64_t slice_ns = sc_slice_ns(LATENCY_NORMAL);

    (void)state;
    p.refs[1] = fixture_waiter(p.f, 1024);
    p.refs[0] = fixture_start(p.f, 1024, LATENCY_NORMAL);
    for (uint64_t at = 0; at < LATE_NS; at += NS_PER_MS) {
        pass(p.f, NS_PER_MS);
        fixture_decide(p.f, 0); /* a check may be due */
        assert_int_equal(turn_over(p.f, 0, p.refs[1 - at / NS_PER_MS % 2]), LEND_DONE);
    }
    uint32_t running = fixture_current(p.f, 0);

    pass(p.f, NS_PER_MS);
    (void)fixture_wake(p.f, 0, third);
    assert_int_equal(fixture_current(p.f, 0), running);
    fixture_run(p.f, slice_ns - NS_PER_MS - 1);
    assert_int_equal(fixture_current(p.f, 0), running);
    fixture_run(p.f, 1);
    assert_int_equal(fixture_current(p.f, 0), third.slot);
    sched_check(p.f->s);
    fixture_free(p.f);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turn_over_is_wake_and_block),
        cmocka_unit_test(test_turn_over_refusals),
        cmocka_unit_test(test_turn_over_protects_whose_turn_it_is),
    };

    fixture_choose_test(argument_count, arguments);
    return cmocka_run_group_tests_name("core/lend_turn", tests, NULL, NULL);
}
