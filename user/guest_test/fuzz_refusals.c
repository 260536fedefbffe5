/* SPDX-License-Identifier: MIT */
/*
 * What is refused has changed nothing: a process of one thread submits garbage, and after each
 * refusal its ledger and what the machine holds are as they were before.
 *
 * Arguments: calls=CALLS and seed=NUMBER.
 */
#include "user/guest_test/garbage.h"
#include "user/guest_test/helper.h"
#include "user/rt/layout.h"
#include "user/rt/program.h"
#include "user/rt/syscall.h"

#define CALLS 3000u
#define SEED 1u
#define SETTLE_NS (50 * NS_PER_US)
#define SETTLE_NS_CONCURRENT (2 * NS_PER_MS)
#define SETTLE_LOOKS 3u
#define TRIES_MAX 8u
#define CALLS_BITS 24u /* of the child's word, above its seed */
#define SEED_MASK UINT64_C(0x7fffffff)
#define WORD_CONCURRENT (UINT64_C(1) << 31)
#define REPORT_SLOT 20u
#define CHILD_FRAMES 1024u
#define GRANDCHILD_FRAMES 192u

static struct garbage_arena arena;

/* What a child found, in a memory object that its parent has mapped, too. */
struct report {
    uint64_t refused_count;
    uint64_t done_count;
    uint64_t wrong_count;
    uint64_t unknown_count; /* answers that are not documented */
    struct ring_sqe wrong_entry;
    int64_t wrong_status;
};

static struct report *report = (struct report *)RT_FREE_BASE;
static bool is_concurrent;

/* Until what was done has come to its end: threads and processes that end at once. */
static struct helper_holdings settle(void)
{
    struct helper_holdings held = helper_read();

    for (uint32_t same = 0; same < SETTLE_LOOKS;) { /* bound: what is left of it ends */
        helper_sleep(is_concurrent ? SETTLE_NS_CONCURRENT : SETTLE_NS);
        struct helper_holdings now = helper_read();

        same = helper_is_same(&held, &now) ? same + 1 : 0;
        held = now;
    }
    return held;
}

/* In registers, or as the one entry of the ring. */
static int64_t submit(const struct ring_sqe *entry, bool is_in_ring)
{
    struct ring_header *header = rt_ring_header(rt_self()->index);
    uint32_t tail = header->sq_tail;
    uint64_t value;

    if (!is_in_ring)
        return syscall_entry(entry, &value);
    rt_ring_sq(rt_self()->index)[tail % RING_SQ_ENTRIES] = *entry;
    __atomic_store_n(&header->sq_tail, tail + 1, __ATOMIC_RELEASE);
    (void)syscall_cap_enter(1, SYSCALL_NO_DEADLINE);
    int64_t status = rt_ring_cq(rt_self()->index)[header->cq_head % RING_CQ_ENTRIES].status;

    __atomic_store_n(&header->cq_head, header->cq_tail, __ATOMIC_RELEASE);
    return status;
}

/* KILLED is the answer of a JOIN, which has then given the thread back. */
static bool is_refusal(int64_t status)
{
    return status < 0 && status != STATUS_KILLED;
}

static void note_wrong(const struct ring_sqe *entry, int64_t status)
{
    if (report->wrong_count++ != 0)
        return;
    report->wrong_entry = *entry;
    report->wrong_status = status;
}

static void make_arena(void)
{
    struct cap_process_params params = helper_child_params(1, 0);

    params.gifts[0] = params.gifts[--params.gift_count]; /* not CONSOLE */
    params.limits[LEDGER_FRAMES] = GRANDCHILD_FRAMES;
    params.limits[LEDGER_THREADS] = 1;
    params.limits[LEDGER_OPERATIONS] = RING_INFLIGHT_MAX;
    params.limits[LEDGER_SLOTS] = CAP_GIFTS_MAX;
    params.limits[LEDGER_OBJECTS] = 0;
    params.limits[LEDGER_GRANTS] = 0;
    garbage_arena_fill(&arena, &params);
}

/*
 * Submit it and compare.  In the concurrent machine a CPU may stand still with the end of a thread
 * or process made before, for longer than any settling: so what has changed there once is submitted
 * again, and only a change each time is the refusal's.
 * Returns: the last answer.
 */
