/* SPDX-License-Identifier: MIT */
/*
 * endpoint_model_test.c - random entries, ends and revokes beside a model (endpoint_model.h).
 *
 * Each step is told to the model first: it says with which status every completion comes, what is
 * in each message area and each table afterwards, and how long the lines are.  Then the kernel does
 * it, and both are compared.  So what is refused is seen to have changed nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "kernel/fixture/endpoint_model.h"
#include "kernel/work.h"

#define STEPS 100000u
#define LIMIT 3000u
#define CAPS_MANY 24u /* of a process: from here on some are released */

static struct prng p;
static uint64_t next_user_data;

static uint32_t below(uint32_t bound)
{
    return (uint32_t)prng_below(&p, bound);
}

/* ---- The kernel beside it ---- */

static uint32_t old_handles[CALLERS_PROCESSES]; /* one that was released, or moved */

static void add_cap(uint32_t process, uint32_t handle)
{
    struct mcap *free = NULL;

    for (uint32_t i = 0; i < MODEL_CAPS; i++)
        if (model.caps[process][i].handle == 0)
            free = &model.caps[process][i];
    assert_non_null(free);
    free->handle = handle;
    assert_int_equal(cap_read(&callers_processes[process].caps, handle, &free->ref), STATUS_OK);
}

static uint32_t cap_count(uint32_t process)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < MODEL_CAPS; i++)
        count += model.caps[process][i].handle != 0;
    return count;
}

static void compare(uint32_t thread, const struct mcompletion *want, const struct came *came)
{
    uint32_t handle = want->is_direct ? (uint32_t)came->words[3] : came->cap;
    struct cap_ref ref;

    assert_int_equal(came->status, want->status);
    if (want->status < 0) {
        assert_int_equal(came->cap, CAP_NONE);
        return;
    }
    assert_int_equal(came->value, want->value);
    if (want->is_direct)
        for (uint32_t i = 0; i < 3u - want->has_gift; i++)
            assert_int_equal(came->words[i + 1], want->words[i]);
    if (!want->has_gift) {
        assert_int_equal(came->cap, CAP_NONE);
        return;
    }
    assert_int_equal(cap_read(&callers_processes[model_process_of(thread)].caps, handle, &ref),
                     STATUS_OK);
    assert_memory_equal(&ref, &want->gift, sizeof(ref));
    add_cap(model_process_of(thread), handle);
}

static void compare_completions(void)
{
    struct came came;

    for (uint32_t thread = 0; thread < MODEL_THREADS; thread++)
        while (callers_read(thread, &came)) { /* at most MODEL_OPS + 1 */
            bool is_found = false;

            for (uint32_t i = 0; i < model.expected_count && !is_found; i++) {
                struct mcompletion want = model.expected[i];

                if (want.thread != thread || want.user_data != came.user_data)
                    continue;
                is_found = true;
                model.expected[i] = model.expected[--model.expected_count];
                compare(thread, &want, &came);
            }
            assert_true(is_found);
        }
    assert_int_equal(model.expected_count, 0);
}

static void compare_state(void)
{
    for (uint32_t i = 0; i < CALLERS_PROCESSES; i++) {
        uint64_t slots = cap_count(i), grants = 0;

        for (uint32_t t = i; t < MODEL_THREADS; t += CALLERS_PROCESSES)
            for (uint32_t j = 0; j <= MODEL_OPS; j++)
                slots += model.ops[t][j].place != MOP_FREE &&
                         (model.ops[t][j].flags & RING_FLAG_ACCEPT) != 0;
        for (uint32_t g = 0; g < MODEL_GRANTS; g++)
            grants += model.grants[g].is_taken && model.grants[g].owner == i;
        assert_int_equal(outside_used(&callers_processes[i], LEDGER_SLOTS), slots);
        assert_int_equal(outside_used(&callers_processes[i], LEDGER_GRANTS), grants);
    }
    for (uint32_t i = 0; i < MODEL_ENDPOINTS; i++) {
        struct endpoint *e = endpoint_at(model.endpoints[i].index);
        uint32_t counts[MOP_SERVED + 1] = {0};

        for (uint32_t t = 0; t < MODEL_THREADS; t++)
            for (uint32_t j = 0; j <= MODEL_OPS; j++)
                counts[model.ops[t][j].endpoint == i ? model.ops[t][j].place : MOP_FREE]++;
        endpoint_check(e);
        assert_int_equal(e->stat.waiting, counts[MOP_LINE]);
        assert_int_equal(e->stat.receivers, counts[MOP_RECEIVING]);
        assert_int_equal(e->stat.serving, counts[MOP_SERVED]);
        assert_int_equal(e->stat.received, model.endpoints[i].received);
    }
    for (uint32_t t = 0; t < MODEL_THREADS; t++)
        assert_memory_equal(model.areas[t], callers_word(t, 0), sizeof(model.areas[t]));
}

