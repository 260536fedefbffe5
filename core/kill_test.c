/* SPDX-License-Identifier: MIT */
#include "base/prng.h"
#include "core/fixture/fixture.h"

static struct thread_ref hog(struct fixture *f, uint32_t cpu)
{
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, UINT64_C(1) << cpu, cpu);

    (void)fixture_wake(f, cpu, ref);
    fixture_deliver_all(f);
    return ref;
}

static enum status kill_from(struct fixture *f, uint32_t cpu, struct thread_ref ref)
{
    struct decision d = sched_kill(f->s, cpu, ref, f->now);

    fixture_act(f, cpu, d);
    fixture_deliver_all(f);
    return d.status;
}

/* Take the one thread that was reaped on `cpu` and give its slot back. */
static void release_one(struct fixture *f, uint32_t cpu, struct thread_ref expected)
{
    struct thread_ref ref = sched_take_reaped(f->s, cpu);

    assert_int_equal(ref.slot, expected.slot);
    assert_int_equal(ref.gen, expected.gen);
    sched_check(f->s);
    sched_release(f->s, ref);
    assert_true(thread_ref_is_none(sched_take_reaped(f->s, cpu)));
    assert_false(thread_ref_is_live(f->s, expected));
}

/* Goal: a thread that was never started, or waits, is dead at once, on the killer's CPU. */
static void test_kill_of_new_and_blocked(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref fresh = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    struct thread_ref waits = hog(f, 0);

    (void)state;
    f->now = mono_add(f->now, 500);
    fixture_block(f, 0);
    assert_int_equal(kill_from(f, 1, fresh), STATUS_OK);
    release_one(f, 1, fresh);
    assert_int_equal(kill_from(f, 1, waits), STATUS_OK);
    assert_int_equal(rq_of(f->s, 1)->retired_ns, 500);
    release_one(f, 1, waits);
    assert_int_equal(kill_from(f, 0, waits), STATUS_STALE);
    assert_int_equal(fixture_wake(f, 0, waits).status, STATUS_STALE);
    fixture_free(f);
}

/* Goal: a thread running elsewhere is off its CPU after one kick, charged to the nanosecond. */
static void test_kill_of_running_elsewhere(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref victim = hog(f, 1);

    (void)state;
    f->now = mono_add(f->now, 777);
    assert_int_equal(kill_from(f, 0, victim), STATUS_OK);
    assert_int_equal(fixture_current(f, 1), SLOT_NONE);
    assert_true(f->last.has_reaped);
    assert_int_equal(rq_of(f->s, 1)->busy_ns, 777);
    release_one(f, 1, victim);
    fixture_free(f);
}

/* Goal: a thread may end itself by a kill; the next one runs. */
static void test_kill_of_oneself(void **state)
{
    struct fixture *f = fixture_new(1, 4, 0);
    struct thread_ref self = hog(f, 0);
    struct thread_ref next = hog(f, 0);

    (void)state;
    assert_int_equal(fixture_current(f, 0), self.slot);
    assert_int_equal(kill_from(f, 0, self), STATUS_OK);
    assert_int_equal(fixture_current(f, 0), next.slot);
    release_one(f, 0, self);
    fixture_free(f);
}

/* Goal: a queued thread leaves its queue at once, also one of another CPU. */
static void test_kill_of_queued(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref queued;

    (void)state;
    (void)hog(f, 1);
    queued = hog(f, 1);
    assert_int_equal(thread_word_read(f->s, queued.slot).state, THREAD_QUEUED);
    assert_int_equal(kill_from(f, 0, queued), STATUS_OK);
    assert_int_equal(rq_queued_count(rq_of(f->s, 1)), 0);
    assert_int_equal(port_load64(&f->s->clusters[0].overload.bits), 0);
    release_one(f, 1, queued);
    fixture_free(f);
}

/* Goal: a busy lock makes nobody wait: the kill says BUSY, the thread ends when it is picked. */
static void test_kill_of_queued_behind_a_busy_lock(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref queued;

    (void)state;
    (void)hog(f, 1);
    queued = hog(f, 1);
    rq_of(f->s, 1)->lock.refuse_count = 1;
    assert_int_equal(kill_from(f, 0, queued), STATUS_BUSY);
    assert_true(thread_ref_is_live(f->s, queued));
    fixture_run(f, 2 * SLICE_NORMAL_NS);
    release_one(f, 1, queued);
    fixture_free(f);
}

/* Goal: a thread in an inbox never reaches the queue. */
static void test_kill_of_posted(void **state)
{
    struct fixture *f = fixture_new(2, 8, 0);
    struct thread_ref posted;

    (void)state;
    (void)hog(f, 0);
    (void)hog(f, 1);
    (void)hog(f, 1);
    posted = fixture_thread(f, 1024, LATENCY_NORMAL, 2, 1);
    assert_int_equal(fixture_wake(f, 0, posted).kick_count, 0);
    assert_int_equal(thread_word_read(f->s, posted.slot).state, THREAD_INBOX);
    assert_int_equal(kill_from(f, 0, posted), STATUS_OK);
    assert_int_equal(rq_queued_count(rq_of(f->s, 1)), 1);
    release_one(f, 1, posted);
    fixture_free(f);
}

