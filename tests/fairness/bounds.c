/* SPDX-License-Identifier: MIT */
#include "tests/fairness/bounds.h"

#include "base/fixmul.h"
#include "tests/fairness/world.h"

static uint64_t slice_of(const struct row_group *group)
{
    if (group->is_batch)
        return SLICE_BATCH_NS;
    return group->is_interactive ? SLICE_INTERACTIVE_NS : SLICE_NORMAL_NS;
}

uint64_t bounds_slice_ns(const struct row *row)
{
    uint64_t longest_ns = 0;

    for (uint32_t i = 0; i < ROW_GROUPS_MAX; i++)
        if (row->groups[i].count > 0 && slice_of(&row->groups[i]) > longest_ns)
            longest_ns = slice_of(&row->groups[i]);
    return longest_ns;
}

static bool has_equal_weights(const struct world *w)
{
    for (uint32_t i = 1; i < w->thread_count; i++)
        if (w->threads[i].weight != w->threads[0].weight)
            return false;
    return true;
}

/* H + B of a row with this longest slice. */
static uint64_t plain_lag_ns(uint64_t slice_ns)
{
    return 5 * LEAD_NS + 2 * slice_ns;
}

uint64_t bounds_lag_ns(const struct world *w)
{
    uint64_t plain_ns = plain_lag_ns(bounds_slice_ns(w->row));

    return has_equal_weights(w) && w->capacity == NULL ? plain_ns : 2 * plain_ns;
}

uint64_t bounds_wait_ns(const struct world *w, uint32_t thread, int64_t queue_weight,
                        uint64_t wait_ns)
{
    uint64_t slice_ns = bounds_slice_ns(w->row);
    uint64_t slices_ns = (uint64_t)queue_weight * slice_ns / w->threads[thread].weight;
    uint64_t stolen_permille = 0;

    for (uint32_t cpu = 0; w->capacity != NULL && cpu < w->row->cpu_count; cpu++)
        if (1000 - w->capacity[cpu] > stolen_permille)
            stolen_permille = 1000 - w->capacity[cpu];
    return slices_ns + 2 * plain_lag_ns(slice_ns) + wait_ns / 1000 * stolen_permille;
}

/* |1/j - m/n| in 2^-32, rounded down. */
static uint64_t drift(uint32_t j, uint32_t n, uint32_t m)
{
    uint64_t here = (UINT64_C(1) << 32) / j;
    uint64_t ideal = ((uint64_t)m << 32) / n;

    return here > ideal ? here - ideal : ideal - here;
}

uint64_t bounds_migrations_milli(uint32_t n, uint32_t m, uint64_t lag_range_ns)
{
    uint64_t least = UINT64_MAX;

    if (n <= m || n % m == 0 || lag_range_ns == 0)
        return 0;
    for (uint32_t low = 1; low <= n / m; low++)
        for (uint32_t high = n / m + 1; high <= n; high++) {
            /* x low + y high = n, x + y = m */
            uint64_t x = (uint64_t)m * high - n;
            uint64_t y = n - (uint64_t)m * low;
            uint64_t sum = (x * drift(low, n, m) + y * drift(high, n, m)) / (high - low);

            least = sum < least ? sum : least;
        }
    return (uint64_t)(((wide_uint)least * 1000 * NS_PER_S / (2 * (wide_uint)lag_range_ns)) >> 32);
}