/* ---- Steps ---- */

/* A handle of the process, most often of the kind asked for. */
static uint32_t any_handle(uint32_t process, uint32_t kind)
{
    uint32_t from = below(MODEL_CAPS);

    if (below(80) == 0)
        return old_handles[process];
    if (below(160) == 0)
        return CAP_NONE;
    for (uint32_t i = 0; i < MODEL_CAPS; i++) {
        const struct mcap *cap = &model.caps[process][(from + i) % MODEL_CAPS];

        if (cap->handle != 0 && (kind == 0 || cap->ref.kind == kind) &&
            (model_is_live(&cap->ref) || below(40) == 0))
            return cap->handle;
    }
    return CAP_NONE;
}

static uint64_t any_deadline(uint8_t op)
{
    if (op == RING_OP_CALL || op == RING_OP_SEND ? below(2) == 0 : below(30) != 0)
        return 0;
    return below(20) == 0 && model.now > 0 ? model.now - 1 : model.now + below(20);
}

static struct ring_sqe any_entry(uint32_t thread, bool is_direct)
{
    static const uint8_t ops[] = {RING_OP_CALL,   RING_OP_CALL,   RING_OP_SEND,
                                  RING_OP_RECV,   RING_OP_RECV,   RING_OP_RETURN_RECV,
                                  RING_OP_RETURN, RING_OP_RETURN, RING_OP_CANCEL};
    static const uint8_t gift_flags[] = {RING_FLAG_COPY, RING_FLAG_MOVE, RING_FLAG_NARROW};
    struct ring_sqe e = {.op = ops[below(ARRAY_COUNT(ops))]};
    bool is_client = e.op == RING_OP_CALL || e.op == RING_OP_SEND;
    bool has_gift = below(3) == 0;
    uint32_t process = model_process_of(thread);

    if (e.op == RING_OP_CANCEL) {
        e.args[0] = model.ops[thread][below(MODEL_OPS)].user_data;
        return e;
    }
    e.deadline_ns = any_deadline(e.op);
    if (e.op != RING_OP_RETURN || below(30) == 0)
        e.cap = any_handle(process, is_client ? CAP_KIND_CLIENT : CAP_KIND_ENDPOINT);
    if (e.op != RING_OP_RECV || below(30) == 0)
        e.method = (uint16_t)below(1000);
    e.flags =
        (uint8_t)((below(3) == 0 ? 0 : RING_FLAG_ACCEPT) | (has_gift ? gift_flags[below(3)] : 0) |
                  (is_direct && below(3) != 0 ? 0 : RING_FLAG_MESSAGE));
    for (uint32_t i = 0; i < 3 && (e.flags & RING_FLAG_MESSAGE) == 0; i++)
        e.args[i] = prng_next(&p);
    if ((e.flags & RING_FLAG_MESSAGE) != 0)
        e.args[0] = RING_MESSAGE(below(MODEL_AREA - 4), below(20) == 0 ? 4 : below(4),
                                 below(20) == 0 ? 241 : 4 - below(8) / 6);
    if (has_gift)
        e.args[3] = RING_GIFT(any_handle(process, below(2) * CAP_KIND_ENDPOINT),
                              below(2) == 0 ? CAP_NONE : any_handle(process, CAP_KIND_GRANT));
    if (below(100) == 0)
        e.flags ^= (uint8_t)(1u << below(8));
    return e;
}

