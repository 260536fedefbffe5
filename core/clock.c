/* SPDX-License-Identifier: MIT */
#include "core/clock.h"
#include "core/fair.h"

#define LOAD_CLASS_BITS 2u
#define LOAD_CLASS_MASK ((1u << LOAD_CLASS_BITS) - 1)

_Static_assert(LATENCY_CLASS_COUNT <= 1u << LOAD_CLASS_BITS, "a class fits");
_Static_assert(THREAD_COUNT_MAX <= UINT32_MAX >> LOAD_CLASS_BITS, "a count fits");

static uint64_t epoch_of(struct mono at)
{
    return at.ns / CLOCK_EPOCH_NS;
}

/* Virtual time that passes in `step_ns` on a queue of weight `w`. */
static int64_t passes_vns(uint64_t step_ns, int64_t w)
{
    uint64_t bounded_ns = step_ns < CHARGE_NS_MAX ? step_ns : CHARGE_NS_MAX;

    return w == 0 ? (int64_t)bounded_ns : (int64_t)(bounded_ns * WEIGHT_UNIT / (uint64_t)w);
}

/* Within one epoch. */
static void run_on(struct clock *c, struct mono until)
{
    uint64_t step_ns = (uint64_t)mono_diff_ns(until, c->time);

    c->v = vtime_add(c->v, passes_vns(step_ns, c->w));
    c->time = until;
}

static void halve(struct clock *c)
{
    int64_t g = clock_g(c);
    int64_t half = g / 2 < (int64_t)CLOCK_EPOCH_NS ? g / 2 : (int64_t)CLOCK_EPOCH_NS;

    c->zone_vns = (int64_t)((uint64_t)c->zone_vns + (uint64_t)half - (uint64_t)g);
    ASSERT(clock_g(c) <= (int64_t)CLOCK_EPOCH_NS); /* K2 */
}

/* After CLOCK_HALVINGS_MAX epochs nothing is left of what was before them: pass over the rest. */
static void pass_over(struct clock *c, uint64_t epochs)
{
    struct mono to = mono_add(c->time, epochs * CLOCK_EPOCH_NS);
    int64_t g = clock_g(c);

    run_on(c, to);
    c->zone_vns = vtime_diff_vns((struct vtime){g}, c->v);
}

void clock_advance(struct clock *c, struct mono now)
{
    if (!mono_before(c->time, now))
        return;
    uint64_t epochs = epoch_of(now) - epoch_of(c->time);

    if (epochs > CLOCK_HALVINGS_MAX) {
        pass_over(c, epochs - CLOCK_HALVINGS_MAX);
        epochs = CLOCK_HALVINGS_MAX;
    }
    for (; epochs > 0; epochs--) { /* bound: CLOCK_HALVINGS_MAX */
        run_on(c, (struct mono){(epoch_of(c->time) + 1) * CLOCK_EPOCH_NS});
        halve(c);
    }
    run_on(c, now);
}

/* The words of the page, whatever its sequence number says. */
static struct clock page_words(const struct clock_page *page)
{
    uint32_t load = port_peek32(&page->load);

    return (struct clock){
        .v = {(int64_t)port_peek64(&page->v)},
        .zone_vns = (int64_t)port_peek64(&page->zone),
        .time = {port_peek64(&page->time)},
        .w = (int64_t)port_peek64(&page->w),
        .count = load >> LOAD_CLASS_BITS,
        .least_class = load & LOAD_CLASS_MASK,
    };
}

bool clock_read(const struct sched *s, uint32_t cpu, struct mono now, struct clock *c)
{
    const struct clock_page *page = &rq_of(s, cpu)->clock;

    for (unsigned turn = 0; turn < CLOCK_READ_TRIES; turn++) {
        uint32_t seq = port_peek32(&page->seq);

        *c = page_words(page);
        if (seq % 2 == 0 && port_peek32(&page->seq) == seq) {
            clock_advance(c, now);
            return true;
        }
    }
    return false;
}

uint32_t clock_count(const struct sched *s, uint32_t cpu)
{
    return port_peek32(&rq_of(s, cpu)->clock.load) >> LOAD_CLASS_BITS;
}

