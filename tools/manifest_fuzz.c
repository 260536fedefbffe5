/* SPDX-License-Identifier: MIT */
/*
 * manifest_fuzz.c - any bytes as a manifest: a typed answer with reasons, no leak, nothing read or
 * written outside, and what is accepted is a table that the check takes.
 */
#include "base/assert.h"
#include "tools/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const char *const programs[] = {"init.elf", "loadgen.elf", "test.elf"};
    static const struct manifest_archive archive = {programs, ARRAY_COUNT(programs), true, true};
    static struct workload_diagnostics d;
    struct manifest manifest;

    d = (struct workload_diagnostics){0};

    enum workload_status status =
        manifest_read((const char *)data, bytes, &archive, &d, &manifest);

    ASSERT(status == WORKLOAD_READ || status == WORKLOAD_REFUSED);
    ASSERT((status == WORKLOAD_REFUSED) == (d.error_count != 0));
    if (status == WORKLOAD_READ) {
        ASSERT(manifest_check(manifest.table.data, manifest.table.bytes, archive.program_count) ==
               MANIFEST_TABLE_OK);
        manifest_rename_first(&manifest, "x");
        (void)manifest_uses(&manifest, 1);
    }
    manifest_fini(&manifest);
    return 0;
}
