/* SPDX-License-Identifier: MIT */
#include "tools/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/ring.h"
#include "abi/sched.h"
#include "base/cpumask.h"

static const char *const programs[] = {"init.elf", "loadgen.elf", "ticker.elf"};
static const struct manifest_archive archive = {programs, ARRAY_COUNT(programs), true, true};

#define LIMITS "\"limits\":{\"frames\":64,\"slots\":32,\"threads\":4,\"grants\":2,\"objects\":8}"
#define SERVICE "\"program\":\"loadgen.elf\",\"capabilities\":[\"console\"]," LIMITS

struct outcome {
    enum workload_status status;
    struct workload_diagnostics d;
    struct manifest manifest;
};

/* From a copy that ends where the text ends, so that reading on is seen. */
static void read_in(struct outcome *o, const char *text, const struct manifest_archive *in)
{
    size_t bytes = strlen(text);
    char *copy = malloc(bytes > 0 ? bytes : 1);

    assert_non_null(copy);
    memcpy(copy, text, bytes);
    *o = (struct outcome){.status = WORKLOAD_READ};
    o->status = manifest_read(copy, bytes, in, &o->d, &o->manifest);
    free(copy);
}

static const struct manifest_header *header_of(const struct outcome *o)
{
    return (const void *)o->manifest.table.data;
}

/* What must be accepted; the caller gives it back. */
static const struct manifest_service *read_good(struct outcome *o, const char *text)
{
    read_in(o, text, &archive);
    if (o->status != WORKLOAD_READ && o->d.count > 0)
        fail_msg("%s", o->d.items[0].text);
    assert_int_equal(o->status, WORKLOAD_READ);
    assert_int_equal(
        manifest_check(o->manifest.table.data, o->manifest.table.bytes, archive.program_count),
        MANIFEST_TABLE_OK);
    return manifest_services(header_of(o));
}

/* `text` must be refused, with `message` as its number-th error from 0, at line:column. */
static void refused_with(const char *text, uint32_t number, uint32_t line, uint32_t column,
                         const char *message)
{
    struct outcome o;

    read_in(&o, text, &archive);
    assert_int_equal(o.status, WORKLOAD_REFUSED);
    assert_null(o.manifest.table.data);
    assert_true(o.d.count > number);
    assert_string_equal(o.d.items[number].text, message);
    assert_int_equal(o.d.items[number].position.line, line);
    assert_int_equal(o.d.items[number].position.column, column);
}

/* The same for the members of the only service, "a": they begin in line 2, column 1. */
static void service_refused(const char *members, uint32_t column, const char *message)
{
    char *text;

    assert_true(asprintf(&text, "{\"services\":{\"a\":{\n%s}}}", members) > 0);
    refused_with(text, 0, 2, column, message);
    free(text);
}

/* Goal: everything that a manifest can say arrives in the table.  Method: two services, with
 * comments, trailing commas, all keys and none of the optional ones. */
static void test_manifest_becomes_a_table(void **state)
{
    static const char text[] =
        "{ // two services\n"
        "\"services\": {\n"
        "  \"load\": {" SERVICE ",},\n"
        "  \"ticker\": {\"program\": \"ticker.elf\", /* pinned */ \"cpus\": [0, 65, 1023,],\n"
        "    \"capabilities\": [\"cpus\", \"workload\", \"ledger\",], \"weight\": 131072,\n"
        "    \"class\": \"interactive\", \"background\": true,\n"
        "    \"limits\": {\"frames\": 1, \"slots\": 3, \"threads\": 1, \"grants\": 0,\n"
        "      \"objects\": 65536}},\n"
        "}, \"quiet\": true}";
    struct outcome o;
    const struct manifest_service *services = read_good(&o, text);

    (void)state;
    assert_true(o.manifest.is_quiet);
    assert_int_equal(header_of(&o)->service_count, 2);
    assert_string_equal(services[0].name, "load");
    assert_int_equal(services[0].program, 1);
    assert_int_equal(services[0].flags, 0);
    assert_int_equal(services[0].weight, WEIGHT_UNIT);
    assert_int_equal(services[0].latency_class, LATENCY_NORMAL);
    assert_int_equal(services[0].cap_count, 1);
    assert_int_equal(services[0].limits[LEDGER_OPERATIONS], 4 * RING_INFLIGHT_MAX);
    assert_int_equal(services[0].limits[LEDGER_OBJECTS], 8);

    assert_string_equal(services[1].name, "ticker");
    assert_int_equal(services[1].program, 2);
    assert_int_equal(services[1].flags, MANIFEST_SERVICE_BACKGROUND | MANIFEST_SERVICE_HAS_CPUS);
    assert_int_equal(services[1].weight, WEIGHT_MAX);
    assert_int_equal(services[1].latency_class, LATENCY_INTERACTIVE);
    assert_int_equal(cpumask_count(services[1].cpus, CPUMASK_WORDS), 3);
    assert_true(cpumask_test(services[1].cpus, 65));
    assert_int_equal(services[1].cap_count, 3);
    assert_int_equal(services[1].caps[0], CAP_CPUS);
    assert_int_equal(services[1].caps[1], CAP_WORKLOAD);
    assert_int_equal(services[1].caps[2], CAP_LEDGER);
    manifest_fini(&o.manifest);
}

