/* SPDX-License-Identifier: MIT */
#include "kernel/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/fixture/callers.h"

#define LIMIT 200u
#define SERVER 0u
#define CALLER 1u

static const struct pool_ref no_grant = {GRANT_ROOT, 0};
static uint32_t index_of;
static uint32_t endpoint; /* held by the server's process */
static uint32_t client;   /* by the caller's */
static uint32_t gift;     /* the same as `client`, to give away */

static void start(void)
{
    callers_init(LIMIT);
    endpoint = callers_endpoint(SERVER, 0, &index_of);
    client = callers_client(CALLER, index_of, 5, no_grant);
    gift = callers_client(CALLER, index_of, 6, no_grant);
}

/* ---- What must stay as it was ---- */

struct picture {
    struct resource_ledger ledgers[CALLERS_PROCESSES];
    struct cap_slot_record slots[CALLERS_PROCESSES][CAP_SLOTS_PER_PAGE];
    uint32_t first_free[CALLERS_PROCESSES];
    struct cap_endpoint_stat stat;
    uint32_t free_ops[CALLERS_THREADS];
    uint64_t message[RING_MESSAGE_WORDS];
    const struct op *serving;
};

static struct picture take_picture(void)
{
    struct picture p;

    memset(&p, 0, sizeof(p));
    for (uint32_t i = 0; i < CALLERS_PROCESSES; i++) {
        const struct cap_table *table = &callers_processes[i].caps;

        p.ledgers[i] = callers_processes[i].ledger;
        memcpy(p.slots[i], table->pages[0], sizeof(p.slots[i]));
        p.first_free[i] = table->first_free;
    }
    for (uint32_t i = 0; i < CALLERS_THREADS; i++)
        p.free_ops[i] = callers_threads[i].free_ops;
    memcpy(p.message, callers_word(SERVER, 0), sizeof(p.message));
    p.stat = endpoint_at(index_of)->stat;
    p.serving = callers_threads[SERVER].serving;
    return p;
}

static void expect_same(const struct picture *before)
{
    struct picture now = take_picture();

    assert_memory_equal(&now, before, sizeof(now));
    endpoint_check(endpoint_at(index_of));
}

/* ---- Decoding ---- */

/* Goal: each malformed message has its refusal, the others none.  Method: a table of one defect
 * each, and of what is at a limit, in registers and of a ring. */
