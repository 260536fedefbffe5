/* SPDX-License-Identifier: MIT */
/* A device's interrupts reach who bound its line, once for each ACK, until the binding ends however
 * it may; who bound it is booked what they took.  The device is the real-time clock. */
#include "base/assert.h"
#include "user/guest_test/helper.h"
#include "user/rt/irq.h"
#include "user/rt/program.h"
#include "user/rt/ring.h"

#define LINE 8u
#define LINE_TIMER 0u /* of a device that the kernel uses itself */
#define LINE_SERIAL 4u
#define PORT_FIRST 0x70u
#define PORT_COUNT 2u
#define PORT_PIC 0x20u
#define PORT_TIMER 0x43u

/* Motorola MC146818A: registers, and the bits of theirs that are used. */
enum { REG_A = 10, REG_B = 11, REG_C = 12 };
#define A_RATE_MASK 0x0fu
#define A_RATE_1024_HZ 6u
#define B_PERIODIC 0x40u
#define ABSENT 0xffu /* what a port reads where no device is */

#define PERIODS 32u
#define PERIOD_NS (NS_PER_S / 1024)
#define LATE_NS (100 * NS_PER_US) /* four turns of the deterministic machine */
#define READ_TRIES 100u

enum role { WAIT_FOR_EVER, TAKE_SOME };

static uint32_t ports; /* the clock's two */

/* ---- The clock ---- */

static uint8_t clock_read(uint8_t reg)
{
    uint8_t value = 0;
    bool is_done = rt_port_write8(ports, 0, reg) == STATUS_OK &&
                   rt_port_read8(ports, 1, &value) == STATUS_OK;

    ASSERT(is_done);
    return value;
}

static void clock_write(uint8_t reg, uint8_t value)
{
    bool is_done = rt_port_write8(ports, 0, reg) == STATUS_OK &&
                   rt_port_write8(ports, 1, value) == STATUS_OK;

    ASSERT(is_done);
}

/* It may ask again. */
static void clock_clear(void)
{
    (void)clock_read(REG_C);
}

static void clock_start(void)
{
    clock_write(REG_A, (uint8_t)((clock_read(REG_A) & ~A_RATE_MASK) | A_RATE_1024_HZ));
    clock_write(REG_B, (uint8_t)(clock_read(REG_B) | B_PERIODIC));
    clock_clear();
}

static void clock_stop(void)
{
    clock_write(REG_B, (uint8_t)(clock_read(REG_B) & ~B_PERIODIC));
    clock_clear();
}

static bool clock_is_there(void)
{
    int64_t range = rt_ports_narrow(CAP_PORTS, PORT_FIRST, PORT_COUNT);

    if (range < 0)
        return false;
    ports = (uint32_t)range;
    return clock_read(REG_A) != ABSENT;
}

/* ---- What tests share ---- */

static uint32_t bind_to(uint32_t irqs, uint32_t cpu)
{
    int64_t irq = rt_irq_bind(irqs, LINE, cpu, IRQ_CLASS_OTHER);

    if (irq <= 0)
        tap_note("the line was refused:", irq);
    ASSERT(irq > 0);
    return (uint32_t)irq;
}

/* Wait for it and let the next come.  Returns how many there were so far; 0: refused. */
static uint64_t take_one(uint32_t irq)
{
    uint64_t count = 0;

    if (rt_irq_wait(irq, &count) != STATUS_OK || rt_irq_ack(irq) != STATUS_OK)
        return 0;
    clock_clear();
    return count;
}

static struct cap_irq_stat stat_of(uint32_t irq)
{
    struct cap_irq_stat stat = {0};
    int64_t status = rt_irq_stat(irq, &stat);

    ASSERT(status == STATUS_OK);
    return stat;
}

static uint64_t own_irq_ns(void)
{
    struct cap_process_stat stat = {0};
    int64_t status = rt_process_stat(CAP_NONE, &stat);

    ASSERT(status == STATUS_OK);
    return stat.irq_ns;
}

/* What the binding was booked, once its last interrupt is over; the clock has been stopped. */
static uint64_t booked_ns(uint32_t irq)
{
    uint64_t booked = stat_of(irq).irq_ns;

    for (uint32_t i = 0; i < READ_TRIES; i++) {
        uint64_t before = booked;

        helper_sleep(PERIOD_NS);
        booked = stat_of(irq).irq_ns;
        if (booked == before && booked != 0)
            break;
    }
    return booked;
}

