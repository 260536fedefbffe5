/* SPDX-License-Identifier: MIT */
#include "core/fixture/fixture.h"

static struct thread_ref posted(struct fixture *f, uint32_t target, bool *was_empty)
{
    struct thread_ref ref = fixture_thread(f, 1024, LATENCY_NORMAL, 0, target);

    (void)thread_change(thread_of(f->s, ref.slot), THREAD_POST, target, 0);
    *was_empty = inbox_post(f->s, target, ref.slot);
    return ref;
}

/* Goal: entries come out in the order they were posted, and only the first post found it empty. */
static void test_inbox_is_first_in_first_out(void **state)
{
    struct fixture *f = fixture_new(2, 4, 0);
    struct thread_ref refs[3];
    bool was_empty[3];

    (void)state;
    assert_true(inbox_is_empty(rq_of(f->s, 1)));
    for (unsigned i = 0; i < 3; i++)
        refs[i] = posted(f, 1, &was_empty[i]);
    assert_true(was_empty[0]);
    assert_false(was_empty[1]);
    assert_false(was_empty[2]);
    assert_int_equal(inbox_drain(f->s, rq_of(f->s, 1), 1, f->now), 3);
    assert_true(inbox_is_empty(rq_of(f->s, 1)));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(thread_word_read(f->s, refs[i].slot).state, THREAD_QUEUED);
        assert_int_equal(sc_of(f->s, refs[i].slot)->node.arrival, i);
    }
    (void)rq_publish_overload(f->s, rq_of(f->s, 1));
    fixture_free(f);
}

/* Goal: draining an empty inbox is nothing. */
static void test_inbox_drain_of_nothing(void **state)
{
    struct fixture *f = fixture_new(1, 1, 0);

    (void)state;
    assert_int_equal(inbox_drain(f->s, rq_of(f->s, 0), 0, f->now), 0);
    fixture_free(f);
}

/* Goal: a thread posted twice is a bug that is noticed. */
static void test_inbox_double_post_is_a_bug(void **state)
{
    struct fixture *f = fixture_new(2, 2, 0);
    bool was_empty;
    struct thread_ref ref = posted(f, 1, &was_empty);

    (void)state;
    expect_assert_failure((void)inbox_post(f->s, 1, ref.slot));
    (void)inbox_drain(f->s, rq_of(f->s, 1), 1, f->now);
    (void)rq_publish_overload(f->s, rq_of(f->s, 1));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inbox_is_first_in_first_out),
        cmocka_unit_test(test_inbox_drain_of_nothing),
        cmocka_unit_test(test_inbox_double_post_is_a_bug),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
