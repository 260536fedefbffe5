/* SPDX-License-Identifier: MIT */
/* clock.c - see clock.h. */
#include "kernel/arch/x86_64/clock.h"

#include "abi/sched.h"
#include "base/fixmul.h"
#include "kernel/arch/x86_64/boot.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/pit.h"
#include "kernel/arch/x86_64/x86.h"

#define WINDOW_PIT_MIN 2386u  /* 2 ms */
#define WINDOW_PIT_MAX 47728u /* 40 ms; the PIT wraps at 55 ms */
#define GOOD_PARTS 10000u     /* an error below one part in this many ends the search */
#define USABLE_PARTS 1000u    /* one below this is accepted in the end */
#define TRIES_MAX 24u
#define EDGES 8u
#define PIT_POLLS_MAX 1000000u
#define ROUND_HZ UINT64_C(1000000)

static struct {
    uint64_t base_tsc;
    uint64_t multiplier;       /* nanoseconds per TSC count */
    uint64_t lapic_multiplier; /* LAPIC counts per nanosecond */
} clock;

/* The PIT, the TSC and the LAPIC timer at one instant, known to `blur` TSC counts. */
struct sample {
    uint16_t pit;
    uint32_t lapic;
    uint64_t tsc;
    uint64_t blur;
};

/* What passed between two samples. */
struct window {
    uint64_t pit, lapic, tsc, blur;
};

/* Sample at the next edge of the PIT, whose own resolution (838 ns) is too coarse. */
static struct sample sample_at_edge(void)
{
    uint16_t before = pit_read();
    uint64_t tsc_before = x86_tsc();

    for (uint32_t i = 0; i < PIT_POLLS_MAX; i++) {
        struct sample s = {.pit = pit_read()};

        s.tsc = x86_tsc();
        if (s.pit != before) {
            s.lapic = lapic_timer_left();
            s.blur = x86_tsc() - tsc_before;
            return s;
        }
        tsc_before = s.tsc;
        x86_pause();
    }
    boot_refuse("the PIT does not count");
}

/* The sharpest of a few: an emulator's host may put this CPU aside between two instructions. */
static struct sample sample_sharp(void)
{
    struct sample best = sample_at_edge();

    for (uint32_t i = 1; i < EDGES; i++) {
        struct sample s = sample_at_edge();

        if (s.blur < best.blur)
            best = s;
    }
    return best;
}

/* Measure about `pit_counts` of the PIT.  false: the PIT wrapped meanwhile. */
static bool measure(uint32_t pit_counts, struct window *w)
{
    struct sample first, last;

    pit_start();
    lapic_timer_start(LAPIC_COUNT_MAX);
    first = sample_sharp();
    for (uint32_t i = 0; i < PIT_POLLS_MAX; i++) {
        if ((uint16_t)(first.pit - pit_read()) >= pit_counts)
            break;
        for (uint32_t wait = 0; wait < 200; wait++) /* reading a port costs more than this */
            __asm__ volatile("");
        x86_pause();
    }
    last = sample_sharp();
    *w = (struct window){.pit = (uint16_t)(first.pit - last.pit),
                         .lapic = first.lapic - last.lapic,
                         .tsc = last.tsc - first.tsc,
                         .blur = first.blur + last.blur};
    return !pit_has_wrapped() && first.lapic > last.lapic && last.tsc > first.tsc;
}

/* The first good window, the longer the later; failing that, the best one. */
static struct window measure_well(void)
{
    struct window best = {.tsc = 1, .blur = 1};
    uint32_t pit_counts = WINDOW_PIT_MIN;

    for (uint32_t i = 0; i < TRIES_MAX && best.blur > best.tsc / GOOD_PARTS; i++) {
        struct window w;

        /* Compare the relative errors, blur / tsc, in 128 bits. */
        if (measure(pit_counts, &w) && fixmul_div(w.blur, best.tsc, w.tsc) < best.blur)
            best = w;
        if (pit_counts < WINDOW_PIT_MAX / 2)
            pit_counts *= 2;
    }
    if (best.blur > best.tsc / USABLE_PARTS)
        boot_refuse("the TSC and the PIT do not run evenly");
    return best;
}

/*
 * A crystal's nominal frequency is a round number: if one lies within the error of the
 * measurement, it is the better estimate.  Under icount this gives exactly 1 GHz.
 */
static uint64_t rounded(uint64_t hz, uint64_t error_hz)
{
    uint64_t round = (hz + ROUND_HZ / 2) / ROUND_HZ * ROUND_HZ;
    uint64_t distance = round > hz ? round - hz : hz - round;

    return distance <= error_hz ? round : hz;
}

struct clock_rates clock_calibrate(uint64_t base_tsc)
{
    struct window w = measure_well();
    struct clock_rates rates;

    lapic_timer_start(0);
    ASSERT(w.tsc != 0 && w.pit != 0);
    ASSERT(!clock_is_running());
    rates.tsc_hz = fixmul_div(w.tsc, PIT_HZ, w.pit);
    rates.tsc_hz = rounded(rates.tsc_hz, fixmul_div(rates.tsc_hz, w.blur, w.tsc));
    rates.lapic_hz = fixmul_div(w.lapic, rates.tsc_hz, w.tsc);
    rates.lapic_hz = rounded(rates.lapic_hz, fixmul_div(rates.lapic_hz, w.blur, w.tsc));
    clock.base_tsc = base_tsc;
    clock.multiplier = fixmul_div(NS_PER_S, UINT64_C(1) << CLOCK_SHIFT, rates.tsc_hz);
    clock.lapic_multiplier = fixmul_div(rates.lapic_hz, UINT64_C(1) << CLOCK_SHIFT, NS_PER_S);
    ASSERT(clock.multiplier != 0 && clock.lapic_multiplier != 0);
    return rates;
}

bool clock_is_running(void)
{
    return clock.multiplier != 0;
}

HOT uint64_t clock_from_tsc(uint64_t tsc_delta)
{
    return fixmul_shift(tsc_delta, clock.multiplier, CLOCK_SHIFT);
}

HOT uint64_t arch_clock_ns(void)
{
    return clock_from_tsc(x86_tsc() - clock.base_tsc);
}

HOT uint32_t clock_lapic_count(uint64_t ns)
{
    uint64_t count;

    ASSERT(clock_is_running());
    if (ns > LAPIC_COUNT_MAX) /* the multiplier is below 2^32 for LAPICs below 1 GHz: no overflow */
        ns = LAPIC_COUNT_MAX;
    count = fixmul_shift(ns, clock.lapic_multiplier, CLOCK_SHIFT) + 1;
    return count < LAPIC_COUNT_MAX ? (uint32_t)count : LAPIC_COUNT_MAX;
}

void clock_spin(uint64_t ns)
{
    uint64_t end = arch_clock_ns() + ns;

    while (arch_clock_ns() < end)
        x86_pause();
}

void arch_clock_describe(struct telemetry_header *header)
{
    header->base_tsc = clock.base_tsc;
    header->base_ns = 0;
    header->multiplier = clock.multiplier;
    header->shift = CLOCK_SHIFT;
}
