/* SPDX-License-Identifier: MIT */
#include "kernel/seat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/fixture/outside.h"
#include "kernel/uthread.h"

#define SEATS 6u /* of the random history */

static struct process process;
static struct uthread sitter, joiner; /* who has a seat; who waits for its end */
static uint64_t frames_before;

static void start(void)
{
    outside_init();
    outside_process(&process, FIXTURE_FRAMES);
    assert_int_equal(vspace_init(&process.space, &process.ledger), STATUS_OK);
    frames_before = frame_free_count();
    sitter = (struct uthread){.ref = {5, 1}, .process = &process};
    joiner = (struct uthread){.ref = {6, 1}, .process = &process};
    op_init(&joiner);
}

static struct seat *take(void)
{
    struct seat *seat = NULL;

    assert_int_equal(seat_take(&process, &seat), STATUS_OK);
    return seat;
}

static struct seat *take_and_occupy(struct thread_name *name)
{
    struct seat *seat = take();

    *name = seat_occupy(seat, &sitter);
    return seat;
}

/* What is charged is what was taken; nothing is reserved. */
static void expect_exact(void)
{
    assert_int_equal(outside_used(&process, LEDGER_FRAMES), 1 + frames_before - frame_free_count());
    assert_int_equal(outside_reserved(&process, LEDGER_FRAMES), 0);
}

static uint32_t live_count(void)
{
    return port_load32(&process.live_count);
}

static struct op *begin_join(void)
{
    struct op *op = op_take(&joiner, OP_JOIN, 0);

    assert_non_null(op);
    return op;
}

/* The join is over with this; its record is free afterwards. */
static void expect_answer(struct op *op, enum status status, int64_t exit_status)
{
    assert_int_equal(port_load32(&joiner.done), 1u << op->number);
    assert_int_equal(op->status, status);
    assert_int_equal((int64_t)op->value, exit_status);
    port_store32(&joiner.done, 0);
    port_store32(&op->state, OP_FREE);
    joiner.free_ops |= 1u << op->number;
}

/* ---- Taking ---- */

/* Goal: seats come in order, each with its ring and record mapped, and every frame of them is
 * charged, until the process has as many as there may be.  Method: take all. */
static void test_seat_each_has_its_pages(void **state)
{
    (void)state;
    struct seat *seat;

    start();
    for (uint32_t i = 0; i < THREADS_PER_PROCESS_MAX; i++) {
        uint64_t record = TELEMETRY_BASE + (i + 1) * TELEMETRY_RECORD_BYTES;

        seat = take();
        assert_int_equal(seat->index, i);
        assert_ptr_equal(seat_of(&process, i), seat);
        assert_int_equal(vspace_lookup(&process.space, RING_PAGE(i), ARCH_READ | ARCH_WRITE),
                         arch_virt_to_phys(seat->ring));
        assert_int_not_equal(vspace_lookup(&process.space, record, ARCH_READ), 0);
        assert_int_equal(vspace_lookup(&process.space, record, ARCH_WRITE), 0);
        assert_int_equal(live_count(), i + 1);
        expect_exact();
    }
    assert_int_equal(seat_take(&process, &seat), STATUS_NO_SLOT);
    assert_null(seat_of(&process, THREADS_PER_PROCESS_MAX));
    assert_int_equal(live_count(), THREADS_PER_PROCESS_MAX);
    expect_exact();
}

/* Goal: a refused reservation changes nothing.  Method: each in turn, of the first seat and of the
 * first with a further page of records. */
static void test_seat_refused_reservation_changes_nothing(void **state)
{
    (void)state;
    for (uint32_t first = 0; first < 2; first++)
        for (uint32_t n = 1; n <= 3; n++) {
            uint32_t index = first == 0 ? 0 : (uint32_t)TELEMETRY_PER_PAGE - 1;
            struct seat *seat;
            uint64_t free_count;

            start();
            for (uint32_t i = 0; i < index; i++)
                (void)take();
            free_count = frame_free_count();
            port_store32(&process.ledger.fail_after, n);
            assert_int_equal(seat_take(&process, &seat), STATUS_LEDGER_FULL);
            assert_int_equal(frame_free_count(), free_count);
            assert_int_equal(live_count(), index);
            expect_exact();
            assert_int_equal(take()->index, index);
        }
}

