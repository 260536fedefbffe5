/* SPDX-License-Identifier: MIT */
#include "tests/fairness/report.h"

#include "tests/fairness/bounds.h"

#include <inttypes.h>
#include <stdio.h>

#define WINDOW_MAX_PPM 70000u
#define TO_MS 1e-6

/* ---- Figures --------------------------------------------------------------------------------- */

static bool is_claimed(const struct world *w, uint32_t thread)
{
    return (w->threads[thread].group->flags & (GROUP_ATTACKS | GROUP_UNMEASURED)) == 0;
}

/* It always ran, from the first moment of the measurement to the last. */
static bool is_steady(const struct world *w, uint32_t thread)
{
    return w->threads[thread].always_runs && w->meter.threads[thread].was_there &&
           !w->threads[thread].has_ended;
}

/* What is off by more than a slice at each end of the measurement, of what it should have. */
static uint32_t share_error_ppm(const struct world *w, const struct meter_thread *t)
{
    uint64_t off_ns = t->got_ns > t->ideal_ns ? t->got_ns - t->ideal_ns : t->ideal_ns - t->got_ns;
    uint64_t ends_ns = 2 * bounds_slice_ns(w->row);

    if (off_ns <= ends_ns || t->ideal_ns < NS_PER_MS)
        return 0;
    return (uint32_t)((off_ns - ends_ns) * 1000 / (t->ideal_ns / 1000));
}

static void add_thread(const struct world *w, uint32_t thread, struct report *r)
{
    const struct meter_thread *t = &w->meter.threads[thread];
    uint32_t error_ppm = share_error_ppm(w, t);

    if (is_steady(w, thread) && error_ppm > r->error_ppm) {
        r->error_ppm = error_ppm;
        r->error_thread = thread;
    }
    r->lag_min_ns = t->lag_min_ns < r->lag_min_ns ? t->lag_min_ns : r->lag_min_ns;
    r->lag_max_ns = t->lag_max_ns > r->lag_max_ns ? t->lag_max_ns : r->lag_max_ns;
    if (t->wait_max_ns > r->wait_max_ns) {
        r->wait_max_ns = t->wait_max_ns;
        r->wait_thread = thread;
    }
    if (t->over_max_ns > r->over_max_ns) {
        r->over_max_ns = t->over_max_ns;
        r->over_wait_ns = t->over_wait_ns;
    }
}

static int64_t gain_ppm(uint64_t got_ns, uint64_t ideal_ns)
{
    return ((int64_t)got_ns - (int64_t)ideal_ns) * 1000 / ((int64_t)ideal_ns / 1000);
}

/* The best attacker, or all of a group that works together. */
static void add_gains(const struct world *w, struct report *r)
{
    uint64_t got_ns = 0;
    uint64_t ideal_ns = 0;
    int64_t best_ppm = INT64_MIN;

    for (uint32_t i = 0; i < w->thread_count; i++) {
        const struct meter_thread *t = &w->meter.threads[i];

        if ((w->threads[i].group->flags & GROUP_ATTACKS) == 0 || !t->is_measured)
            continue;
        if ((w->threads[i].group->flags & GROUP_TOGETHER) != 0) {
            got_ns += t->got_ns;
            ideal_ns += t->ideal_ns;
        } else if (t->ideal_ns > NS_PER_MS && gain_ppm(t->got_ns, t->ideal_ns) > best_ppm) {
            best_ppm = gain_ppm(t->got_ns, t->ideal_ns);
        }
    }
    if (ideal_ns > NS_PER_MS && gain_ppm(got_ns, ideal_ns) > best_ppm)
        best_ppm = gain_ppm(got_ns, ideal_ns);
    r->gain_ppm = best_ppm;
}

/* Sleepers of one group with one set and weight: how far apart are they? */
static uint32_t spread_of(const struct world *w, uint32_t first)
{
    uint64_t least_ns = UINT64_MAX;
    uint64_t most_ns = 0;
    uint64_t sum_ns = 0;
    uint32_t count = 0;

    for (uint32_t i = first; i < w->thread_count; i++) {
        const struct world_thread *t = &w->threads[i];
        uint64_t got_ns = w->meter.threads[i].got_ns;

        if (t->group != w->threads[first].group || t->own_mask != w->threads[first].own_mask ||
            t->weight != w->threads[first].weight)
            continue;
        least_ns = got_ns < least_ns ? got_ns : least_ns;
        most_ns = got_ns > most_ns ? got_ns : most_ns;
        sum_ns += got_ns;
        count++;
    }
    return sum_ns < NS_PER_MS ? 0 : (uint32_t)((most_ns - least_ns) * count / (sum_ns / 1000000));
}

