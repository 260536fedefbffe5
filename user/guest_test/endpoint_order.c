/* SPDX-License-Identifier: MIT */
/* Who is served first: by deadline, then by arrival, every 8th the oldest; who is too late. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/clock.h"
#include "user/rt/endpoint.h"
#include "user/rt/program.h"
#include "user/rt/ring.h"

#define CLIENTS 5u
#define CROWD RING_SQ_ENTRIES
#define OLDEST_EVERY 8u
#define OLD_METHOD 1000u
#define LATER_NS (3600 * NS_PER_S)
#define SOON_NS (2 * NS_PER_MS)

static uint32_t endpoint, client;

/* Receive one and answer it.  Returns: its method. */
static uint32_t serve_one(void)
{
    struct rt_message m;
    int64_t got = rt_endpoint_receive(endpoint, &m);

    ASSERT(got >= 0);
    int64_t status = rt_endpoint_return(0, &m);

    ASSERT(status == STATUS_OK);
    return RECEIVED_METHOD(got);
}

/* ---- Callers ---- */

struct caller {
    uint64_t deadline_ns;
    uint16_t method;
};

static int64_t call_once(void *argument)
{
    const struct caller *c = argument;
    struct ring_sqe entry = {
        .op = RING_OP_CALL, .cap = client, .method = c->method, .deadline_ns = c->deadline_ns};

    return rt_message_do(&entry);
}

/* A ring full of calls, each with its number as method and a later deadline than the one before. */
static int64_t call_many(void *argument)
{
    uint64_t from_ns = *(const uint64_t *)argument;
    struct ring_sqe entries[CROWD];
    struct ring_cqe completions[CROWD];
    int64_t good = 0;

    for (uint32_t i = 0; i < CROWD; i++)
        entries[i] = (struct ring_sqe){.op = RING_OP_CALL,
                                       .flags = RING_FLAG_MESSAGE,
                                       .cap = client,
                                       .method = (uint16_t)i,
                                       .deadline_ns = from_ns + i,
                                       .args = {RING_MESSAGE(0, 0, RT_MESSAGE_WORDS)}};
    rt_ring_batch(entries, CROWD, completions);
    for (uint32_t i = 0; i < CROWD; i++)
        good += completions[i].status == 0 && completions[i].value == RT_MESSAGE_WORDS;
    return good;
}

/* ---- Tests ---- */

/* Goal: the line is in the order of deadlines, then of arrival; none is last.  Method: five
 * callers, one after the other, while nobody receives. */
static void test_order(void)
{
    static const uint64_t after_ns[CLIENTS] = {400, 0, 200, 400, 100};
    static const uint32_t order[CLIENTS] = {4, 2, 0, 3, 1};
    struct rt_thread_ref refs[CLIENTS];
    struct caller callers[CLIENTS];
    uint64_t from_ns = rt_now().ns + LATER_NS;
    uint32_t right = 0, answered = 0;

    for (uint32_t i = 0; i < CLIENTS; i++) {
        callers[i] = (struct caller){after_ns[i] != 0 ? from_ns + after_ns[i] : 0, (uint16_t)i};
        refs[i] = helper_spawn(call_once, &callers[i], NULL);
        helper_wait_for_line(endpoint, i + 1);
    }
    for (uint32_t i = 0; i < CLIENTS; i++)
        right += serve_one() == order[i];
    for (uint32_t i = 0; i < CLIENTS; i++)
        answered += helper_join(&refs[i]) == 0;
    tap_equal(right, CLIENTS, "five callers are served by deadline, then by arrival");
    tap_equal(answered, CLIENTS, "and each has its answer");
}

/* Goal: who has no deadline comes, too.  Method: one, then sixteen with deadlines: he is the one
 * that the 8th message is, all others are in order. */
static void test_oldest(void)
{
    struct caller old = {0, OLD_METHOD};
    uint64_t from_ns = rt_now().ns + LATER_NS;
    struct rt_thread_ref first = helper_spawn(call_once, &old, NULL);
    uint32_t right = 0, next = 0;

    helper_wait_for_line(endpoint, 1);
    struct rt_thread_ref crowd = helper_spawn(call_many, &from_ns, NULL);

    helper_wait_for_line(endpoint, CROWD + 1);
    uint64_t received = helper_endpoint_stat(endpoint).received;
    uint32_t turn = OLDEST_EVERY - 1 - (uint32_t)(received % OLDEST_EVERY);
    bool is_first = true;

    for (uint32_t i = 0; i <= CROWD; i++) {
        bool is_old = i == turn;

        right += serve_one() == (is_old ? OLD_METHOD : next);
        next += !is_old;
        is_first = is_first && helper_endpoint_stat(endpoint).waiting == CROWD - i;
    }
    tap_equal(right, CROWD + 1, "the 8th message is the oldest; all others go by deadline");
    tap_ok(is_first, "the line gets shorter by one each time");
    tap_equal(helper_join(&first), 0, "who had no deadline was answered");
    tap_equal(helper_join(&crowd), CROWD, "and all who had one");
}

/* Goal: a deadline ends the wait in the line.  Method: nobody receives until it has passed. */
static void test_expired(void)
{
    struct caller soon = {rt_now().ns + SOON_NS, 1};
    struct caller never = {0, 2};
    struct rt_thread_ref other = helper_spawn(call_once, &never, NULL);
    struct rt_thread_ref ref = helper_spawn(call_once, &soon, NULL);

    tap_equal(helper_join(&ref), STATUS_EXPIRED, "who is not received in time is EXPIRED");
    tap_ok(!mono_before(rt_now(), (struct mono){soon.deadline_ns}), "not before that time");
    helper_wait_for_line(endpoint, 1);
    tap_equal(serve_one(), 2, "who has no deadline waits on");
    (void)helper_join(&other);
    soon.deadline_ns = 1;
    tap_equal(call_once(&soon), STATUS_EXPIRED, "what comes too late is not begun");
    tap_equal(helper_endpoint_stat(endpoint).waiting, 0, "nobody waits");
}

/* Goal: a deadline does not matter once the call is received.  Method: answer after it. */
static void test_received_in_time(void)
{
    static const char *const what = "who is received in time is answered, however late";
    struct caller soon = {rt_now().ns + SOON_NS, 3};
    struct rt_thread_ref ref;
    struct rt_message m;

    if (helper_is_concurrent()) {
        tap_skip(what, "a CPU may stand still");
        return;
    }
    ref = helper_spawn(call_once, &soon, NULL);
    int64_t got = rt_endpoint_receive(endpoint, &m);

    ASSERT(RECEIVED_METHOD(got) == 3);
    helper_sleep(2 * SOON_NS);
    int64_t status = rt_endpoint_return(0, &m);

    tap_ok(helper_join(&ref) == 0 && status == STATUS_OK, what);
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, NULL, 0); /* helper_warm's */
    helper_begin(2 + 4 + 5 + 1 + 1);
    helper_warm(CLIENTS);
    struct helper_holdings before = helper_holdings();

    endpoint = helper_must(rt_endpoint_create(0));
    client = helper_must(rt_endpoint_mint(endpoint, 0));
    test_order();
    test_oldest();
    test_expired();
    test_received_in_time();
    (void)rt_endpoint_destroy(endpoint);
    (void)rt_release(endpoint);
    (void)rt_release(client);
    tap_ok(helper_is_as_before(&before), "nothing is left of it");
    return tap_end();
}