/* Goal: a machine that has fewer frames than its ledgers promise refuses; what was made stays
 * for the next, once.  Method: every number of frames too few; then enough. */
static void test_seat_without_frames_is_refused(void **state)
{
    (void)state;
    uint64_t needed;

    start();
    (void)take();
    needed = frames_before - frame_free_count();
    for (uint64_t left = 0; left < needed; left++) {
        struct seat *seat;

        start();
        outside_leave_frames(left);
        frames_before = left;
        assert_int_equal(seat_take(&process, &seat), STATUS_NO_MEMORY);
        assert_int_equal(live_count(), 0);
        expect_exact();
        uint64_t made = left - frame_free_count();

        outside_return_frames();
        frames_before = frame_free_count() + made;
        assert_int_equal(take()->index, 0);
        assert_int_equal(frames_before - frame_free_count(), needed);
        expect_exact();
    }
}

/* Goal: no seat in a process that ends.  Method: each state. */
static void test_seat_only_in_a_living_process(void **state)
{
    (void)state;
    for (uint32_t s = PROCESS_FREE; s <= PROCESS_GONE; s++) {
        bool may = s == PROCESS_MAKING || s == PROCESS_LIVE;
        struct seat *seat;

        start();
        port_store32(&process.state, s);
        assert_int_equal(seat_take(&process, &seat), may ? STATUS_OK : STATUS_STALE);
        assert_int_equal(live_count(), may);
        expect_exact();
    }
}

/* Goal: a seat not used is the next one's; the last one's going ends the process.  Method: take
 * two, give both back. */
static void test_seat_untake_gives_it_to_the_next(void **state)
{
    (void)state;
    start();
    struct seat *first = take(), *second = take();

    seat_untake(&process, first);
    assert_int_equal(live_count(), 1);
    assert_int_equal(outside.end_count, 0);
    assert_ptr_equal(take(), first);
    seat_untake(&process, first);
    seat_untake(&process, second);
    assert_int_equal(live_count(), 0);
    assert_int_equal(outside.end_count, 1);
    assert_int_equal(outside.queue_count, 1);
}

/* ---- Names ---- */

/* Goal: a name is good while the thread lives, and for no other.  Method: before, while, after;
 * other indexes and generations; the next one's generation. */
static void test_seat_name_is_of_one_thread(void **state)
{
    (void)state;
    struct thread_name name, next;
    struct thread_ref ref;

    start();
    struct seat *seat = take();

    assert_int_equal(seat_ref(&process, 0, 0, &ref), STATUS_STALE);
    name = seat_occupy(seat, &sitter);
    assert_int_equal(name.gen, 1);
    assert_int_equal(seat_ref(&process, name.index, name.gen, &ref), STATUS_OK);
    assert_int_equal(ref.slot, sitter.ref.slot);
    assert_int_equal(seat_ref(&process, name.index, 2, &ref), STATUS_STALE);
    assert_int_equal(seat_ref(&process, 1, 1, &ref), STATUS_STALE);
    assert_int_equal(seat_ref(&process, THREADS_PER_PROCESS_MAX, 1, &ref), STATUS_STALE);
    assert_int_equal(seat_ref(&process, UINT64_MAX, 1, &ref), STATUS_STALE);
    assert_int_equal(seat_ref(&process, 0, UINT64_C(1) << 32 | 1, &ref), STATUS_STALE);
    assert_true(thread_ref_is_none(seat_end(&process, seat, 0, false)));
    assert_int_equal(seat_ref(&process, name.index, name.gen, &ref), STATUS_STALE);
    assert_int_equal(seat_detach(&process, name.index, name.gen), STATUS_OK);
    assert_ptr_equal(take_and_occupy(&next), seat);
    assert_int_equal(next.gen, 2);
}

/* Goal: a seat whose generation would repeat is retired.  Method: near the last one. */
static void test_seat_last_generation_is_retired(void **state)
{
    (void)state;
    struct thread_name name;

    start();
    struct seat *seat = take();

    seat->gen = UINT32_MAX - 1;
    name = seat_occupy(seat, &sitter);
    assert_int_equal(name.gen, UINT32_MAX);
    assert_int_equal(seat_detach(&process, name.index, name.gen), STATUS_OK);
    assert_true(thread_ref_is_none(seat_end(&process, seat, 0, false)));
    assert_int_equal(take()->index, 1);
}

