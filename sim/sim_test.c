/* SPDX-License-Identifier: MIT */
#include "sim/scenario.h"

#include "abi/workload.h"
#include "base/prng.h"
#include "sim/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHECK_EVERY 97u /* not a divisor of anything periodic */

static const char mixed[] =
    "{'tasks': {"
    "  'hog': {'instance': 5, 'loop': -1, 'run': 700},"
    "  'nap': {'instance': 4, 'loop': -1, 'run': 100, 'sleep': 1000},"
    "  'beat': {'loop': -1, 'run': 200, 'timer': {'ref': 'unique', 'period': 5000}},"
    "  'pin': {'instance': 2, 'cpus': [1], 'loop': -1, 'run': 300, 'sleep': 400},"
    "  'pass': {'instance': 3, 'loop': -1, 'lock': 'm', 'run': 50, 'unlock': 'm', 'sleep': 60}},"
    " 'global': {'duration': 1}}";

/* JSON in a C string is easier to read with single quotes. */
static char *json(const char *text)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    return copy;
}

static void run(struct scenario *s, const struct sim_config *config, const char *text)
{
    char *copy = json(text);

    scenario_run(s, config, copy);
    free(copy);
}

static void run_on(struct scenario *s, uint32_t cpu_count, const char *text)
{
    run(s, &(struct sim_config){.cpu_count = cpu_count, .check_every = CHECK_EVERY}, text);
}

/* ---- Determinism ----------------------------------------------------------------------------- */

/* Goal: one seed, one run.  Method: a workload of every kind twice; hash and result bytes equal. */
static void test_sim_same_seed_same_run(void **state)
{
    (void)state;
    struct scenario a, b;

    for (uint64_t seed = 0; seed < 3; seed++) {
        struct sim_config config = {.cpu_count = 4, .seed = seed, .check_every = CHECK_EVERY};

        run(&a, &config, mixed);
        run(&b, &config, mixed);
        assert_true(a.output.trace_hash == b.output.trace_hash);
        assert_true(a.output.event_count == b.output.event_count);
        assert_int_equal(a.output.result_bytes, b.output.result_bytes);
        assert_memory_equal(a.output.result, b.output.result, a.output.result_bytes);
        scenario_fini(&a);
        scenario_fini(&b);
    }
}

/* Goal: the seed decides who is first of equal instants.  Method: eight sleepers whose period is
 * what their starts are apart meet at every instant; another seed gives another trace, and both
 * runs hold. */
static void test_sim_seed_permutes(void **state)
{
    (void)state;
    static const char text[] = "{'tasks': {'a': {'instance': 8, 'cpus': [0], 'loop': -1, 'run': 1,"
                               "  'timer': {'ref': 'unique', 'period': 100, 'mode': 'absolute'}}},"
                               " 'global': {'duration': 1}}";
    struct scenario a, b;

    run(&a, &(struct sim_config){.cpu_count = 1, .seed = 0}, text);
    run(&b, &(struct sim_config){.cpu_count = 1, .seed = 9}, text);
    assert_true(a.output.trace_hash != b.output.trace_hash);
    assert_true(a.header->failed == 0);
    assert_true(b.header->failed == 0);
    scenario_fini(&a);
    scenario_fini(&b);
}

/* Goal: printing events changes nothing and prints the same twice.  Method: two runs into memory
 * and one without; texts and hashes are equal, and no line was cut. */