static void step_entry(uint32_t thread)
{
    bool is_direct = below(3) == 0;
    struct mcompletion want = {0};

    for (uint32_t i = 0; i < MODEL_THREADS && model.ops[thread][MODEL_DIRECT].place != MOP_FREE;
         i++)
        thread = (thread + 1) % MODEL_THREADS; /* that one waits in the kernel */
    struct mop *op = &model.ops[thread][is_direct ? MODEL_DIRECT : 0];

    if (model.ops[thread][MODEL_DIRECT].place != MOP_FREE)
        return;
    while (!is_direct && op < &model.ops[thread][MODEL_OPS] && op->place != MOP_FREE)
        op++;
    if (!is_direct && op == &model.ops[thread][MODEL_OPS])
        return;
    struct ring_sqe e = any_entry(thread, is_direct);

    e.user_data = is_direct ? 0 : ++next_user_data;
    *op = (struct mop){.op = e.op,
                       .flags = e.flags,
                       .is_direct = is_direct,
                       .method = e.method,
                       .deadline = e.deadline_ns != 0 ? e.deadline_ns : UINT64_MAX,
                       .user_data = e.user_data,
                       .args = {e.args[0], e.args[1], e.args[2], e.args[3]}};
    int64_t status = model_do_entry(thread, op, e.cap, &want);
    struct came came = is_direct ? callers_direct(thread, &e) : callers_ring(thread, &e);

    assert_int_equal(came.is_waiting, status == MODEL_WAITS);
    if (status == MODEL_WAITS)
        return;
    model.refusals += status < 0;
    want.is_direct = is_direct;
    want.status = status;
    compare(thread, &want, &came);
}

/* All that waits at an endpoint of the model, or under a dead grant if it is MODEL_NONE. */
static void end_waiting(uint32_t endpoint, enum status status)
{
    for (uint32_t t = 0; t < MODEL_THREADS; t++)
        for (uint32_t i = 0; i <= MODEL_OPS; i++)
            if (model.ops[t][i].place != MOP_FREE &&
                (endpoint == MODEL_NONE ? model_is_dead(&model.ops[t][i])
                                        : model.ops[t][i].endpoint == endpoint))
                model_complete(t, &model.ops[t][i], status);
}

static void make_endpoint(uint32_t i)
{
    uint32_t owner = below(CALLERS_PROCESSES);
    uint32_t handle = callers_endpoint(owner, 0, &model.endpoints[i].index);

    model.endpoints[i].gen = pool_gen(&endpoint_pool, model.endpoints[i].index);
    model.endpoints[i].received = 0;
    add_cap(owner, handle);
}

static void step_end_endpoint(void)
{
    uint32_t i = below(MODEL_ENDPOINTS);

    end_waiting(i, STATUS_STALE);
    assert_true(pool_stale(&endpoint_pool, model.endpoints[i].index));
    while (!endpoint_end_some(model.endpoints[i].index,
                              STATUS_STALE)) /* MODEL_THREADS * (MODEL_OPS + 1) */
        outside.wake_count = 0;
    make_endpoint(i);
}

static void step_end_thread(uint32_t thread)
{
    uint32_t caller;

    for (uint32_t i = 0; i <= MODEL_OPS; i++)
        model.ops[thread][i].place = MOP_FREE;
    struct mop *served = model_served_by(thread, &caller);

    if (served != NULL)
        model_complete(caller, served, STATUS_DISCONNECTED);
    callers_end(thread);
}

static void step_time(void)
{
    model.now += below(6);
    for (uint32_t t = 0; t < MODEL_THREADS; t++)
        for (uint32_t i = 0; i <= MODEL_OPS; i++)
            if (model.ops[t][i].place == MOP_LINE && model.ops[t][i].deadline <= model.now)
                model_complete(t, &model.ops[t][i], STATUS_EXPIRED);
    callers_pass_time(model.now);
}

/* The process is given a copy of what another has, as when it is made. */
static void share(uint32_t process)
{
    const struct mcap *cap =
        model_find((process + 1) % CALLERS_PROCESSES,
                   any_handle((process + 1) % CALLERS_PROCESSES, CAP_KIND_ENDPOINT));
    uint32_t handle;

    if (cap == NULL)
        return;
    assert_int_equal(cap_insert(&callers_processes[process].caps, &cap->ref, &handle), STATUS_OK);
    add_cap(process, handle);
}