/* What is published for now but V: who has the lock is the only one who writes. */
static struct clock page_until(const struct rq *rq, struct mono now)
{
    struct clock c = page_words(&rq->clock);

    if (epoch_of(c.time) != epoch_of(now)) /* else the zone is what it was */
        clock_advance(&c, now);
    c.time = now;
    c.w = rq->w;
    c.count = rq_running_count(rq) + rq->fair.count;
    c.least_class = fair_least_class(rq);
    return c;
}

int64_t clock_zone_vns(const struct rq *rq, struct mono now)
{
    struct clock c = page_until(rq, now);

    return c.zone_vns;
}

uint16_t clock_epoch_bit(struct mono at)
{
    return epoch_of(at) % 2 != 0 ? SC_EPOCH : 0;
}

struct clock clock_own(const struct sched *s, const struct rq *rq, struct mono now)
{
    struct mono published = {port_peek64(&rq->clock.time)};
    struct clock c = page_until(rq, now);
    struct vtime v_now = fair_now(s, rq, now);

    /* Halved more than once as if V had passed all of the time: what interrupts took of it counts
     * in G as service then, or it would be taken off unhalved. */
    if (epoch_of(now) - epoch_of(published) > 1 && mono_before(published, now))
        c.zone_vns += vtime_diff_vns(c.v, v_now);
    c.v = v_now;
    return c;
}

static void write_page(struct rq *rq, const struct clock *c)
{
    struct clock_page *page = &rq->clock;
    uint32_t seq = port_peek32(&page->seq);

    ASSERT(seq % 2 == 0);
    port_note32(&page->seq, seq + 1); /* before the words */
    port_note32(&page->load, c->count << LOAD_CLASS_BITS | c->least_class);
    port_note64(&page->v, (uint64_t)c->v.vns);
    port_note64(&page->zone, (uint64_t)c->zone_vns);
    port_note64(&page->time, c->time.ns);
    port_note64(&page->w, (uint64_t)c->w);
    port_note32(&page->seq, seq + 2); /* after them */
    rq->clock_w = c->w;
}

void clock_publish(const struct sched *s, struct rq *rq, struct mono now)
{
    struct clock c = clock_own(s, rq, now);

    write_page(rq, &c);
}

struct clock clock_shift(const struct sched *s, struct rq *rq, int64_t by_vns, struct mono now)
{
    struct clock c = clock_own(s, rq, now);

    ASSERT(c.w == 0);
    c.zone_vns = (int64_t)((uint64_t)c.zone_vns + (uint64_t)by_vns);
    write_page(rq, &c);
    return c;
}

bool clock_gap_exceeds(const struct clock *c, int64_t gap_vns, uint32_t weight,
                       uint64_t service_ns)
{
    int64_t w = c->count > 0 ? c->w : (int64_t)weight;
    uint64_t count = c->count > 0 ? c->count : 1;

    ASSERT(count <= THREAD_COUNT_MAX);
    ASSERT(service_ns <= CLOCK_CONTACT_NS_MAX);
    return !wide_mul_le(gap_vns, w, (struct wide){0, service_ns * count * WEIGHT_UNIT});
}

uint64_t clock_contact_ns_of(uint32_t least_class)
{
    return 4 * PUSH_LEAD_NS + 2 * sc_slice_ns(least_class);
}

uint64_t clock_contact_ns(const struct clock *a, const struct clock *b, uint32_t latency_class)
{
    uint32_t least = a->least_class < b->least_class ? a->least_class : b->least_class;

    return clock_contact_ns_of(least < latency_class ? least : latency_class);
}

bool clock_in_contact(const struct clock *a, const struct clock *b, uint32_t weight,
                      uint32_t latency_class)
{
    int64_t gap_vns = clock_g(a) - clock_g(b);
    int64_t size_vns = gap_vns < 0 ? -gap_vns : gap_vns;
    uint64_t contact_ns = clock_contact_ns(a, b, latency_class);

    /* At the smaller mean it is within B iff it is at one of the two. */
    return !clock_gap_exceeds(a, size_vns, weight, contact_ns) ||
           !clock_gap_exceeds(b, size_vns, weight, contact_ns);
}
