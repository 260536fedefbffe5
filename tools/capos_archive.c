/* SPDX-License-Identifier: MIT */
/* capos_archive.c - `capos archive`: boot archives made and listed by hand, for boot loaders and
 * test programs. */
#include <string.h>

#include "tools/archive.h"
#include "tools/boot.h"
#include "tools/commands.h"
#include "tools/input.h"
#include "tools/manifest.h"
#include "tools/number.h"
#include "tools/options.h"

enum archive_key {
    KEY_OUTPUT = 'o',
    KEY_WORKLOAD = 'w',
    KEY_ARGUMENTS = 'a',
    KEY_LIST = 'l',
    KEY_MANIFEST = 'm',
    KEY_QUIET_BOOT = 256,
    KEY_SELF_TEST,
    KEY_PAUSE_SEED
};

static const struct argp_option table[] = {
    {"output", KEY_OUTPUT, "FILE", 0, "the archive to make", 0},
    {"workload", KEY_WORKLOAD, "FILE", 0,
     "put in the image of this rt-app JSON file; given several times, of all of them", 0},
    {"arguments", KEY_ARGUMENTS, "TEXT", 0, "put in this text for the programs", 0},
    {"manifest", KEY_MANIFEST, "FILE", 0,
     "start the services of this manifest; without it, the program as the only service, with every "
     "capability", 0},
    {"list", KEY_LIST, "FILE", 0, "list an archive instead of making one", 0},
    {"quiet-boot", KEY_QUIET_BOOT, NULL, 0, "the kernel prints no boot table", 0},
    {"self-test", KEY_SELF_TEST, NULL, 0, "the kernel runs its machine self-test", 0},
    {"pause-seed", KEY_PAUSE_SEED, "N", 0, "steer the interleaving of a kernel with pauses", 0},
    {0},
};

static const char about[] =
    "Makes a boot archive that starts services, each a PROGRAM, an ELF executable; or lists one."
    "\vOne of --output and --list is needed.  NAME=PATH gives a program another name in the "
    "archive than its file's.  With --self-test nothing needs to be started.";

struct request {
    const char *output, *list;
    struct workload_files workload;
    struct boot_request boot;
    uint64_t pause_seed;
};

static void check_request(const struct request *r, struct argp_state *state)
{
    const struct boot_request *boot = &r->boot;

    if ((r->output == NULL) == (r->list == NULL))
        argp_error(state, "expected either --output FILE or --list FILE");
    if (r->list != NULL && boot->programs.count > 0)
        argp_error(state, "%s: --list takes no program", boot->programs.given[0]);
    if (r->output == NULL || boot->manifest != NULL)
        return;
    if (boot->programs.count == 0 && (boot->flags & BOOT_FLAG_SELF_TEST) == 0)
        argp_error(state, "expected the program to put in");
    if (boot->programs.count > 1)
        argp_error(state, "%s: several programs need a --manifest", boot->programs.given[1]);
}

static void add_program(struct boot_programs *programs, const char *text, struct argp_state *state)
{
    if (programs->count == BOOT_PROGRAMS_MAX)
        argp_error(state, "%s: an archive holds at most %u programs", text, BOOT_PROGRAMS_MAX);
    else
        programs->given[programs->count++] = text;
}

