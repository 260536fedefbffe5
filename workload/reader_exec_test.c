/* SPDX-License-Identifier: MIT */
/* rt-app's format before 1.0: each text against the same in today's events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workload/test_reading.h"

#define RESOURCES                                                                      \
    "{\"resources\":{\"m\":{},\"n\":{},\"o\":{},\"w\":{\"type\":\"wait\"},"             \
    "\"s\":{\"type\":\"signal\",\"target\":\"w\"},"                                     \
    "\"b\":{\"type\":\"broadcast\",\"target\":\"w\"},"                                  \
    "\"y\":{\"type\":\"sync\",\"target\":\"w\"},"                                       \
    "\"l\":{\"type\":\"sleep\"},\"r\":{\"type\":\"run\"}},\n\"tasks\":{\"t\":{"
#define TIMER(us) "\"timer\":{\"ref\":\"unique\",\"period\":" us ",\"mode\":\"absolute\"}"
#define COLUMN 15u /* of a body behind RESOURCES, in line 2 */

static void read_body(struct test_reading *t, const char *prefix, const char *body)
{
    char *text;

    assert_true(asprintf(&text, "%s%s}}}", prefix, body) > 0);
    test_read(t, text);
    free(text);
}

static const char *object_name(const struct test_reading *t, uint32_t object)
{
    if (object == WORKLOAD_INDEX_NONE)
        return "";
    if (t->image.objects[object].kind == WORKLOAD_TIMER_UNIQUE)
        return "unique"; /* whatever it is called */
    return workload_image_name(&t->image, t->image.objects[object].name);
}

/* The body of a task in the old format must come to what the other says in today's. */
static void assert_same(const char *old, const char *today)
{
    struct test_reading a, b;

    read_body(&a, RESOURCES, old);
    read_body(&b, "{\"tasks\":{\"t\":{", today);
    assert_int_equal(a.image.header->phase_count, b.image.header->phase_count);
    for (uint32_t i = 0; i < a.image.header->phase_count; i++)
        assert_int_equal(a.image.phases[i].loop, b.image.phases[i].loop);
    assert_int_equal(a.image.tasks[0].loop, b.image.tasks[0].loop);
    assert_int_equal(a.image.header->event_count, b.image.header->event_count);
    for (uint32_t i = 0; i < a.image.header->event_count; i++) {
        const struct workload_event *x = &a.image.events[i];
        const struct workload_event *y = &b.image.events[i];

        if (x->kind != y->kind || x->ns != y->ns)
            fail_msg("event %u of %s: kind %u, %llu ns", i, old, x->kind,
                     (unsigned long long)x->ns);
        assert_string_equal(object_name(&a, x->object), object_name(&b, y->object));
        assert_string_equal(object_name(&a, x->object2), object_name(&b, y->object2));
    }
    test_fini(&a);
    test_fini(&b);
}

/* Goal: exec is a run in each period; without a period it is the period; "sleep" decides whether
 * there is a timer.  Method: each. */
static void test_exec_period(void **state)
{
    (void)state;
    assert_same("\"exec\":500,\"period\":2000", "\"run\":500," TIMER("2000"));
    assert_same("\"exec\":500", "\"run\":500," TIMER("500"));
    assert_same("\"exec\":0,\"period\":70,\"sleep\":true", TIMER("70"));
    assert_same("\"exec\":500,\"period\":2000,\"sleep\":false", "\"run\":500");
    assert_same("\"exec\":0,\"period\":1,\"sleep\":false", "\"run\":0");
    assert_same("\"exec\":500,\"loop\":3", "\"run\":500," TIMER("500") ",\"loop\":3");
}

/* Goal: each type of resource comes to its event, with what it has access to locked around it.
 * Method: one after the other. */
