/* SPDX-License-Identifier: MIT */
/* A process begins with what its parent chose, holds exactly what it was given, and its end is told
 * to whoever waits. */
#include "abi/bootinfo.h"
#include "user/guest_test/helper.h"
#include "user/rt/program.h"

#define THREADS 4u
#define WORD_MAX ((UINT64_C(1) << 56) - 1)
#define HIGH_SLOT 700u
#define SLOT_FACTOR 32u /* more than there are kinds */

enum role { RETURN, NEGATE, LOOK, PROBE, COUNT, LEAVE, ASK_THREADS, ASK_CHILD, WAIT_FOR_EVER };

static uint64_t counter;
static const uint64_t constant = 7;

/* ---- What children do ---- */

static int64_t give_back(uint64_t word)
{
    return (int64_t)word;
}

static int64_t negate(uint64_t word)
{
    return -(int64_t)word;
}

/* How many things are not as they should be at the start. */
static int64_t look(uint64_t word)
{
    const struct rt_thread *self = rt_self();
    const unsigned char *stack = (const unsigned char *)(PROCESS_STACK_TOP - PROCESS_STACK_BYTES);
    int64_t wrong = 0;

    (void)word;
    wrong += self->index != 0;
    wrong += self->gen != 1;
    wrong += (const unsigned char *)self != stack;
    for (uint32_t i = PROCESS_STACK_BYTES / 8; i < PROCESS_STACK_BYTES / 2; i++)
        wrong += stack[i] != 0; /* above the record, below what was used */
    wrong += counter != 0 || constant != 7;
    return wrong;
}

/* One number for all that the process holds. */
static uint64_t mix(uint64_t sum, uint64_t slot, uint64_t kind)
{
    return sum + (slot * SLOT_FACTOR + kind) * (slot * SLOT_FACTOR + kind);
}

static int64_t probe(uint64_t word)
{
    uint64_t sum = 0;

    (void)word;
    for (uint32_t slot = 0; slot < CAP_SLOT_COUNT; slot++) {
        int64_t kind = rt_cap_kind(slot);

        if (kind != STATUS_BAD_CAP)
            sum = mix(sum, slot, (uint64_t)kind);
        if (slot % 16 == 0)
            rt_pause();
    }
    return (int64_t)sum;
}

static int64_t count(uint64_t word)
{
    (void)word;
    return (int64_t)++counter;
}

/* The first thread ends, as a thread. */
static int64_t leave(uint64_t word)
{
    rt_thread_exit((int64_t)word);
}

static int64_t wait_for_ever(void *argument)
{
    (void)argument;
    helper_hang();
}

static int64_t add_one(void *argument)
{
    return (int64_t)(uintptr_t)argument + 1;
}

/* Threads of its own; one of them still waits when it ends. */
static int64_t ask_threads(uint64_t word)
{
    struct rt_thread_ref refs[THREADS];
    int64_t sum = 0;

    (void)helper_spawn(wait_for_ever, NULL, NULL);
    for (uintptr_t i = 0; i < THREADS; i++)
        refs[i] = helper_spawn(add_one, (void *)i, NULL);
    for (uint32_t i = 0; i < THREADS; i++)
        sum += helper_join(&refs[i]);
    return sum + (int64_t)word;
}

static int64_t ask_child(uint64_t word)
{
    struct cap_process_params params = helper_child_params(RETURN, word + 1);

    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        params.limits[i] /= 4; /* of what this one has */
    return helper_finish(helper_start(&params));
}

static int64_t hang(uint64_t word)
{
    (void)word;
    helper_hang();
}

static helper_role *const roles[] = {give_back, negate,      look,      probe, count,
                                     leave,     ask_threads, ask_child, hang};

/* ---- What the parent sees ---- */

static int64_t run(uint32_t role, uint64_t word)
{
    struct cap_process_params params = helper_child_params(role, word);

    return helper_finish(helper_start(&params));
}

/* Goal: argument in, exit status out, unchanged.  Method: numbers at the ends of the range. */
static void test_status(void)
{
    static const uint64_t words[] = {0, 1, 255, UINT64_C(1) << 40, WORD_MAX};
    bool is_same = true;

    for (uint32_t i = 0; i < ARRAY_COUNT(words); i++) {
        is_same = is_same && run(RETURN, words[i]) == (int64_t)words[i];
        is_same = is_same && run(NEGATE, words[i]) == -(int64_t)words[i];
    }
    tap_ok(is_same, "a child's argument reaches it, its exit status its parent");
    tap_equal(run(LEAVE, 5), 5, "a process ends when its only thread does, with its status");
}