/* Goal: services that name the same session have the same number, from 1; none is 0.  Method: four;
 * what is no name. */
static void test_manifest_sessions_are_numbered(void **state)
{
    static const char text[] = "{\"services\":{\"a\":{" SERVICE ",\"session\":\"x\"},"
                               "\"b\":{" SERVICE "},\"c\":{" SERVICE ",\"session\":\"y y\"},"
                               "\"d\":{" SERVICE ",\"session\":\"x\"}}}";
    static const char *const bad[][2] = {
        {"\"session\":\"\",", "\"\""},
        {"\"session\":7,", "7"},
        {"\"session\":\"a\\tb\",", "\"a?b\""},
        {"\"session\":\"0123456789012345678901234567890a\",",
         "\"0123456789012345678901234567890a\""},
    };
    struct outcome o;
    const struct manifest_service *services = read_good(&o, text);

    (void)state;
    assert_int_equal(services[0].session, 1);
    assert_int_equal(services[1].session, 0);
    assert_int_equal(services[2].session, 2);
    assert_int_equal(services[3].session, 1);
    manifest_fini(&o.manifest);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        char message[200];
        char members[400];

        (void)snprintf(members, sizeof(members), "%s" SERVICE, bad[i][0]);
        (void)snprintf(message, sizeof(message),
                       "services.a.session: expected a name of 1 to 31 bytes without control "
                       "characters, found %s", bad[i][1]);
        service_refused(members, 11, message);
    }
}

/* Goal: every capability but the manifest itself can be named.  Method: all names of the table. */
static void test_manifest_all_capabilities(void **state)
{
    static const char text[] =
        "{\"services\":{\"a\":{\"program\":\"loadgen.elf\",\"capabilities\":[\"console\","
        "\"threads\",\"machine\",\"policy\",\"power\",\"spawner\",\"ledger\",\"table\",\"cpus\","
        "\"workload\",\"arguments\",\"sessions\",\"irqs\",\"ports\"]," LIMITS "}}}";
    struct outcome o;
    const struct manifest_service *services = read_good(&o, text);

    (void)state;
    assert_int_equal(services[0].cap_count, CAP_PORTS - 1);
    for (uint32_t i = 0; i < CAP_ARGUMENTS; i++)
        assert_int_equal(services[0].caps[i], CAP_CONSOLE + i);
    for (uint32_t i = CAP_ARGUMENTS; i < CAP_PORTS - 1; i++)
        assert_int_equal(services[0].caps[i], CAP_SESSIONS + i - CAP_ARGUMENTS);
    manifest_fini(&o.manifest);
}

/* Goal: a file that the archive does not have leaves its slot empty.  Method: three archives. */
static void test_manifest_absent_files_are_not_given(void **state)
{
    static const char text[] =
        "{\"services\":{\"a\":{\"program\":\"loadgen.elf\",\"capabilities\":[\"workload\","
        "\"arguments\",\"console\"]," LIMITS "}}}";
    struct manifest_archive in = archive;
    struct outcome o;

    (void)state;
    in.has_workload = false;
    read_in(&o, text, &in);
    assert_int_equal(manifest_services(header_of(&o))->cap_count, 2);
    assert_int_equal(manifest_services(header_of(&o))->caps[0], CAP_ARGUMENTS);
    manifest_fini(&o.manifest);
    in.has_arguments = false;
    read_in(&o, text, &in);
    assert_int_equal(manifest_services(header_of(&o))->cap_count, 1);
    assert_int_equal(manifest_services(header_of(&o))->caps[0], CAP_CONSOLE);
    manifest_fini(&o.manifest);
}

