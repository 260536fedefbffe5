/* SPDX-License-Identifier: MIT */
#include "workload/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/types.h"

struct parsed {
    struct workload_diagnostics d;
    struct prepass prepass;
    struct json_object *json;
};

static void parse(struct parsed *p, const char *text)
{
    *p = (struct parsed){.json = NULL};
    assert_int_equal(prepass_run(&p->prepass, text, strlen(text), PREPASS_KEYS_UNIQUE, &p->d),
                     WORKLOAD_READ);
    p->json = members_parse(&p->prepass);
    assert_non_null(p->json);
}

static void fini(struct parsed *p)
{
    json_object_put(p->json);
    prepass_fini(&p->prepass);
}

/* Goal: members come in file order with their names and places.  Method: three; one without a
 * value, one whose name holds the mark that separates places. */
static void test_members_come_in_file_order(void **state)
{
    static const char text[] = "{\"b\": 1, \"bare\", \"a@1:2\":\"x\",}";
    struct parsed p;
    struct member m;

    (void)state;
    parse(&p, text);
    struct members members = members_of(p.json);

    assert_true(members_next(&members, &m));
    assert_string_equal(m.name, "b");
    assert_int_equal(m.key_offset, 1);
    assert_int_equal(m.value_offset, 6);
    assert_true(members_next(&members, &m));
    assert_string_equal(m.name, "bare");
    assert_null(m.value);
    assert_int_equal(m.value_offset, m.key_offset);
    assert_true(members_next(&members, &m));
    assert_string_equal(m.name, "a@1:2");
    assert_int_equal(m.name_bytes, 5);
    assert_string_equal(json_object_get_string(m.value), "x");
    assert_false(members_next(&members, &m));
    fini(&p);
}

/* Goal: a name too long for any name is cut, and its length tells.  Method: 300 letters. */
static void test_members_long_name_is_cut(void **state)
{
    char text[400] = "{\"";
    struct parsed p;
    struct member m;

    (void)state;
    memset(text + 2, 'n', 300);
    strcat(text, "\": 0}");
    parse(&p, text);
    struct members members = members_of(p.json);

    assert_true(members_next(&members, &m));
    assert_int_equal(m.name_bytes, 300);
    assert_int_equal(strlen(m.name), sizeof m.name - 1);
    fini(&p);
}

/* Goal: every kind of value has its words.  Method: one each, and a text that is too long. */
static void test_members_values_are_described(void **state)
{
    static const char *const words[] = {"no value", "an object", "an array", "\"text\"",
                                        "-12",      "1.5",       "true"};
    char found[MEMBER_DESCRIBED_BYTES];
    struct parsed p;
    struct member m;
    size_t count = 0;

    (void)state;
    parse(&p, "{\"a\":null,\"b\":{},\"c\":[],\"d\":\"text\",\"e\":-12,\"f\":1.5,\"g\":true}");
    struct members members = members_of(p.json);

    while (members_next(&members, &m)) {
        member_describe(m.value, found);
        assert_string_equal(found, words[count++]);
    }
    assert_int_equal(count, ARRAY_COUNT(words));
    fini(&p);

    char text[] = "0123456789012345678901234567890123456789012345678901234567890123456789";
    struct json_object *value = json_object_new_string(text);

    member_describe(value, found);
    assert_int_equal(strlen(found), MEMBER_SHOWN_BYTES + 2);
    json_object_put(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_come_in_file_order),
        cmocka_unit_test(test_members_long_name_is_cut),
        cmocka_unit_test(test_members_values_are_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
