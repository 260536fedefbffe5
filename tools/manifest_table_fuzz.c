/* SPDX-License-Identifier: MIT */
/*
 * manifest_table_fuzz.c - any bytes as a manifest table.
 *
 * Random bytes would never pass the checksum, so an input is a list of changes to a sound table:
 * (offset, value) in three bytes each, after which the checksum is made to fit.  An input whose
 * first byte is odd is taken as the table itself.  What is accepted must be what the header of
 * base/manifest.h promises.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "tools/manifest.h"

#define CHANGE_BYTES 3u
#define PROGRAMS 3u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define LIMITS "\"limits\":{\"frames\":9,\"slots\":9,\"threads\":2,\"grants\":1,\"objects\":1}"
static const char text[] =
    "{\"services\":{\"a\":{\"program\":\"p\",\"capabilities\":[\"console\",\"cpus\"],"
    "\"cpus\":[0,70]," LIMITS "},\"b\":{\"program\":\"q\",\"capabilities\":[],"
    "\"background\":true," LIMITS "}}}";

static void check_and_use(const void *table, uint64_t bytes)
{
    const struct manifest_header *header = table;

    if (manifest_check(table, bytes, PROGRAMS) != MANIFEST_TABLE_OK)
        return;
    ASSERT(bytes == header->bytes);
    for (uint32_t i = 0; i < header->service_count; i++) {
        const struct manifest_service *service = &manifest_services(header)[i];

        ASSERT(strlen(service->name) < MANIFEST_NAME_BYTES);
        ASSERT(service->program > 0);
        ASSERT(service->program < PROGRAMS);
        ASSERT(service->session <= MANIFEST_SERVICES_MAX);
        ASSERT(service->limits[LEDGER_SLOTS] >= service->cap_count);
        for (uint32_t j = 0; j < service->cap_count; j++)
            ASSERT(manifest_capability_name(service->caps[j]) != NULL);
    }
}

/* A copy on the heap, so that reading beyond its end is seen, and aligned. */
static unsigned char *copy_of(const void *bytes, size_t size)
{
    unsigned char *copy = malloc(size + (size == 0));

    if (copy == NULL)
        abort();
    memcpy(copy, bytes, size);
    return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const char *const programs[PROGRAMS] = {"init.elf", "p", "q"};
    static const struct manifest_archive archive = {programs, PROGRAMS, false, false};
    static struct workload_diagnostics d;
    static struct manifest sound;

    if (sound.table.data == NULL &&
        manifest_read(text, strlen(text), &archive, &d, &sound) != WORKLOAD_READ)
        abort();
    if (bytes == 0)
        return 0;
    if (data[0] % 2 == 1) {
        unsigned char *raw = copy_of(data + 1, bytes - 1);

        check_and_use(raw, bytes - 1);
        free(raw);
        return 0;
    }

    const size_t size = sound.table.bytes;
    unsigned char *table = copy_of(sound.table.data, size);
    struct manifest_header *header = (struct manifest_header *)(void *)table;

    for (size_t i = 1; i + CHANGE_BYTES <= bytes; i += CHANGE_BYTES)
        table[((size_t)data[i] << 8 | data[i + 1]) % size] = data[i + 2];
    header->bytes = size; /* the seal reads so many */
    manifest_seal(header);
    check_and_use(table, size);
    free(table);
    return 0;
}
