/* SPDX-License-Identifier: MIT */
/*
 * The engine against programs whose outcomes under x86-TSO are published: Sewell, Sarkar, Owens,
 * Zappa Nardelli, Myreen, "x86-TSO", CACM 53(7), 2010; the names SB, MP, n6, IRIW are theirs.
 */
#include "base/assert.h"
#include "tests/explorer/explore.h"
#include "tests/explorer/state_set.h"

#include <string.h>

/* clang-format off: cmocka needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
/* clang-format on */

#define OPS_MAX 5u
#define ANY 9u

enum op_kind { END = 0, STORE, LOAD, FENCE, SWAP, LOCK, UNLOCK };
enum variable { X, Y, VARIABLE_COUNT };

/* `value` is what is stored, or the register that is loaded. */
struct op {
    enum op_kind kind;
    enum variable variable;
    uint32_t value;
};

/* CPUs' programs, and an outcome: registers 0..3, then X and Y in memory; ANY is any. */
struct litmus {
    uint32_t cpu_count;
    struct op programs[COROUTINE_COUNT_MAX][OPS_MAX];
    uint32_t outcome[4 + VARIABLE_COUNT];
};

static struct {
    uint32_t variables[VARIABLE_COUNT];
    uint32_t locks[VARIABLE_COUNT];
    uint32_t registers[4];
    uint32_t has_run[COROUTINE_COUNT_MAX];
} state ALIGNED(8);

static uint64_t outcome_count;
static struct explore_result result;

static void setup(const void *context)
{
    (void)context;
}

static uint32_t alternatives(const void *context, uint32_t cpu)
{
    (void)context;
    return state.has_run[cpu] != 0 ? 0 : 1;
}

static void run_op(const struct op *op)
{
    uint32_t *variable = &state.variables[op->variable];

    switch (op->kind) {
    case STORE:
        cpu_store(variable, op->value, TSO_32);
        break;
    case LOAD:
        state.registers[op->value] = (uint32_t)cpu_load(variable, TSO_32);
        break;
    case FENCE:
        cpu_fence();
        break;
    case SWAP:
        (void)cpu_update(variable, op->value, UPDATE_SWAP, TSO_32);
        break;
    case LOCK:
        cpu_lock(&state.locks[op->variable]);
        break;
    case UNLOCK:
        cpu_store(&state.locks[op->variable], 0, TSO_32);
        break;
    case END:
        break;
    }
}

static void body(const void *context, uint32_t cpu, uint32_t alternative)
{
    const struct litmus *litmus = context;

    (void)alternative;
    state.has_run[cpu] = 1;
    for (uint32_t i = 0; i < OPS_MAX; i++)
        run_op(&litmus->programs[cpu][i]);
}

static void check_end(const void *context)
{
    const struct litmus *litmus = context;
    const uint32_t *wanted = litmus->outcome;

    for (uint32_t i = 0; i < 4; i++)
        if (wanted[i] != ANY && wanted[i] != state.registers[i])
            return;
    for (uint32_t i = 0; i < VARIABLE_COUNT; i++)
        if (wanted[4 + i] != ANY && wanted[4 + i] != state.variables[i])
            return;
    outcome_count++;
}

static void check_never(const void *context)
{
    uint64_t before = outcome_count;

    check_end(context);
    if (outcome_count != before)
        explore_fail("the outcome is here");
}

static void name_address(const void *address, char *text, size_t text_bytes)
{
    snprintf(text, text_bytes, "%p", address);
}

static const char *name_alternative(uint32_t alternative)
{
    return alternative == 0 ? "starts" : "?";
}

static struct explore_model model_of(const struct litmus *litmus)
{
    return (struct explore_model){
        .cpu_count = litmus->cpu_count,
        .state = &state,
        .state_bytes = sizeof(state),
        .hashed_bytes = sizeof(state),
        .context = litmus,
        .setup = setup,
        .body = body,
        .alternatives = alternatives,
        .check_end = check_end,
        .name_address = name_address,
        .name_alternative = name_alternative,
    };
}

static bool is_reachable(const struct litmus *litmus)
{
    struct explore_model model = model_of(litmus);

    outcome_count = 0;
    explore_run(&model, &result);
    assert_int_equal(result.verdict, EXPLORE_HOLDS);
    assert_true(result.end_count > 0);
    return outcome_count > 0;
}