static void test_message_decode_names_each_defect(void **state)
{
    const struct {
        struct ring_sqe entry;
        bool is_direct;
        enum status status;
    } rows[] = {
        {{.args = {1, 2, 3, 4}}, true, STATUS_OK},
        {{.args = {1, 2, 3, 4}, .flags = RING_FLAG_ACCEPT | RING_FLAG_MOVE}, true, STATUS_OK},
        {{.flags = 0}, false, STATUS_BAD_FLAGS}, /* a ring keeps no words */
        {{.flags = 32}, true, STATUS_BAD_FLAGS},
        {{.flags = RING_FLAG_COPY | RING_FLAG_MOVE}, true, STATUS_BAD_FLAGS},
        {{.flags = RING_FLAG_NARROW | RING_FLAG_MOVE}, true, STATUS_BAD_FLAGS},
        {{.flags = RING_FLAG_COPY | RING_FLAG_NARROW}, true, STATUS_BAD_FLAGS},
        {{.flags = RING_FLAG_MESSAGE}, true, STATUS_OK},
        {{.flags = RING_FLAG_MESSAGE, .args = {RING_MESSAGE(0, 240, 240)}}, false, STATUS_OK},
        {{.flags = RING_FLAG_MESSAGE, .args = {RING_MESSAGE(240, 0, 0)}}, false, STATUS_OK},
        {{.flags = RING_FLAG_MESSAGE, .args = {RING_MESSAGE(239, 1, 0)}}, false, STATUS_OK},
        {{.flags = RING_FLAG_MESSAGE, .args = {RING_MESSAGE(0, 241, 0)}},
         false,
         STATUS_BAD_ARGUMENT},
        {{.flags = RING_FLAG_MESSAGE, .args = {RING_MESSAGE(0, 0, 65535)}},
         false,
         STATUS_BAD_ARGUMENT},
        {{.flags = RING_FLAG_MESSAGE, .args = {RING_MESSAGE(240, 1, 0)}},
         false,
         STATUS_BAD_ARGUMENT},
        {{.flags = RING_FLAG_MESSAGE, .args = {RING_MESSAGE(65535, 0, 1)}},
         false,
         STATUS_BAD_ARGUMENT},
        {{.flags = RING_FLAG_MESSAGE, .args = {UINT64_C(1) << 48}}, false, STATUS_BAD_ARGUMENT},
        {{.flags = RING_FLAG_MESSAGE, .args = {0, 1}}, false, STATUS_BAD_FLAGS},
        {{.flags = RING_FLAG_MESSAGE, .args = {0, 0, 1}}, false, STATUS_BAD_FLAGS},
        {{.flags = RING_FLAG_MESSAGE, .args = {0, 0, 0, 1}}, false, STATUS_BAD_FLAGS},
        {{.flags = RING_FLAG_MESSAGE | RING_FLAG_COPY, .args = {0, 0, 0, 1}}, false, STATUS_OK},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(message_decode(rows[i].entry.flags, rows[i].entry.args, rows[i].is_direct),
                         rows[i].status);
}

/* ---- Words ---- */

static struct ring_sqe area_entry(uint8_t op, uint32_t cap, uint32_t count, uint32_t room)
{
    return (struct ring_sqe){
        .op = op, .cap = cap, .flags = RING_FLAG_MESSAGE, .args = {RING_MESSAGE(0, count, room)}};
}

/* Goal: up to 240 words go there and back, and no word more is written.
 * Method: every length, then what does not fit. */
static void test_message_words_of_each_length(void **state)
{
    (void)state;
    start();
    for (uint32_t count = 0; count <= RING_MESSAGE_WORDS; count++) {
        struct ring_sqe receive = area_entry(RING_OP_RECV, endpoint, 0, RING_MESSAGE_WORDS);
        struct ring_sqe call = area_entry(RING_OP_CALL, client, count, count);
        struct ring_sqe answer = area_entry(RING_OP_RETURN, CAP_NONE, count, 0);
        struct came came;

        for (uint32_t i = 0; i < RING_MESSAGE_WORDS; i++) {
            *callers_word(CALLER, i) = 1000 * count + i;
            *callers_word(SERVER, i) = 7;
        }
        outside.wake_count = 0;
        assert_true(callers_ring(CALLER, &call).is_waiting);
        came = callers_ring(SERVER, &receive);
        assert_int_equal(came.value, count);
        for (uint32_t i = 0; i < RING_MESSAGE_WORDS; i++) {
            assert_int_equal(*callers_word(SERVER, i), i < count ? 1000 * count + i : 7);
            *callers_word(SERVER, i) += 1;
        }
        assert_int_equal(callers_ring(SERVER, &answer).status, STATUS_OK);
        assert_true(callers_read(CALLER, &came));
        assert_int_equal(came.value, count);
        for (uint32_t i = 0; i < RING_MESSAGE_WORDS; i++)
            assert_int_equal(*callers_word(CALLER, i), 1000 * count + i + (i < count));
    }
}

/* Goal: neither side needs to know how the other keeps its words; what is not written is zero.
 * Method: an area of two words to registers; registers to an area. */
static void test_message_between_areas_and_registers(void **state)
{
    struct ring_sqe call, receive = {.op = RING_OP_RECV, .cap = 0};
    struct came came;

    (void)state;
    start();
    call = area_entry(RING_OP_CALL, client, 2, 4);
    receive.cap = endpoint;
    *callers_word(CALLER, 0) = 11;
    *callers_word(CALLER, 1) = 12;
    memset(callers_threads[SERVER].enter.words, 0xff, sizeof(callers_threads[SERVER].enter.words));
    assert_true(callers_ring(CALLER, &call).is_waiting);
    came = callers_direct(SERVER, &receive);
    assert_int_equal(came.value, 11);
    assert_int_equal(came.words[1], 12);
    assert_int_equal(came.words[2] | came.words[3], 0);
    struct ring_sqe answer = {.op = RING_OP_RETURN, .args = {1, 2, 3, 4}};

    assert_int_equal(callers_direct(SERVER, &answer).status, STATUS_OK);
    assert_true(callers_read(CALLER, &came));
    assert_int_equal(came.value, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(*callers_word(CALLER, i), i + 1);
}

/* ---- Capabilities ---- */

static struct ring_sqe gift_entry(uint8_t op, uint32_t cap, uint8_t flags, uint32_t handle)
{
    return (struct ring_sqe){
        .op = op, .cap = cap, .flags = flags, .args = {1, 2, 3, RING_GIFT(handle, CAP_NONE)}};
}

static struct cap_ref held(uint32_t process, uint32_t handle)
{
    struct cap_ref ref;

    assert_int_equal(cap_read(&callers_processes[process].caps, handle, &ref), STATUS_OK);
    return ref;
}

static uint64_t used_slots(uint32_t process)
{
    return outside_used(&callers_processes[process], LEDGER_SLOTS);
}

/* A message with a gift, to a receiver that waits or from the line.  Returns: the new handle. */
static uint32_t give(bool is_first, uint8_t flag, uint32_t handle, uint32_t grant)
{
    struct ring_sqe receive = gift_entry(RING_OP_RECV, endpoint, RING_FLAG_ACCEPT, 0);
    struct ring_sqe send = gift_entry(RING_OP_SEND, client, flag, 0);
    struct came came, sent;

    send.args[3] = RING_GIFT(handle, grant);
    if (is_first) {
        assert_true(callers_direct(CALLER, &send).is_waiting);
        came = callers_direct(SERVER, &receive);
        assert_true(callers_read(CALLER, &sent));
    } else {
        assert_true(callers_direct(SERVER, &receive).is_waiting);
        sent = callers_direct(CALLER, &send);
        assert_true(callers_read(SERVER, &came));
    }
    endpoint_check(endpoint_at(index_of));
    assert_int_equal(sent.status, STATUS_OK);
    assert_true((came.status & RECEIVED_GIFT) != 0);
    assert_int_equal(came.words[2], 3); /* the handle takes the fourth word's place */
    return (uint32_t)came.words[3];
}

/* Goal: COPY leaves the original, MOVE makes it STALE, NARROW gives less; slots are counted where
 * they are.  Method: each with both orders of meeting. */
static void test_message_copy_move_narrow(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct cap_ref ref, original;
        uint64_t mine, theirs;

        start();
        mine = used_slots(CALLER);
        theirs = used_slots(SERVER);
        original = held(CALLER, gift);
        ref = held(SERVER, give(i == 0, RING_FLAG_COPY, gift, CAP_NONE));
        assert_memory_equal(&ref, &original, sizeof(ref));
        assert_int_equal(used_slots(CALLER), mine);
        assert_int_equal(used_slots(SERVER), theirs + 1);

        ref = held(SERVER, give(i == 0, RING_FLAG_MOVE, gift, CAP_NONE));
        assert_memory_equal(&ref, &original, sizeof(ref));
        assert_int_equal(cap_read(&callers_processes[CALLER].caps, gift, &ref), STATUS_STALE);
        assert_int_equal(used_slots(CALLER), mine - 1);
        assert_int_equal(used_slots(SERVER), theirs + 2);

        uint32_t other, whole = callers_endpoint(CALLER, 0, &other);

        ref = held(SERVER, give(i == 0, RING_FLAG_NARROW, whole, CAP_NONE));
        assert_int_equal(ref.kind, CAP_KIND_CLIENT);
        assert_int_equal(ref.object, other);
        assert_int_equal(ref.badge, 0);
        assert_int_equal(held(CALLER, whole).kind, CAP_KIND_ENDPOINT);
    }
}

/* Goal: an answer carries a capability, too, to who asked for it.  Method: COPY of the endpoint;
 * the caller in registers, then of a ring. */
static void test_message_answer_carries_one(void **state)
{
    struct ring_sqe receive, call, answer;
    struct came came;

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        start();
        receive = (struct ring_sqe){.op = RING_OP_RECV, .cap = endpoint};
        call = i == 0 ? gift_entry(RING_OP_CALL, client, RING_FLAG_ACCEPT, 0)
                      : area_entry(RING_OP_CALL, client, 0, 3);
        call.flags |= RING_FLAG_ACCEPT;
        answer = gift_entry(RING_OP_RETURN, CAP_NONE, RING_FLAG_COPY, endpoint);
        answer.method = 3;
        assert_true(
            (i == 0 ? callers_direct(CALLER, &call) : callers_ring(CALLER, &call)).is_waiting);
        assert_true(callers_direct(SERVER, &receive).status >= 0);
        assert_int_equal(callers_direct(SERVER, &answer).status, STATUS_OK);
        assert_true(callers_read(CALLER, &came));
        assert_int_equal(came.status, 3 | RECEIVED_GIFT);
        assert_int_equal(held(CALLER, i == 0 ? (uint32_t)came.words[3] : came.cap).kind,
                         CAP_KIND_ENDPOINT);
    }
}

