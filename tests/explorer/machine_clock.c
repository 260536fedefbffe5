/* SPDX-License-Identifier: MIT */
/* machine_clock.c - the fair clocks of the modelled CPUs, and what is forgotten between events. */
#include "tests/explorer/cpu.h"
#include "tests/explorer/machine.h"

#include <string.h>

void machine_set_leads(const struct scenario *scenario)
{
    struct sched *s = machine_sched();

    for (uint32_t cpu = 0; cpu < scenario->cpu_count; cpu++) {
        struct rq *rq = rq_of(s, cpu);

        if (scenario->lead_vns[cpu] == 0)
            continue;
        port_lock(&rq->lock);
        (void)clock_shift(s, rq, (int64_t)scenario->lead_vns[cpu], machine.now);
        port_unlock(&rq->lock);
    }
}

bool machine_clocks_are_choices(void)
{
    return machine.clocks_are_choices != 0;
}

/* An even sequence number ends a page: its words are in the writer's buffer or in memory. */
void machine_note_page(const void *word, uint32_t value)
{
    const struct sched *s = machine_sched();

    for (uint32_t cpu = 0; cpu < s->cpu_count && value % 2 == 0; cpu++) {
        const struct clock_page *page = &rq_of(s, cpu)->clock;

        if (word == &page->seq)
            machine.pages[machine.page_count++ % MACHINE_PAGES_MAX] = (struct page){
                .cpu = cpu,
                .load = cpu_peek(&page->load, TSO_32),
                .v = cpu_peek(&page->v, TSO_64),
                .zone = cpu_peek(&page->zone, TSO_64),
                .time = cpu_peek(&page->time, TSO_64),
                .w = cpu_peek(&page->w, TSO_64),
            };
    }
}

static bool is_page(const struct page *page, const struct page *read)
{
    return memcmp(page, read, sizeof(*page)) == 0;
}

void machine_read_clock(uint32_t of)
{
    struct clock c;

    if (!clock_read(machine_sched(), of, (struct mono){0}, &c)) { /* as it was written */
        explore_note("goes without the clock of CPU %u", of);
        return;
    }
    struct page read = {
        .cpu = of,
        .load = c.count << 2 | c.least_class, /* as core/clock.c writes it */
        .v = (uint64_t)c.v.vns,
        .zone = (uint64_t)c.zone_vns,
        .time = c.time.ns,
        .w = (uint64_t)c.w,
    };

    for (uint32_t i = 0; i < MACHINE_PAGES_MAX; i++)
        if (is_page(&machine.pages[i], &read))
            return;
    explore_fail("M12: CPU %u has not written the page that is read, of time %llu", of,
                 (unsigned long long)c.time.ns);
}

void machine_forget(uint32_t cpu)
{
    struct sched *s = machine_sched();
    struct rq *rq = rq_of(s, cpu);

    memset(&rq->stat, 0, sizeof(rq->stat));
    for (uint32_t i = 0; i < s->cpu_count; i++) { /* so few threads do not use up a budget */
        rq_of(s, i)->taken_count = 0;
        rq_of(s, i)->lost_count = 0;
    }
    memset(&rq->why, 0, sizeof(rq->why));
}
