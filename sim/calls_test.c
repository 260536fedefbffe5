/* SPDX-License-Identifier: MIT */
#include "sim/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS ((int64_t)NS_PER_MS)

/* Run `text` (single quotes stand for double ones) on `cpu_count` CPUs, checking every event. */
static void run_on(struct scenario *s, uint32_t cpu_count, const char *text)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    scenario_run(s, &(struct sim_config){.cpu_count = cpu_count, .check_every = 1}, copy);
    free(copy);
}

/* The same for a text with %s in it: once for each kind of endpoint. */
static void run_kind(struct scenario *s, uint32_t cpu_count, const char *format, bool is_passive)
{
    char text[600];
    int bytes = snprintf(text, sizeof text, format, is_passive ? "true" : "false");

    assert_true(bytes > 0 && (size_t)bytes < sizeof text);
    run_on(s, cpu_count, text);
}

/* ---- Who meets whom -------------------------------------------------------------------------- */

/* Goal: each call is served once, and its caller waits for that, on one CPU and on two.  Method: 20
 * calls of 1 ms of the caller's and 2 ms of the server's own time; both end. */
static void test_calls_are_served(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct scenario s;

        run_kind(&s, 1 + i / 2,
                 "{'tasks': {'c': {'loop': 20, 'run': 1000, 'capos-call': 'e'},"
                 "  's': {'loop': 20, 'capos-serve': {'endpoint': 'e', 'run': 2000,"
                 "        'passive': %s}}}, 'global': {'duration': -1}}", i % 2 != 0);
        assert_true(s.header->failed == 0);
        assert_true(s.threads[0].activations == 20);
        assert_true(s.threads[1].activations == 20);
        assert_true(s.threads[0].runtime_ns == 20 * MS);
        assert_true(s.threads[1].runtime_ns == 40 * MS);
        assert_true(s.header->duration_ns >= 60 * NS_PER_MS);
        assert_true(s.header->duration_ns <= 61 * NS_PER_MS);
        scenario_fini(&s);
    }
}

/* Goal: who waits longest is served first, whether a server waits or comes later; with every server
 * busy callers wait.  Method: three callers, a server of 700 ms a call; the run ends in the second
 * service.  Both kinds; the server before and behind the callers. */
static void test_calls_longest_first(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct scenario s;

        run_kind(&s, 4, i < 2 ? "{'tasks': {'c': {'instance': 3, 'loop': 1, 'capos-call': 'e',"
                                " 'run': 50000}, 's': {'capos-serve': {'endpoint': 'e',"
                                " 'run': 700000, 'passive': %s}}}, 'global': {'duration': 1}}"
                              : "{'tasks': {'c': {'instance': 3, 'delay': 1000, 'loop': 1,"
                                " 'capos-call': 'e', 'run': 50000}, 's': {'capos-serve':"
                                " {'endpoint': 'e', 'run': 700000, 'passive': %s}}},"
                                " 'global': {'duration': 1}}", i % 2 != 0);
        assert_true(s.header->failed == 0);
        assert_true(s.threads[0].runtime_ns == 50 * MS);
        assert_true(s.threads[1].runtime_ns == 0);
        assert_true(s.threads[2].runtime_ns == 0);
        assert_true(s.threads[3].activations == 1);
        assert_true(s.threads[3].runtime_ns > 990 * MS);
        scenario_fini(&s);
    }
}

/* Goal: servers of one endpoint share its calls.  Method: two, each on a CPU, two callers: as long
 * as one caller alone would take. */
static void test_calls_two_servers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct scenario s;

        run_kind(&s, 2,
                 "{'tasks': {'c': {'instance': 2, 'loop': 20, 'capos-call': 'e'},"
                 "  's': {'instance': 2, 'loop': 20, 'capos-serve': {'endpoint': 'e', 'run': 2000,"
                 "        'passive': %s}}}, 'global': {'duration': -1}}", i != 0);
        assert_true(s.header->failed == 0);
        for (unsigned j = 0; j < 4; j++)
            assert_true(s.threads[j].activations == 20);
        assert_true(s.header->duration_ns <= 42 * NS_PER_MS);
        scenario_fini(&s);
    }
}

/* Goal: an answer does not wait for what its server does next.  Method: it sleeps for 100 ms, which
 * the run does not last; it serves elsewhere, where its caller calls next; it ends. */
