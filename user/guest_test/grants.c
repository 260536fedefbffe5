/* SPDX-License-Identifier: MIT */
/* What was given through a grant can be taken back, by whoever holds the grant, all at once. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/entry.h"
#include "user/rt/layout.h"
#include "user/rt/program.h"

#define SHARED_SLOT 20u /* in children: a page to talk over */
#define GIFT_SLOT 21u   /* what the child holds through a grant */
#define SHARED_AT RT_FREE_BASE
#define GIFT_AT (RT_FREE_BASE + (UINT64_C(1) << 20))
#define OWN_AT (RT_FREE_BASE + (UINT64_C(2) << 20))
#define VECTOR_PAGE 14u
#define MANY 400u
#define REUSES 100u
#define WHILE_NS (2 * NS_PER_MS)

enum role { USE_MAPPED, USE_CAPABILITY, USE_TWICE };

struct shared {
    uint32_t reads;
    uint32_t is_revoked;
};

static struct shared *const shared = (struct shared *)SHARED_AT;
static uint32_t shared_memory;
static uint32_t memory; /* one page, mapped at OWN_AT */

static void map(uint32_t handle, uint64_t address)
{
    int64_t status = rt_memory_map(handle, address, MEMORY_MAP_WRITE, NULL);

    ASSERT(status == STATUS_OK);
}

static uint64_t read_at(uint64_t address)
{
    return __atomic_load_n((const uint64_t *)address, __ATOMIC_ACQUIRE);
}

/* ---- What children do ---- */

/* Reads what it was given until that is gone. */
static int64_t use_mapped(uint64_t word)
{
    uint64_t sum = word;

    map(SHARED_SLOT, SHARED_AT);
    map(GIFT_SLOT, GIFT_AT);
    while (sum != 1) { /* bound: it faults */
        sum += read_at(GIFT_AT);
        (void)__atomic_add_fetch(&shared->reads, 1, __ATOMIC_ACQ_REL);
        rt_burn();
    }
    return 0;
}

static int64_t use_capability(uint64_t word)
{
    int64_t first = rt_cap_kind(GIFT_SLOT);

    (void)word;
    map(SHARED_SLOT, SHARED_AT);
    (void)__atomic_add_fetch(&shared->reads, 1, __ATOMIC_ACQ_REL);
    helper_wait_for(&shared->is_revoked, 1);
    int64_t then = rt_call(GIFT_SLOT, CONSOLE_WRITE, (uint64_t)"", 0, 0);
    int64_t released = rt_release(GIFT_SLOT);

    return first == CAP_KIND_CONSOLE && released == STATUS_OK ? then : 1;
}

/* An object mapped twice, once by a copy.  Revoking takes the copy's place away, not the other. */
static int64_t use_twice(uint64_t word)
{
    uint32_t object = helper_must(rt_memory_create(RT_PAGE_BYTES));
    uint32_t grant = helper_must(rt_grant_create(object));
    uint32_t copy = helper_must(rt_copy(object, grant));

    map(object, OWN_AT);
    map(copy, GIFT_AT);
    uint64_t sum = read_at(GIFT_AT);
    int64_t status = rt_revoke(grant);

    sum += read_at(OWN_AT);
    ASSERT(status == STATUS_OK && sum == 0);
    return (int64_t)(read_at(GIFT_AT) + word); /* a fault */
}

static helper_role *const roles[] = {use_mapped, use_capability, use_twice};

/* ---- What the parent does ---- */

