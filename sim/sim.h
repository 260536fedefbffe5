/* SPDX-License-Identifier: MIT */
/*
 * sim.h - run a workload image on the scheduler core in simulated time.
 *
 * One deterministic machine of 1..1024 CPUs: the same image, seed and CPU count give the same
 * result and the same trace hash, whatever compiler built it.  Conservation and the core's
 * invariants are checked during the run; a violation panics, and as the same run comes again, its
 * `events` show what led there.  How it differs from the kernel: sim/README.md.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "base/types.h"

#include <stdio.h>

struct sim_config {
    uint32_t cpu_count;   /* 1..1024 */
    uint64_t seed;        /* who is first of equal instants; 0: the one that was set first */
    uint64_t duration_ns; /* 0: the image's own */
    FILE *events;         /* one line per scheduler event from the start on, or NULL */
    bool is_wfq;          /* the fair class picks by weighted fair queueing, not by EEVDF */
    bool has_costs;       /* interrupts take MACHINE_INTERRUPT_NS and idle CPUs poll; or not */
    uint32_t histogram_us; /* 1..STREAM_HISTOGRAM_US_MAX: count wake latencies exactly; 0: do not */
    uint32_t check_every; /* all laws after every so many events; 0: only at the end */
    /* Called about ten times a second of real time with 0..1000 thousandths done, or NULL. */
    void (*progress)(void *context, uint32_t thousandths);
    void *progress_context;
    /* Called with a snapshot (abi/stream.h), valid during the call, at the start, as often as
     * `progress`, and at the end; or NULL. */
    void (*watch)(void *context, const unsigned char *snapshot, size_t bytes);
    void *watch_context;
};

enum sim_refusal {
    SIM_OK = 0,
    SIM_BAD_IMAGE,  /* workload_image_open refused it */
    SIM_BAD_CONFIG, /* CPU count, duration or histograms too large, or a CPU set without CPUs */
    SIM_NO_MEMORY,
    SIM_ENDLESS /* no duration given and the workload never ends by itself */
};

/* A run's outcome: abi/stream.h bytes without snapshots, malloc'ed; the caller frees them. */
struct sim_output {
    unsigned char *result;
    size_t result_bytes;
    uint64_t event_count; /* things that happened to a CPU */
    uint64_t trace_hash;
};

/* Run; on refusal `output` is untouched and *what says which part in a few words. */
enum sim_refusal sim_run(const struct sim_config *config, const unsigned char *image,
                         size_t image_bytes, struct sim_output *output, const char **what);

#endif /* SIM_SIM_H */
