/* SPDX-License-Identifier: MIT */
/*
 * Who pays for calls: a hog beside a client and its server, one CPU for the three.  Of a pair that
 * takes turns one waits at any time, so the hog's due beside two contexts is between a third and a
 * half (docs/fair.md); beside one context that both execute on it is a half.
 */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/clock.h"
#include "user/rt/endpoint.h"
#include "user/rt/program.h"

#define RUN_NS (600 * NS_PER_MS)
#define TURN_NS (300 * NS_PER_US) /* of each side, in each call */
#define STOP_METHOD 1u
#define THOUSAND 1000u

static uint32_t endpoint, client;
static struct mono start, end;

/* What this thread has executed by itself, whoever paid. */
struct used {
    uint64_t ns;
    uint64_t turns;
};

static void burn_ns(uint64_t ns)
{
    uint64_t from_ns = rt_own_ns();

    while (rt_own_ns() - from_ns < ns)
        rt_burn();
}

static int64_t hog(void *argument)
{
    struct used *used = argument;

    (void)rt_sleep_until(start.ns);
    uint64_t from_ns = rt_own_ns();

    rt_burn_until(end);
    used->ns = rt_own_ns() - from_ns;
    return 0;
}

static int64_t serve(void *argument)
{
    struct used *used = argument;
    struct rt_message m = {{0}};
    uint64_t from_ns = rt_own_ns();
    int64_t got = rt_endpoint_receive(endpoint, &m);

    while (got >= 0 && RECEIVED_METHOD(got) != STOP_METHOD) { /* waits in the kernel */
        burn_ns(TURN_NS);
        used->turns++;
        got = rt_endpoint_return_receive(endpoint, 0, &m);
    }
    used->ns = rt_own_ns() - from_ns;
    return rt_endpoint_return(0, &m);
}

static int64_t call_often(void *argument)
{
    struct used *used = argument;
    struct rt_message m = {{0}};
    int64_t status = 0;

    (void)rt_sleep_until(start.ns);
    uint64_t from_ns = rt_own_ns();

    while (status == 0 && mono_before(rt_now(), end)) { /* at most RUN_NS */
        burn_ns(TURN_NS);
        used->turns++;
        status = rt_endpoint_call(client, 0, &m);
    }
    used->ns = rt_own_ns() - from_ns;
    status |= rt_endpoint_call(client, STOP_METHOD, &m);
    return status;
}

/* Goal: the hog has what is its due beside the two.  Method: all three on the last CPU; what each
 * has executed, in thousandths of the three together. */
static void test_share(uint32_t flags, uint64_t low, uint64_t high, const char *what)
{
    struct cap_thread_params params = helper_on(rt_cpu_count() - 1);
    struct used used[3] = {{0}};
    struct rt_thread_ref refs[3];

    endpoint = helper_must(rt_endpoint_create(flags));
    client = helper_must(rt_endpoint_mint(endpoint, 0));
    start = mono_add(rt_now(), 10 * NS_PER_MS);
    end = mono_add(start, RUN_NS);
    refs[0] = helper_spawn(serve, &used[0], &params);
    refs[1] = helper_spawn(call_often, &used[1], &params);
    refs[2] = helper_spawn(hog, &used[2], &params);
    for (uint32_t i = 3; i > 0; i--) {
        int64_t status = helper_join(&refs[i - 1]);

        ASSERT(status == 0);
    }
    uint64_t share = used[2].ns * THOUSAND / (used[0].ns + used[1].ns + used[2].ns);

    uint64_t nearest = share < low ? low : share > high ? high : share;

    tap_note("the hog's thousandths:", (int64_t)share);
    tap_ok(helper_is_near(share, nearest), what);
    tap_ok(used[0].turns == used[1].turns && used[1].turns > 0,
           "the server had as many turns as the client");
    (void)rt_endpoint_destroy(endpoint);
    (void)rt_release(endpoint);
    (void)rt_release(client);
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(2 * 2);
    test_share(0, 333, 500, "beside a pair with a context each: a third to a half");
    test_share(ENDPOINT_PASSIVE, 500, 500, "beside a client that pays for its server: half");
    return tap_end();
}
