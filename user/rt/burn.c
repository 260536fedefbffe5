/* SPDX-License-Identifier: MIT */
#include "user/rt/burn.h"

void rt_burn_own_until(uint64_t target_ns, struct mono until)
{
    while (rt_own_ns() < target_ns && mono_before(rt_now(), until))
        rt_burn();
}

void rt_burn_until(struct mono until)
{
    while (mono_before(rt_now(), until))
        rt_burn();
}
