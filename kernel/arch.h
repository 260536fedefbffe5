/* SPDX-License-Identifier: MIT */
/*
 * arch.h - the whole contract between the portable kernel and the architecture.
 *
 * The kernel is an event kernel: one stack per CPU, interrupts off inside, no frame survives a
 * return to user mode.  The architecture enters it through the kernel_* functions at the end of
 * this file, always on the CPU's own stack, always with the interrupted thread's registers already
 * saved in its `struct arch_context`; each of them ends by calling arch_return_to_user or
 * arch_idle, which do not return.  On the way back in, the stack starts from its top again.
 *
 * Locks: none of these functions takes one unless it says so.  "This CPU" is the caller's.
 */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

#include "base/types.h"
#include "kernel/arch_count.h"  /* the part that counts */
#include "kernel/arch_device.h" /* the part for devices that programs drive */

#define ARCH_CPU_MAX 64u
#define ARCH_PAGE_BYTES 4096u
#define ARCH_TABLE_SPAN_BYTES (UINT64_C(2) << 20) /* what one lowest table maps */
#define ARCH_CONTEXT_BYTES 192u
#define ARCH_FPU_BYTES 832u /* x87, SSE, AVX in the standard XSAVE format; 64-aligned */

/* A thread's user registers.  Opaque here; the fields are the architecture's. */
struct arch_context {
    uint64_t words[ARCH_CONTEXT_BYTES / 8];
} ALIGNED(64);

/* ---- Boot (arch -> kernel gives the facts) -------------------------------------------------- */

struct arch_range {
    uint64_t base; /* physical */
    uint64_t bytes;
};

#define ARCH_RANGES_MAX 16u
#define ARCH_STEPS_MAX 16u

struct arch_step {
    const char *what;   /* "ACPI MADT", "TSC against PIT", ... */
    uint64_t detail;    /* one number to show: CPUs, kHz, ... */
    uint64_t took_ns;   /* since the step before */
};

struct arch_boot {
    struct arch_range free[ARCH_RANGES_MAX]; /* usable RAM, not the kernel, not the archive */
    uint32_t free_count;
    uint32_t cpu_count;           /* CPUs found, at most ARCH_CPU_MAX; this one is number 0 */
    struct arch_range archive;    /* boot archive (abi/bootinfo.h), physical; bytes 0: none given */
    struct arch_step steps[ARCH_STEPS_MAX];
    uint32_t step_count;
};

/* Record a boot step for the boot table (kernel/main.c prints it). */
void arch_step_note(struct arch_boot *boot, const char *what, uint64_t detail);

/* Start the other CPUs, one after the other; each enters kernel_cpu_main(cpu).  Returns how many
 * CPUs run, this one included.  Waits for each with a bound; a CPU that does not come, or whose
 * clock is behind, is left out, and the numbers have no hole. */
uint32_t arch_start_cpus(struct arch_boot *boot);

/* ---- This CPU ------------------------------------------------------------------------------- */

uint32_t arch_cpu(void);     /* this CPU's number */

/* A pointer of the kernel's own, one instruction away.  Each CPU sets its own, in a function that
 * does not ask for it, before it asks for it. */
void arch_local_set(void *local);
void *arch_local(void);

void arch_pause(void);       /* in every spin loop */
NORETURN void arch_halt_forever(void);

/* ---- Clock and timer ------------------------------------------------------------------------ */

/* Monotonic nanoseconds since boot, the same on every CPU.  kernel/clock.c is the only caller. */
uint64_t arch_clock_ns(void);

/* The conversion for user mode: fills base_tsc, base_ns, multiplier, shift of abi/sched.h. */
struct telemetry_header;
void arch_clock_describe(struct telemetry_header *header);

/* Fire kernel_timer once on this CPU at `at_ns` (at once if past), never before it, however far
 * away.  Replaces what was armed.  An interrupt already on its way when the timer is disarmed
 * comes as kernel_spurious. */