/* Goal: revoking ends the copies, not the original.  Method: copies, and copies of them. */
static void test_revoke(void)
{
    uint32_t grant = helper_must(rt_grant_create(memory));
    uint32_t copy = helper_must(rt_copy(memory, grant));
    uint32_t again = helper_must(rt_copy(copy, CAP_NONE));
    uint32_t other = helper_must(rt_copy(memory, CAP_NONE));

    tap_ok(rt_cap_kind(grant) == CAP_KIND_GRANT && rt_cap_kind(copy) == CAP_KIND_MEMORY &&
               rt_cap_kind(again) == CAP_KIND_MEMORY,
           "a grant, a copy through it, and a copy of that");
    tap_equal(rt_revoke(grant), STATUS_OK, "the grant is revoked");
    tap_ok(rt_memory_info(copy, NULL) == STATUS_STALE &&
               rt_memory_info(again, NULL) == STATUS_STALE,
           "what was copied through it is STALE, and copies of that");
    tap_ok(rt_memory_info(memory, NULL) == STATUS_OK && rt_memory_info(other, NULL) == STATUS_OK,
           "the original is not, nor what was copied past it");
    tap_equal(rt_copy(memory, grant), STATUS_STALE, "nothing is copied through it any more");
    tap_equal(rt_copy(copy, CAP_NONE), STATUS_STALE, "nor what is STALE");
    helper_release(grant), helper_release(copy), helper_release(again), helper_release(other);

    grant = helper_must(rt_grant_create(memory));
    again = helper_must(rt_copy(grant, CAP_NONE)); /* to name it later */
    copy = helper_must(rt_copy(memory, grant));
    helper_release(grant);
    tap_equal(rt_memory_info(copy, NULL), STATUS_OK, "letting go of a grant revokes nothing");
    (void)rt_revoke(again);
    helper_release(copy), helper_release(again);
}

/* Goal: grants nest GRANT_DEPTH_MAX deep, and the end of one ends those below.  Method: a chain. */
static void test_depth(void)
{
    uint32_t grants[GRANT_DEPTH_MAX];
    uint32_t copies[GRANT_DEPTH_MAX];
    uint32_t at = memory;
    uint32_t live = 0;
    uint32_t stale = 0;

    for (uint32_t i = 0; i < GRANT_DEPTH_MAX; i++) {
        grants[i] = helper_must(rt_grant_create(at));
        at = copies[i] = helper_must(rt_copy(at, grants[i]));
    }
    tap_equal(rt_grant_create(at), STATUS_GRANT_DEPTH, "grants nest four deep, not five");
    uint32_t side = helper_must(rt_grant_create(memory));

    tap_equal(rt_copy(copies[0], side), STATUS_NOT_GRANTED,
              "what is held under one grant is not copied through another");
    (void)rt_revoke(side);
    helper_release(side);
    (void)rt_revoke(grants[1]);
    for (uint32_t i = 0; i < GRANT_DEPTH_MAX; i++) {
        live += rt_memory_info(copies[i], NULL) == STATUS_OK;
        stale += rt_memory_info(copies[i], NULL) == STATUS_STALE;
    }
    tap_ok(live == 1 && stale == GRANT_DEPTH_MAX - 1 &&
               rt_memory_info(copies[0], NULL) == STATUS_OK,
           "the second one's end takes what is below, not what is above");
    tap_equal(rt_copy(copies[0], grants[2]), STATUS_STALE, "grants below it are STALE too");
    for (uint32_t i = 0; i < GRANT_DEPTH_MAX; i++) {
        (void)rt_revoke(grants[i]);
        helper_release(grants[i]), helper_release(copies[i]);
    }
}

static uint32_t start(uint32_t role, uint32_t handle, uint32_t grant)
{
    struct cap_process_params params = helper_child_params(role, 0);

    *shared = (struct shared){0};
    rt_process_give(&params, shared_memory, SHARED_SLOT, CAP_NONE);
    rt_process_give(&params, handle, GIFT_SLOT, grant);
    return helper_start(&params);
}

static bool ends_with_fault(uint32_t child)
{
    struct cap_process_info info = {0};
    int64_t end = rt_process_wait(child, NULL);

    (void)rt_process_info(child, &info);
    helper_release(child);
    return end == PROCESS_FAULTED && info.fault_vector == VECTOR_PAGE &&
           info.fault_address == GIFT_AT;
}

/* Goal: another process's mappings and capabilities end with the grant.  Method: gifts through
 * one; the child uses them while this process revokes. */
static void test_gifts(void)
{
    uint32_t grant = helper_must(rt_grant_create(memory));
    uint32_t child = start(USE_MAPPED, memory, grant);

    helper_wait_for(&shared->reads, 3);
    tap_equal(rt_revoke(grant), STATUS_OK, "what a child has mapped is taken back");
    tap_ok(ends_with_fault(child), "who uses it then faults");
    tap_equal((int64_t)read_at(OWN_AT), 0, "what the giver has mapped stays");
    helper_release(grant);

    grant = helper_must(rt_grant_create(CAP_CONSOLE));
    child = start(USE_CAPABILITY, CAP_CONSOLE, grant);
    helper_wait_for(&shared->reads, 1);
    (void)rt_revoke(grant);
    __atomic_store_n(&shared->is_revoked, 1, __ATOMIC_RELEASE);
    tap_equal(helper_finish(child), STATUS_STALE, "a child's capability is STALE");
    helper_release(grant);

    struct cap_process_params params = helper_child_params(USE_TWICE, 0);

    tap_ok(ends_with_fault(helper_start(&params)),
           "a process's own mapping by a copy ends, that by the original stays");
}

