/* SPDX-License-Identifier: MIT */
/*
 * main.c - a driver of the real-time clock: at some rates, take as many interrupts as come in about
 * a sixteenth of a second, and say how many there were, how far apart, and what they cost.
 *
 * Ends with 0 if it took each interrupt that the kernel counted, one after the other.
 */
#include "base/fmt.h"
#include "user/rt/clock.h"
#include "user/rt/irq.h"
#include "user/rt/print.h"
#include "user/rt/program.h"
#include "user/rtc/rtc.h"

#define TAKEN_PER_HZ 16u /* hz / this are taken */
#define CPU 0u

static const uint32_t rates[] = {64, 256, 1024};

/* Distances between one interrupt and the next, as the driver saw them. */
struct distances {
    uint64_t least_ns;
    uint64_t greatest_ns;
    uint64_t sum_ns;
};

static bool refuse(const char *what, int64_t status)
{
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, "rtc: ");
    fmt_text(&line.f, what);
    fmt_text(&line.f, ": ");
    fmt_text(&line.f, status_sentence(status));
    rt_line_end(&line);
    return false;
}

static void add_ns(struct fmt *f, const char *what, uint64_t ns)
{
    fmt_text(f, what);
    fmt_ns(f, ns);
}

static void say(uint32_t hz, uint32_t count, const struct distances *d, uint64_t irq_ns)
{
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, "rtc: ");
    fmt_u64(&line.f, hz, 0, ' ');
    fmt_text(&line.f, " Hz: ");
    fmt_u64(&line.f, count, 0, ' ');
    fmt_text(&line.f, " interrupts");
    add_ns(&line.f, ", mean ", d->sum_ns / count);
    add_ns(&line.f, " apart, jitter ", d->greatest_ns - d->least_ns);
    add_ns(&line.f, "; kernel ", irq_ns / count);
    fmt_text(&line.f, " each");
    rt_line_end(&line);
}

static void note(struct distances *d, struct mono before, struct mono now)
{
    uint64_t ns = (uint64_t)mono_diff_ns(now, before);

    d->sum_ns += ns;
    if (ns < d->least_ns)
        d->least_ns = ns;
    if (ns > d->greatest_ns)
        d->greatest_ns = ns;
}

/* Wait for it; let the next come, at the kernel and then at the clock (abi/device.h). */
static int64_t take(uint32_t irq, uint32_t ports, uint64_t *count)
{
    int64_t status = rt_irq_wait(irq, count);

    if (status == STATUS_OK)
        status = rt_irq_ack(irq);
    return status == STATUS_OK ? rtc_clear(ports) : status;
}

/* The first, which may have come at another rate, is where counting begins. */
static bool take_all(uint32_t irq, uint32_t ports, uint32_t hz)
{
    struct distances d = {.least_ns = UINT64_MAX};
    struct cap_irq_stat first = {0}, last = {0};
    uint32_t wanted = hz / TAKEN_PER_HZ;
    uint64_t origin = 0, count = 0;
    int64_t status = take(irq, ports, &origin);
    struct mono before = rt_now();

    if (status == STATUS_OK)
        status = rt_irq_stat(irq, &first);
    for (uint32_t i = 1; i <= wanted && status == STATUS_OK; i++) {
        status = take(irq, ports, &count);
        struct mono now = rt_now();

        if (status == STATUS_OK && count != origin + i)
            return refuse("the kernel counts another number of interrupts", STATUS_DISCONNECTED);
        note(&d, before, now);
        before = now;
    }
    if (status == STATUS_OK)
        status = rt_irq_stat(irq, &last);
    if (status != STATUS_OK)
        return refuse("its interrupts cannot be taken", status);
    say(hz, wanted, &d, last.irq_ns - first.irq_ns);
    return true;
}

static bool run(uint32_t irq, uint32_t ports)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(rates); i++) {
        int64_t status = rtc_start(ports, rates[i]);

        if (status != STATUS_OK)
            return refuse("the clock cannot be started", status);
        if (!take_all(irq, ports, rates[i]))
            return false;
    }
    return true;
}

int64_t rt_main(uint64_t argument)
{
    int64_t ports = rt_ports_narrow(CAP_PORTS, RTC_PORT_FIRST, RTC_PORT_COUNT);
    int64_t irq = rt_irq_bind(CAP_IRQS, RTC_LINE, CPU, IRQ_CLASS_OTHER);
    bool is_good = false;

    (void)argument;
    if (ports < 0)
        (void)refuse("it has no ports", ports);
    else if (irq < 0)
        (void)refuse("it has no interrupt line", irq);
    else
        is_good = run((uint32_t)irq, (uint32_t)ports);
    if (ports > 0 && rtc_stop((uint32_t)ports) != STATUS_OK)
        is_good = false;
    return is_good ? 0 : 1;
}
