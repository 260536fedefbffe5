/* SPDX-License-Identifier: MIT */
/* CANCEL ends an operation in flight exactly once, whoever else would end it at the same time; and
 * an entry that is not fresh any more is not begun. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/program.h"
#include "user/rt/syscall.h"

#define ROUNDS 300u
#define LATER_NS NS_PER_S
#define PAST_NS 1u

static uint32_t word; /* stays 0 */

static struct ring_sqe park_until(uint64_t deadline_ns)
{
    return (struct ring_sqe){.op = RING_OP_PARK,
                             .args = {(uint64_t)(uintptr_t)&word, 0, deadline_ns}};
}

static struct ring_sqe cancel(uint64_t ticket)
{
    return (struct ring_sqe){.op = RING_OP_CANCEL, .args = {ticket}};
}

/* Submit `entry` and let the kernel take it.  The ticket is its user_data. */
static uint64_t start(struct ring_sqe entry)
{
    uint64_t ticket = rt_ring_submit(&entry);

    rt_ring_enter();
    return ticket;
}

static int64_t do_now(struct ring_sqe entry)
{
    return rt_ring_do(&entry, NULL);
}

/* The status an operation ended with. */
static int64_t end_of(uint64_t ticket)
{
    struct ring_cqe completion;

    if (rt_ring_wait(ticket, RT_NO_DEADLINE, &completion) != STATUS_OK)
        UNREACHABLE(); /* there is no deadline */
    return completion.status;
}

/* Goal: what waits can be cancelled, and then waits no more.  Method: a PARK, a sleep. */
static void test_waiting(void)
{
    uint64_t ticket = start(park_until(RING_NO_DEADLINE));

    tap_equal(do_now(cancel(ticket)), STATUS_OK, "a PARK in flight is cancelled");
    tap_equal(end_of(ticket), STATUS_CANCELLED, "and completes CANCELLED");
    tap_equal(rt_unpark(&word, 1), 0, "nobody waits for the word any more");

    ticket = start(
        (struct ring_sqe){.op = RING_OP_SLEEP_UNTIL, .args = {mono_add(rt_now(), LATER_NS).ns}});
    tap_equal(do_now(cancel(ticket)), STATUS_OK, "a sleep is cancelled");
    tap_equal(end_of(ticket), STATUS_CANCELLED, "and completes CANCELLED");
}

/* Goal: only what is in flight can be cancelled.  Method: nothing, what has ended, twice. */
static void test_stale(void)
{
    uint64_t ticket = start(park_until(RING_NO_DEADLINE));

    tap_equal(do_now(cancel(ticket + 1000)), STATUS_STALE, "an operation nobody started is STALE");
    tap_equal(rt_unpark(&word, 1), 1, "another operation in flight is not touched");
    tap_equal(do_now(cancel(ticket)), STATUS_STALE, "an operation that has ended is STALE");
    tap_equal(end_of(ticket), STATUS_OK, "and ended as it did");
    ticket = start(park_until(RING_NO_DEADLINE));
    bool is_first = do_now(cancel(ticket)) == STATUS_OK;

    tap_ok(is_first && do_now(cancel(ticket)) == STATUS_STALE, "it is cancelled once");
    tap_equal(end_of(ticket), STATUS_CANCELLED, "and completes once");
}

static int64_t sleep_then_7(void *argument)
{
    (void)argument;
    helper_sleep(2 * NS_PER_MS);
    return 7;
}

/* Goal: a cancelled JOIN leaves the thread to another JOIN.  Method: both. */
static void test_join(void)
{
    struct rt_thread_ref ref = helper_spawn(sleep_then_7, NULL, NULL);
    uint64_t ticket = start((struct ring_sqe){.op = RING_OP_CALL,
                                              .cap = CAP_THREADS,
                                              .method = THREADS_JOIN,
                                              .args = {ref.index, ref.gen}});
    int64_t status = do_now(cancel(ticket));
    int64_t end = end_of(ticket);

    if (helper_is_concurrent())
        tap_skip("a JOIN is cancelled", "the thread may have ended");
    else
        tap_ok(status == STATUS_OK && end == STATUS_CANCELLED, "a JOIN is cancelled");
    if (end == STATUS_CANCELLED)
        tap_equal(helper_join(&ref), 7, "and another JOIN has the thread's end");
    else
        tap_ok(status == STATUS_STALE && end == STATUS_OK, "or it was complete already");
}

/* ---- Two who would end the same operation ---- */

static uint32_t round_now;
static uint32_t woken_count;

/* In each round one UNPARK, at about the time of the CANCEL. */
static int64_t unpark_each_round(void *argument)
{
    (void)argument;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        while (__atomic_load_n(&round_now, __ATOMIC_ACQUIRE) < round) {
            rt_pause();
            rt_yield();
        }
        for (uint32_t i = round % 37; i > 0; i--) /* at most 36 */
            rt_pause();
        woken_count += (uint32_t)rt_unpark(&word, 1);
        __atomic_store_n(&round_now, round + ROUNDS, __ATOMIC_RELEASE);
        while (__atomic_load_n(&round_now, __ATOMIC_ACQUIRE) == round + ROUNDS) {
            rt_pause();
            rt_yield();
        }
    }
    return 0;
}

