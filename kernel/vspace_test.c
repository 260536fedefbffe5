/* SPDX-License-Identifier: MIT */
#include "kernel/vspace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/fixture/fixture.h"
#include "kernel/frame.h"

#define PAGE ((uint64_t)ARCH_PAGE_BYTES)
#define AT UINT64_C(0x400000)
#define FRAMES 20u
#define TABLES 3u /* on the way to a page, without the root */

static struct vspace space;
static struct resource_ledger ledger;

/* A space in a machine of `frames` frames, with a ledger of as many as `limit`. */
static void start_with(uint64_t frames, uint64_t limit)
{
    const struct arch_range range = {FIXTURE_PHYS_BASE, (frames + 1) * PAGE}; /* one: its bits */
    uint64_t limits[LEDGER_RESOURCE_COUNT] = {[LEDGER_FRAMES] = limit};

    fixture_init();
    frame_init(&range, 1);
    ledger_init(&ledger, limits);
    assert_int_equal(frame_free_count(), frames);
}

static void start(void)
{
    start_with(FRAMES, FRAMES);
    assert_int_equal(vspace_init(&space, &ledger), STATUS_OK);
}

static struct ledger_row frames_row(void)
{
    struct ledger_account account;

    ledger_read(&ledger, &account);
    return account.rows[LEDGER_FRAMES];
}

static void expect_frames(uint64_t used)
{
    assert_int_equal(frames_row().used, used);
    assert_int_equal(frames_row().reserved, 0);
}

/* ---- Copying ---- */

/* Goal: a fresh page is zeroed and its frame is the one named.  Method: write there, copy in. */
static void test_vspace_fresh_page_is_zeroed(void **state)
{
    (void)state;
    unsigned char back[300];
    uint64_t frame;

    start();
    assert_int_equal(vspace_map_fresh(&space, AT, ARCH_READ, &frame), STATUS_OK);
    memset((unsigned char *)arch_phys_to_virt(frame) + 100, 0x5a, 100);
    assert_int_equal(vspace_copy_in(&space, back, AT, sizeof(back)), STATUS_OK);
    for (size_t i = 0; i < sizeof(back); i++)
        assert_int_equal(back[i], i >= 100 && i < 200 ? 0x5a : 0);
    expect_frames(1 + TABLES + 1);
}

/* Goal: copies cross pages that are not neighbours in memory.  Method: map in reverse. */
static void test_vspace_copies_cross_pages(void **state)
{
    (void)state;
    unsigned char out[3 * ARCH_PAGE_BYTES], back[sizeof(out)];

    start();
    for (uint64_t i = 3; i-- > 0;)
        assert_int_equal(vspace_map(&space, AT + i * PAGE, frame_take(), ARCH_READ | ARCH_WRITE),
                         STATUS_OK);
    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = (unsigned char)(i * 7);
    assert_int_equal(vspace_copy_out(&space, AT + 5, out, sizeof(out) - 5), STATUS_OK);
    assert_int_equal(vspace_copy_in(&space, back, AT + 5, sizeof(out) - 5), STATUS_OK);
    assert_memory_equal(back, out, sizeof(out) - 5);
}

/* Goal: no access, no copy.  Method: read-only, unmapped, half mapped. */
static void test_vspace_missing_access_is_refused(void **state)
{
    (void)state;
    unsigned char bytes[64] = {0};

    start();
    assert_int_equal(vspace_map(&space, AT, frame_take(), ARCH_READ), STATUS_OK);
    assert_int_equal(vspace_copy_out(&space, AT, bytes, 1), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_in(&space, bytes, AT + PAGE, 1), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_in(&space, bytes, AT + PAGE - 32, 64), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_in(&space, bytes, AT + PAGE - 64, 64), STATUS_OK);
}

