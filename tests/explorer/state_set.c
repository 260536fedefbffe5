/* SPDX-License-Identifier: MIT */
#include "tests/explorer/state_set.h"

#include "base/assert.h"

#include <sys/mman.h>

/* Odd constants without structure: the fractional parts of sqrt 2, 3, 5, 7, made odd. */
static const uint64_t multipliers[STATE_LANES] = {
    UINT64_C(0x6a09e667f3bcc909),
    UINT64_C(0xbb67ae8584caa73b),
    UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1),
};

struct entry {
    uint64_t first;
    uint64_t second; /* never 0 in a used entry */
};

static struct entry *entries;
static uint64_t entry_count;
static uint64_t used_count;

struct state_hash state_hash_start(void)
{
    struct state_hash hash;

    for (uint32_t i = 0; i < STATE_LANES; i++)
        hash.lanes[i] = ~multipliers[i];
    return hash;
}

/* A bijection of the lane for every word, so that states that differ in one word never meet. */
static inline uint64_t mix(uint64_t lane, uint64_t word, uint64_t multiplier)
{
    uint64_t product = (lane ^ word) * multiplier;

    return product ^ (product >> 31);
}

void state_hash_add(struct state_hash *hash, const void *data, size_t bytes)
{
    const uint64_t *words = data;
    size_t count = bytes / sizeof(*words);
    uint64_t a = hash->lanes[0], b = hash->lanes[1], c = hash->lanes[2], d = hash->lanes[3];

    ASSERT(bytes % sizeof(*words) == 0);
    for (size_t i = 0; i + 1 < count; i += 2) {
        a = mix(a, words[i], multipliers[0]);
        b = mix(b, words[i], multipliers[1]);
        c = mix(c, words[i + 1], multipliers[2]);
        d = mix(d, words[i + 1], multipliers[3]);
    }
    if (count % 2 != 0) {
        a = mix(a, words[count - 1], multipliers[0]);
        b = mix(b, words[count - 1], multipliers[1]);
    }
    *hash = (struct state_hash){{a, b, c, d}};
}

/* Each half of the result takes one lane of the even and one of the odd words. */
static struct entry finish(const struct state_hash *hash)
{
    uint64_t first = mix(hash->lanes[0], hash->lanes[2] * multipliers[3], multipliers[1]);
    uint64_t second = mix(hash->lanes[1], hash->lanes[3] * multipliers[2], multipliers[0]);

    first = mix(first, first >> 32, multipliers[2]);
    second = mix(second, second >> 32, multipliers[3]);
    return (struct entry){first, second != 0 ? second : 1};
}

void state_set_init(uint64_t state_count_max)
{
    entry_count = state_count_max * 2; /* so that probes stay short */
    used_count = 0;
    entries = mmap(NULL, entry_count * sizeof(*entries), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT(entries != MAP_FAILED);
    ASSERT((entry_count & (entry_count - 1)) == 0);
}

void state_set_fini(void)
{
    munmap(entries, entry_count * sizeof(*entries));
    entries = NULL;
}

bool state_set_is_full(void)
{
    return used_count * 2 >= entry_count;
}

uint64_t state_set_count(void)
{
    return used_count;
}

bool state_set_add(const struct state_hash *hash)
{
    struct entry entry = finish(hash);

    ASSERT(!state_set_is_full());
    for (uint64_t at = entry.first;; at++) { /* bound: at most half of the entries are used */
        struct entry *found = &entries[at & (entry_count - 1)];

        if (found->second == 0) {
            *found = entry;
            used_count++;
            return true;
        }
        if (found->first == entry.first && found->second == entry.second)
            return false;
    }
}
