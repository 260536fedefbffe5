/* SPDX-License-Identifier: MIT */
/* machine.h - facts of the machine (MACHINE in abi/cap.h). */
#ifndef ABI_MACHINE_H
#define ABI_MACHINE_H

#include <stdint.h>

struct cap_cpu_stat {
    uint64_t busy_ns; /* user + system call, charged to threads */
    uint64_t idle_ns;
    uint64_t kernel_ns; /* boot, and intervals that the clock made unbelievable */
    uint64_t switches;
    uint64_t timer_interrupts;
    uint64_t resched_ipis;
    uint64_t steals;
    uint64_t pushes;
    uint64_t overloads;        /* times that the CPU became overloaded (core/overload.h) */
    uint64_t latency_bound_ns; /* how long somebody queued there waits while nobody else comes */
    uint64_t irq_ns; /* interrupts: busy + idle + irq + kernel is the time since boot */
    uint64_t space_writes; /* the CPU was given an address space: another one, or its own again */
    uint64_t timer_writes; /* its timer was set or stopped */
    uint64_t ipis_sent;    /* interrupts that it sent to CPUs; resched_ipis are those it took */
};

/* What the machine holds and what has happened on it.  Counts of what is free do not count what a
 * CPU is about to give back. */
struct cap_machine_stat {
    uint64_t frames_free;
    uint64_t thread_slots_free;
    uint64_t thread_slot_bytes; /* of the kernel's tables, for each of them */
    uint64_t processes_free;
    uint64_t memories_free;
    uint64_t mappings_free;
    uint64_t grants_free;
    uint64_t cpusets_free;
    uint64_t queued_count;    /* contexts on all run queues */
    uint64_t inbox_count;     /* threads in all inboxes */
    uint64_t stale_entry_count; /* entries of threads that have ended, on any queue: always 0 */
    uint64_t stale_wake_count;  /* wakes of threads that had ended: ordinary */
    uint64_t thread_exit_count;
    uint64_t thread_kill_count;
    uint64_t process_end_count;
    /* In which state kills and exits found their threads. */
    uint64_t ended_new_count;
    uint64_t ended_blocked_count;
    uint64_t ended_queued_count;
    uint64_t ended_inbox_count;
    uint64_t ended_running_count; /* on another CPU than the killer's */
    uint64_t ended_migrating_count;
    uint64_t ended_joined_count; /* somebody waited in JOIN */
    uint64_t ended_waited_count; /* processes: somebody waited in WAIT */
    uint64_t sessions_free;
    uint64_t irqs_free; /* bindings of interrupt lines */
};

#endif /* ABI_MACHINE_H */
