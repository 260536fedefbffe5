/* SPDX-License-Identifier: MIT */
#include "tools/boot.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/elf.h"
#include "tools/archive.h"
#include "tools/input.h"
#include "tools/manifest.h"
#include "tools/message.h"
#include "tools/paths.h"
#include "workload/prepass.h"

#define INIT_NAME "init.elf"
#define TEST_NAME "test.elf" /* the program of the default manifest */
#define SUFFIX ".elf"
#define DELETE 0x7f

struct program {
    char name[BOOT_NAME_BYTES];
    struct blob blob;
};

struct assembly {
    const struct boot_request *request;
    struct paths paths;
    struct program programs[BOOT_ARCHIVE_ENTRIES_MAX + 1]; /* init, given, spare */
    uint32_t count;
    struct manifest manifest;
};

/* ---- Programs -------------------------------------------------------------------------------- */

/* Take "NAME=PATH" or "PATH" apart.  false, and said why: the archive cannot hold such a name. */
static bool split_name(const char *given, char name[BOOT_NAME_BYTES], const char **path)
{
    const char *equals = strchr(given, '=');
    const char *slash = strchr(given, '/');
    const char *from = given;
    size_t bytes;

    if (equals != NULL && (slash == NULL || equals < slash)) {
        *path = equals + 1;
        bytes = (size_t)(equals - given);
    } else {
        slash = strrchr(given, '/');
        *path = given;
        from = slash != NULL ? slash + 1 : given;
        bytes = strlen(from);
    }
    bool is_good = bytes > 0 && bytes < BOOT_NAME_BYTES;

    for (size_t i = 0; is_good && i < bytes; i++)
        is_good = (unsigned char)from[i] >= ' ' && from[i] != DELETE;
    if (!is_good) {
        message("%s: expected a name of 1 to %u bytes without control characters; NAME=PATH gives "
                "one", given, BOOT_NAME_BYTES - 1);
        return false;
    }
    memset(name, 0, BOOT_NAME_BYTES);
    memcpy(name, from, bytes);
    return true;
}

static struct program *find_program(struct assembly *a, const char *name)
{
    for (uint32_t i = 0; i < a->count; i++)
        if (strcmp(a->programs[i].name, name) == 0)
            return &a->programs[i];
    return NULL;
}

static bool add_program(struct assembly *a, const char *given)
{
    struct program *program = &a->programs[a->count];
    const char *path;

    if (!split_name(given, program->name, &path))
        return false;
    if (find_program(a, program->name) != NULL) {
        message("%s: another program of the archive is called \"%s\"; NAME=PATH gives this one "
                "another name", given, program->name);
        return false;
    }
    if (!file_read(path, BOOT_ARCHIVE_BYTES_MAX, &program->blob))
        return false;
    a->count++;
    return true;
}

/* A program of somebody else's: what the kernel would not start is refused here. */
static bool add_given(struct assembly *a, const char *given)
{
    const struct blob *blob = &a->programs[a->count].blob;
    struct elf_plan plan;
    const char *wrong;

    if (!add_program(a, given))
        return false;
    wrong = elf_read(blob->data, blob->bytes, &plan);
    if (wrong != NULL)
        message("%s: %s; expected a static program for x86-64, as the flags of capos.pc make it",
                given, wrong);
    return wrong == NULL;
}

/* The spare one does not go in if another has its name. */
static bool add_programs(struct assembly *a)
{
    const struct boot_request *request = a->request;
    char name[BOOT_NAME_BYTES];
    const char *path;

    if (!add_program(a, a->paths.init))
        return false;
    for (uint32_t i = 0; i < request->programs.count; i++)
        if (!add_given(a, request->programs.given[i]))
            return false;
    if (request->spare == NULL || !split_name(request->spare, name, &path))
        return request->spare == NULL;
    return find_program(a, name) != NULL || add_program(a, request->spare);
}

/* ---- The manifest ---------------------------------------------------------------------------- */

