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

#include "kernel/archive.h"
#include "kernel/elf.h"

struct program {
    const unsigned char *image;
    struct elf_plan plan;
    uint64_t shared[ELF_SEGMENTS_MAX]; /* physical address of the first frame, or 0: writable */
};

/* Prepare all programs of a checked archive.  Returns NULL, or what is wrong in a few words. */
MUST_USE const char *program_load_all(const struct archive *archive);

/* The n-th program, from 0, or NULL. */
const struct program *program_at(uint64_t number);

#endif /* KERNEL_PROGRAM_H */
