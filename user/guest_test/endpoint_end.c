/* SPDX-License-Identifier: MIT */
/* Whatever ends - a server, a caller, an endpoint, a call - whoever waits for it is told, once. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/endpoint.h"
#include "user/rt/program.h"
#include "user/rt/ring.h"

#define CLIENT_SLOT 20u
#define THREADS 63u
#define EACH RING_SQ_ENTRIES
#define CALLS (THREADS * EACH) /* 1,008 */
#define LOOK_NS (200 * NS_PER_US)

enum method { HELLO, WORK, STOP };

static uint32_t endpoint, client;

static void make(uint32_t flags)
{
    endpoint = helper_must(rt_endpoint_create(flags));
    client = helper_must(rt_endpoint_mint(endpoint, 0));
}

static void unmake(void)
{
    (void)rt_endpoint_destroy(endpoint);
    (void)rt_release(endpoint);
    (void)rt_release(client);
}

/* Until so many wait and are served: a hang detector ends what never comes. */
static void wait_until(uint32_t waiting, uint32_t serving)
{
    for (;;) {
        struct cap_endpoint_stat stat = helper_endpoint_stat(endpoint);

        if (stat.waiting == waiting && stat.serving == serving)
            return;
        rt_pause();
        helper_sleep(LOOK_NS);
    }
}

static int64_t call(uint16_t method)
{
    struct rt_message m = {{0}};

    return rt_endpoint_call(client, method, &m);
}

static int64_t call_work(void *argument)
{
    (void)argument;
    return call(WORK);
}

/* Receives one and answers nothing. */
static int64_t serve_for_ever(void *argument)
{
    struct rt_message m;

    (void)argument;
    if (rt_endpoint_receive(endpoint, &m) < 0)
        return 1;
    helper_hang();
}

/* Answers 7 until told to stop.  Returns how many answers were too late. */
static int64_t serve(void *argument)
{
    int64_t late = 0;
    struct rt_message m;

    (void)argument;
    for (;;) { /* waits in the kernel */
        int64_t got = rt_endpoint_receive(endpoint, &m);

        ASSERT(got >= 0);
        late += rt_endpoint_return(7, &m) == STATUS_STALE;
        if (RECEIVED_METHOD(got) == STOP)
            return late;
    }
}

/* ---- A server process that dies under a thousand calls ---- */

/* Its own endpoint, whose client it sends to its parent; it receives one call and answers none. */
static int64_t serve_parent(uint64_t word)
{
    struct ring_sqe send = {.op = RING_OP_SEND, .cap = CLIENT_SLOT, .flags = RING_FLAG_NARROW};

    make(0);
    send.args[3] = RING_GIFT(endpoint, CAP_NONE);
    int64_t sent = rt_message_do(&send);

    ASSERT(sent == STATUS_OK);
    if (word != 0) { /* until the parent says so, all calls but the first wait */
        struct rt_message m = {{0}};
        int64_t got = rt_endpoint_receive(endpoint, &m);

        ASSERT(got >= 0);
        (void)rt_endpoint_call(CLIENT_SLOT, HELLO, &m);
    }
    helper_hang();
}

static helper_role *const roles[] = {serve_parent};

static uint32_t submitted; /* threads whose calls are in the line */

/* A ring full of calls.  Returns: how many completed DISCONNECTED, with all others none. */
static int64_t call_many(void *argument)
{
    struct ring_header *header = rt_ring_header(rt_self()->index);
    uint64_t tickets[EACH];
    int64_t count = 0;

    (void)argument;
    for (uint32_t i = 0; i < EACH; i++) {
        struct ring_sqe entry = {.op = RING_OP_CALL, .flags = RING_FLAG_MESSAGE, .cap = client};

        tickets[i] = rt_ring_submit(&entry);
    }
    rt_ring_enter();
    (void)__atomic_add_fetch(&submitted, 1, __ATOMIC_ACQ_REL);
    for (uint32_t i = 0; i < EACH; i++) {
        struct ring_cqe completion;
        enum status status = rt_ring_wait(tickets[i], RT_NO_DEADLINE, &completion);

        count += status == STATUS_OK && completion.status == STATUS_DISCONNECTED;
    }
    rt_ring_enter();
    bool is_over = __atomic_load_n(&header->cq_tail, __ATOMIC_ACQUIRE) == header->cq_head;

    return is_over && rt_self()->ring.stash_count == 0 ? count : -1;
}

/* Goal: the end of a server's process is DISCONNECTED to all who called it, once each.  Method: a
 * thousand calls in the line and one served; it is killed. */
