/* SPDX-License-Identifier: MIT */
/* The ring as a queue: batches, order, waiting for a number of completions, and its limits. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/program.h"
#include "user/rt/syscall.h"

#define SOON_NS (2 * NS_PER_MS)

static uint32_t word; /* stays 0 */

static struct ring_sqe nop(void)
{
    return (struct ring_sqe){.op = RING_OP_NOP};
}

/* Waits until it is unparked. */
static struct ring_sqe park(void)
{
    return (struct ring_sqe){
        .op = RING_OP_PARK, .args = {(uint64_t)(uintptr_t)&word, 0, RING_NO_DEADLINE}};
}

static struct ring_sqe unpark(uint64_t count)
{
    return (struct ring_sqe){.op = RING_OP_UNPARK, .args = {(uint64_t)(uintptr_t)&word, count}};
}

/* ---- By hand: the thread's own ring, between two uses by the runtime ---- */

static void put(struct ring_sqe entry, uint64_t user_data)
{
    struct ring_header *header = rt_ring_header(rt_self()->index);
    uint32_t tail = header->sq_tail;

    entry.user_data = user_data;
    rt_ring_sq(rt_self()->index)[tail % RING_SQ_ENTRIES] = entry;
    __atomic_store_n(&header->sq_tail, tail + 1, __ATOMIC_RELEASE);
}

static uint32_t unread(void)
{
    struct ring_header *header = rt_ring_header(rt_self()->index);

    return __atomic_load_n(&header->cq_tail, __ATOMIC_ACQUIRE) - header->cq_head;
}

static struct ring_cqe get(void)
{
    struct ring_header *header = rt_ring_header(rt_self()->index);
    struct ring_cqe completion;

    ASSERT(unread() > 0);
    completion = rt_ring_cq(rt_self()->index)[header->cq_head % RING_CQ_ENTRIES];
    __atomic_store_n(&header->cq_head, header->cq_head + 1, __ATOMIC_RELEASE);
    return completion;
}

/* Read all; returns how many were as `status` says. */
static uint32_t get_all(int64_t status)
{
    uint32_t count = 0;

    while (unread() > 0)
        count += get().status == status;
    return count;
}

/* ---- Tests: printing uses the ring too, so each test reads all before it says anything ---- */

/* Goal: a full batch is taken by one system call, completions in the order of submission.
 * Method: sixteen NOPs. */
static void test_batch(void)
{
    bool is_in_order = true;

    for (uint64_t i = 0; i < RING_SQ_ENTRIES; i++)
        put(nop(), 100 + i);
    int64_t result = syscall_cap_enter(RING_SQ_ENTRIES, SYSCALL_NO_DEADLINE);

    for (uint64_t i = 0; i < RING_SQ_ENTRIES; i++) {
        struct ring_cqe completion = get();

        is_in_order = is_in_order && completion.user_data == 100 + i && completion.status == 0 &&
                      completion.value == 0 && completion.reserved == 0;
    }
    tap_equal(result, RING_SQ_ENTRIES, "a full queue completes in one system call");
    tap_ok(is_in_order, "what completes at once completes in order");
}

/* Goal: unread completions are never overwritten.  Method: fill the queue, submit one more, read
 * one, try again. */
static void test_full(void)
{
    for (uint32_t i = 0; i < RING_CQ_ENTRIES; i++) {
        put(nop(), i);
        (void)syscall_cap_enter(0, SYSCALL_NO_DEADLINE);
    }
    uint32_t filled = unread();

    put(nop(), 1000);
    int64_t refused = syscall_cap_enter(0, SYSCALL_NO_DEADLINE);
    uint64_t oldest = get().user_data;
    int64_t taken = syscall_cap_enter(0, SYSCALL_NO_DEADLINE);
    uint32_t complete = get_all(STATUS_OK);

    tap_equal(filled, RING_CQ_ENTRIES, "the completion queue fills up");
    tap_equal(refused, STATUS_RING_FULL, "one more entry stays: RING_FULL");
    tap_equal((int64_t)oldest, 0, "the oldest completion is whole");
    tap_equal(taken, RING_CQ_ENTRIES, "with room for it the entry is taken");
    tap_equal(complete, RING_CQ_ENTRIES, "and all are complete");
}

/* Another thread ends the PARK on `word` in a while. */
static int64_t unpark_later(void *argument)
{
    (void)argument;
    helper_sleep(SOON_NS);
    helper_unpark_all(&word, 1);
    return 0;
}

/* Goal: cap_enter waits for as many completions as asked.  Method: a NOP behind a PARK that only
 * another thread ends. */
