/* SPDX-License-Identifier: MIT */
/*
 * hash.h - FNV-1a with 64 bits (Fowler, Noll, Vo; RFC draft-eastlake-fnv): checksums of flat
 * tables; and a hash by words, of traces.  They detect damage; they are no defence against an
 * adversary.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/types.h"

#define HASH_START UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)

static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *at = data;

    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ at[i]) * HASH_PRIME;
    return hash;
}

/* The eight bytes of `value`, lowest first, whatever the machine's byte order. */
static inline uint64_t hash_u64(uint64_t hash, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        hash = (hash ^ ((value >> (8 * i)) & 0xff)) * HASH_PRIME;
    return hash;
}

/*
 * A word at once, for long traces: each of its steps can be undone (the factor, of the finalizer of
 * MurmurHash3 by Appleby, is odd), so from one hash two values never lead to the same.
 */
static inline uint64_t hash_word(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ (hash >> 32);
}

/* Of a table that holds its own hash, 8 bytes at offset `at`: those count as 0. */
static inline uint64_t hash_sealed(const void *table, size_t bytes, size_t at)
{
    uint64_t hash = hash_u64(hash_bytes(HASH_START, table, at), 0);

    return hash_bytes(hash, (const unsigned char *)table + at + 8, bytes - at - 8);
}

#endif /* BASE_HASH_H */
