/* SPDX-License-Identifier: MIT */
/*
 * archive.h - making and checking boot archives (abi/bootinfo.h) on the host.
 *
 * Deterministic: the same parts give the same bytes, padding and unused fields are zero.
 */
#ifndef TOOLS_ARCHIVE_H
#define TOOLS_ARCHIVE_H

#include "abi/bootinfo.h"
#include "base/types.h"
#include "tools/file.h"

#define ARCHIVE_REFUSAL_TABLE(X)                                                    \
    X(OK, "the archive is sound")                                                   \
    X(COUNT, "an archive holds 1 to 16 files")                                      \
    X(NAME, "a file's name is empty, longer than 31 bytes or not NUL-terminated")   \
    X(KIND, "a file's kind is not program, workload, arguments or manifest")        \
    X(LARGE, "the archive would be larger than 64 MiB")                             \
    X(SHORT, "the file ends inside the header or its table of files")               \
    X(MAGIC, "this is not a boot archive of this version")                          \
    X(BYTES, "the size in the header is not the file's size")                       \
    X(CHECKSUM, "the checksum does not match: the archive is damaged")              \
    X(BOUNDS, "a file of the archive lies outside it or is not 8-aligned")

enum archive_refusal {
#define ARCHIVE_REFUSAL_ENUM(name, sentence) ARCHIVE_##name,
    ARCHIVE_REFUSAL_TABLE(ARCHIVE_REFUSAL_ENUM)
#undef ARCHIVE_REFUSAL_ENUM
    ARCHIVE_REFUSAL_COUNT
};

struct archive_part {
    const char *name; /* up to BOOT_NAME_BYTES - 1 */
    enum boot_kind kind;
    const void *data;
    size_t bytes;
};

/* Build from `count` parts.  Refused: `blob` is left alone.  The caller frees it (blob_fini). */
MUST_USE enum archive_refusal archive_build(const struct archive_part *parts, uint32_t count,
                                            uint32_t flags, struct blob *blob);

/* Give a sound archive another pause seed. */
void archive_set_pause_seed(struct blob *blob, uint64_t seed);

/* Is this a sound archive?  The bytes may be anything; 8-aligned. */
MUST_USE enum archive_refusal archive_check(const unsigned char *data, size_t bytes);

/* Of a sound archive. */
const struct boot_archive *archive_header(const unsigned char *data);
const struct boot_entry *archive_entry(const unsigned char *data, uint32_t number);

const char *archive_refusal_sentence(enum archive_refusal refusal);

/* "program", "workload", "arguments", "manifest"; "unknown" for other numbers. */
const char *archive_kind_name(uint32_t kind);

#endif /* TOOLS_ARCHIVE_H */
