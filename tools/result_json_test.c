/* SPDX-License-Identifier: MIT */
#include "tools/result_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "tools/test_run.h"

static const char two_tasks[] =
    "{\"tasks\": {\"a\\\"b\": {\"cpus\": [0, 2, 9], \"run\": 10},"
    " \"c\": {\"instance\": 2, \"priority\": 5, \"run\": 10}}, \"global\": {\"duration\": 1}}";

/* The whole text as an object, read by json-c; the caller puts it. */
static struct json_object *read_back(const struct run_view *run)
{
    char *text = test_run_text(result_json_write, run);
    enum json_tokener_error error;
    struct json_object *object = json_tokener_parse_verbose(text, &error);

    assert_int_equal(error, json_tokener_success);
    assert_true(json_object_is_type(object, json_type_object));
    free(text);
    return object;
}

/* The value at a path of keys and indices ("threads", "0", "name"), which must exist. */
static struct json_object *at(struct json_object *object, const char *first, ...)
{
    va_list path;

    va_start(path, first);
    for (const char *key = first; key != NULL; key = va_arg(path, const char *)) {
        if (json_object_is_type(object, json_type_array)) {
            object = json_object_array_get_idx(object, strtoul(key, NULL, 10));
        } else {
            struct json_object *inner = NULL;

            assert_true(json_object_object_get_ex(object, key, &inner));
            object = inner;
        }
    }
    va_end(path);
    return object;
}

#define NUMBER_AT(...) json_object_get_int64(at(__VA_ARGS__, (char *)NULL))
#define TEXT_AT(...) json_object_get_string(at(__VA_ARGS__, (char *)NULL))

/* Goal: the outer fields are those of the format, in its order.  Method: walk the object. */
static void test_result_json_has_the_fields_of_the_format(void **state)
{
    (void)state;
    static const char *const keys[] = {"format", "engine", "workload", "cpus_count", "duration_ns",
                                       "seed", "threads", "cpus", "totals", "denied", "verdict"};
    struct json_object *object;
    struct test_run run;
    size_t found = 0;

    test_run_init(&run, two_tasks, 4);
    object = read_back(&run.view);
    json_object_object_foreach(object, key, value)
    {
        (void)value;
        assert_true(found < ARRAY_COUNT(keys));
        assert_string_equal(key, keys[found]);
        found++;
    }
    assert_int_equal(found, ARRAY_COUNT(keys));
    assert_string_equal(TEXT_AT(object, "format"), "capos-result-1");
    assert_string_equal(TEXT_AT(object, "engine"), "kernel");
    assert_string_equal(TEXT_AT(object, "workload"), "some.json");
    assert_int_equal(NUMBER_AT(object, "duration_ns"), TEST_RUN_DURATION_NS);
    assert_int_equal(NUMBER_AT(object, "seed"), 7);
    assert_string_equal(TEXT_AT(object, "verdict"), "ok");
    assert_int_equal(json_object_array_length(at(object, "denied", (char *)NULL)), 0);
    json_object_put(object);
    test_run_fini(&run);
}

/* Goal: a thread says who it is, with its CPUs among those of the machine.  Method: three threads
 * of two tasks, one with a CPU set that reaches beyond. */
static void test_result_json_names_threads(void **state)
{
    (void)state;
    struct json_object *object, *cpus;
    struct test_run run;

    test_run_init(&run, two_tasks, 4);
    object = read_back(&run.view);
    assert_int_equal(json_object_array_length(at(object, "threads", (char *)NULL)), 3);
    assert_string_equal(TEXT_AT(object, "threads", "0", "name"), "a\"b");
    assert_string_equal(TEXT_AT(object, "threads", "2", "name"), "c");
    assert_int_equal(NUMBER_AT(object, "threads", "2", "instance"), 1);
    assert_string_equal(TEXT_AT(object, "threads", "0", "class"), "normal");
    assert_int_equal(NUMBER_AT(object, "threads", "0", "weight"), 1024);
    cpus = at(object, "threads", "0", "cpus", (char *)NULL);
    assert_int_equal(json_object_array_length(cpus), 2);
    assert_int_equal(NUMBER_AT(cpus, "1"), 2);
    cpus = at(object, "threads", "1", "cpus", (char *)NULL);
    assert_int_equal(json_object_array_length(cpus), 4);
    json_object_put(object);
    test_run_fini(&run);
}

