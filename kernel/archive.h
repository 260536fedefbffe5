/* SPDX-License-Identifier: MIT */
/*
 * archive.h - reading the boot archive (abi/bootinfo.h), believing nothing before it is checked.
 *
 * Checked: magic, length, known flags and kinds, names that end, the first file right behind the
 * table, files in order, 8-aligned and inside, at least one program, the checksum.
 * Pure: no locks, no memory of its own; the archive stays where the loader put it.
 */
#ifndef KERNEL_ARCHIVE_H
#define KERNEL_ARCHIVE_H

#include "abi/bootinfo.h"
#include "base/types.h"

struct archive {
    const unsigned char *bytes;
    const struct boot_archive *header;
    const struct boot_entry *entries;
};

struct archive_file {
    const unsigned char *bytes; /* NULL: there is none of this kind */
    uint64_t length;
};

/*
 * Check `length` bytes at `bytes` (8-aligned) and fill `archive`.
 * Returns: NULL, or what is wrong in a few words; `archive` is untouched then.
 * Cost: O(length), one pass.
 */
MUST_USE const char *archive_read(const void *bytes, uint64_t length, struct archive *archive);

/* The first file of a kind in a checked archive. */
struct archive_file archive_find(const struct archive *archive, enum boot_kind kind);

/* The n-th program of a checked archive, from 0; bytes = NULL: it has not so many. */
struct archive_file archive_program(const struct archive *archive, uint32_t number);

#endif /* KERNEL_ARCHIVE_H */
