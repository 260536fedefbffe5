/* SPDX-License-Identifier: MIT */
/* Messages of a ring: up to 240 words in both directions, several at once, and what is refused. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/endpoint.h"
#include "user/rt/program.h"
#include "user/rt/ring.h"

#define STOP_METHOD 99u
#define LENGTHS 17u /* 0, 15, 30 ... 240 words */
#define STEP (RING_MESSAGE_WORDS / (LENGTHS - 1))
#define OUTSTANDING 15u
#define PIECE (RING_MESSAGE_WORDS / RING_SQ_ENTRIES)
#define LATE 17u /* one more than can be refused at once */
#define MARK UINT64_C(0x1122334455667788)

static uint32_t endpoint, client;

static struct ring_sqe entry_of(uint8_t op, uint32_t cap, uint64_t message)
{
    return (struct ring_sqe){
        .op = op, .flags = RING_FLAG_MESSAGE, .cap = cap, .args = {message}};
}

/* ---- The server: by its ring, with all 240 words ---- */

/* Answers with the words it got, each with 1 added. */
static int64_t serve(void *argument)
{
    uint64_t *area = rt_message_area();
    struct ring_sqe receive =
        entry_of(RING_OP_RECV, endpoint, RING_MESSAGE(0, 0, RING_MESSAGE_WORDS));
    struct ring_sqe both;
    uint64_t count;
    int64_t got = rt_ring_do(&receive, &count);

    (void)argument;
    while (got >= 0 && RECEIVED_METHOD(got) != STOP_METHOD) { /* waits in the kernel */
        for (uint64_t i = 0; i < count; i++)
            area[i]++;
        both = entry_of(RING_OP_RETURN_RECV, endpoint, RING_MESSAGE(0, count, RING_MESSAGE_WORDS));
        both.method = 3;
        got = rt_ring_do(&both, &count);
    }
    both = entry_of(RING_OP_RETURN, CAP_NONE, RING_MESSAGE(0, 0, 0));
    (void)rt_ring_do(&both, NULL);
    return got;
}

static void stop(const struct rt_thread_ref *server)
{
    struct rt_message m = {{0}};
    int64_t status = rt_endpoint_call(client, STOP_METHOD, &m);

    ASSERT(status == 0);
    (void)helper_join(server);
}

/* ---- Tests ---- */

static void fill(uint64_t seed)
{
    uint64_t *area = rt_message_area();

    for (uint32_t i = 0; i < RING_MESSAGE_WORDS; i++)
        area[i] = seed ^ MARK * (i + 1);
}

static bool is_filled(uint32_t i, uint64_t seed, uint64_t more)
{
    return rt_message_area()[i] == (seed ^ MARK * (i + 1)) + more;
}

/* Goal: each length goes there and back, and nothing else of the area changes.  Method: seventeen
 * lengths, from 0 to 240. */
static void test_lengths(void)
{
    struct rt_thread_ref server = helper_spawn(serve, NULL, NULL);
    uint32_t good = 0;

    for (uint32_t n = 0; n < LENGTHS; n++) {
        struct ring_sqe call =
            entry_of(RING_OP_CALL, client, RING_MESSAGE(0, n * STEP, n * STEP));
        uint64_t count = 0;
        bool is_good;

        fill(n);
        is_good = rt_ring_do(&call, &count) == 3 && count == n * STEP;
        for (uint32_t i = 0; i < RING_MESSAGE_WORDS; i++)
            is_good = is_good && is_filled(i, n, i < n * STEP);
        good += is_good;
    }
    tap_equal(good, LENGTHS, "messages of 0 to 240 words and their answers");
    stop(&server);
}

/* Goal: several calls of one thread are in flight, each with its own piece of the area.  Method: a
 * batch of fifteen, of fifteen words each, at different places. */