static void test_process(void)
{
    static struct rt_thread_ref refs[THREADS];
    struct ring_sqe receive = {.op = RING_OP_RECV, .flags = RING_FLAG_ACCEPT};
    uint32_t parents, to_parent, told = 0;

    make(0);
    parents = endpoint;
    to_parent = client;
    struct cap_process_params params = helper_child_params(0, 1);

    rt_process_give(&params, to_parent, CLIENT_SLOT, CAP_NONE);
    uint32_t child = helper_start(&params);

    receive.cap = parents;
    int64_t got = rt_message_do(&receive);

    ASSERT((got & RECEIVED_GIFT) != 0);
    client = (uint32_t)receive.args[3];
    submitted = 0;
    for (uint32_t i = 0; i < THREADS; i++)
        refs[i] = helper_spawn(call_many, NULL, NULL);
    helper_wait_for(&submitted, THREADS);
    receive.args[3] = 0;
    got = rt_message_do(&receive); /* it serves one now */
    tap_ok(got >= 0 && RECEIVED_METHOD(got) == HELLO, "a server in another process");
    (void)rt_process_kill(child);
    for (uint32_t i = 0; i < THREADS; i++)
        told += (uint32_t)helper_join(&refs[i]);
    tap_equal(told, CALLS, "1,008 calls are DISCONNECTED when it is killed, each once");
    tap_equal(helper_end_of(child), PROCESS_KILLED, "it has been");
    tap_equal(call(WORK), STATUS_STALE, "its clients are STALE");
    tap_equal(rt_endpoint_return(0, &(struct rt_message){{0}}), STATUS_STALE,
              "and its own call has nobody to answer");
    (void)rt_release(client);
    endpoint = parents;
    client = to_parent;
    unmake();
}

/* ---- Threads that die ---- */

/* Goal: the end of the thread that serves is DISCONNECTED to its caller; the others in the line
 * wait on.  Method: kill it; another serves the second. */
static void test_server_thread(void)
{
    struct rt_thread_ref server, first, second;

    make(0);
    server = helper_spawn(serve_for_ever, NULL, NULL);
    first = helper_spawn(call_work, NULL, NULL);
    wait_until(0, 1);
    second = helper_spawn(call_work, NULL, NULL);
    wait_until(1, 1);
    (void)rt_thread_kill(&server);
    tap_equal(helper_join(&first), STATUS_DISCONNECTED, "whose server is killed is told");
    tap_equal(rt_thread_join(&server, NULL), STATUS_KILLED, "it is gone");
    tap_equal(helper_endpoint_stat(endpoint).waiting, 1, "the next one waits on");
    server = helper_spawn(serve, NULL, NULL);
    tap_equal(helper_join(&second), 7, "and is served by another");
    (void)call(STOP);
    (void)helper_join(&server);
    unmake();
}

/* What a server does with a caller that is killed while it serves him; then it serves the next. */
static uint32_t is_received, may_answer;

static int64_t serve_slowly(void *argument)
{
    struct rt_message m;
    int64_t got = rt_endpoint_receive(endpoint, &m);

    (void)argument;
    ASSERT(got >= 0);
    __atomic_store_n(&is_received, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&may_answer, __ATOMIC_ACQUIRE) == 0)
        rt_burn();
    int64_t answered = rt_endpoint_return(7, &m);

    got = rt_endpoint_receive(endpoint, &m);
    ASSERT(got >= 0);
    (void)rt_endpoint_return(7, &m);
    return answered;
}

/* Goal: a server whose caller is killed goes on, on whatever context; its answer is STALE.  Method:
 * kill the caller while it is served; then another call. */
static void test_caller_thread(uint32_t flags, const char *what)
{
    struct rt_thread_ref server, caller;

    make(flags);
    is_received = may_answer = 0;
    server = helper_spawn(serve_slowly, NULL, NULL);
    caller = helper_spawn(call_work, NULL, NULL);
    helper_wait_for(&is_received, 1);
    (void)rt_thread_kill(&caller);
    tap_equal(rt_thread_join(&caller, NULL), STATUS_KILLED, what);
    __atomic_store_n(&may_answer, 1, __ATOMIC_RELEASE);
    tap_equal(call(WORK), 7, "the server goes on and serves the next");
    tap_equal(helper_join(&server), STATUS_STALE, "its answer to the dead one was STALE");
    unmake();
}

static int64_t serve_until_told(void *argument)
{
    struct rt_message m;
    int64_t got = rt_endpoint_receive(endpoint, &m);

    (void)argument;
    ASSERT(got >= 0);
    __atomic_store_n(&is_received, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&may_answer, __ATOMIC_ACQUIRE) == 0)
        rt_burn();
    return rt_endpoint_return(7, &m);
}

/* Goal: a caller whose context a server has is told STALE, too, once that is done with it.  Method:
 * the endpoint is destroyed meanwhile. */