static int64_t wait_for_child(void *argument)
{
    return rt_process_wait((uint32_t)(uintptr_t)argument, NULL);
}

/* Goal: a wait ends when what it waits by is revoked.  Method: WAIT by a copy of the handle. */
static void test_waiting(void)
{
    uint32_t child = start(USE_CAPABILITY, CAP_CONSOLE, CAP_NONE);
    uint32_t grant = helper_must(rt_grant_create(child));
    uint32_t copy = helper_must(rt_copy(child, grant));
    struct rt_thread_ref ref = helper_spawn(wait_for_child, (void *)(uintptr_t)copy, NULL);

    helper_sleep(WHILE_NS);
    tap_equal(rt_revoke(grant), STATUS_OK, "a grant by which somebody waits is revoked");
    tap_equal(helper_join(&ref), STATUS_STALE, "the wait ends STALE");
    helper_release(copy), helper_release(grant);
    __atomic_store_n(&shared->is_revoked, 1, __ATOMIC_RELEASE);
    (void)helper_finish(child);
}

/* Goal: an old handle never means what a slot holds now.  Method: the same slot again and again. */
static void test_reuse(void)
{
    uint32_t old = helper_must(rt_copy(memory, CAP_NONE));
    uint32_t right = 0;
    uint32_t reused = 0;

    helper_release(old);
    for (uint32_t i = 0; i < REUSES; i++) {
        uint32_t new = helper_must(rt_copy(i % 2 == 0 ? CAP_CONSOLE : memory, CAP_NONE));

        right += new != old && rt_cap_kind(old) == STATUS_STALE && rt_cap_kind(new) > 0;
        reused += CAP_SLOT(new) == CAP_SLOT(old);
        helper_release(new);
        old = new;
    }
    tap_equal(right, REUSES, "a handle of a slot used again is STALE");
    tap_ok(reused > 0, "slots are used again");
}

/* What revoking `count` copies takes. */
static uint64_t time_revoke(uint32_t count)
{
    static uint32_t copies[MANY];
    uint32_t grant = helper_must(rt_grant_create(memory));
    uint32_t stale = 0;

    for (uint32_t i = 0; i < count; i++) {
        copies[i] = helper_must(rt_copy(memory, grant));
        rt_pause();
    }
    struct mono began = rt_now();

    (void)rt_revoke(grant);
    uint64_t took_ns = (uint64_t)mono_diff_ns(rt_now(), began);

    for (uint32_t i = 0; i < count; i++) {
        stale += rt_memory_info(copies[i], NULL) == STATUS_STALE;
        helper_release(copies[i]);
        rt_pause();
    }
    ASSERT(stale == count);
    helper_release(grant);
    return took_ns;
}

/* Goal: what revoking costs does not grow with the copies.  Method: time it, with 1, with 400. */
static void test_cost(void)
{
    uint64_t one_ns = time_revoke(1);
    uint64_t many_ns = time_revoke(MANY);

    if (helper_is_concurrent())
        tap_skip("400 copies are revoked in the time of one", "a CPU may stand still");
    else
        tap_within((int64_t)many_ns, 0, 2 * (int64_t)one_ns,
                   "400 copies are revoked in the time of one");
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(7 + 4 + 5 + 2 + 2 + 1 + 1);
    helper_warm(2);
    shared_memory = helper_must(rt_memory_create(sizeof(struct shared)));
    map(shared_memory, SHARED_AT);
    memory = helper_must(rt_memory_create(RT_PAGE_BYTES));
    map(memory, OWN_AT);
    (void)time_revoke(MANY); /* what the table needs for so many is made */
    struct helper_holdings before = helper_holdings();

    test_revoke();
    test_depth();
    test_gifts();
    test_waiting();
    test_reuse();
    test_cost();
    tap_ok(helper_is_as_before(&before), "all grants and slots are back");
    return tap_end();
}