static void test_calls_answer_at_once(void **state)
{
    static const char *const texts[] = {
        "{'tasks': {'c': {'loop': 1, 'capos-call': 'e', 'run': 1000}, 's': {'capos-serve':"
        " {'endpoint': 'e', 'passive': %s}, 'sleep': 100000}}, 'global': {'duration': 1}}",
        "{'tasks': {'c': {'loop': 1, 'capos-call': 'e', 'capos-call': 'f', 'run': 1000},"
        "  's': {'capos-serve': {'endpoint': 'e', 'passive': %s}, 'capos-serve': 'f'}},"
        " 'global': {'duration': 1}}",
        "{'tasks': {'c': {'loop': 1, 'capos-call': 'e', 'run': 1000}, 's': {'loop': 1,"
        " 'capos-serve': {'endpoint': 'e', 'passive': %s}}}, 'global': {'duration': -1}}",
    };

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_COUNT(texts); i++) {
        struct scenario s;

        run_kind(&s, 1 + i % 2, texts[i / 2], true);
        assert_true(s.header->failed == 0);
        assert_true(s.threads[0].activations == 1);
        assert_true(s.threads[0].runtime_ns == MS);
        scenario_fini(&s);
    }
}

/* Goal: a call that nobody serves any more waits for ever.  Method: a server with three turns, a
 * caller with four. */
static void test_calls_without_server(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'c': {'loop': 4, 'capos-call': 'e'}, 's': {'loop': 3, 'capos-serve': 'e'}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == RESULT_FAILED_INCOMPLETE);
    assert_true(s.threads[0].activations == 3);
    assert_true(s.threads[1].activations == 3);
    scenario_fini(&s);
}

/* ---- Who pays -------------------------------------------------------------------------------- */

#define BESIDE_HOG                                                          \
    "{'tasks': {'hog': {'run': 10000},"                                     \
    "  'c': {'run': 310, 'capos-call': 'e'},"                               \
    "  's': {'priority': 19, 'capos-serve': {'endpoint': 'e', 'run': 310,"  \
    "        'passive': %s}}}, 'global': {'duration': 10}}"

/* Goal: a passive server runs with its caller's weight and on its share.  Method: a server of nice
 * 19 beside a hog on one CPU: the pair has half of it, caller and server the same.  The
 * context keeps its request over the calls: longer than each of the two runs, it is preempted. */
static void test_calls_passive_caller_pays(void **state)
{
    (void)state;
    struct scenario s;

    run_kind(&s, 1, BESIDE_HOG, true);
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].runtime_ns > 4970 * MS && s.threads[0].runtime_ns < 5030 * MS);
    for (unsigned i = 1; i <= 2; i++) {
        assert_true(s.threads[i].runtime_ns > 2480 * MS);
        assert_true(s.threads[i].preemptions > 100);
    }
    scenario_fini(&s);
}

/* Goal: another server runs on its own.  Method: the same: with a weight of 15 beside 1024 it
 * serves a tenth of the calls at most. */
static void test_calls_own_context_server_pays(void **state)
{
    (void)state;
    struct scenario s;

    run_kind(&s, 1, BESIDE_HOG, false);
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].runtime_ns > 9000 * MS);
    assert_true(s.threads[2].runtime_ns < 300 * MS);
    scenario_fini(&s);
}

/* Goal: calls from the line are paid by who made them, too.  Method: two callers of nice 0 and a
 * server of nice 19 on one CPU with a hog: it has its third and more, as one caller may have to
 * wait, where the server's own weight would leave it nearly all. */
static void test_calls_passive_borrows(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 1,
           "{'tasks': {'hog': {'run': 10000},"
           "  'c': {'instance': 2, 'run': 300, 'capos-call': 'e'},"
           "  's': {'priority': 19, 'capos-serve': {'endpoint': 'e', 'run': 300,"
           "        'passive': true}}}, 'global': {'duration': 10}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].runtime_ns > 3300 * MS && s.threads[0].runtime_ns < 4300 * MS);
    assert_true(s.threads[3].runtime_ns > 2800 * MS);
    scenario_fini(&s);
}

/* Goal: a passive server that may not run where its caller does serves with its own context.
 * Method: each on a CPU of its own; every call is served, in the time both take. */
static void test_calls_passive_elsewhere(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'c': {'cpus': [0], 'loop': 100, 'run': 1000, 'capos-call': 'e'},"
           "  's': {'cpus': [1], 'loop': 100, 'capos-serve': {'endpoint': 'e', 'run': 1000,"
           "        'passive': true}}}, 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].activations == 100);
    assert_true(s.cpus[0].busy_ns >= 100 * MS && s.cpus[0].busy_ns < 101 * MS);
    assert_true(s.cpus[1].busy_ns >= 100 * MS && s.cpus[1].busy_ns < 101 * MS);
    assert_true(s.header->duration_ns <= 201 * NS_PER_MS);
    scenario_fini(&s);
}

