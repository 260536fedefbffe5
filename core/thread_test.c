/* SPDX-License-Identifier: MIT */
#include "core/fixture/fixture.h"

/* The table of core/word.h once more, by hand: rows are states, columns events. */
#define X_ THREAD_ILLEGAL
static const uint8_t legal[THREAD_STATE_COUNT][THREAD_EVENT_COUNT] = {
    /*                    POST          ATTACH         DISPATCH        REQUEUE        BLOCK
     *                    DETACH            EXIT         LEND            HAND */
    [THREAD_DEAD] = {X_, X_, X_, X_, X_, X_, X_, X_, X_},
    [THREAD_NEW] = {THREAD_INBOX, THREAD_QUEUED, X_, X_, X_, X_, THREAD_DEAD, X_, X_},
    [THREAD_QUEUED] = {X_, X_, THREAD_RUNNING, X_, X_, THREAD_MIGRATING, THREAD_DEAD, X_, X_},
    [THREAD_RUNNING] = {X_, X_, X_, THREAD_QUEUED, THREAD_BLOCKED, THREAD_MIGRATING, THREAD_DEAD,
                        THREAD_BLOCKED, X_},
    [THREAD_INBOX] = {X_, THREAD_QUEUED, X_, X_, X_, X_, THREAD_DEAD, X_, X_},
    [THREAD_MIGRATING] = {THREAD_INBOX, THREAD_QUEUED, X_, X_, X_, X_, THREAD_DEAD, X_, X_},
    [THREAD_BLOCKED] = {THREAD_INBOX, THREAD_QUEUED, X_, X_, X_, X_, THREAD_DEAD, X_,
                        THREAD_RUNNING},
    [THREAD_THROTTLED] = {X_, X_, X_, X_, X_, X_, X_, X_, X_},
};

static void try_transition(struct fixture *f, enum thread_state from, enum thread_event event)
{
    struct thread_word word = {.state = from, .gen = 3};

    assert_int_equal(thread_next_state(from, event), legal[from][event]);
    port_store64(&thread_of(f->s, 0)->word, thread_word_pack(word));
    if (legal[from][event] == THREAD_ILLEGAL) {
        expect_assert_failure(thread_change(thread_of(f->s, 0), event, 1, 0));
        return;
    }
    thread_change(thread_of(f->s, 0), event, 1, 0);
    assert_int_equal(thread_word_read(f->s, 0).state, legal[from][event]);
    assert_int_equal(thread_word_read(f->s, 0).cpu, 1);
    assert_int_equal(thread_word_read(f->s, 0).gen, 3);
    assert_int_equal(thread_word_read(f->s, 0).is_lender, event == THREAD_LEND);
}

/* Goal: every cell of the transition table.  Method: compare all 72, and try each on a real word:
 * legal ones land in the state named, illegal ones are a bug. */
static void test_thread_transitions_cell_by_cell(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);

    (void)state;
    for (int from = 0; from < THREAD_STATE_COUNT; from++)
        for (int event = 0; event < THREAD_EVENT_COUNT; event++)
            try_transition(f, (enum thread_state)from, (enum thread_event)event);
    port_store64(&thread_of(f->s, 0)->word, 0);
    fixture_free(f);
}

/* Goal: packing loses nothing.  Method: each field at its extremes, packed and unpacked. */
static void test_thread_word_round_trip(void **state)
{
    const struct thread_word words[] = {
        {.state = THREAD_THROTTLED, .cpu = CPU_MAX - 1, .other = CPU_MAX - 1, .gen = UINT32_MAX},
        {.state = THREAD_DEAD, .dying = true, .gen = 1},
        {.state = THREAD_RUNNING, .wake_pending = true, .cpu = 1},
        {.state = THREAD_BLOCKED, .other = 5},
        {.state = THREAD_BLOCKED, .is_lender = true, .gen = 9},
        {.state = THREAD_QUEUED, .policy_pending = true, .other = CPU_MAX - 1, .gen = 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        struct thread_word back = thread_word_unpack(thread_word_pack(words[i]));

        assert_int_equal(back.state, words[i].state);
        assert_int_equal(back.cpu, words[i].cpu);
        assert_int_equal(back.other, words[i].other);
        assert_int_equal(back.dying, words[i].dying);
        assert_int_equal(back.wake_pending, words[i].wake_pending);
        assert_int_equal(back.policy_pending, words[i].policy_pending);
        assert_int_equal(back.is_lender, words[i].is_lender);
        assert_int_equal(back.gen, words[i].gen);
    }
}

/* Goal: a reference to an ended thread is stale, also after its slot was used again. */
static void test_thread_reference_goes_stale(void **state)
{
    struct fixture *f = fixture_new(1, 1, 0);
    struct thread_ref first = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);

    (void)state;
    assert_true(thread_ref_is_live(f->s, first));
    (void)fixture_wake(f, 0, first);
    fixture_exit(f, 0);
    assert_false(thread_ref_is_live(f->s, first));
    struct thread_ref second = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);

    assert_int_equal(second.slot, first.slot);
    assert_int_not_equal(second.gen, first.gen);
    assert_false(thread_ref_is_live(f->s, first));
    assert_true(thread_ref_is_live(f->s, second));
    assert_int_equal(fixture_wake(f, 0, first).status, STATUS_STALE);
    assert_false(thread_ref_is_live(f->s, (struct thread_ref){1, 1}));
    fixture_free(f);
}

/* Goal: a slot whose generation would wrap is never used again. */
static void test_thread_slot_is_retired_before_its_generation_wraps(void **state)
{
    struct fixture *f = fixture_new(1, 1, 0);
    struct thread_word word = {.state = THREAD_DEAD, .gen = UINT32_MAX - 1};
    struct thread_params params = {.weight = 1024, .latency_class = LATENCY_NORMAL};
    struct thread_ref ref;

    (void)state;
    port_store64(&thread_of(f->s, 0)->word, thread_word_pack(word));
    ref = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    assert_int_equal(ref.gen, UINT32_MAX);
    (void)fixture_wake(f, 0, ref);
    fixture_exit(f, 0);
    assert_int_equal(sched_thread_create(f->s, &params, &ref), STATUS_NO_SLOT);
    fixture_free(f);
}

/* Goal: masks work beyond one word.  Method: 100 CPUs, one allowed in the second cluster. */
static void test_thread_mask_in_second_cluster(void **state)
{
    struct fixture *f = fixture_new(100, 2, 0);
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 0, 0);
    uint64_t row[CPUMASK_WORDS] = {0, UINT64_C(1) << 30};

    (void)state;
    assert_true(thread_allows(f->s, ref.slot, 99));
    thread_mask_set(f->s, ref.slot, row);
    assert_false(thread_allows(f->s, ref.slot, 0));
    assert_true(thread_allows(f->s, ref.slot, 94));
    assert_int_equal(thread_mask_first(f->s, ref.slot), 94);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thread_transitions_cell_by_cell),
        cmocka_unit_test(test_thread_word_round_trip),
        cmocka_unit_test(test_thread_reference_goes_stale),
        cmocka_unit_test(test_thread_slot_is_retired_before_its_generation_wraps),
        cmocka_unit_test(test_thread_mask_in_second_cluster),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
