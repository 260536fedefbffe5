/* SPDX-License-Identifier: MIT */
/*
 * program.h - the programs of the boot archive, ready to be started any number of times.
 *
 * A segment that is not writable is laid out in frames once, at boot, and shared by all processes
 * of the program; a writable one is copied from the archive for each.
 * No locks: nothing changes after boot.
 */
#ifndef KERNEL_PROGRAM_H
#define KERNEL_PROGRAM_H

#include "base/elf.h"
#include "kernel/archive.h"
#include "kernel/limits.h"

struct program {
    const unsigned char *image;
    struct elf_plan plan;
    uint64_t shared[ELF_SEGMENTS_MAX]; /* physical address of the first frame, or 0: writable */
};

_Static_assert(ELF_PAGE_BYTES == ARCH_PAGE_BYTES, "segments share no page");
_Static_assert(PROGRAM_BEGIN == ARCH_USER_LOW, "a program is in user memory");
_Static_assert((uint32_t)ELF_READ == (uint32_t)ARCH_READ, "a segment's access is mapped as it is");
_Static_assert((uint32_t)ELF_WRITE == (uint32_t)ARCH_WRITE, "so");
_Static_assert((uint32_t)ELF_EXECUTE == (uint32_t)ARCH_EXECUTE, "so");

/* Prepare all programs of a checked archive.  Returns NULL, or what is wrong in a few words. */
MUST_USE const char *program_load_all(const struct archive *archive);

/* The n-th program, from 0, or NULL. */
const struct program *program_at(uint64_t number);

#endif /* KERNEL_PROGRAM_H */