/* Let a WAIT begin, by way of the ring.  Returns its ticket. */
static uint64_t begin_wait(uint32_t irq)
{
    uint64_t ticket = rt_ring_submit(
        &(struct ring_sqe){.op = RING_OP_CALL, .cap = irq, .method = IRQ_WAIT});

    rt_ring_enter();
    return ticket;
}

static int64_t end_of(uint64_t ticket)
{
    struct ring_cqe completion;

    if (rt_ring_wait(ticket, RT_NO_DEADLINE, &completion) != STATUS_OK)
        UNREACHABLE(); /* there is no deadline */
    return completion.status;
}

/* ---- Children ---- */

static int64_t wait_for_ever(uint64_t word)
{
    int64_t irq;

    (void)word;
    while ((irq = rt_irq_bind(CAP_IRQS, LINE, 0, 0)) == STATUS_BUSY) /* its parent looks */
        helper_sleep(PERIOD_NS / 4);
    return rt_irq_wait((uint32_t)irq, NULL); /* nothing starts the clock */
}

/* Returns: what it was booked. */
static int64_t take_some(uint64_t word)
{
    uint32_t irq = bind_to(CAP_IRQS, 0);

    (void)word;
    if (!clock_is_there())
        return -1;
    clock_start();
    for (uint32_t i = 1; i <= PERIODS; i++)
        if (take_one(irq) != i)
            return -1;
    clock_stop();
    return (int64_t)booked_ns(irq);
}

static helper_role *const roles[] = {wait_for_ever, take_some};

static uint32_t start_child(enum role role)
{
    struct cap_process_params params = helper_child_params(role, 0);

    rt_process_give(&params, CAP_IRQS, CAP_IRQS, CAP_NONE);
    rt_process_give(&params, CAP_PORTS, CAP_PORTS, CAP_NONE);
    return helper_start(&params);
}

/* ---- Tests ---- */

static bool is_over;

static int64_t keep_busy(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE))
        rt_pause();
    return 0;
}

static void set_class(enum latency_class latency_class)
{
    struct rt_thread_ref self = rt_thread_self();
    int64_t status = rt_set_class(&self, latency_class);

    ASSERT(status == STATUS_OK);
}

/*
 * Goal: each of the clock's interrupts comes, once.  Method: so many periods of 1/1024 s; their
 * numbers, and in the deterministic machine the time from the first to the last.  A CPU is kept
 * busy: while all are halted QEMU advances to the clock's next period as soon as it sets that up,
 * which is before it raises the line for the one that is over.
 */
static void test_periods(void)
{
    struct rt_thread_ref busy = helper_spawn(keep_busy, NULL, NULL);
    uint32_t irq = bind_to(CAP_IRQS, rt_cpu_count() - 1);
    struct mono first = MONO_NEVER;
    uint32_t in_order = 0;

    set_class(LATENCY_INTERACTIVE);
    clock_start();
    for (uint32_t i = 1; i <= PERIODS; i++) {
        in_order += take_one(irq) == i;
        if (i == 1)
            first = rt_now();
    }
    int64_t took_ns = mono_diff_ns(rt_now(), first);

    clock_stop();
    set_class(LATENCY_NORMAL);
    __atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
    (void)helper_join(&busy);
    tap_equal(in_order, PERIODS, "periodic interrupts come one after the other");
    if (helper_is_concurrent())
        tap_skip("none is missed and none comes twice", "a CPU may stand still");
    else
        tap_within(took_ns, (int64_t)((PERIODS - 1) * PERIOD_NS - LATE_NS),
                   (int64_t)((PERIODS - 1) * PERIOD_NS + LATE_NS),
                   "none is missed and none comes twice");
    helper_release(irq);
}

/* Goal: who never acknowledges has one interrupt.  Method: clear the clock all the time, so that it
 * asks again and again; then acknowledge. */
static void test_no_ack(void)
{
    uint32_t irq = bind_to(CAP_IRQS, 0);
    uint64_t count = 0;

    clock_start();
    bool is_first = rt_irq_wait(irq, &count) == STATUS_OK && count == 1;

    for (uint32_t i = 0; i < 10; i++) {
        clock_clear();
        helper_sleep(PERIOD_NS);
    }
    struct cap_irq_stat stat = stat_of(irq);

    tap_ok(is_first && stat.fire_count == 1 && stat.is_masked == 1,
           "without ACK there is one interrupt");
    tap_ok(rt_irq_wait(irq, &count) == STATUS_OK && count == 1,
           "WAIT says so until it is acknowledged");
    bool is_acknowledged = rt_irq_ack(irq) == STATUS_OK;

    clock_clear();
    tap_ok(is_acknowledged && take_one(irq) == 2, "then the next one comes");
    clock_stop();
    helper_release(irq);
}

