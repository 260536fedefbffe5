/* SPDX-License-Identifier: MIT */
#include "base/manifest.h"

#include "abi/ring.h"
#include "abi/sched.h"
#include "base/cpumask.h"
#include "base/hash.h"

#define TABLE_ALIGNMENT 8u
#define FLAGS_KNOWN (MANIFEST_SERVICE_BACKGROUND | MANIFEST_SERVICE_HAS_CPUS)
#define DELETE 0x7f

/* ---- Words and ranges ------------------------------------------------------------------------ */

const char *manifest_refusal_sentence(enum manifest_refusal refusal)
{
    static const char *const sentences[] = {
#define MANIFEST_SENTENCE(name, sentence) sentence,
        MANIFEST_REFUSAL_TABLE(MANIFEST_SENTENCE)
#undef MANIFEST_SENTENCE
    };

    return (uint32_t)refusal < MANIFEST_REFUSAL_COUNT ? sentences[refusal] : "unknown";
}

const char *manifest_capability_name(uint32_t slot)
{
    /* Kinds without a slot of their own are at 0, where no capability is. */
    static const struct {
        uint32_t slot;
        const char *name;
    } names[] = {
#define MANIFEST_CAPABILITY(name, number, slot, word, what) {slot, word},
        CAP_KIND_TABLE(MANIFEST_CAPABILITY)
#undef MANIFEST_CAPABILITY
        {CAP_WORKLOAD, "workload"},
        {CAP_ARGUMENTS, "arguments"},
    };

    for (size_t i = 0; slot != CAP_NONE && i < ARRAY_COUNT(names); i++)
        if (names[i].slot == slot)
            return names[i].name;
    return NULL;
}

const char *manifest_limit_name(enum ledger_resource resource)
{
    static const char *const names[] = {
#define MANIFEST_LIMIT(name, number, word, what) [number] = word,
        LEDGER_TABLE(MANIFEST_LIMIT)
#undef MANIFEST_LIMIT
    };

    return (uint32_t)resource < LEDGER_RESOURCE_COUNT ? names[resource] : "unknown";
}

struct manifest_range manifest_limit_range(enum ledger_resource resource)
{
    static const struct manifest_range ranges[LEDGER_RESOURCE_COUNT] = {
        [LEDGER_FRAMES] = {1, MANIFEST_FRAMES_MAX},
        [LEDGER_SLOTS] = {0, MANIFEST_SLOTS_MAX},
        [LEDGER_THREADS] = {1, MANIFEST_THREADS_MAX},
        [LEDGER_OPERATIONS] = {RING_INFLIGHT_MAX, RING_INFLIGHT_MAX * MANIFEST_THREADS_MAX},
        [LEDGER_GRANTS] = {0, MANIFEST_GRANTS_MAX},
        [LEDGER_OBJECTS] = {0, MANIFEST_OBJECTS_MAX},
    };

    return ranges[resource];
}

/* ---- The check ------------------------------------------------------------------------------- */

/* Bytes behind the name's end are zero, so that names can be compared as a whole. */
static bool name_is_sound(const char *name)
{
    bool has_ended = false;

    for (uint32_t i = 0; i < MANIFEST_NAME_BYTES; i++) {
        unsigned char byte = (unsigned char)name[i];

        if (byte == '\0')
            has_ended = true;
        else if (has_ended || byte < ' ' || byte == DELETE)
            return false;
    }
    return has_ended && name[0] != '\0';
}

