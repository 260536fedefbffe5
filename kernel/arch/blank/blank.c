/* SPDX-License-Identifier: MIT */
/*
 * blank.c - the contract of kernel/arch.h with nothing behind it: where a port begins.
 *
 * It is compiled with every build, so it names every function a port must have.  Each body is the
 * neutral answer, or stops; each comment says what a real one must do beyond what arch.h says.
 */
#include "kernel/arch.h"

#include "abi/sched.h"

static void *local_pointer;

/* ---- Boot ----------------------------------------------------------------------------------- */

/*
 * Before kernel_main(boot) the port has: found memory, CPUs and archive; left the loader's page
 * tables for its own, in which nothing is writable and executable; given every CPU a stack with a
 * guard page; an entry for every exception; a running clock; the FPU on.  Interrupts stay off.
 */
void arch_step_note(struct arch_boot *boot, const char *what, uint64_t detail)
{
    if (boot->step_count < ARCH_STEPS_MAX)
        boot->steps[boot->step_count++] = (struct arch_step){what, detail, 0};
}

/* Numbers have no holes.  Compare each CPU's clock with this one's before it may run. */
uint32_t arch_start_cpus(struct arch_boot *boot)
{
    boot->cpu_count = 1;
    return 1;
}

/* ---- This CPU ------------------------------------------------------------------------------- */

/* Called on every path: one load from a register-based block. */
uint32_t arch_cpu(void)
{
    return 0;
}

/* The same. */
void *arch_local(void)
{
    return local_pointer;
}

void arch_local_set(void *local)
{
    local_pointer = local;
}

void arch_pause(void)
{
}

void arch_halt_forever(void)
{
    for (;;)
        arch_pause();
}

/* ---- Clock and timer ------------------------------------------------------------------------ */

/* Never runs backwards, not even across CPUs; convert with a 128-bit product, not a division. */
uint64_t arch_clock_ns(void)
{
    return 0;
}

void arch_clock_describe(struct telemetry_header *header)
{
    header->base_tsc = 0;
    header->base_ns = 0;
    header->multiplier = 1;
    header->shift = 0;
}

/* Hide the hardware's largest count: fire early inside, arm the rest, go on with what ran. */
void arch_timer_arm(uint64_t at_ns)
{
    (void)at_ns;
}

void arch_timer_disarm(void)
{
}

/* Must reach a CPU in user mode, halted, or in the kernel (then on its way out). */
void arch_kick(uint32_t cpu)
{
    (void)cpu;
}

/* An increment at each write, none of them atomic: only its CPU writes a count. */
struct arch_counts arch_counts_of(uint32_t cpu)
{
    (void)cpu;
    return (struct arch_counts){0};
}

/* ---- User contexts -------------------------------------------------------------------------- */

void arch_context_init(struct arch_context *context, uint64_t entry, uint64_t stack,
                       uint64_t argument0, uint64_t argument1, uint64_t argument2)
{
    *context = (struct arch_context){{entry, stack, argument0, argument1, argument2, 0}};
}

void arch_context_set_result(struct arch_context *context, int64_t result)
{
    context->words[5] = (uint64_t)result;
}

void arch_context_entry(const struct arch_context *context, struct arch_entry *entry)
{
    *entry = (struct arch_entry){.word = context->words[2], .deadline_ns = context->words[3]};
}

void arch_context_set_results(struct arch_context *context, int64_t status, uint64_t value)
{
    context->words[5] = (uint64_t)status;
    context->words[6] = value;
}

void arch_context_set_words(struct arch_context *context, const uint64_t *words)
{
    for (unsigned i = 0; i < 3; i++)
        context->words[7 + i] = words[i];
}

void arch_context_pass(const struct arch_context *from, struct arch_context *to, int64_t status)
{
    to->words[5] = (uint64_t)status;
    to->words[6] = from->words[6];
    arch_context_set_words(to, &from->words[7]);
}

uint64_t arch_context_pc(const struct arch_context *context)
{
    return context->words[0];
}

uint64_t arch_context_stack(const struct arch_context *context)
{
    return context->words[1];
}

void arch_context_forget(void)
{
}

void arch_fpu_init(void *area)
{
    uint64_t *words = area;

    for (uint32_t i = 0; i < ARCH_FPU_BYTES / 8; i++)
        words[i] = 0;
}

