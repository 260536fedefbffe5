/* SPDX-License-Identifier: MIT */
#include "base/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/ring.h"
#include "abi/sched.h"

#define PROGRAMS 3u

/* A table being made or damaged; as aligned as the archive's files. */
static struct {
    struct manifest_header header;
    struct manifest_service services[2];
} table ALIGNED(8);

static struct manifest_service service_of(const char *name, uint32_t program)
{
    struct manifest_service service = {
        .program = program,
        .weight = WEIGHT_UNIT,
        .latency_class = LATENCY_NORMAL,
        .limits = {64, 32, 4, 4 * RING_INFLIGHT_MAX, 2, 8},
        .cap_count = 3,
        .caps = {CAP_CONSOLE, CAP_CPUS, CAP_WORKLOAD},
    };

    memcpy(service.name, name, strlen(name));
    return service;
}

static void seal(void)
{
    table.header = (struct manifest_header){
        .magic = MANIFEST_MAGIC,
        .bytes = sizeof table,
        .service_count = 2,
    };
    manifest_seal(&table.header);
}

static int make(void **state)
{
    (void)state;
    table.services[0] = service_of("loadgen", 1);
    table.services[1] = service_of("ticker", 2);
    table.services[1].flags = MANIFEST_SERVICE_BACKGROUND | MANIFEST_SERVICE_HAS_CPUS;
    table.services[1].cpus[0] = 3;
    seal();
    return 0;
}

/* What the check says of the first `bytes` bytes, from memory that ends right behind them, so that
 * the sanitizer sees a read too far. */
static enum manifest_refusal check_copy(size_t bytes)
{
    unsigned char *copy = malloc(bytes > 0 ? bytes : 1);
    enum manifest_refusal refusal;

    assert_non_null(copy);
    memcpy(copy, &table, bytes);
    refusal = manifest_check(copy, bytes, PROGRAMS);
    free(copy);
    return refusal;
}

/* Seal what the test has changed, and check. */
static enum manifest_refusal check_sealed(void)
{
    seal();
    return check_copy(sizeof table);
}

/* Goal: a sound table is taken, and its services are where they are read.  Method: two services. */
static void test_manifest_sound_table_is_taken(void **state)
{
    (void)state;
    assert_int_equal(check_copy(sizeof table), MANIFEST_TABLE_OK);
    assert_string_equal(manifest_services(&table.header)[1].name, "ticker");
}

/* Goal: every truncation is refused and nothing behind the end is read.  Method: all lengths. */
static void test_manifest_truncated_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < sizeof table; bytes++)
        assert_int_not_equal(check_copy(bytes), MANIFEST_TABLE_OK);
}

/* Goal: bytes behind the table are refused, as is a place it cannot be read from.
 * Method: eight bytes more; an odd address. */
static void test_manifest_wrong_place_is_refused(void **state)
{
    static unsigned char room[sizeof table + 8] ALIGNED(8);

    (void)state;
    memcpy(room, &table, sizeof table);
    assert_int_equal(manifest_check(room, sizeof room, PROGRAMS), MANIFEST_TABLE_SIZE);
    memcpy(room + 4, &table, sizeof table);
    assert_int_equal(manifest_check(room + 4, sizeof table, PROGRAMS), MANIFEST_TABLE_ALIGNMENT);
}

