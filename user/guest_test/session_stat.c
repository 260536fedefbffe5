/* SPDX-License-Identifier: MIT */
/* What sessions and services have used: the sum over their processes, those that are gone included,
 * and together all that CPUs spent on threads. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/program.h"
#include "user/rt/session.h"

#define BURN_NS (2 * NS_PER_MS)
#define CHILDREN 3u
#define SERVICE 7u /* and the next */
#define FRAMES 2048u
#define OTHERS 256u
#define THREADS 40u

enum role { USE, USE_AND_HAVE_CHILD };

static int64_t use(uint64_t word)
{
    (void)word;
    rt_burn_own_until(rt_own_ns() + BURN_NS, MONO_NEVER);
    return 0;
}

static int64_t use_and_have_child(uint64_t word)
{
    struct cap_process_params params = helper_child_params(USE, 0);

    (void)use(word);
    return helper_finish(helper_start(&params));
}

static helper_role *const roles[] = {use, use_and_have_child};

static struct cap_process_params parent_params(void)
{
    struct cap_process_params params = helper_child_params(USE_AND_HAVE_CHILD, 0);

    rt_process_give(&params, CAP_SPAWNER, CAP_SPAWNER, CAP_NONE);
    params.limits[LEDGER_FRAMES] = FRAMES;
    params.limits[LEDGER_SLOTS] = OTHERS;
    params.limits[LEDGER_THREADS] = THREADS;
    params.limits[LEDGER_OPERATIONS] = THREADS * RING_INFLIGHT_MAX;
    params.limits[LEDGER_OBJECTS] = OTHERS;
    params.limits[LEDGER_GRANTS] = THREADS;
    return params;
}

static uint32_t create(void)
{
    int64_t session = rt_session_create();

    ASSERT(session > 0);
    return (uint32_t)session;
}

static struct cap_total_stat session_stat(uint32_t session)
{
    struct cap_total_stat stat = {.gone_count = 0};
    int64_t status = rt_session_stat(session, &stat);

    ASSERT(status == STATUS_OK);
    return stat;
}

static struct cap_total_stat service_stat(uint32_t service)
{
    struct cap_total_stat stat = {.gone_count = 0};
    int64_t status = rt_service_stat(service, &stat);

    ASSERT(status == STATUS_OK);
    return stat;
}

static bool is_sum(const struct cap_total_stat *total, const struct cap_process_stat *sum)
{
    return total->threads.runtime_ns == sum->runtime_ns &&
           total->threads.switches == sum->switches &&
           total->threads.preemptions == sum->preemptions &&
           total->threads.voluntary_blocks == sum->voluntary_blocks &&
           total->threads.migrations == sum->migrations &&
           total->threads.ended_count == sum->ended_count;
}

static void add(struct cap_process_stat *sum, const struct cap_process_stat *more)
{
    sum->runtime_ns += more->runtime_ns;
    sum->switches += more->switches;
    sum->preemptions += more->preemptions;
    sum->voluntary_blocks += more->voluntary_blocks;
    sum->migrations += more->migrations;
    sum->ended_count += more->ended_count;
}

/* Goal: the total of a session, and of a service, is that of its processes to the nanosecond, and
 * stays when their records are gone.  Method: children of one session and one service end; add up
 * what each has used; let go of them. */
static void test_sums(uint32_t session)
{
    struct cap_process_params params = helper_child_params(USE, 0);
    struct cap_process_stat sum = {.live_count = 0};
    uint32_t children[CHILDREN];

    params.session = session;
    params.service = SERVICE;
    for (uint32_t i = 0; i < CHILDREN; i++)
        children[i] = helper_start(&params);
    for (uint32_t i = 0; i < CHILDREN; i++) {
        struct cap_process_stat stat = {.live_count = 0};

        (void)rt_process_wait(children[i], NULL);
        (void)rt_process_stat(children[i], &stat);
        add(&sum, &stat);
    }
    struct cap_total_stat of_session = session_stat(session), of_service = service_stat(SERVICE);

    tap_ok(is_sum(&of_session, &sum), "a session's total is the sum of its processes'");
    tap_ok(is_sum(&of_service, &sum), "and so is a service's");
    tap_ok(sum.runtime_ns >= CHILDREN * BURN_NS && of_session.process_count == 0 &&
               of_session.gone_count == CHILDREN,
           "all its processes count");
    for (uint32_t i = 0; i < CHILDREN; i++)
        (void)rt_release(children[i]);
    of_session = session_stat(session);
    of_service = service_stat(SERVICE);
    tap_ok(is_sum(&of_session, &sum) && is_sum(&of_service, &sum),
           "both stay when the processes' records are gone");
}

/* Goal: who is made by a process of a session, or a service, belongs to them, too.  Method: a child
 * that has a child; what both have used, when the grandchild's record is gone. */
static void test_inherited(uint32_t session)
{
    struct cap_process_params params = parent_params();
    struct cap_total_stat before = session_stat(session);
    struct cap_process_stat own = {.live_count = 0};

    params.session = session;
    params.service = SERVICE + 1;
    uint32_t child = helper_start(&params);
    int64_t end = rt_process_wait(child, NULL);

    (void)rt_process_stat(child, &own);
    struct cap_total_stat after = session_stat(session), of_service = service_stat(SERVICE + 1);
    uint64_t used_ns = after.threads.runtime_ns - before.threads.runtime_ns;

    tap_ok(end == PROCESS_EXITED && after.gone_count == before.gone_count + 2 &&
               of_service.gone_count == 2,
           "a child's child is of its session and service");
    tap_ok(used_ns >= own.runtime_ns + BURN_NS && used_ns == of_service.threads.runtime_ns,
           "and what it has used counts for both");
    (void)rt_release(child);
}