static int64_t submit_and_compare(const struct ring_sqe *entry, bool is_in_ring,
                                  struct helper_holdings *before)
{
    uint32_t tries = TRIES_MAX;
    int64_t status = 0;

    for (uint32_t i = 0; i < tries; i++) {
        status = submit(entry, is_in_ring);
        report->unknown_count += !garbage_is_documented(entry, status);
        if (!is_refusal(status)) {
            *before = settle();
            return status;
        }
        struct helper_holdings after = helper_read();

        if (helper_is_same(before, &after))
            return status;
        *before = settle();
    }
    note_wrong(entry, status);
    return status;
}

static int64_t be_refused(uint64_t word)
{
    struct garbage g = {
        .random = prng_seed(word & SEED_MASK), .arena = &arena, .is_alone = true};

    if (rt_memory_map(REPORT_SLOT, RT_FREE_BASE, MEMORY_MAP_WRITE, NULL) != STATUS_OK)
        return 1;
    is_concurrent = (word & WORD_CONCURRENT) != 0;
    make_arena();
    struct helper_holdings before = settle();

    for (uint64_t i = 0; i < word >> 32; i++) {
        bool is_in_ring = i % 4 == 0;
        struct ring_sqe entry = garbage_entry(&g);

        if (!is_in_ring)
            entry.reserved = 0;
        int64_t status = submit_and_compare(&entry, is_in_ring, &before);

        report->refused_count += is_refusal(status);
        report->done_count += !is_refusal(status);
        garbage_remember(&g, &entry, status);
        rt_pause();
    }
    return 0;
}

static int64_t end_at_once(uint64_t word)
{
    return (int64_t)word;
}

static helper_role *const roles[] = {be_refused, end_at_once};

/* The child has no CONSOLE and no POWER, so that nothing it does is seen but by its parent. */
static int64_t run_child(uint32_t memory, uint64_t word)
{
    struct cap_process_params params = helper_child_params(0, word);

    params.gifts[0] = (struct cap_gift){.from = CAP_SPAWNER, .slot = CAP_SPAWNER};
    params.limits[LEDGER_FRAMES] = CHILD_FRAMES;
    rt_process_give(&params, CAP_SESSIONS, CAP_SESSIONS, CAP_NONE);
    rt_process_give(&params, memory, REPORT_SLOT, CAP_NONE);
    return helper_finish(helper_start(&params));
}

static void say_wrong(void)
{
    const uint64_t *words = (const uint64_t *)(const void *)&report->wrong_entry;

    tap_note("the first that changed something:", report->wrong_status);
    for (uint32_t i = 0; i < sizeof(report->wrong_entry) / sizeof(*words); i++)
        tap_note("word of its entry:", (int64_t)words[i]);
}

int64_t rt_main(uint64_t argument)
{
    uint64_t calls = CALLS;
    uint64_t seed = SEED;

    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    if (rt_cap_kind(CAP_CONSOLE) != CAP_KIND_CONSOLE)
        return 1; /* a grandchild whose argument was changed */
    helper_begin(4);
    helper_numbers("calls", &calls, 1);
    helper_numbers("seed", &seed, 1);
    calls &= (1u << CALLS_BITS) - 1;
    helper_warm(2);
    uint32_t memory = (uint32_t)rt_memory_create(sizeof(struct report));
    int64_t mapped = rt_memory_map(memory, RT_FREE_BASE, MEMORY_MAP_WRITE, NULL);
    struct helper_holdings before = helper_holdings();

    uint64_t word = calls << 32 | (seed & SEED_MASK);

    if (helper_is_concurrent())
        word |= WORD_CONCURRENT;
    tap_ok(mapped == STATUS_OK && run_child(memory, word) == 0 &&
               report->refused_count + report->done_count == calls && report->refused_count > 0,
           "a process of one thread submits garbage");
    if (!tap_equal((int64_t)report->wrong_count, 0, "what is refused has changed nothing"))
        say_wrong();
    tap_equal((int64_t)report->unknown_count, 0, "every answer is a documented one");
    tap_ok(helper_is_as_before(&before), "when it has ended all that it held is back");
    tap_note("refused", (int64_t)report->refused_count);
    tap_note("done", (int64_t)report->done_count);
    return tap_end();
}