static void test_exec_types(void **state)
{
    (void)state;
    assert_same("\"exec\":9,\"sleep\":false,\"lock_order\":[\"m\",\"s\",\"b\",\"r\",\"l\"],"
                "\"resources\":{\"m\":{\"duration\":1},\"s\":{\"duration\":2},"
                "\"r\":{\"duration\":3},\"l\":{\"duration\":40}}",
                "\"lock\":\"m\",\"run\":1,\"unlock\":\"m\",\"signal\":\"w\",\"run\":2,"
                "\"broad\":\"w\",\"run\":3,\"sleep\":40,\"run\":3");
    assert_same("\"exec\":1,\"sleep\":false,\"lock_order\":[\"w\",\"y\"],\"resources\":"
                "{\"w\":{\"access\":[\"m\"]},\"y\":{\"access\":[\"n\"],\"duration\":1}}",
                "\"lock\":\"m\",\"wait\":{\"ref\":\"w\",\"mutex\":\"m\"},\"unlock\":\"m\","
                "\"lock\":\"n\",\"sync\":{\"ref\":\"w\",\"mutex\":\"n\"},\"run\":1,"
                "\"unlock\":\"n\"");
    assert_same("\"exec\":1,\"sleep\":false,\"lock_order\":[\"s\",\"b\"],\"resources\":"
                "{\"s\":{\"access\":[\"m\"]},\"b\":{\"access\":[\"n\"]}}",
                "\"lock\":\"m\",\"signal\":\"w\",\"unlock\":\"m\","
                "\"lock\":\"n\",\"broad\":\"w\",\"unlock\":\"n\",\"run\":1");
}

/* Goal: access comes before its owner, each mutex before what it has access to itself, once; they
 * are unlocked backwards; a wait gives up the last.  Method: chains, and two ways to one mutex. */
static void test_exec_access(void **state)
{
    (void)state;
    assert_same("\"exec\":5,\"sleep\":false,\"lock_order\":[\"m\"],\"resources\":{\"m\":"
                "{\"duration\":5,\"access\":[\"n\",\"o\"]},\"n\":{\"access\":[\"o\"]}}",
                "\"lock\":\"n\",\"lock\":\"o\",\"lock\":\"m\",\"run\":5,\"unlock\":\"m\","
                "\"unlock\":\"o\",\"unlock\":\"n\"");
    assert_same("\"exec\":5,\"sleep\":false,\"lock_order\":[\"w\",\"m\"],\"resources\":"
                "{\"w\":{\"access\":[\"n\",\"m\"]}}",
                "\"lock\":\"n\",\"lock\":\"m\",\"wait\":{\"ref\":\"w\",\"mutex\":\"m\"},"
                "\"unlock\":\"m\",\"unlock\":\"n\",\"lock\":\"m\",\"unlock\":\"m\",\"run\":5");
}

/* Goal: phases may be in the old format, each alone; they turn for ever where nothing is said, and
 * one timer goes through all of a thread's phases.  Method: two old phases, a new one. */
static void test_exec_phases(void **state)
{
    (void)state;
    assert_same("\"phases\":{\"p\":{\"exec\":1,\"loop\":2},\"q\":{\"exec\":3,\"period\":4,"
                "\"loop\":1},\"r\":{\"run\":5},\"s\":{\"exec\":6}}",
                "\"phases\":{\"p\":{\"run\":1," TIMER("1") ",\"loop\":2},"
                "\"q\":{\"run\":3," TIMER("4") "},\"r\":{\"run\":5},"
                "\"s\":{\"run\":6," TIMER("6") ",\"loop\":-1}}");
}

/* Goal: a phase does not see what another one said of a resource.  Method: a duration in one. */
static void test_exec_phases_apart(void **state)
{
    (void)state;
    assert_same("\"phases\":{\"p\":{\"exec\":2,\"loop\":1,\"sleep\":false,\"lock_order\":[\"m\"],"
                "\"resources\":{\"m\":{\"duration\":1,\"access\":[\"n\"]}}},"
                "\"q\":{\"exec\":2,\"loop\":1,\"sleep\":false,\"lock_order\":[\"m\"]}}",
                "\"phases\":{\"p\":{\"lock\":\"n\",\"lock\":\"m\",\"run\":1,\"unlock\":\"m\","
                "\"unlock\":\"n\",\"run\":1},\"q\":{\"lock\":\"m\",\"unlock\":\"m\",\"run\":2}}");
}