/* Goal: init numbers its services.  Method: this program is of the first, init of none. */
static void test_numbers(void)
{
    struct cap_process_stat own = {.live_count = 0};
    int64_t status = rt_process_stat(CAP_NONE, &own);
    struct cap_total_stat first = service_stat(1), none = service_stat(0);

    tap_ok(status == STATUS_OK && first.process_count >= 1 &&
               first.threads.runtime_ns >= own.runtime_ns,
           "this program belongs to the first service");
    tap_ok(none.process_count == 1 && none.threads.runtime_ns > 0, "and init to none");
}

/* What all CPUs have spent on threads until now. */
static uint64_t busy_ns(void)
{
    uint64_t sum_ns = 0;

    for (uint32_t cpu = 0; cpu < rt_cpu_count(); cpu++) {
        struct cap_cpu_stat stat = {0};
        int64_t status = rt_cpu_stat(cpu, &stat);

        ASSERT(status == STATUS_OK);
        sum_ns += stat.busy_ns;
        rt_pause();
    }
    return sum_ns;
}

static bool is_between(uint64_t before_ns, uint64_t sum_ns, uint64_t after_ns)
{
    if (before_ns <= sum_ns && sum_ns <= after_ns)
        return true;
    tap_note("less than the CPUs before, ns:", (int64_t)(before_ns - sum_ns));
    tap_note("more than the CPUs after, ns:", (int64_t)(sum_ns - after_ns));
    return false;
}

/* Goal: every nanosecond that a CPU spent on a thread is in one session and one service.  Method:
 * while all others wait, the sums over all of each, between two looks at the CPUs. */
static void test_all(uint32_t session)
{
    uint64_t sum_ns, before_ns, after_ns;

    helper_sleep(BURN_NS);
    before_ns = busy_ns();
    sum_ns = session_stat(CAP_NONE).threads.runtime_ns + session_stat(session).threads.runtime_ns;
    after_ns = busy_ns();
    tap_ok(is_between(before_ns, sum_ns, after_ns), "all sessions together have used the CPUs");
    before_ns = busy_ns();
    sum_ns = 0;
    for (uint32_t service = 0; service <= CAP_SERVICES_MAX; service++) {
        sum_ns += service_stat(service).threads.runtime_ns;
        rt_pause();
    }
    after_ns = busy_ns();
    tap_ok(is_between(before_ns, sum_ns, after_ns), "and so have all services");
}

/* Goal: what a session that has ended used is not lost.  Method: let go of it; it is its maker's
 * session's. */
static void test_released(uint32_t session)
{
    struct cap_total_stat of_session = session_stat(session), before = session_stat(CAP_NONE);
    struct cap_total_stat stat, after;

    (void)rt_release(session);
    do { /* until the reaper has seen it */
        helper_sleep(NS_PER_MS / 4);
        rt_pause();
        after = session_stat(CAP_NONE);
    } while (after.gone_count < before.gone_count + of_session.gone_count);
    tap_ok(after.threads.runtime_ns >=
               before.threads.runtime_ns + of_session.threads.runtime_ns,
           "an ended session's total is its maker's");
    tap_equal(rt_session_stat(session, &stat), STATUS_STALE, "and its handle is STALE");
}

/* Goal: a total can be read while processes of it come and go: nobody counts twice.  Method: do; no
 * sum is above the last one, when all are gone. */
static void test_while_it_changes(void)
{
    struct cap_process_params params = parent_params();
    uint32_t session = create(), children[CHILDREN];
    struct cap_total_stat stat;
    uint64_t most_ns = 0;

    params.session = session;
    for (uint32_t i = 0; i < CHILDREN; i++)
        children[i] = helper_start(&params);
    do {
        stat = session_stat(session);
        if (stat.threads.runtime_ns > most_ns)
            most_ns = stat.threads.runtime_ns;
        helper_sleep(NS_PER_MS / 16);
        rt_pause();
    } while (stat.gone_count < 2 * CHILDREN);
    tap_ok(most_ns == stat.threads.runtime_ns && most_ns >= 2 * CHILDREN * BURN_NS &&
               stat.threads.ended_count == 2 * CHILDREN,
           "a total that is read while it changes counts nobody twice");
    for (uint32_t i = 0; i < CHILDREN; i++)
        (void)helper_finish(children[i]);
    (void)rt_release(session);
}

/* Goal: what is wrong is refused.  Method: each argument. */
static void test_refusals(void)
{
    struct cap_total_stat *nowhere = (struct cap_total_stat *)(uintptr_t)8;
    struct cap_total_stat stat;

    tap_equal(rt_service_stat(CAP_SERVICES_MAX + 1, &stat), STATUS_BAD_ARGUMENT,
              "a service that cannot be is refused");
    tap_equal(rt_service_stat(0, nowhere), STATUS_BAD_ADDRESS, "an address that is none, too");
    tap_equal(rt_session_stat(CAP_NONE, nowhere), STATUS_BAD_ADDRESS, "of a session as well");
    tap_ok(rt_conservation_holds(), "every nanosecond is accounted");
}

int64_t rt_main(uint64_t argument)
{
    uint32_t session;

    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(4 + 2 + 2 + 2 + 2 + 1 + 4);
    session = create();
    test_sums(session);
    test_inherited(session);
    test_numbers();
    test_all(session);
    test_released(session);
    test_while_it_changes();
    test_refusals();
    return tap_end();
}
