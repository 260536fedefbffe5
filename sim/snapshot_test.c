/* SPDX-License-Identifier: MIT */
#include "sim/snapshot.h"

#include "base/hash.h"
#include "sim/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char workload[] =
    "{\"tasks\": {\"beat\": {\"cpus\": [0], \"loop\": -1, \"run\": 100,"
    "   \"timer\": {\"ref\": \"unique\", \"period\": 1000}},"
    " \"hog\": {\"cpus\": [1], \"loop\": -1, \"run\": 1000},"
    " \"short\": {\"loop\": 1, \"run\": 1000}}, \"global\": {\"duration\": 1}}";

struct seen {
    uint32_t count;
    uint64_t first_at_ns;
    unsigned char *last; /* a copy */
    size_t bytes;
};

static void see(void *context, const unsigned char *record, size_t bytes)
{
    struct seen *seen = context;
    const struct stream_snapshot *header = (const void *)record;

    if (seen->count++ == 0)
        seen->first_at_ns = header->at_ns;
    free(seen->last);
    seen->last = malloc(bytes);
    assert_non_null(seen->last);
    memcpy(seen->last, record, bytes);
    seen->bytes = bytes;
}

/* Goal: the first snapshot is the start's, the last one the end's, and it agrees with the result;
 * watching changes nothing.  Method: a thread that sleeps, one that runs, one that ends early, on
 * three CPUs; the same run without. */
static void test_snapshots_begin_and_end_a_run(void **state)
{
    (void)state;
    struct seen seen = {.count = 0};
    struct sim_config config = {.cpu_count = 3, .watch = see, .watch_context = &seen};
    struct scenario watched, alone;

    scenario_run(&watched, &config, workload);
    config.watch = NULL;
    scenario_run(&alone, &config, workload);
    assert_int_equal(watched.output.result_bytes, alone.output.result_bytes);
    assert_memory_equal(watched.output.result, alone.output.result, alone.output.result_bytes);

    const struct stream_snapshot *header = (const void *)seen.last;
    const struct stream_thread *threads = (const void *)(header + 1);
    const struct result_cpu *cpus = (const void *)(threads + header->thread_count);

    assert_true(seen.count >= 2);
    assert_int_equal(seen.first_at_ns, 0);
    assert_int_equal(header->magic, STREAM_MAGIC_SNAPSHOT);
    assert_int_equal(header->bytes, seen.bytes);
    assert_int_equal(header->checksum,
                     hash_sealed(header, seen.bytes, offsetof(struct stream_snapshot, checksum)));
    assert_int_equal(header->at_ns, NS_PER_S);
    assert_int_equal(header->thread_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(threads[i].runtime_ns, watched.threads[i].runtime_ns);
        assert_int_equal(threads[i].activations, watched.threads[i].activations);
        assert_int_equal(threads[i].wake_latency_p99_ns, watched.threads[i].wake_latency_p99_ns);
    }
    assert_int_equal(threads[0].cpu, 0);
    assert_int_equal(threads[0].is_running, 0);
    assert_int_equal(threads[1].cpu, 1);
    assert_int_equal(threads[1].is_running, 1);
    assert_int_equal(threads[2].cpu, RESULT_UNKNOWN);
    assert_memory_equal(cpus, watched.cpus, 3 * sizeof *cpus);
    free(seen.last);
    scenario_fini(&watched);
    scenario_fini(&alone);
}

/* Goal: a thread that waits to be forked is unknown, one that was forked is like any other.
 * Method: room for two children, of which the last snapshot has seen one. */
static void test_snapshots_know_who_was_forked(void **state)
{
    (void)state;
    struct seen seen = {.count = 0};
    struct sim_config config = {.cpu_count = 2, .watch = see, .watch_context = &seen};
    struct scenario s;

    scenario_run(&s, &config,
                 "{\"tasks\": {\"forker\": {\"loop\": 2, \"sleep\": 600000, \"fork\": \"child\"},"
                 " \"child\": {\"instance\": 0, \"loop\": -1, \"run\": 1000, \"sleep\": 1000}},"
                 " \"global\": {\"duration\": 1}}");
    const struct stream_thread *threads =
        (const void *)(seen.last + sizeof(struct stream_snapshot));

    assert_int_equal(threads[1].runtime_ns, s.threads[1].runtime_ns);
    assert_int_equal(threads[1].activations, s.threads[1].activations);
    assert_int_not_equal(threads[1].cpu, RESULT_UNKNOWN);
    assert_int_equal(threads[2].runtime_ns, RESULT_UNKNOWN);
    assert_int_equal(threads[2].activations, RESULT_UNKNOWN);
    assert_int_equal(threads[2].cpu, RESULT_UNKNOWN);
    free(seen.last);
    scenario_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snapshots_begin_and_end_a_run),
        cmocka_unit_test(test_snapshots_know_who_was_forked),
    };

    return cmocka_run_group_tests_name("sim/snapshot", tests, NULL, NULL);
}
