/* SPDX-License-Identifier: MIT */
/*
 * manifest.h - from a manifest, a JSON file (capos-manifest(5)), to a manifest table
 * (abi/manifest.h).
 *
 * Every key that is unknown or missing, every value of another type or out of range is an error
 * with line, column, path and what was expected; reading goes on after it, so that one run shows
 * all of them.  Nothing is printed.  Deterministic: the same file and archive give the same bytes.
 */
#ifndef TOOLS_MANIFEST_H
#define TOOLS_MANIFEST_H

#include "base/manifest.h"
#include "tools/file.h"
#include "workload/diagnostics.h"

/* What the manifest can refer to. */
struct manifest_archive {
    const char *const *programs; /* names, by number; the first is not for services */
    uint32_t program_count;
    /* A service that names a file which is not there holds nothing in its slot. */
    bool has_workload;
    bool has_arguments;
};

struct manifest {
    struct blob table; /* manifest_check takes it */
    bool is_quiet;     /* the kernel prints no boot table */
};

/*
 * Compile `bytes` bytes of `text`.  Returns WORKLOAD_READ with the table in `manifest` (give it
 * back with manifest_fini), or WORKLOAD_REFUSED (errors are in `d`, which was empty before), or
 * WORKLOAD_NO_MEMORY; then `manifest` is empty.
 */
MUST_USE enum workload_status manifest_read(const char *text, size_t bytes,
                                            const struct manifest_archive *archive,
                                            struct workload_diagnostics *d,
                                            struct manifest *manifest);

void manifest_fini(struct manifest *manifest);

/* Give the first service this name, 1 to MANIFEST_NAME_BYTES - 1 bytes, which no other has. */
void manifest_rename_first(struct manifest *manifest, const char *name);

/* Is the archive's n-th program one that a service runs? */
MUST_USE bool manifest_uses(const struct manifest *manifest, uint32_t program);

#endif /* TOOLS_MANIFEST_H */