void arch_fpu_save(void *area)
{
    (void)area;
}

void arch_fpu_load(const void *area)
{
    (void)area;
}

/*
 * An entry address that is no user address must end as kernel_user_fault, not as a fault in the
 * kernel.  Nothing of another thread may be left in any register user mode can read.
 */
void arch_return_to_user(struct arch_context *context)
{
    (void)context;
    arch_halt_forever();
}

/* An interrupt that comes here never returns to the caller. */
void arch_take_interrupts(void)
{
}

void arch_idle(void)
{
    arch_halt_forever();
}

/* ---- Memory --------------------------------------------------------------------------------- */

void *arch_phys_to_virt(uint64_t phys)
{
    return (void *)(uintptr_t)phys;
}

uint64_t arch_virt_to_phys(const void *direct_map_address)
{
    return (uintptr_t)direct_map_address;
}

void arch_space_create(uint64_t root)
{
    (void)root;
}

uint32_t arch_space_missing(uint64_t root, uint64_t virt, uint64_t pages)
{
    (void)root;
    (void)virt;
    (void)pages;
    return 0;
}

enum arch_map arch_space_map(uint64_t root, uint64_t virt, uint64_t phys, uint32_t access,
                             uint64_t (*frame)(void *context), void *context)
{
    (void)root;
    (void)virt;
    (void)phys;
    (void)access;
    (void)frame;
    (void)context;
    return ARCH_MAP_NO_FRAME;
}

void arch_space_unmap(uint64_t root, uint64_t virt)
{
    (void)root;
    (void)virt;
}

uint64_t arch_space_prune(uint64_t root, uint64_t virt)
{
    (void)root;
    (void)virt;
    return 0;
}

bool arch_space_strip(uint64_t root, uint64_t *cursor, uint32_t budget,
                      void (*give)(uint64_t frame, void *context), void *context)
{
    (void)root;
    (void)cursor;
    (void)budget;
    (void)give;
    (void)context;
    return true;
}

uint64_t arch_space_lookup(uint64_t root, uint64_t virt, uint32_t access)
{
    (void)root;
    (void)virt;
    (void)access;
    return 0;
}

/* Cheap when `root` is active already: the kernel calls it at every switch. */
void arch_space_activate(uint64_t root)
{
    (void)root;
}

void arch_space_flush(void)
{
}

/* ---- Devices -------------------------------------------------------------------------------- */

/* Bounded: a dead port must not stop the kernel. */
void arch_console_write(const char *text, size_t bytes)
{
    (void)text;
    (void)bytes;
}

void arch_result_write(const void *data, size_t bytes)
{
    (void)data;
    (void)bytes;
}

void arch_power_off(uint32_t failed)
{
    (void)failed;
    arch_halt_forever();
}

/* Lines without a device that programs may drive do not exist. */
bool arch_irq_exists(uint32_t line)
{
    (void)line;
    return false;
}

void arch_irq_route(uint32_t line, uint32_t cpu)
{
    (void)line;
    (void)cpu;
}

void arch_irq_mask(uint32_t line)
{
    (void)line;
}

void arch_irq_unmask(uint32_t line)
{
    (void)line;
}

void arch_irq_acknowledge(void)
{
}

/* A machine whose devices have no ports opens none. */
bool arch_port_is_open(uint32_t port)
{
    (void)port;
    return false;
}

uint8_t arch_port_read8(uint32_t port)
{
    (void)port;
    return 0;
}

void arch_port_write8(uint32_t port, uint8_t value)
{
    (void)port;
    (void)value;
}

/* ---- Panic ---------------------------------------------------------------------------------- */

/* Must reach a CPU in the kernel, where ordinary interrupts are off. */
uint32_t arch_panic_stop(void)
{
    return 0;
}

void arch_panic_registers(const struct arch_context *registers)
{
    (void)registers;
}

/* Never true for an address whose read would fault. */
bool arch_panic_is_stack(uint64_t address)
{
    (void)address;
    return false;
}

/* ---- Self-test ------------------------------------------------------------------------------ */

const unsigned char arch_hog_code[1] = {0};
const unsigned char arch_hog_code_end[1] = {0};
