/* SPDX-License-Identifier: MIT */
/* An operation of several parts that is refused half-way leaves nothing behind. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/layout.h"
#include "user/rt/program.h"

#define TRIES_MAX 200u /* more reservations than any operation makes */
#define OBJECT_PAGES 24u
#define SLOT_FIRST 40u /* of a child's gifts */
#define NEAR_AT (RT_FREE_BASE + (UINT64_C(1) << 20))
#define FAR_AT (RT_FREE_BASE + (UINT64_C(1) << 39)) /* tables of its own, down from the first */
#define FAR_STEP (UINT64_C(1) << 39)

static uint32_t object; /* a MEMORY handle */
static uint32_t grant;  /* a GRANT handle */
static uint64_t far_at = FAR_AT;
static struct rt_thread_ref thread;

static int64_t give_back(uint64_t word)
{
    return (int64_t)word;
}

static helper_role *const roles[] = {give_back};

/* ---- The operations: what each does, and how it is undone ---- */

static int64_t do_nothing(void *argument)
{
    (void)argument;
    return 0;
}

static int64_t spawn_thread(void)
{
    return rt_thread_spawn(&thread, do_nothing, NULL, NULL);
}

static void end_thread(int64_t result)
{
    (void)result;
    (void)helper_join(&thread);
}

static int64_t spawn_process(void)
{
    struct cap_process_params params = helper_child_params(0, 3);

    for (uint32_t slot = SLOT_FIRST; params.gift_count < CAP_GIFTS_MAX; slot++)
        rt_process_give(&params, object, slot, slot % 2 == 0 ? grant : CAP_NONE);
    return rt_process_spawn(&params);
}

static void end_process(int64_t result)
{
    int64_t exit_status = helper_finish((uint32_t)result);

    ASSERT(exit_status == 3);
}

static int64_t create_memory(void)
{
    return rt_memory_create(OBJECT_PAGES * RT_PAGE_BYTES);
}

static void destroy_memory(int64_t result)
{
    (void)rt_memory_destroy((uint32_t)result);
    (void)rt_release((uint32_t)result);
}

static int64_t map_near(void)
{
    return rt_memory_map(object, NEAR_AT, MEMORY_MAP_WRITE, NULL);
}

static void unmap_near(int64_t result)
{
    (void)result;
    (void)rt_memory_unmap(object, NEAR_AT);
}

/* Each success at a place where no table is. */
static int64_t map_far(void)
{
    return rt_memory_map(object, far_at, MEMORY_MAP_WRITE, NULL);
}

static void unmap_far(int64_t result)
{
    (void)result;
    (void)rt_memory_unmap(object, far_at);
    far_at += FAR_STEP;
}

static int64_t create_grant(void)
{
    return rt_grant_create(object);
}

static void end_grant(int64_t result)
{
    (void)rt_revoke((uint32_t)result);
    (void)rt_release((uint32_t)result);
}

static int64_t copy(void)
{
    return rt_copy(object, grant);
}

static int64_t make_view(void)
{
    return rt_memory_to_view(object);
}

static int64_t narrow(void)
{
    struct cpumask mask = helper_only(0);

    return rt_cpus_narrow(CAP_CPUS, &mask);
}

static void release(int64_t result)
{
    (void)rt_release((uint32_t)result);
}

struct operation {
    const char *what;
    int64_t (*run)(void);
    void (*undo)(int64_t result);
    bool is_first; /* it makes what stays, so that undoing leaves more than before */
};

static const struct operation operations[] = {
    {"a thread", spawn_thread, end_thread, false},
    {"a process with 16 gifts", spawn_process, end_process, false},
    {"a memory object", create_memory, destroy_memory, false},
    {"a mapping", map_near, unmap_near, false},
    {"a mapping with its tables", map_far, unmap_far, true},
    {"a grant", create_grant, end_grant, false},
    {"a copy", copy, release, false},
    {"a view", make_view, release, false},
    {"a set of CPUs", narrow, release, false},
};

/* Goal: refused or undone, all is as it was.  Method: the n-th reservation fails, for n = 1 until
 * none does any more; holdings before and after. */
static void test_operation(const struct operation *operation)
{
    struct helper_holdings before;
    uint32_t clean = 0;
    uint32_t n = 1;
    int64_t result = STATUS_LEDGER_FULL;

    operation->undo(operation->run()); /* what is made once is made */
    before = helper_holdings();
    for (; n < TRIES_MAX; n++) {
        int64_t armed = rt_ledger_fail_after(n);

        result = operation->run();
        int64_t disarmed = rt_ledger_fail_after(0);

        ASSERT(armed == STATUS_OK && disarmed == STATUS_OK);
        if (result != STATUS_LEDGER_FULL)
            break;
        clean += helper_is_as_before(&before);
        rt_pause();
    }
    if (result >= 0)
        operation->undo(result);
    bool is_right = result >= 0 && n > 1 && clean == n - 1 &&
                    (operation->is_first || helper_is_as_before(&before));

    if (!tap_ok(is_right, operation->what))
        tap_note("its result:", result);
    tap_note("reservations:", n - 1);
}

/* Goal: a program too large for its frames is refused, whole, wherever they run out.  Method: a
 * child with one frame more each time. */
static void test_frames_of_child(void)
{
    struct cap_process_params params = helper_child_params(0, 3);
    struct helper_holdings before = helper_holdings();
    uint64_t full = params.limits[LEDGER_FRAMES];
    int64_t result = STATUS_LEDGER_FULL;
    uint32_t clean = 0;
    uint64_t frames = 0;

    for (; frames <= full; frames++) {
        params.limits[LEDGER_FRAMES] = frames;
        result = rt_process_spawn(&params);
        if (result != STATUS_LEDGER_FULL)
            break;
        clean += helper_is_as_before(&before);
        rt_pause();
    }
    if (result > 0)
        (void)helper_end_of((uint32_t)result);
    tap_ok(result > 0 && clean == frames && helper_is_as_before(&before),
           "a process whose frames run out");
    tap_note("frames that it needs:", (int64_t)frames);
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(ARRAY_COUNT(operations) + 1);
    helper_warm(2);
    object = (uint32_t)rt_memory_create(OBJECT_PAGES * RT_PAGE_BYTES);
    grant = (uint32_t)rt_grant_create(object);
    for (uint32_t i = 0; i < ARRAY_COUNT(operations); i++)
        test_operation(&operations[i]);
    test_frames_of_child();
    return tap_end();
}
