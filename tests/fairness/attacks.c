/* SPDX-License-Identifier: MIT */
#include "tests/fairness/attacks.h"

#include "tests/fairness/report.h"

#include <inttypes.h>
#include <stdio.h>

#define PROGRAM_STEPS_MAX 7u

static const uint64_t run_times[] = {US(500), MS(2), MS(5), MS(10), MS(20), MS(50), MS(100)};
static const uint64_t sleep_times[] = {US(50), US(250), MS(1), MS(4), MS(12), MS(30)};

/* The best and the worst so far. */
struct record {
    const char *margin; /* of each line */
    int64_t gain_ppm;
    uint64_t wait_ns;
    uint32_t above_count; /* gains above the bound */
    uint32_t late_count;  /* in which somebody waited longer than is promised */
    uint32_t count;
};

/* ---- Showing --------------------------------------------------------------------------------- */

static void print_step(const struct row_step *step)
{
    switch (step->kind) {
    case STEP_RUN:
        printf(" run %.2f", (double)step->value * 1e-6);
        break;
    case STEP_SLEEP:
        printf(" sleep %.2f", (double)step->value * 1e-6);
        break;
    case STEP_MASK:
        printf(" set %" PRIx64, step->value & 0xf);
        break;
    default:
        printf(" step %d", (int)step->kind);
        break;
    }
}

static const struct row_group *attacker_of(const struct row *row)
{
    uint32_t g = 0;

    while ((row->groups[g].flags & GROUP_ATTACKS) == 0) /* bound: every such row has one */
        g++;
    return &row->groups[g];
}

static void print_attack(const char *margin, const struct row *row, const struct report *r)
{
    const struct row_group *group = attacker_of(row);

    printf("%s%-15s gain %7.2f %%, longest wait of others %8.1f ms:", margin, row->name,
           (double)r->gain_ppm * 1e-4, (double)r->wait_max_ns * 1e-6);
    for (uint32_t i = 0; i < ROW_STEPS_MAX && group->steps[i].kind != STEP_REPEAT; i++)
        print_step(&group->steps[i]);
    printf("\n");
    (void)fflush(stdout);
}

/* Run one; print it if it is the best or the worst so far. */
static void try_attack(const struct row *row, uint64_t duration_ns, uint64_t seed,
                       struct record *record)
{
    static struct world w;

    world_init(&w, row, duration_ns, seed);
    world_run(&w);
    struct report r = report_of(&w);

    world_fini(&w);
    record->count++;
    record->above_count += r.gain_ppm > GAIN_MAX_PPM;
    record->late_count += r.over_max_ns > 0;
    if (r.gain_ppm <= record->gain_ppm && r.wait_max_ns <= record->wait_ns)
        return;
    print_attack(record->margin, row, &r);
    record->gain_ppm = r.gain_ppm > record->gain_ppm ? r.gain_ppm : record->gain_ppm;
    record->wait_ns = r.wait_max_ns > record->wait_ns ? r.wait_max_ns : record->wait_ns;
}

static bool conclude(const struct record *record)
{
    printf("%s%" PRIu32 " attacks: best gain %.2f %%, longest wait of others %.1f ms; %" PRIu32
           " gain above 5 %%, of %" PRIu32 " a wait is beyond the bound\n",
           record->margin, record->count, (double)record->gain_ppm * 1e-4,
           (double)record->wait_ns * 1e-6, record->above_count, record->late_count);
    return record->above_count == 0 && record->late_count == 0;
}

/* ---- Families -------------------------------------------------------------------------------- */

static bool has_number(const struct row *row, uint64_t value)
{
    const struct row_group *group = attacker_of(row);

    for (uint32_t i = 0; i < ROW_STEPS_MAX; i++)
        if (group->steps[i].value == value)
            return true;
    return false;
}

static void substitute(struct row *row, uint64_t from, uint64_t to)
{
    for (uint32_t g = 0; g < ROW_GROUPS_MAX; g++)
        for (uint32_t i = 0; i < ROW_STEPS_MAX; i++)
            if (row->groups[g].steps[i].value == from)
                row->groups[g].steps[i].value = to;
}

