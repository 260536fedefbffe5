/* SPDX-License-Identifier: MIT */
/* test_reading.h - for the unit tests of workload/: read a text, look at what came of it. */
#ifndef WORKLOAD_TEST_READING_H
#define WORKLOAD_TEST_READING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "workload/image.h"
#include "workload/reader.h"

struct test_reading {
    enum workload_status status;
    struct workload_diagnostics d;
    struct workload_blob blob;
    struct workload_image image; /* when status is WORKLOAD_READ */
};

/* Read `bytes` bytes, from a copy that ends where they end, so that reading on is seen. */
void test_read_bytes(struct test_reading *t, const char *text, size_t bytes);

void test_read_options(struct test_reading *t, const char *text, size_t bytes,
                       const struct workload_options *options);

/* The same for a text that must be accepted. */
void test_read(struct test_reading *t, const char *text);
void test_fini(struct test_reading *t);

/* `text` must be refused, its first error stand at line:column and contain `part`. */
void test_refused(const char *text, uint32_t line, uint32_t column, const char *part);

/* The first error, or NULL. */
const struct workload_diagnostic *test_first_error(const struct workload_diagnostics *d);

/* Like test_refused for the body of the only task of a file: the body is line 1, behind a prefix
 * of TEST_BODY_COLUMN - 1 characters.  test_read_body: it must be accepted. */
#define TEST_BODY_COLUMN 17u
void test_body_refused(const char *body, uint32_t column, const char *part);
void test_read_body(struct test_reading *t, const char *body);

#endif /* WORKLOAD_TEST_READING_H */
