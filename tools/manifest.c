/* SPDX-License-Identifier: MIT */
#include "tools/manifest.h"

#include <string.h>

#include "abi/ring.h"
#include "abi/sched.h"
#include "base/assert.h"
#include "base/cpumask.h"
#include "base/fmt.h"
#include "tools/field.h"
#include "tools/message.h"
#include "tools/run_view.h"

#define WORDS_BYTES 160u
#define DELETE 0x7f

_Static_assert(MANIFEST_NAME_BYTES == 32, "a message says so");

struct reading {
    struct field_file file;
    const struct manifest_archive *archive;
    struct manifest_service services[MANIFEST_SERVICES_MAX];
    uint32_t count;
    char sessions[MANIFEST_SERVICES_MAX][MANIFEST_NAME_BYTES]; /* names; their numbers from 1 */
    uint32_t session_count;
    bool is_quiet;
};

/* ---- Words ----------------------------------------------------------------------------------- */

/* Append to a list of words, "one of a, b, c". */
static void append_word(struct fmt *f, const char *word)
{
    fmt_text(f, fmt_length(f) == 0 ? "one of " : ", ");
    fmt_text(f, word);
}

static void read_program(struct reading *r, const struct field *field, uint32_t *program)
{
    const struct manifest_archive *archive = r->archive;
    char what[WORDS_BYTES] = "";
    struct fmt f = fmt_start(what, sizeof what);

    for (uint32_t i = 1; i < archive->program_count; i++) {
        if (field_is_text(field, archive->programs[i])) {
            *program = i;
            return;
        }
        append_word(&f, archive->programs[i]);
    }
    if (archive->program_count <= 1)
        fmt_text(&f, "a program, of which the archive has none");
    field_expected(&r->file, field, what);
}

static void read_class(struct reading *r, const struct field *field, uint32_t *latency_class)
{
    char what[WORDS_BYTES];
    struct fmt f = fmt_start(what, sizeof what);

    for (uint32_t i = 0; i < LATENCY_CLASS_COUNT; i++) {
        if (field_is_text(field, latency_class_name(i))) {
            *latency_class = i;
            return;
        }
        append_word(&f, latency_class_name(i));
    }
    field_expected(&r->file, field, what);
}

/* ---- Capabilities and limits ----------------------------------------------------------------- */

/* The slot that the field names, or CAP_NONE and an error. */
static uint32_t read_capability(struct reading *r, const struct field *field)
{
    char what[WORDS_BYTES];
    struct fmt f = fmt_start(what, sizeof what);

    if (field_is_text(field, "manifest")) {
        field_refuse(&r->file, field, "\"manifest\" stays with the first program, which starts the "
                                      "services");
        return CAP_NONE;
    }
    for (uint32_t slot = 0; slot < CAP_SLOT_FIRST_FREE; slot++) {
        const char *name = manifest_capability_name(slot);

        if (name == NULL)
            continue;
        if (field_is_text(field, name))
            return slot;
        append_word(&f, name);
    }
    field_expected(&r->file, field, what);
    return CAP_NONE;
}

static bool archive_has(const struct manifest_archive *archive, uint32_t slot)
{
    if (slot == CAP_WORKLOAD)
        return archive->has_workload;
    return slot != CAP_ARGUMENTS || archive->has_arguments;
}

/* Returns a bit for each slot that is named, whether the archive has what belongs there or not. */
static uint32_t read_capabilities(struct reading *r, const struct field *field,
                                  struct manifest_service *service)
{
    uint32_t named = 0;

    if (!json_object_is_type(field->value, json_type_array)) {
        field_expected(&r->file, field, "an array of capabilities in [ ]");
        return 0;
    }
    for (size_t i = 0; i < json_object_array_length(field->value); i++) {
        struct field element = field_of_element(field, i);
        uint32_t slot = read_capability(r, &element);

        if (slot == CAP_NONE)
            continue;
        if ((named >> slot & 1) != 0) {
            field_refuse(&r->file, &element, "\"%s\" is named twice; expected it once",
                         manifest_capability_name(slot));
            continue;
        }
        named |= UINT32_C(1) << slot;
        if (!archive_has(r->archive, slot))
            continue;
        ASSERT(service->cap_count < CAP_GIFTS_MAX); /* not so many have names */
        service->caps[service->cap_count++] = slot;
    }
    return named;
}

#define LIMIT_KEYS (LEDGER_RESOURCE_COUNT - 1)