/* Goal: a process begins as abi/bootinfo.h says.  Method: the child looks. */
static void test_start(void)
{
    counter = 100;
    tap_equal(run(LOOK, 0), 0, "index 0, generation 1, a fresh stack, its own data");
    tap_ok(run(COUNT, 0) == 1 && run(COUNT, 0) == 1 && counter == 100,
           "data is each process's own");
    tap_equal(run(ASK_THREADS, 1000), 1000 + THREADS * (THREADS + 1) / 2,
              "a child has threads of its own, and its end ends those that wait");
    struct cap_process_params params = helper_child_params(ASK_CHILD, 41);

    rt_process_give(&params, CAP_SPAWNER, CAP_SPAWNER, CAP_NONE);
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        params.limits[i] *= 2;
    tap_equal(helper_finish(helper_start(&params)), 42, "a child has children of its own");
}

/* Goal: a process holds what it was given, nothing else.  Method: it asks for the kind of each
 * slot; well-known slots, high ones, the same object twice. */
static void test_capabilities(void)
{
    struct cap_process_params params = helper_child_params(PROBE, 0);
    uint64_t sum = 0;

    params.gift_count = 0;
    rt_process_give(&params, CAP_TABLE, CAP_TABLE, CAP_NONE);
    sum = mix(sum, CAP_TABLE, CAP_KIND_TABLE);
    tap_equal(helper_finish(helper_start(&params)), (int64_t)sum, "one capability, in its slot");
    rt_process_give(&params, CAP_CONSOLE, HIGH_SLOT, CAP_NONE);
    rt_process_give(&params, CAP_CONSOLE, CAP_SLOT_COUNT - 1, CAP_NONE);
    rt_process_give(&params, CAP_CPUS, CAP_CPUS, CAP_NONE);
    sum = mix(sum, HIGH_SLOT, CAP_KIND_CONSOLE);
    sum = mix(sum, CAP_SLOT_COUNT - 1, CAP_KIND_CONSOLE);
    sum = mix(sum, CAP_CPUS, CAP_KIND_CPUS);
    tap_equal(helper_finish(helper_start(&params)), (int64_t)sum, "four, each where it was put");
    params = helper_child_params(RETURN, 9);
    params.gift_count = 0;
    tap_equal(helper_finish(helper_start(&params)), 9, "a process can live and end with none");
}

/* Goal: bad gifts are refused, whole.  Method: what is not held; a good one before it. */
static void test_refusals(void)
{
    struct helper_holdings before = helper_holdings();
    struct cap_process_params params = helper_child_params(RETURN, 0);
    struct cap_process_params other = params;

    rt_process_give(&params, HIGH_SLOT, 20, CAP_NONE);
    tap_equal(rt_process_spawn(&params), STATUS_BAD_CAP, "what is not held cannot be given");
    other.program = HELPER_PROGRAM + 1;
    tap_equal(rt_process_spawn(&other), STATUS_BAD_ARGUMENT, "a program must be there");
    other = helper_child_params(RETURN, 0);
    other.weight = WEIGHT_MAX + 1;
    tap_equal(rt_process_spawn(&other), STATUS_BAD_ARGUMENT, "the weight must be in its range");
    tap_ok(helper_is_as_before(&before), "a refusal leaves nothing behind");
}

/* Goal: what is said of a process is right.  Method: one that waits, then one that has ended. */
static void test_info(void)
{
    struct cap_process_params params = helper_child_params(WAIT_FOR_EVER, 0);
    uint32_t child = helper_start(&params);
    struct cap_process_info info;

    tap_ok(rt_process_info(child, &info) == STATUS_OK && info.state == PROCESS_LIVE &&
               info.live_count == 1,
           "a process that runs is LIVE, with one thread");
    (void)rt_process_kill(child);
    (void)helper_end_of(child);

    params = helper_child_params(RETURN, 12);
    child = helper_start(&params);
    int64_t exit_status = 0;
    int64_t first = rt_process_wait(child, NULL);
    int64_t again = rt_process_wait(child, &exit_status);

    tap_ok(first == PROCESS_EXITED && again == PROCESS_EXITED && exit_status == 12,
           "its end can be asked for again");
    tap_ok(rt_process_info(child, &info) == STATUS_OK && info.state == PROCESS_GONE &&
               info.end == PROCESS_EXITED && info.exit_status == 12 && info.live_count == 0,
           "then it is GONE, with its status and no thread");
    tap_equal(rt_release(child), STATUS_OK, "its handle is released");
    tap_equal(rt_process_wait(child, NULL), STATUS_STALE, "and is STALE");
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(2 + 4 + 3 + 4 + 5 + 1);
    (void)run(RETURN, 0); /* what is made once is made */
    struct helper_holdings before = helper_holdings();

    test_status();
    test_start();
    test_capabilities();
    test_refusals();
    test_info();
    tap_ok(helper_is_as_before(&before), "all that they held is back");
    return tap_end();
}
