/* SPDX-License-Identifier: MIT */
/*
 * bench_main.c - how many events a second of real time the simulator handles: `make bench-sim`.
 *
 * An event is one thing that happens to a CPU: a timer, an interrupt, a sleeper's wake, the end of
 * what a thread wanted to run.  Assertions are on; the whole-machine check is not.
 */
#include "sim/scenario.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 5u

struct row {
    const char *name;
    uint32_t cpu_count;
    const char *text;
};

static const struct row rows[] = {
    {"8 hogs, bursts of 1 ms", 4,
     "{\"tasks\": {\"hog\": {\"instance\": 8, \"loop\": -1, \"run\": 1000}},"
     " \"global\": {\"duration\": 200}}"},
    {"40 sleepers and 6 hogs", 4,
     "{\"tasks\": {\"hog\": {\"instance\": 6, \"loop\": -1, \"run\": 1000},"
     " \"nap\": {\"instance\": 40, \"loop\": -1, \"run\": 20, \"sleep\": 1000}},"
     " \"global\": {\"duration\": 20}}"},
    {"a pair taking turns, 16 sleepers", 8,
     "{\"tasks\": {\"a\": {\"loop\": -1, \"run\": 10, \"resume\": \"p\", \"suspend\": \"q\"},"
     " \"b\": {\"loop\": -1, \"suspend\": \"p\", \"run\": 10, \"resume\": \"q\"},"
     " \"nap\": {\"instance\": 16, \"loop\": -1, \"run\": 20, \"sleep\": 100}},"
     " \"global\": {\"duration\": 10}}"},
    {"1024 CPUs, 2000 hogs and 200 sleepers", 1024,
     "{\"tasks\": {\"hog\": {\"instance\": 2000, \"loop\": -1, \"run\": 1000},"
     " \"nap\": {\"instance\": 200, \"loop\": -1, \"run\": 20, \"sleep\": 1000}},"
     " \"global\": {\"duration\": 1}}"},
};

static uint64_t host_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return (*x > *y) - (*x < *y);
}

/* The median of ROUNDS runs, in events a second of the host's CPU time. */
static void measure(const struct row *row)
{
    uint64_t rates[ROUNDS];
    uint64_t event_count = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct scenario s;
        uint64_t begin_ns = host_ns();

        scenario_run(&s, &(struct sim_config){.cpu_count = row->cpu_count}, row->text);
        event_count = s.output.event_count;
        rates[round] = event_count * NS_PER_S / (host_ns() - begin_ns + 1);
        if (s.header->failed != 0)
            abort();
        scenario_fini(&s);
    }
    qsort(rates, ROUNDS, sizeof rates[0], compare);
    printf("%-40s %5" PRIu32 " CPUs %9" PRIu64 " events %8.2f M events/s\n", row->name,
           row->cpu_count, event_count, (double)rates[ROUNDS / 2] / 1e6);
}

int main(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        measure(&rows[i]);
    return 0;
}