static void test_sim_event_lines(void **state)
{
    (void)state;
    char *text[2];
    size_t bytes[2];
    struct scenario s[3];

    for (unsigned i = 0; i < 2; i++) {
        FILE *lines = open_memstream(&text[i], &bytes[i]);

        assert_non_null(lines);
        run(&s[i],
            &(struct sim_config){.cpu_count = 4, .duration_ns = 20 * NS_PER_MS, .events = lines},
            mixed);
        fclose(lines);
    }
    run(&s[2], &(struct sim_config){.cpu_count = 4, .duration_ns = 20 * NS_PER_MS}, mixed);
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(text[0], text[1], bytes[0]);
    assert_true(s[0].output.trace_hash == s[2].output.trace_hash);
    assert_non_null(strstr(text[0], "switch"));
    assert_non_null(strstr(text[0], "pin-1"));
    assert_null(strchr(text[0], '~')); /* FMT_CUT */
    for (unsigned i = 0; i < 3; i++)
        scenario_fini(&s[i]);
    free(text[0]);
    free(text[1]);
}

/* ---- Shares and idle time -------------------------------------------------------------------- */

/* Goal: hogs of nice 0, 5 and 10 on one CPU get 1024 : 335 : 110 within 1 %. */
static void test_sim_weighted_hogs(void **state)
{
    (void)state;
    static const char text[] =
        "{'tasks': {'a': {'priority': 0, 'cpus': [0], 'loop': -1, 'run': 1000},"
        "           'b': {'priority': 5, 'cpus': [0], 'loop': -1, 'run': 1000},"
        "           'c': {'priority': 10, 'cpus': [0], 'loop': -1, 'run': 1000}},"
        " 'global': {'duration': 10}}";
    static const int64_t weights[] = {1024, 335, 110};
    struct scenario s;

    run_on(&s, 4, text);
    assert_true(s.header->failed == 0);
    for (unsigned i = 0; i < 3; i++) {
        int64_t share_ns = (int64_t)s.header->duration_ns * weights[i] / (1024 + 335 + 110);
        int64_t off_ns = s.threads[i].runtime_ns - share_ns;

        assert_in_range(off_ns + share_ns / 100, 0, share_ns / 50);
    }
    scenario_fini(&s);
}

/* Goal: a hog per CPU leaves no CPU idle over 1 %. */
static void test_sim_hog_per_cpu(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 4,
           "{'tasks': {'hog': {'instance': 4, 'loop': -1, 'run': 1000}},"
           " 'global': {'duration': 2}}");
    assert_true(s.header->failed == 0);
    for (unsigned cpu = 0; cpu < 4; cpu++)
        assert_true(s.cpus[cpu].idle_ns <= (int64_t)s.header->duration_ns / 100);
    scenario_fini(&s);
}

/* Goal: no CPU is idle while somebody it may run waits.  Method: five hogs on four CPUs, and two
 * pinned to CPU 0 beside idle CPUs that they may not use: nothing is wasted either way. */
static void test_sim_nothing_wasted(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 4,
           "{'tasks': {'hog': {'instance': 5, 'loop': -1, 'run': 1000}},"
           " 'global': {'duration': 1}}");
    assert_true(s.header->wasted_ns <= (int64_t)(100 * NS_PER_US));
    scenario_fini(&s);
    run_on(&s, 4,
           "{'tasks': {'hog': {'instance': 2, 'cpus': [0], 'loop': -1, 'run': 1000}},"
           " 'global': {'duration': 1}}");
    assert_true(s.header->wasted_ns == 0);
    assert_true(s.cpus[1].idle_ns == (int64_t)s.header->duration_ns);
    scenario_fini(&s);
}

/* Goal: the fair policy is what the configuration says, and both hold.  Method: hogs of two classes
 * on one CPU, every law checked; the traces differ, the shares are halves both times. */
static void test_sim_fair_policies(void **state)
{
    (void)state;
    static const char text[] =
        "{'tasks': {'short': {'loop': -1, 'run': 1000},"
        "           'long': {'capos-class': 'batch', 'loop': -1, 'run': 1000}},"
        " 'global': {'duration': 5}}";
    struct scenario s[2];

    for (unsigned i = 0; i < 2; i++) {
        run(&s[i], &(struct sim_config){.cpu_count = 1, .is_wfq = i == 1, .check_every = 1}, text);
        assert_true(s[i].header->failed == 0);
        assert_in_range(s[i].threads[0].runtime_ns, 2470 * NS_PER_MS, 2530 * NS_PER_MS);
    }
    assert_true(s[0].output.trace_hash != s[1].output.trace_hash);
    assert_true(s[0].threads[0].preemptions != s[1].threads[0].preemptions);
    scenario_fini(&s[0]);
    scenario_fini(&s[1]);
}