static void assert_noted(const char *body, uint32_t column, const char *part)
{
    struct test_reading t;

    read_body(&t, RESOURCES, body);
    assert_int_equal(t.d.count, 1);
    assert_int_equal(t.d.items[0].position.line, 2);
    assert_int_equal(t.d.items[0].position.column, COLUMN + column);
    assert_non_null(strstr(t.d.items[0].text, part));
    test_fini(&t);
}

/* Goal: what has no effect is noted, and a deadline at the period's end is not.  Method: each. */
static void test_exec_notes(void **state)
{
    struct test_reading t;

    (void)state;
    assert_noted("\"exec\":1,\"period\":3,\"deadline\":2", 20, "\"deadline\" has no effect: slack");
    assert_noted("\"exec\":1,\"period\":3,\"sleep\":false", 9,
                 "\"period\" has no effect: \"sleep\"");
    assert_noted("\"exec\":1,\"deadline\":1,\"sleep\":false", 9, "\"deadline\" has no effect");
    assert_noted("\"exec\":1,\"resources\":{\"m\":{}}", 9,
                 "\"resources\" has no effect: there is no");
    read_body(&t, RESOURCES, "\"exec\":1,\"period\":3,\"deadline\":3");
    assert_int_equal(t.d.count, 0);
    test_fini(&t);
}

/* Goal: every misuse is refused where it stands.  Method: one of each. */
static void test_exec_refused(void **state)
{
    static const struct {
        const char *body;
        uint32_t column;
        const char *part;
    } cases[] = {
        {"\"period\":1", 0, "\"period\" is of rt-app's format before 1.0; expected \"exec\""},
        {"\"lock_order\":[]", 0, "\"lock_order\" is of rt-app's format before 1.0"},
        {"\"exec\":1,\"run\":1", 9, "\"run\" stands beside keys of rt-app's format"},
        {"\"exec\":1,\"exec\":1", 9, "\"exec\" is given twice"},
        {"\"exec\":1,\"frob\":1", 9, "unknown key \"frob\""},
        {"\"exec\":-1", 7, "\"exec\": expected a whole number from 0"},
        {"\"exec\":0", 7, "expected a period above 0"},
        {"\"exec\":2,\"period\":1", 18, "expected a period above 0 and not below \"exec\""},
        {"\"exec\":2,\"period\":\"a\"", 18, "\"period\": expected a whole number"},
        {"\"exec\":2,\"deadline\":1", 20, "expected a deadline not below \"exec\""},
        {"\"exec\":2,\"deadline\":3", 20, "not above the period"},
        {"\"exec\":2,\"deadline\":false", 20, "\"deadline\": expected a whole number"},
        {"\"exec\":2,\"sleep\":5", 17, "\"sleep\": expected true or false, found 5"},
        {"\"exec\":2,\"phases\":{\"p\":{\"run\":1}}", 0, "\"exec\" stands beside \"phases\""},
        {"\"exec\":2,\"lock_order\":\"m\"", 22, "\"lock_order\": expected an array"},
        {"\"exec\":2,\"lock_order\":[\"m\",1]", 27, "\"lock_order\": expected a name"},
        {"\"exec\":2,\"lock_order\":[\"m\", \"q\"]", 28,
         "\"lock_order\": there is no \"q\" in the"},
        {"\"exec\":2,\"lock_order\":[\"m\",\"w\"]", 27,
         "\"lock_order\": \"w\" waits; expected access"},
        {"\"exec\":2,\"resources\":1", 21, "\"resources\": expected an object"},
        {"\"exec\":2,\"resources\":{\"q\":{}}", 22,
         "there is no \"q\" in the file's \"resources\""},
        {"\"exec\":2,\"resources\":{\"m\":{},\"m\":{}}", 29, "\"m\" is given twice"},
        {"\"exec\":2,\"resources\":{\"m\":2}", 26, "\"m\": expected an object"},
        {"\"exec\":2,\"resources\":{\"m\":{\"frob\":2}}", 27,
         "unknown key \"frob\"; expected duration"},
        {"\"exec\":2,\"resources\":{\"m\":{\"duration\":-2}}", 38,
         "\"duration\": expected a whole"},
        {"\"exec\":2,\"resources\":{\"m\":{\"access\":\"n\"}}", 36,
         "\"access\": expected an array"},
        {"\"exec\":2,\"resources\":{\"m\":{\"access\":[],\"access\":[]}}", 39,
         "\"access\" is given"},
    };
    char text[600];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        snprintf(text, sizeof text, RESOURCES "%s}}}", cases[i].body);
        test_refused(text, 2, COLUMN + cases[i].column, cases[i].part);
    }
}

