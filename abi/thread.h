/* SPDX-License-Identifier: MIT */
/* thread.h - what a new thread is given, and what can be known of one (THREADS in abi/cap.h). */
#ifndef ABI_THREAD_H
#define ABI_THREAD_H

#include <stdint.h>

#include "abi/why.h"

struct cap_thread_params {
    uint32_t weight;        /* WEIGHT_MIN..WEIGHT_MAX; 0 = default */
    uint32_t latency_class; /* enum latency_class, or CAP_CLASS_DEFAULT */
    uint32_t has_mask;      /* 0 or 1 */
    uint32_t fault_client;  /* CLIENT handle: its fault endpoint (abi/fault.h); 0: none */
    uint64_t mask[16];      /* 1024 CPUs */
    uint64_t fault_cookie;
};

#define CAP_CLASS_DEFAULT UINT32_MAX /* in cap_thread_params: the process's */

/* A thread up to this instant. */
struct cap_thread_stat {
    uint64_t runtime_ns;
    uint32_t cpu; /* that it is on, or was last, or is on its way to */
    uint32_t is_running;
};

/* A thread's last reasons, newest first; behind `count` of them all is zero. */
struct cap_thread_why {
    uint32_t count;
    uint32_t reserved;
    struct why reasons[WHY_RECORD_COUNT];
};

#endif /* ABI_THREAD_H */
