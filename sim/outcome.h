/* SPDX-License-Identifier: MIT */
/*
 * outcome.h - what a run came to: the difference between two readings of the machine, as
 * abi/result.h bytes, with the two sums that must come out.
 *
 *   CONSERVATION  on every CPU busy + idle + kernel == the time between the readings
 *   LEDGER        sum of the threads' runtime == sum of the CPUs' busy time
 */
#ifndef SIM_OUTCOME_H
#define SIM_OUTCOME_H

#include "abi/result.h"
#include "sim/script.h"

struct outcome_cpu {
    struct machine_times times;
    struct rq_stat stat;
    uint64_t timer_count;
};

/* The first reading. */
struct outcome {
    struct mono begin;
    uint64_t wasted_ns;
    struct outcome_cpu *cpus;
    struct ledger *ledgers;
};

/* Read the machine now.  False: no memory. */
MUST_USE bool outcome_begin(struct outcome *o, const struct machine *m);
void outcome_fini(struct outcome *o);

/* What has happened on `cpu` since `o` was read. */
void outcome_cpu_row(const struct outcome *o, const struct machine *m, uint32_t cpu,
                     struct result_cpu *row);

/* The bits that CONSERVATION and LEDGER add to the verdict; 0: both hold. */
uint64_t outcome_verdict(const struct result_header *header, const struct result_thread *threads,
                         const struct result_cpu *cpus);

/*
 * Read the machine again and write the result, malloc'ed; `failed` are the verdict's bits known
 * already.  NULL: no memory.
 */
unsigned char *outcome_write(const struct outcome *o, const struct machine *m,
                             const struct script *script, uint64_t failed, size_t *bytes);

#endif /* SIM_OUTCOME_H */