static void test_destroy_while_lent(void)
{
    struct rt_thread_ref server, caller;

    make(ENDPOINT_PASSIVE);
    is_received = may_answer = 0;
    server = helper_spawn(serve_until_told, NULL, NULL);
    caller = helper_spawn(call_work, NULL, NULL);
    helper_wait_for(&is_received, 1);
    tap_equal(rt_endpoint_destroy(endpoint), STATUS_OK, "a passive one ends while it serves");
    __atomic_store_n(&may_answer, 1, __ATOMIC_RELEASE);
    tap_equal(helper_join(&server), STATUS_STALE, "the server's answer is STALE");
    tap_equal(helper_join(&caller), STATUS_STALE, "and so its caller is told");
    (void)rt_release(endpoint);
    (void)rt_release(client);
}

/* Goal: a waiting receiver that dies takes nothing along.  Method: kill it; call. */
static void test_receiver_thread(void)
{
    struct rt_thread_ref server, caller;

    make(0);
    server = helper_spawn(serve, NULL, NULL);
    while (helper_endpoint_stat(endpoint).receivers == 0)
        helper_sleep(LOOK_NS);
    (void)rt_thread_kill(&server);
    (void)rt_thread_join(&server, NULL);
    caller = helper_spawn(call_work, NULL, NULL);
    wait_until(1, 0);
    server = helper_spawn(serve, NULL, NULL);
    tap_equal(helper_join(&caller), 7, "a receiver that was killed while it waited is not called");
    (void)call(STOP);
    (void)helper_join(&server);
    unmake();
}

/* ---- Endpoints and calls that end ---- */

static int64_t receive_once(void *argument)
{
    struct rt_message m;

    (void)argument;
    return rt_endpoint_receive(endpoint, &m);
}

/* Goal: DESTROY is STALE to all who wait there.  Method: a receiver; then one who is served and one
 * in the line. */
static void test_destroy(void)
{
    struct rt_thread_ref refs[2];
    struct rt_message m;

    make(0);
    refs[0] = helper_spawn(receive_once, NULL, NULL);
    while (helper_endpoint_stat(endpoint).receivers == 0)
        helper_sleep(LOOK_NS);
    tap_equal(rt_endpoint_destroy(endpoint), STATUS_OK, "an endpoint is destroyed");
    tap_equal(helper_join(&refs[0]), STATUS_STALE, "who receives there is told");
    (void)rt_release(endpoint);
    (void)rt_release(client);

    make(0);
    for (uint32_t i = 0; i < 2; i++)
        refs[i] = helper_spawn(call_work, NULL, NULL);
    wait_until(2, 0);
    int64_t got = rt_endpoint_receive(endpoint, &m);

    ASSERT(got >= 0);
    (void)rt_endpoint_destroy(endpoint);
    int64_t first = helper_join(&refs[0]);
    int64_t second = helper_join(&refs[1]);

    tap_ok(first == STATUS_STALE && second == STATUS_STALE, "and who calls, served or not");
    tap_equal(rt_endpoint_return(0, &m), STATUS_STALE, "there is nobody to answer");
    tap_equal(rt_endpoint_destroy(endpoint), STATUS_STALE, "it ends once");
    (void)rt_release(endpoint);
    (void)rt_release(client);
}

/* Goal: a call in the line can be cancelled, and is not received then; one that is served, too.
 * Method: a call of this thread's own ring, twice. */
static void test_cancel(void)
{
    for (uint32_t turn = 0; turn < 2; turn++) {
        struct ring_sqe entry, cancel = {.op = RING_OP_CANCEL};
        struct ring_cqe completion;
        struct rt_message m;

        make(0);
        entry = (struct ring_sqe){.op = RING_OP_CALL, .flags = RING_FLAG_MESSAGE, .cap = client};
        uint64_t ticket = rt_ring_submit(&entry);

        rt_ring_enter();
        if (turn == 1) {
            int64_t got = rt_endpoint_receive(endpoint, &m);

            ASSERT(got >= 0);
        }
        cancel.args[0] = ticket;
        int64_t status = rt_ring_do(&cancel, NULL);
        enum status ended = rt_ring_wait(ticket, RT_NO_DEADLINE, &completion);

        tap_ok(status == STATUS_OK && ended == STATUS_OK &&
                   completion.status == STATUS_CANCELLED,
               turn == 0 ? "a call in the line is cancelled" : "and one that is served");
        struct cap_endpoint_stat stat = helper_endpoint_stat(endpoint);

        tap_equal(stat.waiting + stat.serving, 0, "nothing waits there any more");
        unmake();
    }
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(5 + 4 + 2 * 3 + 3 + 1 + 5 + 4 + 1);
    helper_warm(THREADS);
    struct helper_holdings before = helper_holdings();

    test_process();
    test_server_thread();
    test_caller_thread(0, "a caller is killed while it is served");
    test_caller_thread(ENDPOINT_PASSIVE, "and one whose context the server has");
    test_destroy_while_lent();
    test_receiver_thread();
    test_destroy();
    test_cancel();
    tap_ok(helper_is_as_before(&before), "all that they held is back");
    return tap_end();
}