/* All resources are keys but OPERATIONS, which follow from the threads. */
static void read_limits(struct reading *r, const struct field *field,
                        struct manifest_service *service, uint32_t capability_count)
{
    enum ledger_resource resources[LIMIT_KEYS];
    const char *names[LIMIT_KEYS];
    const struct field_keys keys = {names, LIMIT_KEYS, (1u << LIMIT_KEYS) - 1};
    struct field found[LIMIT_KEYS];
    uint32_t seen, count = 0;

    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        if (i != LEDGER_OPERATIONS) {
            resources[count] = (enum ledger_resource)i;
            names[count] = manifest_limit_name(resources[count]);
            count++;
        }
    if (!field_is_object(&r->file, field))
        return;
    seen = field_keys_find(&r->file, field, &keys, found);
    for (uint32_t i = 0; i < LIMIT_KEYS; i++) {
        struct manifest_range range = manifest_limit_range(resources[i]);

        if (resources[i] == LEDGER_SLOTS && capability_count > range.least)
            range.least = capability_count; /* each is in one */
        if ((seen >> i & 1) != 0)
            field_integer(&r->file, &found[i], range.least, range.greatest,
                          &service->limits[resources[i]]);
    }
    service->limits[LEDGER_OPERATIONS] = RING_INFLIGHT_MAX * service->limits[LEDGER_THREADS];
}

static void read_cpus(struct reading *r, const struct field *field,
                      struct manifest_service *service)
{
    service->flags |= MANIFEST_SERVICE_HAS_CPUS;
    if (!json_object_is_type(field->value, json_type_array) ||
        json_object_array_length(field->value) == 0) {
        field_expected(&r->file, field, "an array of one or more CPU numbers");
        return;
    }
    for (size_t i = 0; i < json_object_array_length(field->value); i++) {
        struct field element = field_of_element(field, i);
        uint64_t cpu;

        if (field_integer(&r->file, &element, 0, CPU_MAX - 1, &cpu))
            cpumask_set(service->cpus, (uint32_t)cpu);
    }
}

/* ---- Services -------------------------------------------------------------------------------- */

enum service_key {
    KEY_PROGRAM,
    KEY_CAPABILITIES,
    KEY_LIMITS,
    KEY_CPUS,
    KEY_WEIGHT,
    KEY_CLASS,
    KEY_BACKGROUND,
    KEY_SESSION,
    KEY_COUNT
};

static bool has(uint32_t seen, enum service_key key)
{
    return (seen >> key & 1) != 0;
}

static void read_scheduling(struct reading *r, uint32_t seen, const struct field *found,
                            struct manifest_service *service)
{
    uint64_t weight = WEIGHT_UNIT;
    bool is_background = false;

    service->latency_class = LATENCY_NORMAL;
    if (has(seen, KEY_WEIGHT))
        field_integer(&r->file, &found[KEY_WEIGHT], WEIGHT_MIN, WEIGHT_MAX, &weight);
    if (has(seen, KEY_CLASS))
        read_class(r, &found[KEY_CLASS], &service->latency_class);
    if (has(seen, KEY_BACKGROUND))
        field_bool(&r->file, &found[KEY_BACKGROUND], &is_background);
    service->weight = (uint32_t)weight;
    if (is_background)
        service->flags |= MANIFEST_SERVICE_BACKGROUND;
}

/* Of a service or session. */
static bool name_is_good(const char *name, size_t bytes)
{
    bool is_good = bytes > 0 && bytes < MANIFEST_NAME_BYTES;

    for (size_t i = 0; is_good && i < bytes; i++)
        is_good = (unsigned char)name[i] >= ' ' && name[i] != DELETE;
    return is_good;
}

/* The number of the session that the field names, the next one if it was not named before. */
static void read_session(struct reading *r, const struct field *field, uint32_t *session)
{
    const char *name;

    if (!json_object_is_type(field->value, json_type_string) ||
        !name_is_good(json_object_get_string(field->value),
                      (size_t)json_object_get_string_len(field->value))) {
        field_expected(&r->file, field, "a name of 1 to 31 bytes without control characters");
        return;
    }
    name = json_object_get_string(field->value);
    for (*session = 1; *session <= r->session_count; (*session)++)
        if (strcmp(r->sessions[*session - 1], name) == 0)
            return;
    ASSERT(r->session_count < MANIFEST_SERVICES_MAX); /* each was named by another service */
    memcpy(r->sessions[r->session_count++], name, strlen(name));
}

static void read_service(struct reading *r, const struct field *field,
                         struct manifest_service *service)
{
    static const char *const names[KEY_COUNT] = {"program", "capabilities", "limits",
                                                 "cpus",    "weight",       "class",
                                                 "background", "session"};
    static const struct field_keys keys = {
        names, KEY_COUNT, 1u << KEY_PROGRAM | 1u << KEY_CAPABILITIES | 1u << KEY_LIMITS};
    struct field found[KEY_COUNT];
    uint32_t named = 0;

    if (!field_is_object(&r->file, field))
        return;

    uint32_t seen = field_keys_find(&r->file, field, &keys, found);

    if (has(seen, KEY_PROGRAM))
        read_program(r, &found[KEY_PROGRAM], &service->program);
    if (has(seen, KEY_CAPABILITIES))
        named = read_capabilities(r, &found[KEY_CAPABILITIES], service);
    if (has(seen, KEY_LIMITS))
        read_limits(r, &found[KEY_LIMITS], service, bits_count(named));
    if (has(seen, KEY_CPUS)) {
        read_cpus(r, &found[KEY_CPUS], service);
        if ((named >> CAP_CPUS & 1) == 0)
            field_refuse_key(&r->file, &found[KEY_CPUS], "expected \"cpus\" among the capabilities "
                                                         "too: a service holds its CPU set");
    }
    read_scheduling(r, seen, found, service);
    if (has(seen, KEY_SESSION))
        read_session(r, &found[KEY_SESSION], &service->session);
}