/* Goal: what is no JSON is refused where it stops being that.  Method: a cut file; one with a key
 * given twice. */
static void test_manifest_broken_text_is_refused(void **state)
{
    struct outcome o;

    (void)state;
    read_in(&o, "{\"services\":{", &archive);
    assert_int_equal(o.status, WORKLOAD_REFUSED);
    assert_int_equal(o.d.items[0].position.column, 14);
    refused_with("{\"quiet\":true,\n\"quiet\":true}", 0, 2, 1,
                 "this key is given twice; expected it once");
    refused_with("{\"quiet\":true,\n\"qu\\u0069et\":true}", 0, 2, 1,
                 "quiet: this key is given twice; expected it once");
}

/* Goal: the outermost object has its keys and no others.  Method: none; one more; wrong types. */
static void test_manifest_root_is_checked(void **state)
{
    (void)state;
    refused_with("{}", 0, 1, 1, "the file: \"services\" is missing; expected services");
    refused_with("{\"services\":{\"a\":{" SERVICE "}},\n\"service\":1}", 0, 2, 1,
                 "service: there is no such key; expected services or quiet");
    refused_with("{\"services\":{\"a\":{" SERVICE "}},\n\"quiet\":1}", 0, 2, 9,
                 "quiet: expected true or false, found 1");
    refused_with("{\"services\":[]}", 0, 1, 13,
                 "services: expected an object in { }, found an array");
    refused_with("{\"services\":{}}", 0, 1, 13, "services: expected at least one service");
    refused_with("{\"services\":\n{\"a\":{" SERVICE ",\"background\":true}}}", 0, 2, 1,
                 "services: expected at least one service without \"background\": the machine is "
                 "switched off when the last of those has ended");
}

/* Goal: a service has its keys and no others.  Method: each missing, one more, wrong types. */
static void test_manifest_service_is_checked(void **state)
{
    (void)state;
    refused_with("{\"services\":{\"a\":{\"capabilities\":[]," LIMITS "}}}", 0, 1, 18,
                 "services.a: \"program\" is missing; expected program, capabilities and limits");
    refused_with("{\"services\":{\"a\":{}}}", 2, 1, 18,
                 "services.a: \"limits\" is missing; expected program, capabilities and limits");
    refused_with("{\"services\":{\"a\":7}}", 0, 1, 18,
                 "services.a: expected an object in { }, found 7");
    service_refused("\"frob\":1," SERVICE, 1,
                    "services.a.frob: there is no such key; expected program, capabilities, "
                    "limits, cpus, weight, class, background or session");
    service_refused("\"weight\":0," SERVICE, 10,
                    "services.a.weight: expected a whole number from 1 to 131072, found 0");
    service_refused("\"weight\":1.5," SERVICE, 10,
                    "services.a.weight: expected a whole number from 1 to 131072, found 1.5");
    service_refused("\"class\":\"fast\"," SERVICE, 9,
                    "services.a.class: expected one of batch, normal, interactive, found \"fast\"");
    service_refused("\"background\"," SERVICE, 1,
                    "services.a.background: expected true or false, found no value");
}

/* Goal: a program is one of the archive's, and not the first.  Method: another, the first, a
 * number; an archive without any. */
static void test_manifest_program_is_checked(void **state)
{
    static const struct manifest_archive empty = {programs, 1, false, false};
    struct outcome o;

    (void)state;
    service_refused("\"program\":\"x\",\"capabilities\":[]," LIMITS, 11,
                    "services.a.program: expected one of loadgen.elf, ticker.elf, found \"x\"");
    service_refused("\"program\":\"init.elf\",\"capabilities\":[]," LIMITS, 11,
                    "services.a.program: expected one of loadgen.elf, ticker.elf, found "
                    "\"init.elf\"");
    service_refused("\"program\":1,\"capabilities\":[]," LIMITS, 11,
                    "services.a.program: expected one of loadgen.elf, ticker.elf, found 1");
    read_in(&o, "{\"services\":{\"a\":{" SERVICE "}}}", &empty);
    assert_string_equal(o.d.items[0].text, "services.a.program: expected a program, of which the "
                                           "archive has none, found \"loadgen.elf\"");
}