/* Goal: a line is bound once, and only lines, CPUs and classes that are there.  Method: each. */
static void test_bind_refusals(void)
{
    uint32_t irq = bind_to(CAP_IRQS, 0);
    uint64_t ticket = begin_wait(irq);

    tap_equal(rt_irq_bind(CAP_IRQS, LINE, 0, 0), STATUS_BUSY, "a line that is bound is BUSY");
    tap_equal(rt_irq_wait(irq, NULL), STATUS_BUSY, "so is a binding that somebody waits for");
    tap_equal(rt_ring_do(&(struct ring_sqe){.op = RING_OP_CANCEL, .args = {ticket}}, NULL),
              STATUS_OK, "that wait is cancelled");
    tap_equal(end_of(ticket), STATUS_CANCELLED, "and completes CANCELLED");
    helper_release(irq);
    tap_ok(rt_irq_bind(CAP_IRQS, LINE_TIMER, 0, 0) == STATUS_BAD_ARGUMENT &&
               rt_irq_bind(CAP_IRQS, LINE_SERIAL, 0, 0) == STATUS_BAD_ARGUMENT,
           "lines of the kernel's own devices are not for programs");
    tap_ok(rt_irq_bind(CAP_IRQS, 1000, 0, 0) == STATUS_BAD_ARGUMENT &&
               rt_irq_bind(CAP_IRQS, UINT64_C(1) << 32 | LINE, 0, 0) == STATUS_BAD_ARGUMENT,
           "nor are those that the machine does not have");
    tap_ok(rt_irq_bind(CAP_IRQS, LINE, rt_cpu_count(), 0) == STATUS_OUTSIDE_MASK &&
               rt_irq_bind(CAP_IRQS, LINE, UINT64_C(1) << 32, 0) == STATUS_BAD_ARGUMENT,
           "a CPU has to be there");
    tap_equal(rt_irq_bind(CAP_IRQS, LINE, 0, IRQ_CLASS_COUNT), STATUS_BAD_ARGUMENT,
              "a class has to be known");
}

/* Goal: only ports of the range are reached, and only those open to programs.  Method: each end. */
static void test_port_refusals(void)
{
    uint8_t value;

    tap_ok(rt_port_read8(ports, PORT_COUNT, &value) == STATUS_BAD_ARGUMENT &&
               rt_port_read8(ports, UINT64_MAX, &value) == STATUS_BAD_ARGUMENT &&
               rt_port_write8(ports, PORT_COUNT, 0) == STATUS_BAD_ARGUMENT,
           "a port outside the range is refused");
    tap_ok(rt_port_read8(CAP_PORTS, PORT_PIC, &value) == STATUS_BAD_ADDRESS &&
               rt_port_write8(CAP_PORTS, PORT_TIMER, 0) == STATUS_BAD_ADDRESS,
           "so are ports that the kernel uses itself");
    tap_ok(rt_ports_narrow(ports, 1, PORT_COUNT) == STATUS_BAD_ARGUMENT &&
               rt_ports_narrow(ports, 0, 0) == STATUS_BAD_ARGUMENT,
           "a range is made narrower, not wider");
    tap_equal(rt_port_write8(ports, 0, 256), STATUS_BAD_ARGUMENT, "a byte is a byte");
}

/* Goal: a binding ends with its handle, and by revoking; who waits is told, and the line is free.
 * Method: release; revoke the grant of IRQS; revoke that of a copy of the binding, which lives. */