/* The service is called as the program, without the suffix that says what kind of file it is. */
static void name_service(struct manifest *manifest, const char *program)
{
    size_t bytes = strlen(program);
    char name[BOOT_NAME_BYTES];

    if (bytes > strlen(SUFFIX) && strcmp(program + bytes - strlen(SUFFIX), SUFFIX) == 0)
        bytes -= strlen(SUFFIX);
    snprintf(name, sizeof name, "%.*s", (int)bytes, program);
    manifest_rename_first(manifest, name);
}

static bool read_manifest(struct assembly *a, const char *path, const char *const *names)
{
    const struct manifest_archive archive = {
        .programs = names,
        .program_count = a->count,
        .has_workload = a->request->workload != NULL,
        .has_arguments = a->request->arguments != NULL,
    };
    struct workload_diagnostics *d;
    enum workload_status status;
    struct blob text;

    if (!file_read(path, PREPASS_BYTES_MAX, &text))
        return false;
    d = memory_create(1, sizeof *d);
    status = manifest_read((const char *)text.data, text.bytes, &archive, d, &a->manifest);
    input_show(d, &path, false);
    if (status == WORKLOAD_NO_MEMORY)
        message("%s: no memory to read it", path);
    free(d);
    blob_fini(&text);
    return status == WORKLOAD_READ;
}

static bool add_manifest(struct assembly *a)
{
    const char *names[ARRAY_COUNT(a->programs)];

    for (uint32_t i = 0; i < a->count; i++)
        names[i] = a->programs[i].name;
    if (a->request->manifest != NULL)
        return read_manifest(a, a->request->manifest, names);

    ASSERT(a->count == 2); /* init and the only program */
    names[1] = TEST_NAME;
    if (!read_manifest(a, a->paths.manifest_test, names))
        return false;
    name_service(&a->manifest, a->programs[1].name);
    return true;
}

/* The spare program is the last: nobody else's number changes. */
static void drop_unused_spare(struct assembly *a)
{
    if (a->count != a->request->programs.count + 2 || a->request->spare == NULL ||
        manifest_uses(&a->manifest, a->count - 1))
        return;
    a->count--;
    blob_fini(&a->programs[a->count].blob);
}

/* ---- The archive ----------------------------------------------------------------------------- */

static bool assemble(const struct assembly *a, struct blob *archive)
{
    struct archive_part parts[ARRAY_COUNT(a->programs) + 3];
    const struct boot_request *request = a->request;
    uint32_t flags = request->flags | (a->manifest.is_quiet ? BOOT_FLAG_QUIET : 0);
    uint32_t count = 0;

    for (; count < a->count; count++)
        parts[count] = (struct archive_part){a->programs[count].name, BOOT_PROGRAM,
                                             a->programs[count].blob.data,
                                             a->programs[count].blob.bytes};
    if (request->workload != NULL)
        parts[count++] = (struct archive_part){"workload", BOOT_WORKLOAD, request->workload->bytes,
                                               request->workload->size};
    if (request->arguments != NULL)
        parts[count++] = (struct archive_part){"arguments", BOOT_ARGUMENTS, request->arguments,
                                               strlen(request->arguments)};
    if (a->manifest.table.data != NULL)
        parts[count++] = (struct archive_part){"manifest", BOOT_MANIFEST, a->manifest.table.data,
                                               a->manifest.table.bytes};

    enum archive_refusal refusal = archive_build(parts, count, flags, archive);

    if (refusal != ARCHIVE_OK)
        message("boot archive: %s", archive_refusal_sentence(refusal));
    return refusal == ARCHIVE_OK;
}

bool boot_build(const struct boot_request *request, struct blob *archive)
{
    bool starts = request->manifest != NULL || request->programs.count > 0;
    struct assembly *a = memory_create(1, sizeof *a);
    bool is_built = false;

    ASSERT(starts || (request->flags & BOOT_FLAG_SELF_TEST) != 0);
    a->request = request;
    if (!starts) {
        is_built = assemble(a, archive);
    } else if (paths_find(&a->paths) && add_programs(a) && add_manifest(a)) {
        drop_unused_spare(a);
        is_built = assemble(a, archive);
    }
    manifest_fini(&a->manifest);
    for (uint32_t i = 0; i < a->count; i++)
        blob_fini(&a->programs[i].blob);
    free(a);
    return is_built;
}