/* ---- Size ------------------------------------------------------------------------------------ */

static void check_machine_of(uint32_t cpu_count)
{
    struct scenario s;
    int64_t busy_ns = 0;

    run(&s, &(struct sim_config){.cpu_count = cpu_count, .duration_ns = 100 * NS_PER_MS},
        "{'tasks': {'hog': {'instance': 1500, 'loop': -1, 'run': 1000},"
        "           'nap': {'instance': 100, 'loop': -1, 'run': 100, 'sleep': 300}},"
        " 'global': {'duration': 1}}");
    assert_true(s.header->failed == 0);
    assert_int_equal(s.header->cpu_count, cpu_count);
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++)
        busy_ns += s.cpus[cpu].busy_ns;
    assert_true(busy_ns >= (int64_t)(cpu_count * (80 * NS_PER_MS))); /* they start within 10 ms */
    scenario_fini(&s);
}

/* Goal: machines of 1, 64 and 1024 CPUs run and keep their books. */
static void test_sim_sizes(void **state)
{
    (void)state;
    check_machine_of(1);
    check_machine_of(64);
    check_machine_of(1024);
}

/* ---- Time ------------------------------------------------------------------------------------ */

/* Goal: run N is N of own CPU time, to the nanosecond, whoever else runs.  Method: 100 turns of
 * 1 ms beside another thread on the same CPU, until the end. */
static void test_sim_run_is_exact(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 1,
           "{'tasks': {'count': {'loop': 100, 'run': 1000},"
           "           'other': {'loop': 50, 'run': 2000}}, 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].runtime_ns == (int64_t)(100 * NS_PER_MS));
    assert_true(s.threads[1].runtime_ns == (int64_t)(100 * NS_PER_MS));
    assert_true(s.threads[0].activations == 100);
    assert_true(s.header->duration_ns >= 200 * NS_PER_MS);
    scenario_fini(&s);
}

/* Goal: runtime N is N of wall time.  Method: two on one CPU share it, and end together with N. */
static void test_sim_runtime_is_wall_time(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 1,
           "{'tasks': {'wall': {'instance': 2, 'loop': 1, 'runtime': 50000}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.header->duration_ns <= 54 * NS_PER_MS); /* one slice after the later one's end */
    assert_true(s.threads[0].runtime_ns + s.threads[1].runtime_ns <= (int64_t)(54 * NS_PER_MS));
    scenario_fini(&s);
}

/* Goal: nobody wakes early, and nobody late on an idle machine.  Method: 100 naps of 1 ms last
 * exactly 100 ms. */
static void test_sim_sleep_is_exact(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2, "{'tasks': {'nap': {'loop': 100, 'sleep': 1000}}, 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.header->duration_ns == 100 * NS_PER_MS);
    assert_true(s.threads[0].wake_latency_max_ns == 0);
    assert_true(s.threads[0].voluntary_blocks == 100);
    scenario_fini(&s);
}

/* Goal: with costs a nap ends one interrupt later, which is kernel time, and own CPU time stays
 * exact.  Method: 100 turns of 300 us and a nap of 1 ms, each turn that much longer. */