/* Goal: with its words in the area and its completion in registers, the handle is in the fourth of
 * them, all others 0.  Method: a gift to such a receiver; one that is refused shows nothing. */
static void test_message_handle_behind_an_area(void **state)
{
    (void)state;
    start();
    struct ring_sqe receive = area_entry(RING_OP_RECV, endpoint, 0, 4);
    struct ring_sqe send = gift_entry(RING_OP_SEND, client, RING_FLAG_COPY, gift);
    struct came came;

    receive.flags |= RING_FLAG_ACCEPT;
    for (uint32_t i = 0; i < 2; i++) {
        memset(callers_threads[SERVER].enter.words, 0xff, sizeof(uint64_t) * 3);
        if (i == 0) {
            assert_true(callers_direct(CALLER, &send).is_waiting);
            came = callers_direct(SERVER, &receive);
            assert_true(callers_read(CALLER, &(struct came){0}));
        } else {
            assert_true(callers_direct(SERVER, &receive).is_waiting);
            assert_int_equal(callers_direct(CALLER, &send).status, STATUS_OK);
            assert_true(callers_read(SERVER, &came));
        }
        assert_int_equal(came.value, 3);
        assert_int_equal(came.words[1] | came.words[2], 0);
        assert_int_equal(held(SERVER, (uint32_t)came.words[3]).badge, 6);
    }
    send.op = RING_OP_CALL;
    assert_true(callers_direct(CALLER, &send).is_waiting);
    memset(callers_threads[CALLER].enter.words, 0xff, sizeof(uint64_t) * 3);
    assert_true(pool_stale(&endpoint_pool, index_of));
    assert_true(endpoint_end_some(index_of, STATUS_STALE));
    assert_true(callers_read(CALLER, &came));
    assert_int_equal(came.status, STATUS_STALE);
    assert_int_equal(came.words[1] | came.words[2] | came.words[3], 0);
}

