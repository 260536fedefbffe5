/* SPDX-License-Identifier: MIT */
/* fairness.c - run scenarios in the simulator and judge them by the ideal. */
#include "tests/fairness/attacks.h"
#include "tests/fairness/report.h"
#include "tests/fairness/scale.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct row_table *const tables[] = {
    &rows_hogs, &rows_steady, &rows_sleepers, &rows_events, &rows_attacks,
};

#define TAP_ATTACKS 20u

struct options {
    uint64_t duration_ns;
    uint64_t seed;
    bool is_verbose;
    bool is_list;
    bool is_sweep;
    bool is_tap;
    uint64_t scale_cpus;
    uint64_t attack_count;
};

static const char help[] =
    "usage: fairness [--duration=MS] [--seed=N] [--verbose] [--list] [ROW...]\n"
    "\n"
    "Run scenarios (all, or those named) in the simulator, compare every thread with the\n"
    "weighted max-min ideal under CPU sets, and judge by the design's bounds.\n"
    "  --duration=MS  measure so long instead of the row's time (60,000 mostly)\n"
    "  --seed=N       another order of equal instants, other random numbers (1)\n"
    "  --verbose      a line for each thread, and the time it took\n"
    "  --list         name the rows\n"
    "  --tap          print TAP, a test for each row and one for 20 random attacks\n"
    "  --scale[=CPUS] the largest machine: CPUS (1024) CPUs, 1024 threads for each; memory and\n"
    "                 events a second\n"
    "  --sweep        every family of attacks with other run and sleep times\n"
    "  --attacks=N    N random programs of at most 7 steps, with and without a slow CPU\n"
    "Exit status: 0 all rows keep their bounds, 1 one does not, 2 usage.\n";

static int refuse(const char *what, const char *argument)
{
    fprintf(stderr, "fairness: %s: %s (--help says more)\n", argument, what);
    return 2;
}

/* The number behind `name` in `argument`.  Returns: it is that option. */
static bool take_number(const char *argument, const char *name, uint64_t *number, bool *is_bad)
{
    size_t length = strlen(name);
    char *end;

    if (strncmp(argument, name, length) != 0)
        return false;
    *number = strtoull(argument + length, &end, 10);
    *is_bad = argument[length] < '0' || argument[length] > '9' || *end != '\0' || *number == 0;
    return true;
}

/* Returns: 0, or the exit status of a refusal. */
static int take_option(const char *argument, struct options *options)
{
    bool is_bad = false;
    uint64_t ms = 0;

    if (take_number(argument, "--duration=", &ms, &is_bad))
        options->duration_ns = MS(ms);
    else if (take_number(argument, "--seed=", &options->seed, &is_bad))
        ;
    else if (strcmp(argument, "--verbose") == 0)
        options->is_verbose = true;
    else if (strcmp(argument, "--list") == 0)
        options->is_list = true;
    else if (strcmp(argument, "--tap") == 0)
        options->is_tap = true;
    else if (strcmp(argument, "--scale") == 0)
        options->scale_cpus = CPU_MAX;
    else if (take_number(argument, "--scale=", &options->scale_cpus, &is_bad))
        is_bad |= options->scale_cpus > CPU_MAX;
    else if (strcmp(argument, "--sweep") == 0)
        options->is_sweep = true;
    else if (take_number(argument, "--attacks=", &options->attack_count, &is_bad))
        ;
    else
        return refuse("no such option", argument);
    if (is_bad || ms > 3600000)
        return refuse("a number from 1 on is wanted, of ms at most 3,600,000, of CPUs 1024",
                      argument);
    return 0;
}

static uint32_t row_count(void)
{
    uint32_t count = 0;

    for (size_t t = 0; t < ARRAY_COUNT(tables); t++)
        count += tables[t]->count;
    return count;
}

/* The `index`-th row of all. */
static const struct row *row_at(uint32_t index)
{
    size_t t = 0;

    for (; index >= tables[t]->count; t++) /* bound: index is below row_count() */
        index -= tables[t]->count;
    return &tables[t]->rows[index];
}

