/* SPDX-License-Identifier: MIT */
#include "abi/status.h"
#include "abi/why.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const int64_t statuses[] = {
#define STATUS_VALUE(name, value, sentence) (value),
    STATUS_TABLE(STATUS_VALUE)
#undef STATUS_VALUE
};
#define STATUS_COUNT (sizeof statuses / sizeof statuses[0])

/* Goal: no two refusals share a value, and only OK is not negative.  Method: all pairs. */
static void test_status_values_are_distinct(void **state)
{
    (void)state;
    assert_int_equal(STATUS_OK, 0);
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        assert_true(statuses[i] < 0 || statuses[i] == STATUS_OK);
        for (size_t j = 0; j < i; j++)
            assert_true(statuses[i] != statuses[j]);
    }
}

/* Goal: every status has a name and a sentence of its own; others read "unknown".
 * Method: the whole table and both sides of it. */
static void test_status_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        assert_string_not_equal(status_name(statuses[i]), "unknown");
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(status_sentence(statuses[i]), status_sentence(statuses[j]));
    }
    assert_string_equal(status_name(STATUS_STALE), "STALE");
    assert_string_equal(status_name(1), "unknown");
    assert_string_equal(status_sentence(-1000), "unknown");
}

/* Goal: every rule has a name and a sentence of its own; others read "unknown".
 * Method: the whole table and one past it. */
static void test_why_texts(void **state)
{
    (void)state;
    for (uint32_t rule = 0; rule < WHY_RULE_COUNT; rule++)
        for (uint32_t other = 0; other < rule; other++) {
            assert_string_not_equal(why_name(rule), why_name(other));
            assert_string_not_equal(why_sentence(rule), why_sentence(other));
        }
    assert_string_equal(why_name(WHY_DENIED_STALE), "DENIED_STALE");
    assert_string_equal(why_name(WHY_RULE_COUNT), "unknown");
    assert_string_equal(why_sentence(WHY_RULE_COUNT), "unknown");
}

/* Goal: a sentence names no number but the two a record carries.  Method: what follows each '%'. */
static void test_why_sentences_use_a_and_b(void **state)
{
    (void)state;
    for (uint32_t rule = 0; rule < WHY_RULE_COUNT; rule++) {
        const char *at = why_sentence(rule);

        while ((at = strchr(at, '%')) != NULL) {
            at++;
            assert_true(*at == 'a' || *at == 'b');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_values_are_distinct),
        cmocka_unit_test(test_status_texts),
        cmocka_unit_test(test_why_texts),
        cmocka_unit_test(test_why_sentences_use_a_and_b),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
