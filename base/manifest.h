/* SPDX-License-Identifier: MIT */
/*
 * manifest.h - checking a manifest table (abi/manifest.h): by the host that made it, and by the
 * first process before it starts the first service.
 *
 * After MANIFEST_TABLE_OK
 *   I1  the services follow the header and fill the table exactly; there is at least one that is
 *       not in the background,
 *   I2  every name ends, holds no control character, and no two are alike,
 *   I3  every program is one of the archive's and not the first, which starts the others,
 *   I4  every capability is one that a manifest can name, none twice, and its slot is counted,
 *   I5  every number is inside its limit, and what is unused is zero.
 * So users of a table check nothing again.  Pure; no locks, no allocation.
 */
#ifndef BASE_MANIFEST_H
#define BASE_MANIFEST_H

#include "abi/manifest.h"
#include "base/types.h"

#define MANIFEST_REFUSAL_TABLE(X)                                                     \
    X(OK, "the table is sound")                                                       \
    X(ALIGNMENT, "the table is not aligned to 8 bytes")                               \
    X(SIZE, "the table's size is not what its header says")                           \
    X(MAGIC, "these bytes are not a manifest table of this version")                  \
    X(COUNT, "there are no services, or more than a table holds")                     \
    X(CHECKSUM, "the checksum does not match: the table is damaged")                  \
    X(RESERVED, "a reserved field or an unknown flag is not zero")                    \
    X(NAME, "a service's name is empty, does not end, or holds a control character")  \
    X(NAME_TWICE, "two services have the same name")                                  \
    X(PROGRAM, "a service's program is the first one or none of the archive's")       \
    X(WEIGHT, "a weight or latency class is outside its range")                       \
    X(LIMIT, "a limit is outside its range")                                          \
    X(CPUS, "a CPU set is empty, or there without its flag or the capability for it") \
    X(CAPABILITY, "a capability is none that a manifest names, or it is named twice") \
    X(FOREGROUND, "every service is in the background: nothing would be waited for")  \
    X(SESSION, "a session's number is above the number of services there can be")

enum manifest_refusal {
#define MANIFEST_REFUSAL_ENUM(name, sentence) MANIFEST_TABLE_##name,
    MANIFEST_REFUSAL_TABLE(MANIFEST_REFUSAL_ENUM)
#undef MANIFEST_REFUSAL_ENUM
    MANIFEST_REFUSAL_COUNT
};

/* What a service's limits may be, the processes it makes included.  That of OPERATIONS is
 * RING_INFLIGHT_MAX for each thread. */
#define MANIFEST_FRAMES_MAX (1u << 24)
#define MANIFEST_SLOTS_MAX (1u << 20)
#define MANIFEST_THREADS_MAX (1u << 16)
#define MANIFEST_GRANTS_MAX (1u << 16)
#define MANIFEST_OBJECTS_MAX (1u << 16)

/*
 * Check `bytes` bytes at `table`, made for an archive of `program_count` programs.  They may hold
 * anything at all.  Cost: O(bytes + services^2).
 */
MUST_USE enum manifest_refusal manifest_check(const void *table, uint64_t bytes,
                                              uint32_t program_count);

/* The table's sentence; "unknown" for a value that is not in it. */
const char *manifest_refusal_sentence(enum manifest_refusal refusal);

/* Write `header->checksum`; the rest of the table is complete. */
void manifest_seal(struct manifest_header *header);

/* The word for a capability in manifests; NULL for a slot that none names. */
const char *manifest_capability_name(uint32_t slot);

/* The word for a limit in manifests. */
const char *manifest_limit_name(enum ledger_resource resource);

/* The least and the greatest value of a limit. */
struct manifest_range {
    uint64_t least;
    uint64_t greatest;
};
struct manifest_range manifest_limit_range(enum ledger_resource resource);

/* ---- Reading a checked table ----------------------------------------------------------------- */

static inline const struct manifest_service *manifest_services(const struct manifest_header *header)
{
    return (const struct manifest_service *)(const void *)(header + 1);
}

#endif /* BASE_MANIFEST_H */