static bool is_known(const char *name)
{
    for (uint32_t i = 0; i < row_count(); i++)
        if (strcmp(row_at(i)->name, name) == 0)
            return true;
    return false;
}

static bool is_wanted(const struct row *row, int count, char *const *arguments)
{
    bool has_names = false;

    for (int i = 1; i < count; i++) {
        has_names |= arguments[i][0] != '-';
        if (strcmp(arguments[i], row->name) == 0)
            return true;
    }
    return !has_names;
}

static double host_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Returns: the row keeps its bounds. */
static bool run(const struct row *row, const struct options *options)
{
    static struct world w;
    double begin_s = host_s();

    world_init(&w, row, options->duration_ns, options->seed);
    world_run(&w);
    struct report r = report_of(&w);
    bool is_kept = report_print(&w, &r);

    if (options->is_verbose) {
        printf("  %s: %" PRIu64 " events, %" PRIu64 " ideals solved, %.2f s\n", row->about,
               w.machine.event_count, w.fluid.solve_count, host_s() - begin_s);
        printf("  worst share: thread %" PRIu32 ", worst wait: thread %" PRIu32 "\n",
               r.error_thread, r.wait_thread);
        report_threads(&w);
    }
    world_fini(&w);
    (void)fflush(stdout);
    return is_kept;
}

static int list(void)
{
    for (uint32_t i = 0; i < row_count(); i++)
        printf("%-16s %-8s %s\n", row_at(i)->name, report_claim(row_at(i)), row_at(i)->about);
    return 0;
}

static int run_named(int count, char *const *arguments, const struct options *options)
{
    uint32_t run_count = 0;
    uint32_t kept_count = 0;

    report_head("");
    for (uint32_t i = 0; i < row_count(); i++) {
        if (!is_wanted(row_at(i), count, arguments))
            continue;
        run_count++;
        kept_count += run(row_at(i), options);
    }
    printf("%" PRIu32 " of %" PRIu32 " rows keep their bounds\n", kept_count, run_count);
    return kept_count == run_count ? 0 : 1;
}

/* All rows as tests, their figures as comments. */
static int run_tap(const struct options *options)
{
    bool is_kept = true;

    printf("1..%" PRIu32 "\n", row_count() + 1);
    report_head("# ");
    for (uint32_t i = 0; i < row_count(); i++) {
        printf("# ");
        bool is_ok = run(row_at(i), options);

        printf("%s %" PRIu32 " - %s: %s\n", is_ok ? "ok" : "not ok", i + 1, row_at(i)->name,
               row_at(i)->about);
        is_kept = is_kept && is_ok;
    }
    bool is_ok = attacks_random(TAP_ATTACKS, options->duration_ns, options->seed, "# ");

    printf("%s %" PRIu32 " - random attacks gain at most 5 %% and keep nobody waiting\n",
           is_ok ? "ok" : "not ok", row_count() + 1);
    return is_kept && is_ok ? 0 : 1;
}

int main(int count, char **arguments)
{
    struct options options = {.seed = 1};

    for (int i = 1; i < count; i++) {
        int status = 0;

        if (strcmp(arguments[i], "--help") == 0) {
            (void)fputs(help, stdout);
            return 0;
        }
        if (arguments[i][0] == '-')
            status = take_option(arguments[i], &options);
        else if (!is_known(arguments[i]))
            status = refuse("no such row; --list names them", arguments[i]);
        if (status != 0)
            return status;
    }
    if (options.is_list)
        return list();
    if (options.is_tap)
        return run_tap(&options);
    if (options.scale_cpus != 0) {
        scale_run((uint32_t)options.scale_cpus, options.duration_ns, options.seed);
        return 0;
    }
    if (options.is_sweep)
        return attacks_sweep(options.duration_ns, options.seed) ? 0 : 1;
    if (options.attack_count != 0)
        return attacks_random(options.attack_count, options.duration_ns, options.seed, "") ? 0 : 1;
    return run_named(count, arguments, &options);
}
