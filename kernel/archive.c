/* SPDX-License-Identifier: MIT */
#include "kernel/archive.h"

#include "base/assert.h"
#include "base/bits.h"
#include "base/hash.h"

#define FILE_ALIGNMENT 8u
#define FLAGS_KNOWN (BOOT_FLAG_QUIET | BOOT_FLAG_SELF_TEST)

static bool name_ends(const char *name)
{
    for (uint32_t i = 0; i < BOOT_NAME_BYTES; i++)
        if (name[i] == '\0')
            return i > 0;
    return false;
}

static const char *check_header(const struct boot_archive *header, uint64_t length)
{
    if (header->magic != BOOT_ARCHIVE_MAGIC)
        return "it does not begin with the archive's magic number";
    if (header->bytes < sizeof(*header) || header->bytes > length)
        return "it is shorter than it says";
    if (header->bytes > BOOT_ARCHIVE_BYTES_MAX)
        return "it is longer than an archive may be";
    if ((header->flags & ~FLAGS_KNOWN) != 0)
        return "it has a flag that is not known";
    if (header->entry_count == 0 || header->entry_count > BOOT_ARCHIVE_ENTRIES_MAX)
        return "its number of files is not possible";
    if (header->entry_count * sizeof(struct boot_entry) > header->bytes - sizeof(*header))
        return "its table of files does not fit";
    return NULL;
}

/* `end` is where the file before ends; each file begins at the next possible place. */
static const char *check_entry(const struct boot_entry *entry, uint64_t end, uint64_t bytes)
{
    if (!name_ends(entry->name))
        return "a file's name is empty or does not end";
    if (entry->kind < BOOT_PROGRAM || entry->kind > BOOT_MANIFEST)
        return "a file's kind is not known";
    if (entry->reserved != 0)
        return "a reserved field is not zero";
    if (entry->offset != bits_round_up(end, FILE_ALIGNMENT))
        return "a file does not begin where the one before it ends";
    if (entry->offset > bytes || entry->bytes > bytes - entry->offset)
        return "a file reaches beyond the end";
    return NULL;
}

static const char *check_entries(const struct boot_archive *header,
                                 const struct boot_entry *entries)
{
    uint64_t end = sizeof(*header) + header->entry_count * sizeof(*entries);
    bool has_program = false;

    for (uint32_t i = 0; i < header->entry_count; i++) { /* at most BOOT_ARCHIVE_ENTRIES_MAX */
        const char *wrong = check_entry(&entries[i], end, header->bytes);

        if (wrong != NULL)
            return wrong;
        end = entries[i].offset + entries[i].bytes;
        has_program |= entries[i].kind == BOOT_PROGRAM;
    }
    if (bits_round_up(end, FILE_ALIGNMENT) != bits_round_up(header->bytes, FILE_ALIGNMENT))
        return "it goes on behind its last file";
    if (!has_program && (header->flags & BOOT_FLAG_SELF_TEST) == 0)
        return "it has no program";
    return NULL;
}

const char *archive_read(const void *bytes, uint64_t length, struct archive *archive)
{
    const struct boot_archive *header = bytes;
    const struct boot_entry *entries = (const void *)(header + 1);
    const char *wrong;

    ASSERT((uintptr_t)bytes % FILE_ALIGNMENT == 0);
    if (length < sizeof(*header))
        return "it is shorter than a header";
    wrong = check_header(header, length);
    if (wrong == NULL)
        wrong = check_entries(header, entries);
    if (wrong != NULL)
        return wrong;
    if (hash_sealed(header, header->bytes, offsetof(struct boot_archive, checksum)) !=
        header->checksum)
        return "its checksum does not match";
    *archive = (struct archive){.bytes = bytes, .header = header, .entries = entries};
    return NULL;
}

static struct archive_file find_nth(const struct archive *archive, enum boot_kind kind, uint32_t n)
{
    for (uint32_t i = 0; i < archive->header->entry_count; i++) { /* BOOT_ARCHIVE_ENTRIES_MAX */
        const struct boot_entry *entry = &archive->entries[i];

        if (entry->kind != (uint32_t)kind)
            continue;
        if (n == 0)
            return (struct archive_file){archive->bytes + entry->offset, entry->bytes};
        n--;
    }
    return (struct archive_file){NULL, 0};
}

struct archive_file archive_find(const struct archive *archive, enum boot_kind kind)
{
    return find_nth(archive, kind, 0);
}

struct archive_file archive_program(const struct archive *archive, uint32_t number)
{
    return find_nth(archive, BOOT_PROGRAM, number);
}