/* Goal: one flipped bit is noticed.  Method: every bit. */
static void test_manifest_flipped_bit_is_refused(void **state)
{
    unsigned char *bytes = (unsigned char *)&table;

    (void)state;
    for (size_t bit = 0; bit < sizeof table * 8; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        assert_int_not_equal(check_copy(sizeof table), MANIFEST_TABLE_OK);
        bytes[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    }
    assert_int_equal(check_copy(sizeof table), MANIFEST_TABLE_OK);
}

/* Goal: headers that no table has are refused.  Method: one field each. */
static void test_manifest_bad_header_is_refused(void **state)
{
    (void)state;
    table.header.magic++;
    assert_int_equal(check_copy(sizeof table), MANIFEST_TABLE_MAGIC);
    seal();
    table.header.service_count = 0;
    assert_int_equal(check_copy(sizeof table), MANIFEST_TABLE_COUNT);
    table.header.service_count = MANIFEST_SERVICES_MAX + 1;
    assert_int_equal(check_copy(sizeof table), MANIFEST_TABLE_COUNT);
    table.header.service_count = UINT32_MAX;
    assert_int_equal(check_copy(sizeof table), MANIFEST_TABLE_COUNT);
    table.header.service_count = 1;
    assert_int_equal(check_copy(sizeof table), MANIFEST_TABLE_SIZE);
    seal();
    table.header.bytes = UINT64_MAX;
    assert_int_equal(check_copy(sizeof table), MANIFEST_TABLE_SIZE);
    seal();
    table.header.reserved = 1;
    manifest_seal(&table.header);
    assert_int_equal(check_copy(sizeof table), MANIFEST_TABLE_RESERVED);
}

/* Goal: names end, show on a terminal, and differ.  Method: one fault each. */
static void test_manifest_bad_name_is_refused(void **state)
{
    char *name = table.services[1].name;

    (void)state;
    memset(name, 'x', MANIFEST_NAME_BYTES);
    assert_int_equal(check_sealed(), MANIFEST_TABLE_NAME);
    memset(name, 0, MANIFEST_NAME_BYTES);
    assert_int_equal(check_sealed(), MANIFEST_TABLE_NAME);
    memcpy(name, "a\033", 2);
    assert_int_equal(check_sealed(), MANIFEST_TABLE_NAME);
    memcpy(name, "a\0b", 3);
    assert_int_equal(check_sealed(), MANIFEST_TABLE_NAME);
    memcpy(name, "loadgen", 8);
    assert_int_equal(check_sealed(), MANIFEST_TABLE_NAME_TWICE);
}

/* Goal: a service's program is another than the first.  Method: both ends. */
static void test_manifest_bad_program_is_refused(void **state)
{
    (void)state;
    table.services[0].program = 0;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_PROGRAM);
    table.services[0].program = PROGRAMS;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_PROGRAM);
    table.services[0].program = PROGRAMS - 1;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_OK);
}

/* Goal: numbers out of range are refused.  Method: each at both of its ends, and beyond. */
static void test_manifest_bad_number_is_refused(void **state)
{
    struct manifest_service *service = &table.services[0];
    const struct manifest_service good = *service;

    (void)state;
    service->weight = WEIGHT_MIN - 1;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_WEIGHT);
    service->weight = WEIGHT_MAX + 1;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_WEIGHT);
    *service = good;
    service->latency_class = LATENCY_CLASS_COUNT;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_WEIGHT);
    *service = good;
    service->flags = 4;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_RESERVED);
    *service = good;
    service->session = MANIFEST_SERVICES_MAX;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_OK);
    service->session = MANIFEST_SERVICES_MAX + 1;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_SESSION);
    *service = good;
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
        struct manifest_range range = manifest_limit_range((enum ledger_resource)i);

        *service = good;
        service->limits[i] = range.greatest + 1;
        assert_int_equal(check_sealed(), MANIFEST_TABLE_LIMIT);
        service->limits[i] = UINT64_MAX;
        assert_int_equal(check_sealed(), MANIFEST_TABLE_LIMIT);
        service->limits[i] = range.least - 1;
        assert_int_equal(check_sealed(), MANIFEST_TABLE_LIMIT);
    }
    *service = good;
    service->limits[LEDGER_OPERATIONS]++;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_LIMIT);
    *service = good;
    service->limits[LEDGER_SLOTS] = service->cap_count - 1;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_LIMIT);
}

/* Goal: capabilities are those a manifest can name, once each.  Method: all slots; one twice; one
 * behind the count; a count too large. */
