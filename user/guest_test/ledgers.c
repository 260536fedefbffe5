/* SPDX-License-Identifier: MIT */
/* A process has what its ledger says, and no more; what it was given comes back to its parent. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/entry.h"
#include "user/rt/layout.h"
#include "user/rt/program.h"

#define SMALL 6u     /* of the resource that is tested */
#define FRAMES 300u  /* where frames are tested */
#define TRIES_MAX 600u
#define NOT_REFUSED (-1000)

enum role { READ, USE_UP, HANG };

/* One of the resource, by the shortest way.  A refusal's resource in *resource. */
static int64_t take_one(enum ledger_resource wanted, uint64_t *resource)
{
    static const struct cpumask all = {{UINT64_MAX}};
    struct ring_sqe entry = {.op = RING_OP_CALL};

    switch (wanted) {
    case LEDGER_FRAMES:
        entry.cap = CAP_LEDGER, entry.method = LEDGER_MEMORY_CREATE;
        entry.args[0] = 8 * RT_PAGE_BYTES;
        break;
    case LEDGER_SLOTS:
        entry.cap = CAP_TABLE, entry.method = TABLE_COPY, entry.args[0] = CAP_TABLE;
        break;
    case LEDGER_THREADS:
    case LEDGER_OPERATIONS:
        /* Never runs: by now the runtime could not make one. */
        entry.cap = CAP_THREADS, entry.method = THREADS_SPAWN;
        entry.args[0] = (uint64_t)(uintptr_t)rt_thread_entry, entry.args[1] = PROCESS_STACK_TOP;
        break;
    case LEDGER_GRANTS:
        entry.cap = CAP_TABLE, entry.method = TABLE_GRANT_CREATE, entry.args[0] = CAP_TABLE;
        break;
    case LEDGER_OBJECTS:
        entry.cap = CAP_CPUS, entry.method = CPUS_NARROW;
        entry.args[0] = (uint64_t)(uintptr_t)&all;
        break;
    default:
        UNREACHABLE();
    }
    return rt_entry_do(&entry, resource);
}

static int64_t hang(void *argument)
{
    (void)argument;
    helper_hang();
}

/* ---- What children do ---- */

/* Is the account what the parent said, and consistent?  The number of what is not. */
static int64_t read_account(uint64_t word)
{
    struct cap_process_params wanted = helper_child_params(READ, 0);
    struct ledger_account account;
    int64_t wrong = rt_ledger_read(&account) != STATUS_OK;

    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
        const struct ledger_row *row = &account.rows[i];

        wrong += row->limit != wanted.limits[i];
        wrong += row->reserved + row->used > row->limit;
    }
    wrong += account.rows[LEDGER_THREADS].used != 1;
    wrong += account.rows[LEDGER_OPERATIONS].used != RING_INFLIGHT_MAX;
    wrong += account.rows[LEDGER_SLOTS].used != wanted.gift_count;
    wrong += account.rows[LEDGER_FRAMES].used == 0;
    return wrong + (int64_t)word;
}

/* Take until it is refused.  0: the refusal is LEDGER_FULL, for that resource, with the row full
 * but for less than one taking, and nothing left reserved. */
static int64_t use_up(uint64_t word)
{
    enum ledger_resource resource = (enum ledger_resource)word;
    bool is_of_threads = resource == LEDGER_THREADS || resource == LEDGER_OPERATIONS;
    struct ledger_account account;
    struct rt_thread_ref ref;
    int64_t status = STATUS_OK;
    uint64_t value = LEDGER_RESOURCE_COUNT;

    for (uint32_t i = 0; i < TRIES_MAX && status >= 0; i++) {
        status = is_of_threads ? rt_thread_spawn(&ref, hang, NULL, NULL)
                               : take_one(resource, &value);
        rt_pause();
    }
    if (status != STATUS_LEDGER_FULL)
        return status < 0 ? status : NOT_REFUSED;
    if (take_one(resource, &value) != STATUS_LEDGER_FULL || value != word)
        return 1;
    if (rt_ledger_read(&account) != STATUS_OK)
        return 2;

    const struct ledger_row *row = &account.rows[resource];
    uint64_t step = resource == LEDGER_FRAMES       ? 16
                    : resource == LEDGER_OPERATIONS ? RING_INFLIGHT_MAX
                                                    : 1;

    return row->reserved == 0 && row->limit - row->used < step ? 0 : 3;
}