/* Goal: capabilities are names that a manifest may use, once each.  Method: another type, an
 * unknown name, one twice, the one that is kept back. */
static void test_manifest_capabilities_are_checked(void **state)
{
    (void)state;
    service_refused("\"capabilities\":{},\"program\":\"loadgen.elf\"," LIMITS, 16,
                    "services.a.capabilities: expected an array of capabilities in [ ], found an "
                    "object");
    service_refused("\"capabilities\":[\"power\",\"frob\"],\"program\":\"loadgen.elf\"," LIMITS, 25,
                    "services.a.capabilities[1]: expected one of console, threads, machine, "
                    "policy, power, spawner, ledger, table, cpus, workload, arguments, sessions, "
                    "irqs, ports, found \"frob\"");
    service_refused("\"capabilities\":[\"power\",\"power\"],\"program\":\"loadgen.elf\"," LIMITS,
                    25,
                    "services.a.capabilities[1]: \"power\" is named twice; expected it once");
    service_refused("\"capabilities\":[\"manifest\"],\"program\":\"loadgen.elf\"," LIMITS, 17,
                    "services.a.capabilities[0]: \"manifest\" stays with the first program, which "
                    "starts the services");
}

/* Goal: limits are all there and in range.  Method: one missing, one more, ends and beyond. */
static void test_manifest_limits_are_checked(void **state)
{
    (void)state;
#define OTHERS "\"program\":\"loadgen.elf\",\"capabilities\":[\"console\",\"power\"]"
    service_refused("\"limits\":{\"frames\":1,\"slots\":2,\"threads\":1,\"grants\":0}," OTHERS, 10,
                    "services.a.limits: \"objects\" is missing; expected frames, slots, threads, "
                    "grants and objects");
    service_refused("\"limits\":{\"operations\":1,\"frames\":1,\"slots\":2,\"threads\":1,"
                    "\"grants\":0,\"objects\":0}," OTHERS, 11,
                    "services.a.limits.operations: there is no such key; expected frames, slots, "
                    "threads, grants or objects");
    service_refused("\"limits\":{\"frames\":0,\"slots\":2,\"threads\":1,\"grants\":0,"
                    "\"objects\":0}," OTHERS, 20,
                    "services.a.limits.frames: expected a whole number from 1 to 16777216, found "
                    "0");
    service_refused("\"limits\":{\"frames\":1,\"slots\":1,\"threads\":1,\"grants\":0,"
                    "\"objects\":0}," OTHERS, 30,
                    "services.a.limits.slots: expected a whole number from 2 to 1048576, found 1");
    service_refused("\"limits\":{\"frames\":1,\"slots\":2,\"threads\":99999999999999999999999,"
                    "\"grants\":0,\"objects\":0}," OTHERS, 42,
                    "services.a.limits.threads: expected a whole number from 1 to 65536, found "
                    "18446744073709551615");
    service_refused("\"limits\":{\"frames\":1,\"slots\":2,\"threads\":1,\"grants\":-1,"
                    "\"objects\":\"8\"}," OTHERS, 53,
                    "services.a.limits.grants: expected a whole number from 0 to 65536, found -1");
    service_refused("\"limits\":3," OTHERS, 10,
                    "services.a.limits: expected an object in { }, found 3");
}

/* Goal: a CPU set has CPUs, and the service the capability that holds it.  Method: none, a number
 * that is none, no capability. */
static void test_manifest_cpus_are_checked(void **state)
{
#define WITH_CPUS "\"program\":\"loadgen.elf\",\"capabilities\":[\"cpus\"]," LIMITS
    (void)state;
    service_refused("\"cpus\":[]," WITH_CPUS, 8,
                    "services.a.cpus: expected an array of one or more CPU numbers, found an "
                    "array");
    service_refused("\"cpus\":[0,1024]," WITH_CPUS, 11,
                    "services.a.cpus[1]: expected a whole number from 0 to 1023, found 1024");
    service_refused("\"cpus\":[0]," SERVICE, 1,
                    "services.a.cpus: expected \"cpus\" among the capabilities too: a service "
                    "holds its CPU set");
}

/* Goal: names of services can be shown and told apart.  Method: none, one too long, one that
 * controls a terminal, the same in two spellings. */
