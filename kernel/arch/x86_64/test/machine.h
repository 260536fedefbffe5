/* SPDX-License-Identifier: MIT */
/*
 * machine.h - the machine test: a kernel of its own over the architecture layer, printing TAP.
 *
 * A case starts something and does not return (it runs a user program, idles or faults).  What
 * the architecture then enters, any kernel_* function, becomes an event given to the case's check,
 * which passes, fails, or goes on by running something itself.  Everything happens on CPU 0; CPU 1,
 * if there, answers kicks.  For QEMU's deterministic mode: cases_time.c judges latencies.
 */
#ifndef KERNEL_ARCH_X86_64_TEST_MACHINE_H
#define KERNEL_ARCH_X86_64_TEST_MACHINE_H

#include "kernel/arch.h"

enum event_kind {
    EVENT_SYSCALL,
    EVENT_TIMER,
    EVENT_KICK,
    EVENT_SPURIOUS,
    EVENT_LINE,
    EVENT_FAULT,
    EVENT_PANIC
};

struct event {
    enum event_kind kind;
    uint64_t number; /* of the system call, or the vector */
    uint64_t a, b;   /* arguments, or a fault's error and address */
    uint64_t flags;  /* RFLAGS on entry */
};

struct test_case {
    const char *name;
    void (*start)(void);
    bool (*check)(const struct event *e);
};

extern const struct test_case cases_user[], cases_fault[], cases_time[], cases_memory[];

/* User addresses: the code page of user.S, a data page (read, write), the stack page. */
#define USER_CODE UINT64_C(0x400000)
#define USER_DATA UINT64_C(0x500000)
#define USER_STACK_TOP UINT64_C(0x601000)
#define USER_LAST_PAGE (ARCH_USER_END - ARCH_PAGE_BYTES)

#define USER_LABEL(label) (USER_CODE + (uint64_t)((label)-user_code))
extern const char user_code[], user_code_end[];

extern uint32_t stage;               /* 0 at the start of each case */
extern uint64_t test_root;           /* the address space with the pages above, active */
extern volatile uint64_t *test_data; /* the data page as the kernel sees it */
extern struct arch_context test_context, other_context;

/* Run user code at `entry` with two arguments, in a new context. */
NORETURN void run_user(struct arch_context *context, uint64_t entry, uint64_t a, uint64_t b);

uint64_t take_frame(void);
uint64_t take_table(void *context); /* the same, as arch_space_map wants it */
uint32_t cpus_running(void);

/* What CPU 1 does at its next kick: it is called there, then CPU 1 idles. */
extern void (*volatile on_other_cpu)(void);

#endif /* KERNEL_ARCH_X86_64_TEST_MACHINE_H */