static error_t parse_key(int key, char *argument, struct argp_state *state)
{
    struct request *r = state->input;

    switch (key) {
    case KEY_OUTPUT:
        r->output = argument;
        return 0;
    case KEY_WORKLOAD:
        options_add_workload(&r->workload, argument, state);
        return 0;
    case KEY_ARGUMENTS:
        r->boot.arguments = argument;
        return 0;
    case KEY_LIST:
        r->list = argument;
        return 0;
    case KEY_MANIFEST:
        r->boot.manifest = argument;
        return 0;
    case KEY_QUIET_BOOT:
        r->boot.flags |= BOOT_FLAG_QUIET;
        return 0;
    case KEY_SELF_TEST:
        r->boot.flags |= BOOT_FLAG_SELF_TEST;
        return 0;
    case KEY_PAUSE_SEED:
        if (!number_parse(argument, UINT64_MAX, &r->pause_seed))
            argp_error(state, "--pause-seed %s: expected a number, decimal or 0x hexadecimal",
                       argument);
        return 0;
    case ARGP_KEY_ARG:
        add_program(&r->boot.programs, argument, state);
        return 0;
    case ARGP_KEY_END:
        check_request(r, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- Listing --------------------------------------------------------------------------------- */

/* The name of the archive's n-th program, from 0; the manifest has been checked against them. */
static const char *program_name(const unsigned char *archive, uint32_t number)
{
    for (uint32_t i = 0;; i++) { /* at most BOOT_ARCHIVE_ENTRIES_MAX */
        const struct boot_entry *entry = archive_entry(archive, i);

        if (entry->kind == BOOT_PROGRAM && number-- == 0)
            return entry->name;
    }
}

static void print_service(const unsigned char *archive, const struct manifest_service *service)
{
    printf("\nservice %s\n  program       %s\n  capabilities ", service->name,
           program_name(archive, service->program));
    for (uint32_t i = 0; i < service->cap_count; i++)
        printf(" %s", manifest_capability_name(service->caps[i]));
    printf("%s\n  limits       ", service->cap_count == 0 ? " none" : "");
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        printf("%s %llu %s", i > 0 ? "," : "", (unsigned long long)service->limits[i],
               manifest_limit_name((enum ledger_resource)i));
    printf("\n  scheduling    weight %u, class %s", service->weight,
           latency_class_name(service->latency_class));
    if ((service->flags & MANIFEST_SERVICE_HAS_CPUS) != 0) {
        char cpus[RUN_CPUS_BYTES];
        struct cpumask mask;

        memcpy(mask.words, service->cpus, sizeof mask.words);
        cpumask_text(&mask, cpus, sizeof cpus);
        printf(", CPU %s", cpus);
    }
    printf("%s\n",
           (service->flags & MANIFEST_SERVICE_BACKGROUND) != 0 ? ", in the background" : "");
    if (service->session != 0)
        printf("  session       %u\n", service->session);
}

static enum exit_status list_manifest(const char *path, const unsigned char *archive,
                                      const struct boot_entry *entry)
{
    const struct manifest_header *header = (const void *)(archive + entry->offset);
    enum manifest_refusal refusal;
    uint32_t programs = 0;

    for (uint32_t i = 0; i < archive_header(archive)->entry_count; i++)
        programs += archive_entry(archive, i)->kind == BOOT_PROGRAM;
    refusal = manifest_check(header, entry->bytes, programs);
    if (refusal != MANIFEST_TABLE_OK) {
        message("%s: the manifest \"%s\": %s", path, entry->name,
                manifest_refusal_sentence(refusal));
        return EXIT_UNUSABLE;
    }
    for (uint32_t i = 0; i < header->service_count; i++)
        print_service(archive, &manifest_services(header)[i]);
    return EXIT_HELD;
}

static enum exit_status list_entries(const char *path, const unsigned char *archive)
{
    const struct boot_entry *manifest = NULL;

    if (archive_header(archive)->pause_seed != 0)
        printf("pause seed %llu\n", (unsigned long long)archive_header(archive)->pause_seed);
    for (uint32_t i = 0; i < archive_header(archive)->entry_count; i++) {
        const struct boot_entry *entry = archive_entry(archive, i);

        printf("%-9s  %10llu  %s\n", archive_kind_name(entry->kind),
               (unsigned long long)entry->bytes, entry->name);
        if (entry->kind == BOOT_MANIFEST && manifest == NULL)
            manifest = entry; /* the first one counts */
    }
    return manifest != NULL ? list_manifest(path, archive, manifest) : EXIT_HELD;
}

static enum exit_status list(const char *path)
{
    enum exit_status status = EXIT_UNUSABLE;
    enum archive_refusal refusal;
    struct blob blob;

    if (!file_read(path, BOOT_ARCHIVE_BYTES_MAX, &blob))
        return EXIT_UNUSABLE;
    refusal = archive_check(blob.data, blob.bytes);
    if (refusal != ARCHIVE_OK)
        message("%s: %s", path, archive_refusal_sentence(refusal));
    else
        status = list_entries(path, blob.data);
    blob_fini(&blob);
    return status;
}

/* ---- Making ---------------------------------------------------------------------------------- */

static enum exit_status make(struct request *r)
{
    const struct options options = {.workload = r->workload, .cpu_count = CPU_MAX};
    enum exit_status status = EXIT_UNUSABLE;
    struct boot_request *boot = &r->boot;
    struct input input = {.files = NULL};
    struct blob archive;

    if (r->workload.count > 0 && !input_open(&input, &options))
        return EXIT_UNUSABLE;
    if (r->workload.count > 0)
        boot->workload = &input.blob;
    if (boot->workload == NULL && boot->programs.count == 0 && boot->manifest == NULL &&
        boot->arguments == NULL)
        boot->arguments = ""; /* no archive is empty */
    if (boot_build(boot, &archive)) {
        archive_set_pause_seed(&archive, r->pause_seed);
        if (file_write(r->output, archive.data, archive.bytes))
            status = EXIT_HELD;
        blob_fini(&archive);
    }
    if (r->workload.count > 0)
        input_fini(&input);
    return status;
}

enum exit_status capos_archive(int argument_count, char **arguments)
{
    static const struct argp argp = {table, parse_key, "[PROGRAM...]", about, NULL, NULL, NULL};
    struct request request = {.output = NULL};

    argp_parse(&argp, argument_count, arguments, 0, NULL, &request);
    return request.list != NULL ? list(request.list) : make(&request);
}
