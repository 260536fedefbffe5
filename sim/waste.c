/* SPDX-License-Identifier: MIT */
#include "sim/waste.h"

#include "base/assert.h"

#include <stdlib.h>

bool waste_init(struct waste *w, const uint64_t *rows, uint32_t class_count, uint32_t words,
                struct mono now)
{
    *w = (struct waste){.rows = rows, .class_count = class_count, .words = words, .since = now};
    w->queued = calloc(class_count, sizeof *w->queued);
    return w->queued != NULL;
}

void waste_fini(struct waste *w)
{
    free(w->queued);
    *w = (struct waste){0};
}

void waste_queued(struct waste *w, uint32_t class, bool is_queued)
{
    ASSERT(class < w->class_count);
    ASSERT(is_queued || w->queued[class] > 0);
    if (is_queued) {
        w->has_changed |= w->queued[class]++ == 0;
        w->queued_count++;
    } else {
        w->has_changed |= --w->queued[class] == 0;
        w->queued_count--;
    }
}

void waste_idle(struct waste *w, uint32_t cpu, bool is_idle)
{
    if (cpumask_test(w->idle, cpu) == is_idle)
        return;
    w->has_changed = true;
    if (is_idle) {
        cpumask_set(w->idle, cpu);
        w->idle_count++;
    } else {
        cpumask_clear(w->idle, cpu);
        w->idle_count--;
    }
}

static uint32_t count_wasting(const struct waste *w)
{
    uint64_t wasting[CPUMASK_WORDS] = {0};

    if (w->queued_count == 0 || w->idle_count == 0)
        return 0;
    for (uint32_t class = 0; class < w->class_count; class ++)
        if (w->queued[class] > 0)
            for (uint32_t i = 0; i < w->words; i++)
                wasting[i] |= w->idle[i] & w->rows[(size_t) class * w->words + i];
    return cpumask_count(wasting, w->words);
}

void waste_advance(struct waste *w, struct mono now)
{
    int64_t step_ns = mono_diff_ns(now, w->since);

    ASSERT(step_ns >= 0);
    if (step_ns == 0)
        return;
    if (w->has_changed) {
        w->wasting_count = count_wasting(w);
        w->has_changed = false;
    }
    w->wasted_ns += (uint64_t)step_ns * w->wasting_count;
    w->since = now;
}