/* Follow "a.b" or "a" below `object`. */
static int64_t number_at_path(struct json_object *object, const char *path)
{
    char outer[64];
    const char *dot = strchr(path, '.');

    if (dot == NULL)
        return NUMBER_AT(object, path);
    snprintf(outer, sizeof outer, "%.*s", (int)(dot - path), path);
    return NUMBER_AT(object, outer, dot + 1);
}

/* Goal: every figure of the binary form is in the JSON under its path.  Method: all fields of the
 * tables, of a result whose figures all differ. */
static void test_result_json_carries_every_figure(void **state)
{
    (void)state;
    struct json_object *object;
    struct test_run run;

    test_run_init(&run, two_tasks, 2);
    object = read_back(&run.view);
#define CHECK_FIELD(name, path)                                                               \
    assert_int_equal(number_at_path(at(object, "threads", "1", (char *)NULL), path),          \
                     run.view.result.threads[1].name);
    RESULT_THREAD_TABLE(CHECK_FIELD)
#undef CHECK_FIELD
#define CHECK_FIELD(name, path)                                                               \
    assert_int_equal(number_at_path(at(object, "cpus", "1", (char *)NULL), path),             \
                     run.view.result.cpus[1].name);
    RESULT_CPU_TABLE(CHECK_FIELD)
#undef CHECK_FIELD
    json_object_put(object);
    test_run_fini(&run);
}

/* Goal: unknown is null, never 0, and 0 is 0.  Method: figures of each kind. */
static void test_result_json_unknown_is_null(void **state)
{
    (void)state;
    struct json_object *object;
    struct test_run run;

    test_run_init(&run, two_tasks, 2);
    test_run_thread(&run, 0)->slack_min_ns = RESULT_UNKNOWN;
    test_run_thread(&run, 0)->activations = RESULT_UNKNOWN;
    test_run_thread(&run, 0)->runtime_ns = 0;
    for (uint32_t i = 0; i < 3; i++) {
        test_run_thread(&run, i)->ideal_ns = RESULT_UNKNOWN;
        test_run_thread(&run, i)->migrations = RESULT_UNKNOWN;
    }
    test_run_seal(&run);
    object = read_back(&run.view);
    assert_null(at(object, "threads", "0", "slack_ns", "min", (char *)NULL));
    assert_null(at(object, "threads", "0", "activations", (char *)NULL));
    assert_non_null(at(object, "threads", "0", "runtime_ns", (char *)NULL));
    assert_int_equal(NUMBER_AT(object, "threads", "0", "runtime_ns"), 0);
    assert_null(at(object, "totals", "wasted_ns", (char *)NULL));
    assert_null(at(object, "totals", "fairness_error_max", (char *)NULL));
    assert_null(at(object, "totals", "migrations", (char *)NULL));
    json_object_put(object);
    test_run_fini(&run);
}

/* Goal: a failed verdict carries its reasons.  Method: two bits and a missing CPU. */
static void test_result_json_failed_verdict_says_why(void **state)
{
    (void)state;
    struct json_object *object;
    struct test_run run;

    test_run_init(&run, two_tasks, 2);
    run.view.cpu_count = 3;
    test_run_header(&run)->failed = RESULT_FAILED_LEDGER | RESULT_FAILED_SYNC;
    object = read_back(&run.view);
    assert_string_equal(TEXT_AT(object, "verdict"),
                        "FAILED (the threads' ledgers do not add up to the CPUs' busy time; "
                        "a mutex was unlocked by a thread that does not hold it; "
                        "2 of 3 CPUs took part)");
    json_object_put(object);
    test_run_fini(&run);
}

/* Goal: the same run gives the same bytes.  Method: write twice. */
static void test_result_json_is_deterministic(void **state)
{
    (void)state;
    struct test_run run;
    char *first, *second;

    test_run_init(&run, two_tasks, 4);
    first = test_run_text(result_json_write, &run.view);
    second = test_run_text(result_json_write, &run.view);
    assert_string_equal(first, second);
    free(first);
    free(second);
    test_run_fini(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result_json_has_the_fields_of_the_format),
        cmocka_unit_test(test_result_json_names_threads),
        cmocka_unit_test(test_result_json_carries_every_figure),
        cmocka_unit_test(test_result_json_unknown_is_null),
        cmocka_unit_test(test_result_json_failed_verdict_says_why),
        cmocka_unit_test(test_result_json_is_deterministic),
    };

    return cmocka_run_group_tests_name("result_json", tests, NULL, NULL);
}