/* Goal: sums that overflow are refused.  Method: addresses and lengths at the ends. */
static void test_vspace_wrapping_range_is_refused(void **state)
{
    (void)state;
    unsigned char byte = 0;

    start();
    assert_int_equal(vspace_copy_in(&space, &byte, UINT64_MAX, 1), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_in(&space, &byte, UINT64_MAX - 7, 16), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_out(&space, ARCH_USER_END, &byte, 1), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_in(&space, &byte, 0, UINT64_MAX), STATUS_BAD_ADDRESS);
    assert_int_equal(vspace_copy_in(&space, &byte, UINT64_MAX, 0), STATUS_BAD_ADDRESS);
}

/* Goal: a page that is writable and executable is a bug here.  Method: map one. */
static void test_vspace_writable_code_panics(void **state)
{
    (void)state;
    start();
    expect_assert_failure(
        (void)(vspace_map(&space, AT, frame_take(), ARCH_WRITE | ARCH_EXECUTE) == STATUS_OK));
}

/* ---- Reserving and mapping ---- */

/* Goal: a reservation is what mapping takes, no more, no less.  Method: across a table's border:
 * two lowest tables; cancel one reservation, map by another. */
static void test_vspace_reservation_is_exact(void **state)
{
    (void)state;
    uint64_t border = AT + ARCH_TABLE_SPAN_BYTES;
    uint32_t tables;

    start();
    assert_int_equal(vspace_reserve(&space, border - PAGE, 2, &tables), STATUS_OK);
    assert_int_equal(tables, TABLES + 1);
    assert_int_equal(frames_row().reserved, TABLES + 1);
    vspace_cancel(&space, tables);
    expect_frames(1);
    assert_int_equal(vspace_reserve(&space, border - PAGE, 2, &tables), STATUS_OK);
    for (uint64_t i = 0; i < 2; i++)
        assert_int_equal(vspace_map_reserved(&space, border - PAGE + i * PAGE, frame_take(),
                                             ARCH_READ, &tables),
                         STATUS_OK);
    assert_int_equal(tables, 0);
    expect_frames(1 + TABLES + 1);
    assert_int_equal(vspace_reserve(&space, AT, 100, &tables), STATUS_OK);
    assert_int_equal(tables, 0);
}

/* Goal: what is refused leaves no trace.  Method: a full ledger; a page in use; the ledger and the
 * free frames before and after. */
static void test_vspace_refusal_changes_nothing(void **state)
{
    (void)state;
    uint32_t tables;
    uint64_t frame;

    start_with(FRAMES, 1 + TABLES);
    assert_int_equal(vspace_init(&space, &ledger), STATUS_OK);
    assert_int_equal(vspace_reserve(&space, AT + ARCH_TABLE_SPAN_BYTES - PAGE, 2, &tables),
                     STATUS_LEDGER_FULL);
    assert_int_equal(vspace_map_fresh(&space, AT, ARCH_READ, &frame), STATUS_LEDGER_FULL);
    expect_frames(1);
    assert_int_equal(frame_free_count(), FRAMES - 1);

    start();
    assert_int_equal(vspace_map_fresh(&space, AT, ARCH_READ, &frame), STATUS_OK);
    assert_int_equal(vspace_map(&space, AT, frame, ARCH_READ), STATUS_ADDRESS_IN_USE);
    assert_int_equal(vspace_map_fresh(&space, AT, ARCH_READ, &frame), STATUS_ADDRESS_IN_USE);
    expect_frames(1 + TABLES + 1);
    assert_int_equal(frame_free_count(), FRAMES - (1 + TABLES + 1));
}

/* Goal: a machine without frames is a refusal, at every one that is taken, and the ledger says
 * what there is.  Method: machines of 0, 1, ... frames; a space with one page; take it apart. */