/* Goal: through a grant a gift is held under that, which must descend from its own.  Method: a copy
 * through one, then of the copy through another. */
static void test_message_gift_through_a_grant(void **state)
{
    struct pool_ref grant, other;
    uint32_t through, wrong;

    (void)state;
    start();
    through = callers_grant(CALLER, no_grant, &grant);
    wrong = callers_grant(CALLER, no_grant, &other);
    struct cap_ref ref = held(SERVER, give(true, RING_FLAG_COPY, gift, through));

    assert_int_equal(ref.grant, grant.index);
    assert_int_equal(ref.grant_gen, grant.gen);
    uint32_t granted = callers_client(CALLER, index_of, 1, grant);
    struct ring_sqe receive = gift_entry(RING_OP_RECV, endpoint, RING_FLAG_ACCEPT, 0);
    struct ring_sqe send = gift_entry(RING_OP_SEND, client, RING_FLAG_COPY, 0);

    assert_true(callers_direct(SERVER, &receive).is_waiting);
    struct picture before = take_picture();

    send.args[3] = RING_GIFT(granted, wrong);
    assert_int_equal(callers_direct(CALLER, &send).status, STATUS_NOT_GRANTED);
    expect_same(&before);
    assert_true(grant_revoke(grant));
    assert_false(cap_is_live(&ref)); /* what was sent through it dies with it */
    send.args[3] = RING_GIFT(granted, CAP_NONE);
    assert_int_equal(callers_direct(CALLER, &send).status, STATUS_STALE);
    expect_same(&before);
}

/* ---- Refusals ---- */

/* Goal: what is refused leaves ledgers, tables, the endpoint, records and words as they were, to
 * the byte.  Method: a table of messages to a receiver that waits, with four words of room. */
