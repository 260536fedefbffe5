/* SPDX-License-Identifier: MIT */
#include "kernel/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/cap.h"
#include "base/prng.h"

static struct ring_page page;
static struct ring ring;

static void start(void)
{
    memset(&page, 0, sizeof(page));
    ring_init(&ring, &page);
}

/* Take one entry the thread submitted. */
static struct ring_sqe accept_one(void)
{
    struct ring_sqe entry;
    uint32_t waiting;

    assert_int_equal(ring_sync(&ring, &waiting), STATUS_OK);
    assert_true(waiting > 0);
    ring_accept(&ring, &entry);
    ring_publish_head(&ring);
    return entry;
}

static void submit(uint64_t user_data)
{
    page.sq[page.header.sq_tail % RING_SQ_ENTRIES] = (struct ring_sqe){.user_data = user_data};
    page.header.sq_tail++;
}

/* ---- Decoding ---- */

struct row {
    struct ring_sqe entry;
    enum status status;
};

static const uint64_t word_at = 0x5000;

/* Goal: every well-formed operation is accepted.  Method: one of each, at its limits. */
static void test_ring_decode_accepts_each_operation(void **state)
{
    (void)state;
    const struct ring_sqe good[] = {
        {.op = RING_OP_NOP},
        {.op = RING_OP_NOP, .user_data = UINT64_MAX, .deadline_ns = RING_NO_DEADLINE},
        {.op = RING_OP_CALL, .cap = CAP_CONSOLE, .method = 9, .args = {1, 2, 3, 4}},
        {.op = RING_OP_CALL, .cap = CAP_SLOT_COUNT - 1},
        {.op = RING_OP_CALL, .cap = UINT32_MAX}, /* a slot of some generation: the table judges */
        {.op = RING_OP_PARK, .args = {word_at, UINT32_MAX, RING_NO_DEADLINE}},
        {.op = RING_OP_PARK, .args = {word_at, 0, 0}},
        {.op = RING_OP_UNPARK, .args = {word_at, UINT64_MAX}},
        {.op = RING_OP_SLEEP_UNTIL, .args = {RING_NO_DEADLINE}},
        {.op = RING_OP_YIELD},
        {.op = RING_OP_CANCEL, .args = {UINT64_MAX}},
        {.op = RING_OP_RELEASE, .cap = CAP_SLOT_COUNT - 1},
        {.op = RING_OP_RELEASE, .cap = UINT32_MAX},
        {.op = RING_OP_CALL, .cap = 20, .flags = 0xff}, /* a message's, who gets it judges */
        {.op = RING_OP_SEND, .cap = 20, .method = UINT16_MAX, .flags = 0xff, .args = {1, 2, 3, 4}},
        {.op = RING_OP_RECV, .cap = 20, .flags = RING_FLAG_ACCEPT, .args = {1, 2, 3, 4}},
        {.op = RING_OP_RETURN, .method = UINT16_MAX, .flags = RING_FLAG_MOVE},
        {.op = RING_OP_RETURN_RECV, .cap = UINT32_MAX, .method = 1, .args = {1, 2, 3, 4}},
    };

    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        assert_int_equal(ring_decode(&good[i]), STATUS_OK);
}