/* Goal: each thread that sat in a seat counts once, before, during and after its end.  Method: two
 * threads one after the other, the first with something more once it is gone. */
static void test_seat_counts_everybody_once(void **state)
{
    (void)state;
    struct thread_name name;
    const struct ledger more = {.runtime_ns = 3};

    start();
    struct seat *seat = take_and_occupy(&name);

    outside.used_ns = 100;
    assert_int_equal(seat_use(seat).used.runtime_ns, 100);
    assert_true(seat_use(seat).is_live);
    assert_int_equal(seat_use(seat).ended_count, 0);
    assert_true(thread_ref_is_none(seat_end(&process, seat, 0, false)));
    outside.used_ns = 7;
    assert_int_equal(seat_use(seat).used.runtime_ns, 100);
    assert_false(seat_use(seat).is_live);
    seat_settle(seat, &more);
    assert_int_equal(seat_detach(&process, name.index, name.gen), STATUS_OK);
    assert_ptr_equal(take_and_occupy(&name), seat);
    assert_int_equal(seat_use(seat).used.runtime_ns, 103 + 7);
    assert_int_equal(seat_use(seat).ended_count, 1);
    assert_true(thread_ref_is_none(seat_end(&process, seat, 0, true)));
    assert_int_equal(seats_sum(&process).used.runtime_ns, 103 + 7);
    assert_int_equal(seats_sum(&process).ended_count, 2);
    seats_fini(&process);
}

/* Goal: a thread of the core is named only by the process it sits in, while it lives.  Method: the
 * right reference and seat; another seat, slot and generation; no such seat; after its end. */
static void test_seat_names_who_sits_there(void **state)
{
    struct thread_name name = {9, 9};
    struct thread_name sat;

    (void)state;
    start();
    assert_false(seat_name(&process, 0, sitter.ref, &name));
    struct seat *seat = take_and_occupy(&sat);

    assert_false(seat_name(&process, 1, sitter.ref, &name));
    assert_false(seat_name(&process, UINT64_MAX, sitter.ref, &name));
    assert_false(seat_name(&process, 0, (struct thread_ref){5, 2}, &name));
    assert_false(seat_name(&process, 0, (struct thread_ref){6, 1}, &name));
    assert_int_equal(name.index, 9);
    assert_true(seat_name(&process, 0, sitter.ref, &name));
    assert_int_equal(name.index, sat.index);
    assert_int_equal(name.gen, sat.gen);
    assert_true(thread_ref_is_none(seat_end(&process, seat, 0, false)));
    assert_false(seat_name(&process, 0, sitter.ref, &name));
    process_thread_gone(&process);
}

/* ---- Joining ---- */

/* Goal: who waits learns how it ended, and is woken once.  Method: join, then the end: by itself,
 * by a kill. */
static void test_seat_join_before_the_end(void **state)
{
    (void)state;
    for (uint32_t killed = 0; killed < 2; killed++) {
        struct thread_name name;
        struct op *op;

        start();
        struct seat *seat = take_and_occupy(&name);

        op = begin_join();
        assert_int_equal(seat_join(&process, op, name.index, name.gen), STATUS_OK);
        assert_int_equal(port_load32(&op->state), OP_PENDING);
        assert_int_equal(seat_end(&process, seat, -9, killed).slot, joiner.ref.slot);
        expect_answer(op, killed ? STATUS_KILLED : STATUS_OK, -9);
        assert_int_equal(cpu_this()->joined_count, 1);
        assert_int_equal(seat_join(&process, begin_join(), name.index, name.gen), STATUS_STALE);
        assert_ptr_equal(take(), seat);
    }
}

