/* SPDX-License-Identifier: MIT */
/*
 * manifest.h - the manifest table: which services the first process starts, and what each holds.
 *
 * Compiled from JSON and checked on the host; flat, little-endian, 8-aligned.  The first process
 * checks it whole before it starts the first service.
 *
 *   header | services[service_count]
 */
#ifndef ABI_MANIFEST_H
#define ABI_MANIFEST_H

#include <stdint.h>

#include "abi/cap.h"

#define MANIFEST_MAGIC UINT64_C(0x3174736e616d7061) /* "apmanst1" */
#define MANIFEST_SERVICES_MAX 32u
#define MANIFEST_NAME_BYTES 32u

struct manifest_header {
    uint64_t magic;
    uint64_t bytes;    /* header and services */
    uint64_t checksum; /* FNV-1a (base/hash.h, hash_sealed) over all of it, with 0 here */
    uint32_t service_count;
    uint32_t reserved;
};

/* A service's end other than EXITED with 0 makes the machine end with failure; once the last of
 * those not marked BACKGROUND has ended, the machine is switched off. */
#define MANIFEST_SERVICE_BACKGROUND 1u
#define MANIFEST_SERVICE_HAS_CPUS 2u

struct manifest_service {
    char name[MANIFEST_NAME_BYTES]; /* NUL-terminated, no two alike */
    uint32_t program;               /* the n-th program of the boot archive, from 0 */
    uint32_t flags;                 /* MANIFEST_SERVICE_* */
    uint32_t weight;                /* of the first thread */
    uint32_t latency_class;
    uint64_t limits[LEDGER_RESOURCE_COUNT];
    uint64_t cpus[16]; /* if HAS_CPUS: its CPU set is what the machine has of these */
    uint32_t cap_count;
    uint32_t session; /* 0: the first process's; else those with the same number share one */
    uint32_t caps[CAP_GIFTS_MAX]; /* enum cap_slot: held in the same slot, no two alike */
};

_Static_assert(MANIFEST_SERVICES_MAX <= CAP_SERVICES_MAX, "a number each");
_Static_assert(sizeof(struct manifest_header) % 8 == 0, "abi");
_Static_assert(sizeof(struct manifest_service) % 8 == 0, "abi");

#endif /* ABI_MANIFEST_H */