static void test_manifest_bad_capability_is_refused(void **state)
{
    struct manifest_service *service = &table.services[0];

    (void)state;
    for (uint32_t slot = 0; slot < 2 * CAP_SLOT_FIRST_FREE; slot++) {
        service->caps[0] = slot;
        bool is_twice = slot == CAP_CPUS || slot == CAP_WORKLOAD;

        assert_int_equal(check_sealed(), manifest_capability_name(slot) != NULL && !is_twice
                                             ? MANIFEST_TABLE_OK
                                             : MANIFEST_TABLE_CAPABILITY);
    }
    service->caps[0] = UINT32_MAX;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_CAPABILITY);
    service->caps[0] = CAP_CONSOLE;
    service->caps[3] = CAP_POWER;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_CAPABILITY);
    service->caps[3] = CAP_NONE;
    service->cap_count = CAP_GIFTS_MAX + 1;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_CAPABILITY);
    service->cap_count = UINT32_MAX;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_CAPABILITY);
}

/* Goal: a CPU set comes with its flag and the capability that holds it, and is not empty.
 * Method: without each. */
static void test_manifest_bad_cpus_are_refused(void **state)
{
    struct manifest_service *service = &table.services[1];

    (void)state;
    service->flags &= ~MANIFEST_SERVICE_HAS_CPUS;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_CPUS);
    service->flags |= MANIFEST_SERVICE_HAS_CPUS;
    service->caps[1] = CAP_POWER;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_CPUS);
    service->caps[1] = CAP_CPUS;
    service->cpus[0] = 0;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_CPUS);
    service->cpus[15] = UINT64_C(1) << 63;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_OK);
}

/* Goal: somebody is waited for.  Method: both services in the background. */
static void test_manifest_needs_a_foreground(void **state)
{
    (void)state;
    table.services[0].flags = MANIFEST_SERVICE_BACKGROUND;
    assert_int_equal(check_sealed(), MANIFEST_TABLE_FOREGROUND);
}

/* Goal: a manifest names every well-known slot but its own.  Method: all slots; those up to
 * SESSIONS, the last, are well-known. */
static void test_manifest_capability_names(void **state)
{
    uint32_t count = 0;

    (void)state;
    for (uint32_t slot = 0; slot < CAP_SLOT_COUNT; slot++)
        count += manifest_capability_name(slot) != NULL;
    assert_int_equal(count, CAP_PORTS - 1);
    assert_null(manifest_capability_name(CAP_NONE));
    assert_null(manifest_capability_name(CAP_MANIFEST));
    assert_string_equal(manifest_capability_name(CAP_LEDGER), "ledger");
    assert_string_equal(manifest_capability_name(CAP_ARGUMENTS), "arguments");
    assert_string_equal(manifest_limit_name(LEDGER_OBJECTS), "objects");
}

/* Goal: every refusal has its sentence.  Method: the ends, and one past them. */
static void test_manifest_sentences(void **state)
{
    (void)state;
    assert_string_equal(manifest_refusal_sentence(MANIFEST_TABLE_OK), "the table is sound");
    assert_string_not_equal(manifest_refusal_sentence(MANIFEST_REFUSAL_COUNT - 1), "unknown");
    assert_string_equal(manifest_refusal_sentence(MANIFEST_REFUSAL_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_manifest_sound_table_is_taken, make),
        cmocka_unit_test_setup(test_manifest_truncated_anywhere_is_refused, make),
        cmocka_unit_test_setup(test_manifest_wrong_place_is_refused, make),
        cmocka_unit_test_setup(test_manifest_flipped_bit_is_refused, make),
        cmocka_unit_test_setup(test_manifest_bad_header_is_refused, make),
        cmocka_unit_test_setup(test_manifest_bad_name_is_refused, make),
        cmocka_unit_test_setup(test_manifest_bad_program_is_refused, make),
        cmocka_unit_test_setup(test_manifest_bad_number_is_refused, make),
        cmocka_unit_test_setup(test_manifest_bad_capability_is_refused, make),
        cmocka_unit_test_setup(test_manifest_bad_cpus_are_refused, make),
        cmocka_unit_test_setup(test_manifest_needs_a_foreground, make),
        cmocka_unit_test(test_manifest_capability_names),
        cmocka_unit_test(test_manifest_sentences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