void arch_timer_arm(uint64_t at_ns);
void arch_timer_disarm(void);

/* Send the reschedule interrupt to `cpu`; it enters kernel_kick there. */
void arch_kick(uint32_t cpu);

/* ---- User contexts -------------------------------------------------------------------------- */

/* A context that starts at `entry` in user mode with `stack` and up to three arguments
 * (rdi, rsi, rdx on x86-64); everything else zero, interrupts on. */
void arch_context_init(struct arch_context *context, uint64_t entry, uint64_t stack,
                       uint64_t argument0, uint64_t argument1, uint64_t argument2);

/* Set what the system call the context is in will return. */
void arch_context_set_result(struct arch_context *context, int64_t result);

/* The entry in registers of the system call the context is in (abi/syscall.h): its first word,
 * deadline and arguments; and what that call will return, the further words being 0. */
struct arch_entry {
    uint64_t word;
    uint64_t deadline_ns;
    uint64_t args[4];
};
void arch_context_entry(const struct arch_context *context, struct arch_entry *entry);
void arch_context_set_results(struct arch_context *context, int64_t status, uint64_t value);
/* The arguments of `from` are what the call of `to` returns behind `status`; or three words. */
void arch_context_pass(const struct arch_context *from, struct arch_context *to, int64_t status);
void arch_context_set_words(struct arch_context *context, const uint64_t *words);

/* The user instruction pointer and stack pointer, for fault reports. */
uint64_t arch_context_pc(const struct arch_context *context);
uint64_t arch_context_stack(const struct arch_context *context);

/* The initial FPU state (all registers zero); saving this CPU's; loading into this CPU. */
void arch_fpu_init(void *area);
void arch_fpu_save(void *area);
void arch_fpu_load(const void *area);

/* The next context to run here is loaded whole, whatever ran before at its address. */
void arch_context_forget(void);

/* Run `context` in user mode on this CPU; its address space must be active here. */
NORETURN void arch_return_to_user(struct arch_context *context);

/* Let waiting interrupts in: if there is one, this does not return; it enters as from arch_idle. */
void arch_take_interrupts(void);

/* Wait for an interrupt with this CPU's stack reset; the interrupt enters the kernel as usual.
 * Enabling interrupts and halting are atomic: a kick sent before cannot be slept through. */
NORETURN void arch_idle(void);

/* ---- Memory --------------------------------------------------------------------------------- */

/* Physical memory as the kernel sees it (a direct map; valid for all RAM). */
void *arch_phys_to_virt(uint64_t phys);
uint64_t arch_virt_to_phys(const void *direct_map_address);

enum arch_access {
    ARCH_READ = 1,
    ARCH_WRITE = 2,
    ARCH_EXECUTE = 4,
    ARCH_OWNED = 8 /* the frame belongs to the address space and goes with it */
};

#define ARCH_USER_LOW UINT64_C(0x1000)
#define ARCH_USER_END UINT64_C(0x0000800000000000)

/* The root of a new address space in a zeroed frame: kernel half shared, user half empty. */
void arch_space_create(uint64_t root);

/* How many tables are missing to map `pages` pages from user address `virt` on. */
uint32_t arch_space_missing(uint64_t root, uint64_t virt, uint64_t pages);

enum arch_map { ARCH_MAP_DONE, ARCH_MAP_IN_USE, ARCH_MAP_NO_FRAME };

/* Map one page at the page-aligned user address `virt`.  ARCH_WRITE with ARCH_EXECUTE is a bug of
 * the caller (W^X).  `frame` gives zeroed frames for tables, 0: none left. */
MUST_USE enum arch_map arch_space_map(uint64_t root, uint64_t virt, uint64_t phys, uint32_t access,
                                      uint64_t (*frame)(void *context), void *context);

/* Remove the page at `virt`, if there is one.  CPUs may go on using it until they flush. */
void arch_space_unmap(uint64_t root, uint64_t virt);

