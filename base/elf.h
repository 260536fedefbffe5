/* SPDX-License-Identifier: MIT */
/*
 * elf.h - reading a static ELF64 executable (System V gABI, chapters 4 and 5; x86-64 psABI): for
 * the kernel, which starts it, and for the tools, which refuse it before with the same words.
 *
 * Strict: one class, one machine, fixed addresses, at most ELF_SEGMENTS_MAX loadable segments in
 * rising order that share no page and lie in [PROGRAM_BEGIN, PROGRAM_END); a segment that is
 * writable and executable is refused (W^X), and so is a program that wants an interpreter or
 * relocation.  The entry must lie in an executable segment.
 * Pure: no locks, no memory; reading changes nothing, the caller maps what the plan says.
 */
#ifndef BASE_ELF_H
#define BASE_ELF_H

#include "abi/bootinfo.h"
#include "base/types.h"

#define ELF_SEGMENTS_MAX 16u
#define ELF_SEGMENT_BYTES_MAX (UINT64_C(64) << 20)
#define ELF_PAGE_BYTES 4096u

enum elf_access { ELF_READ = 1, ELF_WRITE = 2, ELF_EXECUTE = 4 };

struct elf_segment {
    uint64_t virt;         /* where it begins; any byte of a page */
    uint64_t memory_bytes; /* file_bytes, then zeros */
    uint64_t file_offset;
    uint64_t file_bytes;
    uint32_t access; /* enum elf_access bits */
};

struct elf_plan {
    uint64_t entry;
    uint32_t segment_count;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/* Fill `plan` from an image of `length` bytes.  Returns NULL, or what is wrong in a few words. */
MUST_USE const char *elf_read(const unsigned char *image, uint64_t length, struct elf_plan *plan);

#endif /* BASE_ELF_H */