/* Goal: the end is remembered until somebody has joined.  Method: the end, then join, twice. */
static void test_seat_join_after_the_end(void **state)
{
    (void)state;
    for (uint32_t killed = 0; killed < 2; killed++) {
        struct thread_name name;
        struct op *op;

        start();
        struct seat *seat = take_and_occupy(&name);

        assert_true(thread_ref_is_none(seat_end(&process, seat, 12, killed)));
        assert_int_equal(take()->index, 1); /* it is not free */
        op = begin_join();
        assert_int_equal(seat_join(&process, op, name.index, name.gen), STATUS_OK);
        expect_answer(op, killed ? STATUS_KILLED : STATUS_OK, 12);
        assert_int_equal(seat_join(&process, begin_join(), name.index, name.gen), STATUS_STALE);
        assert_ptr_equal(take(), seat);
    }
}

/* Goal: one joiner, or none for ever.  Method: a second; detaching a joined one; joining,
 * detaching a detached one; the end of a detached one frees its seat. */
static void test_seat_has_one_joiner(void **state)
{
    (void)state;
    struct thread_name name;

    start();
    struct seat *seat = take_and_occupy(&name);
    struct op *op = begin_join(), *second = begin_join();

    assert_int_equal(seat_join(&process, op, name.index, name.gen), STATUS_OK);
    assert_int_equal(seat_join(&process, second, name.index, name.gen), STATUS_BUSY);
    assert_int_equal(seat_detach(&process, name.index, name.gen), STATUS_BUSY);
    seat_join_cancel(&process, second); /* does not wait: nothing happens */
    assert_ptr_equal(seat->joiner, op);
    seat_join_cancel(&process, op);
    assert_int_equal(seat_detach(&process, name.index, name.gen), STATUS_OK);
    assert_int_equal(seat_detach(&process, name.index, name.gen), STATUS_BUSY);
    assert_int_equal(seat_join(&process, op, name.index, name.gen), STATUS_BUSY);
    assert_true(thread_ref_is_none(seat_end(&process, seat, 0, true)));
    assert_int_equal(seat_detach(&process, name.index, name.gen), STATUS_STALE);
    assert_ptr_equal(take(), seat);
}

/* Goal: a cancelled join leaves the end to be remembered.  Method: join, cancel, the end, join. */
static void test_seat_cancelled_join_is_as_none(void **state)
{
    (void)state;
    struct thread_name name;

    start();
    struct seat *seat = take_and_occupy(&name);
    struct op *op = begin_join();

    assert_int_equal(seat_join(&process, op, name.index, name.gen), STATUS_OK);
    seat_join_cancel(&process, op);
    assert_true(thread_ref_is_none(seat_end(&process, seat, 3, false)));
    assert_int_equal(port_load32(&joiner.done), 0);
    assert_int_equal(seat_join(&process, op, name.index, name.gen), STATUS_OK);
    expect_answer(op, STATUS_OK, 3);
}

/* ---- Histories ---- */

struct model {
    enum seat_state state;
    uint32_t gen;
    bool is_detached, is_joined, was_killed;
};

static struct model models[SEATS];
static struct op *ops[SEATS]; /* who waits */

/* A seat is taken and occupied: one that is free. */
static void sit(void)
{
    struct thread_name name;

    (void)take_and_occupy(&name);
    assert_true(name.index < SEATS);
    assert_int_equal(models[name.index].state, SEAT_UNUSED);
    assert_int_equal(name.gen, ++models[name.index].gen);
    models[name.index] = (struct model){.state = SEAT_LIVE, .gen = name.gen};
}

static void end(uint32_t i, bool was_killed)
{
    struct model *m = &models[i];
    struct thread_ref woken = seat_end(&process, seat_of(&process, i), i, was_killed);

    assert_int_equal(thread_ref_is_none(woken), !m->is_joined);
    if (m->is_joined)
        expect_answer(ops[i], was_killed ? STATUS_KILLED : STATUS_OK, i);
    m->state = m->is_joined || m->is_detached ? SEAT_UNUSED : SEAT_ENDED;
    m->is_joined = false;
    m->was_killed = was_killed;
    process_thread_gone(&process);
}