static void test_sim_interrupts_cost(void **state)
{
    (void)state;
    struct scenario s;
    int64_t cost_ns = (int64_t)MACHINE_INTERRUPT_NS;

    run(&s, &(struct sim_config){.cpu_count = 2, .has_costs = true, .check_every = 1},
        "{'tasks': {'nap': {'loop': 100, 'run': 300, 'sleep': 1000}}, 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].wake_latency_min_ns == cost_ns);
    assert_true(s.threads[0].wake_latency_max_ns == cost_ns);
    assert_true(s.threads[0].runtime_ns == (int64_t)(30 * NS_PER_MS));
    assert_true(s.cpus[0].kernel_ns == 101 * cost_ns); /* the start is an interrupt too */
    assert_true(s.header->duration_ns == 130 * NS_PER_MS + 101 * MACHINE_INTERRUPT_NS);
    scenario_fini(&s);
}

/* Goal: actions that cost nothing cannot stop the clock.  Method: a thread that only resumes. */
static void test_sim_free_actions_end(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 1,
           "{'tasks': {'spin': {'loop': -1, 'resume': 'nobody'},"
           "           'late': {'delay': 1000, 'suspend': 'nobody'}},"
           " 'global': {'duration': 1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.threads[0].activations > 1000);
    assert_true(s.header->duration_ns == NS_PER_S);
    scenario_fini(&s);
}

/* Goal: thread i starts i offsets after the first, on the (i mod k)-th of its k CPUs.  Method:
 * eight brief threads, allowed on three CPUs of four, that never meet. */
static void test_sim_start_protocol(void **state)
{
    (void)state;
    struct scenario s;
    int64_t us = (int64_t)NS_PER_US;

    run_on(&s, 4,
           "{'tasks': {'t': {'instance': 8, 'cpus': [0, 2, 3], 'loop': 1, 'run': 50}},"
           " 'global': {'duration': -1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.header->duration_ns == 7 * WORKLOAD_START_STAGGER_NS + 50 * NS_PER_US);
    for (unsigned i = 0; i < 8; i++)
        assert_true(s.threads[i].voluntary_blocks == 0 && s.threads[i].switches == 1);
    assert_true(s.cpus[0].busy_ns == 150 * us);
    assert_true(s.cpus[1].busy_ns == 0);
    assert_true(s.cpus[2].busy_ns == 150 * us);
    assert_true(s.cpus[3].busy_ns == 100 * us);
    scenario_fini(&s);
}

/* ---- Ends ----------------------------------------------------------------------------------- */

/* Goal: a duration is kept even when all threads have ended before. */
static void test_sim_duration_is_kept(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2, "{'tasks': {'brief': {'loop': 1, 'run': 1000}}, 'global': {'duration': 1}}");
    assert_true(s.header->failed == 0);
    assert_true(s.header->duration_ns == NS_PER_S);
    assert_true(s.cpus[0].busy_ns + s.cpus[1].busy_ns == (int64_t)NS_PER_MS);
    scenario_fini(&s);
}

/* Goal: a deadlock ends the run and fails the verdict.  Method: somebody waits for a resume that
 * nobody gives. */
static void test_sim_deadlock_is_incomplete(void **state)
{
    (void)state;
    struct scenario s;

    run_on(&s, 2,
           "{'tasks': {'stuck': {'loop': 1, 'run': 1000, 'suspend': 'never'},"
           "           'fine': {'loop': 1, 'run': 5000}}, 'global': {'duration': -1}}");
    assert_true(s.header->failed == RESULT_FAILED_INCOMPLETE);
    assert_true(s.threads[0].runtime_ns == (int64_t)NS_PER_MS);
    assert_true(s.threads[1].runtime_ns == (int64_t)(5 * NS_PER_MS));
    scenario_fini(&s);
}

static void on_progress(void *context, uint32_t done)
{
    uint32_t *calls = context;

    assert_true(done <= 1000);
    (*calls)++;
}

/* Goal: progress is told, and never beyond the end. */
static void test_sim_progress(void **state)
{
    (void)state;
    struct scenario s;
    uint32_t calls = 0;

    run(&s,
        &(struct sim_config){.cpu_count = 4, .progress = on_progress, .progress_context = &calls},
        mixed);
    assert_true(calls >= 1);
    scenario_fini(&s);
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static enum sim_refusal refusal_of(const struct sim_config *config, const char *text)
{
    char *copy = json(text);
    struct workload_blob blob = scenario_read(copy);
    struct sim_output output = {.event_count = 12345};
    const char *what = NULL;
    enum sim_refusal refusal = sim_run(config, blob.bytes, blob.size, &output, &what);

    assert_non_null(what);
    assert_true(output.event_count == 12345); /* untouched */
    workload_blob_fini(&blob);
    free(copy);
    return refusal;
}

/* Goal: what cannot run is refused, by kind. */
static void test_sim_refuses_bad_config(void **state)
{
    (void)state;
    static const char ends[] = "{'tasks': {'a': {'loop': 1, 'run': 1}}, 'global': {'duration': 1}}";
    static const char endless[] =
        "{'tasks': {'a': {'loop': -1, 'run': 1}}, 'global': {'duration': -1}}";
    static const char outside[] =
        "{'tasks': {'a': {'cpus': [5], 'loop': 1, 'run': 1}}, 'global': {'duration': 1}}";

    assert_int_equal(refusal_of(&(struct sim_config){.cpu_count = 0}, ends), SIM_BAD_CONFIG);
    assert_int_equal(refusal_of(&(struct sim_config){.cpu_count = 1025}, ends), SIM_BAD_CONFIG);
    assert_int_equal(
        refusal_of(&(struct sim_config){.cpu_count = 1, .duration_ns = UINT64_MAX}, ends),
        SIM_BAD_CONFIG);
    assert_int_equal(refusal_of(&(struct sim_config){.cpu_count = 4}, outside), SIM_BAD_CONFIG);
    assert_int_equal(refusal_of(&(struct sim_config){.cpu_count = 4}, endless), SIM_ENDLESS);
}

/* Goal: a damaged image is refused whatever is wrong with it.  Method: cut at each length, and one
 * flipped bit in each of many places. */
static void test_sim_refuses_damaged_image(void **state)
{
    (void)state;
    char *copy = json(mixed);
    struct workload_blob blob = scenario_read(copy);
    unsigned char *bytes = blob.bytes;
    struct sim_config config = {.cpu_count = 2, .duration_ns = NS_PER_MS};
    struct prng random = prng_seed(11);
    struct sim_output output;
    const char *what;

    for (size_t size = 0; size < blob.size; size++)
        assert_int_equal(sim_run(&config, bytes, size, &output, &what), SIM_BAD_IMAGE);
    for (unsigned i = 0; i < 2000; i++) {
        uint64_t bit = prng_below(&random, 8 * blob.size);

        bytes[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        assert_int_equal(sim_run(&config, bytes, blob.size, &output, &what), SIM_BAD_IMAGE);
        bytes[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    }
    workload_blob_fini(&blob);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sim_same_seed_same_run),
        cmocka_unit_test(test_sim_seed_permutes),
        cmocka_unit_test(test_sim_event_lines),
        cmocka_unit_test(test_sim_weighted_hogs),
        cmocka_unit_test(test_sim_hog_per_cpu),
        cmocka_unit_test(test_sim_nothing_wasted),
        cmocka_unit_test(test_sim_fair_policies),
        cmocka_unit_test(test_sim_sizes),
        cmocka_unit_test(test_sim_run_is_exact),
        cmocka_unit_test(test_sim_runtime_is_wall_time),
        cmocka_unit_test(test_sim_sleep_is_exact),
        cmocka_unit_test(test_sim_interrupts_cost),
        cmocka_unit_test(test_sim_free_actions_end),
        cmocka_unit_test(test_sim_start_protocol),
        cmocka_unit_test(test_sim_duration_is_kept),
        cmocka_unit_test(test_sim_deadlock_is_incomplete),
        cmocka_unit_test(test_sim_progress),
        cmocka_unit_test(test_sim_refuses_bad_config),
        cmocka_unit_test(test_sim_refuses_damaged_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
