/* SPDX-License-Identifier: MIT */
/* Capabilities that go along with calls and answers, between processes; and taking them back. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/endpoint.h"
#include "user/rt/layout.h"
#include "user/rt/program.h"
#include "user/rt/ring.h"

#define CLIENT_SLOT 20u
#define GIFT_AT RT_FREE_BASE
#define MARK UINT64_C(0xfeedface12345678)

enum role { GIVER, TAKER, ASKER };

static uint32_t endpoint, client;
static uint32_t memory; /* one page with MARK in it, mapped at GIFT_AT by who made it */

static uint32_t make_memory(void)
{
    uint32_t made = helper_must(rt_memory_create(RT_PAGE_BYTES));
    int64_t status = rt_memory_map(made, GIFT_AT, MEMORY_MAP_WRITE, NULL);

    ASSERT(status == STATUS_OK);
    *(uint64_t *)GIFT_AT = MARK;
    return made;
}

/* An entry in registers with what goes along. */
static struct ring_sqe entry_of(uint8_t op, uint32_t cap, uint8_t flags, uint32_t gift)
{
    return (struct ring_sqe){
        .op = op, .cap = cap, .flags = flags, .args = {1, 2, 3, RING_GIFT(gift, CAP_NONE)}};
}

static int64_t call_with(uint32_t cap, uint8_t flags, uint32_t gift)
{
    struct ring_sqe entry = entry_of(RING_OP_CALL, cap, flags, gift);

    return rt_message_do(&entry);
}

/* Receive, accepting what comes.  Returns the status; *gift: what came, or CAP_NONE. */
static int64_t receive(uint32_t *gift)
{
    struct ring_sqe entry = entry_of(RING_OP_RECV, endpoint, RING_FLAG_ACCEPT, 0);
    int64_t got = rt_message_do(&entry);

    *gift = (got & RECEIVED_GIFT) != 0 ? (uint32_t)entry.args[3] : CAP_NONE;
    return got;
}

static int64_t answer_with(uint8_t flags, uint32_t gift, uint32_t grant)
{
    struct ring_sqe entry = entry_of(RING_OP_RETURN, CAP_NONE, flags, gift);

    entry.args[3] = RING_GIFT(gift, grant);
    return rt_message_do(&entry);
}

/* ---- What children do: each gives its number of the step that went wrong, or 0 ---- */

/* Gives a copy, less, and the thing itself; the parent answers 0 each time. */
static int64_t give(uint64_t word)
{
    uint32_t made = make_memory();
    uint32_t grant = helper_must(rt_grant_create(CAP_CONSOLE));
    uint32_t granted = helper_must(rt_copy(made, helper_must(rt_grant_create(made))));
    struct ring_sqe through = entry_of(RING_OP_CALL, CLIENT_SLOT, RING_FLAG_COPY, granted);

    (void)word;
    if (call_with(CLIENT_SLOT, RING_FLAG_COPY, made) != 0 || rt_cap_kind(made) != CAP_KIND_MEMORY)
        return 1;
    if (call_with(CLIENT_SLOT, RING_FLAG_NARROW, made) != 0 || rt_cap_kind(made) != CAP_KIND_MEMORY)
        return 2;
    through.args[3] = RING_GIFT(granted, grant); /* one that `granted` does not descend to */
    if (rt_message_do(&through) != STATUS_NOT_GRANTED)
        return 3;
    if (call_with(CLIENT_SLOT, RING_FLAG_NARROW, CLIENT_SLOT) != STATUS_BAD_ARGUMENT ||
        call_with(CLIENT_SLOT, RING_FLAG_MOVE, CAP_CPUS) != STATUS_BAD_ARGUMENT ||
        call_with(CLIENT_SLOT, RING_FLAG_COPY, CAP_SLOT_COUNT - 1) != STATUS_BAD_CAP ||
        call_with(CLIENT_SLOT, RING_FLAG_COPY | RING_FLAG_MOVE, made) != STATUS_BAD_FLAGS)
        return 4;
    if (call_with(CLIENT_SLOT, RING_FLAG_MOVE, made) != 0 || rt_cap_kind(made) != STATUS_STALE)
        return 5;
    return call_with(CLIENT_SLOT, RING_FLAG_COPY, made) == STATUS_STALE ? 0 : 6;
}

/* Asks for a page, reads it, says so; then it must be gone. */
static int64_t take(uint64_t word)
{
    struct ring_sqe entry = entry_of(RING_OP_CALL, CLIENT_SLOT, RING_FLAG_ACCEPT, 0);
    int64_t status = rt_message_do(&entry);
    uint32_t gift = (uint32_t)entry.args[3];

    (void)word;
    if (status != RECEIVED_GIFT || rt_cap_kind(gift) != CAP_KIND_VIEW)
        return 1;
    if (rt_memory_map(gift, GIFT_AT, 0, NULL) != STATUS_OK || *(uint64_t *)GIFT_AT != MARK)
        return 2;
    if (call_with(CLIENT_SLOT, 0, 0) != 0)
        return 3;
    return rt_cap_kind(gift) == STATUS_STALE ? 0 : 4; /* revoked before it was answered */
}

/* Calls, and says how that ended. */
static int64_t ask(uint64_t word)
{
    (void)word;
    return call_with(CLIENT_SLOT, RING_FLAG_ACCEPT, 0);
}

static helper_role *const roles[] = {give, take, ask};

static uint32_t start(uint32_t role, uint32_t grant)
{
    struct cap_process_params params = helper_child_params(role, 0);

    rt_process_give(&params, client, CLIENT_SLOT, grant);
    return helper_start(&params);
}