/* Goal: a load may pass an earlier store to another address.  Method: SB, both loads see 0. */
static void test_explore_delays_stores(void **fixture)
{
    const struct litmus sb = {
        2, {{{STORE, X, 1}, {LOAD, Y, 0}}, {{STORE, Y, 1}, {LOAD, X, 1}}}, {0, 0, ANY, ANY, 1, 1}};

    (void)fixture;
    assert_true(is_reachable(&sb));
}

/* Goal: a fence orders a store before a later load.  Method: SB with fences, as above. */
static void test_explore_obeys_fences(void **fixture)
{
    const struct litmus sb = {2,
                              {{{STORE, X, 1}, {FENCE, X, 0}, {LOAD, Y, 0}},
                               {{STORE, Y, 1}, {FENCE, X, 0}, {LOAD, X, 1}}},
                              {0, 0, ANY, ANY, ANY, ANY}};

    (void)fixture;
    assert_false(is_reachable(&sb));
}

/* Goal: one fence is not enough.  Method: SB with a fence on one side only. */
static void test_explore_needs_both_fences(void **fixture)
{
    const struct litmus sb = {
        2,
        {{{STORE, X, 1}, {FENCE, X, 0}, {LOAD, Y, 0}}, {{STORE, Y, 1}, {LOAD, X, 1}}},
        {0, 0, ANY, ANY, ANY, ANY}};

    (void)fixture;
    assert_true(is_reachable(&sb));
}

/* Goal: a locked instruction is a fence.  Method: SB whose stores are exchanges. */
static void test_explore_drains_before_locked(void **fixture)
{
    const struct litmus sb = {2,
                              {{{SWAP, X, 1}, {LOAD, Y, 0}}, {{SWAP, Y, 1}, {LOAD, X, 1}}},
                              {0, 0, ANY, ANY, ANY, ANY}};

    (void)fixture;
    assert_false(is_reachable(&sb));
}

/* Goal: stores become visible in order.  Method: MP, the flag is seen and the data is not. */
static void test_explore_keeps_store_order(void **fixture)
{
    const struct litmus mp = {
        2, {{{STORE, X, 1}, {STORE, Y, 1}}, {{LOAD, Y, 0}, {LOAD, X, 1}}}, {1, 0, ANY, ANY, 1, 1}};

    (void)fixture;
    assert_false(is_reachable(&mp));
}

/* Goal: a store does not pass an earlier load.  Method: LB, both loads see the other's store. */
static void test_explore_keeps_load_before_store(void **fixture)
{
    const struct litmus lb = {
        2, {{{LOAD, X, 0}, {STORE, Y, 1}}, {{LOAD, Y, 1}, {STORE, X, 1}}}, {1, 1, ANY, ANY, 1, 1}};

    (void)fixture;
    assert_false(is_reachable(&lb));
}

/* Goal: a CPU sees its own stores early.  Method: n6, it sees its own store before the other's. */
static void test_explore_forwards_own_stores(void **fixture)
{
    const struct litmus n6 = {
        2,
        {{{STORE, X, 1}, {LOAD, X, 0}, {LOAD, Y, 1}}, {{STORE, Y, 2}, {STORE, X, 2}}},
        {1, 0, ANY, ANY, 1, 2}};

    (void)fixture;
    assert_true(is_reachable(&n6));
}

/* Goal: all CPUs agree on the order of stores.  Method: IRIW, two readers see opposite orders. */
static void test_explore_has_one_memory(void **fixture)
{
    const struct litmus iriw = {4,
                                {{{STORE, X, 1}},
                                 {{STORE, Y, 1}},
                                 {{LOAD, X, 0}, {LOAD, Y, 1}},
                                 {{LOAD, Y, 2}, {LOAD, X, 3}}},
                                {1, 0, 1, 0, ANY, ANY}};

    (void)fixture;
    assert_false(is_reachable(&iriw));
}