static bool names_are_equal(const char *a, const char *b)
{
    for (uint32_t i = 0; i < MANIFEST_NAME_BYTES; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static bool limits_are_sound(const struct manifest_service *service)
{
    const uint64_t *limits = service->limits;

    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
        struct manifest_range range = manifest_limit_range((enum ledger_resource)i);

        if (limits[i] < range.least || limits[i] > range.greatest)
            return false;
    }
    return limits[LEDGER_SLOTS] >= service->cap_count &&
           limits[LEDGER_OPERATIONS] == RING_INFLIGHT_MAX * limits[LEDGER_THREADS];
}

/* Fills `slots` with a bit for each capability.  Slots that can be named are below 32. */
static bool caps_are_sound(const struct manifest_service *service, uint32_t *slots)
{
    *slots = 0;
    if (service->cap_count > CAP_GIFTS_MAX)
        return false;
    for (uint32_t i = 0; i < CAP_GIFTS_MAX; i++) {
        uint32_t slot = service->caps[i];

        if (i >= service->cap_count) {
            if (slot != CAP_NONE)
                return false;
        } else if (manifest_capability_name(slot) == NULL || (*slots >> slot & 1) != 0) {
            return false;
        } else {
            *slots |= UINT32_C(1) << slot;
        }
    }
    return true;
}

static bool cpus_are_sound(const struct manifest_service *service, uint32_t slots)
{
    bool is_empty = cpumask_is_empty(service->cpus, CPUMASK_WORDS);

    if ((service->flags & MANIFEST_SERVICE_HAS_CPUS) == 0)
        return is_empty;
    return !is_empty && (slots >> CAP_CPUS & 1) != 0;
}

static enum manifest_refusal check_service(const struct manifest_service *service,
                                           uint32_t program_count)
{
    uint32_t slots;

    if (!name_is_sound(service->name))
        return MANIFEST_TABLE_NAME;
    if ((service->flags & ~FLAGS_KNOWN) != 0)
        return MANIFEST_TABLE_RESERVED;
    if (service->session > MANIFEST_SERVICES_MAX)
        return MANIFEST_TABLE_SESSION;
    if (service->program == 0 || service->program >= program_count)
        return MANIFEST_TABLE_PROGRAM;
    if (service->weight < WEIGHT_MIN || service->weight > WEIGHT_MAX ||
        service->latency_class >= LATENCY_CLASS_COUNT)
        return MANIFEST_TABLE_WEIGHT;
    if (!caps_are_sound(service, &slots))
        return MANIFEST_TABLE_CAPABILITY;
    if (!limits_are_sound(service))
        return MANIFEST_TABLE_LIMIT;
    return cpus_are_sound(service, slots) ? MANIFEST_TABLE_OK : MANIFEST_TABLE_CPUS;
}

static enum manifest_refusal check_services(const struct manifest_header *header,
                                            uint32_t program_count)
{
    const struct manifest_service *services = manifest_services(header);
    bool has_foreground = false;

    for (uint32_t i = 0; i < header->service_count; i++) { /* at most MANIFEST_SERVICES_MAX */
        enum manifest_refusal refusal = check_service(&services[i], program_count);

        if (refusal != MANIFEST_TABLE_OK)
            return refusal;
        for (uint32_t j = 0; j < i; j++)
            if (names_are_equal(services[i].name, services[j].name))
                return MANIFEST_TABLE_NAME_TWICE;
        has_foreground |= (services[i].flags & MANIFEST_SERVICE_BACKGROUND) == 0;
    }
    return has_foreground ? MANIFEST_TABLE_OK : MANIFEST_TABLE_FOREGROUND;
}

static uint64_t checksum_of(const struct manifest_header *header)
{
    return hash_sealed(header, header->bytes, offsetof(struct manifest_header, checksum));
}

void manifest_seal(struct manifest_header *header)
{
    header->checksum = checksum_of(header);
}

enum manifest_refusal manifest_check(const void *table, uint64_t bytes, uint32_t program_count)
{
    const struct manifest_header *header = table;

    if ((uintptr_t)table % TABLE_ALIGNMENT != 0)
        return MANIFEST_TABLE_ALIGNMENT;
    if (bytes < sizeof(*header))
        return MANIFEST_TABLE_SIZE;
    if (header->magic != MANIFEST_MAGIC)
        return MANIFEST_TABLE_MAGIC;
    if (header->service_count == 0 || header->service_count > MANIFEST_SERVICES_MAX)
        return MANIFEST_TABLE_COUNT;
    if (header->bytes != bytes ||
        bytes != sizeof(*header) + header->service_count * sizeof(struct manifest_service))
        return MANIFEST_TABLE_SIZE;
    if (header->checksum != checksum_of(header))
        return MANIFEST_TABLE_CHECKSUM;
    if (header->reserved != 0)
        return MANIFEST_TABLE_RESERVED;
    return check_services(header, program_count);
}
