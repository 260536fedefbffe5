/* SPDX-License-Identifier: MIT */
/*
 * boot.h - putting a boot archive together: the first program, the services' programs, the files
 * they work on, and the manifest that says who runs and holds what.
 *
 * The first program is always init, built with capos (paths.h), so a manifest's programs are
 * numbered from 1.  Order: init, programs, workload, arguments, manifest.
 */
#ifndef TOOLS_BOOT_H
#define TOOLS_BOOT_H

#include "abi/bootinfo.h"
#include "tools/file.h"
#include "workload/reader.h"

/* Beside init, workload, arguments and manifest. */
#define BOOT_PROGRAMS_MAX (BOOT_ARCHIVE_ENTRIES_MAX - 4u)

struct boot_programs {
    const char *given[BOOT_PROGRAMS_MAX]; /* PATH, or NAME=PATH; a path's name is the file's own */
    uint32_t count;
};

struct boot_request {
    const char *manifest; /* its path; NULL: the default for single programs (manifests/test.json),
                           * whose service then has the name of the only program */
    struct boot_programs programs;
    const char *spare; /* path of a program that goes in if the manifest needs it; NULL: none */
    const struct workload_blob *workload; /* NULL: none */
    const char *arguments;                /* NULL: none */
    uint32_t flags;                       /* BOOT_FLAG_* */
};

/*
 * Make the archive.  A program that the kernel would not start (base/elf.h) is refused.  Without
 * manifest and programs it starts nothing, which only a machine's self-test can do.
 * false: said why; `archive` holds nothing.
 */
MUST_USE bool boot_build(const struct boot_request *request, struct blob *archive);

#endif /* TOOLS_BOOT_H */