static void test_vspace_every_missing_frame_is_refused(void **state)
{
    (void)state;
    for (uint64_t frames = 0; frames <= 1 + TABLES + 1; frames++) {
        uint64_t cursor = 0, frame;
        enum status status;

        start_with(frames, FRAMES);
        status = vspace_init(&space, &ledger);
        assert_int_equal(status, frames == 0 ? STATUS_NO_MEMORY : STATUS_OK);
        if (frames > 0) {
            status = vspace_map_fresh(&space, AT, ARCH_READ, &frame);
            assert_int_equal(status, frames <= 1 + TABLES ? STATUS_NO_MEMORY : STATUS_OK);
            expect_frames(frames - frame_free_count());
        }
        while (!vspace_fini_some(&space, &cursor)) /* bound: something goes each time */
            continue;
        assert_true(ledger_is_clear(&ledger));
        assert_int_equal(frame_free_count(), frames);
    }
}

/* Goal: a reservation that others' unmapping made too small grows, or is refused by the ledger.
 * Method: the table that was there at the reserving is pruned; with room, then without. */
static void test_vspace_pruned_meanwhile_is_made_again(void **state)
{
    (void)state;
    struct vspace_limbo limbo = {0, 0};
    uint32_t tables;

    start();
    assert_int_equal(vspace_map(&space, AT, frame_take(), ARCH_READ), STATUS_OK);
    assert_int_equal(vspace_reserve(&space, AT + PAGE, 1, &tables), STATUS_OK);
    assert_int_equal(tables, 0);
    vspace_unmap(&space, AT, 1, &limbo);
    vspace_free_limbo(&space, &limbo);
    assert_int_equal(vspace_map_reserved(&space, AT + PAGE, frame_take(), ARCH_READ, &tables),
                     STATUS_OK);
    assert_int_equal(tables, 0);
    expect_frames(1 + TABLES);

    start_with(FRAMES, 1 + TABLES);
    assert_int_equal(vspace_init(&space, &ledger), STATUS_OK);
    assert_int_equal(vspace_map(&space, AT, frame_take(), ARCH_READ), STATUS_OK);
    assert_int_equal(vspace_reserve(&space, AT + PAGE, 1, &tables), STATUS_OK);
    vspace_unmap(&space, AT, 1, &limbo); /* what is in limbo is charged */
    assert_int_equal(vspace_map_reserved(&space, AT + PAGE, frame_take(), ARCH_READ, &tables),
                     STATUS_NO_MEMORY);
}

/* ---- Unmapping ---- */

/* Goal: empty tables go to limbo, are charged until they are freed, and read as absent.  Method:
 * the last page of a table; a page beside it stays, then goes. */
static void test_vspace_unmap_gives_tables_to_limbo(void **state)
{
    (void)state;
    struct vspace_limbo limbo = {0, 0};
    uint64_t before;

    start();
    assert_int_equal(vspace_map(&space, AT, frame_take(), ARCH_READ), STATUS_OK);
    assert_int_equal(vspace_map(&space, AT + PAGE, frame_take(), ARCH_READ), STATUS_OK);
    before = frame_free_count();
    vspace_unmap(&space, AT, 1, &limbo);
    assert_int_equal(limbo.count, 0);
    assert_int_not_equal(vspace_lookup(&space, AT + PAGE, ARCH_READ), 0);
    vspace_unmap(&space, AT, 2, &limbo); /* the first is gone already */
    assert_int_equal(limbo.count, TABLES);
    assert_int_equal(vspace_lookup(&space, AT + PAGE, ARCH_READ), 0);
    assert_int_equal(frame_free_count(), before);
    expect_frames(1 + TABLES);
    vspace_free_limbo(&space, &limbo);
    assert_int_equal(limbo.count, 0);
    assert_int_equal(frame_free_count(), before + TABLES);
    expect_frames(1);
}

/* Goal: a range of several tables leaves none behind, in whatever parts it goes.  Method: 3 tables'
 * last, all and first pages; unmap in parts of 1, 2, 3, 64, 512 pages from the end. */