static void test_message_refusals_change_nothing(void **state)
{
    (void)state;
    start();
    const uint32_t process_handle = 90;
    struct cap_ref process = {.kind = CAP_KIND_PROCESS, .grant = GRANT_ROOT};
    uint32_t held_process;
    const struct {
        uint8_t flags;
        bool accepts;
        uint32_t handle, grant;
        uint64_t area; /* of the sender, with MESSAGE */
        enum status status;
    } rows[] = {
        {RING_FLAG_MESSAGE, false, 0, 0, RING_MESSAGE(0, 5, 0), STATUS_TOO_LONG},
        {RING_FLAG_MESSAGE | RING_FLAG_COPY, true, gift, 0, RING_MESSAGE(0, 4, 0), STATUS_TOO_LONG},
        {RING_FLAG_COPY, false, gift, 0, 0, STATUS_NOT_ACCEPTED},
        {RING_FLAG_MOVE, false, gift, 0, 0, STATUS_NOT_ACCEPTED},
        {RING_FLAG_COPY, true, 0, 0, 0, STATUS_BAD_CAP},
        {RING_FLAG_COPY, true, 95, 0, 0, STATUS_BAD_CAP},
        {RING_FLAG_COPY, true, gift + CAP_SLOT_COUNT, 0, 0, STATUS_STALE},
        {RING_FLAG_COPY, true, gift, client, 0, STATUS_BAD_CAP}, /* no grant */
        {RING_FLAG_MOVE, true, gift, client, 0, STATUS_BAD_ARGUMENT},
        {RING_FLAG_NARROW, true, gift, 0, 0, STATUS_BAD_ARGUMENT},
        {RING_FLAG_MOVE, true, process_handle, 0, 0, STATUS_BAD_ARGUMENT},
        {RING_FLAG_COPY | RING_FLAG_MOVE, true, gift, 0, 0, STATUS_BAD_FLAGS},
        {64, true, gift, 0, 0, STATUS_BAD_FLAGS},
    };

    process.object_gen = pool_gen(&process_pool, 0);
    assert_int_equal(cap_insert(&callers_processes[CALLER].caps, &process, &held_process),
                     STATUS_OK);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct ring_sqe receive = {.op = RING_OP_RECV, .cap = endpoint};
        struct ring_sqe call =
            gift_entry(RING_OP_CALL, client, rows[i].flags,
                       rows[i].handle == process_handle ? held_process : rows[i].handle);

        receive.flags = rows[i].accepts ? RING_FLAG_ACCEPT : 0;
        call.args[3] |= (uint64_t)rows[i].grant << 32;
        if ((rows[i].flags & RING_FLAG_MESSAGE) != 0) {
            call.args[0] = rows[i].area;
            call.args[1] = call.args[2] = 0;
        }
        assert_true(callers_direct(SERVER, &receive).is_waiting);
        struct picture before = take_picture();

        assert_int_equal(callers_direct(CALLER, &call).status, rows[i].status);
        expect_same(&before);
        callers_end(SERVER);
    }
}

/* Goal: an answer that is refused is none: the caller waits on, and a good one follows.  Method:
 * too long, not accepted, STALE handles. */
static void test_message_refused_answer_is_none(void **state)
{
    (void)state;
    start();
    struct ring_sqe receive = {.op = RING_OP_RECV, .cap = endpoint};
    struct ring_sqe call = area_entry(RING_OP_CALL, client, 0, 3);
    struct ring_sqe answer = {.op = RING_OP_RETURN, .args = {1, 2, 3, 4}};
    struct came came;

    assert_true(callers_ring(CALLER, &call).is_waiting);
    assert_true(callers_direct(SERVER, &receive).status >= 0);
    struct picture before = take_picture();

    assert_int_equal(callers_direct(SERVER, &answer).status, STATUS_TOO_LONG);
    expect_same(&before);
    answer.op = RING_OP_RETURN_RECV;
    answer.cap = endpoint;
    assert_int_equal(callers_direct(SERVER, &answer).status, STATUS_TOO_LONG);
    expect_same(&before);
    answer = gift_entry(RING_OP_RETURN, CAP_NONE, RING_FLAG_COPY, endpoint + CAP_SLOT_COUNT);
    assert_int_equal(callers_direct(SERVER, &answer).status, STATUS_NOT_ACCEPTED);
    expect_same(&before);
    answer.cap = endpoint;
    assert_int_equal(callers_direct(SERVER, &answer).status, STATUS_BAD_FLAGS);
    expect_same(&before);
    assert_false(callers_read(CALLER, &came));
    answer = area_entry(RING_OP_RETURN, CAP_NONE, 3, 0);
    assert_int_equal(callers_direct(SERVER, &answer).status, STATUS_OK);
    assert_true(callers_read(CALLER, &came));
    assert_int_equal(came.value, 3);
}

/* Goal: STALE says that nobody waits, and only that.  Method: answers with a capability that is
 * STALE, to who accepts one; with RETURN_RECV nothing is received either. */
