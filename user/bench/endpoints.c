/* SPDX-License-Identifier: MIT */
/* Calls to a server in another address space, four words each way. */
#include "base/assert.h"
#include "user/bench/bench.h"
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
int64_t bench_serve(void)
{
    struct ring_sqe entry = {.op = RING_OP_RECV, .cap = SLOT};
    int64_t got = syscall_message(&entry);

    entry.op = RING_OP_RETURN_RECV;
    while (got >= 0 && RECEIVED_METHOD(got) != STOP_METHOD) /* waits in the kernel */
        got = syscall_message(&entry);
    entry.op = RING_OP_RETURN;
    entry.cap = CAP_NONE;
    (void)syscall_message(&entry);
    return got >= 0 ? BENCH_CHILD_STATUS : got;
}

static uint32_t endpoint, client;

static uint32_t must(int64_t handle)
{
    BENCH_VERIFY(handle > 0);
    return (uint32_t)handle;
}

static uint32_t start(uint32_t flags)
{
    struct cap_process_params params = {
        .program = BENCH_PROGRAM,
        .latency_class = LATENCY_NORMAL,
        .argument = BENCH_SERVER,
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
    uint32_t server = start(flags);
    struct cap_endpoint_stat stat;

    bench_row(name, call_and_return, OPERATIONS);
    (void)rt_endpoint_stat(endpoint, &stat);
    BENCH_VERIFY((flags == 0 || stat.refused <= 1) && stat.received > OPERATIONS * BENCH_BATCHES);
    stop(server);
}

void bench_endpoints(void)
{
    bench_calls_to(ENDPOINT_PASSIVE, "call-return-passive");
    bench_calls_to(0, "call-return-own");
}