/* Put the service's name, which is its key, where it belongs. */
static void read_name(struct reading *r, const struct field *field, const struct member *m,
                      struct manifest_service *service)
{
    if (!name_is_good(m->name, m->name_bytes)) {
        field_refuse_key(&r->file, field, "expected a name of 1 to %u bytes without control "
                                          "characters", MANIFEST_NAME_BYTES - 1);
        return;
    }
    memcpy(service->name, m->name, m->name_bytes);
    for (struct manifest_service *other = r->services; other < service; other++)
        if (strcmp(other->name, service->name) == 0)
            field_refuse_key(&r->file, field, "another service has this name");
}

static void read_services(struct reading *r, const struct field *field)
{
    bool has_foreground = false;
    struct members members;
    struct member m;

    if (!field_is_object(&r->file, field))
        return;
    members = members_of(field->value);
    while (members_next(&members, &m)) {
        struct field service = field_of_member(field, &m);

        if (r->count == MANIFEST_SERVICES_MAX) {
            field_refuse_key(&r->file, &service, "expected at most %u services",
                             MANIFEST_SERVICES_MAX);
            return;
        }
        read_name(r, &service, &m, &r->services[r->count]);
        read_service(r, &service, &r->services[r->count]);
        has_foreground |= (r->services[r->count].flags & MANIFEST_SERVICE_BACKGROUND) == 0;
        r->count++;
    }
    if (r->count == 0)
        field_refuse(&r->file, field, "expected at least one service");
    else if (!has_foreground)
        field_refuse(&r->file, field, "expected at least one service without \"background\": the "
                                      "machine is switched off when the last of those has ended");
}

/* ---- The file -------------------------------------------------------------------------------- */

static void read_root(struct reading *r, struct json_object *json)
{
    static const char *const names[] = {"services", "quiet"};
    static const struct field_keys keys = {names, ARRAY_COUNT(names), 1};
    const struct field root = {.value = json};
    struct field found[ARRAY_COUNT(names)];
    uint32_t seen = field_keys_find(&r->file, &root, &keys, found);

    if ((seen & 1) != 0)
        read_services(r, &found[0]);
    if ((seen & 2) != 0)
        field_bool(&r->file, &found[1], &r->is_quiet);
}

static void build(const struct reading *r, struct manifest *manifest)
{
    const size_t services_bytes = r->count * sizeof(struct manifest_service);
    const struct manifest_header header = {
        .magic = MANIFEST_MAGIC,
        .bytes = sizeof header + services_bytes,
        .service_count = r->count,
    };
    unsigned char *data = memory_create(header.bytes, 1);
    enum manifest_refusal refusal;

    memcpy(data, &header, sizeof header);
    memcpy(data + sizeof header, r->services, services_bytes);
    manifest_seal((void *)data);
    refusal = manifest_check(data, header.bytes, r->archive->program_count);
    ASSERT(refusal == MANIFEST_TABLE_OK);
    *manifest = (struct manifest){{data, header.bytes}, r->is_quiet};
}

enum workload_status manifest_read(const char *text, size_t bytes,
                                   const struct manifest_archive *archive,
                                   struct workload_diagnostics *d, struct manifest *manifest)
{
    struct reading r = {.file.d = d, .archive = archive};
    enum workload_status status;
    struct json_object *json;

    *manifest = (struct manifest){.is_quiet = false};
    status = prepass_run(&r.file.prepass, text, bytes, PREPASS_KEYS_UNIQUE, d);
    if (status == WORKLOAD_READ) {
        json = members_parse(&r.file.prepass);
        if (json != NULL)
            read_root(&r, json);
        json_object_put(json);
        if (json == NULL)
            status = WORKLOAD_NO_MEMORY;
        else if (d->error_count != 0)
            status = WORKLOAD_REFUSED;
        else
            build(&r, manifest);
    }
    prepass_fini(&r.file.prepass);
    return status;
}

void manifest_fini(struct manifest *manifest)
{
    blob_fini(&manifest->table);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

void manifest_rename_first(struct manifest *manifest, const char *name)
{
    struct manifest_header *header = (void *)manifest->table.data;
    struct manifest_service *first = (void *)(header + 1);

    ASSERT(name[0] != '\0');
    ASSERT(strlen(name) < MANIFEST_NAME_BYTES);
    memset(first->name, 0, sizeof first->name);
    memcpy(first->name, name, strlen(name));
    manifest_seal(header);
}

bool manifest_uses(const struct manifest *manifest, uint32_t program)
{
    const struct manifest_header *header = (const void *)manifest->table.data;

    for (uint32_t i = 0; i < header->service_count; i++)
        if (manifest_services(header)[i].program == program)
            return true;
    return false;
}