/* Goal: so is every misuse of access, and more time than exec has.  Method: one of each. */
static void test_exec_order_refused(void **state)
{
    static const struct {
        const char *access;
        uint32_t column;
        const char *part;
    } orders[] = {
        {"\"m\":{\"access\":[2]}", 15, "\"access\": expected a name in quotes, found 2"},
        {"\"m\":{\"access\":[\"n\",\"q\"]}", 19, "\"access\": there is no \"q\" in the file's"},
        {"\"m\":{\"access\":[\"r\"]}", 15, "\"access\": \"r\" is no mutex"},
        {"\"m\":{\"access\":[\"m\"]}", 15, "\"access\": \"m\" leads back to itself"},
        {"\"m\":{\"access\":[\"n\"]},\"n\":{\"access\":[\"m\"]}", 36, "\"m\" leads back to itself"},
        {"\"m\":{\"access\":[\"n\"]},\"n\":{\"access\":[\"n\"]}", 36, "\"n\" leads back to itself"},
        {"\"m\":{\"access\":[\"n\",\"n\"]}", 19, "\"access\": \"n\" is given twice"},
    };
    char text[600];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(orders); i++) {
        snprintf(text, sizeof text,
                 RESOURCES "\"exec\":2,\"lock_order\":[\"m\"],\n\"resources\":{%s}}}}",
                 orders[i].access);
        test_refused(text, 3, 14 + orders[i].column, orders[i].part);
    }
    test_refused(RESOURCES "\"exec\":4,\"lock_order\":[\"m\",\"r\"],\"resources\":"
                           "{\"m\":{\"duration\":2},\"r\":{\"duration\":3}}}}}",
                 2, COLUMN + 7, "\"exec\": expected at least 5, which is what its resources take");
}

/* Goal: no more mutexes are held at once than there is room for.  Method: a chain of 63 and of
 * 64 behind the first. */
static void test_exec_held_max(void **state)
{
    (void)state;
    for (unsigned count = 63; count <= 64; count++) {
        char *text = malloc(10000);
        size_t used = 0;
        struct test_reading t;

        assert_non_null(text);
        used += (size_t)sprintf(text + used, "{\"resources\":{");
        for (unsigned i = 0; i <= count; i++)
            used += (size_t)sprintf(text + used, "\"m%u\":{},", i);
        used += (size_t)sprintf(text + used, "},\"tasks\":{\"t\":{\"exec\":1,"
                                             "\"lock_order\":[\"m0\"],\"resources\":{");
        for (unsigned i = 0; i < count; i++)
            used += (size_t)sprintf(text + used, "\"m%u\":{\"access\":[\"m%u\"]},", i, i + 1);
        sprintf(text + used, "}}}}");
        test_read_bytes(&t, text, strlen(text));
        assert_int_equal(t.status, count == 63 ? WORKLOAD_READ : WORKLOAD_REFUSED);
        if (count == 64)
            assert_non_null(strstr(t.d.items[0].text, "\"m64\" is one mutex too many at once"));
        test_fini(&t);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exec_period), cmocka_unit_test(test_exec_types),
        cmocka_unit_test(test_exec_access), cmocka_unit_test(test_exec_phases),
        cmocka_unit_test(test_exec_phases_apart), cmocka_unit_test(test_exec_notes),
        cmocka_unit_test(test_exec_refused), cmocka_unit_test(test_exec_order_refused),
        cmocka_unit_test(test_exec_held_max),
    };

    return cmocka_run_group_tests_name("workload/reader_exec", tests, NULL, NULL);
}