/* Goal: a thread on its way between two CPUs ends where it arrives. */
static void test_kill_of_migrating(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref moved;

    (void)state;
    (void)hog(f, 0);
    moved = hog(f, 0);
    rq_detach(f->s, rq_of(f->s, 0), moved.slot, 1, f->now);
    assert_int_equal(kill_from(f, 0, moved), STATUS_OK);
    assert_int_equal(thread_word_read(f->s, moved.slot).state, THREAD_MIGRATING);
    rq_attach(f->s, rq_of(f->s, 1), moved.slot, 1, f->now);
    (void)rq_publish_overload(f->s, rq_of(f->s, 0));
    release_one(f, 1, moved);
    fixture_free(f);
}

/* Goal: a doomed thread does not block any more, and killing twice is harmless. */
static void test_kill_twice_and_block(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref victim = hog(f, 1);
    struct decision d = sched_kill(f->s, 0, victim, f->now);

    (void)state;
    assert_int_equal(d.kick_count, 1);
    assert_int_equal(sched_kill(f->s, 0, victim, f->now).status, STATUS_OK);
    fixture_block(f, 1);
    assert_int_equal(fixture_current(f, 1), SLOT_NONE);
    assert_int_equal(thread_word_read(f->s, victim.slot).state, THREAD_DEAD);
    sched_kicked(f->s, 1);
    fixture_decide(f, 1);
    release_one(f, 1, victim);
    fixture_free(f);
}

#define LIVES 64u

struct life {
    struct thread_ref refs[LIVES];
    uint32_t killed_in[THREAD_STATE_COUNT];
    uint32_t released;
    uint32_t created;
    uint32_t exited;
};

static void random_life(struct fixture *f, struct life *life, struct prng *p)
{
    uint32_t cpu = (uint32_t)prng_below(p, f->s->cpu_count);
    uint32_t i = (uint32_t)prng_below(p, LIVES);
    struct thread_params params = {.weight = 1 + (uint32_t)prng_below(p, 2000),
                                   .latency_class = (enum latency_class)prng_below(p, 3),
                                   .start_cpu = cpu};

    switch (prng_below(p, 8)) {
    case 0:
    case 1:
        if (!thread_ref_is_live(f->s, life->refs[i]) &&
            sched_thread_create(f->s, &params, &life->refs[i]) == STATUS_OK)
            life->created++;
        break;
    case 2:
        if (thread_ref_is_live(f->s, life->refs[i])) {
            life->killed_in[thread_word_read(f->s, life->refs[i].slot).state]++;
            fixture_act(f, cpu, sched_kill(f->s, cpu, life->refs[i], f->now));
        }
        break;
    case 3:
        if (fixture_current(f, cpu) != SLOT_NONE)
            fixture_block(f, cpu);
        break;
    case 4:
        (void)fixture_deliver(f, cpu);
        break;
    case 5:
        if (fixture_current(f, cpu) != SLOT_NONE && prng_below(p, 8) == 0) {
            fixture_exit(f, cpu);
            life->exited++;
        }
        break;
    default:
        (void)fixture_wake(f, cpu, life->refs[i]);
    }
}

/* Goal: no slot and no nanosecond is lost over many lives.  Method: 2 * 10^5 random creations,
 * kills in every state, ends, wakes and blocks on 4 CPUs; then everybody is killed: all slots are
 * free again and the accounts balance. */
static void test_kill_leaves_nothing_behind(void **state)
{
    struct fixture *f = fixture_new(4, LIVES, 9);
    struct prng p = prng_seed(4);
    struct life life = {.created = 0};

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        f->now = mono_add(f->now, prng_below(&p, 60000));
        random_life(f, &life, &p);
        life.released += fixture_release_all(f);
        if (i % 500 == 0)
            sched_check(f->s);
    }
    for (unsigned i = 0; i < LIVES; i++)
        fixture_act(f, 0, sched_kill(f->s, 0, life.refs[i], f->now));
    fixture_run(f, 100 * NS_PER_MS);
    life.released += fixture_release_all(f);
    assert_int_equal(life.created, life.released + life.exited);
    assert_true(life.created > 1000);
    for (unsigned i = THREAD_NEW; i < THREAD_THROTTLED; i++)
        assert_true(life.killed_in[i] > 0 || i == THREAD_MIGRATING);
    for (unsigned i = 0; i < LIVES; i++)
        assert_int_not_equal(arena_slot_take(f->s), SLOT_NONE);
    assert_int_equal(arena_slot_take(f->s), SLOT_NONE);
    for (uint32_t slot = 0; slot < LIVES; slot++)
        arena_slot_give(f->s, slot);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kill_of_new_and_blocked),
        cmocka_unit_test(test_kill_of_running_elsewhere),
        cmocka_unit_test(test_kill_of_oneself),
        cmocka_unit_test(test_kill_of_queued),
        cmocka_unit_test(test_kill_of_queued_behind_a_busy_lock),
        cmocka_unit_test(test_kill_of_posted),
        cmocka_unit_test(test_kill_of_migrating),
        cmocka_unit_test(test_kill_twice_and_block),
        cmocka_unit_test(test_kill_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
