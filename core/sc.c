/* SPDX-License-Identifier: MIT */
#include "core/sc.h"

static const uint64_t class_slice_ns[LATENCY_CLASS_COUNT] = {
    [LATENCY_BATCH] = SLICE_BATCH_NS,
    [LATENCY_NORMAL] = SLICE_NORMAL_NS,
    [LATENCY_INTERACTIVE] = SLICE_INTERACTIVE_NS,
};

void sc_init_fair(struct sched *s, uint32_t slot, uint32_t weight, enum latency_class class)
{
    struct sc *c = sc_of(s, slot);

    ASSERT(weight >= WEIGHT_MIN);
    ASSERT(weight <= WEIGHT_MAX);
    ASSERT((unsigned)class < LATENCY_CLASS_COUNT);
    *c = (struct sc){
        .weight = weight,
        .kind = SC_FAIR,
        .latency_class = (uint8_t)class,
    };
    sc_set_thread(c, slot);
    sc_rate(c);
}

HOT uint64_t sc_slice_ns(uint32_t latency_class)
{
    ASSERT(latency_class < LATENCY_CLASS_COUNT);
    return class_slice_ns[latency_class];
}

HOT uint64_t sc_look_ns(uint32_t latency_class)
{
    static const uint64_t class_look_ns[LATENCY_CLASS_COUNT] = {
        [LATENCY_BATCH] = PUSH_CHECK_NS,
        [LATENCY_NORMAL] = SLICE_NORMAL_NS,
        [LATENCY_INTERACTIVE] = SLICE_INTERACTIVE_NS,
    };

    _Static_assert(PUSH_CHECK_NS <= SLICE_BATCH_NS, "a look comes no later than the slice's end");
    _Static_assert(SLICE_NORMAL_NS <= PUSH_CHECK_NS, "nor than the next check");
    ASSERT(latency_class < LATENCY_CLASS_COUNT);
    return class_look_ns[latency_class];
}

HOT int64_t sc_virtual_vns(uint64_t service_ns, uint32_t weight)
{
    ASSERT(service_ns <= CHARGE_NS_MAX);
    ASSERT(weight >= WEIGHT_MIN);
    return (int64_t)(service_ns * WEIGHT_UNIT / weight);
}

void sc_rate(struct sc *c)
{
    uint64_t slice_ns = sc_slice_ns(c->latency_class);

    c->slice_vns = sc_virtual_vns(slice_ns, c->weight);
    c->bound_vns = sc_virtual_vns(slice_ns + GRANULARITY_NS, c->weight);
}

HOT int64_t sc_charge(struct sc *c, uint64_t delta_ns)
{
    ASSERT(delta_ns <= CHARGE_NS_MAX);
    ASSERT(c->remainder < c->weight);

    uint64_t owed = delta_ns * WEIGHT_UNIT + c->remainder;
    int64_t advance = (int64_t)(owed / c->weight);

    c->remainder = (uint32_t)(owed % c->weight);
    c->v = vtime_add(c->v, advance);
    c->consumed_ns += delta_ns;
    return advance;
}