static void test_outstanding(void)
{
    struct rt_thread_ref server;
    struct ring_sqe entries[OUTSTANDING];
    struct ring_cqe completions[OUTSTANDING];
    uint32_t good = 0;

    fill(5);
    for (uint32_t i = 0; i < OUTSTANDING; i++)
        entries[i] = entry_of(RING_OP_CALL, client, RING_MESSAGE(i * PIECE, PIECE, PIECE));
    server = helper_spawn(serve, NULL, NULL);
    rt_ring_batch(entries, OUTSTANDING, completions);
    for (uint32_t i = 0; i < OUTSTANDING; i++) {
        bool is_good = completions[i].status == 3 && completions[i].value == PIECE;

        for (uint32_t j = i * PIECE; j < (i + 1) * PIECE; j++)
            is_good = is_good && is_filled(j, 5, 1);
        good += is_good;
    }
    tap_equal(good, OUTSTANDING, "fifteen calls of one ring, each answered in its place");
    stop(&server);
}

/* Calls with `count` words; says how that ended. */
static int64_t call_with(void *argument)
{
    struct ring_sqe call =
        entry_of(RING_OP_CALL, client, RING_MESSAGE(0, (uint64_t)(uintptr_t)argument, 4));

    return rt_ring_do(&call, NULL);
}

/* Goal: what does not fit is refused, and nobody is disturbed.  Method: a receiver in registers,
 * five words, then four; a long answer, then one that fits. */
static void test_too_long(void)
{
    struct rt_thread_ref late, good;
    struct rt_message m;
    struct ring_sqe answer = entry_of(RING_OP_RETURN, CAP_NONE, RING_MESSAGE(0, 5, 0));

    late = helper_spawn(call_with, (void *)5, NULL);
    good = helper_spawn(call_with, (void *)4, NULL);
    int64_t got = rt_endpoint_receive(endpoint, &m);

    tap_ok(got >= 0, "four words come to a receiver in registers");
    tap_equal(rt_ring_do(&answer, NULL), STATUS_TOO_LONG, "an answer that is too long is none");
    answer.args[0] = RING_MESSAGE(0, 4, 0);
    tap_equal(rt_ring_do(&answer, NULL), STATUS_OK, "a shorter one is");
    tap_equal(rt_ring_do(&answer, NULL), STATUS_STALE, "but only once");
    tap_equal(helper_join(&good), 0, "the caller has it");

    struct ring_sqe receive = entry_of(RING_OP_RECV, endpoint, RING_MESSAGE(0, 0, 4));
    uint64_t ticket = rt_ring_submit(&receive); /* if `late` was not looked at yet, it is now */

    rt_ring_enter();
    tap_equal(helper_join(&late), STATUS_TOO_LONG, "five words are refused TOO_LONG");
    struct ring_sqe cancel = {.op = RING_OP_CANCEL, .args = {ticket}};
    struct ring_cqe completion;
    int64_t cancelled = rt_ring_do(&cancel, NULL);
    enum status status = rt_ring_wait(ticket, RT_NO_DEADLINE, &completion);

    tap_ok(cancelled == STATUS_OK && status == STATUS_OK &&
               completion.status == STATUS_CANCELLED,
           "a RECV that waits can be cancelled");
}

/* As many calls as a thread can have out, each too long; says how many were refused so. */
static int64_t call_too_long(void *argument)
{
    struct ring_sqe calls[RING_INFLIGHT_MAX];
    struct ring_cqe ends[RING_INFLIGHT_MAX];
    int64_t refused = 0;

    (void)argument;
    for (uint32_t i = 0; i < RING_INFLIGHT_MAX; i++)
        calls[i] = entry_of(RING_OP_CALL, client, RING_MESSAGE(0, 5, 4));
    rt_ring_batch(calls, RING_INFLIGHT_MAX, ends);
    for (uint32_t i = 0; i < RING_INFLIGHT_MAX; i++)
        refused += ends[i].status == STATUS_TOO_LONG;
    return refused;
}

