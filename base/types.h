/* SPDX-License-Identifier: MIT */
/*
 * types.h - integers, attributes, and the two times that never mix.
 *
 * `struct mono` is monotonic time since boot, `struct vtime` is virtual time of the fair class at
 * weight 1024.  They are different structs so that comparing one with the other does not compile.
 * Durations are plain integers whose names end in _ns (monotonic) or _vns (virtual).
 * All comparisons are signed differences, so they survive wrap-around.
 */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define PACKED __attribute__((packed))
#define ALIGNED(n) __attribute__((aligned(n)))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
/* On the definition, in its .c, of a function that every switch passes: compilers that optimise the
 * whole image put it in its callers; the others call it.  Its header declares it like any other. */
#define HOT inline __attribute__((always_inline))
/* The way that every switch takes, where the compiler would guess the other. */
#define LIKELY(condition) __builtin_expect((condition), true)
/* Of a function that every switch passes and that does not return: compilers take it for the end of
 * the program, and make it small. */
#define NOT_COLD __attribute__((hot))
#define NOINLINE __attribute__((noinline))
#define COLD __attribute__((cold, noinline))
#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

struct mono {
    uint64_t ns;
};

struct vtime {
    int64_t vns;
};

/* "No instant": compares after every instant that occurs. */
#define MONO_NEVER ((struct mono){(uint64_t)INT64_MAX})

static inline bool mono_is_never(struct mono a)
{
    return a.ns == (uint64_t)INT64_MAX;
}

/* a - b in nanoseconds; negative when a is earlier. */
static inline int64_t mono_diff_ns(struct mono a, struct mono b)
{
    return (int64_t)(a.ns - b.ns);
}

static inline bool mono_before(struct mono a, struct mono b)
{
    return mono_diff_ns(a, b) < 0;
}

static inline struct mono mono_add(struct mono a, uint64_t delta_ns)
{
    return (struct mono){a.ns + delta_ns};
}

static inline struct mono mono_earlier(struct mono a, struct mono b)
{
    return mono_before(a, b) ? a : b;
}

/* a - b in virtual nanoseconds, wrap-safe. */
static inline int64_t vtime_diff_vns(struct vtime a, struct vtime b)
{
    return (int64_t)((uint64_t)a.vns - (uint64_t)b.vns);
}

static inline struct vtime vtime_add(struct vtime a, int64_t delta_vns)
{
    return (struct vtime){(int64_t)((uint64_t)a.vns + (uint64_t)delta_vns)};
}

#endif /* BASE_TYPES_H */