/* ---- What the parent does ---- */

/* Goal: a copy, less, and the thing itself come with calls of another process; what may not be
 * given is refused there, and does not come.  Method: a child gives all that it may and may not. */
static void test_calls(void)
{
    uint32_t child = start(GIVER, CAP_NONE);
    static const int64_t kinds[] = {CAP_KIND_MEMORY, CAP_KIND_VIEW, CAP_KIND_MEMORY};
    uint32_t right = 0;
    uint32_t gift = CAP_NONE;

    for (uint32_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        uint64_t bytes = 0;
        int64_t got;

        /* Refused ones end in the child, from the line or at once, and nothing comes of them. */
        got = receive(&gift);
        right += got >= 0 && rt_cap_kind(gift) == kinds[i] &&
                 rt_memory_info(gift, &bytes) == STATUS_OK && bytes == RT_PAGE_BYTES;
        if (i + 1 < ARRAY_COUNT(kinds))
            helper_release(gift);
        (void)answer_with(0, 0, CAP_NONE);
    }
    tap_equal(right, ARRAY_COUNT(kinds), "a copy, a view and the object itself come with calls");
    /* The last call is refused when somebody receives it, or at once. */
    struct ring_sqe entry = {.op = RING_OP_RECV,
                             .cap = endpoint,
                             .flags = RING_FLAG_MESSAGE | RING_FLAG_ACCEPT,
                             .args = {RING_MESSAGE(0, 0, RT_MESSAGE_WORDS)}};
    uint64_t ticket = rt_ring_submit(&entry);
    struct ring_sqe cancel = {.op = RING_OP_CANCEL, .args = {ticket}};
    struct ring_cqe completion;

    rt_ring_enter();
    tap_equal(helper_finish(child), 0, "what may not be given is refused; what was moved is STALE");
    int64_t status = rt_ring_do(&cancel, NULL);
    enum status ended = rt_ring_wait(ticket, RT_NO_DEADLINE, &completion);

    ASSERT(status == STATUS_OK && ended == STATUS_OK);
    tap_ok(rt_memory_info(gift, NULL) == STATUS_STALE, "an object ends with the process it is of");
    helper_release(gift);
}

/* Goal: an answer carries one too; what went through a grant ends with it, where it is then.
 * Method: a child is given a view through a grant, which is revoked while it waits for the next
 * answer. */
static void test_answers(void)
{
    uint32_t grant = helper_must(rt_grant_create(memory));
    uint32_t child = start(TAKER, CAP_NONE);
    uint32_t none;
    int64_t got = receive(&none);

    tap_ok(got >= 0 && none == CAP_NONE, "a call without a capability");
    tap_equal(answer_with(RING_FLAG_NARROW, memory, grant), STATUS_OK, "is answered with a view");
    got = receive(&none);
    tap_ok(got >= 0, "which is there and can be read");
    tap_equal(rt_revoke(grant), STATUS_OK, "what it went through is revoked");
    (void)answer_with(0, 0, CAP_NONE);
    tap_equal(helper_finish(child), 0, "and it is STALE where it went");
    helper_release(grant);
}

static int64_t ask_without(void *argument)
{
    (void)argument;
    return call_with(client, 0, 0);
}

/* Goal: the slot asked for comes back when nothing comes, and there has to be one.  Method: answers
 * that refuse or bring nothing; a thread without room in its ledger. */
static void test_slots(void)
{
    struct helper_holdings before = helper_holdings();
    struct rt_thread_ref ref = helper_spawn(ask_without, NULL, NULL);
    uint32_t none;
    int64_t got = receive(&none);

    ASSERT(got >= 0);
    tap_equal(answer_with(RING_FLAG_COPY, memory, CAP_NONE), STATUS_NOT_ACCEPTED,
              "who did not ask for one is not given one");
    tap_equal(answer_with(0, 0, CAP_NONE), STATUS_OK, "he waits on, and is answered without");
    tap_equal(helper_join(&ref), 0, "which he is told");
    (void)rt_ledger_fail_after(1);
    tap_equal(call_with(client, RING_FLAG_ACCEPT, 0), STATUS_LEDGER_FULL,
              "who cannot keep one cannot ask for one");
    (void)rt_ledger_fail_after(0);
    tap_ok(helper_is_as_before(&before), "no slot is lost");
}

/* Goal: a client that was given through a grant ends with it, and so does what it waits for.
 * Method: revoke while a child's call is in the line; while it is served. */
static void test_revoked_clients(void)
{
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t grant = helper_must(rt_grant_create(client));
        uint32_t child = start(ASKER, grant);
        uint32_t none;

        if (i == 0) {
            helper_wait_for_line(endpoint, 1);
        } else {
            int64_t got = receive(&none);

            ASSERT(got >= 0);
        }
        tap_equal(rt_revoke(grant), STATUS_OK, "what a child calls by is taken back");
        tap_equal(helper_finish(child), STATUS_STALE,
                  i == 0 ? "its call in the line ends STALE" : "and the one that is served");
        tap_equal(answer_with(0, 0, CAP_NONE), STATUS_STALE, "there is nothing to answer");
        helper_release(grant);
    }
}

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(3 + 5 + 5 + 6 + 1);
    helper_warm(1);
    memory = make_memory();
    endpoint = helper_must(rt_endpoint_create(0));
    client = helper_must(rt_endpoint_mint(endpoint, 0));
    struct helper_holdings before = helper_holdings();

    test_calls();
    test_answers();
    test_slots();
    test_revoked_clients();
    tap_ok(helper_is_as_before(&before), "all that went along is back");
    return tap_end();
}