/* Goal: a line of more than can be refused at once does not stop a server.  Method: 48 calls that
 * are too long, then a good one, are received by an entry that is AGAIN, then by the runtime; the
 * same while answering. */
static void test_many_too_long(void)
{
    struct rt_thread_ref late[2][4];
    struct rt_message m;
    int64_t refused = 0, sum = 0;

    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 3; i++)
            late[round][i] = helper_spawn(call_too_long, NULL, NULL);
        helper_wait_for_line(endpoint, 3 * RING_INFLIGHT_MAX);
        late[round][3] = helper_spawn(call_with, (void *)4, NULL);
        helper_wait_for_line(endpoint, 3 * RING_INFLIGHT_MAX + 1);
        if (round == 0) {
            struct ring_sqe entry = {.op = RING_OP_RECV, .cap = endpoint};

            tap_equal(rt_message_do(&entry), STATUS_AGAIN, "some are refused at once");
            tap_ok(rt_endpoint_receive(endpoint, &m) >= 0, "and the good one comes");
        } else {
            tap_ok(rt_endpoint_return_receive(endpoint, 0, &m) >= 0, "while answering, too");
        }
    }
    (void)rt_endpoint_return(0, &m);
    for (uint32_t i = 0; i < 8; i++) {
        int64_t got = helper_join(&late[i / 4][i % 4]);

        refused += i % 4 < 3 ? got : 0;
        sum += i % 4 < 3 ? 0 : got;
    }
    tap_equal(refused, 6 * RING_INFLIGHT_MAX, "each of the others is refused");
    tap_equal(sum, 0, "and both good ones are answered");
}

static bool is_answered;

static int64_t call_and_say(void *argument)
{
    struct rt_message m = {{0}};
    int64_t status = rt_endpoint_call(client, 0, &m);

    if (argument != NULL)
        __atomic_store_n(&is_answered, true, __ATOMIC_RELEASE);
    return status;
}

/* Goal: who has his answer from a passive server goes on, also if it has received nobody then.
 * Method: a RETURN_RECV that finds a line of more than can be refused at once, and no other. */
static void test_answered_goes_on(void)
{
    const uint32_t others[] = {endpoint, client};
    struct ring_sqe both = {.op = RING_OP_RETURN_RECV, .flags = RING_FLAG_MESSAGE};
    struct rt_thread_ref late[LATE + 1];
    struct rt_message m;
    uint32_t refused = 0;

    endpoint = helper_must(rt_endpoint_create(ENDPOINT_PASSIVE));
    client = helper_must(rt_endpoint_mint(endpoint, 0));
    late[LATE] = helper_spawn(call_and_say, &is_answered, NULL);
    ASSERT(rt_endpoint_receive(endpoint, &m) >= 0);
    for (uint32_t i = 0; i < LATE; i++)
        late[i] = helper_spawn(call_and_say, NULL, NULL);
    helper_wait_for_line(endpoint, LATE);
    both.cap = endpoint; /* with no room for four words */
    tap_equal(rt_message_do(&both), STATUS_AGAIN, "a passive server answers, and receives nobody");
    for (uint32_t i = 0; i < 100 && !__atomic_load_n(&is_answered, __ATOMIC_ACQUIRE); i++)
        helper_sleep(NS_PER_MS); /* at most so often */
    tap_ok(is_answered, "who has the answer goes on");
    (void)rt_endpoint_destroy(endpoint);
    for (uint32_t i = 0; i < LATE; i++)
        refused += helper_join(&late[i]) < 0;
    tap_equal(refused, LATE, "the others are refused");
    tap_equal(helper_join(&late[LATE]), 0, "and it had its answer");
    (void)rt_release(endpoint);
    (void)rt_release(client);
    endpoint = others[0];
    client = others[1];
}

static int64_t call_without_room(void *argument)
{
    struct ring_sqe call = entry_of(RING_OP_CALL, client, RING_MESSAGE(0, 0, 0));

    (void)argument;
    return rt_ring_do(&call, NULL);
}

