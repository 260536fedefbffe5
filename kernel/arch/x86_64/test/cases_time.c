/* SPDX-License-Identifier: MIT */
/* cases_time.c - clock, timer, kicks: nothing early, nothing lost, nothing twice. */
#include "abi/sched.h"
#include "base/fixmul.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/percpu.h"
#include "kernel/arch/x86_64/test/machine.h"
#include "kernel/arch/x86_64/x86.h"

/* Above 2^32 LAPIC counts; no CPU runs meanwhile, so under icount it costs nothing. */
#define FAR_NS (10 * NS_PER_S)
#define LATE_NS_MAX (20 * NS_PER_US)
#define STRANGE_VECTOR 0x95u

/* The real-time clock: its line, and its ports as cases use them. */
#define CLOCK_LINE 8u
#define CLOCK_INDEX 0x70u
#define CLOCK_DATA 0x71u
#define CLOCK_CONTROL 11u
#define CLOCK_CAUSE 12u
#define CLOCK_PERIODIC 0x42u /* 1024 Hz, as firmware leaves the rate */
#define CLOCK_QUIET 0x02u

extern const char user_spin[];

static uint64_t due_ns;

static bool is_due(const struct event *e)
{
    uint64_t now_ns = arch_clock_ns();

    return e->kind == EVENT_TIMER && now_ns >= due_ns && now_ns <= due_ns + LATE_NS_MAX;
}

static void arm_in(uint64_t ns)
{
    due_ns = arch_clock_ns() + ns;
    arch_timer_arm(due_ns);
}

/* Goal: the timer reaches an idle CPU, not before its instant. */
static void idle_start(void)
{
    arm_in(NS_PER_MS);
    arch_idle();
}

/* Goal: it reaches user mode. */
static void user_start(void)
{
    arm_in(NS_PER_MS);
    run_user(&test_context, USER_LABEL(user_spin), 0, 0);
}

/* Goal: an instant beyond the LAPIC's 32 bits comes once, when it is due. */
static void far_start(void)
{
    arm_in(FAR_NS);
    arch_idle();
}

/* Goal: an instant in the past comes at once. */
static void past_start(void)
{
    due_ns = arch_clock_ns();
    arch_timer_arm(due_ns - 1);
    arch_idle();
}

/* Goal: arming replaces, disarming stops. */
static void replace_start(void)
{
    arm_in(NS_PER_MS);
    arch_timer_disarm();
    arm_in(NS_PER_MS / 2);
    arm_in(2 * NS_PER_MS);
    arch_idle();
}

static bool due_check(const struct event *e)
{
    return is_due(e);
}

/* Goal: a timer that fired while the kernel ran and was then disarmed comes as spurious. */
static void unasked_start(void)
{
    arm_in(10 * NS_PER_US);
    while (arch_clock_ns() < due_ns + 100 * NS_PER_US)
        x86_pause();
    arch_timer_disarm();
    arch_idle();
}

static bool unasked_check(const struct event *e)
{
    return e->kind == EVENT_SPURIOUS && e->number == VECTOR_TIMER;
}

/* Goal: a vector nobody uses is reported, and acknowledged so that later ones come.
 * Method: send it to this CPU; then a kick, whose vector is higher, and a timer, lower. */
static void strange_start(void)
{
    lapic_send(percpu_this()->lapic_id, STRANGE_VECTOR);
    arch_idle();
}

static bool strange_check(const struct event *e)
{
    if (stage++ == 0) {
        if (e->kind != EVENT_SPURIOUS || e->number != STRANGE_VECTOR)
            return false;
        lapic_send(percpu_this()->lapic_id, STRANGE_VECTOR);
        arch_idle();
    }
    return e->kind == EVENT_SPURIOUS && e->number == STRANGE_VECTOR;
}

static void clock_set(uint8_t control)
{
    arch_port_write8(CLOCK_INDEX, CLOCK_CONTROL);
    arch_port_write8(CLOCK_DATA, control);
    arch_port_write8(CLOCK_INDEX, CLOCK_CAUSE);
    (void)arch_port_read8(CLOCK_DATA); /* so that it may ask again */
}

/* Goal: a device's line fires where it was routed, not while it is masked, and again when it is
 * not.  Method: the clock; a timer that comes alone although the clock goes on. */
static void line_start(void)
{
    arch_irq_route(CLOCK_LINE, 0);
    clock_set(CLOCK_PERIODIC);
    arch_irq_unmask(CLOCK_LINE);
    arch_idle();
}