/* Goal: of UNPARK and CANCEL one wins, and both know who.  Method: rounds with another thread, on
 * another CPU where there is one; compare the numbers. */
static void test_against_unpark(void)
{
    struct cap_thread_params other = helper_on(rt_cpu_count() - 1);
    struct rt_thread_ref ref = helper_spawn(unpark_each_round, NULL, &other);
    uint32_t ok_count = 0;
    uint32_t agreed = 0;

    helper_move_to(0);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        uint64_t ticket = start(park_until(RING_NO_DEADLINE));

        __atomic_store_n(&round_now, round, __ATOMIC_RELEASE);
        if (round % 3 == 0)
            rt_yield();
        int64_t status = do_now(cancel(ticket));
        int64_t end = end_of(ticket);

        ok_count += end == STATUS_OK;
        agreed += (status == STATUS_OK && end == STATUS_CANCELLED) ||
                  (status == STATUS_STALE && end == STATUS_OK);
        while (__atomic_load_n(&round_now, __ATOMIC_ACQUIRE) != round + ROUNDS) {
            rt_pause();
            rt_yield();
        }
        __atomic_store_n(&round_now, round, __ATOMIC_RELEASE);
    }
    (void)helper_join(&ref);
    helper_move_anywhere();
    tap_equal(agreed, ROUNDS, "CANCEL against UNPARK: one completion, and CANCEL knows which");
    tap_equal(woken_count, ok_count, "and UNPARK counts those it woke");
}

/* Goal: of deadline and CANCEL one wins.  Method: deadlines at about the time of the CANCEL. */
static void test_against_deadline(void)
{
    uint32_t agreed = 0;
    uint32_t cancelled = 0;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint64_t ticket = start(park_until(mono_add(rt_now(), 200 * (round % 64)).ns));
        int64_t status = do_now(cancel(ticket));
        int64_t end = end_of(ticket);

        cancelled += end == STATUS_CANCELLED;
        agreed += (status == STATUS_OK && end == STATUS_CANCELLED) ||
                  (status == STATUS_STALE && end == STATUS_EXPIRED);
    }
    tap_equal(agreed, ROUNDS, "CANCEL against a deadline: one completion, and CANCEL knows which");
    if (helper_is_concurrent())
        tap_skip("both win now and then", "a CPU may stand still");
    else
        tap_within(cancelled, 1, ROUNDS - 1, "both win now and then");
}

/* ---- Freshness ---- */

/* Goal: no operation begins after its deadline.  Method: each, with an instant that is past; those
 * with an effect are looked for. */
static void test_freshness(void)
{
    struct ring_sqe entries[] = {
        {.op = RING_OP_NOP},
        {.op = RING_OP_CALL, .cap = CAP_POWER, .method = POWER_OFF, .args = {1}},
        park_until(RING_NO_DEADLINE),
        {.op = RING_OP_UNPARK, .args = {(uint64_t)(uintptr_t)&word, 1}},
        {.op = RING_OP_SLEEP_UNTIL, .args = {RING_NO_DEADLINE}},
        {.op = RING_OP_YIELD},
        {.op = RING_OP_CANCEL},
        {.op = RING_OP_RELEASE, .cap = CAP_CONSOLE},
        {.op = RING_OP_SEND, .cap = CAP_CONSOLE},
        {.op = RING_OP_RECV, .cap = CAP_CONSOLE},
        {.op = RING_OP_RETURN},
        {.op = RING_OP_RETURN_RECV, .cap = CAP_CONSOLE},
    };
    uint64_t ticket = start(park_until(RING_NO_DEADLINE));
    uint32_t by_ring = 0;
    uint32_t by_registers = 0;
    uint64_t value;

    _Static_assert(ARRAY_COUNT(entries) == RING_OP_COUNT, "every operation");
    entries[RING_OP_CANCEL].args[0] = ticket;
    for (uint32_t i = 0; i < ARRAY_COUNT(entries); i++) {
        entries[i].deadline_ns = PAST_NS;
        by_ring += do_now(entries[i]) == STATUS_EXPIRED;
        by_registers += syscall_entry(&entries[i], &value) == STATUS_EXPIRED;
    }
    tap_equal(by_ring, RING_OP_COUNT, "past its deadline every operation completes EXPIRED");
    tap_equal(by_registers, RING_OP_COUNT, "in registers too");
    tap_equal(do_now(cancel(ticket)), STATUS_OK, "and none of them was begun");
    tap_equal(end_of(ticket), STATUS_CANCELLED, "neither UNPARK nor CANCEL");
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(5 + 6 + 2 + 2 + 2 + 4);
    test_waiting();
    test_stale();
    test_join();
    test_against_unpark();
    test_against_deadline();
    test_freshness();
    return tap_end();
}
