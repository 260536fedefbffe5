/* SPDX-License-Identifier: MIT */
/* random_test.c - properties over random workloads: whatever threads do, the laws hold. */
#include "sim/scenario.h"

#include "base/hash.h"
#include "base/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEEDS 60u
#define TEXT_BYTES 16384u
#define TASKS_MAX 6u
#define PHASES_MAX 3u
#define EVENTS_MAX 5u
#define RUN_NS (30 * NS_PER_MS)

struct text {
    char bytes[TEXT_BYTES];
    size_t length;
    struct prng random;
    uint32_t cpu_count;
    unsigned side; /* of the task under way: it serves at that endpoint, and calls at the other */
};

static void add(struct text *t, const char *format, ...) PRINTF_LIKE(2, 3);

static void add(struct text *t, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int added = vsnprintf(t->bytes + t->length, sizeof t->bytes - t->length, format, arguments);
    va_end(arguments);
    assert_true(added >= 0 && t->length + (size_t)added < sizeof t->bytes);
    t->length += (size_t)added;
}

static unsigned below(struct text *t, unsigned bound)
{
    return (unsigned)prng_below(&t->random, bound);
}

static unsigned choose(struct text *t, const unsigned *values, unsigned count)
{
    return values[below(t, count)];
}

static void add_event(struct text *t, unsigned i)
{
    static const unsigned us[] = {0, 1, 10, 100, 1000, 4000};
    unsigned n = choose(t, us, ARRAY_COUNT(us));
    unsigned object = below(t, 2);

    switch (below(t, 12)) {
    case 0:
    case 1:
        add(t, "\"run%u\": %u", i, n);
        break;
    case 2:
        add(t, "\"runtime%u\": %u", i, n);
        break;
    case 3:
        add(t, "\"sleep%u\": %u", i, n);
        break;
    case 4:
        add(t, "\"timer%u\": {\"ref\": \"%s\", \"period\": %u}", i, object ? "unique" : "common",
            n + 100);
        break;
    case 5:
        add(t, "\"lock%u\": \"m%u\", \"run9%u\": %u, \"unlock%u\": \"m%u\"", i, object, i, n, i,
            object);
        break;
    case 6:
        add(t,
            "\"lock%u\": \"m%u\", \"wait%u\": {\"ref\": \"c\", \"mutex\": \"m%u\"}, "
            "\"unlock%u\": \"m%u\"",
            i, object, i, object, i, object);
        break;
    case 7:
        add(t, "\"signal%u\": \"c\"", i);
        break;
    case 8:
        add(t, "\"suspend%u\": \"p%u\"", i, object);
        break;
    case 9:
        add(t, "\"capos-call%u\": \"e%u\"", i, 1 - t->side);
        break;
    case 10:
        add(t, "\"capos-serve%u\": {\"endpoint\": \"e%u\", \"run\": %u}", i, t->side, n);
        break;
    default:
        add(t, "\"resume%u\": \"p%u\"", i, object);
    }
}

static void add_events(struct text *t)
{
    unsigned count = 1 + below(t, EVENTS_MAX);

    for (unsigned i = 0; i < count; i++) {
        add(t, "%s", i != 0 ? ", " : "");
        add_event(t, i);
    }
}

static void add_cpus(struct text *t)
{
    if (below(t, 2) != 0)
        return;
    uint32_t first = below(t, t->cpu_count);

    add(t, "\"cpus\": [%u, %u], ", first, (first + 1) % t->cpu_count);
}

static void add_task(struct text *t, unsigned number)
{
    static const char *const classes[] = {"batch", "normal", "interactive"};
    static const unsigned instances[] = {1, 1, 2, 5, 12};

    t->side = number % 2;
    /* One draw for each call: compilers evaluate arguments in different orders. */
    add(t, "%s\"t%u\": {\"loop\": -1, ", number != 0 ? ", " : "", number);
    add(t, "\"instance\": %u, ", choose(t, instances, ARRAY_COUNT(instances)));
    add(t, "\"priority\": %d, ", (int)below(t, 40) - 20);
    add(t, "\"capos-class\": \"%s\", ", classes[below(t, 3)]);
    add(t, "\"delay\": %u, ", below(t, 3) * 500);
    if (below(t, 3) != 0) {
        add_cpus(t);
        add_events(t);
    } else {
        unsigned phase_count = 1 + below(t, PHASES_MAX);

        add(t, "\"phases\": {");
        for (unsigned phase = 0; phase < phase_count; phase++) {
            add(t, "%s\"p%u\": {", phase != 0 ? ", " : "", phase);
            add_cpus(t);
            add(t, "\"loop\": %u, ", 1 + below(t, 5));
            add_events(t);
            add(t, "}");
        }
        add(t, "}");
    }
    add(t, "}");
}

static void generate(struct text *t, uint64_t seed)
{
    static const unsigned sizes[] = {1, 2, 3, 4, 8, 70};
    unsigned task_count;

    t->length = 0;
    t->random = prng_seed(seed);
    t->cpu_count = choose(t, sizes, ARRAY_COUNT(sizes));
    task_count = 1 + below(t, TASKS_MAX);
    add(t, "{\"tasks\": {");
    for (unsigned task = 0; task < task_count; task++)
        add_task(t, task);
    /* Each endpoint has somebody on both sides; one is passive. */
    add(t, ", \"x0\": {\"run\": 50, \"capos-call\": \"e1\", \"capos-serve\": {\"endpoint\":"
           " \"e0\", \"run\": 100, \"passive\": true}}, \"x1\": {\"instance\": 2,"
           " \"capos-serve\": {\"endpoint\": \"e1\", \"run\": 100}, \"capos-call\": \"e0\"}");
    add(t, "}, \"global\": {\"duration\": 1}}");
}

/*
 * Goal: time is conserved, ledgers add up, every law of core and simulator holds after every event,
 * and the run comes again.  Method: random workloads of all events, CPU sets, weights and classes
 * on 1 to 70 CPUs, with random order of equal instants, interrupts that cost and that do not; each
 * twice, checked after each event once.
 * A condition may be waited for with a mutex that somebody else signals without; unlocking what
 * one does not hold does not occur.
 */
static void prop_random_workloads_keep_the_laws(void **state)
{
    (void)state;
    struct text *text = calloc(1, sizeof *text);
    uint64_t event_count = 0;
    uint64_t hash = HASH_START;

    assert_non_null(text);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct scenario a, b;

        generate(text, seed);
        struct sim_config config = {
            .cpu_count = text->cpu_count, .seed = seed % 4, .duration_ns = RUN_NS,
            .has_costs = seed % 2 != 0};

        scenario_run(&b, &config, text->bytes);
        config.check_every = 1;
        scenario_run(&a, &config, text->bytes);
        assert_true(a.header->failed == 0);
        assert_true(a.output.trace_hash == b.output.trace_hash);
        assert_true(a.output.result_bytes == b.output.result_bytes);
        assert_memory_equal(a.output.result, b.output.result, a.output.result_bytes);
        event_count += a.output.event_count;
        hash = hash_u64(hash, a.output.trace_hash);
        scenario_fini(&a);
        scenario_fini(&b);
    }
    free(text);
    print_message("# %u workloads, %llu events, every law after each; hash %016llx\n", SEEDS,
                  (unsigned long long)event_count, (unsigned long long)hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prop_random_workloads_keep_the_laws),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
