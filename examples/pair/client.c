/* SPDX-License-Identifier: MIT */
/* client.c - says its name, adds up numbers at the service, and reads what all have. */
#include "pair.h"

#define NUMBER_COUNT 1000u
#define WAIT_NS NS_PER_S /* to be received; who is received waits for the answer */

static const char *const names[PAIR_CLIENT_COUNT] = {"ada", "ben", "cleo"};

static int64_t fail(const char *what, int64_t status)
{
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, "client: ");
    fmt_text(&line.f, what);
    fmt_text(&line.f, ": ");
    fmt_text(&line.f, status < 0 ? status_sentence(status) : "not what was expected");
    rt_line_end(&line);
    return 1;
}

/* In the message area, and with a deadline. */
static int64_t say_name(const char *name)
{
    struct fmt text = fmt_start((char *)rt_message_area(), PAIR_NAME_WORDS * sizeof(uint64_t));
    struct ring_sqe entry = {
        .op = RING_OP_CALL,
        .flags = RING_FLAG_MESSAGE,
        .cap = PAIR_SLOT,
        .method = PAIR_NAME,
        .deadline_ns = rt_now().ns + WAIT_NS,
        .args = {RING_MESSAGE(0, PAIR_NAME_WORDS, 0)},
    };

    fmt_text(&text, name);
    return rt_entry_do(&entry, NULL);
}

/* In registers.  The total of 1, 2 and so on is in *total. */
static int64_t add_up(uint64_t *total)
{
    int64_t status = PAIR_OK;

    for (uint64_t i = 1; i <= NUMBER_COUNT && status == PAIR_OK; i++) {
        struct rt_message message = {{i}};

        status = rt_endpoint_call(PAIR_SLOT, PAIR_ADD, &message);
        *total = message.words[0];
    }
    return status;
}

/* Returns: a VIEW handle, or what the answer was instead. */
static int64_t ask_for_totals(uint8_t flags)
{
    struct ring_sqe entry = {
        .op = RING_OP_CALL, .flags = flags, .cap = PAIR_SLOT, .method = PAIR_TOTALS};
    int64_t status = rt_message_do(&entry);

    return status >= 0 && (status & RECEIVED_GIFT) != 0 ? (int64_t)entry.args[3] : status;
}

int64_t rt_main(uint64_t argument)
{
    const volatile uint64_t *totals = (const volatile uint64_t *)RT_FREE_BASE;
    uint64_t total = 0;
    int64_t status = say_name(names[argument % PAIR_CLIENT_COUNT]);

    if (status != PAIR_OK)
        return fail("its name", status);
    status = add_up(&total);
    if (status != PAIR_OK || total != NUMBER_COUNT * (NUMBER_COUNT + 1) / 2)
        return fail("its total", status);
    status = ask_for_totals(0);
    if (status != PAIR_REFUSED) /* without ACCEPT there is no place for a capability */
        return fail("a view that nobody accepts", status);
    status = ask_for_totals(RING_FLAG_ACCEPT);
    if (status > 0)
        status = rt_memory_map((uint32_t)status, RT_FREE_BASE, 0, NULL);
    if (status < 0)
        return fail("the view", status);
    return totals[argument] == total ? 0 : fail("the total in the view", 0);
}