static void test_ends(void)
{
    uint32_t irq = bind_to(CAP_IRQS, 0);
    uint64_t ticket = begin_wait(irq);

    helper_release(irq);
    tap_ok(end_of(ticket) == STATUS_STALE && rt_irq_ack(irq) == STATUS_STALE,
           "a released binding has ended");

    int64_t grant = rt_grant_create(CAP_IRQS);
    int64_t irqs = rt_copy(CAP_IRQS, (uint32_t)grant);

    irq = bind_to((uint32_t)irqs, 0);
    ticket = begin_wait(irq);
    tap_ok(rt_revoke((uint32_t)grant) == STATUS_OK && end_of(ticket) == STATUS_STALE,
           "so has one whose grant is revoked");
    helper_release(irq);
    helper_release((uint32_t)irqs);
    helper_release((uint32_t)grant);

    irq = bind_to(CAP_IRQS, 0);
    grant = rt_grant_create(irq);
    int64_t copy = rt_copy(irq, (uint32_t)grant);

    ticket = begin_wait((uint32_t)copy);
    tap_ok(rt_revoke((uint32_t)grant) == STATUS_OK && end_of(ticket) == STATUS_STALE &&
               rt_irq_ack(irq) == STATUS_OK,
           "of a copy that is revoked only the wait ends");
    helper_release((uint32_t)copy);
    helper_release((uint32_t)grant);
    helper_release(irq);
}

/* Goal: a process's end frees its lines.  Method: a child that waits is killed. */
static void test_process_end(void)
{
    uint32_t child = start_child(WAIT_FOR_EVER);
    int64_t irq;

    while ((irq = rt_irq_bind(CAP_IRQS, LINE, 0, 0)) != STATUS_BUSY) { /* bound: the child comes */
        helper_release((uint32_t)irq);
        helper_sleep(PERIOD_NS);
    }
    (void)rt_process_kill(child);
    tap_equal(helper_end_of(child), PROCESS_KILLED, "a process that waits for a line is killed");
    irq = rt_irq_bind(CAP_IRQS, LINE, 0, 0);
    tap_ok(irq > 0, "its line is free");
    helper_release((uint32_t)irq);
}

/* Goal: what interrupts take is booked to the binding and its process, and is the CPU's too.
 * Method: some on each CPU; compare the books. */
static void test_books(void)
{
    uint32_t agreed = 0;

    for (uint32_t cpu = 0; cpu < rt_cpu_count(); cpu++) {
        struct cap_cpu_stat before, after;
        bool is_read = rt_cpu_stat(cpu, &before) == STATUS_OK;
        uint64_t own_before_ns = own_irq_ns();
        uint32_t irq = bind_to(CAP_IRQS, cpu);

        clock_start();
        for (uint32_t i = 0; i < PERIODS / 4; i++)
            is_read = is_read && take_one(irq) == i + 1;
        clock_stop();
        uint64_t booked = booked_ns(irq);

        is_read = is_read && rt_cpu_stat(cpu, &after) == STATUS_OK;
        agreed += is_read && booked > 0 && own_irq_ns() - own_before_ns == booked &&
                  after.irq_ns - before.irq_ns >= booked;
        helper_release(irq);
    }
    tap_equal(agreed, rt_cpu_count(), "a binding's time is its process's, and a part of the CPU's");
    tap_ok(rt_conservation_holds(), "and every nanosecond is somebody's");
}

/* Goal: who bound it is booked, not who made that.  Method: a child takes some and says what it was
 * booked; its total once it has ended. */
static void test_payer(void)
{
    uint64_t own_before_ns = own_irq_ns();
    uint32_t child = start_child(TAKE_SOME);
    struct cap_process_stat stat = {0};
    int64_t said = -1;
    bool has_ended = rt_process_wait(child, &said) == PROCESS_EXITED;

    tap_ok(has_ended && rt_process_stat(child, &stat) == STATUS_OK && said > 0 &&
               stat.irq_ns == (uint64_t)said,
           "a process's total stays when it has ended");
    tap_equal((int64_t)(own_irq_ns() - own_before_ns), 0, "its parent was booked nothing");
    helper_release(child);
}

#define PLANNED (2 + 3 + 8 + 4 + 3 + 2 + 2 + 2 + 1)

int64_t rt_main(uint64_t argument)
{
    if (argument != 0)
        return helper_child(argument, roles, ARRAY_COUNT(roles));
    helper_begin(PLANNED);
    if (!clock_is_there()) {
        for (uint32_t i = 0; i < PLANNED; i++)
            tap_skip("interrupts", "the machine has no real-time clock");
        return tap_end();
    }
    helper_warm(1);
    helper_release((uint32_t)ports);
    struct helper_holdings before = helper_holdings();

    ports = (uint32_t)rt_ports_narrow(CAP_PORTS, PORT_FIRST, PORT_COUNT);
    test_periods();
    test_no_ack();
    test_bind_refusals();
    test_port_refusals();
    test_ends();
    test_process_end();
    test_books();
    test_payer();
    helper_release(ports);
    tap_ok(helper_is_as_before(&before), "all records are back");
    return tap_end();
}