/* The worst of the sleepers that were there all the time. */
static void add_spread(const struct world *w, struct report *r)
{
    for (uint32_t i = 0; i < w->thread_count; i++) {
        const struct row_group *group = w->threads[i].group;

        if (w->threads[i].always_runs || (group->flags & (GROUP_LATE | GROUP_UNMEASURED)) != 0 ||
            (i > 0 && w->threads[i - 1].group == group))
            continue;
        uint32_t spread_ppm = spread_of(w, i);

        r->spread_ppm = spread_ppm > r->spread_ppm ? spread_ppm : r->spread_ppm;
    }
}

static void add_moves(const struct world *w, struct report *r)
{
    uint64_t span_ms = (w->end_ns - w->warm_ns) / NS_PER_MS;
    uint64_t push_count = 0;
    uint64_t steal_count = 0;

    for (uint32_t cpu = 0; cpu < w->row->cpu_count; cpu++) {
        push_count += rq_of(w->machine.sched, cpu)->stat.push_count;
        steal_count += rq_of(w->machine.sched, cpu)->stat.steal_count;
    }
    push_count -= w->meter.push_zero;
    steal_count -= w->meter.steal_zero;
    uint64_t told_count = push_count + steal_count;
    uint64_t other_count = w->meter.move_count > told_count ? w->meter.move_count - told_count : 0;

    r->push_milli = push_count * 1000000 / span_ms;
    r->steal_milli = steal_count * 1000000 / span_ms;
    r->other_milli = other_count * 1000000 / span_ms;
}

/* Equal hogs anywhere: how many moves any schedule with these lags needs. */
static uint64_t least_moves(const struct world *w, const struct report *r)
{
    if (w->row->claim != CLAIM_STEADY)
        return 0;
    for (uint32_t i = 0; i < w->thread_count; i++)
        if (!w->threads[i].always_runs || w->threads[i].weight != w->threads[0].weight ||
            w->threads[i].group->mask != 0 || w->threads[i].group->mask_cpus_max != 0 ||
            w->capacity != NULL || !is_steady(w, i))
            return 0;
    return bounds_migrations_milli(w->thread_count, w->row->cpu_count,
                                   (uint64_t)(r->lag_max_ns - r->lag_min_ns));
}

struct report report_of(const struct world *w)
{
    struct report r = {.over_max_ns = INT64_MIN, .gain_ppm = INT64_MIN};
    uint64_t span_ns = w->end_ns - w->warm_ns;

    for (uint32_t thread = 0; thread < w->thread_count; thread++) {
        if (is_claimed(w, thread) && w->meter.threads[thread].is_measured)
            add_thread(w, thread, &r);
    }
    add_spread(w, &r);
    add_gains(w, &r);
    add_moves(w, &r);
    r.least_milli = least_moves(w, &r);
    r.wasted_ppm = (uint32_t)((w->machine.waste.wasted_ns - w->meter.wasted_zero_ns) /
                              (span_ns / 1000000) / w->row->cpu_count);
    return r;
}

/* ---- Verdict --------------------------------------------------------------------------------- */

/* Each promise prints what broke it.  Returns: it holds. */
static bool judge_share(const struct world *w, const struct report *r)
{
    if (w->row->claim != CLAIM_STEADY || r->error_ppm <= SHARE_ERROR_PPM)
        return true;
    printf(" share>%.1f%%", SHARE_ERROR_PPM * 1e-4);
    return false;
}

/* How far the row lets lag go; UINT64_MAX: anywhere. */
static uint64_t lag_bound_ns(const struct world *w)
{
    switch (w->row->claim) {
    case CLAIM_STEADY:
    case CLAIM_HARM:
        return bounds_lag_ns(w);
    case CLAIM_STANDING:
        return bounds_lag_ns(w) + (w->end_ns - w->warm_ns) / 1000000 * STANDING_PPM;
    case CLAIM_EVENT:
        return FORGET_NS;
    default:
        return UINT64_MAX;
    }
}

static bool judge_lag(const struct world *w, const struct report *r)
{
    uint64_t bound_ns = lag_bound_ns(w);
    uint64_t loss_ns = (uint64_t)r->lag_max_ns;
    uint64_t win_ns = w->row->claim == CLAIM_HARM ? 0 : (uint64_t)-r->lag_min_ns;

    if (loss_ns <= bound_ns && win_ns <= bound_ns)
        return true;
    printf(" lag>%.0f", (double)bound_ns * TO_MS);
    return false;
}

static bool judge_wait(const struct world *w, const struct report *r)
{
    if (w->row->claim == CLAIM_NONE || w->row->is_burst ||
        r->over_max_ns <= (int64_t)w->row->wait_more_ns)
        return true;
    printf(" wait %.0f>%.0f", (double)r->over_wait_ns * TO_MS,
           (double)((int64_t)r->over_wait_ns - r->over_max_ns) * TO_MS);
    return false;
}