static void test_manifest_names_are_checked(void **state)
{
    (void)state;
    refused_with("{\"services\":{\"\":{" SERVICE "}}}", 0, 1, 14,
                 "services.: expected a name of 1 to 31 bytes without control characters");
    refused_with("{\"services\":{\"x234567890123456789012345678901x\":{" SERVICE "}}}", 0, 1, 14,
                 "services.x234567890123456789012345678901x: expected a name of 1 to 31 bytes "
                 "without control characters");
    refused_with("{\"services\":{\"a\\u001b\":{" SERVICE "}}}", 0, 1, 14,
                 "services.a?: expected a name of 1 to 31 bytes without control characters");
    refused_with("{\"services\":{\"a\":{" SERVICE "},\n\"\\u0061\":{" SERVICE "}}}", 0, 2, 1,
                 "services.a: another service has this name");
}

/* Goal: a table holds so many services and no more.  Method: 32 of them, and one more. */
static void test_manifest_service_count_is_limited(void **state)
{
    char *text = NULL;
    struct outcome o;

    (void)state;
    for (uint32_t count = MANIFEST_SERVICES_MAX; count <= MANIFEST_SERVICES_MAX + 1; count++) {
        size_t size;
        FILE *stream = open_memstream(&text, &size);

        assert_non_null(stream);
        fputs("{\"services\":{", stream);
        for (uint32_t i = 0; i < count; i++)
            fprintf(stream, "\"s%u\":{" SERVICE "},\n", i);
        fputs("}}", stream);
        fclose(stream);
        if (count == MANIFEST_SERVICES_MAX) {
            read_good(&o, text);
            manifest_fini(&o.manifest);
        } else {
            refused_with(text, 0, count, 1, "services.s32: expected at most 32 services");
        }
        free(text);
    }
}

/* Goal: one reading shows all that is wrong, in the file's order for each key.
 * Method: six faults in two services. */
static void test_manifest_all_errors_are_reported(void **state)
{
    static const char text[] =
        "{\"services\":{\"a\":{\"frob\":1,\"program\":\"x\",\"capabilities\":[1,\"y\"]," LIMITS
        "},\n\"b\":{\"program\":\"ticker.elf\",\"limits\":{}}},\"quiet\":0}";
    struct outcome o;

    (void)state;
    read_in(&o, text, &archive);
    assert_int_equal(o.status, WORKLOAD_REFUSED);
    assert_int_equal(o.d.error_count, 4 + 1 + 5 + 1);
}

/* Goal: the first service can have another name.  Method: a longer one, a shorter one. */
static void test_manifest_first_service_is_renamed(void **state)
{
    struct outcome o;
    const struct manifest_service *services =
        read_good(&o, "{\"services\":{\"test\":{" SERVICE "}}}");

    (void)state;
    manifest_rename_first(&o.manifest, "spawn_join");
    assert_string_equal(services[0].name, "spawn_join");
    manifest_rename_first(&o.manifest, "x");
    assert_string_equal(services[0].name, "x");
    assert_int_equal(manifest_check(o.manifest.table.data, o.manifest.table.bytes,
                                    archive.program_count), MANIFEST_TABLE_OK);
    assert_true(manifest_uses(&o.manifest, 1));
    assert_false(manifest_uses(&o.manifest, 2));
    manifest_fini(&o.manifest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_becomes_a_table),
        cmocka_unit_test(test_manifest_sessions_are_numbered),
        cmocka_unit_test(test_manifest_all_capabilities),
        cmocka_unit_test(test_manifest_absent_files_are_not_given),
        cmocka_unit_test(test_manifest_broken_text_is_refused),
        cmocka_unit_test(test_manifest_root_is_checked),
        cmocka_unit_test(test_manifest_service_is_checked),
        cmocka_unit_test(test_manifest_program_is_checked),
        cmocka_unit_test(test_manifest_capabilities_are_checked),
        cmocka_unit_test(test_manifest_limits_are_checked),
        cmocka_unit_test(test_manifest_cpus_are_checked),
        cmocka_unit_test(test_manifest_names_are_checked),
        cmocka_unit_test(test_manifest_service_count_is_limited),
        cmocka_unit_test(test_manifest_all_errors_are_reported),
        cmocka_unit_test(test_manifest_first_service_is_renamed),
    };

    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