static void join(uint32_t i, uint32_t gen)
{
    struct model *m = &models[i];
    struct op *op = begin_join();
    enum status status = seat_join(&process, op, i, gen);

    if (m->state == SEAT_UNUSED || gen != m->gen) {
        assert_int_equal(status, STATUS_STALE);
    } else if (m->is_joined || m->is_detached) {
        assert_int_equal(status, STATUS_BUSY);
    } else {
        assert_int_equal(status, STATUS_OK);
        if (m->state == SEAT_ENDED) {
            expect_answer(op, m->was_killed ? STATUS_KILLED : STATUS_OK, i);
            m->state = SEAT_UNUSED;
            return;
        }
        m->is_joined = true;
        ops[i] = op;
        return;
    }
    port_store32(&op->state, OP_FREE);
    joiner.free_ops |= 1u << op->number;
}

static void detach(uint32_t i, uint32_t gen)
{
    struct model *m = &models[i];
    enum status status = seat_detach(&process, i, gen);

    if (m->state == SEAT_UNUSED || gen != m->gen) {
        assert_int_equal(status, STATUS_STALE);
    } else if (m->is_joined || m->is_detached) {
        assert_int_equal(status, STATUS_BUSY);
    } else {
        assert_int_equal(status, STATUS_OK);
        m->is_detached = true;
        if (m->state == SEAT_ENDED)
            m->state = SEAT_UNUSED;
    }
}

/* Goal: seats go along the figure of seat.h, whatever comes in whatever order.  Method: 100,000
 * random ends, joins, detaches, cancels on 6 seats against a plain model; the frames stay exact. */
static void test_seat_agrees_with_a_model(void **state)
{
    (void)state;
    struct prng p = prng_seed(51);
    uint32_t free_count;

    start();
    for (uint32_t i = 0; i < SEATS; i++)
        models[i] = (struct model){.state = SEAT_UNUSED};
    process_count_live(&process); /* its first thread goes on all the time */
    for (uint32_t turn = 0; turn < 100000; turn++) {
        uint32_t i = (uint32_t)(prng_next(&p) % SEATS);
        uint32_t gen = models[i].gen - (prng_next(&p) % 8 == 0);

        free_count = 0;
        for (uint32_t j = 0; j < SEATS; j++)
            free_count += models[j].state == SEAT_UNUSED;
        switch (prng_next(&p) % 5) {
        case 0:
            if (free_count > 0)
                sit();
            break;
        case 1:
            if (models[i].state == SEAT_LIVE)
                end(i, prng_next(&p) % 2 == 0);
            break;
        case 2:
            join(i, gen);
            break;
        case 3:
            detach(i, gen);
            break;
        default:
            if (!models[i].is_joined)
                break;
            seat_join_cancel(&process, ops[i]);
            port_store32(&ops[i]->state, OP_FREE);
            joiner.free_ops |= 1u << ops[i]->number;
            models[i].is_joined = false;
        }
    }
    assert_int_equal(outside.end_count, 0);
    expect_exact();
}

/* Goal: the end gives every page back, with the space.  Method: a few pages of seats. */
static void test_seat_fini_gives_everything_back(void **state)
{
    (void)state;
    uint64_t cursor = 0;

    start();
    for (uint32_t i = 0; i < 2 * SEATS_PER_PAGE + 1; i++)
        (void)take();
    while (!vspace_fini_some(&process.space, &cursor)) /* bound: something goes each time */
        continue;
    seats_fini(&process);
    assert_true(ledger_is_clear(&process.ledger));
    assert_int_equal(frame_free_count(), frames_before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seat_each_has_its_pages),
        cmocka_unit_test(test_seat_refused_reservation_changes_nothing),
        cmocka_unit_test(test_seat_without_frames_is_refused),
        cmocka_unit_test(test_seat_only_in_a_living_process),
        cmocka_unit_test(test_seat_untake_gives_it_to_the_next),
        cmocka_unit_test(test_seat_name_is_of_one_thread),
        cmocka_unit_test(test_seat_last_generation_is_retired),
        cmocka_unit_test(test_seat_counts_everybody_once),
        cmocka_unit_test(test_seat_names_who_sits_there),
        cmocka_unit_test(test_seat_join_before_the_end),
        cmocka_unit_test(test_seat_join_after_the_end),
        cmocka_unit_test(test_seat_has_one_joiner),
        cmocka_unit_test(test_seat_cancelled_join_is_as_none),
        cmocka_unit_test(test_seat_agrees_with_a_model),
        cmocka_unit_test(test_seat_fini_gives_everything_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