/* Goal: each kind of malformed entry has its refusal.  Method: a table of one defect each. */
static void test_ring_decode_names_each_defect(void **state)
{
    (void)state;
    const struct row rows[] = {
        {{.op = RING_OP_COUNT}, STATUS_BAD_OP},
        {{.op = 255}, STATUS_BAD_OP},
        {{.op = RING_OP_NOP, .flags = 1}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_NOP, .reserved = 1}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_NOP, .cap = 1}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_NOP, .method = 1}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_NOP, .args = {0, 0, 0, 1}}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_YIELD, .args = {1}}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_NOP, .deadline_ns = RING_NO_DEADLINE + 1}, STATUS_BAD_ARGUMENT},
        {{.op = RING_OP_CALL}, STATUS_BAD_CAP},
        {{.op = RING_OP_CALL, .cap = CAP_SLOT_COUNT}, STATUS_BAD_CAP},
        {{.op = RING_OP_CALL, .cap = UINT32_MAX << CAP_SLOT_BITS}, STATUS_BAD_CAP},
        {{.op = RING_OP_CALL, .cap = CAP_CONSOLE, .reserved = 1}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_SEND}, STATUS_BAD_CAP},
        {{.op = RING_OP_SEND, .cap = 20, .reserved = 1}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_RECV, .cap = CAP_SLOT_COUNT}, STATUS_BAD_CAP},
        {{.op = RING_OP_RECV, .cap = 20, .deadline_ns = UINT64_MAX}, STATUS_BAD_ARGUMENT},
        {{.op = RING_OP_RETURN_RECV}, STATUS_BAD_CAP},
        {{.op = RING_OP_PARK, .args = {word_at}, .flags = RING_FLAG_MESSAGE}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_RELEASE, .cap = 20, .flags = RING_FLAG_ACCEPT}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_PARK, .args = {word_at + 2}}, STATUS_BAD_ALIGNMENT},
        {{.op = RING_OP_PARK, .args = {word_at, UINT64_C(1) << 32}}, STATUS_BAD_ARGUMENT},
        {{.op = RING_OP_PARK, .args = {word_at, 0, UINT64_MAX}}, STATUS_BAD_ARGUMENT},
        {{.op = RING_OP_PARK, .args = {word_at, 0, 0, 1}}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_UNPARK, .args = {word_at + 1, 1}}, STATUS_BAD_ALIGNMENT},
        {{.op = RING_OP_UNPARK, .args = {word_at, 1, 1}}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_SLEEP_UNTIL, .args = {RING_NO_DEADLINE + 1}}, STATUS_BAD_ARGUMENT},
        {{.op = RING_OP_SLEEP_UNTIL, .args = {0, 1}}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_CANCEL, .args = {0, 1}}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_CANCEL, .method = 1}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_RELEASE}, STATUS_BAD_CAP},
        {{.op = RING_OP_RELEASE, .cap = CAP_SLOT_COUNT}, STATUS_BAD_CAP},
        {{.op = RING_OP_RELEASE, .cap = CAP_CONSOLE, .method = 1}, STATUS_BAD_FLAGS},
        {{.op = RING_OP_RELEASE, .cap = CAP_CONSOLE, .args = {1}}, STATUS_BAD_FLAGS},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(ring_decode(&rows[i].entry), rows[i].status);
}

/* Goal: decoding never panics.  Method: 1,000,000 random entries, half of them nearly good. */
static void test_ring_decode_takes_any_bytes(void **state)
{
    (void)state;
    struct prng p = prng_seed(3);
    uint32_t accepted = 0;

    for (uint32_t turn = 0; turn < 1000000; turn++) {
        struct ring_sqe entry = {.op = (uint8_t)(prng_next(&p) % (RING_OP_COUNT + 2))};
        uint64_t *words = (uint64_t *)(void *)&entry;

        if (turn % 2 == 0)
            for (uint32_t i = 0; i < sizeof(entry) / 8; i++)
                words[i] = prng_next(&p);
        else
            words[prng_next(&p) % 8] ^= UINT64_C(1) << (prng_next(&p) % 64);
        accepted += ring_decode(&entry) == STATUS_OK;
    }
    assert_true(accepted > 1000);
}

/* ---- Indices ---- */

/* Goal: entries come in order, each once, also when the indices wrap.  Method: start near 2^32. */
static void test_ring_entries_come_in_order_across_wrap(void **state)
{
    (void)state;
    start();
    ring.sq_head = page.header.sq_tail = page.header.sq_head = UINT32_MAX - 5;
    ring.cq_tail = ring.cq_head = page.header.cq_head = page.header.cq_tail = UINT32_MAX - 3;
    for (uint64_t i = 0; i < 100; i++) {
        submit(i);
        assert_int_equal(accept_one().user_data, i);
        ring_post(&ring, i, STATUS_OK, i * 2, CAP_NONE);
        const struct ring_cqe *cqe = &page.cq[page.header.cq_head % RING_CQ_ENTRIES];

        assert_int_equal(page.header.cq_tail - page.header.cq_head, 1);
        assert_int_equal(cqe->user_data, i);
        assert_int_equal(cqe->value, i * 2);
        page.header.cq_head++;
    }
}

