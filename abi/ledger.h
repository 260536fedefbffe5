/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - what a process may use: one row per resource, and one ledger of record per process.
 *
 * A process's limits are taken from its parent's ledger for as long as it exists, so the first
 * process's ledger is the whole machine.  reserved + used <= limit, at any instant.
 */
#ifndef ABI_LEDGER_H
#define ABI_LEDGER_H

#include <stdint.h>

/* X(NAME, number, name in manifests, what one of it is) */
#define LEDGER_TABLE(X)                                                                  \
    X(FRAMES, 0, "frames", "a page of memory, the kernel's tables for the process included") \
    X(SLOTS, 1, "slots", "a slot of the capability table")                               \
    X(THREADS, 2, "threads", "a thread that has not been reaped")                        \
    X(OPERATIONS, 3, "operations", "a record of an operation that waits; 16 a thread")   \
    X(GRANTS, 4, "grants", "a grant that was not revoked")                               \
    X(OBJECTS, 5, "objects", "a process, session, endpoint, memory object, mapping, CPU set, line")

enum ledger_resource {
#define LEDGER_ENUM(name, number, word, what) LEDGER_##name = (number),
    LEDGER_TABLE(LEDGER_ENUM)
#undef LEDGER_ENUM
    LEDGER_RESOURCE_COUNT
};

struct ledger_row {
    uint64_t limit;
    uint64_t reserved; /* for what is being made now */
    uint64_t used;
};

struct ledger_account {
    struct ledger_row rows[LEDGER_RESOURCE_COUNT];
};

#endif /* ABI_LEDGER_H */
