/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - how far a run is: abi/stream.h's snapshot of the machine as it stands.
 *
 * Reading changes nothing, so when it is read is not part of the run.  Cost: O(threads + CPUs).
 */
#ifndef SIM_SNAPSHOT_H
#define SIM_SNAPSHOT_H

#include "abi/stream.h"
#include "sim/outcome.h"

size_t snapshot_bytes(const struct machine *m);

/* Write it to the `snapshot_bytes` at `record`: figures since `o` was read. */
void snapshot_write(const struct outcome *o, const struct machine *m, const struct script *script,
                    unsigned char *record);

#endif /* SIM_SNAPSHOT_H */