/* Goal: a store to a full buffer waits and nothing is lost.  Method: more stores than entries. */
static void test_explore_waits_for_room(void **fixture)
{
    const struct litmus many = {
        1,
        {{{STORE, X, 1}, {STORE, X, 2}, {STORE, X, 3}, {STORE, X, 4}, {STORE, Y, 5}}},
        {ANY, ANY, ANY, ANY, 4, 5}};

    _Static_assert(OPS_MAX > STORES_MAX, "one store finds the buffer full");
    (void)fixture;
    assert_true(is_reachable(&many));
    assert_int_equal(result.end_count, 1);
}

/* Goal: a lock excludes.  Method: two CPUs read, then write under it; no update is lost. */
static void test_explore_lock_excludes(void **fixture)
{
    const struct litmus locked = {2,
                                  {{{LOCK, X, 0}, {LOAD, X, 0}, {STORE, X, 1}, {UNLOCK, X, 0}},
                                   {{LOCK, X, 0}, {LOAD, X, 1}, {STORE, X, 1}, {UNLOCK, X, 0}}},
                                  {0, 0, ANY, ANY, ANY, ANY}};

    (void)fixture;
    assert_false(is_reachable(&locked));
}

/* Goal: a deadlock is found.  Method: two locks taken in opposite orders. */
static void test_explore_finds_deadlock(void **fixture)
{
    const struct litmus crossed = {2,
                                   {{{LOCK, X, 0}, {LOCK, Y, 0}, {UNLOCK, Y, 0}, {UNLOCK, X, 0}},
                                    {{LOCK, Y, 0}, {LOCK, X, 0}, {UNLOCK, X, 0}, {UNLOCK, Y, 0}}},
                                   {ANY, ANY, ANY, ANY, ANY, ANY}};
    struct explore_model model = model_of(&crossed);

    (void)fixture;
    explore_run(&model, &result);
    assert_int_equal(result.verdict, EXPLORE_VIOLATED);
    assert_non_null(strstr(result.message, "deadlock"));
}

/* Goal: a violation's path leads to it again.  Method: SB's weak outcome is forbidden; replay. */
static void test_explore_replays_violation(void **fixture)
{
    const struct litmus sb = {
        2, {{{STORE, X, 1}, {LOAD, Y, 0}}, {{STORE, Y, 1}, {LOAD, X, 1}}}, {0, 0, ANY, ANY, 1, 1}};
    struct explore_model model = model_of(&sb);
    FILE *out = fopen("/dev/null", "w");

    (void)fixture;
    assert_non_null(out);
    model.check_end = check_never;
    explore_run(&model, &result);
    assert_int_equal(result.verdict, EXPLORE_VIOLATED);
    result.verdict = EXPLORE_HOLDS;
    explore_replay(&model, &result, out);
    assert_int_equal(result.verdict, EXPLORE_VIOLATED);
    assert_string_equal(result.message, "the outcome is here");
    fclose(out);
}

/* Goal: states that differ in one bit are two.  Method: flip each bit of a block; add twice. */
static void test_state_set_tells_bits_apart(void **fixture)
{
    uint64_t words[5] = {1, 2, 3, 4, 5};

    (void)fixture;
    state_set_init(1024);
    for (unsigned bit = 0; bit < 8 * sizeof(words); bit++) {
        struct state_hash hash = state_hash_start();

        words[bit / 64] ^= UINT64_C(1) << (bit % 64);
        state_hash_add(&hash, words, sizeof(words));
        assert_true(state_set_add(&hash));
        assert_false(state_set_add(&hash));
        words[bit / 64] ^= UINT64_C(1) << (bit % 64);
    }
    assert_int_equal(state_set_count(), 8 * sizeof(words));
    state_set_fini();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explore_delays_stores),
        cmocka_unit_test(test_explore_obeys_fences),
        cmocka_unit_test(test_explore_needs_both_fences),
        cmocka_unit_test(test_explore_drains_before_locked),
        cmocka_unit_test(test_explore_keeps_store_order),
        cmocka_unit_test(test_explore_keeps_load_before_store),
        cmocka_unit_test(test_explore_forwards_own_stores),
        cmocka_unit_test(test_explore_has_one_memory),
        cmocka_unit_test(test_explore_waits_for_room),
        cmocka_unit_test(test_explore_lock_excludes),
        cmocka_unit_test(test_explore_finds_deadlock),
        cmocka_unit_test(test_explore_replays_violation),
        cmocka_unit_test(test_state_set_tells_bits_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
