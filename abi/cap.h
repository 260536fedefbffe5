/* SPDX-License-Identifier: MIT */
/*
 * cap.h - capabilities: how a program names objects, and the methods of each kind.
 *
 * A process has one flat table of capabilities.  A handle is the slot's number in the low
 * CAP_SLOT_BITS and the slot's generation above: a handle whose slot was released and used again is
 * STALE.  A slot that was never released has generation 0, so what a process is given at its start
 * is named by the slot's number.  The interface is the permission: there is no rights mask, a
 * narrower permission is another object.
 *
 * A capability is {object, grant}.  It is live iff the object's generation and every grant on the
 * chain are; revoking a grant or destroying an object bumps a generation, and all that hung on it
 * is STALE at once.
 */
#ifndef ABI_CAP_H
#define ABI_CAP_H

#include <stdint.h>

#include "abi/device.h"
#include "abi/endpoint.h"
#include "abi/fault.h"
#include "abi/ledger.h"
#include "abi/machine.h"
#include "abi/process.h"
#include "abi/session.h"
#include "abi/thread.h"

#define CAP_SLOT_BITS 10u
#define CAP_SLOT_COUNT (1u << CAP_SLOT_BITS)
#define CAP_SLOT(handle) ((handle) & (CAP_SLOT_COUNT - 1u))
#define CAP_NONE 0u

/*
 * Kinds: X(NAME, number, its well-known slot or 0, name in manifests or NULL, what it is).
 * A process holds in a well-known slot what it was given there, or nothing.  Up to SLOT_FIRST_FREE
 * slots are given out only so; others in order.
 */
#define CAP_KIND_TABLE(X)                                                                     \
    X(CONSOLE, 1, 1, "console", "the machine's console and result stream")                    \
    X(THREADS, 2, 2, "threads", "making, joining and ending the caller's own threads")        \
    X(MACHINE, 3, 3, "machine", "facts of the machine")                                       \
    X(POLICY, 4, 4, "policy", "weight, latency class and CPU set of threads and processes")    \
    X(POWER, 5, 5, "power", "switching the machine off")                                      \
    X(SPAWNER, 6, 6, "spawner", "making processes of the boot archive's programs")            \
    X(LEDGER, 7, 7, "ledger", "what the caller's process may use; memory objects from it")    \
    X(TABLE, 8, 8, "table", "the caller's own capabilities: copies, grants, revoking")        \
    X(CPUS, 9, 9, "cpus", "a set of CPUs")                                                    \
    X(MEMORY, 10, 0, NULL, "a memory object, to read and to write")                           \
    X(VIEW, 11, 0, NULL, "a memory object, to read")                                          \
    X(PROCESS, 12, 0, NULL, "a process: waiting for its end, ending it")                      \
    X(GRANT, 13, 0, NULL, "a grant: what was copied through it can be revoked")               \
    X(SESSIONS, 14, 13, "sessions", "making sessions; what sessions and services have used")  \
    X(SESSION, 15, 0, NULL, "a session: processes that are logged out together")              \
    X(IRQS, 16, 14, "irqs", "binding interrupt lines of devices")                             \
    X(IRQ, 17, 0, NULL, "an interrupt line, bound to a CPU")                                  \
    X(PORTS, 18, 15, "ports", "a range of the machine's I/O ports")                              \
    X(ENDPOINT, 19, 0, NULL, "an endpoint, to receive at")                                    \
    X(CLIENT, 20, 0, NULL, "an endpoint, to call and to send to")

enum cap_kind {
    CAP_KIND_EMPTY = 0,
#define CAP_KIND_ENUM(name, number, slot, word, what) CAP_KIND_##name = (number),
    CAP_KIND_TABLE(CAP_KIND_ENUM)
#undef CAP_KIND_ENUM
    CAP_KIND_COUNT
};

/* Well-known slots; those of files are VIEWs (abi/bootinfo.h). */
enum cap_slot {
    CAP_CONSOLE = 1,
    CAP_THREADS = 2,
    CAP_MACHINE = 3,
    CAP_POLICY = 4,
    CAP_POWER = 5,
    CAP_SPAWNER = 6,
    CAP_LEDGER = 7,
    CAP_TABLE = 8,
    CAP_CPUS = 9,
    CAP_WORKLOAD = 10,  /* the boot archive's workload image */
    CAP_ARGUMENTS = 11, /* its arguments */
    CAP_MANIFEST = 12,  /* its manifest table (abi/manifest.h) */
    CAP_SESSIONS = 13,
    CAP_IRQS = 14,
    CAP_PORTS = 15,
    CAP_SLOT_FIRST_FREE = 16
};

