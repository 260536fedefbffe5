/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Goal: it is FNV-1a.  Method: published values of the 64-bit function. */
static void test_hash_known_values(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t hash;
    } rows[] = {
        {"", UINT64_C(0xcbf29ce484222325)},
        {"a", UINT64_C(0xaf63dc4c8601ec8c)},
        {"foobar", UINT64_C(0x85944171f73967e8)},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_true(hash_bytes(HASH_START, rows[i].text, strlen(rows[i].text)) == rows[i].hash);
}

/* Goal: a number hashes as its eight bytes, lowest first.  Method: the bytes by hand. */
static void test_hash_u64_is_little_endian(void **state)
{
    (void)state;
    static const unsigned char bytes[] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};

    assert_true(hash_u64(HASH_START, UINT64_C(0x1122334455667788)) ==
                hash_bytes(HASH_START, bytes, sizeof bytes));
}

/* Goal: a word's hash depends on each bit of it, on the hash before and so on the order.
 * Method: all bits flipped, one at a time; two words in both orders. */
static void test_hash_word_sees_each_bit_and_the_order(void **state)
{
    uint64_t whole = hash_word(HASH_START, 7);

    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        assert_true(hash_word(HASH_START, 7 ^ UINT64_C(1) << bit) != whole);
        assert_true(hash_word(HASH_START ^ UINT64_C(1) << bit, 7) != whole);
    }
    assert_true(hash_word(whole, 8) != hash_word(hash_word(HASH_START, 8), 7));
}

/* Goal: one flipped bit anywhere changes the hash.  Method: all bits of a 64-byte table. */
static void test_hash_sees_each_bit(void **state)
{
    (void)state;
    unsigned char table[64] = {0};
    uint64_t whole = hash_bytes(HASH_START, table, sizeof table);

    for (size_t bit = 0; bit < 8 * sizeof table; bit++) {
        table[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        assert_true(hash_bytes(HASH_START, table, sizeof table) != whole);
        table[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    }
}

/* Goal: a sealed table's hash depends on every bit but those of the seal.  Method: all bits; the
 * hash is that of the bytes with 0 in the seal's place. */
static void test_hash_sealed_leaves_out_the_seal(void **state)
{
    (void)state;
    unsigned char table[32] = {1, 2, 3};
    uint64_t whole = hash_bytes(HASH_START, table, sizeof table);

    for (size_t bit = 0; bit < 8 * sizeof table; bit++) {
        bool is_seal = bit / 64 == 1;

        table[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        assert_int_equal(hash_sealed(table, sizeof table, 8) == whole, is_seal);
        table[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_known_values),
        cmocka_unit_test(test_hash_u64_is_little_endian),
        cmocka_unit_test(test_hash_word_sees_each_bit_and_the_order),
        cmocka_unit_test(test_hash_sees_each_bit),
        cmocka_unit_test(test_hash_sealed_leaves_out_the_seal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
