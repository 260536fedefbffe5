/* SPDX-License-Identifier: MIT */
#include "kernel/pauses.h"

#include "base/hash.h"
#include "kernel/arch.h"
#include "kernel/console.h"

#define LINE_BYTES 160u
#define RATE_COUNT 5u
#define RATE_FIRST_BITS 2u /* one access in 4 */
#define BURST_SHIFT 62 /* two bits: 1, 2, 4 or 8 turns */

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
#define SPLITMIX_STEP UINT64_C(0x9e3779b97f4a7c15)

struct pauser {
    uint64_t random;
    uint64_t access_count;
    uint64_t pause_count;
    uint64_t wait_count; /* turns of loops that wait for a lock */
} ALIGNED(64);

static struct pauser pausers[ARCH_CPU_MAX];
static uint64_t boot_seed; /* 0: no pauses */
static uint64_t rate_mask; /* a pause where the random number has none of these bits */
static uint64_t order;     /* hash of the CPUs' numbers, access by access */

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

bool pauses_begin(uint64_t seed)
{
    for (uint32_t cpu = 0; cpu < ARCH_CPU_MAX; cpu++)
        pausers[cpu] = (struct pauser){.random = mix(mix(seed) + cpu)};
    rate_mask = (UINT64_C(1) << (RATE_FIRST_BITS + seed % RATE_COUNT)) - 1;
    order = HASH_START;
    boot_seed = seed;
    return true;
}

/* With a host thread for each CPU an access may be missing in the hash: read and written apart. */
static void note_order(uint32_t cpu)
{
    uint64_t hash = __atomic_load_n(&order, __ATOMIC_RELAXED);

    __atomic_store_n(&order, (hash ^ cpu) * HASH_PRIME, __ATOMIC_RELAXED);
}

void pauses_step(void)
{
    uint32_t cpu = arch_cpu();
    struct pauser *p = &pausers[cpu];

    if (boot_seed == 0)
        return;
    p->access_count++;
    p->random += SPLITMIX_STEP;
    uint64_t random = mix(p->random);

    if ((random & rate_mask) == 0) {
        p->pause_count++;
        for (uint32_t left = 1u << (random >> BURST_SHIFT); left > 0; left--)
            arch_pause();
    }
    note_order(cpu); /* behind the pause: the access comes next */
}

void pauses_wait(void)
{
    pausers[arch_cpu()].wait_count++;
    arch_pause();
}

void pauses_report(void)
{
    char text[LINE_BYTES];
    struct fmt line = fmt_start(text, sizeof(text));
    struct pauser sum = {0};

    if (boot_seed == 0)
        return;
    for (uint32_t cpu = 0; cpu < ARCH_CPU_MAX; cpu++) {
        sum.access_count += __atomic_load_n(&pausers[cpu].access_count, __ATOMIC_RELAXED);
        sum.pause_count += __atomic_load_n(&pausers[cpu].pause_count, __ATOMIC_RELAXED);
        sum.wait_count += __atomic_load_n(&pausers[cpu].wait_count, __ATOMIC_RELAXED);
    }
    fmt_text(&line, "# pause seed ");
    fmt_u64(&line, boot_seed, 0, ' ');
    fmt_text(&line, ": ");
    fmt_u64(&line, sum.pause_count, 0, ' ');
    fmt_text(&line, " pauses at ");
    fmt_u64(&line, sum.access_count, 0, ' ');
    fmt_text(&line, " accesses, ");
    fmt_u64(&line, sum.wait_count, 0, ' ');
    fmt_text(&line, " turns waited for locks, order ");
    fmt_hex(&line, __atomic_load_n(&order, __ATOMIC_RELAXED), 16);
    console_line(&line);
}