/*
 * Methods, by kind (SESSIONS, SESSION: abi/session.h).  A handle in a result is the status, > 0.
 * CONSOLE
 *   WRITE         args[0] = address, args[1] = bytes (<= CONSOLE_WRITE_BYTES_MAX).  Text.
 *   RESULT        the same, to the result stream: binary, read by the host (abi/result.h).
 * THREADS
 *   SPAWN         args[0] = entry address, args[1] = stack top (16-aligned), args[2] = argument,
 *                 args[3] = address of struct cap_thread_params or 0 for defaults.  The new thread
 *                 starts with the argument in rdi and, so that it finds its ring, its own index in
 *                 rsi and its generation in rdx.  Its CPU set is the process's, or what of it the
 *                 params name (OUTSIDE_MASK: nothing).  Its weight and class are the process's
 *                 (SET_PROCESS of POLICY); others need POLICY in its well-known slot (BAD_CAP).
 *                 It starts at once.  Result: its index (of ring and telemetry record); value = its
 *                 generation.  Its fault endpoint, if the params name one, is as of SET_FAULT.
 *   JOIN          args[0] = index, args[1] = generation.  Completes when it has ended, with OK and
 *                 value = its exit status; KILLED if it was ended by KILL.  One joiner; that a
 *                 thread ended is remembered until then.
 *   SELF          Result: the caller's index; value = its generation.
 *   DETACH        args[0] = index, args[1] = generation.  Nobody will join it.  BUSY: somebody
 *                 waits in JOIN.
 *   KILL          args[0] = index, args[1] = generation.  It executes no instruction more once its
 *                 CPU has noticed, for which nobody waits.  OK also for the caller itself.
 *   END           args[0] = exit status.  Ends the caller's process with all its threads.
 *   STAT          args[0] = index, args[1] = generation, args[2] = address of struct
 *                 cap_thread_stat to fill.  STALE: it has ended.
 *   PROCESS_STAT  args[0] = address of struct cap_process_stat to fill: the caller's process.
 *   WHY           args[0] = index, args[1] = generation, args[2] = address of struct
 *                 cap_thread_why to fill: why it was moved, preempted and so on.  STALE: as STAT.
 *   SET_FAULT     args[0] = index, args[1] = generation, args[2] = CLIENT, the thread's fault
 *                 endpoint from now on, or 0: none; args[3] = its cookie (abi/fault.h).
 * MACHINE
 *   CPU_COUNT     Result: CPUs online.
 *   CPU_STAT      args[0] = cpu, args[1] = address of struct cap_cpu_stat to fill.
 *   CONSERVATION  Result: 1 if, on every CPU, thread + interrupt + kernel + idle time equals wall
 *                 time, and the threads' ledgers add up to that; else 0, or if CPUs never rest.
 *   STAT          args[0] = address of struct cap_machine_stat to fill.
 * POLICY
 *   SET_WEIGHT    args[0] = thread index, args[1] = generation, args[2] = weight.
 *   SET_CLASS     args[2] = enum latency_class.
 *   SET_MASK      args[2] = address of a struct cpumask (1024 bits), which may be wider than the
 *                 process's CPU set.  The thread leaves a CPU its new mask does not have before
 *                 this completes, if it is the caller itself.
 *   SET_PROCESS   args[0] = PROCESS handle, or 0: the caller's process; args[1] = address of struct
 *                 cap_process_policy.  Sets all its threads, a few in each step, and what threads
 *                 that it makes from now on begin with.  Of two at once the later wins, for all.
 *                 OUTSIDE_MASK: the mask has no CPU; STALE: it has ended.
 * POWER
 *   OFF           args[0] = 0 for success, 1 for failure; ends the machine.  Does not return.
 * SPAWNER
 *   SPAWN         args[0] = address of struct cap_process_params.  Result: a PROCESS handle; the
 *                 process has started.  What its limits say is taken from the caller's ledger
 *                 until it is gone.  Another weight or class than the default of its first thread
 *                 needs POLICY in its well-known slot (BAD_CAP).
 * LEDGER
 *   READ          args[0] = address of struct ledger_account to fill: the caller's.
 *   MEMORY_CREATE args[0] = bytes, rounded up to pages.  Result: a MEMORY handle.  The pages are
 *                 there at once, zeroed, and stay where they are until it is destroyed.
 *   MEMORY_DESTROY args[0] = MEMORY handle of an object made from this ledger.  Every capability
 *                 for it is STALE at once; completes when it is mapped nowhere any more.
 *   ENDPOINT_CREATE args[0] = ENDPOINT_* flags.  Result: an ENDPOINT handle; ends with its maker.
 *   FAIL_AFTER    args[0] = n.  A test of the caller's own: of its reservations from now on, the
 *                 n-th (from 1) is refused LEDGER_FULL.  0: none.
 * TABLE
 *   GRANT_CREATE  args[0] = handle.  Result: a GRANT handle, a new grant under that of `handle`.
 *   COPY          args[0] = handle, args[1] = GRANT handle or 0.  Result: a handle for the same
 *                 object, under the grant, or that of the original.  NOT_GRANTED: the original is
 *                 held under another grant than the one given descends from.
 *   REVOKE        args[0] = GRANT handle.  What was copied through it, or through grants below it,
 *                 is STALE at once; completes when nothing is mapped or waited for by it.
 *   KIND          args[0] = handle.  Result: enum cap_kind.
 * CPUS
 *   READ          args[0] = address of a struct cpumask to fill.
 *   NARROW        args[0] = address of a struct cpumask.  Result: a CPUS handle for the CPUs that
 *                 are in both.  OUTSIDE_MASK: none.
 *   ASSIGN        args[0] = thread index, args[1] = generation, args[2] = address of a struct
 *                 cpumask.  A thread of the caller's process: the CPUs that are in both.
 * MEMORY, VIEW
 *   MAP           args[0] = page-aligned address, args[1] = MEMORY_MAP_WRITE or 0, args[2] = a
 *                 PROCESS handle, or 0: the caller's process.  The whole object, in that one's
 *                 address space, on its ledger.  ADDRESS_IN_USE; BAD_ARGUMENT for a writable VIEW;
 *                 STALE also: the process has ended.  Value: the object's bytes.
 *   UNMAP         args[0] = address that MAP was given.  Completes when no CPU can reach it.
 *   INFO          OK; value = the object's bytes.
 *   TO_VIEW       Result: a VIEW handle for the same object.
 * PROCESS
 *   WAIT          Completes when it has ended.  Result: enum process_end; value = exit status.
 *   KILL          args[0] = 0.  Nothing it holds is of use any more; its threads are ended.
 *   INFO          args[0] = address of struct cap_process_info to fill.
 *   STAT          args[0] = address of struct cap_process_stat to fill.  BUSY: no thread of it is
 *                 left, but it has not ended yet; WAIT.
 *   WHY, SET_FAULT  as of THREADS, of a thread of that process.  STALE also: it has none left.
 *   RELEASE of the handle that SPAWN gave lets go of the record; a process still running goes on.
 * ENDPOINT
 *   MINT          args[0] = badge (32 bits).  Result: a CLIENT handle; what comes by it, or by its
 *                 copies, is received with that badge.
 *   DESTROY       Every capability for it is STALE at once, and so is what waits there.
 *   STAT          args[0] = address of struct cap_endpoint_stat to fill.
 * CLIENT          Its methods are the receiver's: CALL and SEND are messages (abi/ring.h).
 * IRQS, IRQ, PORTS: abi/device.h
 */