/* Goal: a lent context may leave the CPU with its server; the answer then wakes the caller where it
 * may run.  Method: a hog keeps the caller's CPU busy, the server may use an idle one. */
static void test_calls_passive_moves(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'hog': {'cpus': [0], 'loop': 30, 'run': 10000},"
           "  'c': {'cpus': [0], 'loop': 10, 'run': 1000, 'capos-call': 'e'},"
           "  's': {'loop': 10, 'capos-serve': {'endpoint': 'e', 'run': 10000,"
           "        'passive': true}}}, 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[1].activations == 10);
    assert_true(s.threads[1].migrations == 0);
    assert_true(s.threads[2].migrations > 0);
    assert_true(s.cpus[1].busy_ns > 50 * MS);
    scenario_fini(&s);
}

/* Goal: callers of a passive server, whose contexts come and go with its line, do not starve who is
 * beside them.  Method: 1 to 6 callers with runs of 100, 300 and 1000 us beside a hog for 2 s: it
 * has its share of as many competitors as there are contexts. */
static void test_calls_starve_nobody(void **state)
{
    static const uint32_t runs_us[] = {100, 300, 1000};

    (void)state;
    for (uint32_t i = 0; i < 18; i++) {
        uint32_t callers = 1 + i % 6;
        struct scenario s;
        char text[400];

        (void)snprintf(text, sizeof text,
                       "{'tasks': {'hog': {'run': 10000}, 'c': {'instance': %u, 'run': %u,"
                       " 'capos-call': 'e'}, 's': {'capos-serve': {'endpoint': 'e', 'run': %u,"
                       " 'passive': true}}}, 'global': {'duration': 2}}",
                       callers, runs_us[i / 6], runs_us[i / 6]);
        run_on(&s, 1, text);
        assert_true(s.threads[0].runtime_ns >= 2000 * MS / (callers + 1) - 24 * MS);
        scenario_fini(&s);
    }
}

/* How many lines of a run's events are of `event`. */
static uint32_t count_events(const char *text, const char *event)
{
    struct scenario s;
    char line[256];
    uint32_t count = 0;
    FILE *events = tmpfile();

    assert_non_null(events);
    scenario_run(&s, &(struct sim_config){.cpu_count = 1, .check_every = 1, .events = events},
                 text);
    assert_true(s.header->failed == 0);
    scenario_fini(&s);
    rewind(events);
    while (fgets(line, sizeof line, events) != NULL) {
        char name[16];

        count += sscanf(line, "%*u %*u %15s", name) == 1 && strcmp(name, event) == 0;
    }
    (void)fclose(events);
    return count;
}

/* Goal: as on the kernel, a CPU is turned over between two contexts where nobody else is queued,
 * and only there.  Method: 50 calls of a pair with a context each, alone: 50 there and back, but
 * for the checks that are due; beside two hogs: none. */
static void test_calls_own_context_turn_over(void **state)
{
    static const char alone[] =
        "{\"tasks\": {\"c\": {\"loop\": 50, \"run\": 100, \"capos-call\": \"e\"},"
        " \"s\": {\"loop\": 50, \"capos-serve\": {\"endpoint\": \"e\", \"run\": 100}}},"
        " \"global\": {\"duration\": -1}}";
    static const char beside[] =
        "{\"tasks\": {\"c\": {\"loop\": 50, \"run\": 100, \"capos-call\": \"e\"},"
        " \"s\": {\"loop\": 50, \"capos-serve\": {\"endpoint\": \"e\", \"run\": 100}},"
        " \"hog\": {\"instance\": 2, \"loop\": 50, \"run\": 10000}},"
        " \"global\": {\"duration\": -1}}";

    (void)state;
    uint32_t count = count_events(alone, "hand");

    assert_true(count <= 100);
    assert_true(count >= 90);
    assert_int_equal(count_events(beside, "hand"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_are_served),
        cmocka_unit_test(test_calls_longest_first),
        cmocka_unit_test(test_calls_two_servers),
        cmocka_unit_test(test_calls_answer_at_once),
        cmocka_unit_test(test_calls_without_server),
        cmocka_unit_test(test_calls_passive_caller_pays),
        cmocka_unit_test(test_calls_own_context_server_pays),
        cmocka_unit_test(test_calls_passive_borrows),
        cmocka_unit_test(test_calls_passive_elsewhere),
        cmocka_unit_test(test_calls_passive_moves),
        cmocka_unit_test(test_calls_starve_nobody),
        cmocka_unit_test(test_calls_own_context_turn_over),
    };

    return cmocka_run_group_tests_name("sim/calls", tests, NULL, NULL);
}