static void test_message_stale_gift_of_an_answer(void **state)
{
    (void)state;
    start();
    struct ring_sqe receive = {.op = RING_OP_RECV, .cap = endpoint};
    struct ring_sqe call = {.op = RING_OP_CALL, .cap = client, .flags = RING_FLAG_ACCEPT};
    struct ring_sqe both =
        gift_entry(RING_OP_RETURN_RECV, endpoint, RING_FLAG_COPY, endpoint + CAP_SLOT_COUNT);
    struct came came;

    assert_true(callers_direct(CALLER, &call).is_waiting);
    assert_true(callers_direct(SERVER, &receive).status >= 0);
    struct picture before = take_picture();

    assert_int_equal(callers_direct(SERVER, &both).status, STATUS_BAD_CAP);
    expect_same(&before);
    both.op = RING_OP_RETURN;
    both.cap = CAP_NONE;
    assert_int_equal(callers_direct(SERVER, &both).status, STATUS_BAD_CAP);
    expect_same(&before);
    assert_false(callers_read(CALLER, &came));
}

/* Goal: a RETURN_RECV that is refused has not answered.  Method: ACCEPT without a slot in the
 * ledger; without a record. */
static void test_message_return_receive_refused_as_a_whole(void **state)
{
    (void)state;
    start();
    struct ring_sqe receive = {.op = RING_OP_RECV, .cap = endpoint};
    struct ring_sqe call = {.op = RING_OP_CALL, .cap = client};
    struct ring_sqe both = {.op = RING_OP_RETURN_RECV, .cap = endpoint, .flags = RING_FLAG_ACCEPT};
    struct came came;

    assert_true(callers_direct(CALLER, &call).is_waiting);
    assert_true(callers_direct(SERVER, &receive).status >= 0);
    port_store32(&callers_processes[SERVER].ledger.fail_after, 1);
    struct picture before = take_picture();

    before.ledgers[SERVER].fail_after = (struct port_atomic32){0};
    assert_int_equal(callers_direct(SERVER, &both).status, STATUS_LEDGER_FULL);
    expect_same(&before);
    assert_false(callers_read(CALLER, &came));
    while (callers_threads[SERVER].free_ops != 0) /* RING_INFLIGHT_MAX */
        assert_non_null(op_take(&callers_threads[SERVER], OP_SLEEP, 0));
    before = take_picture();
    assert_int_equal(callers_direct(SERVER, &both).status, STATUS_NO_SLOT);
    expect_same(&before);
    assert_false(callers_read(CALLER, &came));
}

/* Goal: the slot reserved for what may come is given back when nothing comes.  Method: a receiver
 * and a caller that accept; a message and an answer without a gift. */
static void test_message_reserved_slot_comes_back(void **state)
{
    (void)state;
    start();
    struct ring_sqe receive = gift_entry(RING_OP_RECV, endpoint, RING_FLAG_ACCEPT, 0);
    struct ring_sqe call = gift_entry(RING_OP_CALL, client, RING_FLAG_ACCEPT, 0);
    struct ring_sqe answer = {.op = RING_OP_RETURN};
    struct picture before = take_picture();
    struct came came;

    assert_true(callers_direct(SERVER, &receive).is_waiting);
    assert_true(callers_direct(CALLER, &call).is_waiting);
    assert_int_equal(used_slots(SERVER), before.ledgers[SERVER].rows[LEDGER_SLOTS].v + 1);
    assert_true(callers_read(SERVER, &came));
    assert_int_equal(came.status & RECEIVED_GIFT, 0);
    assert_int_equal(callers_direct(SERVER, &answer).status, STATUS_OK);
    assert_true(callers_read(CALLER, &came));
    assert_int_equal(came.status, 0);
    before.stat.received = 1;
    expect_same(&before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_decode_names_each_defect),
        cmocka_unit_test(test_message_words_of_each_length),
        cmocka_unit_test(test_message_between_areas_and_registers),
        cmocka_unit_test(test_message_copy_move_narrow),
        cmocka_unit_test(test_message_answer_carries_one),
        cmocka_unit_test(test_message_handle_behind_an_area),
        cmocka_unit_test(test_message_gift_through_a_grant),
        cmocka_unit_test(test_message_refusals_change_nothing),
        cmocka_unit_test(test_message_refused_answer_is_none),
        cmocka_unit_test(test_message_stale_gift_of_an_answer),
        cmocka_unit_test(test_message_return_receive_refused_as_a_whole),
        cmocka_unit_test(test_message_reserved_slot_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
