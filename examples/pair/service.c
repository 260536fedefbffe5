/* SPDX-License-Identifier: MIT */
/*
 * service.c - keeps a total for each of its clients, which are processes that it starts itself.
 *
 * One thread serves until the endpoint is gone; the first waits for the clients' ends, whatever
 * they are, and then destroys it.  The endpoint is passive: what a client asks for, it pays for.
 */
#include "pair.h"

#define CLIENT_PROGRAM 2u /* the second --program; init is 0, this one is 1 */

static uint32_t endpoint, page;
static uint64_t *const totals = (uint64_t *)RT_FREE_BASE; /* in the page */
static uint64_t names[PAIR_CLIENT_COUNT][PAIR_NAME_WORDS];

static bool refuse(const char *what, int64_t status)
{
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, what);
    fmt_text(&line.f, ": ");
    fmt_text(&line.f, status_sentence(status));
    rt_line_end(&line);
    if (status == STATUS_LEDGER_FULL)
        rt_ledger_print(); /* of what there is too little */
    return false;
}

/* Wait for a message, which comes to the message area. */
static struct ring_sqe receive(void)
{
    return (struct ring_sqe){
        .op = RING_OP_RECV,
        .flags = RING_FLAG_MESSAGE,
        .cap = endpoint,
        .args = {RING_MESSAGE(0, 0, RING_MESSAGE_WORDS)},
    };
}

/* Answer with the first `count` words of the message area, and wait for the next message there. */
static struct ring_sqe answer(uint16_t status, uint64_t count)
{
    return (struct ring_sqe){
        .op = RING_OP_RETURN_RECV,
        .flags = RING_FLAG_MESSAGE,
        .cap = endpoint,
        .method = status,
        .args = {RING_MESSAGE(0, count, RING_MESSAGE_WORDS)},
    };
}

/* What to answer to the message that came, whose words are in the message area. */
static struct ring_sqe handle(int64_t got, uint64_t *words, uint64_t count)
{
    uint32_t badge = RECEIVED_BADGE(got);
    struct ring_sqe reply = answer(PAIR_OK, 0);

    switch (RECEIVED_METHOD(got)) {
    case PAIR_NAME:
        for (uint64_t i = 0; i < count && i < PAIR_NAME_WORDS; i++)
            names[badge][i] = words[i];
        return reply;
    case PAIR_ADD: /* registers come as four words */
        words[0] = totals[badge] += count > 0 ? words[0] : 0;
        return answer(PAIR_OK, 1);
    case PAIR_TOTALS:
        reply.flags |= RING_FLAG_NARROW; /* of a MEMORY: a VIEW */
        reply.args[3] = RING_GIFT(page, CAP_NONE);
        return reply;
    default:
        return answer(PAIR_UNKNOWN, 0);
    }
}

static int64_t serve(void *unused)
{
    uint64_t *words = rt_message_area();
    uint64_t count = 0;
    struct ring_sqe next = receive();
    int64_t got;

    (void)unused;
    for (;;) { /* waits in the kernel */
        got = rt_entry_do(&next, &count);
        if (got == STATUS_TOO_LONG || got == STATUS_NOT_ACCEPTED)
            next = answer(PAIR_REFUSED, 0); /* it asked, and left no place: this fits everybody */
        else if (got >= 0)
            next = handle(got, words, count);
        else if (got == STATUS_AGAIN)
            next = receive();
        else
            return got; /* STALE: the endpoint is gone */
    }
}

/* Returns: a PROCESS handle, or a refusal. */
static int64_t start_client(uint32_t badge)
{
    struct cap_process_params params = rt_process_params(CLIENT_PROGRAM, badge, 1);
    int64_t client = rt_endpoint_mint(endpoint, badge);

    if (client < 0)
        return client;
    params.limits[LEDGER_FRAMES] = 64;
    params.limits[LEDGER_SLOTS] = 8;
    params.limits[LEDGER_OBJECTS] = 2; /* the mapping of the view */
    rt_process_give(&params, CAP_CONSOLE, CAP_CONSOLE, CAP_NONE);
    rt_process_give(&params, (uint32_t)client, PAIR_SLOT, CAP_NONE);

    int64_t process = rt_process_spawn(&params);

    rt_release((uint32_t)client); /* the process has its own copy */
    return process;
}

static bool make(void)
{
    int64_t made = rt_memory_create(RT_PAGE_BYTES);
    int64_t status = made;

    if (made > 0) {
        page = (uint32_t)made;
        status = rt_memory_map(page, RT_FREE_BASE, MEMORY_MAP_WRITE, NULL);
    }
    if (status >= 0)
        status = rt_endpoint_create(ENDPOINT_PASSIVE);
    if (status < 0)
        return refuse("nothing to serve with", status);
    endpoint = (uint32_t)status;
    return true;
}

static bool wait_for(uint32_t process)
{
    int64_t exit_status;
    int64_t end = rt_process_wait(process, &exit_status);

    rt_release(process);
    if (end < 0)
        return refuse("nobody to wait for", end);
    if (end != PROCESS_EXITED || exit_status != 0)
        rt_print("a client failed");
    return end == PROCESS_EXITED && exit_status == 0;
}

static bool run_clients(void)
{
    int64_t processes[PAIR_CLIENT_COUNT];
    bool is_good = true;

    for (uint32_t i = 0; i < PAIR_CLIENT_COUNT; i++)
        processes[i] = start_client(i);
    for (uint32_t i = 0; i < PAIR_CLIENT_COUNT; i++)
        if (processes[i] < 0)
            is_good = refuse("a client cannot be started", processes[i]);
        else
            is_good = wait_for((uint32_t)processes[i]) && is_good;
    return is_good;
}

static void say_totals(void)
{
    struct rt_line line;

    for (uint32_t i = 0; i < PAIR_CLIENT_COUNT; i++) {
        rt_line_begin(&line);
        fmt_bytes(&line.f, (const char *)names[i], sizeof names[i]);
        fmt_text(&line.f, ": ");
        fmt_u64(&line.f, totals[i], 1, ' ');
        rt_line_end(&line);
    }
}

int64_t rt_main(uint64_t argument)
{
    struct rt_thread_ref server;
    int64_t status, ended = 0;
    bool is_good;

    (void)argument;
    if (!make())
        return 1;
    status = rt_thread_spawn(&server, serve, NULL, NULL);
    if (status != STATUS_OK)
        return refuse("no thread to serve", status) ? 0 : 1;
    is_good = run_clients();
    rt_endpoint_destroy(endpoint);
    rt_thread_join(&server, &ended);
    say_totals();
    return is_good && ended == STATUS_STALE ? 0 : 1;
}
