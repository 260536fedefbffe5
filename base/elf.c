/* SPDX-License-Identifier: MIT */
#include "base/elf.h"

#include "base/bits.h"

enum {
    ELF_CLASS_64 = 2,
    ELF_LITTLE_ENDIAN = 1,
    ELF_VERSION = 1,
    ELF_TYPE_EXECUTABLE = 2,
    ELF_MACHINE_X86_64 = 62,
    ELF_PROGRAM_LOAD = 1,
    ELF_PROGRAM_DYNAMIC = 2,
    ELF_PROGRAM_INTERPRETER = 3,
    ELF_FLAG_EXECUTE = 1,
    ELF_FLAG_WRITE = 2,
    ELF_FLAG_READ = 4
};

#define ELF_PROGRAM_HEADERS_MAX 64u

struct elf_header {
    unsigned char magic[4];
    uint8_t class;
    uint8_t data;
    uint8_t ident_version;
    uint8_t abi[9];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_offset;
    uint64_t section_offset;
    uint32_t flags;
    uint16_t header_bytes;
    uint16_t program_bytes;
    uint16_t program_count;
    uint16_t section_bytes;
    uint16_t section_count;
    uint16_t names_index;
};

struct elf_program {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t virt;
    uint64_t phys;
    uint64_t file_bytes;
    uint64_t memory_bytes;
    uint64_t alignment;
};

_Static_assert(sizeof(struct elf_header) == 64, "gABI");
_Static_assert(sizeof(struct elf_program) == 56, "gABI");

/* The image is only as aligned as the boot archive made it: read by bytes. */
static void copy(void *to, const unsigned char *from, uint64_t bytes)
{
    unsigned char *at = to;

    for (uint64_t i = 0; i < bytes; i++) /* a header */
        at[i] = from[i];
}

static const char *check_header(const struct elf_header *h, uint64_t length)
{
    if (h->magic[0] != 0x7f || h->magic[1] != 'E' || h->magic[2] != 'L' || h->magic[3] != 'F')
        return "it is no ELF file";
    if (h->class != ELF_CLASS_64 || h->data != ELF_LITTLE_ENDIAN ||
        h->ident_version != ELF_VERSION || h->version != ELF_VERSION)
        return "it is no little-endian ELF64 of version 1";
    if (h->machine != ELF_MACHINE_X86_64)
        return "it is for another machine";
    if (h->type != ELF_TYPE_EXECUTABLE)
        return "it is no executable with fixed addresses";
    if (h->program_bytes != sizeof(struct elf_program))
        return "its program headers have another size";
    if (h->program_count == 0 || h->program_count > ELF_PROGRAM_HEADERS_MAX)
        return "its number of program headers is not possible";
    if (h->program_offset > length ||
        h->program_count * sizeof(struct elf_program) > length - h->program_offset)
        return "its program headers lie outside the file";
    return NULL;
}

static uint32_t access_of(uint32_t flags)
{
    return (uint32_t)ELF_READ | ((flags & ELF_FLAG_WRITE) != 0 ? (uint32_t)ELF_WRITE : 0) |
           ((flags & ELF_FLAG_EXECUTE) != 0 ? (uint32_t)ELF_EXECUTE : 0);
}

/* `from` is the first address no segment before this one has a page at. */
static const char *check_segment(const struct elf_program *p, uint64_t from, uint64_t length)
{
    if ((p->flags & ~(uint32_t)(ELF_FLAG_READ | ELF_FLAG_WRITE | ELF_FLAG_EXECUTE)) != 0)
        return "a segment has a flag that is not known";
    if ((p->flags & ELF_FLAG_WRITE) != 0 && (p->flags & ELF_FLAG_EXECUTE) != 0)
        return "a segment is writable and executable";
    if (p->file_bytes > p->memory_bytes)
        return "a segment has more bytes in the file than in memory";
    if (p->offset > length || p->file_bytes > length - p->offset)
        return "a segment lies outside the file";
    if (p->memory_bytes > ELF_SEGMENT_BYTES_MAX)
        return "a segment is longer than a program may be";
    if (p->virt < from)
        return "segments share a page, are out of order, or lie below user memory";
    if (p->virt > PROGRAM_END || p->memory_bytes > PROGRAM_END - p->virt)
        return "a segment lies beyond where programs end";
    return NULL;
}

static const char *read_program(const struct elf_program *p, uint64_t length, uint64_t *from,
                                struct elf_plan *plan)
{
    const char *wrong;

    if (p->type == ELF_PROGRAM_INTERPRETER || p->type == ELF_PROGRAM_DYNAMIC)
        return "it wants to be linked at run time";
    if (p->type != ELF_PROGRAM_LOAD || p->memory_bytes == 0)
        return NULL;
    if (plan->segment_count == ELF_SEGMENTS_MAX)
        return "it has too many segments";
    wrong = check_segment(p, *from, length);
    if (wrong != NULL)
        return wrong;
    plan->segments[plan->segment_count++] = (struct elf_segment){
        .virt = p->virt,
        .memory_bytes = p->memory_bytes,
        .file_offset = p->offset,
        .file_bytes = p->file_bytes,
        .access = access_of(p->flags),
    };
    *from = bits_round_up(p->virt + p->memory_bytes, ELF_PAGE_BYTES);
    return NULL;
}

static bool entry_is_code(const struct elf_plan *plan)
{
    for (uint32_t i = 0; i < plan->segment_count; i++) { /* at most ELF_SEGMENTS_MAX */
        const struct elf_segment *s = &plan->segments[i];

        if (plan->entry >= s->virt && plan->entry - s->virt < s->memory_bytes)
            return (s->access & ELF_EXECUTE) != 0;
    }
    return false;
}

const char *elf_read(const unsigned char *image, uint64_t length, struct elf_plan *plan)
{
    struct elf_header header;
    uint64_t from = PROGRAM_BEGIN;
    const char *wrong;

    if (length < sizeof(header))
        return "it is shorter than a header";
    copy(&header, image, sizeof(header));
    wrong = check_header(&header, length);
    if (wrong != NULL)
        return wrong;
    *plan = (struct elf_plan){.entry = header.entry};
    for (uint32_t i = 0; i < header.program_count; i++) { /* at most ELF_PROGRAM_HEADERS_MAX */
        struct elf_program program;

        copy(&program, image + header.program_offset + i * sizeof(program), sizeof(program));
        wrong = read_program(&program, length, &from, plan);
        if (wrong != NULL)
            return wrong;
    }
    return entry_is_code(plan) ? NULL : "its entry is not in an executable segment";
}
