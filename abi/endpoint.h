/* SPDX-License-Identifier: MIT */
/* endpoint.h - how an endpoint is served, and what it counts (ENDPOINT in abi/cap.h). */
#ifndef ABI_ENDPOINT_H
#define ABI_ENDPOINT_H

#include <stdint.h>

/*
 * How an endpoint is served.  PASSIVE: on its callers' contexts.  Who receives a call there
 * executes on what the caller pays with, and at its place in the queue, until it answers; so only a
 * caller that waits for that answer alone can call: with its entry in registers.  Any other CALL,
 * and SEND, is refused WOULD_LEND_TWICE.
 */
#define ENDPOINT_PASSIVE 1u

struct cap_endpoint_stat {
    uint64_t received;  /* messages */
    uint64_t lent;      /* of them, those whose caller's context was lent at once */
    uint64_t refused;   /* tries to lend that were refused: the server paid itself */
    uint32_t waiting;   /* messages not received */
    uint32_t receivers; /* who wait for one */
    uint32_t serving;   /* received, not answered */
    uint32_t reserved;
};

#endif /* ABI_ENDPOINT_H */
