/* SPDX-License-Identifier: MIT */
/*
 * ports.h - ranges of the machine's I/O ports.  A range is no record: the capability's object says
 * which it is, {last, first} of 16 bits each, so one can always be made narrower and none is freed.
 *
 * Memory, locks: none.  Cost: O(1).
 */
#ifndef KERNEL_PORTS_H
#define KERNEL_PORTS_H

#include "abi/status.h"
#include "base/types.h"

/* The range of all ports. */
uint32_t ports_all(void);

/* Of `range` the `count` ports from `offset` on.  BAD_ARGUMENT: it has not so many, or that is
 * none. */
MUST_USE enum status ports_narrow(uint32_t range, uint64_t offset, uint64_t count,
                                  uint32_t *narrower);

/* The port at `offset`.  BAD_ARGUMENT: outside; BAD_ADDRESS: programs may not reach it. */
MUST_USE enum status ports_find(uint32_t range, uint64_t offset, uint32_t *port);

#endif /* KERNEL_PORTS_H */
