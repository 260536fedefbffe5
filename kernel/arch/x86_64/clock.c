/* SPDX-License-Identifier: MIT */
/* clock.c - see clock.h. */
#include "kernel/arch/x86_64/clock.h"

#include "abi/sched.h"
#include "base/fixmul.h"
#include "kernel/arch/x86_64/boot.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/pit.h"
#include "kernel/arch/x86_64/x86.h"

#define WINDOW_PIT_MIN 2386u   /* 2 ms */
#define WINDOW_PIT_MAX 59659u  /* 50 ms */
#define ERROR_PARTS_MAX 10000u /* good enough: one part in this many */
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

/* Sample at an edge of the PIT, whose own resolution (838 ns) is too coarse. */
static struct sample sample_at_edge(void)
{
    uint16_t before = pit_read();
    uint64_t tsc_before = x86_tsc();

    for (uint32_t i = 0; i < PIT_POLLS_MAX; i++) {
        uint16_t pit = pit_read();
        uint64_t tsc = x86_tsc();

        if (pit != before)
            return (struct sample){pit, lapic_timer_left(), tsc, tsc - tsc_before};
        tsc_before = tsc;
        x86_pause();
    }
    boot_refuse("the PIT does not count");
}

static uint16_t pit_passed(const struct sample *first, uint16_t now)
{
    return (uint16_t)(first->pit - now);
}

static struct sample sample_after(const struct sample *first, uint32_t pit_counts)
{
    for (uint32_t i = 0; i < PIT_POLLS_MAX && pit_passed(first, pit_read()) < pit_counts; i++) {
        for (uint32_t wait = 0; wait < 200; wait++) /* reading a port costs more than this */
            __asm__ volatile("");
        x86_pause();
    }
    return sample_at_edge();
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
    struct clock_rates rates;
    struct sample first, last;
    uint64_t tsc_counts, blur;

    pit_start();
    lapic_timer_start(LAPIC_COUNT_MAX);
    first = sample_at_edge();
    for (uint32_t window = WINDOW_PIT_MIN;; window *= 2) { /* at most 5 turns */
        last = sample_after(&first, window < WINDOW_PIT_MAX ? window : WINDOW_PIT_MAX);
        tsc_counts = last.tsc - first.tsc;
        blur = first.blur + last.blur;
        if (blur <= tsc_counts / ERROR_PARTS_MAX || window >= WINDOW_PIT_MAX)
            break;
    }
    lapic_timer_start(0);
    if (tsc_counts == 0 || first.lapic <= last.lapic)
        boot_refuse("the TSC or the LAPIC timer does not count");

    rates.tsc_hz = fixmul_div(tsc_counts, PIT_HZ, pit_passed(&first, last.pit));
    rates.tsc_hz = rounded(rates.tsc_hz, fixmul_div(rates.tsc_hz, blur, tsc_counts));
    rates.lapic_hz = fixmul_div(first.lapic - last.lapic, rates.tsc_hz, tsc_counts);
    rates.lapic_hz = rounded(rates.lapic_hz, fixmul_div(rates.lapic_hz, blur, tsc_counts));
    clock.base_tsc = base_tsc;
    clock.multiplier = fixmul_div(NS_PER_S, UINT64_C(1) << CLOCK_SHIFT, rates.tsc_hz);
    clock.lapic_multiplier = fixmul_div(rates.lapic_hz, UINT64_C(1) << CLOCK_SHIFT, NS_PER_S);
    return rates;
}

bool clock_is_running(void)
{
    return clock.multiplier != 0;
}

uint64_t clock_from_tsc(uint64_t tsc_delta)
{
    return fixmul_shift(tsc_delta, clock.multiplier, CLOCK_SHIFT);
}

uint64_t arch_clock_ns(void)
{
    return clock_from_tsc(x86_tsc() - clock.base_tsc);
}

uint32_t clock_lapic_count(uint64_t ns)
{
    uint64_t count;

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
