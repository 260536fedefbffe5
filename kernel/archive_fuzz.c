/* SPDX-License-Identifier: MIT */
/*
 * archive_fuzz.c - any bytes as a boot archive: refused and nothing touched, or files that lie in
 * it as abi/bootinfo.h says.
 *
 * The first byte says what an input is: bit 0, the archive itself, or else a list of changes to a
 * sound one, (offset, value) in two bytes each; bit 1, the checksum stays as it is, or else it is
 * made to fit, for random bytes never pass it.
 */
#include "kernel/archive.h"

#include "base/assert.h"
#include "base/bits.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

#define FILES 3u
#define CHANGE_BYTES 2u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const struct {
    struct boot_archive header;
    struct boot_entry entries[FILES];
    unsigned char files[32];
} sound = {
    .header = {.magic = BOOT_ARCHIVE_MAGIC, .bytes = sizeof(sound), .entry_count = FILES},
    .entries = {{"program", BOOT_PROGRAM, 0, offsetof(__typeof__(sound), files), 11},
                {"workload", BOOT_WORKLOAD, 0, offsetof(__typeof__(sound), files) + 16, 8},
                {"arguments", BOOT_ARGUMENTS, 0, offsetof(__typeof__(sound), files) + 24, 5}},
    .files = "program....",
};

static void check_file(const struct archive *a, const struct boot_entry *entry, uint64_t end)
{
    ASSERT(memchr(entry->name, '\0', BOOT_NAME_BYTES) != NULL);
    ASSERT(entry->name[0] != '\0');
    ASSERT(entry->kind >= BOOT_PROGRAM && entry->kind <= BOOT_MANIFEST);
    ASSERT(entry->reserved == 0);
    ASSERT(entry->offset == bits_round_up(end, 8));
    ASSERT(entry->offset <= a->header->bytes);
    ASSERT(entry->bytes <= a->header->bytes - entry->offset);
}

static void check_archive(const struct archive *a, const unsigned char *bytes, uint64_t length)
{
    uint64_t end = sizeof(struct boot_archive);

    ASSERT(a->bytes == bytes);
    ASSERT((const unsigned char *)a->header == bytes);
    ASSERT((const unsigned char *)a->entries == bytes + sizeof(struct boot_archive));
    ASSERT(a->header->bytes <= length);
    ASSERT(a->header->entry_count <= BOOT_ARCHIVE_ENTRIES_MAX);
    end += a->header->entry_count * sizeof(struct boot_entry);
    for (uint32_t i = 0; i < a->header->entry_count; i++) {
        check_file(a, &a->entries[i], end);
        end = a->entries[i].offset + a->entries[i].bytes;
    }
    for (enum boot_kind kind = BOOT_PROGRAM; kind <= BOOT_MANIFEST; kind++) {
        struct archive_file file = archive_find(a, kind);

        ASSERT(kind != BOOT_PROGRAM || file.bytes != NULL ||
               (a->header->flags & BOOT_FLAG_SELF_TEST) != 0);
        if (file.bytes != NULL)
            (void)hash_bytes(HASH_START, file.bytes, file.length);
    }
}

static void read_archive(unsigned char *bytes, size_t length, bool is_sealed)
{
    struct boot_archive *header = (void *)bytes;
    struct archive archive = {NULL, NULL, NULL};

    if (is_sealed && length >= sizeof(*header) && header->bytes >= sizeof(*header) &&
        header->bytes <= length)
        header->checksum =
            hash_sealed(bytes, header->bytes, offsetof(struct boot_archive, checksum));
    if (archive_read(bytes, length, &archive) == NULL)
        check_archive(&archive, bytes, length);
    else
        ASSERT(archive.bytes == NULL && archive.header == NULL && archive.entries == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes == 0)
        return 0;
    bool is_whole = (data[0] & 1) != 0;
    size_t length = is_whole ? bytes - 1 : sizeof(sound);
    unsigned char *copy = malloc(length + (length == 0)); /* reading beyond its end is seen */

    if (copy == NULL)
        abort();
    memcpy(copy, is_whole ? data + 1 : (const void *)&sound, length);
    for (size_t i = 1; !is_whole && i + CHANGE_BYTES <= bytes; i += CHANGE_BYTES)
        copy[data[i] % sizeof(sound)] = data[i + 1];
    read_archive(copy, length, (data[0] & 2) == 0);
    free(copy);
    return 0;
}
