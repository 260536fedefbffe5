/* SPDX-License-Identifier: MIT */
#include "tests/explorer/state_set.h"

#include "base/assert.h"

#include <sys/mman.h>

#define ENTRIES_FIRST (UINT64_C(1) << 12)

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
static uint64_t state_max;

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

static struct entry *map_entries(uint64_t count)
{
    void *at = mmap(NULL, count * sizeof(struct entry), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ASSERT(at != MAP_FAILED);
    return at;
}

void state_set_init(uint64_t state_count_max)
{
    ASSERT((state_count_max & (state_count_max - 1)) == 0);
    state_max = state_count_max;
    used_count = 0;
    entry_count = ENTRIES_FIRST;
    entries = map_entries(entry_count);
}

void state_set_fini(void)
{
    munmap(entries, entry_count * sizeof(*entries));
    entries = NULL;
}

bool state_set_is_full(void)
{
    return used_count >= state_max;
}

uint64_t state_set_count(void)
{
    return used_count;
}

/* Where `entry` is, or the free place where it belongs. */
static struct entry *place_of(struct entry entry)
{
    for (uint64_t at = entry.first;; at++) { /* bound: at most half of the entries are used */
        struct entry *place = &entries[at & (entry_count - 1)];

        if (place->second == 0)
            return place;
        if (place->first == entry.first && place->second == entry.second)
            return place;
    }
}

static void grow(void)
{
    struct entry *old = entries;
    uint64_t old_count = entry_count;

    entry_count = old_count * 2;
    entries = map_entries(entry_count);
    for (uint64_t i = 0; i < old_count; i++)
        if (old[i].second != 0)
            *place_of(old[i]) = old[i];
    munmap(old, old_count * sizeof(*old));
}

bool state_set_add(const struct state_hash *hash)
{
    struct entry entry = finish(hash);

    ASSERT(!state_set_is_full());
    if (used_count * 2 >= entry_count)
        grow();

    struct entry *place = place_of(entry);

    if (place->second != 0)
        return false;
    *place = entry;
    used_count++;
    return true;
}
