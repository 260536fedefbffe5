/* SPDX-License-Identifier: MIT */
/*
 * smp.c - starting the other CPUs (INIT, SIPI; Intel SDM volume 3, section 8.4), one at a time.
 *
 * A CPU moves its block's state from STARTING to ARRIVED itself; if CPU 0 gave up on it, it
 * cannot, and halts.  Numbers are given on arrival, so they have no holes.  Before a CPU may run,
 * its TSC is compared with CPU 0's: arch_clock_ns is one clock only if the TSCs are.
 */
#include "kernel/arch/x86_64/smp.h"

#include "base/assert.h"
#include "kernel/arch/x86_64/boot.h"
#include "kernel/arch/x86_64/clock.h"
#include "kernel/arch/x86_64/descriptor.h"
#include "kernel/arch/x86_64/features.h"
#include "kernel/arch/x86_64/lapic.h"
#include "kernel/arch/x86_64/memory.h"
#include "kernel/arch/x86_64/paging.h"
#include "kernel/arch/x86_64/percpu.h"
#include "kernel/arch/x86_64/pit.h"
#include "kernel/arch/x86_64/x86.h"

#define INIT_WAIT_NS (100 * NS_PER_US)
#define FIRST_WAIT_NS (1 * NS_PER_MS)
#define SECOND_WAIT_NS (2 * NS_PER_S) /* an emulator's host may be busy */
#define START_BEAT_COUNTS 24u         /* 20 us */
#define SYNC_TURNS 32u
#define SYNC_WAIT_TSC (UINT64_C(1) << 34) /* seconds: a hang detector */

uint8_t smp_cpu_of_lapic[256]; /* LAPIC number to block; read by ap_boot.S */
static uint32_t block_count;
static uint32_t running_count; /* 0 until all that come have come */
static uint32_t lapic_of_cpu[ARCH_CPU_MAX];

extern const char ap_trampoline[], ap_trampoline_end[]; /* ap_boot.S */
extern char boot_pml4[], boot_tables_end[];             /* boot.S */

/* The comparison of TSCs: CPU 0 has the even turns, the new CPU the odd ones. */
static _Atomic uint32_t sync_turn;
static uint64_t sync_last;
static uint64_t sync_skew;

void smp_prepare(const struct acpi_cpus *cpus, uint8_t this_lapic_id)
{
    ASSERT(block_count == 0);
    ASSERT(ap_trampoline_end - ap_trampoline <= (ptrdiff_t)ARCH_PAGE_BYTES);
    smp_cpu_of_lapic[this_lapic_id] = 0;
    block_count = 1;
    for (uint32_t i = 0; i < cpus->count; i++) /* at most ARCH_CPU_MAX */
        if (cpus->lapic_id[i] != this_lapic_id && block_count < ARCH_CPU_MAX) {
            smp_cpu_of_lapic[cpus->lapic_id[i]] = (uint8_t)block_count;
            percpu_prepare(block_count++, cpus->lapic_id[i]);
        }
    lapic_of_cpu[0] = this_lapic_id;
    memcpy(arch_phys_to_virt(TRAMPOLINE_PHYS), ap_trampoline,
           (size_t)(ap_trampoline_end - ap_trampoline));
}

static bool sync_wait(uint32_t turn)
{
    uint64_t give_up_at = x86_tsc() + SYNC_WAIT_TSC;

    while (atomic_load_explicit(&sync_turn, memory_order_acquire) != turn) {
        if (x86_tsc() > give_up_at)
            return false;
        x86_pause();
    }
    return true;
}

/* Take every second turn, each with a look at the TSC.  false: the other CPU did not answer. */
static bool sync_run(uint32_t parity)
{
    for (uint32_t turn = parity; turn < SYNC_TURNS; turn += 2) {
        uint64_t tsc;

        if (!sync_wait(turn))
            return false;
        tsc = x86_tsc();
        if (tsc < sync_last && sync_last - tsc > sync_skew)
            sync_skew = sync_last - tsc;
        sync_last = tsc;
        atomic_store_explicit(&sync_turn, turn + 1, memory_order_release);
    }
    return sync_wait(SYNC_TURNS);
}

static bool wait_arrived(struct percpu *cpu, uint64_t ns)
{
    uint64_t end = arch_clock_ns() + ns;

    while (arch_clock_ns() < end) {
        if (atomic_load(&cpu->state) == PERCPU_ARRIVED)
            return true;
        x86_pause();
    }
    return false;
}

