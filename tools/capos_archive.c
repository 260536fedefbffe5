/* SPDX-License-Identifier: MIT */
/* capos_archive.c - `capos archive`: boot archives made and listed by hand, for boot loaders and
 * test programs. */
#include <string.h>

#include "tools/archive.h"
#include "tools/commands.h"
#include "tools/input.h"
#include "tools/number.h"

enum archive_key {
    KEY_OUTPUT = 'o',
    KEY_WORKLOAD = 'w',
    KEY_ARGUMENTS = 'a',
    KEY_LIST = 'l',
    KEY_QUIET_BOOT = 256,
    KEY_SELF_TEST,
    KEY_PAUSE_SEED
};

static const struct argp_option table[] = {
    {"output", KEY_OUTPUT, "FILE", 0, "the archive to make", 0},
    {"workload", KEY_WORKLOAD, "FILE", 0, "put in the image of this rt-app JSON file", 0},
    {"arguments", KEY_ARGUMENTS, "TEXT", 0, "put in this text for the program", 0},
    {"list", KEY_LIST, "FILE", 0, "list an archive instead of making one", 0},
    {"quiet-boot", KEY_QUIET_BOOT, NULL, 0, "the kernel prints no boot table", 0},
    {"self-test", KEY_SELF_TEST, NULL, 0, "the kernel runs its machine self-test", 0},
    {"pause-seed", KEY_PAUSE_SEED, "N", 0, "steer the interleaving of a kernel with pauses", 0},
    {0},
};

static const char about[] =
    "Makes a boot archive that starts PROGRAM, an ELF executable, or lists one."
    "\vOne of --output and --list is needed.  PROGRAM may be left out with --self-test.";

struct request {
    const char *output, *workload, *arguments, *list;
    const char *program;
    uint32_t flags;
    uint64_t pause_seed;
};

static void check_request(const struct request *r, struct argp_state *state)
{
    if ((r->output == NULL) == (r->list == NULL))
        argp_error(state, "expected either --output FILE or --list FILE");
    if (r->output != NULL && r->program == NULL && (r->flags & BOOT_FLAG_SELF_TEST) == 0)
        argp_error(state, "expected the program to put in");
    if (r->list != NULL && r->program != NULL)
        argp_error(state, "%s: --list takes no program", r->program);
}

static error_t parse_key(int key, char *argument, struct argp_state *state)
{
    struct request *r = state->input;

    switch (key) {
    case KEY_OUTPUT:
        r->output = argument;
        return 0;
    case KEY_WORKLOAD:
        r->workload = argument;
        return 0;
    case KEY_ARGUMENTS:
        r->arguments = argument;
        return 0;
    case KEY_LIST:
        r->list = argument;
        return 0;
    case KEY_QUIET_BOOT:
        r->flags |= BOOT_FLAG_QUIET;
        return 0;
    case KEY_SELF_TEST:
        r->flags |= BOOT_FLAG_SELF_TEST;
        return 0;
    case KEY_PAUSE_SEED:
        if (!number_parse(argument, UINT64_MAX, &r->pause_seed))
            argp_error(state, "--pause-seed %s: expected a number, decimal or 0x hexadecimal",
                       argument);
        return 0;
    case ARGP_KEY_ARG:
        if (r->program != NULL)
            argp_error(state, "%s: one program at a time", argument);
        r->program = argument;
        return 0;
    case ARGP_KEY_END:
        check_request(r, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum exit_status list(const char *path)
{
    enum exit_status status = EXIT_HELD;
    enum archive_refusal refusal;
    struct blob blob;

    if (!file_read(path, BOOT_ARCHIVE_BYTES_MAX, &blob))
        return EXIT_UNUSABLE;
    refusal = archive_check(blob.data, blob.bytes);
    if (refusal != ARCHIVE_OK) {
        message("%s: %s", path, archive_refusal_sentence(refusal));
        status = EXIT_UNUSABLE;
    } else {
        if (archive_header(blob.data)->pause_seed != 0)
            printf("pause seed %llu\n",
                   (unsigned long long)archive_header(blob.data)->pause_seed);
        for (uint32_t i = 0; i < archive_header(blob.data)->entry_count; i++) {
            const struct boot_entry *entry = archive_entry(blob.data, i);

            printf("%-9s  %10llu  %s\n", archive_kind_name(entry->kind),
                   (unsigned long long)entry->bytes, entry->name);
        }
    }
    blob_fini(&blob);
    return status;
}

/* The file's own name, cut to what the archive can hold. */
static void entry_name(const char *path, char name[BOOT_NAME_BYTES])
{
    const char *slash = strrchr(path, '/');

    snprintf(name, BOOT_NAME_BYTES, "%s", slash != NULL ? slash + 1 : path);
}

static enum exit_status write_parts(const struct request *r, const struct archive_part *parts,
                                    uint32_t count)
{
    struct blob archive;
    enum archive_refusal refusal = archive_build(parts, count, r->flags, &archive);
    bool is_written;

    if (refusal != ARCHIVE_OK) {
        message("%s: %s", r->output, archive_refusal_sentence(refusal));
        return EXIT_UNUSABLE;
    }
    archive_set_pause_seed(&archive, r->pause_seed);
    is_written = file_write(r->output, archive.data, archive.bytes);
    blob_fini(&archive);
    return is_written ? EXIT_HELD : EXIT_UNUSABLE;
}

static enum exit_status make(const struct request *r)
{
    const struct options options = {.workload = r->workload, .cpu_count = CPU_MAX};
    struct archive_part parts[3];
    char name[BOOT_NAME_BYTES];
    struct input input = {.path = NULL};
    struct blob program = {NULL, 0};
    enum exit_status status;
    uint32_t count = 0;

    if (r->program != NULL && !file_read(r->program, BOOT_ARCHIVE_BYTES_MAX, &program))
        return EXIT_UNUSABLE;
    if (r->workload != NULL && !input_open(&input, &options)) {
        blob_fini(&program);
        return EXIT_UNUSABLE;
    }
    if (r->program != NULL) {
        entry_name(r->program, name);
        parts[count++] = (struct archive_part){name, BOOT_PROGRAM, program.data, program.bytes};
    }
    if (r->workload != NULL)
        parts[count++] = (struct archive_part){"workload", BOOT_WORKLOAD, input.blob.bytes,
                                               input.blob.size};
    if (r->arguments != NULL || count == 0)
        parts[count++] =
            (struct archive_part){"arguments", BOOT_ARGUMENTS,
                                  r->arguments != NULL ? r->arguments : "",
                                  r->arguments != NULL ? strlen(r->arguments) : 0};
    status = write_parts(r, parts, count);
    if (r->workload != NULL)
        input_fini(&input);
    blob_fini(&program);
    return status;
}

enum exit_status capos_archive(int argument_count, char **arguments)
{
    static const struct argp argp = {table, parse_key, "[PROGRAM]", about, NULL, NULL, NULL};
    struct request request = {.output = NULL};

    argp_parse(&argp, argument_count, arguments, 0, NULL, &request);
    return request.list != NULL ? list(request.list) : make(&request);
}