/* Goal: a server in registers gets rid of a caller that has no room for four words.  Method: it
 * answers in both ways, then without words. */
static void test_no_room(void)
{
    struct rt_thread_ref caller = helper_spawn(call_without_room, NULL, NULL);
    struct rt_message m = {{0}};
    int64_t got = rt_endpoint_receive(endpoint, &m);

    ASSERT(got >= 0);
    tap_equal(rt_endpoint_return(1, &m), STATUS_TOO_LONG, "four words need room");
    tap_equal(rt_endpoint_return_receive(endpoint, 1, &m), STATUS_TOO_LONG, "in both ways");
    tap_equal(rt_endpoint_refuse(3), STATUS_OK, "none do not");
    tap_equal(helper_join(&caller), 3, "the caller has that status");
}

/* Goal: malformed messages, a second RECV, and what would lend twice are refused.  Method: each. */
static void test_refusals(void)
{
    struct ring_sqe receive = entry_of(RING_OP_RECV, endpoint, RING_MESSAGE(0, 0, 4));
    struct ring_sqe bad = {.op = RING_OP_CALL, .cap = client};
    uint64_t ticket = rt_ring_submit(&receive);
    struct ring_sqe cancel = {.op = RING_OP_CANCEL, .args = {ticket}};
    struct ring_cqe completion;

    rt_ring_enter();
    tap_equal(rt_ring_do(&receive, NULL), STATUS_BUSY, "a thread receives once at a time");
    (void)rt_ring_do(&cancel, NULL);
    enum status status = rt_ring_wait(ticket, RT_NO_DEADLINE, &completion);

    ASSERT(status == STATUS_OK);
    tap_equal(rt_ring_do(&bad, NULL), STATUS_BAD_FLAGS, "a ring keeps no words");
    bad = entry_of(RING_OP_CALL, client, RING_MESSAGE(1, RING_MESSAGE_WORDS, 0));
    tap_equal(rt_ring_do(&bad, NULL), STATUS_BAD_ARGUMENT, "nor more than there is");
    bad = entry_of(RING_OP_RECV, client, 0);
    tap_equal(rt_ring_do(&bad, NULL), STATUS_BAD_CAP, "a CLIENT does not receive");
    bad = entry_of(RING_OP_SEND, endpoint, 0);
    tap_equal(rt_ring_do(&bad, NULL), STATUS_BAD_CAP, "an ENDPOINT is not sent to");

    uint32_t passive = helper_must(rt_endpoint_create(ENDPOINT_PASSIVE));
    uint32_t lending = helper_must(rt_endpoint_mint(passive, 0));

    bad = entry_of(RING_OP_CALL, lending, 0);
    tap_equal(rt_ring_do(&bad, NULL), STATUS_WOULD_LEND_TWICE,
              "a ring's call to a passive endpoint is refused");
    tap_equal(rt_endpoint_send(lending, 0, &(struct rt_message){{0}}), STATUS_WOULD_LEND_TWICE,
              "and SEND");
    (void)rt_endpoint_destroy(passive);
    (void)rt_release(passive);
    (void)rt_release(lending);
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, NULL, 0); /* helper_warm's */
    helper_begin(1 + 1 + 7 + 5 + 4 + 4 + 7 + 1);
    helper_warm(LATE + 1);
    struct helper_holdings before = helper_holdings();

    endpoint = helper_must(rt_endpoint_create(0));
    client = helper_must(rt_endpoint_mint(endpoint, 0));
    test_lengths();
    test_outstanding();
    test_too_long();
    test_many_too_long();
    test_answered_goes_on();
    test_no_room();
    test_refusals();
    (void)rt_endpoint_destroy(endpoint);
    (void)rt_release(endpoint);
    (void)rt_release(client);
    tap_ok(helper_is_as_before(&before), "nothing is left of it");
    return tap_end();
}
