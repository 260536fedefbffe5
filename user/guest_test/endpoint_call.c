/* SPDX-License-Identifier: MIT */
/* Calls and their answers: words, methods, badges; who pays; long messages; refusals. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/clock.h"
#include "user/rt/endpoint.h"
#include "user/rt/program.h"
#include "user/rt/ring.h"

#define CALLS 200u
#define STOP_METHOD 99u
#define BADGE 0xfeedbeefu

static uint32_t endpoint, client;

/* Answers each call with its badge, its method and the sum of its words, until told to stop. */
static int64_t serve(void *argument)
{
    struct rt_message m;
    int64_t got = rt_endpoint_receive(endpoint, &m);

    (void)argument;
    while (got >= 0 && RECEIVED_METHOD(got) != STOP_METHOD) { /* waits in the kernel */
        m = (struct rt_message){{m.words[0] + m.words[1] + m.words[2] + m.words[3],
                                 RECEIVED_METHOD(got), RECEIVED_BADGE(got), m.words[3]}};
        got = (got & RECEIVED_SEND) != 0 ? rt_endpoint_receive(endpoint, &m)
                                         : rt_endpoint_return_receive(endpoint, 7, &m);
    }
    if (got >= 0)
        (void)rt_endpoint_return(0, &m);
    return got;
}

static bool call_once(uint64_t i)
{
    struct rt_message m = {{i, 10 * i, 100 * i, UINT64_MAX - i}};
    int64_t status = rt_endpoint_call(client, (uint16_t)(i % 50), &m);

    return status == 7 && m.words[0] == 111 * i + UINT64_MAX - i && m.words[1] == i % 50 &&
           m.words[2] == BADGE && m.words[3] == UINT64_MAX - i;
}

static void stop(const struct rt_thread_ref *server)
{
    struct rt_message m = {{0}};

    tap_equal(rt_endpoint_call(client, STOP_METHOD, &m), 0, "the server was told to stop");
    tap_ok(helper_join(server) == (int64_t)STOP_METHOD + ((int64_t)BADGE << 16), "and it has");
}

static void test_calls(uint32_t flags, const char *what)
{
    struct rt_thread_ref server;
    struct cap_endpoint_stat stat;
    struct cap_thread_params params = helper_params();
    uint32_t good = 0;

    endpoint = helper_must(rt_endpoint_create(flags));
    client = helper_must(rt_endpoint_mint(endpoint, BADGE));
    server = helper_spawn(serve, NULL, &params);
    for (uint32_t i = 0; i < CALLS; i++)
        good += call_once(i);
    tap_equal(good, CALLS, what);
    tap_equal(rt_endpoint_stat(endpoint, &stat), STATUS_OK, "the endpoint counts");
    tap_equal((int64_t)stat.received, CALLS, "each call once");
    if (flags == ENDPOINT_PASSIVE && !helper_is_concurrent())
        tap_ok(stat.lent >= CALLS - 1, "and the callers' contexts were lent");
    else
        tap_ok(stat.lent + stat.refused <= CALLS, "and at most as many contexts were lent");
    stop(&server);
    tap_equal(rt_endpoint_destroy(endpoint), STATUS_OK, "it ends");
    tap_equal(rt_endpoint_call(client, 0, &(struct rt_message){{0}}), STATUS_STALE,
              "and its clients are stale");
    (void)rt_release(endpoint);
    (void)rt_release(client);
}

int64_t rt_main(uint64_t argument)
{
    (void)argument;
    helper_begin(16);
    test_calls(0, "calls to a server with a context of its own");
    test_calls(ENDPOINT_PASSIVE, "calls to a passive server");
    return tap_end();
}
