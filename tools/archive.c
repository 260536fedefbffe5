/* SPDX-License-Identifier: MIT */
#include "tools/archive.h"

#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "base/hash.h"
#include "tools/message.h"

#define PART_ALIGNMENT 8u

_Static_assert(sizeof(struct boot_archive) % PART_ALIGNMENT == 0, "the table of files is aligned");
_Static_assert(sizeof(struct boot_entry) % PART_ALIGNMENT == 0, "the first file is aligned");

const char *archive_refusal_sentence(enum archive_refusal refusal)
{
    static const char *const sentences[] = {
#define ARCHIVE_SENTENCE(name, sentence) [ARCHIVE_##name] = sentence,
        ARCHIVE_REFUSAL_TABLE(ARCHIVE_SENTENCE)
#undef ARCHIVE_SENTENCE
    };

    return refusal < ARCHIVE_REFUSAL_COUNT ? sentences[refusal] : "unknown";
}

const char *archive_kind_name(uint32_t kind)
{
    static const char *const names[] = {"unknown", "program", "workload", "arguments",
                                        "manifest"};

    return kind < ARRAY_COUNT(names) ? names[kind] : names[0];
}

static bool is_kind(uint32_t kind)
{
    return kind >= BOOT_PROGRAM && kind <= BOOT_MANIFEST;
}

const struct boot_archive *archive_header(const unsigned char *data)
{
    return (const struct boot_archive *)(const void *)data;
}

const struct boot_entry *archive_entry(const unsigned char *data, uint32_t number)
{
    const void *table = data + sizeof(struct boot_archive);

    return (const struct boot_entry *)table + number;
}

static size_t table_bytes(uint32_t count)
{
    return sizeof(struct boot_archive) + count * sizeof(struct boot_entry);
}

static uint64_t checksum_of(const unsigned char *data, size_t bytes)
{
    return hash_sealed(data, bytes, offsetof(struct boot_archive, checksum));
}

/* May these parts become an archive, and of how many bytes? */
static enum archive_refusal measure(const struct archive_part *parts, uint32_t count,
                                    size_t *total)
{
    size_t sum = table_bytes(count);

    for (uint32_t i = 0; i < count; i++) {
        size_t length = strlen(parts[i].name);

        if (length == 0 || length >= BOOT_NAME_BYTES)
            return ARCHIVE_NAME;
        if (!is_kind(parts[i].kind))
            return ARCHIVE_KIND;
        if (parts[i].bytes > BOOT_ARCHIVE_BYTES_MAX)
            return ARCHIVE_LARGE;
        sum += bits_round_up(parts[i].bytes, PART_ALIGNMENT);
    }
    *total = sum;
    return sum > BOOT_ARCHIVE_BYTES_MAX ? ARCHIVE_LARGE : ARCHIVE_OK;
}

enum archive_refusal archive_build(const struct archive_part *parts, uint32_t count,
                                   uint32_t flags, struct blob *blob)
{
    struct boot_archive header = {.magic = BOOT_ARCHIVE_MAGIC, .entry_count = count,
                                  .flags = flags};
    enum archive_refusal refusal;
    unsigned char *data;
    size_t offset, total;

    if (count == 0 || count > BOOT_ARCHIVE_ENTRIES_MAX)
        return ARCHIVE_COUNT;
    refusal = measure(parts, count, &total);
    if (refusal != ARCHIVE_OK)
        return refusal;

    data = memory_create(total, 1);
    offset = table_bytes(count);
    for (uint32_t i = 0; i < count; i++) {
        struct boot_entry entry = {.kind = parts[i].kind, .offset = offset,
                                   .bytes = parts[i].bytes};

        memcpy(entry.name, parts[i].name, strlen(parts[i].name));
        memcpy(data + sizeof header + i * sizeof entry, &entry, sizeof entry);
        if (parts[i].bytes != 0)
            memcpy(data + offset, parts[i].data, parts[i].bytes);
        offset += bits_round_up(parts[i].bytes, PART_ALIGNMENT);
    }
    ASSERT(offset == total);
    header.bytes = total;
    memcpy(data, &header, sizeof header);
    header.checksum = checksum_of(data, total);
    memcpy(data, &header, sizeof header);
    *blob = (struct blob){data, total};
    return ARCHIVE_OK;
}

void archive_set_pause_seed(struct blob *blob, uint64_t seed)
{
    struct boot_archive header;

    memcpy(&header, blob->data, sizeof header);
    header.pause_seed = seed;
    memcpy(blob->data, &header, sizeof header);
    header.checksum = checksum_of(blob->data, blob->bytes);
    memcpy(blob->data, &header, sizeof header);
}

static enum archive_refusal check_entry(const struct boot_entry *entry, size_t first, size_t bytes)
{
    if (entry->name[0] == '\0' || memchr(entry->name, '\0', BOOT_NAME_BYTES) == NULL)
        return ARCHIVE_NAME;
    if (!is_kind(entry->kind))
        return ARCHIVE_KIND;
    if (entry->offset < first || entry->offset > bytes || entry->offset % PART_ALIGNMENT != 0)
        return ARCHIVE_BOUNDS;
    return entry->bytes > bytes - entry->offset ? ARCHIVE_BOUNDS : ARCHIVE_OK;
}

enum archive_refusal archive_check(const unsigned char *data, size_t bytes)
{
    const struct boot_archive *header = archive_header(data);

    if (bytes < sizeof *header)
        return ARCHIVE_SHORT;
    if (header->magic != BOOT_ARCHIVE_MAGIC)
        return ARCHIVE_MAGIC;
    if (header->bytes != bytes || bytes > BOOT_ARCHIVE_BYTES_MAX)
        return ARCHIVE_BYTES;
    if (header->entry_count == 0 || header->entry_count > BOOT_ARCHIVE_ENTRIES_MAX)
        return ARCHIVE_COUNT;
    if (bytes < table_bytes(header->entry_count))
        return ARCHIVE_SHORT;
    if (header->checksum != checksum_of(data, bytes))
        return ARCHIVE_CHECKSUM;
    for (uint32_t i = 0; i < header->entry_count; i++) {
        enum archive_refusal refusal =
            check_entry(archive_entry(data, i), table_bytes(header->entry_count), bytes);

        if (refusal != ARCHIVE_OK)
            return refusal;
    }
    return ARCHIVE_OK;
}