static bool line_check(const struct event *e)
{
    bool is_line = e->kind == EVENT_LINE && e->number == CLOCK_LINE;

    if (is_line) {
        arch_irq_mask(CLOCK_LINE);
        arch_irq_acknowledge();
    }
    switch (stage++) {
    case 0:
        if (!is_line)
            return false;
        clock_set(CLOCK_PERIODIC);
        arm_in(4 * NS_PER_MS);
        arch_idle();
    case 1:
        if (e->kind != EVENT_TIMER)
            return false;
        arch_irq_unmask(CLOCK_LINE);
        clock_set(CLOCK_PERIODIC);
        arch_idle();
    default:
        clock_set(CLOCK_QUIET);
        return is_line;
    }
}

/* Goal: lines and ports of the kernel's own devices are not for programs.  Method: ask. */
static void own_devices_start(void)
{
    arch_kick(0);
    arch_idle();
}

static bool own_devices_check(const struct event *e)
{
    return e->kind == EVENT_KICK && !arch_irq_exists(0) && !arch_irq_exists(4) &&
           arch_irq_exists(CLOCK_LINE) && !arch_irq_exists(ARCH_IRQ_LINES_MAX) &&
           !arch_port_is_open(0x20) && !arch_port_is_open(0x3f8) &&
           arch_port_is_open(CLOCK_DATA) && !arch_port_is_open(CLOCK_DATA + 1);
}

/* Goal: what the hardware is told is counted, once each.  Method: tell it; a kick that is taken is
 * none that is sent. */
static struct arch_counts told;

static void counts_start(void)
{
    told = arch_counts_of(0);
    arch_space_activate(0);
    arch_space_activate(test_root);
    arch_space_flush();
    arm_in(NS_PER_S);
    arch_timer_disarm();
    arch_kick(0);
    arch_idle();
}

static bool counts_check(const struct event *e)
{
    struct arch_counts now = arch_counts_of(0);

    return e->kind == EVENT_KICK && now.space_count == told.space_count + 3 &&
           now.timer_count == told.timer_count + 2 && now.kick_count == told.kick_count + 1;
}

/* Goal: a kick sent before the CPU idles wakes it.  Method: kick oneself with interrupts off. */
static void kick_self_start(void)
{
    arch_kick(0);
    arch_idle();
}

/* Goal: the same on the way to user mode. */
static void kick_user_start(void)
{
    arch_kick(0);
    run_user(&test_context, USER_LABEL(user_spin), 0, 0);
}

static bool kick_check(const struct event *e)
{
    return e->kind == EVENT_KICK;
}

/* Goal: kicks cross CPUs both ways.  Method: CPU 1 kicks back. */
static void kick_back(void)
{
    arch_kick(0);
}

static void kick_other_start(void)
{
    on_other_cpu = kick_back;
    arch_kick(cpus_running() > 1 ? 1 : 0);
    arch_idle();
}

/* Goal: the clock is one clock.  Method: CPU 1 writes its time between two looks of CPU 0. */
static volatile uint64_t other_clock_ns;

static void look_at_clock(void)
{
    other_clock_ns = arch_clock_ns();
    arch_kick(0);
}

static void clock_start(void)
{
    on_other_cpu = look_at_clock;
    due_ns = arch_clock_ns();
    if (cpus_running() > 1)
        arch_kick(1);
    else
        look_at_clock();
    arch_idle();
}

static bool clock_check(const struct event *e)
{
    return e->kind == EVENT_KICK && due_ns < other_clock_ns && other_clock_ns < arch_clock_ns();
}

/* Goal: user mode's conversion is the kernel's.  Method: convert a TSC by the description. */
static void describe_start(void)
{
    arch_kick(0);
    arch_idle();
}

static bool describe_check(const struct event *e)
{
    struct telemetry_header header;
    uint64_t before_ns, between_ns;

    arch_clock_describe(&header);
    before_ns = arch_clock_ns();
    between_ns =
        header.base_ns + fixmul_shift(x86_tsc() - header.base_tsc, header.multiplier, header.shift);
    return e->kind == EVENT_KICK && before_ns <= between_ns && between_ns <= arch_clock_ns();
}

const struct test_case cases_time[] = {
    {"timer while idle", idle_start, due_check},
    {"timer in user mode", user_start, due_check},
    {"timer beyond the LAPIC's 32 bits", far_start, due_check},
    {"timer in the past", past_start, due_check},
    {"timer replaced and disarmed", replace_start, due_check},
    {"timer disarmed too late is spurious", unasked_start, unasked_check},
    {"unused vectors are spurious and acknowledged", strange_start, strange_check},
    {"a device's line, masked and not", line_start, line_check},
    {"lines and ports that programs may have", own_devices_start, own_devices_check},
    {"a kick before idle is not slept through", kick_self_start, kick_check},
    {"a kick before user mode arrives there", kick_user_start, kick_check},
    {"spaces, timers and kicks are counted", counts_start, counts_check},
    {"kicks cross CPUs", kick_other_start, kick_check},
    {"one clock on all CPUs", clock_start, clock_check},
    {"the clock's description", describe_start, describe_check},
    {NULL, NULL, NULL},
};