/* Unlink the lowest table on the way to `virt` if it is empty.  Returns its frame, or 0.  CPUs may
 * go on reading it until they flush. */
uint64_t arch_space_prune(uint64_t root, uint64_t virt);

/*
 * Take an address space that no CPU uses apart, about `budget` pages and tables a call, from
 * *cursor on (0 at first).  `give` gets each ARCH_OWNED frame and each table; the root is left.
 * Returns: done.
 */
MUST_USE bool arch_space_strip(uint64_t root, uint64_t *cursor, uint32_t budget,
                               void (*give)(uint64_t frame, void *context), void *context);

/* The physical address behind user address `virt` if mapped with at least `access`, else 0. */
uint64_t arch_space_lookup(uint64_t root, uint64_t virt, uint32_t access);

/* Make `root` this CPU's address space; 0: one without user pages. */
void arch_space_activate(uint64_t root);

/* Forget on this CPU what was read from tables of the user's half. */
void arch_space_flush(void);

/* ---- Devices -------------------------------------------------------------------------------- */

void arch_console_write(const char *text, size_t bytes);      /* serial port; takes no lock */
void arch_result_write(const void *data, size_t bytes);       /* result stream (debug console) */
NORETURN void arch_power_off(uint32_t failed);                /* 0: success */

/* ---- Panic: past every lock, in whatever state the CPU is ------------------------------------ */

/* Make each other CPU that runs enter kernel_panic, wherever it is.  Returns how many were told. */
uint32_t arch_panic_stop(void);

/* Print all registers of a fault. */
void arch_panic_registers(const struct arch_context *registers);

/* Can a frame {next, return address} be read at `address`: is it on a kernel stack of this CPU? */
bool arch_panic_is_stack(uint64_t address);

/* ---- Self-test ------------------------------------------------------------------------------ */

/* Position-independent user code, less than a page: forever adds 1 to the 64-bit word its first
 * argument points to and gives way once, every ARCH_HOG_INSTRUCTIONS.  Needs no stack. */
#define ARCH_HOG_INSTRUCTIONS 9004u
extern const unsigned char arch_hog_code[], arch_hog_code_end[];

/* ---- What the kernel gives the architecture -------------------------------------------------- */

/* On CPU 0 after boot, and on each other: descriptor tables, paging, LAPIC, clock and FPU work. */
NORETURN void kernel_main(struct arch_boot *boot);
NORETURN void kernel_cpu_main(uint32_t cpu);

/* A system call by the thread running on this CPU. */
NORETURN void kernel_syscall(uint64_t argument0, uint64_t argument1, uint64_t number);
/* The timer armed by arch_timer_arm came (already acknowledged). */
NORETURN void kernel_timer(void);
/* A reschedule interrupt came (already acknowledged). */
NORETURN void kernel_kick(void);
/* An interrupt of the architecture's own, in the kernel's idle or between two steps of its work. */
NORETURN void kernel_resume(void);
/* An interrupt nobody asked for; counted. */
NORETURN void kernel_spurious(uint32_t vector);

struct arch_fault {
    const char *name; /* "page fault", "general protection", ... */
    uint32_t vector;
    uint64_t error;
    uint64_t address; /* of a page fault, else 0 */
    uint32_t access;  /* of a page fault: what was wanted; else 0 */
    bool is_mapped;   /* of a page fault: something is mapped there, but not for that */
    const struct arch_context *registers;
};

/* User code of the running thread faulted. */
NORETURN void kernel_user_fault(const struct arch_fault *fault);
/* The kernel itself faulted or an assertion failed: print and power off with failure.  `pc` and
 * `frame` (frame pointer, 0 if unknown) are where.  A CPU told by arch_panic_stop comes here. */
NORETURN void kernel_panic(const char *what, const struct arch_fault *fault, uint64_t pc,
                           uint64_t frame);

#endif /* KERNEL_ARCH_H */
