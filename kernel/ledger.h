/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - what one process may use and uses (abi/ledger.h): the only place where it is counted.
 *
 * A step that needs something reserves it first, which may be refused and changes nothing; what
 * was made of it is committed, what was not is cancelled; the end of what was made releases it.
 * A row is one word {reserved:32, used:32}, changed by compare-and-swap.
 *
 *   LD1  reserved + used <= limit, at any instant.
 *   LD2  All rows are zero when the process is gone (ledger_is_clear).
 *
 * A refusal notes its resource in cpu_this()->refused, which becomes the completion's value.
 *
 * Locks: none.  Cost: one compare-and-swap each.
 */
#ifndef KERNEL_LEDGER_H
#define KERNEL_LEDGER_H

#include "abi/ledger.h"
#include "abi/status.h"
#include "kernel/cpu.h"

struct resource_ledger {
    uint32_t limits[LEDGER_RESOURCE_COUNT];
    struct port_atomic64 rows[LEDGER_RESOURCE_COUNT];
    struct port_atomic32 fail_after; /* n: the n-th reservation from now is refused; 0: none */
};

/* Nothing used.  Limits are below 2^32. */
void ledger_init(struct resource_ledger *ledger, const uint64_t limits[LEDGER_RESOURCE_COUNT]);

/* OK or LEDGER_FULL. */
MUST_USE enum status ledger_reserve(struct resource_ledger *ledger, enum ledger_resource resource,
                                    uint64_t count);

/* Of what was reserved: it exists now; it was not needed. */
void ledger_commit(struct resource_ledger *ledger, enum ledger_resource resource, uint64_t count);
void ledger_cancel(struct resource_ledger *ledger, enum ledger_resource resource, uint64_t count);

/* Of what was committed: it is gone. */
void ledger_release(struct resource_ledger *ledger, enum ledger_resource resource, uint64_t count);

/* Reserve and commit, where nothing lies between. */
MUST_USE enum status ledger_take(struct resource_ledger *ledger, enum ledger_resource resource,
                                 uint64_t count);

/* Take the limits of another ledger out of this one, all or none; give them back. */
MUST_USE enum status ledger_delegate(struct resource_ledger *ledger,
                                     const struct resource_ledger *child);
void ledger_undelegate(struct resource_ledger *ledger, const struct resource_ledger *child);

void ledger_read(const struct resource_ledger *ledger, struct ledger_account *account);

/* Nothing reserved, nothing used. */
bool ledger_is_clear(const struct resource_ledger *ledger);

#endif /* KERNEL_LEDGER_H */
