/* SPDX-License-Identifier: MIT */
#include "workload/test_reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_PREFIX "{\"tasks\":{\"tt\":{"
#define BODY_SUFFIX "}}}"

_Static_assert(sizeof BODY_PREFIX == TEST_BODY_COLUMN, "the column of the body");

void test_read_bytes(struct test_reading *t, const char *text, size_t bytes)
{
    test_read_options(t, text, bytes, NULL);
}

void test_read_options(struct test_reading *t, const char *text, size_t bytes,
                       const struct workload_options *options)
{
    char *copy = malloc(bytes + (bytes == 0));

    assert_non_null(copy);
    memcpy(copy, text, bytes);
    *t = (struct test_reading){.status = WORKLOAD_READ};
    t->status = workload_read(copy, bytes, options, &t->d, &t->blob);
    free(copy);
    if (t->status == WORKLOAD_READ) {
        assert_int_equal(t->d.error_count, 0);
        assert_int_equal(workload_image_open(&t->image, t->blob.bytes, t->blob.size),
                         WORKLOAD_IMAGE_OK);
    } else {
        assert_int_equal(t->status, WORKLOAD_REFUSED);
        assert_true(t->d.error_count > 0);
        assert_null(t->blob.bytes);
    }
}

void test_fini(struct test_reading *t)
{
    workload_blob_fini(&t->blob);
}

const struct workload_diagnostic *test_first_error(const struct workload_diagnostics *d)
{
    for (uint32_t i = 0; i < d->count; i++)
        if (d->items[i].severity == WORKLOAD_ERROR)
            return &d->items[i];
    return NULL;
}

void test_read(struct test_reading *t, const char *text)
{
    test_read_bytes(t, text, strlen(text));

    const struct workload_diagnostic *error = test_first_error(&t->d);

    if (error != NULL)
        fail_msg("%u:%u: %s", error->position.line, error->position.column, error->text);
}

void test_refused(const char *text, uint32_t line, uint32_t column, const char *part)
{
    struct test_reading t;

    test_read_bytes(&t, text, strlen(text));
    if (t.status != WORKLOAD_REFUSED)
        fail_msg("accepted: %s", text);

    const struct workload_diagnostic *error = test_first_error(&t.d);

    assert_non_null(error);
    if (strstr(error->text, part) == NULL)
        fail_msg("'%s' does not say '%s'", error->text, part);
    if (error->position.line != line || error->position.column != column)
        fail_msg("at %u:%u, not at %u:%u: %s", error->position.line, error->position.column, line,
                 column, error->text);
}

static char *wrap_body(const char *body)
{
    char *text;

    assert_true(asprintf(&text, "%s%s%s", BODY_PREFIX, body, BODY_SUFFIX) > 0);
    return text;
}

void test_body_refused(const char *body, uint32_t column, const char *part)
{
    char *text = wrap_body(body);

    test_refused(text, 1, column, part);
    free(text);
}

void test_read_body(struct test_reading *t, const char *body)
{
    char *text = wrap_body(body);

    test_read(t, text);
    free(text);
}