static bool judge_window(const struct world *w)
{
    if (w->row->claim != CLAIM_WINDOW || w->meter.window_error_ppm <= WINDOW_MAX_PPM)
        return true;
    printf(" window %.1f%%>%.0f%%", (double)w->meter.window_error_ppm * 1e-4,
           WINDOW_MAX_PPM * 1e-4);
    return false;
}

static bool judge_waste(const struct world *w, const struct report *r)
{
    if (w->row->wasted_max_ppm == 0 || r->wasted_ppm <= w->row->wasted_max_ppm)
        return true;
    printf(" wasted>%.1f%%", w->row->wasted_max_ppm * 1e-4);
    return false;
}

static bool judge_gain(const struct world *w, const struct report *r)
{
    if (w->row->claim != CLAIM_GAIN || r->gain_ppm <= GAIN_MAX_PPM)
        return true;
    printf(" gain>%.0f%%", GAIN_MAX_PPM * 1e-4);
    return false;
}

const char *report_claim(const struct row *row)
{
    static const char *const words[] = {
        [CLAIM_STEADY] = "steady", [CLAIM_EVENT] = "event",
        [CLAIM_STANDING] = "standing", [CLAIM_HARM] = "harm", [CLAIM_WINDOW] = "window",
        [CLAIM_WAIT] = "wait",     [CLAIM_GAIN] = "gain",   [CLAIM_NONE] = "-",
    };

    return row->wasted_max_ppm != 0 ? "wasted" : words[row->claim];
}

void report_head(const char *margin)
{
    printf("%s%-15s %8s %15s %7s %7s %7s %8s %8s %8s %8s %8s %8s  %s\n", margin, "", "share", "lag",
           "wait", "spread", "gain", "push", "steal", "other", "least", "all/", "wasted", "");
    printf("%s%-15s %8s %15s %7s %7s %7s %8s %8s %8s %8s %8s %8s  %s\n", margin, "row", "error %",
           "ms", "ms", "%", "%", "/s", "/s", "/s", "/s", "least", "%", "verdict");
}

static void print_ppm(bool is_known, double ppm)
{
    if (is_known)
        printf(" %7.2f", ppm * 1e-4);
    else
        printf(" %7s", "-");
}

static void print_moves(const struct report *r)
{
    uint64_t all = r->push_milli + r->steal_milli + r->other_milli;

    printf(" %8.1f %8.1f %8.1f", (double)r->push_milli * 1e-3, (double)r->steal_milli * 1e-3,
           (double)r->other_milli * 1e-3);
    if (r->least_milli != 0)
        printf(" %8.1f %8.1f", (double)r->least_milli * 1e-3,
               (double)all / (double)r->least_milli);
    else
        printf(" %8s %8s", "-", "-");
}

bool report_print(const struct world *w, const struct report *r)
{
    char lag[32];

    (void)snprintf(lag, sizeof lag, "%.0f..%.0f", (double)r->lag_min_ns * TO_MS,
                   (double)r->lag_max_ns * TO_MS);
    printf("%-15s %8.3f %15s %7.1f", w->row->name, r->error_ppm * 1e-4, lag,
           (double)r->wait_max_ns * TO_MS);
    print_ppm(r->spread_ppm != 0, r->spread_ppm);
    print_ppm(r->gain_ppm != INT64_MIN, (double)r->gain_ppm);
    print_moves(r);
    printf(" %8.3f  ", r->wasted_ppm * 1e-4);
    bool is_kept = judge_share(w, r);

    is_kept = judge_lag(w, r) && is_kept;
    is_kept = judge_wait(w, r) && is_kept;
    is_kept = judge_window(w) && is_kept;
    is_kept = judge_waste(w, r) && is_kept;
    is_kept = judge_gain(w, r) && is_kept;
    printf("%s\n", is_kept ? "ok" : "  FAILED");
    return is_kept;
}

void report_threads(const struct world *w)
{
    for (uint32_t i = 0; i < w->thread_count; i++) {
        const struct meter_thread *t = &w->meter.threads[i];

        printf("    %4" PRIu32 " %-8s weight %6" PRIu32 " set %16" PRIx64, i,
               w->threads[i].group->name, w->threads[i].weight, w->threads[i].own_mask);
        printf(" cpu %4" PRIu32 " got %10.3f ms ideal %10.3f lag %8.1f..%-8.1f wait %6.1f\n",
               t->cpu, (double)t->got_ns * TO_MS, (double)t->ideal_ns * TO_MS,
               (double)t->lag_min_ns * TO_MS, (double)t->lag_max_ns * TO_MS,
               (double)t->wait_max_ns * TO_MS);
    }
}