/* Goal: the kernel accepts no more entries than there are completion slots.  Method: never read. */
static void test_ring_room_ends_with_completion_slots(void **state)
{
    (void)state;
    uint32_t waiting;

    start();
    for (uint32_t i = 0; i < RING_CQ_ENTRIES; i++) {
        submit(i);
        assert_true(ring_has_room(&ring));
        (void)accept_one();
        if (i % 2 == 0) /* half of them stay in flight */
            ring_post(&ring, i, STATUS_OK, 0, CAP_NONE);
    }
    assert_false(ring_has_room(&ring));
    page.header.cq_head++;
    assert_int_equal(ring_sync(&ring, &waiting), STATUS_OK);
    assert_true(ring_has_room(&ring));
}

static void expect_reset(void)
{
    uint32_t waiting = 99;

    assert_int_equal(ring_sync(&ring, &waiting), STATUS_RING_CORRUPT);
    assert_int_equal(waiting, 0);
    assert_int_equal(page.header.sq_head, ring.sq_head);
    assert_int_equal(page.header.sq_tail, ring.sq_head);
    assert_int_equal(page.header.cq_head, ring.cq_tail);
    assert_int_equal(page.header.cq_tail, ring.cq_tail);
    assert_int_equal(ring_sync(&ring, &waiting), STATUS_OK);
    assert_int_equal(waiting, 0);
}

/* Goal: impossible indices are refused and the ring works again.  Method: each, then an entry. */
static void test_ring_impossible_indices_reset_it(void **state)
{
    (void)state;
    static const uint32_t offs[] = {RING_SQ_ENTRIES + 1, UINT32_MAX, UINT32_C(1) << 31};

    for (size_t i = 0; i < ARRAY_COUNT(offs); i++) {
        start();
        page.header.sq_tail = offs[i];
        expect_reset();
        page.header.cq_head = offs[i];
        expect_reset();
        submit(7);
        assert_int_equal(accept_one().user_data, 7);
    }
}

/* Goal: a reader that goes backwards is corrupt.  Method: read one, then take it back. */
static void test_ring_reader_cannot_go_back(void **state)
{
    (void)state;
    uint32_t waiting;

    start();
    submit(1);
    (void)accept_one();
    ring_post(&ring, 1, STATUS_OK, 0, CAP_NONE);
    page.header.cq_head = 1;
    assert_int_equal(ring_sync(&ring, &waiting), STATUS_OK);
    page.header.cq_head = 0;
    expect_reset();
}

/* Goal: the words the kernel writes are not believed.  Method: overwrite them, go on. */
static void test_ring_kernel_words_are_not_read_back(void **state)
{
    (void)state;
    start();
    submit(5);
    page.header.sq_head = 12345;
    page.header.cq_tail = 54321;
    assert_int_equal(accept_one().user_data, 5);
    ring_post(&ring, 5, STATUS_OK, 0, CAP_NONE);
    assert_int_equal(page.header.sq_head, 1);
    assert_int_equal(page.header.cq_tail, 1);
}

/* Goal: operations in flight survive a reset.  Method: accept, corrupt, post. */
static void test_ring_in_flight_survives_reset(void **state)
{
    (void)state;
    start();
    submit(5);
    (void)accept_one();
    page.header.sq_tail = 1000;
    expect_reset();
    ring_post(&ring, 5, STATUS_OK, 0, CAP_NONE);
    assert_int_equal(page.header.cq_tail - page.header.cq_head, 1);
    assert_int_equal(ring_unread(&ring), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_decode_accepts_each_operation),
        cmocka_unit_test(test_ring_decode_names_each_defect),
        cmocka_unit_test(test_ring_decode_takes_any_bytes),
        cmocka_unit_test(test_ring_entries_come_in_order_across_wrap),
        cmocka_unit_test(test_ring_room_ends_with_completion_slots),
        cmocka_unit_test(test_ring_impossible_indices_reset_it),
        cmocka_unit_test(test_ring_reader_cannot_go_back),
        cmocka_unit_test(test_ring_kernel_words_are_not_read_back),
        cmocka_unit_test(test_ring_in_flight_survives_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