static void test_min_complete(void)
{
    struct rt_thread_ref ref = helper_spawn(unpark_later, NULL, NULL);

    put(park(), 1);
    put(nop(), 2);
    int64_t early = syscall_cap_enter(1, SYSCALL_NO_DEADLINE);
    uint64_t first = get().user_data;
    int64_t late = syscall_cap_enter(1, SYSCALL_NO_DEADLINE);
    struct ring_cqe second = get();

    tap_ok(early >= 1, "one of two completions is enough when one is asked for");
    tap_equal((int64_t)first, 2, "it is the one that needs no time");
    tap_equal(late, 1, "the other is waited for");
    tap_ok(second.user_data == 1 && second.status == STATUS_OK, "and comes");
    (void)helper_join(&ref);
}

/* Goal: cap_enter's own deadline ends only the waiting.  Method: a PARK that nobody ends before. */
static void test_deadline(void)
{
    struct mono at = mono_add(rt_now(), SOON_NS);

    put(park(), 1);
    int64_t early = syscall_cap_enter(1, at.ns);
    bool is_in_time = !mono_before(rt_now(), at);
    uint32_t none = unread();

    put(unpark(1), 2);
    int64_t late = syscall_cap_enter(2, SYSCALL_NO_DEADLINE);
    uint32_t complete = unread();

    while (unread() > 0)
        (void)get();
    tap_equal(early, STATUS_EXPIRED, "the deadline ends the wait");
    tap_ok(is_in_time, "not before it has come");
    tap_equal(none, 0, "the operation goes on");
    tap_ok(late == 2 && complete == 2, "and completes when it is unparked");
}

/* Goal: waiting operations have a limit.  Method: one PARK more than records. */
static void test_in_flight(void)
{
    for (uint32_t i = 0; i < RING_INFLIGHT_MAX; i++)
        put(park(), i);
    int64_t none = syscall_cap_enter(0, SYSCALL_NO_DEADLINE);

    put(park(), 99);
    int64_t refused = syscall_cap_enter(1, SYSCALL_NO_DEADLINE);
    int64_t status = get().status;

    put(unpark(RING_INFLIGHT_MAX), 100);
    int64_t woken = syscall_cap_enter(RING_INFLIGHT_MAX + 1, SYSCALL_NO_DEADLINE);
    uint32_t ok = get_all(STATUS_OK);

    tap_equal(none, 0, "sixteen operations wait");
    tap_ok(refused == 1 && status == STATUS_NO_SLOT, "one more is refused NO_SLOT");
    tap_equal(woken, RING_INFLIGHT_MAX + 1, "one UNPARK ends them all");
    tap_equal(ok, RING_INFLIGHT_MAX, "with OK");
}

/* Goal: the runtime keeps completions apart by ticket.  Method: wait for the last one first. */
static void test_tickets(void)
{
    struct ring_sqe slow = park();
    struct ring_sqe fast = nop();
    struct ring_cqe completion;
    uint64_t first = rt_ring_submit(&slow);
    uint64_t last = rt_ring_submit(&fast);

    tap_equal(rt_ring_wait(first, mono_add(rt_now(), SOON_NS).ns, &completion), STATUS_EXPIRED,
              "a wait for a ticket can have a deadline");
    tap_ok(rt_ring_wait(last, RT_NO_DEADLINE, &completion) == STATUS_OK &&
               completion.user_data == last,
           "a later ticket can be complete first");
    tap_equal(rt_unpark(&word, 1), 1, "an operation in flight can be ended by its own thread");
    tap_ok(rt_ring_wait(first, RT_NO_DEADLINE, &completion) == STATUS_OK &&
               completion.user_data == first,
           "an earlier ticket is found after later ones");
}

/* Goal: more entries than the submission queue holds.  Method: the runtime's batch. */
static void test_long_batch(void)
{
    struct ring_sqe entries[RT_OUTSTANDING_MAX];
    struct ring_cqe completions[RT_OUTSTANDING_MAX];
    uint32_t ok = 0;

    for (uint32_t i = 0; i < RT_OUTSTANDING_MAX; i++)
        entries[i] = nop();
    rt_ring_batch(entries, RT_OUTSTANDING_MAX, completions);
    for (uint32_t i = 0; i < RT_OUTSTANDING_MAX; i++)
        ok += completions[i].status == STATUS_OK;
    tap_equal(ok, RT_OUTSTANDING_MAX, "a batch longer than the queue");
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(2 + 5 + 4 + 4 + 4 + 4 + 1);
    rt_ring_enter(); /* nothing of the runtime's is outstanding from here on */
    ASSERT(unread() == 0);
    test_batch();
    test_full();
    test_min_complete();
    test_deadline();
    test_in_flight();
    test_tickets();
    test_long_batch();
    return tap_end();
}