static int64_t hang_as_child(uint64_t word)
{
    (void)word;
    helper_hang();
}

static helper_role *const roles[] = {read_account, use_up, hang_as_child};

/* ---- What the parent sees ---- */

/* Goal: each limit is kept.  Method: a child with little of one resource takes until it is refused;
 * what it must have to live is on top. */
static void test_limit(enum ledger_resource resource, const char *what)
{
    struct cap_process_params params = helper_child_params(USE_UP, resource);

    if (resource == LEDGER_FRAMES)
        params.limits[resource] = FRAMES;
    else if (resource == LEDGER_OPERATIONS)
        params.limits[resource] = SMALL * RING_INFLIGHT_MAX;
    else if (resource == LEDGER_SLOTS)
        params.limits[resource] = SMALL + params.gift_count;
    else
        params.limits[resource] = SMALL;
    tap_equal(helper_finish(helper_start(&params)), 0, what);
}

static bool is_more_by(const struct ledger_account *after, const struct ledger_account *before,
                       const uint64_t *limits)
{
    bool is_right = true;

    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        is_right = is_right && after->rows[i].used >= before->rows[i].used + limits[i] &&
                   after->rows[i].reserved == 0;
    return is_right;
}

/* Goal: a child's limits are its parent's use while it is there.  Method: read before, while, and
 * after. */
static void test_parent(void)
{
    struct cap_process_params params = helper_child_params(HANG, 0);
    struct helper_holdings before = helper_holdings();
    uint32_t child = helper_start(&params);
    struct helper_holdings during = helper_holdings();

    (void)rt_process_kill(child);
    (void)helper_end_of(child);
    tap_ok(is_more_by(&during.account, &before.account, params.limits),
           "a child's limits are taken from its parent");
    tap_ok(helper_is_as_before(&before), "and come back when it is gone");
}

static int64_t spawn_value(const struct cap_process_params *params, uint64_t *value)
{
    struct ring_sqe entry = {.op = RING_OP_CALL,
                             .cap = CAP_SPAWNER,
                             .method = SPAWNER_SPAWN,
                             .args = {(uint64_t)(uintptr_t)params}};

    return rt_entry_do(&entry, value);
}

/* Goal: nobody gives what it does not have.  Method: of each resource one more than is left; what a
 * program needs at least. */
static void test_too_much(void)
{
    struct helper_holdings before = helper_holdings();
    uint32_t right = 0;
    uint64_t value = 0;

    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
        struct cap_process_params params = helper_child_params(READ, 0);
        const struct ledger_row *row = &before.account.rows[i];

        params.limits[i] = row->limit - row->used + 1;
        right += spawn_value(&params, &value) == STATUS_LEDGER_FULL && value == i;
    }
    tap_equal(right, LEDGER_RESOURCE_COUNT, "a child cannot be given more than is left");

    struct cap_process_params params = helper_child_params(READ, 0);

    params.limits[LEDGER_FRAMES] = 4;
    tap_ok(spawn_value(&params, &value) == STATUS_LEDGER_FULL && value == LEDGER_FRAMES,
           "nor less than its program needs");
    tap_ok(helper_is_as_before(&before), "and refusals leave nothing behind");
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(1 + LEDGER_RESOURCE_COUNT + 2 + 3 + 1);
    struct cap_process_params params = helper_child_params(READ, 0);

    tap_equal(helper_finish(helper_start(&params)), 0, "a process reads its account");
    struct helper_holdings before = helper_holdings();

    test_limit(LEDGER_FRAMES, "frames are limited");
    test_limit(LEDGER_SLOTS, "slots are limited");
    test_limit(LEDGER_THREADS, "threads are limited");
    test_limit(LEDGER_OPERATIONS, "operations are limited");
    test_limit(LEDGER_GRANTS, "grants are limited");
    test_limit(LEDGER_OBJECTS, "objects are limited");
    test_parent();
    test_too_much();
    tap_ok(helper_is_as_before(&before), "the account is what it was at the start");
    return tap_end();
}