static void step_make(uint32_t process)
{
    uint32_t i = below(MODEL_ENDPOINTS), g = below(MODEL_GRANTS), parent = below(MODEL_GRANTS);
    struct pool_ref under = {GRANT_ROOT, 0};

    if (model.grants[parent].is_live && model.grants[parent].depth < GRANT_DEPTH_MAX &&
        below(2) == 0)
        under = model.grants[parent].ref;
    if (below(3) == 0) {
        share(process);
    } else if (below(2) == 0) {
        struct pool_ref ref = {GRANT_ROOT, 0};

        add_cap(process, callers_client(process, model.endpoints[i].index, below(UINT32_MAX),
                                        below(2) == 0 ? ref : under));
    } else if (!model.grants[g].is_taken) {
        uint32_t handle = callers_grant(process, under, &model.grants[g].ref);

        model.grants[g].parent = under.index == GRANT_ROOT ? MODEL_NONE : parent;
        model.grants[g].depth = under.index == GRANT_ROOT ? 1 : model.grants[parent].depth + 1;
        model.grants[g].owner = process;
        model.grants[g].is_taken = model.grants[g].is_live = true;
        add_cap(process, handle);
    }
}

/* Most often one that is STALE. */
static void step_release(uint32_t process)
{
    struct mcap *cap = &model.caps[process][below(MODEL_CAPS)];
    struct cap_ref ref;

    if (cap->handle == 0 || (model_is_live(&cap->ref) && below(12) != 0))
        return;
    assert_int_equal(cap_remove(&callers_processes[process].caps, cap->handle, &ref), STATUS_OK);
    assert_memory_equal(&ref, &cap->ref, sizeof(ref));
    old_handles[process] = cap->handle;
    cap->handle = 0;
}

/* Grants under it die with it; those who wait end with the work that follows. */
static void step_revoke(void)
{
    uint32_t g = below(MODEL_GRANTS);
    struct work work;

    if (!model.grants[g].is_taken)
        return;
    model.grants[g].is_taken = model.grants[g].is_live = false;
    for (uint32_t depth = 0; depth < GRANT_DEPTH_MAX; depth++)
        for (uint32_t i = 0; i < MODEL_GRANTS; i++)
            if (model.grants[i].is_live && model.grants[i].parent != MODEL_NONE &&
                !model.grants[model.grants[i].parent].is_live)
                model.grants[i].is_live = false;
    assert_true(grant_revoke(model.grants[g].ref));
    for (uint32_t left = below(4); left > 0; left--) { /* others go on meanwhile */
        step_entry(below(MODEL_THREADS));
        compare_completions();
    }
    end_waiting(MODEL_NONE, STATUS_STALE);
    work_init(&work, WORK_REVOKE, &callers_processes[0], (struct thread_ref){63, 1});
    work.object = model.grants[g].ref.index;
    while (work_step(&work) != WORK_DONE) /* each step ends somebody, or moves the cursor */
        continue;
}

static void step(void)
{
    uint32_t kind = below(100);

    outside.wake_count = 0;
    for (uint32_t i = 0; i < CALLERS_PROCESSES; i++)
        while (cap_count(i) > CAPS_MANY) /* by chance, every 12th turn at worst */
            step_release(i);
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t thread = below(MODEL_THREADS), word = below(MODEL_AREA);

        *callers_word(thread, word) = model.areas[thread][word] = prng_next(&p);
    }
    if (kind < 78)
        step_entry(below(MODEL_THREADS));
    else if (kind < 88)
        step_make(below(CALLERS_PROCESSES));
    else if (kind < 93)
        step_release(below(CALLERS_PROCESSES));
    else if (kind < 96)
        step_time();
    else if (kind < 98)
        step_end_thread(below(MODEL_THREADS));
    else if (kind < 99)
        step_revoke();
    else if (below(4) == 0)
        step_end_endpoint();
    compare_completions();
    compare_state();
}

/* Goal: statuses, words, gifts, lines, ledgers and tables are what abi/ring.h says, after each of
 * 100,000 random steps.  Method: the model, told first. */
static void test_endpoint_against_a_model(void **state)
{
    (void)state;
    callers_init(LIMIT);
    p = prng_seed(11);
    for (uint32_t i = 0; i < MODEL_ENDPOINTS; i++)
        make_endpoint(i);
    for (uint32_t i = 0; i < STEPS; i++)
        step();
    print_message(
        "%lu messages, %lu of them with a capability; %lu refusals, ended: %lu EXPIRED, "
        "%lu STALE, %lu CANCELLED, %lu DISCONNECTED\n",
        model.passed, model.gifts, model.refusals, model.expiries, model.stales, model.cancels,
        model.disconnects);
    assert_true(model.passed > STEPS / 20 && model.gifts > 500 && model.refusals > 1000 &&
                model.expiries > 100);
    assert_true(model.stales > 500 && model.cancels > 100 && model.disconnects > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoint_against_a_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