/* Bring one CPU to the gate behind which it would be number `number`.  false: left out. */
static bool start_cpu(struct percpu *cpu, uint32_t number)
{
    uint32_t expected = PERCPU_STARTING;

    cpu->number = number;
    sync_last = 0;
    sync_skew = 0;
    atomic_store(&sync_turn, 0);
    atomic_store(&cpu->state, PERCPU_STARTING);
    lapic_send_init(cpu->lapic_id);
    clock_spin(INIT_WAIT_NS);
    lapic_send_startup(cpu->lapic_id, TRAMPOLINE_PHYS);
    if (!wait_arrived(cpu, FIRST_WAIT_NS)) {
        lapic_send_startup(cpu->lapic_id, TRAMPOLINE_PHYS);
        if (!wait_arrived(cpu, SECOND_WAIT_NS) &&
            atomic_compare_exchange_strong(&cpu->state, &expected, PERCPU_ABSENT))
            return false;
    }
    return sync_run(0);
}

uint32_t arch_start_cpus(struct arch_boot *boot)
{
    uint32_t running = 1;
    uint64_t skew_max = 0;

    ASSERT(arch_cpu() == 0);
    ASSERT(block_count != 0);
    pit_beat(START_BEAT_COUNTS);
    for (uint32_t i = 1; i < block_count; i++) { /* at most ARCH_CPU_MAX */
        struct percpu *cpu = &percpu_blocks[i];
        bool is_good = start_cpu(cpu, running) && sync_skew == 0;

        if (sync_skew > skew_max)
            skew_max = sync_skew;
        if (is_good)
            lapic_of_cpu[running++] = cpu->lapic_id;
        atomic_store(&cpu->state, is_good ? PERCPU_RUNNING : PERCPU_ABSENT);
    }
    pit_beat(0);
    if (running == block_count) /* else a late one would reset the machine instead of halting */
        memset(boot_pml4, 0, (size_t)(boot_tables_end - boot_pml4));
    arch_step_note(boot, "other CPUs started", running - 1);
    arch_step_note(boot, "TSC skew (counts backwards)", skew_max);
    boot->cpu_count = running;
    running_count = running;
    return running;
}

void smp_cpu_main(uint32_t block)
{
    struct percpu *cpu = &percpu_blocks[block];
    uint32_t expected = PERCPU_STARTING;

    ASSERT(cpu->self == cpu);
    descriptor_load(cpu);
    features_enable();
    cpu->root = paging_root;
    if (!lapic_is_usable())
        arch_halt_forever();
    lapic_enable(cpu->number); /* before CPU 0 goes on: a kick to a LAPIC that is off is lost */
    if (!atomic_compare_exchange_strong(&cpu->state, &expected, PERCPU_ARRIVED) || !sync_run(1))
        arch_halt_forever();
    while (atomic_load(&cpu->state) == PERCPU_ARRIVED)
        x86_pause();
    if (atomic_load(&cpu->state) != PERCPU_RUNNING)
        arch_halt_forever();
    kernel_cpu_main(cpu->number);
}

uint32_t smp_lapic_of(uint32_t cpu)
{
    ASSERT(cpu < ARCH_CPU_MAX);
    return lapic_of_cpu[cpu];
}

void arch_kick(uint32_t cpu)
{
    percpu_this()->counts.kick_count++;
    lapic_send(smp_lapic_of(cpu), VECTOR_KICK);
}

struct arch_counts arch_counts_of(uint32_t cpu)
{
    ASSERT(cpu < ARCH_CPU_MAX);
    return percpu_blocks[cpu].counts;
}

uint32_t arch_panic_stop(void)
{
    uint32_t told = 0;

    for (uint32_t cpu = 0; cpu < running_count; cpu++) /* at most ARCH_CPU_MAX */
        if (cpu != arch_cpu()) {
            lapic_send_nmi(lapic_of_cpu[cpu]);
            told++;
        }
    return told;
}

HOT uint32_t arch_cpu(void)
{
    static uint32_t order;
    uint32_t number;

    /* Not volatile: a function asks once, as no function runs on two CPUs.  `order` keeps it behind
     * the instruction that sets the base of GS, which clobbers memory. */
    __asm__("movl %%gs:%c1, %0" : "=r"(number) : "i"(PERCPU_NUMBER), "m"(order));
    return number;
}

NOINLINE void arch_local_set(void *local)
{
    percpu_this()->local = local;
}

HOT void *arch_local(void)
{
    void *local;

    /* Neither volatile nor of memory: it never changes, so one answer serves a whole function. */
    __asm__("movq %%gs:%c1, %0" : "=r"(local) : "i"(PERCPU_LOCAL));
    return local;
}

void arch_pause(void)
{
    x86_pause();
}
