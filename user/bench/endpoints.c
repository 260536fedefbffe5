/* SPDX-License-Identifier: MIT */
/* Calls to a server in another address space, four words each way. */
#include "base/assert.h"
#include "user/bench/bench.h"
#include "user/rt/calls.h"
#include "user/rt/endpoint.h"
#include "user/rt/process.h"
#include "user/rt/ring.h"
#include "user/rt/syscall.h"

#define OPERATIONS 100u
#define SERVER_FRAMES 256u
#define SLOT 20u /* in the server: the endpoint */
#define STOP_METHOD 1u
#define LONG_WORDS 10u

/* The server's whole life: answer with what came. */
static int64_t serve(uint32_t cap, uint8_t flags)
{
    const uint64_t area =
        (flags & RING_FLAG_MESSAGE) != 0 ? RING_MESSAGE(0, LONG_WORDS, LONG_WORDS) : 0;
    struct ring_sqe entry = {.op = RING_OP_RECV, .flags = flags, .cap = cap, .args = {area}};
    int64_t got = syscall_message(&entry);

    entry.op = RING_OP_RETURN_RECV;
    while (area != 0 && got >= 0 && RECEIVED_METHOD(got) != STOP_METHOD) {
        entry.args[0] = area;
        got = syscall_message(&entry);
    }
    while (got >= 0 && RECEIVED_METHOD(got) != STOP_METHOD) /* waits in the kernel */
        got = syscall_message(&entry);
    entry.op = RING_OP_RETURN;
    entry.cap = CAP_NONE;
    (void)syscall_message(&entry);
    return got >= 0 ? BENCH_CHILD_STATUS : got;
}

int64_t bench_serve(bool is_long)
{
    return serve(SLOT, is_long ? RING_FLAG_MESSAGE : 0);
}

static uint32_t endpoint, client;

static uint32_t must(int64_t handle)
{
    BENCH_VERIFY(handle > 0);
    return (uint32_t)handle;
}

static uint32_t start(uint32_t flags, uint64_t argument)
{
    struct cap_process_params params = {
        .program = BENCH_PROGRAM,
        .latency_class = LATENCY_NORMAL,
        .argument = argument,
        .gift_count = 1,
        .limits = {[LEDGER_FRAMES] = SERVER_FRAMES,
                   [LEDGER_SLOTS] = 4,
                   [LEDGER_THREADS] = 1,
                   [LEDGER_OPERATIONS] = RING_INFLIGHT_MAX,
                   [LEDGER_OBJECTS] = 4},
    };

    endpoint = must(rt_endpoint_create(flags));
    client = must(rt_endpoint_mint(endpoint, 5));
    params.gifts[0] = (struct cap_gift){.from = endpoint, .slot = SLOT};
    return must(rt_process_spawn(&params));
}

static void stop(uint32_t server)
{
    struct rt_message m = {{0}};
    int64_t answered = rt_endpoint_call(client, STOP_METHOD, &m);
    int64_t exit_status = -1;
    int64_t ended = rt_process_wait(server, &exit_status);

    BENCH_VERIFY(answered == 0 && ended == PROCESS_EXITED && exit_status == BENCH_CHILD_STATUS);
    (void)rt_release(server);
    (void)rt_endpoint_destroy(endpoint);
    (void)rt_release(endpoint);
    (void)rt_release(client);
}

static uint64_t call_and_return(uint32_t operations)
{
    struct ring_sqe entry = {.op = RING_OP_CALL, .cap = client, .args = {1, 2, 3, 4}};
    int64_t wrong = 0;
    uint64_t start = bench_count();

    for (uint32_t i = 0; i < operations; i++)
        wrong |= syscall_message(&entry);
    uint64_t took = bench_count() - start;

    BENCH_VERIFY(wrong == 0 && entry.args[0] == 1 && entry.args[3] == 4);
    return took;
}

static void bench_calls_to(uint32_t flags, const char *name)
{
    uint32_t server = start(flags, BENCH_SERVER);
    struct cap_endpoint_stat stat;

    bench_row(name, call_and_return, OPERATIONS);
    (void)rt_endpoint_stat(endpoint, &stat);
    BENCH_VERIFY((flags == 0 || stat.refused <= 1) && stat.received > OPERATIONS * BENCH_BATCHES);
    stop(server);
}

/* The same with the words in the message areas of both. */
static uint64_t call_with_message(uint32_t operations)
{
    struct ring_sqe entry = {.op = RING_OP_CALL, .flags = RING_FLAG_MESSAGE, .cap = client};
    uint64_t *area = rt_message_area();
    int64_t wrong = 0;

    for (uint32_t i = 0; i < LONG_WORDS; i++)
        area[i] = i + 1;
    uint64_t start = bench_count();

    for (uint32_t i = 0; i < operations; i++) {
        entry.args[0] = RING_MESSAGE(0, LONG_WORDS, LONG_WORDS);
        wrong |= syscall_message(&entry);
    }
    uint64_t took = bench_count() - start;

    BENCH_VERIFY(wrong == 0 && entry.args[0] == LONG_WORDS && area[LONG_WORDS - 1] == LONG_WORDS);
    return took;
}

static void bench_messages(void)
{
    uint32_t server = start(ENDPOINT_PASSIVE, BENCH_LONG_SERVER);

    bench_row("call-return-message", call_with_message, OPERATIONS);
    stop(server);
}

static int64_t serve_here(void *argument)
{
    (void)argument;
    return serve(endpoint, 0);
}

void bench_two_cpus(void)
{
    struct cap_thread_params params = {.latency_class = LATENCY_NORMAL, .has_mask = 1, .mask = {2}};
    struct cpumask first = {{1}};
    struct rt_thread_ref self = {.index = rt_self()->index, .gen = rt_self()->gen};
    struct rt_message m = {{0}};
    struct rt_thread_ref server;

    endpoint = must(rt_endpoint_create(0));
    client = must(rt_endpoint_mint(endpoint, 5));
    int64_t status = rt_set_mask(&self, &first);

    BENCH_VERIFY(status == STATUS_OK);
    status = rt_thread_spawn(&server, serve_here, NULL, &params);
    BENCH_VERIFY(status == STATUS_OK);
    bench_row("call-return-two-cpus", call_and_return, OPERATIONS);
    status = rt_endpoint_call(client, STOP_METHOD, &m);
    BENCH_VERIFY(status == 0);
    (void)rt_thread_join(&server, NULL);
}

void bench_endpoints(void)
{
    bench_calls_to(ENDPOINT_PASSIVE, "call-return-passive");
    bench_calls_to(0, "call-return-own");
    bench_messages();
}