#define CONSOLE_WRITE_BYTES_MAX 1024u
#define MEMORY_MAP_WRITE 1u
#define MEMORY_BYTES_MAX (UINT64_C(64) << 20)
#define GRANT_DEPTH_MAX 4u

enum cap_console_method { CONSOLE_WRITE = 0, CONSOLE_RESULT = 1 };
enum cap_threads_method {
    THREADS_SPAWN = 0,
    THREADS_JOIN = 1,
    THREADS_SELF = 2,
    THREADS_DETACH = 3,
    THREADS_KILL = 4,
    THREADS_END = 5,
    THREADS_STAT = 6,
    THREADS_PROCESS_STAT = 7,
    THREADS_WHY = 8,
    THREADS_SET_FAULT = 9
};
enum cap_machine_method {
    MACHINE_CPU_COUNT = 0,
    MACHINE_CPU_STAT = 1,
    MACHINE_CONSERVATION = 2,
    MACHINE_STAT = 3
};
enum cap_policy_method {
    POLICY_SET_WEIGHT = 0,
    POLICY_SET_CLASS = 1,
    POLICY_SET_MASK = 2,
    POLICY_SET_PROCESS = 3
};
enum cap_power_method { POWER_OFF = 0 };
enum cap_spawner_method { SPAWNER_SPAWN = 0 };
enum cap_ledger_method {
    LEDGER_READ = 0,
    LEDGER_MEMORY_CREATE = 1,
    LEDGER_MEMORY_DESTROY = 2,
    LEDGER_FAIL_AFTER = 3,
    LEDGER_ENDPOINT_CREATE = 4
};
enum cap_endpoint_method { ENDPOINT_MINT = 0, ENDPOINT_DESTROY = 1, ENDPOINT_STAT = 2 };
enum cap_table_method { TABLE_GRANT_CREATE = 0, TABLE_COPY = 1, TABLE_REVOKE = 2, TABLE_KIND = 3 };
enum cap_cpus_method { CPUS_READ = 0, CPUS_NARROW = 1, CPUS_ASSIGN = 2 };
enum cap_memory_method { MEMORY_MAP = 0, MEMORY_UNMAP = 1, MEMORY_INFO = 2, MEMORY_TO_VIEW = 3 };
enum cap_process_method {
    PROCESS_WAIT = 0,
    PROCESS_KILL = 1,
    PROCESS_INFO = 2,
    PROCESS_STAT = 3,
    PROCESS_WHY = 4,
    PROCESS_SET_FAULT = 5
};

/* What SET_PROCESS sets, of each thread and for those to come. */
struct cap_process_policy {
    uint32_t weight;        /* WEIGHT_MIN..WEIGHT_MAX; 0: stays */
    uint32_t latency_class; /* enum latency_class, if has_class */
    uint32_t has_class;     /* 0 or 1 */
    uint32_t has_mask;      /* 0 or 1 */
    uint64_t mask[16];      /* 1024 CPUs; may be wider than the process's CPU set */
};

#endif /* ABI_CAP_H */