static void sweep(const struct row *row, uint64_t duration_ns, uint64_t seed,
                  struct record *record)
{
    size_t sleeps = has_number(row, ATTACK_SLEEP_NS) ? ARRAY_COUNT(sleep_times) : 1;
    size_t runs = has_number(row, ATTACK_RUN_NS) ? ARRAY_COUNT(run_times) : 1;

    for (size_t run = 0; run < runs; run++)
        for (size_t sleep = 0; sleep < sleeps; sleep++) {
            struct row changed = *row;

            substitute(&changed, ATTACK_SLEEP_NS, sleep_times[sleep]);
            substitute(&changed, ATTACK_RUN_NS, run_times[run]);
            try_attack(&changed, duration_ns, seed, record);
        }
}

bool attacks_sweep(uint64_t duration_ns, uint64_t seed)
{
    bool is_kept = true;

    for (uint32_t i = 0; i < rows_attacks.count; i++) {
        struct record record = {.margin = "", .gain_ppm = INT64_MIN};

        if (!has_number(&rows_attacks.rows[i], ATTACK_RUN_NS))
            continue;
        sweep(&rows_attacks.rows[i], duration_ns, seed, &record);
        is_kept = conclude(&record) && is_kept;
    }
    return is_kept;
}

/* ---- Random programs ------------------------------------------------------------------------- */

static struct row_step draw_step(struct prng *p)
{
    static const uint64_t sets[] = {UINT64_MAX, CPU(0), CPU(1), CPU(2), 0xe};

    switch (prng_below(p, 3)) {
    case 0:
        return (struct row_step){STEP_RUN, run_times[prng_below(p, ARRAY_COUNT(run_times))]};
    case 1:
        return (struct row_step){STEP_SLEEP, sleep_times[prng_below(p, ARRAY_COUNT(sleep_times))]};
    default:
        return (struct row_step){STEP_MASK, sets[prng_below(p, ARRAY_COUNT(sets))]};
    }
}

/* At least one step takes CPU time: the last, if no other does. */
static void draw_program(struct prng *p, struct row_step *steps)
{
    uint64_t count = 2 + prng_below(p, PROGRAM_STEPS_MAX - 1);
    bool has_run = false;

    for (uint64_t i = 0; i < count; i++) {
        steps[i] = draw_step(p);
        has_run |= steps[i].kind == STEP_RUN;
    }
    if (!has_run)
        steps[count - 1] =
            (struct row_step){STEP_RUN, run_times[prng_below(p, ARRAY_COUNT(run_times))]};
}

bool attacks_random(uint64_t count, uint64_t duration_ns, uint64_t seed, const char *margin)
{
    const struct row slow = {
        .name = "random-slow", .cpu_count = 4, .claim = CLAIM_GAIN, .duration_ns = MS(38000),
        .groups = {{.name = "pin0", .count = 10, .mask = CPU(0)},
                   {.name = "victim", .count = 6, .mask = 0xe},
                   {.name = "attacker", .count = 1, .flags = GROUP_ATTACKS}}};
    const struct row fast = {
        .name = "random-fast", .cpu_count = 4, .claim = CLAIM_GAIN, .duration_ns = MS(38000),
        .groups = {{.name = "victim", .count = 9},
                   {.name = "attacker", .count = 1, .flags = GROUP_ATTACKS}}};
    struct prng p = prng_seed(seed);
    struct record record = {.margin = margin, .gain_ppm = INT64_MIN};

    for (uint64_t i = 0; i < count; i++) {
        struct row one = slow;
        struct row other = fast;

        draw_program(&p, one.groups[2].steps);
        for (uint32_t k = 0; k < ROW_STEPS_MAX; k++)
            other.groups[1].steps[k] = one.groups[2].steps[k];
        try_attack(&one, duration_ns, seed, &record);
        try_attack(&other, duration_ns, seed, &record);
    }
    return conclude(&record);
}