static void test_vspace_unmap_in_parts_leaves_no_table(void **state)
{
    (void)state;
    static const uint64_t parts[] = {1, 2, 3, 64, 512, 1000};
    uint64_t from = AT + ARCH_TABLE_SPAN_BYTES - 3 * PAGE;
    uint64_t pages = 3 + 512 + 5;

    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        struct vspace_limbo limbo = {0, 0};
        uint64_t left = pages;

        start();
        uint64_t frame = frame_take();

        for (uint64_t j = 0; j < pages; j++)
            assert_int_equal(vspace_map(&space, from + j * PAGE, frame, ARCH_READ), STATUS_OK);
        while (left > 0) {
            uint64_t part = left < parts[i] ? left : parts[i];

            left -= part;
            vspace_unmap(&space, from + left * PAGE, part, &limbo);
        }
        assert_int_equal(limbo.count, TABLES + 2);
        vspace_free_limbo(&space, &limbo);
        expect_frames(1);
        assert_int_equal(frame_free_count(), FRAMES - 2);
    }
}

/* ---- The end ---- */

/* Goal: a space's end gives back each table and each page that is its own, and no other frame.
 * Method: both kinds of pages, far apart; the free frames and the ledger before and after. */
static void test_vspace_fini_gives_everything_back(void **state)
{
    (void)state;
    uint64_t foreign, frame, cursor = 0;

    start_with(FRAMES, FRAMES);
    foreign = frame_take();
    assert_int_equal(vspace_init(&space, &ledger), STATUS_OK);
    assert_int_equal(vspace_map(&space, AT, foreign, ARCH_READ), STATUS_OK);
    assert_int_equal(vspace_map_fresh(&space, AT + PAGE, ARCH_READ, &frame), STATUS_OK);
    assert_int_equal(vspace_map_fresh(&space, AT + ARCH_TABLE_SPAN_BYTES, ARCH_READ, &frame),
                     STATUS_OK);
    assert_int_equal(vspace_map_fresh(&space, ARCH_USER_END - PAGE, ARCH_READ, &frame), STATUS_OK);
    assert_int_equal(vspace_map_fresh(&space, ARCH_USER_LOW, ARCH_READ, &frame), STATUS_OK);
    expect_frames(FRAMES - 1 - frame_free_count());
    while (!vspace_fini_some(&space, &cursor)) /* bound: something goes each time */
        continue;
    assert_true(ledger_is_clear(&ledger));
    assert_int_equal(frame_free_count(), FRAMES - 1);
    assert_int_equal(space.root, 0);
    assert_true(vspace_fini_some(&space, &cursor));
}

/* Goal: a space that a CPU uses is not taken apart.  Method: its bit is set. */
static void test_vspace_fini_while_in_use_panics(void **state)
{
    (void)state;
    uint64_t cursor = 0;

    start();
    port_store64(&space.cpus, 2);
    expect_assert_failure((void)(vspace_fini_some(&space, &cursor) == true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vspace_fresh_page_is_zeroed),
        cmocka_unit_test(test_vspace_copies_cross_pages),
        cmocka_unit_test(test_vspace_missing_access_is_refused),
        cmocka_unit_test(test_vspace_wrapping_range_is_refused),
        cmocka_unit_test(test_vspace_writable_code_panics),
        cmocka_unit_test(test_vspace_reservation_is_exact),
        cmocka_unit_test(test_vspace_refusal_changes_nothing),
        cmocka_unit_test(test_vspace_every_missing_frame_is_refused),
        cmocka_unit_test(test_vspace_pruned_meanwhile_is_made_again),
        cmocka_unit_test(test_vspace_unmap_gives_tables_to_limbo),
        cmocka_unit_test(test_vspace_unmap_in_parts_leaves_no_table),
        cmocka_unit_test(test_vspace_fini_gives_everything_back),
        cmocka_unit_test(test_vspace_fini_while_in_use_panics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
